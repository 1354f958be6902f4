import { type Clock, PlatformError } from '@landbridge/kernel'

const freeAttempts = 5
const longestWaitMs = 15 * 60_000
const maximumKeys = 10_000

interface Attempts {
  failed: number
  blockedUntilMs: number
}

/** Slows down the guessing of passwords: per user and address, with a wait that doubles from the sixth attempt on. */
export class LoginThrottle {
  readonly #clock: Clock
  readonly #attempts: Map<string, Attempts>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#attempts = new Map()
  }

  /**
   * Counts an attempt before its password is checked, so that many at once are counted as well.
   * @throws PlatformError LOGIN_THROTTLED
   */
  begin(key: string): void {
    const now = this.#clock.now()
    const attempts = this.#attempts.get(key) ?? { failed: 0, blockedUntilMs: 0 }
    if (attempts.blockedUntilMs > now)
      throw new PlatformError('LOGIN_THROTTLED', {
        retryAfterSeconds: Math.ceil((attempts.blockedUntilMs - now) / 1000),
      })
    attempts.failed++
    if (attempts.failed >= freeAttempts)
      attempts.blockedUntilMs = now + Math.min(longestWaitMs, 1000 * 2 ** Math.min(attempts.failed - freeAttempts, 20))
    this.#attempts.delete(key)
    this.#attempts.set(key, attempts)
    if (this.#attempts.size > maximumKeys)
      for (const oldest of this.#attempts.keys()) {
        this.#attempts.delete(oldest)
        break
      }
  }

  succeeded(key: string): void {
    this.#attempts.delete(key)
  }
}
