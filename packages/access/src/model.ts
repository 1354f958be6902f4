/** Backend protocols of a system mapping (guide L24374). `RFCWS` is RFC over WebSocket of later versions. */
export const protocols = ['HTTP', 'HTTPS', 'RFC', 'RFCS', 'RFCWS', 'LDAP', 'LDAPS', 'TCP', 'TCPS'] as const
export type Protocol = (typeof protocols)[number]

/** How a backend learns who calls (guide L24380). */
export const authenticationModes = ['NONE', 'NONE_RESTRICTED', 'X509_GENERAL', 'X509_RESTRICTED', 'KERBEROS'] as const
export type AuthenticationMode = (typeof authenticationModes)[number]

/** Kinds of backend (guide L24377). */
export const backendTypes = [
  'abapSys',
  'netweaverCE',
  'netweaverGW',
  'applServerJava',
  'BC',
  'PI',
  'hana',
  'otherSAPsys',
  'nonSAPsys',
] as const
export type BackendType = (typeof backendTypes)[number]

/** Which host name the backend sees in `Host` (guide L21181). */
export type HostInHeader = 'virtual' | 'internal'

/** A path (HTTP) or function module name (RFC) that a mapping exposes. */
export interface Resource {
  readonly id: string
  /** A suspended resource counts as absent. */
  readonly enabled: boolean
  /** True: only the identical text; false: everything that starts with it (guide L21222). */
  readonly exactMatchOnly: boolean
  readonly websocketUpgradeAllowed: boolean
  /** Absent unless it was ever set. */
  readonly description?: string
  readonly createdAtMs: number
  /** Names of the scenarios that it belongs to, in the order of their import. Absent: none. */
  readonly scenarios?: readonly string[]
  /** A scenario brought it: it goes with the last of its scenarios. Absent: an administrator made it. */
  readonly isFromScenario?: true
}

export interface BlockedUser {
  readonly client: string
  readonly user: string
}

/** One entry of the access control: a virtual address and the internal system behind it. */
export interface SystemMapping {
  /** As entered; compared without regard to case. */
  readonly virtualHost: string
  /** A port, a range `low-high` (TCP, TCPS) or an RFC service name such as `sapgw00`. */
  readonly virtualPort: string
  readonly internalHost: string
  readonly internalPort: string
  readonly protocol: Protocol
  readonly backendType: BackendType
  readonly authenticationMode: AuthenticationMode
  readonly hostInHeader: HostInHeader
  /** Absent unless it was ever set. */
  readonly sid?: string
  /** Absent unless it was ever set. */
  readonly description?: string
  readonly sncPartnerName?: string
  readonly sapRouter?: string
  /** RFC clients that may be used; empty means all. */
  readonly allowedClients: readonly string[]
  /** Users that are refused although their client is allowed. */
  readonly blockedUsers: readonly BlockedUser[]
  readonly createdAtMs: number
  readonly resources: readonly Resource[]
}

/** True for the protocols whose requests carry a path. */
export function isHttp(protocol: Protocol): boolean {
  return protocol === 'HTTP' || protocol === 'HTTPS'
}

/** True for the protocols that call function modules. */
export function isRfc(protocol: Protocol): boolean {
  return protocol === 'RFC' || protocol === 'RFCS' || protocol === 'RFCWS'
}

/** True for the protocols whose bytes pass unseen and whose port may be a range. */
export function isTcp(protocol: Protocol): boolean {
  return protocol === 'TCP' || protocol === 'TCPS'
}

/** True for the protocols that a TCP connection through the tunnel may use: their bytes pass as they are. */
export function isByteStream(protocol: Protocol): boolean {
  return isTcp(protocol) || protocol === 'LDAP' || protocol === 'LDAPS'
}

/** True when the connector itself speaks TLS to the backend. */
export function isTls(protocol: Protocol): boolean {
  return protocol === 'HTTPS' || protocol === 'LDAPS' || protocol === 'TCPS' || protocol === 'RFCWS'
}
