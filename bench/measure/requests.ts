import type { RequestFigures } from '../figures.ts'
import { type Placement, place } from '../host/placement.ts'
import { cpuSeconds, peakMemoryBytes, resetPeakMemory } from '../host/process-usage.ts'
import type { LoadGenerator, LoadResult } from '../load/load.ts'
import type { Pass, Plan } from '../plan.ts'
import { alternating, mapRecord, median, type Progress, round, type Subject } from './subject.ts'

interface Run extends LoadResult {
  readonly pass: number
  readonly connections: number
  readonly cpuSeconds: Record<string, number>
  readonly peakMemoryBytes: Record<string, number>
}

/**
 * The small request through every subject, pass after pass.
 * @param backendPid of the web server
 * @returns for each subject its medians by number of connections, with the placement of the processes behind it where
 *   that is another one than usual
 * @throws Error when a request failed: such a figure would mean nothing
 */
export async function measureRequests(
  subjects: readonly Subject[],
  plan: Plan,
  generator: LoadGenerator,
  backendPid: number,
  progress: Progress,
): Promise<Map<string, Record<string, RequestFigures>>> {
  for (const subject of subjects) {
    if (plan.warmUpOnly?.includes(subject.name) === false) continue
    progress.say(`warm-up ${subject.name}`)
    await generator.run(subject.running.web, '/small', 64, plan.warmUpSeconds)
  }
  const runs = new Map<string, Map<string, Run[]>>(subjects.map(({ name }) => [name, new Map()]))
  for (const [turn, pass] of plan.passes.entries()) {
    for (const subject of alternating(subjects, turn)) {
      if (!takesPart(subject, pass) || progress.isOver()) continue
      place(backendPid, 'backend', pass.placement)
      const run = { pass: turn, ...(await loadOnce(subject, pass, pass.seconds ?? plan.runSeconds, generator)) }
      const known = runs.get(subject.name)!
      const key = keyOf(pass)
      known.set(key, [...(known.get(key) ?? []), run])
      progress.say(`${subject.name}, ${key} connections: ${Math.round(run.requests / run.seconds)} requests/s`)
    }
  }
  place(backendPid, 'backend', 'free')
  for (const { running } of subjects) placeProcesses(running.pids, 'free')
  return new Map([...runs].map(([name, levels]) => [name, summarize(levels)]))
}

/** A subject's processes are the one on the cloud side and the one beside the backend. */
function placeProcesses(pids: Readonly<Record<string, number>>, placement: Placement): void {
  for (const [role, pid] of Object.entries(pids)) place(pid, role === 'cloud' ? 'cloud' : 'connector', placement)
}

function keyOf({ connections, placement }: Pass): string {
  const isUsual = placement === (connections > 1 ? 'apart' : 'free')
  return isUsual ? String(connections) : `${connections}-${placement}`
}

function takesPart(subject: Subject, pass: Pass): boolean {
  return pass.only === undefined || pass.only.includes(subject.name)
}

async function loadOnce(
  subject: Subject,
  { connections, placement, settleSeconds = 0 }: Pass,
  seconds: number,
  generator: LoadGenerator,
): Promise<Omit<Run, 'pass'>> {
  const { pids, web } = subject.running
  placeProcesses(pids, placement)
  if (settleSeconds > 0) await generator.run(web, '/small', connections, settleSeconds, placement)
  for (const pid of Object.values(pids)) resetPeakMemory(pid)
  const before = mapRecord(pids, cpuSeconds)
  const result = await generator.run(web, '/small', connections, seconds, placement)
  const after = mapRecord(pids, cpuSeconds)
  if (result.errors > 0 || result.requests === 0) {
    throw new Error(
      `${subject.name}: ${result.errors} of ${result.requests} requests failed at ${connections} connections`,
    )
  }
  const used = Object.fromEntries(Object.keys(pids).map((role) => [role, after[role]! - before[role]!]))
  return { ...result, connections, cpuSeconds: used, peakMemoryBytes: mapRecord(pids, peakMemoryBytes) }
}

function summarize(levels: ReadonlyMap<string, readonly Run[]>): Record<string, RequestFigures> {
  const figures: Record<string, RequestFigures> = {}
  for (const [key, runs] of levels) {
    const roles = Object.keys(runs[0]?.cpuSeconds ?? {})
    const byRole = (of: (run: Run, role: string) => number) =>
      Object.fromEntries(roles.map((role) => [role, round(median(runs.map((run) => of(run, role))), 1)]))
    figures[key] = {
      connections: runs[0]?.connections ?? 0,
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
