import { type ErrorCode, errorEntry } from './catalogue.ts'

/** Values that may accompany an error. Nothing secret belongs here: the log prints them all. */
export type Facts = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

/** The one error type that the platform throws for a failure a peer, a user or the environment causes. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError'
  readonly code: ErrorCode
  readonly facts: Facts

  constructor(code: ErrorCode, facts: Facts = {}, options?: ErrorOptions) {
    super(`${code}: ${errorEntry(code).title}`, options)
    this.code = code
    this.facts = facts
  }
}

/** True when `thrown` is a platform error, optionally one with the given code. */
export function isPlatformError(thrown: unknown, code?: ErrorCode): thrown is PlatformError {
  return thrown instanceof PlatformError && (code === undefined || thrown.code === code)
}

/** An RFC 9457 problem document plus the fields that every surface of the platform shows. */
export interface Problem {
  readonly type: string
  readonly status: number
  readonly title: string
  readonly code: string
  readonly remedy: string
  readonly requestId?: string
  readonly [fact: string]: unknown
}

/**
 * Turns anything thrown into what a client may see. A thrown value that is not in the catalogue becomes a
 * fixed text: its message may hold secrets, so it goes to the log only.
 */
export function toProblem(thrown: unknown, requestId?: string): Problem {
  const id = requestId === undefined ? {} : { requestId }
  if (!(thrown instanceof PlatformError))
    return {
      type: 'about:blank',
      status: 500,
      title: 'Internal error',
      code: 'INTERNAL',
      remedy: 'Operator: look up the request ID in the log and report the failure.',
      ...id,
    }
  const entry = errorEntry(thrown.code)
  const shown = Object.fromEntries(entry.show.map((key) => [key, thrown.facts[key]]))
  return {
    type: `/errors#${thrown.code}`,
    status: entry.http,
    title: entry.title,
    code: thrown.code,
    remedy: entry.remedy,
    ...id,
    ...shown,
  }
}

/** One line for a terminal: title, shown facts, remedy. */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof PlatformError)) return thrown instanceof Error ? thrown.message : String(thrown)
  const entry = errorEntry(thrown.code)
  const facts = entry.show
    .filter((key) => thrown.facts[key] !== undefined)
    .map((key) => `${key}=${String(thrown.facts[key])}`)
    .join(', ')
  return `${entry.title}${facts === '' ? '' : ` (${facts})`}. ${entry.remedy}`
}
