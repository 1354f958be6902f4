import { mkdirSync } from 'node:fs'
import type { PropagationFigures, PropagationLoad } from '../figures.ts'
import { createCertificates } from '../host/certificates.ts'
import { findExecutable } from '../host/executables.ts'
import { cpuSeconds } from '../host/process-usage.ts'
import type { LoadGenerator } from '../load/load.ts'
import { alternating, median, round } from '../measure/subject.ts'
import type { PropagationPlan } from '../plan.ts'
import { type PropagationSubject, startPropagationSubject } from './subject.ts'

export interface PropagationMeasurement {
  readonly generator: LoadGenerator
  readonly folder: string
  /** What could not be measured goes in here, with the reason. */
  readonly skipped: Record<string, string>
  say(line: string): void
}

const kinds = [
  { kind: 'plain', path: '/small' },
  { kind: 'secure', path: '/small' },
  { kind: 'users', path: '/user' },
] as const
type Kind = (typeof kinds)[number]['kind']

interface Run {
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
  readonly connectorUs: number
  readonly cloudUs: number
}

/**
 * The small request with and without a user behind it.
 * @returns undefined where it cannot be measured
 * @throws Error when a request failed: such a figure would mean nothing
 */
export async function measurePropagation(
  plan: PropagationPlan,
  { generator, folder, skipped, say }: PropagationMeasurement,
): Promise<PropagationFigures | undefined> {
  const nginx = findExecutable('nginx')
  if (nginx === undefined) {
    skipped.propagation = 'nginx is not installed'
    return undefined
  }
  mkdirSync(folder, { recursive: true })
  const certificates = await createCertificates(folder)
  const subject = await startPropagationSubject(nginx, folder, certificates, plan.users)
  const runs: Record<Kind, Run[]> = { plain: [], secure: [], users: [] }
  try {
    subject.place()
    for (const { kind, path } of kinds) {
      say(`propagation, ${kind}: warm-up`)
      await generator.run(subject[kind], path, plan.connections, plan.warmUpSeconds, 'apart')
    }
    for (let turn = 0; turn < plan.rounds; turn += 1)
      for (const { kind, path } of alternating(kinds, turn)) {
        const run = await loadOnce(subject, kind, path, plan, generator)
        runs[kind].push(run)
        say(`propagation, ${kind}: ${Math.round(run.perSecond)} requests/s`)
      }
  } finally {
    await subject.stop()
  }
  const [plain, secure, users] = [summary(runs.plain), summary(runs.secure), summary(runs.users)]
  return {
    connections: plan.connections,
    userCount: plan.users,
    plain,
    secure,
    users,
    ratioToPlain: inTurns(runs.users, runs.plain),
    ratioToSecure: inTurns(runs.users, runs.secure),
  }
}

async function loadOnce(
  subject: PropagationSubject,
  kind: Kind,
  path: string,
  { connections, runSeconds }: PropagationPlan,
  generator: LoadGenerator,
): Promise<Run> {
  const { pids } = subject
  const before = { cloud: cpuSeconds(pids.cloud), connector: cpuSeconds(pids.connector) }
  const { requests, seconds, p50Us, p99Us, errors } = await generator.run(
    subject[kind],
    path,
    connections,
    runSeconds,
    'apart',
  )
  if (errors > 0 || requests === 0)
    throw new Error(`propagation, ${kind}: ${errors} of ${requests} requests failed\n${subject.lastWords()}`)
  return {
    perSecond: requests / seconds,
    p50Us,
    p99Us,
    cloudUs: ((cpuSeconds(pids.cloud) - before.cloud) * 1e6) / requests,
    connectorUs: ((cpuSeconds(pids.connector) - before.connector) * 1e6) / requests,
  }
}

/** The median of what each turn says: two runs of one turn met the same machine. */
function inTurns(users: readonly Run[], others: readonly Run[]): number {
  return round(median(users.map(({ perSecond }, turn) => perSecond / others[turn]!.perSecond)), 2)
}

function summary(runs: readonly Run[]): PropagationLoad {
  const of = (key: keyof Run) => median(runs.map((run) => run[key]))
  return {
    requestsPerSecond: Math.round(of('perSecond')),
    medianUs: Math.round(of('p50Us')),
    p99Us: Math.round(of('p99Us')),
    cpuUsPerRequest: { cloud: round(of('cloudUs'), 1), connector: round(of('connectorUs'), 1) },
  }
}
