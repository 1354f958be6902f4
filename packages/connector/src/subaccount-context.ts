import type { AccessTable, System } from '@landbridge/access'
import type { Log } from '@landbridge/kernel'
import type { Preface } from '@landbridge/tunnel'
import type { BackendIdentity } from './backend/backend-identity.ts'
import type { BackendPool } from './backend/backend-pool.ts'
import type { SncSettings } from './configuration/snc.ts'
import type { IdentityHeaders } from './http/request-rewrite.ts'
import type { RfcSettings } from './rfc/rfc-settings.ts'
import type { DomainMapping } from './runtime-port.ts'
import type { SubaccountTraffic } from './traffic/index.ts'

/** A request or connection for the audit log: one that was refused, or at level `All` one that was let through. */
export interface AccessRecord {
  readonly subaccountId: string
  readonly virtualHost: string
  /** A number, or an RFC service name such as `sapgw42`. */
  readonly virtualPort: number | string
  /** Path without query; '' for TCP. */
  readonly path: string
  /** A denial of access control or a code of the error catalogue; empty when it was let through. */
  readonly reason: string
  /** Function module, for RFC. */
  readonly resource?: string
  /** The line of the audit log, where the protocol has one of its own (RFC, guide L15170). */
  readonly message?: string
}

/** A record of a refusal. */
export type DeniedAccess = AccessRecord

/** What identity propagation decided about a request. */
export type IdentityDecision =
  | {
      readonly kind: 'headers'
      /** Null: the identity's own certificate says who it is. */
      readonly headers: IdentityHeaders | null
      /** Null: nobody but the connector itself. */
      readonly identity: BackendIdentity | null
    }
  | IdentityRefusal

/** Why a user is not believed. */
export interface IdentityRefusal {
  readonly kind: 'refused'
  readonly status: number
  readonly code: string
  /** What happened and, on the second line, what to do. */
  readonly text: string
}

/** Hears how far a decision about a user is that takes time. */
export interface IdentityObserver {
  /** The token is valid; what follows is made for the backend. */
  tokenValidated(): void
}

/**
 * Turns propagated tokens into what the backend of a system understands. Null: nothing to add. A promise only where a
 * certificate has to be issued first, so that a cached user costs no turn of the event loop.
 */
export type IdentityPropagation = (
  system: System,
  preface: Readonly<Preface>,
  observer?: IdentityObserver,
) => IdentityDecision | null | Promise<IdentityDecision | null>

/** One subaccount while the connector runs: what its streams may reach. Fields change when the configuration does. */
export interface SubaccountContext {
  readonly subaccountId: string
  access: AccessTable
  domainMappings: readonly DomainMapping[]
  readonly backends: BackendPool
  readonly propagate: IdentityPropagation | null
  /** Whether the user in a preface is believed, for protocols that have no place for a certificate. Null: yes. */
  verifyUser?: (preface: Readonly<Preface>) => Promise<IdentityRefusal | null>
  /** OAuth clients that may use the tunnel. Null or absent: all. */
  applications?: ReadonlySet<string> | null
  /** Absent: SNC is not configured. */
  snc?: SncSettings | undefined
  /** Absent: the defaults. */
  readonly rfc?: RfcSettings
  readonly log: Log
  /** Absent: nothing is recorded for monitoring. */
  readonly traffic?: SubaccountTraffic
  denied: (access: DeniedAccess) => void
  /** Null or absent: what is let through is not recorded. */
  allowed?: ((access: AccessRecord) => void) | null
}
