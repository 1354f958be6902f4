// Speed of one tunnel session without proxy, connector or HTTP: both ends in this process, over loopback.
//
//   node bench/tunnel-frames.ts [--rounds=7] [--ms=1000] [--only=<word>] [--json]
//
// The rate per CPU second of this process is the figure to compare: other load on the machine moves it far less than
// the wall clock. Rounds alternate over the scenarios and the table shows medians.
import type { Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { systemClock } from '@landbridge/kernel'
import { Session, type Stream, type StreamSink } from '@landbridge/tunnel'
import { type Link, openLink } from './tunnel-link.ts'

interface Scenario {
  readonly name: string
  readonly unit: string
  /** Bytes per unit, 0 where bytes are not the point. */
  readonly bytes: number
  /** Starts traffic; the returned function tells how many units are done. */
  run(client: Session): () => number
  /** What the server does with the streams that it accepts. */
  readonly serve: StreamSink
}

const counters = { bytes: 0 }

const discard: StreamSink = {
  streamData(stream, chunk) {
    counters.bytes += chunk.length
    stream.consumed(chunk.length)
  },
  streamEnd() {},
  streamReset() {},
  streamDrain() {},
}

const answer: StreamSink = {
  streamData(stream, chunk) {
    stream.consumed(chunk.length)
    if (stream.remoteEnded) return
    stream.writeBorrowed(chunk, 0, chunk.length, true)
  },
  streamEnd: (stream) => stream.end(),
  streamReset() {},
  streamDrain() {},
}

/** `streams` streams, each of which always has a payload of `bytes` to send. */
function flood(name: string, streams: number, bytes: number): Scenario {
  const payload = Buffer.alloc(bytes, 7)
  // At most 64 payloads a turn: what a relay reads from its sockets in one poll.
  const fill = (stream: Stream) => {
    for (let i = 0; i < 64; i++) if (!stream.write(payload)) return
    if (stream.isOpen) setImmediate(fill, stream)
  }
  const producer: StreamSink = { streamData() {}, streamEnd() {}, streamReset() {}, streamDrain: fill }
  return {
    name,
    unit: 'frames',
    bytes,
    serve: discard,
    run(client) {
      counters.bytes = 0
      for (let i = 0; i < streams; i++) fill(client.open(producer))
      return () => counters.bytes / bytes
    },
  }
}

/** Small requests and answers, each on a stream of its own, `open` of them at a time. */
function exchanges(open: number): Scenario {
  const request = Buffer.alloc(300, 1)
  return {
    name: `exchange 300 B, ${open} open`,
    unit: 'exchanges',
    bytes: 0,
    serve: answer,
    run(client) {
      let done = 0
      const again = () => {
        if (client.isUsable) client.open(sink).end(request)
      }
      const sink: StreamSink = {
        streamData: (stream, chunk) => stream.consumed(chunk.length),
        streamEnd() {
          done++
          again()
        },
        streamReset() {},
        streamDrain() {},
      }
      for (let i = 0; i < open; i++) again()
      return () => done
    },
  }
}

interface Measurement {
  readonly perCpuSecond: number
  readonly perSecond: number
}

async function measure(scenario: Scenario, link: Link, ms: number): Promise<Measurement> {
  const { near, far } = await openLink(link)
  const closed = () => {}
  const session = (socket: Socket, role: 'client' | 'server') =>
    new Session(socket, { role, clock: systemClock, accept: () => scenario.serve, closed })
  const server = session(far, 'server')
  const client = session(near, 'client')
  const count = scenario.run(client)
  await pause(ms / 4)
  const before = { units: count(), cpu: process.cpuUsage(), at: performance.now() }
  await pause(ms)
  const units = count() - before.units
  const cpu = process.cpuUsage(before.cpu)
  const seconds = (performance.now() - before.at) / 1000
  client.destroy()
  server.destroy()
  await pause(20)
  return { perSecond: units / seconds, perCpuSecond: (units * 1e6) / (cpu.user + cpu.system) }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] as number
}

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    ms: { type: 'string', default: '1000' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
})

const scenarios = [
  exchanges(1),
  exchanges(64),
  flood('flood 100 B, 1 stream', 1, 100),
  flood('flood 100 B, 32 streams', 32, 100),
  flood('flood 16 KiB, 1 stream', 1, 16_384),
  flood('flood 16 KiB, 32 streams', 32, 16_384),
  flood('flood 64 KiB, 32 streams', 32, 65_536),
]
// Over a long way one stream moves a window per round trip: here the growth of the window shows, in frames per second.
const longWay = flood('flood 16 KiB, 1 stream, 40 ms', 1, 16_384)
const cases = [
  ...(['tcp', 'tls'] as const).flatMap((link) => scenarios.map((scenario) => ({ link, scenario }))),
  { link: 'wan' as const, scenario: longWay },
]
  .map(({ link, scenario }) => ({ link, scenario, key: `${link} ${scenario.name}` }))
  .filter(({ key }) => key.includes(flags.only))
const results = new Map<string, Measurement[]>(cases.map(({ key }) => [key, []]))
// The first round warms up and is not counted.
for (let round = 0; round <= Number(flags.rounds); round++) {
  for (const { link, scenario, key } of round % 2 === 0 ? cases : cases.toReversed()) {
    const measurement = await measure(scenario, link, Number(flags.ms))
    if (round > 0) results.get(key)?.push(measurement)
  }
}
const rows = cases.map(({ scenario, key }) => {
  const of = results.get(key) as Measurement[]
  const perCpuSecond = median(of.map((one) => one.perCpuSecond))
  const perSecond = median(of.map((one) => one.perSecond))
  const megabytes = scenario.bytes === 0 ? null : Math.round((perCpuSecond * scenario.bytes) / 1e6)
  return {
    key,
    unit: scenario.unit,
    perCpuSecond: Math.round(perCpuSecond),
    perSecond: Math.round(perSecond),
    megabytes,
  }
})
if (flags.json) console.log(JSON.stringify(rows))
else
  for (const row of rows)
    console.log(
      `${row.key.padEnd(32)} ${row.perCpuSecond.toLocaleString('en').padStart(11)} ${row.unit.padEnd(9)}/CPU s` +
        `${row.perSecond.toLocaleString('en').padStart(12)}/s  ${row.megabytes === null ? '' : `${row.megabytes} MB/CPU s`}`,
    )
