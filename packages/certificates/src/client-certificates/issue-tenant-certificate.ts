import { randomUUID } from 'node:crypto'
import { certificateFacts, type LocalCa } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import type { KeyAlgorithm, TenantCertificate, TenantKeyPair } from './tenant-certificate.ts'

export interface TenantCertificateWish {
  readonly subaccountId: string
  readonly name: string
  readonly keyAlgorithm: KeyAlgorithm
  readonly lifetimeDays: number
}

const rsaBits = { 'RSA-2048': 2048, 'RSA-3072': 3072, 'RSA-4096': 4096 } as const

/** Makes a key pair and a client certificate for a tenant. A successor has the same subject: same owner, same usage. */
export async function issueTenantCertificate(
  authority: LocalCa,
  wish: TenantCertificateWish,
  nowMs: number,
  predecessorId?: string,
): Promise<TenantKeyPair> {
  const { subaccountId, name, keyAlgorithm, lifetimeDays } = wish
  const { cert, key } = await authority.issueClient({
    subject: { CN: name, L: subaccountId, OU: 'Tenant client certificates', O: 'Landbridge' },
    days: lifetimeDays,
    ...(keyAlgorithm === 'EC-P256' ? {} : { rsaBits: rsaBits[keyAlgorithm] }),
  })
  const certificate: TenantCertificate = {
    id: randomUUID(),
    subaccountId,
    name,
    state: 'active',
    renewer: 'platform',
    keyAlgorithm,
    lifetimeDays,
    ...readLeaf(cert),
    ...(predecessorId === undefined ? {} : { predecessorId }),
    createdAtMs: nowMs,
  }
  return { certificate, privateKey: new Secret(key) }
}

/** What is kept of a chain besides its text. @throws PlatformError CERTIFICATE_INVALID */
export function readLeaf(chain: string) {
  const { fingerprint, subject, notBefore, notAfter } = certificateFacts(chain)
  return {
    certificate: chain,
    fingerprint,
    subject,
    notBeforeMs: notBefore.getTime(),
    notAfterMs: notAfter.getTime(),
  }
}
