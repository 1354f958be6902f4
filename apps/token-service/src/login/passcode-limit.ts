import type { Clock } from '@landbridge/kernel'

const freeCodes = 5
const refillMs = 20_000
const maximumKeys = 10_000

/** Bounds how many passcodes one user can have made: some at once, then one every 20 seconds. */
export class PasscodeLimit {
  readonly #clock: Clock
  /** Per user, when all free codes are there again. */
  readonly #fullAtMs: Map<string, number>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#fullAtMs = new Map()
  }

  /** Milliseconds to wait; 0 takes one code. */
  take(key: string): number {
    const now = this.#clock.now()
    const fullAtMs = Math.max(now, this.#fullAtMs.get(key) ?? 0) + refillMs
    const waitMs = fullAtMs - now - freeCodes * refillMs
    if (waitMs > 0) return waitMs
    this.#fullAtMs.delete(key)
    this.#fullAtMs.set(key, fullAtMs)
    if (this.#fullAtMs.size > maximumKeys) this.#fullAtMs.delete(this.#fullAtMs.keys().next().value!)
    return 0
  }
}
