import { certificateFacts, splitPemChain } from '@landbridge/identity'
import type { CertificateRecord } from './certificate-record.ts'

type Given = Pick<CertificateRecord, 'kind' | 'name' | 'owner' | 'renewer'> &
  Partial<Pick<CertificateRecord, 'state' | 'predecessor' | 'successor' | 'reportedAtMs'>>

/**
 * The record of a certificate in the hands of one owner.
 * @param chain PEM, leaf first
 * @throws PlatformError CERTIFICATE_INVALID
 */
export function readRecord(chain: string, given: Given): CertificateRecord {
  const { fingerprint, subject, issuer, serialNumber, notBefore, notAfter } = certificateFacts(chain)
  const { subaccountId, instanceId = '', connectorId = '' } = given.owner
  // A tunnel's certificate is known by its fingerprint alone; others may be on several connectors.
  const owners = [instanceId, given.kind === 'tunnel' ? '' : connectorId].filter((id) => id !== '')
  return {
    state: 'active',
    ...given,
    id: [given.kind, subaccountId, ...owners, given.name, fingerprint].join(':'),
    fingerprint,
    subject,
    issuer,
    serialNumber,
    notBeforeMs: notBefore.getTime(),
    notAfterMs: notAfter.getTime(),
    chain: splitPemChain(chain),
  }
}
