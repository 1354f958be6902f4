import { requestLimits } from './head-limits.ts'

const nothing = Buffer.alloc(0)

/** Values of one header field that earlier heads carried, and what the caller keeps with each. */
export interface KnownValues {
  /** What belongs to exactly the value `source[start, end)`, or null. Every value MUST come from a head that was parsed. */
  find(source: Buffer, start: number, end: number): object | null
}

/**
 * What requests and responses have in common. One object is reused for every head of a connection: it holds offsets
 * into the buffer that was parsed, so read it before that buffer changes. The fields are public and mutable because
 * this is the hot path; only the parsers write them.
 */
export class MessageHead {
  /** 0 or 1: HTTP/1.0 or HTTP/1.1. */
  minorVersion = 1
  /** Number of header lines; the tables below are valid up to here. */
  headerCount = 0
  /** One of `H` per header line. */
  readonly headerId: Uint8Array
  /** Start of the name, which is the start of the line. Lines are contiguous. */
  readonly nameStart: Int32Array
  readonly nameEnd: Int32Array
  /** The value without surrounding white space; may be empty. */
  readonly valueStart: Int32Array
  readonly valueEnd: Int32Array
  /** Offset behind the CRLF: [nameStart, lineEnd) is the whole line. */
  readonly lineEnd: Int32Array
  /** Start of the empty line that ends the head. */
  fieldsEnd = 0
  /** -1 if there is no Content-Length. At most 2^53 - 1. */
  contentLength = -1
  chunked = false
  /** What version and Connection say about this connection; a body that ends with the connection overrides it. */
  keepAlive = true
  /** HTTP/1.1 with an Upgrade field that Connection names. */
  upgrade = false
  upgradeIsWebSocket = false
  /** First index of the field, or -1. */
  hostIndex = -1
  contentLengthIndex = -1
  transferEncodingIndex = -1
  connectionIndex = -1
  upgradeIndex = -1
  expectIndex = -1
  /** Bit (id & 31) is set if a field with that identity may be present. */
  idBits = 0
  /** Whether Connection names fields besides close, keep-alive and upgrade. */
  hasListedFields = false
  readonly listed: Uint8Array
  /**
   * The value of a header line (see `knownId`) that an earlier head of the same sender carried, or nothing. Tokens come
   * with every request and are long: one that has these very bytes is compared in one step instead of being read byte
   * by byte again. The caller sets both before it parses; MUST come from a head that was parsed.
   */
  knownValue: Buffer = nothing
  knownId = 0
  /** Index of the header line that has the known value, or -1. */
  knownIndex = -1
  /** The same for a field whose value is one of many: as a rule the token of a user, each in turn. */
  lookup: KnownValues | null = null
  lookupId = 0
  /** Index of the header line whose value was looked up and found, or -1, and what was found. */
  foundIndex = -1
  found: object | null = null

  constructor(maxHeaders: number = requestLimits.maxHeaders) {
    this.headerId = new Uint8Array(maxHeaders)
    this.nameStart = new Int32Array(maxHeaders)
    this.nameEnd = new Int32Array(maxHeaders)
    this.valueStart = new Int32Array(maxHeaders)
    this.valueEnd = new Int32Array(maxHeaders)
    this.lineEnd = new Int32Array(maxHeaders)
    this.listed = new Uint8Array(maxHeaders)
  }

  /** Start of the header lines, or of the empty line where there are none: the first line ends here. */
  get fieldsStart(): number {
    return this.headerCount > 0 ? this.nameStart[0]! : this.fieldsEnd
  }

  /** Index of the first header line with this identity at or behind `from`, or -1. */
  find(id: number, from = 0): number {
    if ((this.idBits & (1 << (id & 31))) === 0) return -1
    const { headerId, headerCount } = this
    for (let i = from; i < headerCount; i++) if (headerId[i] === id) return i
    return -1
  }

  /**
   * Whether Connection names the header line, so that it must not be forwarded (RFC 9110 section 7.6.1). Never true for
   * Host, Content-Length and Transfer-Encoding: a sender cannot talk us out of the framing we have validated.
   */
  isConnectionListed(index: number): boolean {
    return this.hasListedFields && this.listed[index] === 1
  }

  /** For the parsers: forgets the previous head. */
  resetFields(): void {
    this.headerCount = 0
    this.fieldsEnd = 0
    this.contentLength = -1
    this.chunked = false
    this.keepAlive = true
    this.upgrade = false
    this.upgradeIsWebSocket = false
    this.hostIndex = -1
    this.contentLengthIndex = -1
    this.transferEncodingIndex = -1
    this.connectionIndex = -1
    this.upgradeIndex = -1
    this.expectIndex = -1
    this.idBits = 0
    this.hasListedFields = false
    this.knownIndex = -1
    this.foundIndex = -1
    this.found = null
  }
}
