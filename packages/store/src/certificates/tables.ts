/** Tables of certificates. Times are milliseconds since 1970, lists and objects JSON text. */
export interface CertificateTables {
  tenant_certificates: TenantCertificateRow
  /** The outbox: what happened to certificates, for whoever tells people of it. */
  certificate_events: CertificateEventRow
  renewal_runs: RenewalRunRow
  renewal_outcomes: RenewalOutcomeRow
}

export interface TenantCertificateRow {
  id: string
  subaccount_id: string
  name: string
  state: string
  renewer: string
  key_algorithm: string
  lifetime_days: number
  /** PEM chain, leaf first. */
  certificate: string
  /** PEM, sealed for `tenant-certificate:<id>`; null once retired. */
  private_key: string | null
  fingerprint: string
  subject: string
  not_before_ms: number
  not_after_ms: number
  /** Unique: a certificate is renewed once. */
  predecessor_id: string | null
  successor_id: string | null
  created_at_ms: number
  retired_at_ms: number | null
}

export interface CertificateEventRow {
  id: string
  /** The `CertificateEvent`. */
  json: string
  recorded_at_ms: number
}

export interface RenewalRunRow {
  /** `monthly:<year>-<month>` or another name that all replicas compute alike; a fresh one for a run on demand. */
  id: string
  /** The date that the run works with. */
  at_ms: number
  state: string
  /** The replica that works on it, and until when that is believed. */
  holder: string
  lease_until_ms: number
  started_at_ms: number
  finished_at_ms: number | null
}

/** What a run did to a certificate, written with it: once per run. */
export interface RenewalOutcomeRow {
  run_id: string
  certificate: string
  /** The `RunOutcome`. */
  json: string
  recorded_at_ms: number
}
