import type { Secret } from '@landbridge/kernel'

/** The kinds of keys that the platform makes. */
export type KeyAlgorithm = 'EC-P256' | 'RSA-2048' | 'RSA-3072' | 'RSA-4096'

/** `active` is presented now; `replaced` still works until it expires; `retired` was put out of use by an operator. */
export type TenantCertificateState = 'active' | 'replaced' | 'retired'

/** A client certificate with which a tenant shows who it is to systems outside. */
export interface TenantCertificate {
  readonly id: string
  readonly subaccountId: string
  /** One active certificate per subaccount and name. */
  readonly name: string
  readonly state: TenantCertificateState
  /** `platform` for what the platform made; `user` for what was uploaded. */
  readonly renewer: 'platform' | 'user'
  /** `other`: uploaded, of a kind that the platform does not make. */
  readonly keyAlgorithm: KeyAlgorithm | 'other'
  /** Length of the validity, which a successor gets too. */
  readonly lifetimeDays: number
  /** PEM chain, leaf first. */
  readonly certificate: string
  /** SHA-256 of the DER form of the leaf, lower-case hexadecimal. */
  readonly fingerprint: string
  readonly subject: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly predecessorId?: string
  readonly successorId?: string
  readonly createdAtMs: number
  readonly retiredAtMs?: number
}

/** With its private key (PEM, PKCS#8), which a retired one has no more. */
export interface TenantKeyPair {
  readonly certificate: TenantCertificate
  readonly privateKey: Secret
}
