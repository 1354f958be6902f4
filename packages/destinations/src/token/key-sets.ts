import { type JsonWebKeySet, type KeyQuery, type KeySource, staticKeySource } from '@landbridge/identity'
import type { Clock } from '@landbridge/kernel'

const refreshAfterMs = 15 * 60_000
/** Shortest pause between two fetches of one set: made-up key IDs must not flood the issuer. */
const cooldownMs = 30_000
const cooldownAfterFailureMs = 1_000
const mostSets = 500

interface Entry {
  keys: KeySource | undefined
  attemptedAtMs: number
  fetchedAtMs: number
  fetching: Promise<KeySource> | undefined
  failure: unknown
}

/** Key sets of foreign issuers, by the place they come from: fetched on first use, again for an unknown key. */
export class KeySets {
  readonly #clock: Clock
  readonly #entries: Map<string, Entry>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#entries = new Map()
  }

  /** @param place everything that decides what is fetched: the URL, and whom it is trusted to come from. */
  source(place: string, fetch: () => Promise<JsonWebKeySet>): KeySource {
    return { findKey: (query) => this.#find(this.#entry(place), query, fetch) }
  }

  async #find(entry: Entry, query: KeyQuery, fetch: () => Promise<JsonWebKeySet>) {
    const { keys } = entry
    if (keys === undefined) return (await this.#first(entry, fetch)).findKey(query)
    const isOld = this.#clock.now() - entry.fetchedAtMs >= refreshAfterMs
    const known = isOld ? undefined : await keys.findKey(query)
    if (known !== undefined || (!this.#mayFetch(entry) && entry.fetching === undefined)) return known
    // While the issuer is down the last good set stays in use.
    const fresh = await this.#fetch(entry, fetch).catch(() => keys)
    return fresh.findKey(query)
  }

  #first(entry: Entry, fetch: () => Promise<JsonWebKeySet>): Promise<KeySource> {
    if (entry.fetching === undefined && !this.#mayFetch(entry)) return Promise.reject(entry.failure)
    return this.#fetch(entry, fetch)
  }

  #mayFetch(entry: Entry): boolean {
    const pauseMs = entry.failure === undefined ? cooldownMs : cooldownAfterFailureMs
    return this.#clock.now() - entry.attemptedAtMs >= pauseMs
  }

  #fetch(entry: Entry, fetch: () => Promise<JsonWebKeySet>): Promise<KeySource> {
    entry.fetching ??= this.#load(entry, fetch).finally(() => {
      entry.fetching = undefined
    })
    return entry.fetching
  }

  async #load(entry: Entry, fetch: () => Promise<JsonWebKeySet>): Promise<KeySource> {
    entry.attemptedAtMs = this.#clock.now()
    try {
      entry.keys = staticKeySource(await fetch())
      entry.fetchedAtMs = this.#clock.now()
      entry.failure = undefined
      return entry.keys
    } catch (failure) {
      entry.failure = failure
      throw failure
    }
  }

  #entry(place: string): Entry {
    const found = this.#entries.get(place)
    const entry = found ?? {
      keys: undefined,
      attemptedAtMs: Number.NEGATIVE_INFINITY,
      fetchedAtMs: Number.NEGATIVE_INFINITY,
      fetching: undefined,
      failure: undefined,
    }
    // The set that was unused for longest goes first.
    this.#entries.delete(place)
    this.#entries.set(place, entry)
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= mostSets) break
      this.#entries.delete(oldest)
    }
    return entry
  }
}
