import type { Renewer } from '../events.ts'
import { dayMs, type RenewalPolicy, scheduledRunAfter } from './renewal-policy.ts'

/** What a plan has to know of a certificate. */
export interface PlannedCertificate {
  readonly renewer: Renewer
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/**
 * What a run does with a certificate. `due-elsewhere`: who renews it works to a schedule of its own.
 * `late`: it should have been renewed long ago by whoever does that.
 */
export type PlannedAction = 'renew' | 'announce' | 'report-expired' | 'due-elsewhere' | 'late' | 'nothing'

type Windows = Pick<RenewalPolicy, 'renewWithinDays' | 'announceFromDays' | 'announceUntilDays'>

/**
 * A certificate as young as this stays: where the lifetime is shorter than the window, two runs of one day, or one that
 * was taken over, would renew it twice.
 */
const freshMs = dayMs

/**
 * The monthly run for one active client certificate of a tenant. Renewal wins where the windows overlap. What a user
 * uploaded is announced until it ends, however close that is.
 */
export function planForTenant(
  { renewer, notBeforeMs, notAfterMs }: PlannedCertificate,
  runMs: number,
  windows: Windows,
): PlannedAction {
  const restDays = (notAfterMs - runMs) / dayMs
  if (renewer !== 'platform') return planForUser(restDays, windows)
  if (restDays <= windows.renewWithinDays) return runMs - notBeforeMs < freshMs ? 'nothing' : 'renew'
  return restDays >= windows.announceFromDays && restDays <= windows.announceUntilDays ? 'announce' : 'nothing'
}

/** Days before its end at which a certificate that renews itself counts as forgotten, unless it is a short one. */
const lateDays = 14

/** The monthly run for a certificate of any other kind: the run tells of it, others renew it. */
export function planForOthers(certificate: PlannedCertificate, runMs: number, windows: Windows): PlannedAction {
  const { renewer, notBeforeMs, notAfterMs } = certificate
  const restDays = (notAfterMs - runMs) / dayMs
  if (renewer === 'user') return planForUser(restDays, windows)
  if (restDays <= 0) return 'report-expired'
  const lifetimeDays = (notAfterMs - notBeforeMs) / dayMs
  if (restDays <= Math.min(lateDays, lifetimeDays / 6)) return 'late'
  return restDays <= windows.announceUntilDays ? 'due-elsewhere' : 'nothing'
}

function planForUser(restDays: number, { announceUntilDays }: Windows): PlannedAction {
  if (restDays <= 0) return 'report-expired'
  return restDays <= announceUntilDays ? 'announce' : 'nothing'
}

/** A certificate that ends this close behind a run is not left to it: the run may be late. */
const marginDays = 3

/** Before the next scheduled run, for an active client certificate of a tenant. */
export function planBetweenRuns(
  certificate: PlannedCertificate,
  nowMs: number,
  schedule: Pick<RenewalPolicy, 'dayOfMonth' | 'hourUtc'>,
): PlannedAction {
  if (certificate.renewer === 'platform') return isDueBetweenRuns(certificate, nowMs, schedule) ? 'renew' : 'nothing'
  return certificate.notAfterMs <= nowMs ? 'report-expired' : 'nothing'
}

/**
 * Whether a certificate of the platform has to be renewed before the next scheduled run: it would not live to see it,
 * or hardly, and less than a third of its life is left.
 */
export function isDueBetweenRuns(
  { notBeforeMs, notAfterMs }: PlannedCertificate,
  nowMs: number,
  schedule: Pick<RenewalPolicy, 'dayOfMonth' | 'hourUtc'>,
): boolean {
  return (
    notAfterMs <= endBetweenRuns(nowMs, schedule) && notAfterMs - nowMs <= Math.max(0, (notAfterMs - notBeforeMs) / 3)
  )
}

/** Certificates that end later are safe with the next scheduled run. */
export function endBetweenRuns(nowMs: number, schedule: Pick<RenewalPolicy, 'dayOfMonth' | 'hourUtc'>): number {
  return scheduledRunAfter(nowMs, schedule) + marginDays * dayMs
}
