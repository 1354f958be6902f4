import { BACKSLASH, CR, EQUALS, hexValue, isToken, isValue, LF, QUOTE, SEMICOLON } from './characters.ts'
import { HeadError } from './head-errors.ts'
import type { HeadLimits } from './head-limits.ts'
import { TrailerScanner } from './trailer-scanner.ts'

/** Where in the chunked coding the next byte stands (RFC 9112 section 7.1). */
const At = {
  sizeStart: 0,
  size: 1,
  extensionName: 2,
  extensionValue: 3,
  quoted: 4,
  quotedPair: 5,
  quotedEnd: 6,
  sizeLf: 7,
  data: 8,
  dataCr: 9,
  dataLf: 10,
  trailers: 11,
  done: 12,
  refused: 13,
} as const

const maxSizeDigits = 16
const CONTINUES = -1

/** The chunked coding as a machine over bytes. No white space is tolerated around sizes and extensions. */
export class ChunkedScanner {
  #state: number
  #error: number
  /** Bytes of content still to come in this chunk. */
  #remaining: number
  /** Value of the size line so far. */
  #size: number
  /** Bytes of the size line so far. */
  #lineBytes: number
  /** Bytes of the name or unquoted value that is being read. */
  #wordBytes: number
  readonly #maxLineBytes: number
  readonly #trailers: TrailerScanner

  constructor(limits: HeadLimits) {
    this.#state = At.sizeStart
    this.#error = 0
    this.#remaining = 0
    this.#size = 0
    this.#lineBytes = 0
    this.#wordBytes = 0
    this.#maxLineBytes = limits.maxLineBytes
    this.#trailers = new TrailerScanner(limits)
  }

  reset(): void {
    this.#state = At.sizeStart
    this.#error = 0
    this.#remaining = 0
    this.#size = 0
    this.#lineBytes = 0
    this.#wordBytes = 0
    this.#trailers.reset()
  }

  /** The offset behind the coding's last byte, -1 if it goes on, or a HeadError, which every later call repeats. */
  scan(buffer: Buffer, start: number, end: number): number {
    let at = start
    while (at < end) {
      if (this.#state === At.data) {
        const available = end - at
        if (available < this.#remaining) {
          this.#remaining -= available
          return CONTINUES
        }
        at += this.#remaining
        this.#state = At.dataCr
      } else if (this.#state === At.trailers) {
        const behind = this.#trailers.scan(buffer, at, end)
        if (behind < 0) return behind
        this.#state = At.done
        return behind
      } else if (this.#state === At.refused) {
        return this.#error
      } else {
        const refused = this.#step(buffer[at++]!)
        if (refused !== 0) {
          this.#state = At.refused
          this.#error = refused
          return refused
        }
      }
    }
    return CONTINUES
  }

  /** One byte outside content and trailers. Returns 0 or a HeadError. */
  #step(byte: number): number {
    switch (this.#state) {
      case At.sizeStart:
      case At.size:
        return this.#sizeByte(byte)
      case At.sizeLf:
        if (byte !== LF) return HeadError.BARE_CR
        this.#remaining = this.#size
        this.#state = this.#size === 0 ? At.trailers : At.data
        return 0
      case At.dataCr:
        this.#state = At.dataLf
        return byte === CR ? 0 : HeadError.BAD_CHUNK_END
      case At.dataLf:
        this.#state = At.sizeStart
        return byte === LF ? 0 : HeadError.BAD_CHUNK_END
      default:
        return this.#extensionByte(byte)
    }
  }

  #sizeByte(byte: number): number {
    if (this.#state === At.sizeStart) {
      this.#size = 0
      this.#lineBytes = 0
    }
    const digit = hexValue[byte]!
    if (digit !== 255) {
      this.#state = At.size
      this.#size = this.#size * 16 + digit
      if (++this.#lineBytes > maxSizeDigits || this.#size > Number.MAX_SAFE_INTEGER) return HeadError.BAD_CHUNK_SIZE
      return 0
    }
    if (this.#state === At.sizeStart) return HeadError.BAD_CHUNK_SIZE
    return this.#endOfWord(byte, HeadError.BAD_CHUNK_SIZE)
  }

  #extensionByte(byte: number): number {
    // The line may have maxLineBytes in front of its CR, as a header line may.
    if (byte !== CR && ++this.#lineBytes > this.#maxLineBytes) return HeadError.CHUNK_LINE_TOO_LONG
    switch (this.#state) {
      case At.extensionName:
        if (isToken[byte] === 1) return this.#wordByte()
        if (this.#wordBytes === 0) return HeadError.BAD_CHUNK_EXTENSION
        if (byte !== EQUALS) return this.#endOfWord(byte, HeadError.BAD_CHUNK_EXTENSION)
        this.#state = At.extensionValue
        this.#wordBytes = 0
        return 0
      case At.extensionValue:
        if (isToken[byte] === 1) return this.#wordByte()
        if (this.#wordBytes > 0) return this.#endOfWord(byte, HeadError.BAD_CHUNK_EXTENSION)
        this.#state = At.quoted
        return byte === QUOTE ? 0 : HeadError.BAD_CHUNK_EXTENSION
      case At.quoted:
        if (byte === QUOTE) this.#state = At.quotedEnd
        else if (byte === BACKSLASH) this.#state = At.quotedPair
        return isValue[byte] === 1 ? 0 : HeadError.BAD_CHUNK_EXTENSION
      case At.quotedPair:
        this.#state = At.quoted
        return isValue[byte] === 1 ? 0 : HeadError.BAD_CHUNK_EXTENSION
      default:
        return this.#endOfWord(byte, HeadError.BAD_CHUNK_EXTENSION)
    }
  }

  #wordByte(): number {
    this.#wordBytes++
    return 0
  }

  /** Behind a size, a name, a value or a quoted string only the line's end or the next extension may follow. */
  #endOfWord(byte: number, otherwise: number): number {
    if (byte === CR) {
      this.#state = At.sizeLf
      return 0
    }
    if (byte !== SEMICOLON) return byte === LF ? HeadError.BARE_LF : otherwise
    if (this.#state === At.size) this.#lineBytes++
    this.#state = At.extensionName
    this.#wordBytes = 0
    return 0
  }
}
