import type { LocalCa } from '@landbridge/identity'
import { type Clock, describeError, type Log } from '@landbridge/kernel'
import { issueTenantCertificate } from '../client-certificates/issue-tenant-certificate.ts'
import type { TenantCertificate } from '../client-certificates/tenant-certificate.ts'
import type { TenantCertificateStore } from '../client-certificates/tenant-certificate-store.ts'
import type { EventOutbox } from '../events.ts'
import type { CertificateRecord, CertificateSource } from '../inventory/certificate-record.ts'
import { endBetweenRuns, type PlannedAction, planBetweenRuns, planForOthers, planForTenant } from './renewal-plan.ts'
import { dayMs, type RenewalPolicy } from './renewal-policy.ts'
import type { HeldRun, RenewalRuns, RunOutcome } from './renewal-runs.ts'
import { type Announced, actionEvent, announcedTenant, failedEvent, renewedEvent } from './run-events.ts'

export interface RenewalRunOptions {
  readonly certificates: TenantCertificateStore
  readonly runs: RenewalRuns
  readonly events: EventOutbox
  /** Signs client certificates of tenants. */
  readonly authority: () => Promise<LocalCa>
  /** All other certificates of the system, of which a run tells. */
  readonly others: readonly CertificateSource[]
  readonly policy: RenewalPolicy
  readonly clock: Clock
  readonly log: Log
  /** How long a run stays with a replica that gives no sign. Default five minutes. */
  readonly leaseMs?: number
}

/**
 * `month`: renew and announce by the windows. `between`: only what cannot wait for the next month. `day`: that, and what
 * has ended, or been forgotten by those who are to renew it, in other parts of the system.
 */
export type RunScope = 'month' | 'between' | 'day'

interface Planned {
  readonly record: Announced
  readonly action: PlannedAction
  /** Absent for certificates of other kinds. */
  readonly tenant?: TenantCertificate
}

/** Carries out runs. One certificate is one transaction: a crash in the middle leaves whole certificates behind. */
export class RenewalRun {
  readonly #options: RenewalRunOptions
  readonly #leaseMs: number

  constructor(options: RenewalRunOptions) {
    this.#options = options
    this.#leaseMs = options.leaseMs ?? 300_000
  }

