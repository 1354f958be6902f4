import { X509Certificate } from 'node:crypto'
import type { Clock, Log } from '@landbridge/kernel'
import type { TrustStore } from './trust-store.ts'

const dayMs = 86_400_000
/** Days before the end; earlier than for other certificates, because partners must learn the next one first. */
const reportDays = [30, 14, 7, 3]

/** Reports trust certificates that end soon: nobody renews them but an administrator. */
export class TrustEnding {
  readonly #store: Pick<TrustStore, 'certificates'>
  readonly #log: Log
  #reportedUntilMs: number

  constructor(options: { readonly store: Pick<TrustStore, 'certificates'>; readonly clock: Clock; readonly log: Log }) {
    this.#store = options.store
    this.#log = options.log
    this.#reportedUntilMs = options.clock.now()
  }

  /** Logs each certificate once per threshold that it passed since the last call. */
  async report(nowMs: number): Promise<void> {
    for (const { subaccountId, role, certificate } of await this.#store.certificates()) {
      const { validToDate } = new X509Certificate(certificate)
      const endsMs = validToDate.getTime()
      for (const days of reportDays) {
        const reportAtMs = endsMs - days * dayMs
        if (reportAtMs > this.#reportedUntilMs && reportAtMs <= nowMs)
          this.#log.warn('destination.trust.ending', { subaccountId, role, days, notAfter: validToDate.toISOString() })
      }
    }
    this.#reportedUntilMs = nowMs
  }
}
