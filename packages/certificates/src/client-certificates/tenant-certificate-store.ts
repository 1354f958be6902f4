import type { Secret } from '@landbridge/kernel'
import type { Transaction } from '../events.ts'
import type { TenantCertificate, TenantCertificateState } from './tenant-certificate.ts'

export interface TenantCertificateFilter {
  readonly subaccountId?: string
  readonly state?: TenantCertificateState
  readonly fingerprint?: string
  /** Only what ends at this time or before. */
  readonly endsUntilMs?: number
}

/** Keeps the client certificates of tenants; keys are sealed. */
export interface TenantCertificateStore {
  /** By end of validity, soonest first. */
  list(filter?: TenantCertificateFilter): Promise<readonly TenantCertificate[]>
  find(id: string): Promise<TenantCertificate | undefined>
  /** PEM; undefined when it was retired, or the certificate is unknown. */
  privateKey(id: string): Promise<Secret | undefined>
  /** @throws PlatformError TENANT_CERTIFICATE_EXISTS, SUBACCOUNT_UNKNOWN */
  insert(certificate: TenantCertificate, privateKey: Secret): Promise<void>
  /**
   * Puts `successor` in the place of an active certificate, which becomes `replaced`. False, and nothing changes, when
   * it is not active any more: a certificate has one successor.
   */
  succeed(predecessorId: string, successor: TenantCertificate, key: Secret, within: Transaction): Promise<boolean>
  /** Puts a certificate out of use for good and destroys its key. False when it is retired already, or unknown. */
  retire(id: string, atMs: number): Promise<boolean>
}
