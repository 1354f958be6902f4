import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import type { CryptoKey } from 'jose'
import { type JsonWebKeySet, type KeyQuery, KeyTable, type PublishedKeys } from './key-source.ts'

export interface RemoteKeySourceOptions {
  /** The only address that is ever fetched: https, or http on a loopback address. Redirects are not followed. */
  readonly url: string
  /** OpenID discovery: `url` is the discovery document of this issuer, and the key set is at its `jwks_uri`. */
  readonly discoverFor?: string
  /** Called when other keys are published than before. */
  readonly onChange?: () => void
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
export function remoteKeySource(options: RemoteKeySourceOptions): PublishedKeys {
  if (!URL.canParse(options.url) || !isProtected(new URL(options.url)))
    throw new PlatformError('CONFIG_INVALID', { problems: ['the address of a key set must begin with https://'] })
  return new RemoteKeySource(new URL(options.url), options)
}

function isProtected(url: URL): boolean {
  const isLoopback = /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname)
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback)
}

class RemoteKeySource implements PublishedKeys {
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
    if (this.#isOld() && this.#mayFetch()) this.#fetch().catch(() => {}) // reported by #fetch; the set at hand stays in use
    const known = await this.#keys.find(query)
    if (known !== undefined || (!this.#mayFetch() && this.#fetching === null)) return known
    try {
      return await (await this.#fetch()).find(query)
    } catch {
      return undefined
    }
  }

  async keySet(): Promise<JsonWebKeySet> {
    if (this.#keys === null) return (await this.#firstFetch()).publicKeys()
    if (!this.#isOld() || !this.#mayFetch()) return this.#keys.publicKeys()
    const fresh = await this.#fetch().catch(() => undefined) // reported by #fetch; the set at hand stays in use
    return (fresh ?? this.#keys).publicKeys()
  }

  #isOld(): boolean {
    return this.#age(this.#fetchedAtMs) >= (this.#options.refreshAfterMs ?? 15 * 60_000)
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
      const url = await this.#locate()
      const keys = new KeyTable(parseKeySet(await this.#download(url)))
      const before = this.#keys
      this.#keys = keys
      this.#fetchedAtMs = clock.now()
      log.debug('identity.keys.fetched', { url: url.href, keys: keys.size })
      if (before !== null && fingerprintOf(before) !== fingerprintOf(keys)) this.#options.onChange?.()
      return keys
    } catch (cause) {
      log.warn('identity.keys.fetch-failed', { url: this.#url.href }, cause)
      throw new PlatformError('TOKEN_KEYS_UNAVAILABLE', { url: this.#url.href }, { cause })
    }
  }

  async #locate(): Promise<URL> {
    const issuer = this.#options.discoverFor
    if (issuer === undefined) return this.#url
    const document: unknown = JSON.parse(await this.#download(this.#url))
    const facts = (typeof document === 'object' && document !== null ? document : {}) as Readonly<
      Record<string, unknown>
    >
    // A document of somebody else must not lend us its keys (OpenID Connect Discovery section 4.3).
    if (facts.issuer !== issuer) throw new Error('the discovery document is of another issuer')
    if (typeof facts.jwks_uri !== 'string' || !URL.canParse(facts.jwks_uri) || !isProtected(new URL(facts.jwks_uri)))
      throw new Error('the discovery document names no key set with an address that begins with https://')
    return new URL(facts.jwks_uri)
  }

  #download(url: URL): Promise<string> {
    const { ca, timeoutMs = 10_000 } = this.#options
    const request = {
      headers: { accept: 'application/json', 'user-agent': 'landbridge' },
      signal: AbortSignal.timeout(timeoutMs),
      agent: false as const,
      ...(ca === undefined ? {} : { ca }),
    }
    return new Promise((resolve, reject) => {
      const get = url.protocol === 'https:' ? httpsGet : httpGet
      get(url, request, (response) => {
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

function fingerprintOf(keys: KeyTable): string {
  return JSON.stringify(keys.publicKeys().keys)
}

function parseKeySet(text: string): JsonWebKeySet {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || !('keys' in value) || !Array.isArray(value.keys))
    throw new Error('the answer is not a key set')
  return { keys: value.keys.filter((key) => typeof key === 'object' && key !== null) }
}
