import { createHash } from 'node:crypto'
import { type Clock, isPlatformError } from '@landbridge/kernel'
import type { GrantedToken } from './auth-token.ts'
import type { SharedTokens } from './shared-tokens.ts'

const leastMarginMs = 30_000
/** Short enough to repair a token service without waiting, long enough to spare one that is down. */
const failureMs = 1_000
/** How long a request waits for a renewal while it could have the old token. */
const patienceMs = 1_000

interface Failure {
  readonly failure: unknown
  readonly untilMs: number
}

interface Entry {
  readonly token: GrantedToken
  readonly expiresAtMs: number
  readonly renewAtMs: number
}

/**
 * Granted tokens until shortly before they expire. Bounded: the entry that was unused for longest goes first. One
 * request per key is in flight, whoever asks meanwhile waits for it. A failure is repeated for a second.
 */
export class TokenCache {
  readonly #clock: Clock
  readonly #capacity: number
  readonly #entries: Map<string, Entry>
  readonly #pending: Map<string, Promise<GrantedToken>>
  readonly #failures: Map<string, Failure>
  readonly #shared: SharedTokens | undefined

  /** @param shared asked before a token service is, where there are other replicas */
  constructor(clock: Clock, capacity: number, shared?: SharedTokens) {
    this.#clock = clock
    this.#capacity = capacity
    this.#entries = new Map()
    this.#pending = new Map()
    this.#failures = new Map()
    this.#shared = shared
  }

  get size(): number {
    return this.#entries.size
  }

  /** @param parts everything that changes the token; secrets are fine, only a digest of them is kept. */
  get(parts: readonly string[], fetch: () => Promise<GrantedToken>): Promise<GrantedToken> {
    const key = digest(parts)
    const entry = this.#entries.get(key)
    const nowMs = this.#clock.now()
    if (entry !== undefined && nowMs < entry.renewAtMs) {
      this.#entries.delete(key)
      this.#entries.set(key, entry)
      return Promise.resolve(entry.token)
    }
    const pending = this.#pending.get(key) ?? this.#failed(key, nowMs) ?? this.#fetch(key, fetch)
    // Renewal is early on purpose: while the old token is good, a failing token service harms nobody.
    return entry === undefined
      ? pending
      : this.#notLate(
          entry,
          pending.catch((failure: unknown) => this.#stillGood(entry, failure)),
        )
  }

  #fetch(key: string, fetch: () => Promise<GrantedToken>): Promise<GrantedToken> {
    const granted =
      this.#shared === undefined
        ? fetch()
        : this.#shared.get(key, fetch, (token) => renewAtMs(token, this.#clock.now()))
    const pending = granted
      .then((token) => {
        this.#keep(key, token)
        return token
      })
      .catch((failure: unknown) => {
        this.#keepFailure(key, failure)
        throw failure
      })
      .finally(() => this.#pending.delete(key))
    this.#pending.set(key, pending)
    return pending
  }

  #failed(key: string, nowMs: number): Promise<GrantedToken> | undefined {
    const found = this.#failures.get(key)
    if (found === undefined) return undefined
    if (nowMs < found.untilMs) return Promise.reject(found.failure)
    this.#failures.delete(key)
    return undefined
  }

  #keepFailure(key: string, failure: unknown): void {
    if (!isPlatformError(failure, 'DESTINATION_TOKEN_FAILED')) return
    const nowMs = this.#clock.now()
    this.#failures.delete(key)
    this.#failures.set(key, { failure, untilMs: nowMs + failureMs })
    // In the order of their times, so that what is over stands in front.
    for (const [oldest, { untilMs }] of this.#failures) {
      if (untilMs > nowMs && this.#failures.size <= this.#capacity + 1) break
      this.#failures.delete(oldest)
    }
  }

  #keep(key: string, token: GrantedToken): void {
    this.#entries.delete(key)
    const renewal = renewAtMs(token, this.#clock.now())
    if (token.expiresAtMs === undefined || renewal === undefined) return
    this.#entries.set(key, { token, expiresAtMs: token.expiresAtMs, renewAtMs: renewal })
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#capacity) break
      this.#entries.delete(oldest)
    }
  }

  /** A slow renewal goes on without whoever asked: the old token serves, as long as it is good. */
  #notLate(entry: Entry, renewed: Promise<GrantedToken>): Promise<GrantedToken> {
    if (this.#clock.now() + patienceMs >= entry.expiresAtMs) return renewed
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(patienceMs, () => resolve(entry.token))
      renewed.then(resolve, reject).finally(cancel)
    })
  }

  #stillGood(entry: Entry, failure: unknown): GrantedToken {
    if (this.#clock.now() >= entry.expiresAtMs) throw failure
    return entry.token
  }
}

/** A tenth of the lifetime before the end; undefined for a token whose end is unknown. */
function renewAtMs({ expiresAtMs }: GrantedToken, nowMs: number): number | undefined {
  return expiresAtMs === undefined ? undefined : expiresAtMs - Math.max(leastMarginMs, (expiresAtMs - nowMs) / 10)
}

/** Lengths go in as well, so that no two lists of parts have the same digest. */
function digest(parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('base64url')
}
