import type { LookupFigures, PropagationLoad, Report, SubjectFigures } from '../figures.ts'

/** A table without its layout. */
export interface Table {
  readonly title: string
  readonly heading: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** The tables of a report in reading order; empty ones are left out. */
export function tablesOf(report: Report): readonly Table[] {
  return [
    throughput(report),
    latency(report),
    bulk(report),
    usage(report),
    held(report),
    ratios(report),
    destinations(report),
    growth(report),
    propagation(report),
    accessScale(report),
    bars(report),
  ].filter((table) => table.rows.length > 0)
}

const levels = ['1', '16', '64', '256']
const missing = '–'

function throughput({ subjects }: Report): Table {
  return {
    title: 'Requests per second, small GET',
    heading: ['', ...levels.map((level) => `${level} conn.`), '64, kernel places'],
    rows: rowsOf(subjects, (figures) =>
      Object.keys(figures.requests).length === 0
        ? undefined
        : [...levels, '64-free'].map((level) => count(figures.requests[level]?.requestsPerSecond)),
    ),
  }
}

function latency({ subjects }: Report): Table {
  return {
    title: 'Latency in microseconds, median / 99th percentile',
    heading: ['', ...levels.map((level) => `${level} conn.`), 'added median at 1', 'on one processor'],
    rows: rowsOf(subjects, (figures) => {
      if (Object.keys(figures.requests).length === 0) return undefined
      const cells = levels.map((level) => {
        const at = figures.requests[level]
        return at === undefined ? missing : `${count(at.p50Us)} / ${count(at.p99Us)}`
      })
      return [...cells, count(figures.addedMedianLatencyUs), count(figures.addedTogetherUs)]
    }),
  }
}

function bulk({ subjects }: Report): Table {
  return {
    title: 'One large body on one connection, MB/s',
    heading: ['', 'down', 'up', 'cpu s/GB cloud', 'cpu s/GB connector'],
    rows: rowsOf(subjects, ({ bulk }) =>
      bulk === undefined
        ? undefined
        : [
            count(bulk.downMbPerSecond),
            count(bulk.upMbPerSecond),
            fixed(bulk.cpuSecondsPerGb.cloud, 2),
            fixed(bulk.cpuSecondsPerGb.connector, 2),
          ],
    ),
  }
}

function usage({ subjects }: Report): Table {
  const of = (values: Readonly<Record<string, number>> | undefined, role: string) => fixed(values?.[role], 1)
  return {
    title: 'Processor seconds per million requests and peak memory in MB, at 64 connections',
    heading: ['', 'cpu cloud', 'cpu connector', 'MB cloud', 'MB connector', 'MB cloud, bulk', 'MB connector, bulk'],
    rows: rowsOf(subjects, ({ requests, bulk }) => {
      const at = requests['64']
      if (at === undefined || Object.keys(at.peakMemoryMb).length === 0) return undefined
      return [
        of(at.cpuSecondsPerMillion, 'cloud'),
        of(at.cpuSecondsPerMillion, 'connector'),
        of(at.peakMemoryMb, 'cloud'),
        of(at.peakMemoryMb, 'connector'),
        of(bulk?.peakMemoryMb, 'cloud'),
        of(bulk?.peakMemoryMb, 'connector'),
      ]
    }),
  }
}

function held({ subjects }: Report): Table {
  return {
    title: 'Open virtual connections (SOCKS5)',
    heading: ['', 'wanted', 'opened', 'answered', 'seconds to open', 'kB each, cloud', 'kB each, connector'],
    rows: rowsOf(subjects, ({ hold }) =>
      hold === undefined
        ? undefined
        : [
            count(hold.wanted),
            count(hold.opened),
            count(hold.answered),
            fixed(hold.openSeconds, 1),
            fixed(hold.kbPerConnection.cloud, 1),
            fixed(hold.kbPerConnection.connector, 1),
          ],
    ),
  }
}

function ratios({ ratios }: Report): Table {
  const keys = [
    'requests1',
    'requests16',
    'requests64',
    'requests256',
    'requests64Free',
    'bulkDown',
    'bulkUp',
    'cpuPerRequest64',
    'cpuPerByte',
  ] as const
  return {
    title: 'Landbridge divided by the peer (above 1: Landbridge is ahead)',
    heading: [
      '',
      'req/s at 1',
      'at 16',
      'at 64',
      'at 256',
      '64, kernel places',
      'bulk down',
      'bulk up',
      'cpu/req at 64',
      'cpu/byte',
    ],
    rows: Object.entries(ratios).map(([name, values]) => [name, ...keys.map((key) => fixed(values[key], 2))]),
  }
}

function destinations({ destinations }: Report): Table {
  const cells = (figures: LookupFigures) => [
    count(figures.requestsPerSecond),
    count(figures.medianUs),
    count(figures.p99Us),
    fixed(figures.cpuUsPerRequest, 0),
  ]
  return {
    title: 'Destination service: lookups with a cached token by destinations stored, and lists',
    heading: ['', 'req/s', 'median µs', 'p99 µs', 'cpu µs each'],
    rows: Object.entries(destinations).flatMap(([database, { bySize, list, listEntries, connections }]) => [
      ...Object.entries(bySize).map(([size, figures]) => [
        `${database}, find 1 of ${count(Number(size))}, ${connections} conn.`,
        ...cells(figures),
      ]),
      ...(list === undefined ? [] : [[`${database}, list ${count(listEntries)}, 1 conn.`, ...cells(list)]]),
    ]),
  }
}

function growth({ destinations }: Report): Table {
  return {
    title: 'Cost of a lookup in the largest store divided by that in the smallest (1 is flat)',
    heading: ['', 'smallest', 'largest', 'median time', 'cpu'],
    rows: Object.entries(destinations).map(([database, { bySize, growthRatio, cpuGrowthRatio }]) => {
      const sizes = Object.keys(bySize).map(Number)
      return [database, count(sizes[0]), count(sizes.at(-1)), fixed(growthRatio, 2), fixed(cpuGrowthRatio, 2)]
    }),
  }
}

function propagation({ propagation: figures }: Report): Table {
  const row = (name: string, load: PropagationLoad) => [
    name,
    count(load.requestsPerSecond),
    count(load.medianUs),
    count(load.p99Us),
    fixed(load.cpuUsPerRequest.cloud, 0),
    fixed(load.cpuUsPerRequest.connector, 0),
  ]
  return {
    title: `Requests with a user behind each${figures ? `: ${figures.userCount} users in turn, ${figures.connections} connections` : ''}`,
    heading: ['', 'req/s', 'median µs', 'p99 µs', 'cpu µs cloud', 'cpu µs connector'],
    rows: figures
      ? [
          row('no user, HTTP to the system', figures.plain),
          row('no user, mutual TLS to the system', figures.secure),
          row('users, mutual TLS to the system', figures.users),
        ]
      : [],
  }
}

function accessScale({ accessScale: figures }: Report): Table {
  return {
    title: 'Access control with many entries',
    heading: ['', 'decision ns', 'start s', 'memory MB', 'compile ms', 'change ms'],
    rows: figures
      ? [
          [
            'few mappings',
            count(figures.decisionNs.few),
            fixed(figures.startSeconds.empty, 2),
            count(figures.memoryMb.empty),
            missing,
            missing,
          ],
          [
            `${count(figures.mappings)} mappings, ${count(figures.resources)} resources`,
            count(figures.decisionNs.many),
            fixed(figures.startSeconds.full, 2),
            count(figures.memoryMb.full),
            fixed(figures.compileMs, 0),
            fixed(figures.changeMs, 1),
          ],
        ]
      : [],
  }
}

function bars({ bars }: Report): Table {
  return {
    title: 'Bars',
    heading: ['', 'wanted', 'measured', ''],
    rows: bars.map(({ text, wanted, measured, verdict }) => [
      text,
      wanted,
      measured === null ? missing : `${measured}`,
      verdict,
    ]),
  }
}

function rowsOf(
  subjects: Readonly<Record<string, SubjectFigures>>,
  cellsOf: (figures: SubjectFigures) => readonly string[] | undefined,
): (readonly string[])[] {
  const rows: (readonly string[])[] = []
  for (const [name, figures] of Object.entries(subjects)) {
    const cells = cellsOf(figures)
    if (cells !== undefined) rows.push([name, ...cells])
  }
  return rows
}

function count(value: number | undefined): string {
  return value === undefined ? missing : Math.round(value).toLocaleString('en-US')
}

function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? missing : value.toFixed(digits)
}
