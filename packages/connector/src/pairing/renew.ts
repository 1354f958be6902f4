import type { Secret } from '@landbridge/kernel'
import { createKeyAndRequest } from './certificate-request.ts'
import { issuedCertificate } from './pair.ts'
import { askRegion, type RegionAccess } from './region-request.ts'

export interface RenewalRequest {
  readonly subaccountId: string
  /** The certificate that is to be renewed, and its key: they are the only credentials. */
  readonly certificate: string
  readonly privateKey: Secret
}

/**
 * Gets the next certificate with a new key, over mutual TLS with the present one. The old one stays good.
 * @throws PlatformError CONNECTOR_SUBACCOUNT_REFUSED and those of `askRegion`; for a
 *   certificate that has expired a user must renew it
 */
export async function renewWithCertificate(
  access: RegionAccess,
  { subaccountId, certificate, privateKey }: RenewalRequest,
): Promise<{ readonly certificate: string; readonly privateKey: Secret }> {
  const next = await createKeyAndRequest(subaccountId)
  const answer = await askRegion(access, {
    service: 'connectivitycertsigning',
    method: 'POST',
    path: `/api/v1/subaccounts/${encodeURIComponent(subaccountId)}/certificates/renewal`,
    clientCertificate: { cert: certificate, key: privateKey },
    body: { csr: next.csr, automaticRenewal: true },
  })
  return {
    certificate: issuedCertificate(answer, next.privateKey, access, { subaccountId }),
    privateKey: next.privateKey,
  }
}
