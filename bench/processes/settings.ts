import { readFileSync } from 'node:fs'
import type { AuthenticationMode } from '@landbridge/access'
import type { JsonWebKeySet } from '@landbridge/identity'

/** What both of our processes are told, in a file of mode 0600. */
export interface ProcessSettings {
  readonly subaccountId: string
  readonly connectorId: string
  /** Paths of PEM files. */
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface CloudSettings extends ProcessSettings {
  readonly issuer: string
  /** The OAuth client that may use the proxy. */
  readonly clientId: string
  readonly jwks: JsonWebKeySet
}

export interface AgentSettings extends ProcessSettings {
  /** Port of the control listener. */
  readonly controlPort: number
  readonly mappings: readonly AgentMapping[]
  readonly propagation?: AgentPropagation
}

/** What the connector needs to let users arrive at systems. Certificates and keys are PEM. */
export interface AgentPropagation {
  /** Authority of the systems. */
  readonly backendCa: string
  readonly system: { readonly cert: string; readonly key: string }
  readonly authority: { readonly cert: string; readonly key: string }
  readonly issuer: string
  readonly jwks: JsonWebKeySet
}

/** One virtual address and the loopback port behind it. */
export interface AgentMapping {
  readonly virtualHost: string
  readonly virtualPort: number
  readonly port: number
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP'
  readonly authenticationMode?: AuthenticationMode
}

export interface DestinationSettings {
  /** `sqlite:<path>` or a `postgres://` URL. */
  readonly databaseUrl: string
  /** 32 bytes, base64. */
  readonly sealingKey: string
  readonly issuer: string
  readonly jwks: JsonWebKeySet
}

/** Reads the file that the first argument of the process names. */
export function readSettings<T>(): T {
  return JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as T
}

/** Ends the process in an orderly way when told to, so that profiles (`--cpu-prof`, `--heap-prof`) are written. */
export function exitOnTerm(): void {
  process.once('SIGTERM', () => process.exit(0))
}
