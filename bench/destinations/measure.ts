import { join } from 'node:path'
import { startPostgres } from '@landbridge/testkit'
import type { DestinationFigures, LookupFigures } from '../figures.ts'
import { cpuSeconds } from '../host/process-usage.ts'
import type { LoadGenerator } from '../load/load.ts'
import { median, round } from '../measure/subject.ts'
import type { DestinationPlan } from '../plan.ts'
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
  figures.sqlite = await measureOn('sqlite', `sqlite:${join(folder, 'destinations.db')}`, plan, measurement)
  if (!plan.databases.includes('postgres')) {
    skipped['destinations on PostgreSQL'] = 'the quick run measures SQLite only'
    return figures
  }
  const postgres = await startPostgres()
  if ('unavailable' in postgres) {
    skipped['destinations on PostgreSQL'] = postgres.unavailable
    say(`destinations on PostgreSQL are left out: ${postgres.unavailable}`)
    return figures
  }
  try {
    figures.postgres = await measureOn('postgres', postgres.url, plan, measurement)
  } finally {
    await postgres.stop()
  }
  return figures
}

async function measureOn(
  name: string,
  databaseUrl: string,
  plan: DestinationPlan,
  { generator, folder, say }: DestinationMeasurement,
): Promise<DestinationFigures> {
  const subject = await startDestinationSubject(databaseUrl, join(folder, name))
  try {
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
    if (subject.tokensFetched() !== 1)
      throw new Error(`the token was fetched ${subject.tokensFetched()} times, not once`)
    const [smallest, largest] = [bySize[plan.sizes[0] ?? 0], bySize[plan.sizes.at(-1) ?? 0]]
    return {
      connections,
      listEntries: plan.listEntries,
      bySize,
      ...(list === undefined ? {} : { list }),
      growthRatio: round((largest?.medianUs ?? 0) / (smallest?.medianUs || 1), 2),
      cpuGrowthRatio: round((largest?.cpuUsPerRequest ?? 0) / (smallest?.cpuUsPerRequest || 1), 2),
    }
  } finally {
    await subject.stop()
  }
}

async function lookup(
  generator: LoadGenerator,
  { entry, pid }: DestinationSubject,
  path: string,
  connections: number,
  { runSeconds }: DestinationPlan,
  rounds: number,
): Promise<LookupFigures> {
  const runs: Record<'perSecond' | 'p50Us' | 'p99Us' | 'cpuUs', number>[] = []
  for (let round = 0; round < rounds; round += 1) {
    const cpuBefore = cpuSeconds(pid)
    const { requests, seconds, p50Us, p99Us, errors } = await generator.run(entry, path, connections, runSeconds)
    const cpuUs = ((cpuSeconds(pid) - cpuBefore) * 1e6) / requests
    if (errors > 0 || requests === 0) throw new Error(`${path}: ${errors} of ${requests} requests failed`)
    runs.push({ perSecond: requests / seconds, p50Us, p99Us, cpuUs })
  }
  const of = (key: keyof (typeof runs)[number]) => median(runs.map((run) => run[key]))
  return {
    requestsPerSecond: Math.round(of('perSecond')),
    medianUs: Math.round(of('p50Us')),
    p99Us: Math.round(of('p99Us')),
    cpuUsPerRequest: round(of('cpuUs'), 1),
  }
}
