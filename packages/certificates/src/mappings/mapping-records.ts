import type { CertificateRecord, CertificateSource } from '../inventory/certificate-record.ts'
import type { ExactMapping } from './certificate-mapping.ts'
import type { MappingRepository } from './mapping-repository.ts'

/** The certificates that are assigned to communication users, for the inventory. Their owners are elsewhere. */
export function mappingCertificateSource(repository: Pick<MappingRepository, 'listExact'>): CertificateSource {
  return {
    name: 'inbound mappings',
    list: async () => (await repository.listExact()).map(toRecord),
  }
}

function toRecord(mapping: ExactMapping): CertificateRecord {
  const { subaccountId, fingerprint, userName } = mapping
  return {
    id: `inbound-mapping:${subaccountId}:${fingerprint}`,
    kind: 'inbound-mapping',
    name: userName,
    owner: { subaccountId, user: userName },
    fingerprint,
    subject: mapping.subject,
    issuer: mapping.issuer,
    serialNumber: mapping.serialNumber,
    notBeforeMs: mapping.notBeforeMs,
    notAfterMs: mapping.notAfterMs,
    chain: [mapping.certificate],
    renewer: 'user',
    state: 'active',
  }
}
