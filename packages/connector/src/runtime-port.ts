import type { AccessTable } from '@landbridge/access'
import type { Secret } from '@landbridge/kernel'
import type { ChannelSpec, ChannelStatus } from './channels/channel-spec.ts'
import type { AvailableService } from './channels/service-questions.ts'
import type { AuditLevel } from './configuration/audit-level.ts'
import type { OwnCertificate } from './configuration/own-certificates.ts'
import type { SncSettings } from './configuration/snc.ts'
import type { ConnectionLimit } from './configuration/tunnel-limits.ts'
import type { PropagationSetup } from './propagation/settings.ts'
import type { PayloadTrace } from './trace/exchange-trace.ts'
import type { BackendConnections } from './traffic/backend-connections.ts'
import type { SubaccountTraffic } from './traffic/subaccount-traffic.ts'

/**
 * The running side of a connector, as its administration sees it. `apply` receives the whole wanted state after every
 * change; the runtime brings itself there without dropping streams that the change does not concern.
 */
export interface ConnectorRuntime {
  /** Returns at once; connecting goes on in the background. Applying the same snapshot twice changes nothing. */
  apply(snapshot: ConnectorSnapshot): void
  /** State of one subaccount's tunnel. Unknown subaccounts are `Disconnected`. */
  status(subaccountId: string, regionHost: string): TunnelStatus
  /** What passed through a subaccount; undefined for one that does not run here, on a shadow above all. */
  traffic(subaccountId: string, regionHost: string): SubaccountTraffic | undefined
  /** Open connections to systems, by virtual host. */
  backendConnections(subaccountId: string, regionHost: string): readonly BackendConnections[]
  /**
   * Writes what passes the tunnels of a subaccount from now on, requests and answers without secrets; null ends it.
   * Requests under way are not traced. Unknown subaccounts are left alone.
   */
  trace(subaccountId: string, regionHost: string, trace: PayloadTrace | null): void
  /**
   * Opens a service channel that the configuration does not have yet as enabled: `apply` with it, or `abandonChannel`,
   * must follow. A channel that is open stays as it is.
   * @throws PlatformError when the subaccount is not connected, the port is taken or the cloud side refuses
   */
  openChannel(subaccountId: string, regionHost: string, channel: ChannelSpec): Promise<void>
  /** Closes a channel that was opened and will not become part of the configuration. */
  abandonChannel(subaccountId: string, regionHost: string, id: number): void
  channelStatus(subaccountId: string, regionHost: string, id: number): ChannelStatus
  /** What channels of a type could lead to, as the cloud side says. @throws PlatformError when it does not */
  availableServices(subaccountId: string, regionHost: string, kind: string): Promise<readonly AvailableService[]>
  /** Resolves when a channel is connected or has failed once since it was changed. */
  channelSettled(subaccountId: string, regionHost: string, id: number): Promise<void>
  /** Disconnects everything. */
  close(): Promise<void>
}

export type TunnelState = 'Connected' | 'ConnectFailure' | 'Disconnected'

export interface ApplicationConnection {
  readonly connectionCount: number
  readonly name: string
  readonly type: string
  /** Start of the earliest connection that is still open, milliseconds since 1970. */
  readonly connectedSinceMs: number
  /** The other end of each, `address:port`. */
  readonly peers: readonly string[]
}

export interface ConnectFailure {
  /** Of the error catalogue. */
  readonly code: string
  /** Where the cloud side refused: its code. */
  readonly refusal?: string
  readonly reason: string
  readonly atMs: number
}

export interface TunnelStatus {
  readonly state: TunnelState
  /** Milliseconds since 1970; 0 unless connected. A reconnect sets a new value. */
  readonly connectedSinceMs: number
  /** Open physical connections to tunnel servers. */
  readonly connections: number
  readonly applicationConnections: readonly ApplicationConnection[]
  /** One line for an administrator; no secrets. */
  readonly lastError?: string
  /** The failure that `lastError` tells, for programs; gone once the tunnel stands. */
  readonly failure?: ConnectFailure
}

export interface HttpsProxy {
  readonly host: string
  readonly port: number
  readonly user?: string
  readonly password?: Secret
}

/** Which servers the connector believes on the way to backends. */
export interface BackendTrust {
  readonly trustAllBackends: boolean
  /** PEM, one certificate each. */
  readonly certificates: readonly string[]
}

/** The certificate that the connector presents to backends as a system. */
export interface SystemCertificate {
  /** PEM chain, leaf first. */
  readonly cert: string
  /** PEM. */
  readonly key: Secret
}

/** Everything that the runtime needs, at one moment. Immutable. */
export interface ConnectorSnapshot {
  /** Stable across restarts; the connector's identity towards the cloud. */
  readonly installationId: string
  readonly version: string
  readonly description: string
  /** Role in a pair of master and shadow, for the cloud side to show. Absent: it does not say. */
  readonly haRole?: string
  readonly httpsProxy?: HttpsProxy
  readonly trust: BackendTrust
  readonly systemCertificate?: SystemCertificate
  /** Absent: nobody can be propagated. */
  readonly propagation?: PropagationSetup
  /** Absent: not configured. */
  readonly snc?: SncSettings
  /** What the cloud side is told of, now and when it changes; absent: nothing is told. */
  readonly ownCertificates?: readonly OwnCertificate[]
  readonly subaccounts: readonly SubaccountRuntime[]
}

/** Where the control session of a region is dialled. */
export interface RegionEndpoint {
  /** Server name for TLS, and the address unless `address` is set. */
  readonly notificationHost: string
  readonly address?: string
  readonly port: number
  /** PEM of the certificate authorities to believe; empty: the system's list. */
  readonly ca: string
}

export interface TrustedIssuer {
  readonly issuer: string
  readonly jwks: object
  /** How to read tokens of an issuer that is not the platform's own; absent for that one. */
  readonly rules?: object
}

/** Cookie domains of an internal domain are shown to the cloud as the virtual one (guide L27693). */
export interface DomainMapping {
  readonly virtualDomain: string
  readonly internalDomain: string
}

export interface SubaccountRuntime {
  readonly subaccountId: string
  readonly regionHost: string
  readonly locationId: string
  readonly description: string
  /** The administrator's wish; the state is in `TunnelStatus`. */
  readonly connected: boolean
  /** Several connectors of the same location share the load. */
  readonly loadSharing: boolean
  /** Physical connections per tunnel server. */
  readonly tunnelConnections: number
  /** Each connection of a client of the cloud side has its own backend connections. Absent: they are shared. */
  readonly bindsClients?: boolean
  /** Proxies that get another number, by their display name. Absent: none. */
  readonly connectionLimits?: readonly ConnectionLimit[]
  readonly endpoint: RegionEndpoint
  /** PEM chain, leaf first. */
  readonly certificate: string
  /** PEM (PKCS#8). */
  readonly privateKey: Secret
  readonly access: AccessTable
  /** Absent: refusals only. */
  readonly auditLevel?: AuditLevel
  /** OAuth clients that may use the tunnel. Absent or empty: all. */
  readonly trustedApplications?: readonly string[]
  readonly domainMappings: readonly DomainMapping[]
  readonly trustedIssuers: readonly TrustedIssuer[]
  /** Service channels that are enabled. Absent: none. */
  readonly channels?: readonly ChannelSpec[]
}
