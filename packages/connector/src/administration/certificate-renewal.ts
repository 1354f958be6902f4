import { X509Certificate } from 'node:crypto'
import { type Clock, type Closeable, describeError, type Log } from '@landbridge/kernel'
import type { Subaccount, WayToCloud } from '../configuration/model.ts'
import type { ConfigurationStore } from '../configuration/store-port.ts'
import type { SubaccountService } from './subaccount-service.ts'

export interface CertificateRenewalOptions {
  readonly store: ConfigurationStore
  readonly subaccounts: SubaccountService
  readonly clock: Clock
  readonly log: Log
}

const periodMs = 3_600_000
const longestLeadMs = 30 * 86_400_000
const actor = 'system'

/**
 * Whether the certificate of a tunnel is to be renewed: a third of its life is left, or thirty days of a long one. One
 * that has expired cannot renew itself: the cloud side would not know who asks.
 */
export function isRenewalDue(certificate: string, nowMs: number): boolean {
  const { validFromDate, validToDate } = new X509Certificate(certificate)
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()]
  return nowMs < to && to - nowMs <= Math.min(longestLeadMs, (to - from) / 3)
}

/** Renews the certificates of subaccounts whose administrator wants that, in time and without a user. */
export class CertificateRenewal implements Closeable {
  readonly #options: CertificateRenewalOptions
  readonly #cancel: () => void
  #working: Promise<void> | undefined

  constructor(options: CertificateRenewalOptions) {
    this.#options = options
    this.#working = undefined
    this.#cancel = options.clock.every(periodMs, () => void this.look())
  }

  /** Renews what is due; what fails is tried again at the next look. Never rejects. */
  look(): Promise<void> {
    this.#working ??= this.#renewAll().finally(() => {
      this.#working = undefined
    })
    return this.#working
  }

  async close(): Promise<void> {
    this.#cancel()
    await this.#working
  }

  async #renewAll(): Promise<void> {
    const { store, clock } = this.#options
    // A shadow gets them from its master.
    if (store.current.settings.haRole === 'shadow') return
    for (const subaccount of store.current.subaccounts.values()) {
      if (!subaccount.autoCertRenewal) continue
      // One that waits for a disaster is needed most when nobody has time to renew it.
      for (const way of [subaccount, subaccount.recovery])
        if (way !== undefined && isRenewalDue(way.certificate, clock.now())) await this.#renew(subaccount, way)
    }
  }

  async #renew(subaccount: Subaccount, way: WayToCloud): Promise<void> {
    const { subaccounts, log } = this.#options
    const { regionHost, subaccountId } = subaccount
    const address = { regionHost, subaccountId }
    const facts = { subaccount: subaccountId, regionHost: way.regionHost }
    try {
      await (way === subaccount
        ? subaccounts.renewByItself(actor, address)
        : subaccounts.renewRecoveryByItself(actor, address))
      log.info('certificate.renewed', facts)
    } catch (failure) {
      const notAfter = new X509Certificate(way.certificate).validToDate.toISOString()
      log.error('certificate.renewal-failed', { ...facts, notAfter, reason: describeError(failure) }, failure)
    }
  }
}
