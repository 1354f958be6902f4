import { type Clock, describeError, type Log } from '@landbridge/kernel'
import type { ManagedCertificateStore, StoredCertificate } from '../certificate-store.ts'
import type { CertificateAuthorities } from './certificate-authority.ts'
import { generateCertificate } from './generate-certificate.ts'

const dayMs = 86_400_000
/** Days before the end at which a certificate that nobody renews is reported. */
const reportDays = [14, 7, 3]

export interface CertificateRenewalOptions {
  readonly store: ManagedCertificateStore
  readonly authorities: CertificateAuthorities
  readonly clock: Clock
  readonly log: Log
}

/** Renews generated certificates ahead of their end, and reports the end of those that nobody renews. */
export class CertificateRenewal {
  readonly #options: CertificateRenewalOptions
  #reportedUntilMs: number

  constructor(options: CertificateRenewalOptions) {
    this.#options = options
    this.#reportedUntilMs = options.clock.now()
  }

  /**
   * Renews what is due: same subject, same length of validity, another entity tag. What fails stays as it is and is
   * tried again at the next run. Safe to run on several replicas: a certificate changes once per version.
   * @returns how many were renewed
   */
  async renewDue(nowMs: number): Promise<number> {
    const due = await this.#options.store.dueForRenewal(nowMs)
    let renewed = 0
    for (const certificate of due) if (await this.#renew(certificate, nowMs)) renewed++
    return renewed
  }

  /** Logs each certificate once per threshold that it passed since the last call. */
  async reportEnding(nowMs: number): Promise<void> {
    const { store, log } = this.#options
    for (const days of reportDays) {
      const ending = await store.ending(this.#reportedUntilMs + days * dayMs, nowMs + days * dayMs)
      for (const { level, name, expiresAtMs } of ending)
        log.warn('destination.certificate.ending', {
          subaccountId: level.subaccountId,
          instanceId: level.instanceId,
          certificate: name,
          days,
          notAfter: new Date(expiresAtMs).toISOString(),
        })
    }
    this.#reportedUntilMs = nowMs
  }

  async #renew(certificate: StoredCertificate, nowMs: number): Promise<boolean> {
    const { store, authorities, log } = this.#options
    const { level, name, type, generation } = certificate
    const facts = { subaccountId: level.subaccountId, instanceId: level.instanceId, certificate: name }
    if (generation === undefined) return false
    try {
      const wish = { level, name, generation, ...(type === undefined ? {} : { type }) }
      const made = await generateCertificate(await authorities.current(), wish, nowMs)
      const done = await store.renew(certificate, made.content, made.facts)
      if (done) log.info('destination.certificate.renewed', facts)
      return done
    } catch (failure) {
      log.error('destination.certificate.renewal-failed', { ...facts, reason: describeError(failure) }, failure)
      return false
    }
  }
}
