/** Tables of the registry. Times are milliseconds since 1970, truth values 0 and 1, lists and objects JSON text. */
export interface RegistryTables {
  registry_sequence: { name: string; value: number }
  subaccount: { id: string; subdomain: string; display_name: string; created_at: number }
  service_instance: {
    id: string
    subaccount_id: string
    service: string
    plan: string
    name: string
    xsappname: string
    parameters: string
    redirect_uris: string
    supports_x509: number
    created_at: number
    /** Sealed for `instance-request:<id>`: the request may have held secrets. */
    request_digest: string | null
  }
  service_binding: {
    id: string
    instance_id: string
    name: string
    /** Of this row alone; where `shared_client_id` is set, that one is what clients know. */
    client_id: string
    /** The client of all bindings of the instance that share one secret. */
    shared_client_id: string | null
    credential_type: string
    /** Sealed for `binding:<id>`. */
    client_secret: string | null
    certificate: string | null
    /** Sealed for `binding-key:<id>`. */
    private_key: string | null
    certificate_thumbprint: string | null
    created_at: number
    /** Sealed for `binding-request:<id>`. */
    request_digest: string | null
  }
  subscription: {
    provider_subaccount_id: string
    xsappname: string
    subscriber_subaccount_id: string
    created_at: number
    state: string
    /** JSON list; null where the application names none. */
    dependencies: string | null
    application_url: string | null
    /** JSON object. */
    failure: string | null
  }
  local_user: {
    id: string
    /** Empty for users of the platform. */
    subaccount_id: string
    user_name: string
    /** The user name in lower case, by which it is unique in its subaccount. */
    user_key: string
    email: string
    email_key: string
    given_name: string
    family_name: string
    origin: string
    password_hash: string
    /** Null while it is the first one. */
    password_changed_at: number | null
    role_collections: string
    attributes: string
    created_at: number
  }
  role_collection: { subaccount_id: string; name: string; roles: string }
  /** Outlives its subaccount: a certificate that was revoked with it must stay revoked. */
  connector_certificate: {
    fingerprint: string
    serial: string
    subaccount_id: string
    connector_id: string
    location_id: string
    description: string
    initiated_by: string
    issued_at: number
    not_after: number
    revoked_at: number | null
    revoke_reason: string | null
    /** PEM, leaf first. */
    chain: string | null
    /** Fingerprint. */
    predecessor: string | null
    is_renewed_by_connector: number
  }
  /** What connectors last said of their own certificates. */
  connector_certificate_report: {
    subaccount_id: string
    connector_id: string
    location_id: string
    /** JSON of `ReportedCertificate[]`. */
    certificates: string
    omitted: number
    reported_at: number
  }
  connector_session: {
    session_id: string
    replica_id: string
    subaccount_id: string
    location_id: string
    connector_id: string
    version: string
    description: string
    connector_description: string
    ha_role: string
    load_sharing: number
    fingerprint: string
    serial: string
    remote_address: string
    connected_since: number
    lease_until: number
  }
}
