import type {
  CertificateMapping,
  CommunicationUser,
  ExactMapping,
  PatternMapping,
  TrustedIssuer,
} from '@landbridge/certificates'
import type { Selectable } from 'kysely'
import type { MappingTables } from './mapping-tables.ts'

export type UserRow = Selectable<MappingTables['communication_users']>
export type IssuerRow = Selectable<MappingTables['trusted_issuers']>
/** A mapping with the name of its user. */
export type MappingRow = Selectable<MappingTables['certificate_mappings']> & { readonly user_name: string }

export function toUser(row: UserRow): CommunicationUser {
  const { destination_instance_id: destination, connectivity_instance_id: connectivity } = row
  return {
    id: row.id,
    subaccountId: row.subaccount_id,
    name: row.name,
    description: row.description,
    instances: {
      ...(destination === null ? {} : { destination }),
      ...(connectivity === null ? {} : { connectivity }),
    },
    createdAtMs: row.created_at_ms,
  }
}

export function fromUser(user: CommunicationUser): UserRow {
  return {
    id: user.id,
    subaccount_id: user.subaccountId,
    name: user.name,
    name_key: user.name.toLowerCase(),
    description: user.description,
    destination_instance_id: user.instances.destination ?? null,
    connectivity_instance_id: user.instances.connectivity ?? null,
    created_at_ms: user.createdAtMs,
  }
}

export function toIssuer(row: IssuerRow): TrustedIssuer {
  return {
    fingerprint: row.fingerprint,
    certificate: row.certificate,
    subject: row.subject,
    notBeforeMs: row.not_before_ms,
    notAfterMs: row.not_after_ms,
    createdAtMs: row.created_at_ms,
  }
}

export function fromIssuer(issuer: TrustedIssuer): IssuerRow {
  return {
    fingerprint: issuer.fingerprint,
    certificate: issuer.certificate,
    subject: issuer.subject,
    not_before_ms: issuer.notBeforeMs,
    not_after_ms: issuer.notAfterMs,
    created_at_ms: issuer.createdAtMs,
  }
}

export function toMapping(row: MappingRow): CertificateMapping {
  return row.fingerprint === null ? toPattern(row) : toExact(row)
}

export function toExact(row: MappingRow): ExactMapping {
  return {
    kind: 'certificate',
    ...toOwner(row),
    fingerprint: row.fingerprint ?? '',
    certificate: row.certificate ?? '',
    subject: row.subject,
    issuer: row.issuer,
    serialNumber: row.serial_number ?? '',
    notBeforeMs: row.not_before_ms ?? 0,
    notAfterMs: row.not_after_ms ?? 0,
  }
}

export function toPattern(row: MappingRow): PatternMapping {
  return {
    kind: 'pattern',
    ...toOwner(row),
    subject: row.subject,
    issuer: row.issuer,
    issuerFingerprint: row.issuer_fingerprint ?? '',
  }
}

function toOwner(row: MappingRow) {
  return {
    id: row.id,
    subaccountId: row.subaccount_id,
    userId: row.user_id,
    userName: row.user_name,
    createdAtMs: row.created_at_ms,
  }
}

export function fromMapping(mapping: CertificateMapping): Omit<MappingRow, 'user_name'> {
  const isExact = mapping.kind === 'certificate'
  return {
    id: mapping.id,
    subaccount_id: mapping.subaccountId,
    user_id: mapping.userId,
    fingerprint: isExact ? mapping.fingerprint : null,
    certificate: isExact ? mapping.certificate : null,
    serial_number: isExact ? mapping.serialNumber : null,
    not_before_ms: isExact ? mapping.notBeforeMs : null,
    not_after_ms: isExact ? mapping.notAfterMs : null,
    subject: mapping.subject,
    subject_key: mapping.subject.toLowerCase(),
    issuer: mapping.issuer,
    issuer_fingerprint: isExact ? null : mapping.issuerFingerprint,
    created_at_ms: mapping.createdAtMs,
  }
}
