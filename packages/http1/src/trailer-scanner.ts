import { COLON, CR, isToken, isValue, LF } from './characters.ts'
import { HeadError } from './head-errors.ts'
import type { HeadLimits } from './head-limits.ts'
import { H, headerIdOf } from './header-ids.ts'

const At = { lineStart: 0, name: 1, value: 2, lineLf: 3, endLf: 4, done: 5, refused: 6 } as const
const CONTINUES = -1

/** Names up to this length are remembered to recognise fields that have no place in a trailer. */
const nameCapacity = 64

/** Fields that a trailer may carry (RFC 9110 section 6.5.1): everything that is not framing, routing or authentication. */
function isForbidden(id: number): boolean {
  return id !== H.other && (id < H.location || id === H.proxyAuthenticationInfo)
}

/** The trailer section behind the last chunk, up to and including its empty line. */
export class TrailerScanner {
  #state: number
  #error: number
  #totalBytes: number
  #lineBytes: number
  #nameBytes: number
  #count: number
  readonly #name: Buffer
  readonly #limits: HeadLimits

  constructor(limits: HeadLimits) {
    this.#state = At.lineStart
    this.#error = 0
    this.#totalBytes = 0
    this.#lineBytes = 0
    this.#nameBytes = 0
    this.#count = 0
    this.#name = Buffer.alloc(nameCapacity)
    this.#limits = limits
  }

  reset(): void {
    this.#state = At.lineStart
    this.#error = 0
    this.#totalBytes = 0
    this.#lineBytes = 0
    this.#nameBytes = 0
    this.#count = 0
  }

  /** The offset behind the section, -1 if it goes on, or a HeadError, which every later call repeats. */
  scan(buffer: Buffer, start: number, end: number): number {
    if (this.#state === At.refused) return this.#error
    for (let at = start; at < end; at++) {
      const refused = this.#step(buffer[at]!)
      if (refused !== 0) {
        this.#state = At.refused
        this.#error = refused
        return refused
      }
      if (this.#state === At.done) return at + 1
    }
    return CONTINUES
  }

  #step(byte: number): number {
    if (++this.#totalBytes > this.#limits.maxHeadBytes) return HeadError.TRAILERS_TOO_LARGE
    switch (this.#state) {
      case At.lineStart:
        if (byte === CR) {
          this.#state = At.endLf
          return 0
        }
        if (++this.#count > this.#limits.maxHeaders) return HeadError.TRAILERS_TOO_LARGE
        this.#lineBytes = 0
        this.#nameBytes = 0
        this.#state = At.name
        return this.#nameByte(byte)
      case At.name:
        return this.#nameByte(byte)
      case At.value:
        return this.#valueByte(byte)
      case At.lineLf:
        this.#state = At.lineStart
        return byte === LF ? 0 : HeadError.BARE_CR
      default:
        this.#state = At.done
        return byte === LF ? 0 : HeadError.BARE_CR
    }
  }

  #nameByte(byte: number): number {
    if (++this.#lineBytes > this.#limits.maxLineBytes) return HeadError.TRAILERS_TOO_LARGE
    if (isToken[byte] === 1) {
      if (this.#nameBytes < nameCapacity) this.#name[this.#nameBytes] = byte
      this.#nameBytes++
      return 0
    }
    if (byte !== COLON || this.#nameBytes === 0) return byte === LF ? HeadError.BARE_LF : HeadError.BAD_TRAILER
    const known = Math.min(this.#nameBytes, nameCapacity)
    if (isForbidden(headerIdOf(this.#name, 0, known))) return HeadError.FORBIDDEN_TRAILER
    this.#state = At.value
    return 0
  }

  #valueByte(byte: number): number {
    if (byte === CR) {
      this.#state = At.lineLf
      return 0
    }
    if (++this.#lineBytes > this.#limits.maxLineBytes) return HeadError.TRAILERS_TOO_LARGE
    if (isValue[byte] === 1) return 0
    return byte === LF ? HeadError.BARE_LF : HeadError.BAD_TRAILER
  }
}
