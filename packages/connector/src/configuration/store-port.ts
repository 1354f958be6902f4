import type { ConnectorConfiguration } from './model.ts'

/** Categories of the audit trail (guide L30023). */
export type AuditCategory =
  | 'Account'
  | 'Allowed'
  | 'AllowedResource'
  | 'ApplicationTrust'
  | 'AuditLogLevel'
  | 'BackendAuthority'
  | 'BackendMapping'
  | 'Configuration'
  | 'CrossAuditLogLevel'
  | 'Denied'
  | 'DomainMapping'
  | 'IdentityProviderTrust'
  | 'LDAPConfiguration'
  | 'PpcaCertificate'
  | 'PrincipalPropagationConfiguration'
  | 'KerberosConfiguration'
  | 'PayloadTrace'
  | 'ProxySettings'
  | 'RecoveryAccount'
  | 'SCCPassword'
  | 'SNCSettings'
  | 'SCCUser'
  | 'SccCustomRoles'
  | 'ServiceChannelConfiguration'
  | 'SystemCertificate'
  | 'TrustSynchronization'
  | 'TrustedBackendCertificate'

/** What happened, for the audit trail. No secrets: whoever may read the trail reads all of it. */
export interface AuditEvent {
  readonly category: AuditCategory
  readonly action: 'create' | 'update' | 'delete' | 'deny' | 'allow'
  /** What it happened to, for example `erp.corp:443/resources/-sap`. */
  readonly object: string
  /** `<id>@<region host>`; absent for the connector as a whole. */
  readonly subaccount?: string
  readonly details?: Readonly<Record<string, string | number | boolean>>
}

export interface AuditEntry extends AuditEvent {
  readonly sequence: number
  readonly atMs: number
  readonly actor: string
}

/** The outcome of thinking about a change: what to store, what to write to the trail, what to answer. */
export interface Change<T> {
  readonly next: ConnectorConfiguration
  /** Several where the change is one of many entries at once. */
  readonly audit: AuditEvent | readonly AuditEvent[]
  readonly result: T
}

/** What another instance decided, to be stored here as well. */
export interface Adoption {
  readonly next: ConnectorConfiguration
  /** What this instance itself did, if anything. */
  readonly audit?: AuditEvent
}

/** Where the configuration lives. */
export interface ConfigurationStore {
  /** The last committed version. Keep the reference to see one consistent version. */
  readonly current: ConnectorConfiguration
  /**
   * Stores the difference between two versions together with its audit entry, all or nothing. Changes run one after
   * the other, so `decide` sees everything acknowledged before; what it throws changes nothing.
   * When the promise resolves the change survives `kill -9` and power loss.
   * @throws PlatformError STORE_FULL, STORE_FAILED: nothing was changed. CONNECTOR_IS_SHADOW: a shadow changes nothing
   *   but what it has for itself.
   */
  change<T>(actor: string, decide: (current: ConnectorConfiguration) => Change<T>): Promise<T>
  /** As `change`, for what a shadow takes over from its master, whose audit trail has it already. */
  adopt(actor: string, decide: (current: ConnectorConfiguration) => Adoption): Promise<void>
  /** Called after each committed change. Returns the function that ends it. */
  onChange(listener: (current: ConnectorConfiguration) => void): () => void
}
