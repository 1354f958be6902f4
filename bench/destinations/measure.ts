import { join } from 'node:path'
import { newDatabase } from '@landbridge/testkit'
import type { DestinationFigures, LookupFigures } from '../figures.ts'
import type { LoadGenerator } from '../load/load.ts'
import { median, round } from '../measure/subject.ts'
import type { DestinationPlan } from '../plan.ts'
import { measureGrowth } from './growth.ts'
import { type LookupRun, runLookups } from './lookups.ts'
import { type DestinationSubject, findPath, listPath, startDestinationSubject } from './subject.ts'

export interface DestinationMeasurement {
  readonly generator: LoadGenerator
  readonly folder: string
  /** What could not be measured goes in here, with the reason. */
  readonly skipped: Record<string, string>
  say(line: string): void
}

/**
 * Finding one destination whose token is in memory, listing them, and what a lookup costs as the store grows.
 * @returns the figures by database
 * @throws Error when a request failed: such a figure would mean nothing
 */
export async function measureDestinations(
  plan: DestinationPlan,
  measurement: DestinationMeasurement,
): Promise<Record<string, DestinationFigures>> {
  const { folder, skipped, say } = measurement
  const figures: Record<string, DestinationFigures> = {}
  const file = (size: string) => `sqlite:${join(folder, `destinations-${size}.db`)}`
  figures.sqlite = await measureOn('sqlite', { growing: file('growing'), small: file('small') }, plan, measurement)
  if (!plan.databases.includes('postgres')) {
    skipped['destinations on PostgreSQL'] = 'the quick run measures SQLite only'
    return figures
  }
  const growing = await newDatabase()
  if ('unavailable' in growing) {
    skipped['destinations on PostgreSQL'] = growing.unavailable
    say(`destinations on PostgreSQL are left out: ${growing.unavailable}`)
    return figures
  }
  try {
    const small = await newDatabase()
    if ('unavailable' in small) throw new Error(small.unavailable)
    try {
      figures.postgres = await measureOn('postgres', { growing: growing.url, small: small.url }, plan, measurement)
    } finally {
      await small.stop()
    }
  } finally {
    await growing.stop()
  }
  return figures
}

/** @param urls of two empty databases of one kind: one that grows, and one that stays small beside it */
async function measureOn(
  name: string,
  urls: { readonly growing: string; readonly small: string },
  plan: DestinationPlan,
  measurement: DestinationMeasurement,
): Promise<DestinationFigures> {
  const { generator, folder, say } = measurement
  return withSubject(urls.growing, join(folder, `${name}-growing`), async (growing) => {
    const figures = await measureStore(name, growing, plan, measurement)
    if (plan.growthRounds === 0) return figures
    return withSubject(urls.small, join(folder, `${name}-small`), async (small) => {
      const growth = await measureGrowth(small, growing, generator, plan)
      say(
        `destinations on ${name}: a lookup in the largest store takes ${growth.growthRatio} times that in the smallest`,
      )
      return { ...figures, ...growth }
    })
  })
}

async function withSubject<T>(
  databaseUrl: string,
  folder: string,
  use: (subject: DestinationSubject) => Promise<T>,
): Promise<T> {
  const subject = await startDestinationSubject(databaseUrl, folder)
  try {
    const result = await use(subject)
    if (subject.tokensFetched() !== 1)
      throw new Error(`the token was fetched ${subject.tokensFetched()} times, not once`)
    return result
  } finally {
    await subject.stop()
  }
}

async function measureStore(
  name: string,
  subject: DestinationSubject,
  plan: DestinationPlan,
  { generator, say }: DestinationMeasurement,
): Promise<DestinationFigures> {
  const { connections } = plan
  const load = (path: string, at: number, rounds = plan.rounds) => lookup(generator, subject, path, at, plan, rounds)
  await subject.fill(plan.sizes[0] ?? 1)
  say(`destinations on ${name}: warm-up`)
  await generator.run(subject.entry, findPath, connections, plan.warmUpSeconds)
  const bySize: Record<string, LookupFigures> = {}
  let list: LookupFigures | undefined
  for (const size of plan.sizes) {
    await subject.fill(size)
    const found = await load(findPath, connections)
    bySize[size] = found
    say(`destinations on ${name}, ${size} stored: ${found.requestsPerSecond} lookups/s`)
    if (size === plan.listEntries) list = await load(listPath, 1, 1)
  }
  const [smallest, largest] = [bySize[plan.sizes[0] ?? 0], bySize[plan.sizes.at(-1) ?? 0]]
  return {
    connections,
    listEntries: plan.listEntries,
    bySize,
    ...(list === undefined ? {} : { list }),
    growthRatio: round((largest?.medianUs ?? 0) / (smallest?.medianUs || 1), 2),
    cpuGrowthRatio: round((largest?.cpuUsPerRequest ?? 0) / (smallest?.cpuUsPerRequest || 1), 2),
  }
}

async function lookup(
  generator: LoadGenerator,
  subject: DestinationSubject,
  path: string,
  connections: number,
  { runSeconds }: DestinationPlan,
  rounds: number,
): Promise<LookupFigures> {
  const runs: LookupRun[] = []
  for (let round = 0; round < rounds; round += 1)
    runs.push(await runLookups(generator, subject, path, connections, runSeconds))
  const of = (key: keyof LookupRun) => median(runs.map((run) => run[key]))
  return {
    requestsPerSecond: Math.round(of('perSecond')),
    medianUs: Math.round(of('p50Us')),
    p99Us: Math.round(of('p99Us')),
    cpuUsPerRequest: round(of('cpuUs'), 1),
  }
}
