import type { Clock, Log } from '@landbridge/kernel'
import type { OAuthClient } from '../bindings/oauth-client.ts'
import type { ServiceAnswer, ServiceHttp } from '../http/service-http.ts'
import { type CacheStatistics, ExpiringCache, type Loaded } from '../resilience/expiring-cache.ts'
import { freshMsOf, hashed, type TokenClient } from '../token/token-client.ts'
import { tenantOfToken } from '../token/token-tenant.ts'
import { Destination } from './destination.ts'
import { type FindOptions, findHeaders, isOneTime } from './find-options.ts'
import { type ListedDestination, type ListOptions, listPageByPage } from './list-destinations.ts'
import { parseFound } from './parse-found.ts'
import { destinationRefused } from './refused.ts'

export interface CachePolicy {
  /** How long a destination is used without asking again: 0 (never) to 3,600,000. */
  readonly ttlMs: number
  /** How long after that it still serves while the service is out. */
  readonly staleMs: number
  /** Most destinations, and most tokens, that are kept. */
  readonly limit: number
}

export const defaultCachePolicy: CachePolicy = { ttlMs: 300_000, staleMs: 3_600_000, limit: 1_000 }

export interface DestinationFinderOptions {
  readonly http: ServiceHttp
  readonly tokens: TokenClient
  readonly client: OAuthClient
  /** Base URL of the destination service (`uri` of the binding). */
  readonly uri: string
  readonly cache: CachePolicy
  readonly clock: Clock
  readonly log: Log
}

/** Finds destinations at the destination service, and keeps them for a while. */
export class DestinationFinder {
  readonly #options: DestinationFinderOptions
  readonly #cache: ExpiringCache<Destination>

  constructor(options: DestinationFinderOptions) {
    this.#options = options
    const { clock, log, cache } = options
    const onStale = (): void => log.warn('client.destination.stale')
    this.#cache = new ExpiringCache({ clock, limit: cache.limit, onStale })
  }

  /** @throws PlatformError as `LandbridgeClient.findDestination` says */
  find(name: string, options: FindOptions = {}, signal?: AbortSignal): Promise<Destination> {
    const wish = { ...options, ...withTenant(options) }
    if (isOneTime(wish)) return this.#load(name, wish, signal).then(({ value }) => value)
    return this.#cache.get(this.#keyOf(name, wish), () => this.#load(name, wish), signal)
  }

  /** Forgets what was found under these options, for example after the target refused the token in it. */
  drop(name: string, options: FindOptions = {}): void {
    this.#cache.drop(this.#keyOf(name, { ...options, ...withTenant(options) }))
  }

  clear(): void {
    this.#cache.clear()
  }

  get statistics(): CacheStatistics {
    return this.#cache.statistics
  }

  /** All destinations of a level, page by page. @throws PlatformError as `find`; RangeError for the size of pages */
  list(options: ListOptions, signal?: AbortSignal): Promise<readonly ListedDestination[]> {
    return listPageByPage(options, (path) => this.#call(path, options, { signal }))
  }

  async #load(name: string, options: FindOptions, signal?: AbortSignal): Promise<Loaded<Destination>> {
    const answer = await this.#ask(name, options, signal)
    if (answer.status !== 200) throw destinationRefused(name, options, answer)
    const destination = new Destination(name, options, parseFound(answer.text, new URL(this.#options.uri).origin))
    return { value: destination, ...lifetimeOf(destination, this.#options.cache) }
  }

  #ask(name: string, options: FindOptions, signal?: AbortSignal): Promise<ServiceAnswer> {
    return this.#call(pathOf(name, options), options, {
      headers: findHeaders(options),
      isRepeatable: !isOneTime(options),
      signal,
    })
  }

  /** A token that is refused is fetched once more: its key may have been changed, or its client. */
  async #call(
    path: string,
    { tenant, tenantSubdomain }: { readonly tenant?: string; readonly tenantSubdomain?: string },
    more: {
      readonly headers?: Readonly<Record<string, string>>
      readonly isRepeatable?: boolean
      readonly signal: AbortSignal | undefined
    },
  ): Promise<ServiceAnswer> {
    const { http, tokens, client, uri } = this.#options
    const { headers = {}, isRepeatable = true, signal } = more
    const wish = {
      client,
      ...(tenant === undefined ? {} : { tenant }),
      ...(tenantSubdomain === undefined ? {} : { tenantSubdomain }),
    }
    const call = async (): Promise<ServiceAnswer> => {
      const token = await tokens.token(wish, signal)
      return http.call({
        service: 'destination service',
        method: 'GET',
        url: `${uri.replace(/\/+$/, '')}/destination-configuration/${path}`,
        headers: { accept: 'application/json', ...headers, authorization: `Bearer ${token}` },
        isRepeatable,
        ...(signal === undefined ? {} : { signal }),
      })
    }
    const first = await call()
    if (first.status !== 401) return first
    tokens.drop(wish)
    return call()
  }

  /** Everything that decides the answer; tokens as hashes. */
  #keyOf(name: string, options: FindOptions): string {
    const { userToken, tenant, ...rest } = options
    const own = tenant ?? this.#options.client.tenantId ?? ''
    return JSON.stringify([name, own, hashed(userToken), hashed(JSON.stringify(Object.entries(rest).sort()))])
  }
}

function withTenant({ tenant, tenantSubdomain, userToken }: FindOptions): { readonly tenant?: string } {
  if (tenantSubdomain !== undefined) return {}
  const named = tenant ?? (userToken === undefined ? undefined : tenantOfToken(userToken))
  return named === undefined ? {} : { tenant: named }
}

function pathOf(name: string, { version = 'v1', level, skipTokenRetrieval = false }: FindOptions): string {
  const encoded = encodeURIComponent(name)
  const path = `${version}/destinations/${version === 'v2' && level !== undefined ? `${encoded}@${level}` : encoded}`
  return skipTokenRetrieval ? `${path}?$skipTokenRetrieval=true` : path
}

/**
 * The time to live, but never beyond a token in the answer: it is renewed before it expires, and of no use afterwards.
 * An assertion works once, and a failed token request should be tried again: neither is kept.
 */
function lifetimeOf(destination: Destination, { ttlMs, staleMs }: CachePolicy): Omit<Loaded<never>, 'value'> {
  const isSingleUse = destination.authTokens.some(
    ({ type, error }) => error !== undefined || type === 'SAML2.0' || type === 'MYSAPSSO2',
  )
  if (isSingleUse || ttlMs === 0) return { freshMs: 0, usableMs: 0 }
  const lives = destination.authTokens.map(({ expiresInSeconds }) => (expiresInSeconds ?? Infinity) * 1_000)
  const lifeMs = Math.max(0, Math.min(Infinity, ...lives))
  const freshMs = Number.isFinite(lifeMs) ? Math.min(ttlMs, freshMsOf(lifeMs)) : ttlMs
  return { freshMs, usableMs: Math.min(freshMs + staleMs, lifeMs) }
}
