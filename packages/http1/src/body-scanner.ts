import { BodyKind } from './body-kind.ts'
import { ChunkedScanner } from './chunked-scanner.ts'
import type { HeadLimits } from './head-limits.ts'

/** The body goes on behind the scanned bytes. */
export const BODY_CONTINUES = -1

/**
 * Follows a message body without changing or keeping it. One per direction of a connection, reused by `reset`.
 * Bytes of content cost nothing per byte; only chunk lines and trailers are looked at.
 */
export class BodyScanner {
  #kind: BodyKind
  #remaining: number
  #done: boolean
  readonly #chunks: ChunkedScanner

  constructor(limits: HeadLimits) {
    this.#kind = BodyKind.none
    this.#remaining = 0
    this.#done = true
    this.#chunks = new ChunkedScanner(limits)
  }

  /** Starts a body. `length` counts only for BodyKind.length. A body of no bytes is done at once. */
  reset(kind: BodyKind, length: number): void {
    this.#kind = kind
    this.#remaining = kind === BodyKind.length ? length : 0
    this.#done = kind === BodyKind.none || (kind === BodyKind.length && length === 0)
    if (kind === BodyKind.chunked) this.#chunks.reset()
  }

  /** Whether the last byte of the body was scanned. Never true for BodyKind.close: there the connection's end is the end. */
  get done(): boolean {
    return this.#done
  }

  get kind(): BodyKind {
    return this.#kind
  }

  /**
   * Scans [start, end). Returns the offset behind the body's last byte if the body ends inside (`start` if it is already
   * done), BODY_CONTINUES (-1), or a HeadError (-2 and below): the connection cannot be used any more, nothing of this
   * piece from the error on may be forwarded as part of another message.
   */
  scan(buffer: Buffer, start: number, end: number): number {
    if (this.#done) return start
    if (this.#kind === BodyKind.length) {
      const available = end - start
      if (available < this.#remaining) {
        this.#remaining -= available
        return BODY_CONTINUES
      }
      const behind = start + this.#remaining
      this.#remaining = 0
      this.#done = true
      return behind
    }
    if (this.#kind === BodyKind.close) return BODY_CONTINUES
    const behind = this.#chunks.scan(buffer, start, end)
    if (behind >= 0) this.#done = true
    return behind
  }
}
