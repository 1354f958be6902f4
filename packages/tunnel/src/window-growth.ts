import type { Clock } from '@landbridge/kernel'
import { initialWindowBytes } from './frame.ts'
import type { Heartbeat } from './heartbeat.ts'
import type { Stream } from './stream.ts'

/** Largest receive window of one stream: 80 MB/s at a round trip of 50 ms. */
export const maxWindowBytes = 4 * 1024 * 1024

/**
 * Both ends take turns on what they read: even next to each other, credit is under way for about this long. A window
 * that is used up sooner leaves one of them idle.
 */
const shortestRoundTripMs = 1

/**
 * Decides how far receive windows grow beyond what the yamux specification gives every stream. A window limits a stream
 * to one window per round trip. Where credit for half a window is due again within two round trips, the reader is fast
 * and the window is the limit: it doubles. A slow reader never gets there.
 */
export class WindowGrowth {
  readonly #clock: Clock
  readonly #heartbeat: Heartbeat
  #leftBytes: number

  /** @param budgetBytes for all streams together: bounds what stalled readers of grown streams can hold. */
  constructor(clock: Clock, heartbeat: Heartbeat, budgetBytes: number) {
    this.#clock = clock
    this.#heartbeat = heartbeat
    this.#leftBytes = budgetBytes
  }

  /** Bytes to add to the window of a stream that is about to announce credit. */
  grow(stream: Stream): number {
    const now = this.#clock.now()
    const elapsedMs = now - stream.creditAt
    stream.creditAt = now
    const roundTripMs = this.#heartbeat.roundTripMs
    if (roundTripMs < 0) {
      this.#heartbeat.measure()
      return 0
    }
    if (elapsedMs >= 2 * Math.max(roundTripMs, shortestRoundTripMs)) return 0
    const growth = Math.min(stream.windowBytes, maxWindowBytes - stream.windowBytes, this.#leftBytes)
    this.#leftBytes -= growth
    return growth
  }

  /** The stream is gone: others may grow instead. */
  returned(stream: Stream): void {
    this.#leftBytes += stream.windowBytes - initialWindowBytes
  }
}
