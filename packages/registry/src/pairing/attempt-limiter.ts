import { type Clock, PlatformError } from '@landbridge/kernel'

export interface AttemptLimits {
  /** Failures that cost nothing. */
  readonly freeFailures: number
  /** Wait after the first failure above that; it doubles with every further one. */
  readonly firstWaitMs: number
  readonly longestWaitMs: number
  /** Failures older than this do not count any more. */
  readonly forgetAfterMs: number
  /** Keys remembered at most; the oldest are forgotten first. */
  readonly maxKeys: number
}

export const defaultAttemptLimits: AttemptLimits = {
  freeFailures: 5,
  firstWaitMs: 1_000,
  longestWaitMs: 15 * 60_000,
  forgetAfterMs: 60 * 60_000,
  maxKeys: 10_000,
}

interface Failures {
  count: number
  lastMs: number
  blockedUntilMs: number
}

/** Slows down guessing of passwords: per key (user and subaccount, or address), with a wait that doubles. */
export class AttemptLimiter {
  readonly #clock: Clock
  readonly #limits: AttemptLimits
  readonly #failures: Map<string, Failures>

  constructor(clock: Clock, limits: AttemptLimits = defaultAttemptLimits) {
    this.#clock = clock
    this.#limits = limits
    this.#failures = new Map()
  }

  /**
   * Call before the password is checked, and for every key.
   * @throws PlatformError PAIRING_ATTEMPTS_EXCEEDED
   */
  assertAllowed(key: string): void {
    const waitMs = (this.#failures.get(key)?.blockedUntilMs ?? 0) - this.#clock.now()
    if (waitMs > 0)
      throw new PlatformError('PAIRING_ATTEMPTS_EXCEEDED', { retryAfterSeconds: Math.ceil(waitMs / 1_000) })
  }

  failed(key: string): void {
    const now = this.#clock.now()
    const known = this.#failures.get(key)
    const isRecent = known !== undefined && now - known.lastMs < this.#limits.forgetAfterMs
    const failures = { count: isRecent ? known.count + 1 : 1, lastMs: now, blockedUntilMs: 0 }
    const over = failures.count - this.#limits.freeFailures
    if (over > 0) {
      const waitMs = Math.min(this.#limits.longestWaitMs, this.#limits.firstWaitMs * 2 ** Math.min(over - 1, 30))
      failures.blockedUntilMs = now + waitMs
    }
    this.#failures.delete(key)
    this.#failures.set(key, failures)
    if (this.#failures.size > this.#limits.maxKeys) this.#failures.delete(this.#failures.keys().next().value!)
  }

  succeeded(key: string): void {
    this.#failures.delete(key)
  }
}
