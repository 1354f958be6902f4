import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import { firstTerm, type HaTerm } from '../configuration/high-availability-settings.ts'
import type { ConnectorConfiguration } from '../configuration/model.ts'
import type { ConfigurationStore } from '../configuration/store-port.ts'
import type { Standing } from './meeting.ts'
import { fingerprintOf, type PeerIdentity } from './peer-proof.ts'

/** What a pair of master and shadow needs from its instance. */
export interface PairOptions {
  readonly store: ConfigurationStore
  readonly clock: Clock
  readonly log: Log
  readonly version: string
  /** The administration port of this instance. */
  readonly ownPort: () => number
  readonly tunnels: PairTunnels
  /** How long a shadow that wants to take over waits for a tunnel. */
  readonly tunnelTimeoutMs: number
  /** The addresses of a host name; none when it has none. */
  readonly resolve: (host: string) => Promise<readonly string[]>
}

/** The tunnels of this instance, as far as a shadow decides about them. */
export interface PairTunnels {
  /** Opens them although this is a shadow. */
  tryOpen(): void
  /** Ends the attempt: from now on the role decides. */
  endTry(): void
  /** Whether any subaccount is meant to be connected. */
  isAnyWanted(): boolean
  isAnyConnected(): boolean
}

/** A version of the configuration of a master, as long as its process lives. */
export interface Position {
  /** Another one for each start and each time as master. */
  readonly epoch: string
  readonly revision: number
}

/** What one instance tells the other whenever they meet. */
export interface PeerStatus {
  readonly role: Standing['role']
  readonly term: HaTerm
  readonly version: string
  /** Master: its current version. Shadow: what it has taken over. */
  readonly position?: Position
  /** Shadow: why it could not take over the latest version. */
  readonly problem?: string
  /** Shadow: where the master finds it; an absent host is the one that the connection comes from. */
  readonly host?: string
  readonly port?: number
  readonly checkIntervalMs?: number
  readonly takeoverDelayMs?: number
}

export function identityOf({ settings }: ConnectorConfiguration): PeerIdentity {
  if (settings.uiCertificate === undefined) throw new TypeError('an instance has a certificate before it starts')
  return settings.uiCertificate
}

export function ownStanding(configuration: ConnectorConfiguration): Standing {
  const { haRole, haTerm } = configuration.settings
  return {
    role: haRole === 'shadow' ? 'shadow' : 'master',
    term: haTerm ?? firstTerm,
    fingerprint: fingerprintOf(identityOf(configuration).cert) ?? '',
  }
}

export function isSamePosition(one: Position | undefined, other: Position | undefined): boolean {
  return one !== undefined && one.epoch === other?.epoch && one.revision === other.revision
}

/** Reads what the other instance tells. @throws PlatformError REQUEST_INVALID */
export function readStatus(body: unknown): PeerStatus {
  const { role, term, version, position, problem, host, port, checkIntervalMs, takeoverDelayMs } = members(body)
  if (role !== 'master' && role !== 'shadow') throw refused('role')
  const { number, isHandedOver } = members(term)
  if (!Number.isSafeInteger(number) || typeof isHandedOver !== 'boolean') throw refused('term')
  if (typeof version !== 'string' || version.length > 100) throw refused('version')
  return {
    role,
    term: { number: number as number, isHandedOver },
    version,
    ...(position === undefined ? {} : { position: readPosition(position) }),
    ...(typeof problem === 'string' ? { problem: problem.slice(0, 500) } : {}),
    ...(typeof host === 'string' && host !== '' ? { host: host.slice(0, 253) } : {}),
    ...optionalNumber('port', port, 65_535),
    ...optionalNumber('checkIntervalMs', checkIntervalMs, 1e12),
    ...optionalNumber('takeoverDelayMs', takeoverDelayMs, 1e12),
  }
}

/** Undefined where it makes no sense: whoever has the certificate of a peer may be of another version, or in other hands. */
export function readableStatus(body: unknown): PeerStatus | undefined {
  try {
    return readStatus(body)
  } catch {
    return undefined
  }
}

/** @throws PlatformError REQUEST_INVALID */
export function readPosition(value: unknown): Position {
  const { epoch, revision } = members(value)
  if (typeof epoch !== 'string' || epoch.length > 100 || !Number.isSafeInteger(revision)) throw refused('position')
  return { epoch, revision: revision as number }
}

function optionalNumber<K extends string>(name: K, value: unknown, most: number): { readonly [P in K]?: number } {
  if (value === undefined) return {}
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > most) throw refused(name)
  return { [name]: value as number } as { readonly [P in K]?: number }
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function refused(field: string): PlatformError {
  return new PlatformError('REQUEST_INVALID', { field, reason: `${field} is not what an instance of a pair sends` })
}

/** The state of the pair does not allow something. */
export function stateRefusal(state: string, reason: string): PlatformError {
  return new PlatformError('CONNECTOR_HA_STATE', { state, reason })
}
