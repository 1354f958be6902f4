import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import type { CryptoKey } from 'jose'
import { type JsonWebKeySet, type KeyQuery, type KeySource, KeyTable } from './key-source.ts'

export interface RemoteKeySourceOptions {
  /** The only address that is ever fetched: https, or http on a loopback address. Redirects are not followed. */
  readonly url: string
  /** PEM of the authorities to trust for this address instead of the machine's. */
  readonly ca?: string
  readonly clock: Clock
  readonly log: Log
  /** Age after which the set is fetched again in the background. */
  readonly refreshAfterMs?: number
  /** Shortest pause between two fetches, so that made-up key IDs cannot flood the issuer. */
  readonly cooldownMs?: number
  readonly timeoutMs?: number
}

const maximumBytes = 1024 * 1024

/**
 * The key set behind a URL: fetched on first use, refreshed in the background, and once more when a token names an
 * unknown key. Concurrent callers share one fetch. While the issuer is down the last good set stays in use.
 */
export function remoteKeySource(options: RemoteKeySourceOptions): KeySource {
  const url = new URL(options.url)
  const isLoopback = /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback))
    throw new PlatformError('CONFIG_INVALID', { problems: ['the address of a key set must begin with https://'] })
  return new RemoteKeySource(url, options)
}

class RemoteKeySource implements KeySource {
  readonly #url: URL
  readonly #options: RemoteKeySourceOptions
  #keys: KeyTable | null
  #fetchedAtMs: number
  #attemptedAtMs: number
  #fetching: Promise<KeyTable> | null

  constructor(url: URL, options: RemoteKeySourceOptions) {
    this.#url = url
    this.#options = options
    this.#keys = null
    this.#fetchedAtMs = Number.NEGATIVE_INFINITY
    this.#attemptedAtMs = Number.NEGATIVE_INFINITY
    this.#fetching = null
  }

  async findKey(query: KeyQuery): Promise<CryptoKey | undefined> {
    if (this.#keys === null) return (await this.#firstFetch()).find(query)
    if (this.#age(this.#fetchedAtMs) >= (this.#options.refreshAfterMs ?? 15 * 60_000) && this.#mayFetch())
      this.#fetch().catch(() => {}) // reported by #fetch; the set at hand stays in use
    const known = await this.#keys.find(query)
    if (known !== undefined || (!this.#mayFetch() && this.#fetching === null)) return known
    try {
      return await (await this.#fetch()).find(query)
    } catch {
      return undefined
    }
  }

  #firstFetch(): Promise<KeyTable> {
    if (this.#fetching === null && !this.#mayFetch())
      return Promise.reject(new PlatformError('TOKEN_KEYS_UNAVAILABLE', { url: this.#url.href }))
    return this.#fetch()
  }

  #age(sinceMs: number): number {
    return this.#options.clock.now() - sinceMs
  }

  #mayFetch(): boolean {
    // A first set is worth trying for more often: without it nothing works.
    const cooldownMs = this.#keys === null ? 1_000 : (this.#options.cooldownMs ?? 30_000)
    return this.#age(this.#attemptedAtMs) >= cooldownMs
  }

  #fetch(): Promise<KeyTable> {
    this.#fetching ??= this.#load().finally(() => {
      this.#fetching = null
    })
    return this.#fetching
  }

  async #load(): Promise<KeyTable> {
    const { log, clock } = this.#options
    this.#attemptedAtMs = clock.now()
    try {
      const keys = new KeyTable(parseKeySet(await this.#download()))
      this.#keys = keys
      this.#fetchedAtMs = clock.now()
      log.debug('identity.keys.fetched', { url: this.#url.href, keys: keys.size })
      return keys
    } catch (cause) {
      log.warn('identity.keys.fetch-failed', { url: this.#url.href }, cause)
      throw new PlatformError('TOKEN_KEYS_UNAVAILABLE', { url: this.#url.href }, { cause })
    }
  }

  #download(): Promise<string> {
    const { ca, timeoutMs = 10_000 } = this.#options
    const request = {
      headers: { accept: 'application/json', 'user-agent': 'landbridge' },
      signal: AbortSignal.timeout(timeoutMs),
      agent: false as const,
      ...(ca === undefined ? {} : { ca }),
    }
    return new Promise((resolve, reject) => {
      const get = this.#url.protocol === 'https:' ? httpsGet : httpGet
      get(this.#url, request, (response) => {
        response.on('error', reject)
        if (response.statusCode !== 200) {
          response.destroy()
          reject(new Error(`the key set was answered with status ${response.statusCode}`))
          return
        }
        const chunks: Buffer[] = []
        let bytes = 0
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > maximumBytes) response.destroy(new Error('the key set is too large'))
          else chunks.push(chunk)
        })
        response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
      }).on('error', reject)
    })
  }
}

function parseKeySet(text: string): JsonWebKeySet {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || !('keys' in value) || !Array.isArray(value.keys))
    throw new Error('the answer is not a key set')
  return { keys: value.keys.filter((key) => typeof key === 'object' && key !== null) }
}
