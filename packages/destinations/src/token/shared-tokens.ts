import type { Clock, Log } from '@landbridge/kernel'
import type { GrantedToken } from './auth-token.ts'

/** A token that is kept for other replicas. */
export interface SharedToken {
  readonly token: GrantedToken
  /** From here on whoever needs it gets a new one. */
  readonly renewAtMs: number
}

/** Where replicas leave tokens for each other, sealed. Keys are digests. */
export interface SharedTokenStore {
  /** Undefined when there is none that is still valid. */
  find(key: string): Promise<SharedToken | undefined>
  /** True when the caller is to fetch the token; false while another replica does. A claim ends by itself. */
  claim(key: string, untilMs: number): Promise<boolean>
  /** Keeps a token until it expires, and ends the claim. */
  keep(key: string, shared: SharedToken): Promise<void>
  /** Ends the claim without a token. */
  release(key: string): Promise<void>
}

export interface SharedTokensOptions {
  readonly store: SharedTokenStore
  readonly clock: Clock
  readonly log: Log
}

// A request must be answered within 10 s (what client libraries wait): who waited in vain still has time to fetch.
const longestWaitMs = 3_000
const pollMs = 100
const claimMs = 15_000

/**
 * Gets a token once for all replicas, as far as that is possible: no failure of the sharing keeps anybody from a token,
 * it only costs a request more.
 */
export class SharedTokens {
  readonly #store: SharedTokenStore
  readonly #clock: Clock
  readonly #log: Log

  constructor({ store, clock, log }: SharedTokensOptions) {
    this.#store = store
    this.#clock = clock
    this.#log = log
  }

  /** @param renewAtMs when a token is to be replaced; undefined when it is not worth keeping */
  async get(
    key: string,
    fetch: () => Promise<GrantedToken>,
    renewAtMs: (token: GrantedToken) => number | undefined,
  ): Promise<GrantedToken> {
    const ready = (await this.#usable(key)) ?? (await this.#claimOrWait(key))
    if (ready !== undefined) return ready.token
    try {
      const token = await fetch()
      const renewal = renewAtMs(token)
      await this.#quietly(() =>
        renewal === undefined ? this.#store.release(key) : this.#store.keep(key, { token, renewAtMs: renewal }),
      )
      return token
    } catch (failure) {
      await this.#quietly(() => this.#store.release(key))
      throw failure
    }
  }

  async #claimOrWait(key: string): Promise<SharedToken | undefined> {
    const untilMs = this.#clock.now() + longestWaitMs
    for (;;) {
      const isMine = await this.#quietly(() => this.#store.claim(key, this.#clock.now() + claimMs))
      if (isMine !== false || this.#clock.now() >= untilMs) return undefined
      await new Promise<void>((resolve) => this.#clock.after(pollMs, resolve))
      const ready = await this.#usable(key)
      if (ready !== undefined) return ready
    }
  }

  async #usable(key: string): Promise<SharedToken | undefined> {
    const found = await this.#quietly(() => this.#store.find(key))
    return found !== undefined && this.#clock.now() < found.renewAtMs ? found : undefined
  }

  async #quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (failure) {
      this.#log.warn('destination.token.sharing-failed', {}, failure)
      return undefined
    }
  }
}
