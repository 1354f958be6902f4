import { cpuSeconds } from '../host/process-usage.ts'
import type { LoadGenerator } from '../load/load.ts'
import type { DestinationSubject } from './subject.ts'

/** What one run of the load generator showed. */
export type LookupRun = Record<'perSecond' | 'p50Us' | 'p99Us' | 'cpuUs', number>

/**
 * One run against one path of the service.
 * @throws Error when a request failed: such a figure would mean nothing
 */
export async function runLookups(
  generator: LoadGenerator,
  { entry, pid }: DestinationSubject,
  path: string,
  connections: number,
  runSeconds: number,
): Promise<LookupRun> {
  const cpuBefore = cpuSeconds(pid)
  const { requests, seconds, p50Us, p99Us, errors } = await generator.run(entry, path, connections, runSeconds)
  const cpuUs = ((cpuSeconds(pid) - cpuBefore) * 1e6) / requests
  if (errors > 0 || requests === 0) throw new Error(`${path}: ${errors} of ${requests} requests failed`)
  return { perSecond: requests / seconds, p50Us, p99Us, cpuUs }
}
