import type { Secret } from '@landbridge/kernel'

/** A key pair that signs assertions of a subaccount. */
export interface TrustKeyPair {
  /** PEM; public. */
  readonly certificate: string
  /** PEM (PKCS#8). It leaves the process sealed only. */
  readonly privateKey: Secret
}

/** The active pair signs; the passive one waits, so that partners can learn its certificate before it signs. */
export type TrustRole = 'active' | 'passive'

export interface TrustCertificate {
  readonly subaccountId: string
  readonly role: TrustRole
  /** PEM. */
  readonly certificate: string
}

/** Keeps at most one active and one passive pair per subaccount. Each write is one atomic statement. */
export interface TrustStore {
  find(subaccountId: string, role: TrustRole): Promise<TrustKeyPair | undefined>
  /** The certificates of all subaccounts, without their keys. */
  certificates(): Promise<readonly TrustCertificate[]>
  /** Creates the pair of this role, or takes the place of it. */
  save(subaccountId: string, role: TrustRole, pair: TrustKeyPair): Promise<void>
  /** @returns false when there is no passive pair. */
  removePassive(subaccountId: string): Promise<boolean>
  /** The two pairs change roles. @returns false, with nothing changed, unless both exist. */
  swap(subaccountId: string): Promise<boolean>
}
