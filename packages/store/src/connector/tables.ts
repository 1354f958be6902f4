/** Rows of a connector's own database. `data` is JSON of what no query asks for; secrets have sealed columns. */
export interface ConnectorTables {
  /** `value` is JSON, sealed for the names in `sealedSettings`. */
  connector_setting: { name: string; value: string }
  connector_subaccount: {
    subaccount_key: string
    position: number
    data: string
    /** Sealed with the context `connector-subaccount:<key>`. */
    private_key: string
  }
  connector_mapping: { subaccount_key: string; mapping_key: string; position: number; data: string }
  connector_resource: {
    subaccount_key: string
    mapping_key: string
    resource_id: string
    position: number
    data: string
  }
  connector_domain_mapping: {
    subaccount_key: string
    internal_domain: string
    position: number
    virtual_domain: string
  }
  connector_identity_provider: { subaccount_key: string; id: number; position: number; data: string }
  connector_channel: { subaccount_key: string; id: number; data: string }
  connector_usage: {
    subaccount_key: string
    mapping_key: string
    resource: string
    calls: number
    bytes_received: number
    bytes_sent: number
    last_access_ms: number
  }
  connector_usage_since: { subaccount_key: string; since_ms: number }
  connector_trusted_certificate: { alias: string; position: number; data: string }
  connector_audit: {
    sequence: number
    at_ms: number
    actor: string
    category: string
    action: string
    subaccount: string
    object: string
    details: string
    /** SHA-256, hexadecimal, over the previous hash and every column before this one. */
    hash: string
  }
}
