import { PlatformError } from '@landbridge/kernel'

/**
 * Reads members of a request body as existing clients send them: numbers and booleans also as text, unknown members
 * ignored. Every reader throws PlatformError REQUEST_INVALID that names the member.
 */
export class Fields {
  readonly #members: Readonly<Record<string, unknown>>

  /** @throws PlatformError REQUEST_INVALID unless the body is an object. */
  constructor(body: unknown) {
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw new PlatformError('REQUEST_INVALID', { field: 'body', reason: 'the body must be an object' })
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

  /** Undefined when absent; null counts as an empty list. */
  list(name: string): readonly unknown[] | undefined {
    if (!this.has(name)) return undefined
    const value = this.#members[name]
    if (value === null) return []
    if (!Array.isArray(value)) throw invalid(name, 'must be a list')
    return value
  }

  #value(name: string): unknown {
    return Object.hasOwn(this.#members, name) ? (this.#members[name] ?? undefined) : undefined
  }
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
