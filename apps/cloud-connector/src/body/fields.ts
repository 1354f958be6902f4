import { isIPv6 } from 'node:net'
import { type CloudCredentials, longestDescription } from '@landbridge/connector'
import { PlatformError, Secret } from '@landbridge/kernel'

/**
 * Reads members of a request body as existing clients send them: numbers and booleans also as text, unknown members
 * ignored. Every reader throws PlatformError REQUEST_INVALID that names the member.
 */
export class Fields {
  readonly #members: Readonly<Record<string, unknown>>

  /**
   * @param list the member whose entry this is, if it is not the body.
   * @throws PlatformError REQUEST_INVALID unless it is an object.
   */
  constructor(body: unknown, list?: string) {
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw list === undefined
        ? new PlatformError('REQUEST_INVALID', { field: 'body', reason: 'the body must be an object' })
        : invalid(list, 'must hold objects')
    this.#members = body as Readonly<Record<string, unknown>>
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#members, name) && this.#members[name] !== undefined
  }

  get names(): readonly string[] {
    return Object.keys(this.#members)
  }

  /** The members of an object that must be there. */
  members(name: string): Fields {
    const value = this.#value(name)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(name, 'must be an object')
    return new Fields(value)
  }

  /** These members with others in their place or besides them. */
  with(others: Readonly<Record<string, unknown>>): Fields {
    return new Fields({ ...this.#members, ...others })
  }

  isEmpty(): boolean {
    return Object.keys(this.#members).length === 0
  }

  /** A text that must be there and not be empty. */
  required(name: string): string {
    const text = this.text(name)
    if (text === undefined || text === '') throw invalid(name, 'is required')
    return text
  }

  /** Undefined when the member is absent or null. */
  text(name: string): string | undefined {
    const value = this.#value(name)
    if (value === undefined || typeof value === 'string') return value
    if (typeof value === 'number') return String(value)
    throw invalid(name, 'must be a text')
  }

  /** As `text`, for descriptions: the cloud side takes no longer ones. */
  description(): string | undefined {
    const text = this.text('description')
    if (text !== undefined) refuseLonger('description', text)
    return text
  }

  /** Nothing but a JSON string, not even null. */
  strictText(name: string): string {
    const value = this.has(name) ? this.#members[name] : undefined
    if (typeof value !== 'string') throw invalid(name, 'must be a text')
    return value
  }

  flag(name: string): boolean | undefined {
    const value = this.#value(name)
    if (value === undefined || typeof value === 'boolean') return value
    if (value === 'true' || value === 'false') return value === 'true'
    throw invalid(name, 'must be true or false')
  }

  requiredFlag(name: string): boolean {
    const value = this.flag(name)
    if (value === undefined) throw invalid(name, 'is required')
    return value
  }

  /** A host name or IP address that must be there. */
  host(name: string): string {
    const host = this.required(name)
    if (!/^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?$/.test(host) && !isIPv6(host))
      throw invalid(name, 'must be a host name or an IP address')
    return host
  }

  /** A port from 1 to 65535. */
  port(name: string): number {
    const text = this.required(name)
    const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
    if (port < 1 || port > 65_535) throw invalid(name, 'must be a port from 1 to 65535')
    return port
  }

  /** A number from 1 to `most`; undefined when absent. */
  count(name: string, most: number): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = /^\d{1,16}$/.test(text) ? Number(text) : 0
    if (value < 1 || value > most) throw invalid(name, `must be a number from 1 to ${most}`)
    return value
  }

  /** Undefined when the member is absent or null: an empty list may open a system to everybody, silence must not. */
  list(name: string): readonly unknown[] | undefined {
    const value = this.#value(name)
    if (value === undefined) return undefined
    if (!Array.isArray(value)) throw invalid(name, 'must be a list')
    return value
  }

  #value(name: string): unknown {
    return Object.hasOwn(this.#members, name) ? (this.#members[name] ?? undefined) : undefined
  }
}

/** @throws PlatformError REQUEST_INVALID */
export function refuseLonger(field: string, text: string): void {
  if (text.length > longestDescription) throw invalid(field, `may hold at most ${longestDescription} characters`)
}

export function invalid(field: string, reason: string): PlatformError {
  return new PlatformError('REQUEST_INVALID', { field, reason: `${field} ${reason}` })
}

/** The member `regionHost`: a host name, with a port where it is not 443. */
export function readRegionHost(fields: Fields): string {
  const host = fields.required('regionHost')
  if (!/^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?(:[1-9]\d{0,4})?$/.test(host))
    throw invalid('regionHost', 'must be a host name, for example cf.eu10.example.com')
  return host
}

/** The sample program of the guide sends the names of the other operation (guide L26718). */
export function readCredentials(fields: Fields): CloudCredentials {
  const user = fields.text('user') ?? fields.text('cloudUser')
  const password = fields.text('password') ?? fields.text('cloudPassword')
  if (!user) throw invalid('user', 'is required')
  if (!password) throw invalid('password', 'is required')
  return { user, password: new Secret(password) }
}
