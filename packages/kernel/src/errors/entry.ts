/** How a client should treat a failed operation. */
export type Retry = 'never' | 'later' | 'now'

/** Severity with which the failure is logged: `error` means that somebody must act. */
export type Level = 'debug' | 'info' | 'warn' | 'error'

/**
 * One row of the error catalogue. Codes are upper-case constants, their first word names the area.
 * Every surface (HTTP, SOCKS5, tunnel reset, command line) maps from this row and from nothing else.
 */
export interface ErrorEntry {
  /** HTTP status code shown to a client. */
  readonly http: number
  /** SOCKS5 reply code (RFC 1928 section 6) where the error can end a CONNECT; general failure (1) when absent. */
  readonly socks?: number
  readonly level: Level
  readonly retry: Retry
  /** What happened, one sentence without a final full stop. */
  readonly title: string
  /** What to do, addressed to a named person (the caller, the operator, the on-premise administrator). */
  readonly remedy: string
  /** Names of the facts that a client may see. All others stay in the log. */
  readonly show: readonly string[]
}

/** Checks rows at compile time and keeps their keys as literal types. */
export function errorArea<const T extends Readonly<Record<string, ErrorEntry>>>(rows: T): T {
  return rows
}
