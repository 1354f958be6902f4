import { CR, LF } from './characters.ts'
import { NEED_MORE } from './head-errors.ts'
import type { HeadLimits } from './head-limits.ts'

const firstCapacity = 2048

/**
 * Collects a head that arrives in several pieces, looking at each byte once and holding at most `maxHeadBytes`.
 * Use: parse the first piece in place; on NEED_MORE give it, and every later piece, to `push`. A positive result says
 * "parse now": parseXHead(collector.buffer, 0, collector.length, …) then gives an offset or an error, never NEED_MORE.
 * It reports broken limits by the same way, so that the verdict comes from one place. One per connection, reusable.
 */
export class HeadCollector {
  /** What was collected, [0, length). Stable until the next push or reset. */
  buffer: Buffer
  length: number
  readonly #limits: HeadLimits
  readonly #isRequest: boolean
  #lineStart: number

  constructor(kind: 'request' | 'response', limits: HeadLimits) {
    this.buffer = Buffer.alloc(0)
    this.length = 0
    this.#limits = limits
    this.#isRequest = kind === 'request'
    this.#lineStart = 0
  }

  /** Forgets the head and its memory. */
  reset(): void {
    this.buffer = Buffer.alloc(0)
    this.length = 0
    this.#lineStart = 0
  }

  /**
   * Takes the bytes [start, end) of `chunk`, copying what belongs to the head. Returns NEED_MORE if all were taken and
   * the head goes on, else the offset behind the taken bytes: the body, or the next message, starts there.
   */
  push(chunk: Buffer, start: number, end: number): number {
    const room = this.#limits.maxHeadBytes - this.length
    const stop = end - start >= room ? start + room : end
    let at = start
    while (at < stop) {
      const feed = chunk.indexOf(LF, at)
      const behind = feed < 0 || feed >= stop ? stop : feed + 1
      const isLine = feed >= 0 && feed < stop
      this.#append(chunk, at, behind)
      at = behind
      if (isLine ? this.#endsHead() : this.#isLineTooLong()) return at
    }
    return stop < end || this.length === this.#limits.maxHeadBytes ? at : NEED_MORE
  }

  /** Called with a line feed as the last byte: true if the head ends here, or is known to be refused. */
  #endsHead(): boolean {
    const lineLength = this.length - this.#lineStart
    const isBare = lineLength < 2 || this.buffer[this.length - 2] !== CR
    const isFirst = this.#lineStart === 0
    if (isBare || this.#isLineTooLong()) return true
    this.#lineStart = this.length
    return lineLength === 2 && !(isFirst && this.#isRequest)
  }

  #isLineTooLong(): boolean {
    return this.length - this.#lineStart > this.#limits.maxLineBytes + 2
  }

  #append(chunk: Buffer, start: number, end: number): void {
    const needed = this.length + end - start
    if (needed > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(firstCapacity, needed, this.buffer.length * 2))
      this.buffer.copy(grown, 0, 0, this.length)
      this.buffer = grown
    }
    chunk.copy(this.buffer, this.length, start, end)
    this.length = needed
  }
}