  /** What a run at this date would do, without doing it: only certificates that something happens to. */
  async preview(atMs: number, scope: RunScope = 'month'): Promise<readonly RunOutcome[]> {
    return (await this.#plan(atMs, scope)).map(({ record, action }) => outcomeOf(record, action))
  }

  /**
   * Carries out a run, or what a dead replica left of it.
   * @param isStopped ends it between two certificates; another replica takes it over when the lease is over
   * @returns false when another replica works on it, or has finished it
   */
  async carryOut(wanted: HeldRun, scope: RunScope, isStopped: () => boolean = () => false): Promise<boolean> {
    const { runs, clock, log } = this.#options
    const run = await runs.claim(wanted, clock.now() + this.#leaseMs)
    if (run === undefined) return false
    const counts = new Map<string, number>()
    for (const planned of await this.#plan(run.atMs, scope)) {
      if (planned.action === 'due-elsewhere') continue
      if (isStopped()) return false
      const done = await this.#carryOutOne(run, planned)
      if (done === 'lost') return false
      counts.set(done, (counts.get(done) ?? 0) + 1)
    }
    await runs.finish(run)
    log.info('certificates.run.finished', {
      run: run.id,
      at: new Date(run.atMs).toISOString(),
      ...Object.fromEntries(counts),
    })
    return true
  }

  async #plan(atMs: number, scope: RunScope): Promise<readonly Planned[]> {
    const planned = [...(await this.#tenants(atMs, scope))]
    if (scope !== 'between')
      for (const source of this.#options.others) planned.push(...(await this.#other(source, atMs, scope)))
    const acting = planned.filter(({ action }) => action !== 'nothing')
    return scope === 'month' ? acting : this.#untold(acting, atMs)
  }

  async #tenants(atMs: number, scope: RunScope): Promise<readonly Planned[]> {
    const { certificates, policy } = this.#options
    const lastDay = Math.max(policy.renewWithinDays, policy.announceUntilDays)
    const endsUntilMs = scope === 'month' ? atMs + lastDay * dayMs : endBetweenRuns(atMs, policy)
    const plan = scope === 'month' ? planForTenant : planBetweenRuns
    const active = await certificates.list({ state: 'active', endsUntilMs })
    return active.map((tenant) => ({
      tenant,
      record: announcedTenant(tenant),
      action: plan(tenant, atMs, policy),
    }))
  }

  /** What lasts, such as an end of validity, is no reason for a run once it was told. */
  async #untold(planned: readonly Planned[], atMs: number): Promise<readonly Planned[]> {
    const untold: Planned[] = []
    for (const one of planned) {
      const event = actionEvent(one.action, one.record, atMs)
      if (event === undefined || !(await this.#options.events.has(event.id))) untold.push(one)
    }
    return untold
  }

  /** A part of the system that cannot be read now must not keep the rest from being renewed. */
  async #other(source: CertificateSource, atMs: number, scope: RunScope): Promise<readonly Planned[]> {
    let records: readonly CertificateRecord[]
    try {
      records = await source.list()
    } catch (failure) {
      this.#options.log.error('certificates.source.failed', { source: source.name }, failure)
      return []
    }
    return records
      .filter(({ state }) => state === 'active')
      .map((record) => ({ record, action: planForOthers(record, atMs, this.#options.policy) }))
      .filter(({ action }) => scope === 'month' || action === 'late' || action === 'report-expired')
  }

  async #carryOutOne(run: HeldRun, { record, action, tenant }: Planned): Promise<string> {
    if (action === 'renew' && tenant !== undefined) return this.#renew(run, tenant)
    const event = actionEvent(action, record, run.atMs)
    if (event === undefined) return 'nothing'
    const outcome = outcomeOf(record, action)
    const done = await this.#options.runs.step(run, this.#leaseUntil(), outcome, async (within) => {
      await this.#options.events.record(event, within)
      return true
    })
    return done === 'done' ? action : done
  }

  async #renew(run: HeldRun, tenant: TenantCertificate): Promise<string> {
    const { certificates, runs, events, authority, policy, clock, log } = this.#options
    const record = announcedTenant(tenant)
    try {
      const keyAlgorithm = tenant.keyAlgorithm === 'other' ? policy.keyAlgorithm : tenant.keyAlgorithm
      const wish = { ...tenant, keyAlgorithm }
      const next = await issueTenantCertificate(await authority(), wish, clock.now(), tenant.id)
      const successor = next.certificate
      const outcome = { ...outcomeOf(record, 'renew'), successor: successor.fingerprint }
      const done = await runs.step(run, this.#leaseUntil(), outcome, async (within) => {
        if (!(await certificates.succeed(tenant.id, successor, next.privateKey, within))) return false
        await events.record(renewedEvent(tenant, successor, run.atMs), within)
        return true
      })
      if (done !== 'done') return done
      log.info('certificates.renewed', {
        subaccountId: tenant.subaccountId,
        certificate: tenant.name,
        fingerprint: successor.fingerprint,
        replaced: tenant.fingerprint,
        notAfter: new Date(successor.notAfterMs).toISOString(),
      })
      return 'renew'
    } catch (failure) {
      return this.#failed(run, record, failure)
    }
  }

  /** The certificate stays as it is, and the next look at what is due tries again; people are told once a day. */
  async #failed(run: HeldRun, record: Announced, failure: unknown): Promise<string> {
    const { runs, events, log } = this.#options
    const reason = describeError(failure)
    log.error('certificates.renewal.failed', { certificate: record.name, run: run.id, reason }, failure)
    const outcome: RunOutcome = { ...outcomeOf(record, 'renew'), action: 'failed', reason }
    const done = await runs.step(run, this.#leaseUntil(), outcome, async (within) => {
      await events.record(failedEvent(record, run.atMs, reason), within)
      return true
    })
    return done === 'done' ? 'failed' : done
  }

  #leaseUntil(): number {
    return this.#options.clock.now() + this.#leaseMs
  }
}

function outcomeOf(record: Announced, action: PlannedAction): RunOutcome {
  return {
    certificate: record.id,
    kind: record.kind,
    name: record.name,
    subaccountId: record.owner.subaccountId,
    fingerprint: record.fingerprint,
    notAfterMs: record.notAfterMs,
    action,
  }
}
