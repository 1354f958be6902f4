import type { Transaction } from '@landbridge/kernel'

export type { Transaction } from '@landbridge/kernel'

export type CertificateEventKind = 'renewed' | 'expiring' | 'expired' | 'renewal-failed'

/** Who keeps a certificate valid: the platform, the connector that holds it, or the user who brought it. */
export type Renewer = 'platform' | 'connector' | 'user'

/** A certificate as an event tells of it. */
export interface EventCertificate {
  readonly name: string
  /** A `CertificateKind` of the inventory. */
  readonly kind: string
  /** SHA-256 of the DER form, lower-case hexadecimal. */
  readonly fingerprint: string
  readonly subject: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** The public chain, leaf first; never a key. */
  readonly pem: string
}

/** Something that happened to a certificate, or is going to. */
export interface CertificateEvent {
  /** The same event has the same ID, whoever finds it and however often: it is recorded once. */
  readonly id: string
  readonly kind: CertificateEventKind
  readonly subaccountId: string
  /** After `renewed`: the new one. */
  readonly certificate: EventCertificate
  /** After `renewed`: the one that was replaced. */
  readonly previous?: EventCertificate
  /** Who is to act on `expiring`: for `platform` the next run does. */
  readonly renewer: Renewer
  /** Why it failed, after `renewal-failed`; no secrets. */
  readonly reason?: string
  /** The date of the run, in milliseconds since 1970. */
  readonly atMs: number
}

/** Takes events into the outbox: written with the change that they tell of, or not at all. */
export interface EventRecorder {
  /** Does nothing when the event is recorded already. */
  record(event: CertificateEvent, within: Transaction): Promise<void>
}

/** The outbox, for those who ask before they write. */
export interface EventOutbox extends EventRecorder {
  has(eventId: string): Promise<boolean>
}
