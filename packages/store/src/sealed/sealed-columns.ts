/** A column whose values are sealed, each for its row. */
export interface SealedColumn {
  readonly table: string
  readonly column: string
  /** The column that names the row, unique in its table. */
  readonly key: string
  /** For which place the value of a row is sealed. */
  context(key: string): string
}

/**
 * Every sealed column of every database, with the context of its values. What is not in this list would be lost when a
 * key is changed, so the stores take their contexts from here.
 */
export const sealedColumns = {
  tenantCertificateKey: sealed('tenant_certificates', 'private_key', 'id', 'tenant-certificate'),
  signingKey: sealed('identity_signing_key', 'private_key', 'key_id', 'signing-key'),
  instanceRequest: sealed('service_instance', 'request_digest', 'id', 'instance-request'),
  bindingSecret: sealed('service_binding', 'client_secret', 'id', 'binding'),
  bindingKey: sealed('service_binding', 'private_key', 'id', 'binding-key'),
  bindingRequest: sealed('service_binding', 'request_digest', 'id', 'binding-request'),
  webhookSecret: sealed('notification_webhook', 'secret', 'id', 'webhook'),
  destinationProperties: sealed('destination', 'properties', 'id', 'destination'),
  levelEntryContent: sealed('level_entry', 'content', 'id', 'level-entry'),
  // One context for both: the pairs of a subaccount change places.
  activeTrust: sealed('destination_trust', 'active_pair', 'subaccount_id', 'destination-trust'),
  passiveTrust: sealed('destination_trust', 'passive_pair', 'subaccount_id', 'destination-trust'),
  sharedToken: sealed('destination_token', 'token', 'key', 'destination-token'),
  // Only settings with secrets are sealed; the others are JSON, which never looks like a sealed value.
  connectorSetting: sealed('connector_setting', 'value', 'name', 'connector-setting'),
  connectorSubaccountKey: sealed('connector_subaccount', 'private_key', 'subaccount_key', 'connector-subaccount'),
} as const satisfies Readonly<Record<string, SealedColumn>>

function sealed(table: string, column: string, key: string, purpose: string): SealedColumn {
  return { table, column, key, context: (value) => `${purpose}:${value}` }
}
