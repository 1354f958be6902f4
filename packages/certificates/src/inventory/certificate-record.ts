import type { Renewer } from '../events.ts'

/** Where in the system a certificate is used. */
export const certificateKinds = [
  'tenant-client',
  'tunnel',
  'destination',
  'destination-ca',
  'saml-trust',
  'inbound-mapping',
  'binding',
  'local-ca',
  'server',
  'connector-ui',
  'connector-ca',
  'connector-system',
  'connector-trust',
] as const
export type CertificateKind = (typeof certificateKinds)[number]

export const certificateStates = ['active', 'replaced', 'retired', 'revoked'] as const
export type CertificateState = (typeof certificateStates)[number]

/** Whom a certificate belongs to; the empty subaccount is the platform itself. */
export interface CertificateOwner {
  readonly subaccountId: string
  readonly instanceId?: string
  readonly connectorId?: string
  readonly locationId?: string
  /** The communication user that an inbound certificate stands for. */
  readonly user?: string
}

/** One certificate of the system, whatever it is for. */
export interface CertificateRecord {
  /** Unique in the inventory and stable: kind, owner and fingerprint. */
  readonly id: string
  readonly kind: CertificateKind
  readonly name: string
  readonly owner: CertificateOwner
  /** SHA-256 of the DER form, lower-case hexadecimal. */
  readonly fingerprint: string
  readonly subject: string
  readonly issuer: string
  /** Hexadecimal, lower case; empty where only fingerprint and validity are known. */
  readonly serialNumber: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** PEM, leaf first; empty where only the fingerprint is kept. */
  readonly chain: readonly string[]
  readonly renewer: Renewer
  readonly state: CertificateState
  /** Fingerprints. */
  readonly predecessor?: string
  readonly successor?: string
  /** When its connector last said that it has it; absent for what the cloud side keeps itself. */
  readonly reportedAtMs?: number
}

/** A part of the system that knows certificates. */
export interface CertificateSource {
  /** For the log, when it cannot be read. */
  readonly name: string
  list(): Promise<readonly CertificateRecord[]>
  /** Parts of it that are missing in the list. */
  missing?(): Promise<readonly string[]>
}
