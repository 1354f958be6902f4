import type { Clock } from '@landbridge/kernel'
import { isOutage } from '../client-error.ts'
import { untilAborted } from './wait.ts'

export interface Loaded<V> {
  readonly value: V
  /** How long it is used without asking again; 0 for not at all. */
  readonly freshMs: number
  /** How long it serves when asking again fails; at least `freshMs`. */
  readonly usableMs: number
}

interface Entry<V> {
  readonly value: V
  readonly freshUntil: number
  readonly usableUntil: number
}

/** What callers of a cache met so far. */
export interface CacheStatistics {
  /** Answered from what was known. */
  readonly hits: number
  /** Asked the service, or waited for somebody who did. */
  readonly misses: number
  /** Answered from what had expired, because the service was out. Counted among the misses as well. */
  readonly stale: number
}

export interface CacheOptions {
  readonly clock: Clock
  /** Most entries; the oldest goes first. */
  readonly limit: number
  /** An expired entry serves because of this failure. */
  readonly onStale?: (failure: unknown) => void
}

/**
 * Answers that are good for a while. Refreshed when somebody asks, by one request for all who ask at the same time; an
 * expired entry serves while the service is out, and goes when the service says no (guide L16695 to L16706).
 */
export class ExpiringCache<V> {
  readonly #clock: Clock
  readonly #limit: number
  readonly #onStale: (failure: unknown) => void
  readonly #entries: Map<string, Entry<V>>
  readonly #loading: Map<string, Promise<V>>
  #hits: number
  #misses: number
  #stale: number

  constructor({ clock, limit, onStale = () => {} }: CacheOptions) {
    this.#clock = clock
    this.#limit = limit
    this.#onStale = onStale
    this.#entries = new Map()
    this.#loading = new Map()
    this.#hits = 0
    this.#misses = 0
    this.#stale = 0
  }

  get statistics(): CacheStatistics {
    return { hits: this.#hits, misses: this.#misses, stale: this.#stale }
  }

  get size(): number {
    return this.#entries.size
  }

  /** The signal ends the wait of this caller only; `load` is shared and has deadlines of its own. */
  get(key: string, load: () => Promise<Loaded<V>>, signal?: AbortSignal): Promise<V> {
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    const entry = this.#entries.get(key)
    if (entry !== undefined && this.#clock.now() < entry.freshUntil) {
      this.#hits++
      return Promise.resolve(entry.value)
    }
    this.#misses++
    const loading = this.#loading.get(key) ?? this.#start(key, load)
    return untilAborted(loading, signal)
  }

  /** Forgets an entry; what is being loaded for it is not kept either. */
  drop(key: string): void {
    this.#entries.delete(key)
    this.#loading.delete(key)
  }

  clear(): void {
    this.#entries.clear()
    this.#loading.clear()
  }

  #start(key: string, load: () => Promise<Loaded<V>>): Promise<V> {
    // Lifetimes are counted from the moment of asking: a slow answer is not younger than it says.
    const asked = this.#clock.now()
    const loading: Promise<V> = load().then(
      (loaded) => {
        if (this.#loading.get(key) === loading) this.#keep(key, loaded, asked)
        return loaded.value
      },
      (failure: unknown) => {
        const isCurrent = this.#loading.get(key) === loading
        if (isCurrent) this.#loading.delete(key)
        return this.#serveStale(key, failure, isCurrent)
      },
    )
    this.#loading.set(key, loading)
    return loading
  }

  #keep(key: string, { value, freshMs, usableMs }: Loaded<V>, asked: number): void {
    this.#loading.delete(key)
    this.#entries.delete(key)
    if (usableMs <= 0) return
    this.#entries.set(key, { value, freshUntil: asked + freshMs, usableUntil: asked + Math.max(freshMs, usableMs) })
    if (this.#entries.size > this.#limit) this.#entries.delete(this.#entries.keys().next().value!)
  }

  #serveStale(key: string, failure: unknown, isCurrent: boolean): V {
    const entry = isCurrent ? this.#entries.get(key) : undefined
    if (entry !== undefined && isOutage(failure) && this.#clock.now() < entry.usableUntil) {
      this.#stale++
      this.#onStale(failure)
      return entry.value
    }
    // A definite answer ends the life of what was known before.
    if (isCurrent && !isOutage(failure)) this.#entries.delete(key)
    throw failure
  }
}
