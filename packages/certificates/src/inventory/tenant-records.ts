import { certificateFacts, splitPemChain } from '@landbridge/identity'
import type { TenantCertificate } from '../client-certificates/tenant-certificate.ts'
import type { TenantCertificateStore } from '../client-certificates/tenant-certificate-store.ts'
import type { CertificateRecord, CertificateSource } from './certificate-record.ts'

/** ID of a tenant's client certificate in the inventory. */
export function tenantRecordId(certificate: Pick<TenantCertificate, 'subaccountId' | 'fingerprint'>): string {
  return `tenant-client:${certificate.subaccountId}:${certificate.fingerprint}`
}

/** The client certificates of tenants, also those that were replaced or retired. */
export function tenantCertificateSource(store: TenantCertificateStore): CertificateSource {
  return {
    name: 'tenant-client',
    async list() {
      const all = await store.list()
      const byId = new Map(all.map((certificate) => [certificate.id, certificate]))
      return all.map((certificate) => toRecord(certificate, byId))
    },
  }
}

function toRecord(certificate: TenantCertificate, byId: ReadonlyMap<string, TenantCertificate>): CertificateRecord {
  const { issuer, serialNumber } = certificateFacts(certificate.certificate)
  const predecessor = byId.get(certificate.predecessorId ?? '')?.fingerprint
  const successor = byId.get(certificate.successorId ?? '')?.fingerprint
  return {
    id: tenantRecordId(certificate),
    kind: 'tenant-client',
    name: certificate.name,
    owner: { subaccountId: certificate.subaccountId },
    fingerprint: certificate.fingerprint,
    subject: certificate.subject,
    issuer,
    serialNumber,
    notBeforeMs: certificate.notBeforeMs,
    notAfterMs: certificate.notAfterMs,
    chain: splitPemChain(certificate.certificate),
    renewer: certificate.renewer,
    state: certificate.state,
    ...(predecessor === undefined ? {} : { predecessor }),
    ...(successor === undefined ? {} : { successor }),
  }
}
