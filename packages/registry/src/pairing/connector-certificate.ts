import { PlatformError } from '@landbridge/kernel'

/** A connector's subaccount certificate, as the cloud side remembers it. */
export interface ConnectorCertificate {
  /** SHA-256 of the DER form, lower-case hex. */
  readonly fingerprint: string
  /** Lower-case hex. */
  readonly serial: string
  readonly subaccountId: string
  readonly connectorId: string
  readonly locationId: string
  readonly description: string
  /** User name of who paired or refreshed; the certificate itself does not hold it (guide L31422). */
  readonly initiatedBy: string
  readonly issuedAtMs: number
  readonly notAfterMs: number
  /** PEM chain, leaf first; absent for what was issued before chains were kept. */
  readonly chain?: string
  /** Fingerprint of the certificate that this one took over from. */
  readonly predecessor?: string
  /** The connector said that it renews its certificate by itself. */
  readonly isRenewedByConnector?: boolean
  /** Absent while the certificate is good. */
  readonly revoked?: { readonly atMs: number; readonly reason: string }
}

/** What to revoke: one certificate, all of an installation, or all of a subaccount. */
export type RevocationTarget =
  | { readonly fingerprint: string }
  | { readonly connectorId: string; readonly subaccountId?: string }
  | { readonly subaccountId: string }

/**
 * Checks what the TLS handshake cannot know. `certificate` is undefined when none was issued under the fingerprint.
 * @throws PlatformError CONNECTOR_CERTIFICATE_UNKNOWN, _REVOKED or _EXPIRED
 */
export function assertCertificateGood(
  certificate: ConnectorCertificate | undefined,
  fingerprint: string,
  nowMs: number,
): ConnectorCertificate {
  if (certificate === undefined) throw new PlatformError('CONNECTOR_CERTIFICATE_UNKNOWN', { fingerprint })
  if (certificate.revoked !== undefined)
    throw new PlatformError('CONNECTOR_CERTIFICATE_REVOKED', { reason: certificate.revoked.reason, fingerprint })
  if (certificate.notAfterMs <= nowMs)
    throw new PlatformError('CONNECTOR_CERTIFICATE_EXPIRED', {
      notAfter: new Date(certificate.notAfterMs).toISOString(),
      fingerprint,
    })
  return certificate
}
