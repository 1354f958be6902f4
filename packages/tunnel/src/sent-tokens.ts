import type { Clock } from '@landbridge/kernel'
import { noReference } from './preface.ts'
import type { Session } from './session.ts'
import type { Stream, StreamSink } from './stream.ts'
import { maxDefinitionBytes, type TokenLimits, tokenLimits, writeDefinition } from './token-definition.ts'

/** With more users than definitions, replacing them all the time would cost more than it saves. */
const shortestStayMs = 60_000

interface Definition {
  readonly token: string
  readonly number: number
  readonly sentAtMs: number
}

/** Shared by all sessions of the process: written, and copied by the session, within one call. */
const scratch = Buffer.allocUnsafeSlow(maxDefinitionBytes)

/**
 * The tokens that the peer of one tunnel connection knows. A definition leaves at once, as one frame, or it does not
 * take place: whatever is written afterwards arrives after it (docs/decisions/0023).
 */
export class SentTokens implements StreamSink {
  readonly #session: Session
  readonly #clock: Clock
  readonly #limits: TokenLimits
  /** By the token's text. Oldest first, like at the other end. */
  readonly #known: Map<string, Definition>
  #bytes: number
  #nextNumber: number

  constructor(session: Session, clock: Clock, limits: TokenLimits = tokenLimits) {
    this.#session = session
    this.#clock = clock
    this.#limits = limits
    this.#known = new Map()
    this.#bytes = 0
    this.#nextNumber = 0
  }

  /** Tokens that the peer knows. */
  get size(): number {
    return this.#known.size
  }

  /**
   * The number of a token, which is defined first if that is possible now; else `noReference`. The caller MUST write the
   * reference before anything else happens: it holds for bytes that are written, or queued, now.
   * @param kept another token whose number the caller is about to write: it is not given up for this one.
   */
  reference(token: string, kept = ''): number {
    const known = this.#known.get(token)
    return known === undefined ? this.#define(token, kept) : known.number
  }

  #define(token: string, kept: string): number {
    const session = this.#session
    if (token.length > this.#limits.tokenBytes || !session.isUsable || !session.hasRoom) return noReference
    const nowMs = this.#clock.now()
    if (!this.#makeRoom(token.length, kept, nowMs)) return noReference
    const definition = { token, number: this.#nextNumber, sentAtMs: nowMs }
    const stream = session.open(this)
    stream.owner = definition
    stream.writeBorrowed(scratch, 0, writeDefinition(scratch, definition.number, token), true)
    this.#nextNumber = (this.#nextNumber + 1) >>> 0
    this.#known.set(token, definition)
    this.#bytes += token.length
    return definition.number
  }

  #makeRoom(length: number, kept: string, nowMs: number): boolean {
    const { definitions, bytes } = this.#limits
    while (this.#known.size >= definitions || this.#bytes + length > bytes) {
      const oldest = this.#oldest()
      if (oldest === undefined || oldest.token === kept || nowMs - oldest.sentAtMs < shortestStayMs) return false
      this.#forget(oldest)
    }
    return true
  }

  #oldest(): Definition | undefined {
    for (const definition of this.#known.values()) return definition
    return undefined
  }

  #forget(definition: Definition): void {
    // It may have been defined anew.
    if (this.#known.get(definition.token) !== definition) return
    this.#known.delete(definition.token)
    this.#bytes -= definition.token.length
  }

  // The streams of definitions.

  streamData(stream: Stream, chunk: Buffer): void {
    stream.consumed(chunk.length)
  }

  streamEnd(): void {}

  /** The peer did not take the definition. */
  streamReset(stream: Stream): void {
    this.#forget(stream.owner as Definition)
  }

  streamDrain(): void {}
}
