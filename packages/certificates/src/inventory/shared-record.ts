import type { CertificateRecord } from './certificate-record.ts'

/** A record as REST shows it, on the cloud side and on connectors alike: times in ISO 8601, without the chain. */
export function toSharedRecord(record: CertificateRecord): object {
  const { notBeforeMs, notAfterMs, chain: _long, renewer, reportedAtMs, ...shown } = record
  return {
    ...shown,
    notBefore: new Date(notBeforeMs).toISOString(),
    notAfter: new Date(notAfterMs).toISOString(),
    renewedBy: renewer,
    ...(reportedAtMs === undefined ? {} : { lastReported: new Date(reportedAtMs).toISOString() }),
  }
}
