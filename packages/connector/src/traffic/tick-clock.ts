// Imported: the global of the same name is a getter, and it is read twice for each request.
import { performance } from 'node:perf_hooks'

/** Ticks per millisecond. A tick is a small integer: intervals cost no allocation. */
export const ticksPerMs = 10

/**
 * Measures intervals in tenths of a millisecond. Ticks wrap around after 119 hours: of two, only the difference counts,
 * taken as `(later - earlier) | 0`.
 */
export class TickClock {
  readonly #monotonicMs: () => number
  #baseMs: number
  #baseTick: number

  /** @param epochMs now. @param monotonicMs milliseconds that never jump. */
  constructor(epochMs: number, monotonicMs: () => number = () => performance.now()) {
    this.#monotonicMs = monotonicMs
    this.#baseMs = epochMs
    this.#baseTick = this.ticks()
  }

  ticks(): number {
    return (this.#monotonicMs() * ticksPerMs) | 0
  }

  /** Milliseconds since 1970 of a tick that is less than a day old. */
  epochMs(tick: number): number {
    return this.#baseMs + ((tick - this.#baseTick) | 0) / ticksPerMs
  }

  /** Ties ticks to the time of day anew; to be called now and then. */
  adjust(epochMs: number): void {
    this.#baseMs = epochMs
    this.#baseTick = this.ticks()
  }
}
