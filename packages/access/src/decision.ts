import type { PathRules } from './path-rules.ts'
import type { ResourceIndex } from './resource-index.ts'
import type { System } from './system.ts'

/** Reasons for which an HTTP request or a TCP connection is refused. Small integers: no allocation per request. */
export const Denial = {
  /** No mapping has this virtual host and port. */
  NO_SYSTEM: 1,
  /** No enabled resource of the mapping admits the path. */
  NO_RESOURCE: 2,
  /** The path could mean another one to the backend (dot segment, control character…). */
  BAD_PATH: 3,
  /** The path is allowed, the upgrade to WebSocket is not. */
  NO_WEBSOCKET: 4,
  /** The mapping exists for another protocol. */
  WRONG_PROTOCOL: 5,
} as const
export type Denial = (typeof Denial)[keyof typeof Denial]
export type DenialName = keyof typeof Denial

const names: readonly DenialName[] = ['NO_SYSTEM', 'NO_RESOURCE', 'BAD_PATH', 'NO_WEBSOCKET', 'WRONG_PROTOCOL']

/** The name of a denial, for logs and explanations. */
export function denialName(denial: Denial): DenialName {
  return names[denial - 1]!
}

export interface HttpAllowed {
  readonly system: System
  /** Names the resource of a request, for statistics. */
  readonly resources: ResourceIndex
}

/** Allowed with its system, or a number: `typeof decision === 'number'` means denied. */
export type HttpDecision = HttpAllowed | Denial

export interface TcpAllowed {
  readonly system: System
  readonly internalHost: string
  /** The port that lies as far into the internal range as the asked one into the virtual range. */
  readonly internalPort: number
}

export type TcpDecision = TcpAllowed | Denial

/** An RFC mapping; which functions may be called is decided call by call. */
export interface RfcAllowed {
  readonly system: System
  /** Names of function modules, exact or as prefix; compared as they were entered (guide L21404). */
  readonly functions: Pick<PathRules, 'admits'>
  /** Names the resource of a call, for statistics. */
  readonly resources: ResourceIndex
}

export type RfcDecision = RfcAllowed | Denial
