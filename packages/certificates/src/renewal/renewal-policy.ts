import type { KeyAlgorithm } from '../client-certificates/tenant-certificate.ts'

/** When certificates are renewed and announced. Windows are days before the end of validity, counted from the run. */
export interface RenewalPolicy {
  /** Day of the month of the run, 1 to 28, and its hour (UTC). */
  readonly dayOfMonth: number
  readonly hourUtc: number
  /** What ends within so many days of the run is renewed. */
  readonly renewWithinDays: number
  /** What ends between these is announced, unless it is renewed. */
  readonly announceFromDays: number
  readonly announceUntilDays: number
  /** For certificates that are made without a wish of their own. */
  readonly keyAlgorithm: KeyAlgorithm
  readonly lifetimeDays: number
}

/** The windows of the support note: 62 days, 60 to 90 days, the first day of the month. */
export const defaultRenewalPolicy: RenewalPolicy = {
  dayOfMonth: 1,
  hourUtc: 0,
  renewWithinDays: 62,
  announceFromDays: 60,
  announceUntilDays: 90,
  keyAlgorithm: 'RSA-2048',
  lifetimeDays: 365,
}

export const dayMs = 86_400_000

type Schedule = Pick<RenewalPolicy, 'dayOfMonth' | 'hourUtc'>

/** The last scheduled run at or before a moment. */
export function scheduledRunBefore(nowMs: number, schedule: Schedule): number {
  const thisMonth = runOfMonth(nowMs, 0, schedule)
  return thisMonth <= nowMs ? thisMonth : runOfMonth(nowMs, -1, schedule)
}

/** The first scheduled run after a moment. */
export function scheduledRunAfter(nowMs: number, schedule: Schedule): number {
  const thisMonth = runOfMonth(nowMs, 0, schedule)
  return thisMonth > nowMs ? thisMonth : runOfMonth(nowMs, 1, schedule)
}

/** The ID that all replicas give to a scheduled run. */
export function scheduledRunId(runMs: number): string {
  return `monthly:${new Date(runMs).toISOString().slice(0, 7)}`
}

function runOfMonth(nowMs: number, offset: number, { dayOfMonth, hourUtc }: Schedule): number {
  const now = new Date(nowMs)
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, dayOfMonth, hourUtc)
}
