import type { Protocol } from '@landbridge/access'
import type { ChannelSpec } from '@landbridge/connector'

/** The one signing key of the token service, as a process is told it. Made for one test run. */
export interface SigningSettings {
  readonly issuer: string
  readonly keyId: string
  /** PEM (PKCS#8). */
  readonly privateKey: string
  readonly publicJwk: object
}

/** What a cloud process runs: the connectivity service, the connectivity proxy, or both. */
export interface CloudSettings {
  /** PEM of the platform's own authority. */
  readonly ca: { readonly certificate: string; readonly key: string }
  readonly signing: SigningSettings
  readonly service?: ServiceSettings
  readonly proxy?: ProxySettings
}

export interface ServiceSettings {
  /** SQLite file: what the service knows survives its death. */
  readonly database: string
  /** 32 bytes, base64. */
  readonly sealingKey: string
  readonly port: number
  readonly heartbeatMs: number
}

export interface ProxySettings {
  /** Port of the connectivity service; 0: the one in this process. */
  readonly servicePort: number
  /** OAuth client of the proxy; '': a new binding, made in this process. */
  readonly clientId: string
  readonly httpPort: number
  readonly socks5Port: number
  readonly tunnelPort: number
  readonly displayName: string
  /** Service mappings (YAML), read again when they change. */
  readonly mappingsFile: string
  /** Empty: the token of the caller decides. */
  readonly dedicatedTo: string
  /** Differences from the defaults of the configuration. */
  readonly timeouts: Readonly<Record<string, number>>
}

export interface CloudReady {
  readonly servicePort: number
  readonly httpPort: number
  readonly socks5Port: number
  readonly tunnelPort: number
  readonly proxyClientId: string
}

/** A subaccount with a user who may pair, and an OAuth client whose tokens may use the proxy. */
export interface Tenant {
  readonly subaccountId: string
  readonly clientId: string
  readonly user: string
  readonly password: string
}

export interface Mapping {
  readonly virtualHost: string
  readonly virtualPort: number
  readonly port: number
  readonly protocol: Protocol
}

export interface AgentSettings {
  /** Keeps what pairing yielded, so that a restarted agent needs no user. */
  readonly stateFile: string
  readonly servicePort: number
  /** PEM of the authorities to believe. */
  readonly ca: string
  readonly tenant: Tenant
  readonly locationId: string
  readonly loadSharing: boolean
  readonly mappings: readonly Mapping[]
  /** Enabled service channels. */
  readonly channels: readonly ChannelSpec[]
  readonly heartbeatMs: number
  readonly responseMs: number
  readonly connectMs: number
  readonly httpsProxy?: { readonly port: number; readonly user?: string; readonly password?: string }
}

/** Contents of the state file. */
export interface PairedState {
  readonly connectorId: string
  readonly notificationHost: string
  readonly port: number
  readonly certificate: string
  readonly privateKey: string
}
