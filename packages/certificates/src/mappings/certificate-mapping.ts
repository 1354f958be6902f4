/** What an assignment to a communication user has in common, whichever certificates it is for. */
interface Mapping {
  readonly id: string
  readonly subaccountId: string
  readonly userId: string
  readonly userName: string
  readonly createdAtMs: number
}

/** One certificate, known by its fingerprint. */
export interface ExactMapping extends Mapping {
  readonly kind: 'certificate'
  /** SHA-256 of the DER form, lower-case hexadecimal. */
  readonly fingerprint: string
  /** PEM of the certificate alone. */
  readonly certificate: string
  readonly subject: string
  readonly issuer: string
  readonly serialNumber: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** All certificates of one issuer whose subject has a given form. */
export interface PatternMapping extends Mapping {
  readonly kind: 'pattern'
  /** See `parseSubjectPattern`. */
  readonly subject: string
  /** Subject of the trusted issuer. */
  readonly issuer: string
  readonly issuerFingerprint: string
}

export type CertificateMapping = ExactMapping | PatternMapping

/** An authority whose certificates may be assigned by pattern, because the operator trusts it to name people rightly. */
export interface TrustedIssuer {
  readonly fingerprint: string
  /** PEM. */
  readonly certificate: string
  readonly subject: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly createdAtMs: number
}

/** Conditions that all have to hold; an empty search finds everything. */
export interface MappingSearch {
  /** The beginning of a SHA-256 fingerprint, lower-case hexadecimal. */
  readonly fingerprint?: string
  /** A part of the subject, without regard to case. */
  readonly subject?: string
  /** The exact name of a user, without regard to case. */
  readonly user?: string
}
