import type { KnownValues } from '@landbridge/http1'

const maxUsers = 4096
const maxBytes = 8 * 1024 * 1024
/** A longer header is read each time. */
const maxHeaderBytes = 16 * 1024
/** Tokens live for minutes to hours: what nobody has seen for long is not kept because there is room. */
const keptMs = 10 * 60_000
/** The end of a token is its signature: these bytes tell tokens apart, the comparison proves it. */
const keyBytes = 5

export interface KnownUser {
  readonly key: number
  readonly header: Buffer
  readonly token: string
  readonly sinceMs: number
}

/**
 * The tokens in headers that name users, by the bytes of the header: users take turns on the connections of an
 * application, and finding a token's text costs less than making it. What a token means is not known here.
 */
export class KnownUsers implements KnownValues {
  readonly #tokenOf: (header: string) => string
  /** Oldest first. */
  readonly #users: Map<number, KnownUser>
  #bytes: number

  /** @param tokenOf cuts the token out of the header's value; the same for the same value. */
  constructor(tokenOf: (header: string) => string) {
    this.#tokenOf = tokenOf
    this.#users = new Map()
    this.#bytes = 0
  }

  /** Users kept, and the bytes of their headers. */
  get size(): number {
    return this.#users.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The user with exactly this value in the header, if the header was read before. */
  find(source: Buffer, start: number, end: number): KnownUser | null {
    const known = this.#users.get(keyOf(source, start, end))
    return known !== undefined && isSame(known.header, source, start, end) ? known : null
  }

  /** The token in the header's value `source[start, end)`. The same object for the same bytes, as long as it is kept. */
  token(source: Buffer, start: number, end: number, nowMs: number): string {
    const known = this.find(source, start, end)
    if (known !== null) return known.token
    const token = this.#tokenOf(source.toString('utf8', start, end))
    if (end - start <= maxHeaderBytes)
      this.#keep(keyOf(source, start, end), Buffer.from(source.subarray(start, end)), token, nowMs)
    return token
  }

  /** Forgets users that were first seen long ago; those who are active come back with their next request. */
  sweep(nowMs: number): void {
    for (const user of this.#users.values()) {
      if (nowMs - user.sinceMs < keptMs) return
      this.#forget(user)
    }
  }

  #keep(key: number, header: Buffer, token: string, nowMs: number): void {
    const former = this.#users.get(key)
    if (former !== undefined) this.#forget(former)
    for (const oldest of this.#users.values()) {
      if (this.#users.size < maxUsers && this.#bytes + header.length <= maxBytes) break
      this.#forget(oldest)
    }
    this.#users.set(key, { key, header, token, sinceMs: nowMs })
    this.#bytes += header.length
  }

  #forget({ key, header }: KnownUser): void {
    this.#users.delete(key)
    this.#bytes -= header.length
  }
}

function keyOf(source: Buffer, start: number, end: number): number {
  let key = 0
  for (let at = Math.max(start, end - keyBytes); at < end; at++) key = (key << 6) ^ (source[at] as number)
  return key & 0x3fff_ffff
}

function isSame(header: Buffer, source: Buffer, start: number, end: number): boolean {
  return end - start === header.length && header.compare(source, start, end) === 0
}
