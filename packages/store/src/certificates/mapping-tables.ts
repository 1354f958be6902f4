/** Tables of communication users and of the client certificates that stand for them. */
export interface MappingTables {
  communication_users: {
    id: string
    subaccount_id: string
    name: string
    /** The name in lower case, by which it is unique in its subaccount. */
    name_key: string
    description: string
    destination_instance_id: string | null
    connectivity_instance_id: string | null
    created_at_ms: number
  }
  trusted_issuers: {
    fingerprint: string
    certificate: string
    subject: string
    not_before_ms: number
    not_after_ms: number
    created_at_ms: number
  }
  certificate_mappings: {
    id: string
    subaccount_id: string
    user_id: string
    /** Of a certificate: unique in its subaccount. Null for a pattern, as is all else that only a certificate has. */
    fingerprint: string | null
    certificate: string | null
    serial_number: string | null
    not_before_ms: number | null
    not_after_ms: number | null
    /** Of a certificate, or the pattern. */
    subject: string
    subject_key: string
    issuer: string
    /** The trusted issuer of a pattern. */
    issuer_fingerprint: string | null
    created_at_ms: number
  }
}
