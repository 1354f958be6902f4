import type { Secret } from '@landbridge/kernel'

/** How users get tickets (guide L20888): the connector acts for them at the KDC of their realm. */
export interface KerberosSettings {
  readonly realm: string
  /** Name without realm of the account that may act for users. */
  readonly serviceUser: string
  /** `host` or `host:port`, tried in this order. */
  readonly kdcHosts: readonly string[]
  /** Key table with keys of the account, base64. */
  readonly key: Secret
}

/** Gets tickets from a KDC. */
export interface KerberosTickets {
  /**
   * A token of SPNEGO (base64) with which the user logs on at `HTTP/<host>`; a new ticket each time.
   * @param user name without realm.
   * @throws PlatformError KERBEROS_TICKET, KERBEROS_UNAVAILABLE
   */
  tokenFor(settings: KerberosSettings, user: string, host: string): Promise<string>
}
