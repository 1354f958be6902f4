import { randomUUID } from 'node:crypto'
import { type Clock, type Closeable, type Log, PlatformError } from '@landbridge/kernel'
import { type RenewalPolicy, scheduledRunAfter, scheduledRunBefore, scheduledRunId } from './renewal-policy.ts'
import type { RenewalRun } from './renewal-run.ts'
import type { RenewalRunRecord, RenewalRuns, RunOutcome } from './renewal-runs.ts'

export interface RenewalJobOptions {
  readonly run: RenewalRun
  readonly runs: RenewalRuns
  readonly policy: RenewalPolicy
  /** Another for each replica and each of its lives. */
  readonly holder: string
  /** Every so often the job looks whether something is due. Default an hour. */
  readonly periodMs?: number
  readonly clock: Clock
  readonly log: Log
}

/** One run as an operator sees it. */
export interface ShownRun extends RenewalRunRecord {
  readonly outcome: readonly RunOutcome[]
}

/**
 * Runs the renewal on its day of the month, once over all replicas: also late, when none was up on that day, and in
 * between for certificates that would not live to see the next month.
 */
export class RenewalJob implements Closeable {
  readonly #options: RenewalJobOptions
  #cancel: () => void
  #working: Promise<void> | undefined
  #isClosed: boolean
  #seenDay: string

  constructor(options: RenewalJobOptions) {
    this.#options = options
    this.#cancel = () => {}
    this.#working = undefined
    this.#isClosed = false
    this.#seenDay = ''
  }

  /** Looks at once, and then every period until `close`. */
  start(): void {
    const { clock, periodMs = 3_600_000 } = this.#options
    this.#cancel = clock.every(periodMs, () => void this.look())
    void this.look()
  }

  /** Does what is due now. A look that takes longer than the period is left alone. Never rejects. */
  look(): Promise<void> {
    this.#working ??= this.#look()
      .catch((failure: unknown) => this.#options.log.error('certificates.run.failed', {}, failure))
      .finally(() => {
        this.#working = undefined
      })
    return this.#working
  }

  /** When the next scheduled run is. */
  get nextRunMs(): number {
    return scheduledRunAfter(this.#options.clock.now(), this.#options.policy)
  }

  /** What a run at this date would do. */
  preview(atMs: number): Promise<readonly RunOutcome[]> {
    return this.#options.run.preview(atMs)
  }

  /**
   * Runs now with a date. A certificate is renewed once, whatever else runs at the same time.
   * @throws PlatformError RENEWAL_IN_PROGRESS when the job of this replica is at it
   */
  async runNow(atMs: number): Promise<ShownRun> {
    const { run, runs, holder } = this.#options
    const id = `demand:${randomUUID()}`
    if (this.#working !== undefined) throw new PlatformError('RENEWAL_IN_PROGRESS', { holder })
    const working = run.carryOut({ id, atMs, holder }, 'month', () => this.#isClosed)
    this.#working = working.then(
      () => {},
      () => {},
    )
    try {
      await working
    } finally {
      this.#working = undefined
    }
    const record = await runs.find(id)
    if (record === undefined) throw new TypeError('a run that was carried out is in the list')
    return { ...record, outcome: await runs.outcomes(id) }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel()
    await this.#working
  }

  async #look(): Promise<void> {
    const { clock, policy, run, runs, holder } = this.#options
    const isStopped = () => this.#isClosed
    const nowMs = clock.now()
    const id = scheduledRunId(scheduledRunBefore(nowMs, policy))
    const known = await runs.find(id)
    if (known?.state !== 'finished') await run.carryOut({ id, atMs: nowMs, holder }, 'month', isStopped)
    await this.#lookBetween(nowMs)
  }

  /** Once a day at all parts of the system, else only at what the platform renews. */
  async #lookBetween(nowMs: number): Promise<void> {
    const { run, holder } = this.#options
    // All replicas that look within the hour, or the day, give their run the same name.
    const text = new Date(nowMs).toISOString()
    const day = text.slice(0, 10)
    const [scope, id] =
      day === this.#seenDay ? (['between', `between:${text.slice(0, 13)}`] as const) : (['day', `day:${day}`] as const)
    if (this.#isClosed) return
    const isAnythingDue = (await run.preview(nowMs, scope)).length > 0
    if (isAnythingDue) await run.carryOut({ id, atMs: nowMs, holder }, scope, () => this.#isClosed)
    this.#seenDay = day
  }
}
