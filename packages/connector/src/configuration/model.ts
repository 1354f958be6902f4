import type { SystemMapping } from '@landbridge/access'
import type { Secret } from '@landbridge/kernel'
import type { KerberosSettings } from '../propagation/kerberos.ts'
import type { PropagationSettings } from '../propagation/settings.ts'
import type { DomainMapping, HttpsProxy, RegionEndpoint } from '../runtime-port.ts'
import type { AuditLevel } from './audit-level.ts'
import type { CustomRegion } from './custom-regions.ts'
import type { HaPeer, HaTerm, MasterSettings, ShadowSettings } from './high-availability-settings.ts'
import type { LdapSettings } from './ldap.ts'
import type { ServiceChannel } from './service-channel.ts'
import type { SncSettings } from './snc.ts'
import type { AdvancedConnectivity, ConnectionLimit } from './tunnel-limits.ts'

/** Everything an administrator can configure, at one version. Immutable: a change makes a new one that shares the rest. */
export interface ConnectorConfiguration {
  readonly settings: ConnectorSettings
  /** By `subaccountKey`, in the order of their creation. */
  readonly subaccounts: ReadonlyMap<string, Subaccount>
  /** Authorities of backends, by alias. */
  readonly trustedCertificates: ReadonlyMap<string, TrustedCertificate>
}

/** Role of the instance in a pair of master and shadow; `undefined` until the administrator chooses. */
export type HaRole = 'undefined' | 'master' | 'shadow'

export interface Administrator {
  readonly user: string
  /** `scrypt$…`; never the password. */
  readonly passwordHash: string
  /** True until the password that everybody knows has been replaced. */
  readonly hasInitialPassword: boolean
  /** Rises with each change of user or password; sessions of older generations are over. */
  readonly generation: number
}

/** Certificate of the administration port with the local authority that issued it. */
export interface UiCertificate {
  /** PEM chain, leaf first. */
  readonly cert: string
  readonly key: Secret
  /** An administrator brought it: it is not replaced before it expires. */
  readonly isInstalled?: boolean
}

/** A certificate of the connector towards internal systems. */
export interface OnPremiseCertificate {
  /** PEM chain, leaf first. */
  readonly cert: string
  /** PEM (PKCS#8). */
  readonly key: Secret
}

/** A signing request whose answer is awaited; only the most recent one counts (guide L23156). */
export interface PendingRequest {
  /** PEM (PKCS#10). */
  readonly csr: string
  readonly key: Secret
}

export interface ConnectorSettings {
  readonly installationId: string
  readonly description: string
  readonly haRole: HaRole
  readonly administrator: Administrator
  readonly httpsProxy?: HttpsProxy
  readonly trustAllBackends: boolean
  readonly uiCertificate?: UiCertificate
  readonly uiCertificateRequest?: PendingRequest
  /** Names of the TLS cipher suites of the administration port (IANA). Absent: those of the runtime. */
  readonly cipherSuites?: readonly string[]
  /** Shown to internal systems that ask for a certificate. */
  readonly systemCertificate?: OnPremiseCertificate
  readonly systemCertificateRequest?: PendingRequest
  /** The authority that signs the certificates of propagated users. */
  readonly ppCaCertificate?: OnPremiseCertificate
  readonly ppCaCertificateRequest?: PendingRequest
  /** Absent: the defaults. */
  readonly propagation?: PropagationSettings
  /** Present: users come from this directory, and the local one has no say. */
  readonly ldap?: LdapSettings
  readonly kerberos?: KerberosSettings
  /** Of this machine. Absent: not configured. */
  readonly snc?: SncSettings
  readonly haMaster?: MasterSettings
  readonly haShadow?: ShadowSettings
  readonly haPeer?: HaPeer
  /** Absent: `firstTerm`. */
  readonly haTerm?: HaTerm
  /** Regions that the selection offers besides those of the configuration. Absent: none. */
  readonly customRegions?: readonly CustomRegion[]
  readonly solutionManagement?: SolutionManagement
  /** Of everything that belongs to no subaccount. Absent: `defaultAuditLevel`. */
  readonly auditLevel?: AuditLevel
  /** Absent, or without some of them: the defaults (`advancedConnectivityOf`). */
  readonly advancedConnectivity?: Partial<AdvancedConnectivity>
  /** ID of the newest service channel, present or gone. Absent: there never was one. */
  readonly lastChannelId?: number
}

/** Reporting to a monitoring product of others (guide L23461). */
export interface SolutionManagement {
  readonly isEnabled: boolean
  readonly hostAgentPath: string
  readonly dsrEnabled: boolean
}

export interface TrustedCertificate {
  readonly alias: string
  readonly pem: string
  readonly subject: string
  readonly issuer: string
  readonly notAfterMs: number
}

/** An issuer of user tokens that the cloud side names and the administrator may switch off. */
export interface IdentityProvider {
  /** Numeric, stable for the same name across synchronisations. */
  readonly id: number
  readonly name: string
  readonly description: string
  readonly issuer: string
  readonly jwks: object
  /** How its tokens are to be read, when the platform's own rules are not what it follows. */
  readonly rules?: object
  readonly enabled: boolean
}

/** How the cloud side is reached in a region, and as whom. */
export interface WayToCloud {
  readonly regionHost: string
  /** The cloud user who paired ("Initiated By"). The password is not kept. */
  readonly user: string
  readonly endpoint: RegionEndpoint
  /** PEM chain, leaf first. */
  readonly certificate: string
  /** PEM (PKCS#8). Made here; it never leaves. */
  readonly privateKey: Secret
}

/** A subaccount of the same ID in another region, which has all else in common with the original (guide L19525). */
export interface RecoverySubaccount extends WayToCloud {
  /** It has taken the place of the original for the time being. */
  readonly isActive: boolean
}

export interface SubaccountProperties extends WayToCloud {
  readonly subaccountId: string
  /** Empty: shown as the subaccount ID. */
  readonly displayName: string
  readonly locationId: string
  readonly description: string
  /** The administrator's wish; it survives restarts. */
  readonly connected: boolean
  readonly loadSharing: boolean
  /** Physical connections per tunnel server; 1: as the connector has it for all. */
  readonly tunnelConnections: number
  /** Applications of the cloud side that get another number. Absent: none. */
  readonly connectionLimits?: readonly ConnectionLimit[]
  readonly autoCertRenewal: boolean
  readonly isManaged: boolean
  readonly autoSyncTrust: boolean
  /** Absent: `defaultAuditLevel`. */
  readonly auditLevel?: AuditLevel
  /** OAuth clients that may use the tunnel. Absent or empty: all of the subaccount. */
  readonly trustedApplications?: readonly string[]
  readonly recovery?: RecoverySubaccount
  readonly createdAtMs: number
}

export interface Subaccount extends SubaccountProperties {
  /** By `mappingKey`, in the order of their creation. */
  readonly mappings: ReadonlyMap<string, SystemMapping>
  /** By internal domain. */
  readonly domainMappings: ReadonlyMap<string, DomainMapping>
  readonly identityProviders: ReadonlyMap<number, IdentityProvider>
  /** By ID, ascending. */
  readonly channels: ReadonlyMap<number, ServiceChannel>
}

/** Neither part has a case that counts: the cloud side knows both in either. */
export function subaccountKey(regionHost: string, subaccountId: string): string {
  return `${subaccountId.toLowerCase()}@${regionHost.toLowerCase()}`
}

/** Host names are compared without regard to case, ports as text. */
export function mappingKey(virtualHost: string, virtualPort: string): string {
  return `${virtualHost.toLowerCase()}:${virtualPort}`
}
