/** What happens to certificates that people want to know of. */
export const newsKinds = ['renewed', 'expiring', 'expired', 'renewal-failed'] as const
export type NewsKind = (typeof newsKinds)[number]

/** A certificate as news tell of it. */
export interface NewsCertificate {
  readonly name: string
  readonly kind: string
  /** SHA-256 of the DER form, lower-case hexadecimal. */
  readonly fingerprint: string
  readonly subject: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** The public chain; empty where only the fingerprint is kept. */
  readonly pem: string
}

/** An event of a certificate, as the outbox of certificates holds it. */
export interface CertificateNews {
  /** The same event has the same ID, whoever recorded it. */
  readonly id: string
  readonly kind: NewsKind
  /** Empty for certificates of the platform itself. */
  readonly subaccountId: string
  /** After `renewed`: the new one. */
  readonly certificate: NewsCertificate
  /** After `renewed`: the one that was replaced. */
  readonly previous?: NewsCertificate
  readonly renewer: 'platform' | 'connector' | 'user'
  /** Why it failed, after `renewal-failed`. */
  readonly reason?: string
  readonly atMs: number
}
