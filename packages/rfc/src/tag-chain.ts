import { isReadableTag, logonSignature, RfcTag } from './rfc-tag.ts'

/** Why the bytes of a message cannot be judged. */
export type ChainFault =
  | 'message does not begin like a call'
  | 'broken chain of tags'
  | 'unreadable serialization'
  | 'two function names'
  | 'field too long'
  | 'bytes behind the end'

/** Most bytes of a value that is looked at: a function name of 30 characters in two bytes each, and blanks. */
const maxWatchedBytes = 128
const startValueBytes = 8
/** Behind the end of a compact message: two zero bytes, its size, the largest size of a packet. */
const tailBytes = 8

const watched: ReadonlySet<number> = new Set([RfcTag.functionName, RfcTag.user, RfcTag.client])

type Part = 'signature' | 'first' | 'link' | 'longLength' | 'value' | 'sentinel' | 'tail'

/**
 * Walks the elements of one request, however its bytes are cut: previous tag, tag, length, value. Only the values of
 * function name, user and client are kept, so memory does not grow with the message, and a password never stays here.
 *
 *   message   [signature] first-element { previous(2) tag(2) length(2|FFFF+4) value } FFFF [tail]
 */
export class TagChain {
  /** Set once the bytes cannot be a message; everything later is ignored. */
  fault: ChainFault | undefined
  /** Value of the only function tag so far. */
  functionName: Buffer | undefined
  user: Buffer | undefined
  client: Buffer | undefined
  /** The message began with the signature of a logon, or carries a user or a client. */
  isLogon: boolean
  #part: Part
  readonly #head: Buffer
  #headBytes: number
  #previous: number
  #tag: number
  #leftBytes: number
  #value: Buffer[] | null
  #tailBytes: number

  constructor() {
    this.fault = undefined
    this.functionName = undefined
    this.user = undefined
    this.client = undefined
    this.isLogon = false
    this.#part = 'signature'
    this.#head = Buffer.alloc(logonSignature.length)
    this.#headBytes = 0
    this.#previous = 0
    this.#tag = 0
    this.#leftBytes = 0
    this.#value = null
    this.#tailBytes = 0
  }

  /** True when the end was reached and nothing is missing behind it. */
  get isComplete(): boolean {
    return this.fault === undefined && this.#part === 'tail' && (this.#tailBytes === 0 || this.#tailBytes === tailBytes)
  }

  /** Takes the next bytes and keeps no reference to them. */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && this.fault === undefined) at += this.#take(chunk, at)
  }

  #take(chunk: Buffer, at: number): number {
    switch (this.#part) {
      case 'signature':
        return this.#collect(
          chunk,
          at,
          chunk[at] === logonSignature[0] || this.#headBytes > 0 ? logonSignature.length : 0,
        )
      case 'first':
        return this.#collect(chunk, at, 4)
      case 'link':
        return this.#collect(chunk, at, 6)
      case 'longLength':
        return this.#collect(chunk, at, 4)
      case 'sentinel':
        return this.#collect(chunk, at, 2)
      case 'value':
        return this.#takeValue(chunk, at)
      case 'tail':
        return this.#takeTail(chunk, at)
      default:
        this.#part satisfies never
        return 0
    }
  }

  /** Gathers `size` bytes of head, then acts on them. */
  #collect(chunk: Buffer, at: number, size: number): number {
    const taken = chunk.copy(this.#head, this.#headBytes, at, at + size - this.#headBytes)
    this.#headBytes += taken
    if (this.#headBytes < size) return taken
    this.#headBytes = 0
    this.#act()
    return taken
  }

  #act(): void {
    const head = this.#head
    switch (this.#part) {
      case 'signature':
        // A call without a signature had no head of this kind: nothing was taken.
        return this.#begin()
      case 'first':
        return this.#first(head.readUInt16BE(0), head.readUInt16BE(2))
      case 'link':
        return this.#link(head.readUInt16BE(0), head.readUInt16BE(2), head.readUInt16BE(4))
      case 'longLength':
        return this.#open(head.readUInt32BE(0))
      case 'sentinel':
        if (head.readUInt16BE(0) !== RfcTag.end) this.fault = 'broken chain of tags'
        this.#part = 'tail'
        return
      default:
        return
    }
  }

  #begin(): void {
    if (this.#head[0] === logonSignature[0]) {
      if (!this.#head.equals(logonSignature)) this.fault = 'message does not begin like a call'
      this.isLogon = true
    }
    this.#part = 'first'
  }

  #first(tag: number, length: number): void {
    const isStart = tag === RfcTag.start && length === startValueBytes
    const isCall = tag === RfcTag.call && length === 0 && !this.isLogon
    if (!isStart && !isCall) {
      this.fault = 'message does not begin like a call'
      return
    }
    this.#tag = tag
    this.#open(length)
  }

  #link(previous: number, tag: number, length: number): void {
    if (previous !== this.#previous) {
      this.fault = 'broken chain of tags'
      return
    }
    if (!isReadableTag(tag)) {
      this.fault = 'unreadable serialization'
      return
    }
    this.#tag = tag
    if (tag === RfcTag.end) {
      if (length !== 0) this.fault = 'broken chain of tags'
      this.#part = 'sentinel'
      return
    }
    if (length === 0xffff) this.#part = 'longLength'
    else this.#open(length)
  }

  #open(length: number): void {
    if (watched.has(this.#tag)) {
      if (length > maxWatchedBytes) {
        this.fault = 'field too long'
        return
      }
      this.#value = []
    }
    this.#leftBytes = length
    this.#part = 'value'
    if (length === 0) this.#close()
  }

  #takeValue(chunk: Buffer, at: number): number {
    const taken = Math.min(this.#leftBytes, chunk.length - at)
    this.#value?.push(Buffer.from(chunk.subarray(at, at + taken)))
    this.#leftBytes -= taken
    if (this.#leftBytes === 0) this.#close()
    return taken
  }

  #close(): void {
    if (this.#value !== null) this.#keep(Buffer.concat(this.#value))
    this.#value = null
    this.#previous = this.#tag
    this.#part = 'link'
  }

  #keep(value: Buffer): void {
    if (this.#tag === RfcTag.functionName) {
      if (this.functionName !== undefined) this.fault = 'two function names'
      this.functionName = value
      return
    }
    this.isLogon = true
    const isUser = this.#tag === RfcTag.user
    // Which of two users a system would believe is not for this side to guess.
    if ((isUser ? this.user : this.client) !== undefined) this.fault = 'broken chain of tags'
    if (isUser) this.user = value
    else this.client = value
  }

  #takeTail(chunk: Buffer, at: number): number {
    const taken = chunk.length - at
    for (let i = at; i < chunk.length; i++) {
      if (this.#tailBytes < 2 && chunk[i] !== 0) this.fault = 'bytes behind the end'
      this.#tailBytes++
    }
    if (this.#tailBytes > tailBytes) this.fault = 'bytes behind the end'
    return taken
  }
}
