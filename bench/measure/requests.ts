import type { RequestFigures } from '../figures.ts'
import { cpuSeconds, peakMemoryBytes, resetPeakMemory } from '../host/process-usage.ts'
import type { LoadGenerator, LoadResult } from '../load/load.ts'
import type { Pass, Plan } from '../plan.ts'
import { alternating, mapRecord, median, type Progress, round, type Subject } from './subject.ts'

interface Run extends LoadResult {
  readonly pass: number
  readonly cpuSeconds: Record<string, number>
  readonly peakMemoryBytes: Record<string, number>
}

/**
 * The small request through every subject, pass after pass.
 * @returns for each subject its medians by number of connections
 * @throws Error when a request failed: such a figure would mean nothing
 */
export async function measureRequests(
  subjects: readonly Subject[],
  plan: Plan,
  generator: LoadGenerator,
  progress: Progress,
): Promise<Map<string, Record<string, RequestFigures>>> {
  for (const subject of subjects) {
    if (plan.warmUpOnly?.includes(subject.name) === false) continue
    progress.say(`warm-up ${subject.name}`)
    await generator.run(subject.running.web, '/small', 64, plan.warmUpSeconds)
  }
  const runs = new Map<string, Map<number, Run[]>>(subjects.map(({ name }) => [name, new Map()]))
  for (const [turn, pass] of plan.passes.entries()) {
    for (const subject of alternating(subjects, turn)) {
      if (!takesPart(subject, pass) || progress.isOver()) continue
      const run = { pass: turn, ...(await loadOnce(subject, pass.connections, plan.runSeconds, generator)) }
      const known = runs.get(subject.name)!
      known.set(pass.connections, [...(known.get(pass.connections) ?? []), run])
      progress.say(
        `${subject.name}, ${pass.connections} connections: ${Math.round(run.requests / run.seconds)} requests/s`,
      )
    }
  }
  return new Map([...runs].map(([name, levels]) => [name, summarize(levels)]))
}

function takesPart(subject: Subject, pass: Pass): boolean {
  return pass.only === undefined || pass.only.includes(subject.name)
}

async function loadOnce(
  subject: Subject,
  connections: number,
  seconds: number,
  generator: LoadGenerator,
): Promise<Omit<Run, 'pass'>> {
  const { pids, web } = subject.running
  for (const pid of Object.values(pids)) resetPeakMemory(pid)
  const before = mapRecord(pids, cpuSeconds)
  const result = await generator.run(web, '/small', connections, seconds)
  const after = mapRecord(pids, cpuSeconds)
  if (result.errors > 0 || result.requests === 0) {
    throw new Error(
      `${subject.name}: ${result.errors} of ${result.requests} requests failed at ${connections} connections`,
    )
  }
  const used = Object.fromEntries(Object.keys(pids).map((role) => [role, after[role]! - before[role]!]))
  return { ...result, cpuSeconds: used, peakMemoryBytes: mapRecord(pids, peakMemoryBytes) }
}

function summarize(levels: ReadonlyMap<number, readonly Run[]>): Record<string, RequestFigures> {
  const figures: Record<string, RequestFigures> = {}
  for (const [connections, runs] of [...levels].sort(([a], [b]) => a - b)) {
    const roles = Object.keys(runs[0]?.cpuSeconds ?? {})
    const byRole = (of: (run: Run, role: string) => number) =>
      Object.fromEntries(roles.map((role) => [role, round(median(runs.map((run) => of(run, role))), 1)]))
    figures[connections] = {
      connections,
      rounds: runs.length,
      requestsPerSecond: Math.round(median(runs.map((run) => run.requests / run.seconds))),
      p50Us: round(median(runs.map((run) => run.p50Us)), 1),
      p99Us: round(median(runs.map((run) => run.p99Us)), 1),
      cpuSecondsPerMillion: byRole((run, role) => (run.cpuSeconds[role]! / run.requests) * 1e6),
      peakMemoryMb: Object.fromEntries(
        roles.map((role) => [role, round(Math.max(...runs.map((run) => run.peakMemoryBytes[role]! / 1e6)), 1)]),
      ),
      passes: Object.fromEntries(
        runs.map(({ pass, requests, seconds, p50Us }) => [
          pass,
          { requestsPerSecond: Math.round(requests / seconds), p50Us },
        ]),
      ),
    }
  }
  return figures
}
