import type { Transaction } from '../events.ts'
import type { PlannedAction } from './renewal-plan.ts'

/** What became of one certificate, or will in a dry run. */
export interface RunOutcome {
  /** ID in the inventory. */
  readonly certificate: string
  readonly kind: string
  readonly name: string
  readonly subaccountId: string
  readonly fingerprint: string
  readonly notAfterMs: number
  readonly action: PlannedAction | 'failed'
  /** Fingerprint of the successor. */
  readonly successor?: string
  /** Why it failed; no secrets. */
  readonly reason?: string
}

/** A run that one replica works on. */
export interface HeldRun {
  readonly id: string
  /** The date that the run works with. */
  readonly atMs: number
  readonly holder: string
}

export interface RenewalRunRecord extends HeldRun {
  readonly state: 'running' | 'finished'
  readonly startedAtMs: number
  readonly finishedAtMs?: number
}

/** Who runs what: at most one replica works on a run, and another takes over what a dead one left. */
export interface RenewalRuns {
  /**
   * Begins a run, or takes over one whose holder is gone; that one keeps its date. Undefined when it is finished, or in
   * the hands of another.
   */
  claim(run: HeldRun, leaseUntilMs: number): Promise<HeldRun | undefined>
  /**
   * Notes what became of a certificate, with `work` in the same transaction, and renews the lease.
   * @param work undefined when there is nothing to note after all: then nothing is written
   * @returns `lost` when the run belongs to another meanwhile, `repeated` when the run has dealt with the certificate
   *   before; neither leaves a trace
   */
  step(
    run: HeldRun,
    leaseUntilMs: number,
    outcome: RunOutcome,
    work: (within: Transaction) => Promise<boolean>,
  ): Promise<'done' | 'nothing' | 'lost' | 'repeated'>
  finish(run: HeldRun): Promise<void>
  find(id: string): Promise<RenewalRunRecord | undefined>
  outcomes(id: string): Promise<readonly RunOutcome[]>
  /** The latest first. */
  list(limit: number): Promise<readonly RenewalRunRecord[]>
}
