import { type Clock, PlatformError } from '@landbridge/kernel'

const freeFailures = 5
const longestWaitMs = 15 * 60_000
/** Checks at once for one key that has no failure yet: enough for a busy client, too few for guessing. */
const maximumPending = 64
const maximumKeys = 10_000

interface Attempts {
  failures: number
  pending: number
  blockedUntilMs: number
}

/** Slows down the guessing of passwords: per user and address, with a wait that doubles from the fifth failure on. */
export class LoginThrottle {
  readonly #clock: Clock
  readonly #attempts: Map<string, Attempts>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#attempts = new Map()
  }

  /**
   * Runs a check of a password. Undefined as its result counts as a failure, an error counts as neither. Checks that
   * have not ended are counted too, so that many at once try no more than one after the other.
   * @throws PlatformError LOGIN_THROTTLED, without running the check
   */
  async attempt<T>(key: string, check: () => Promise<T | undefined>): Promise<T | undefined> {
    const attempts = this.#attempts.get(key) ?? { failures: 0, pending: 0, blockedUntilMs: 0 }
    this.#assertRoom(attempts)
    this.#remember(key, attempts)
    attempts.pending++
    try {
      const result = await check()
      if (result === undefined) this.#failed(attempts)
      else attempts.failures = 0
      return result
    } finally {
      attempts.pending--
      if (attempts.failures === 0 && attempts.pending === 0) this.#attempts.delete(key)
    }
  }

  #assertRoom({ failures, pending, blockedUntilMs }: Attempts): void {
    const waitMs = blockedUntilMs - this.#clock.now()
    const room = failures === 0 ? maximumPending : Math.max(1, freeFailures - failures)
    if (waitMs <= 0 && pending < room) return
    throw new PlatformError('LOGIN_THROTTLED', { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) })
  }

  #failed(attempts: Attempts): void {
    attempts.failures++
    const over = attempts.failures - freeFailures
    if (over >= 0) attempts.blockedUntilMs = this.#clock.now() + Math.min(longestWaitMs, 1000 * 2 ** Math.min(over, 20))
  }

  #remember(key: string, attempts: Attempts): void {
    this.#attempts.delete(key)
    this.#attempts.set(key, attempts)
    if (this.#attempts.size <= maximumKeys) return
    for (const oldest of this.#attempts.keys()) {
      this.#attempts.delete(oldest)
      return
    }
  }
}
