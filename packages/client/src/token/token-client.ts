import { createHash } from 'node:crypto'
import type { Clock, Log } from '@landbridge/kernel'
import type { OAuthClient } from '../bindings/oauth-client.ts'
import { clientError } from '../client-error.ts'
import type { ServiceCall, ServiceHttp } from '../http/service-http.ts'
import { type CacheStatistics, ExpiringCache, type Loaded } from '../resilience/expiring-cache.ts'

/** Whom a token is for. */
export interface TokenWish {
  readonly client: OAuthClient
  /** Tenant (subaccount) ID; by default the one of the client. */
  readonly tenant?: string
  /** Subdomain of that tenant instead of its ID. */
  readonly tenantSubdomain?: string
  /** Token of a user, to be exchanged for one of this client. */
  readonly userToken?: string
}

export interface TokenClientOptions {
  readonly http: ServiceHttp
  readonly clock: Clock
  readonly log: Log
  readonly limit: number
}

/** A token is renewed this long before it expires, or after half of its life if that is short. */
const renewBeforeMs = 60_000

/**
 * Tokens of the token service, kept until shortly before they expire, apart for each client, tenant and user
 * (guide L16685). Many who ask at once cause one request.
 */
export class TokenClient {
  readonly #http: ServiceHttp
  readonly #cache: ExpiringCache<string>

  constructor({ http, clock, log, limit }: TokenClientOptions) {
    this.#http = http
    this.#cache = new ExpiringCache({ clock, limit, onStale: () => log.warn('client.token.renewal-failed') })
  }

  /**
   * A token that is valid for at least a while. If the renewal fails, the old one serves as long as it is valid.
   * @throws PlatformError CLIENT_CREDENTIALS_REFUSED, CLIENT_SERVICE_*, CLIENT_CIRCUIT_OPEN; the signal's reason
   */
  token(wish: TokenWish, signal?: AbortSignal): Promise<string> {
    return this.#cache.get(keyOf(wish), () => this.#fetch(wish), signal)
  }

  /** Forgets a token that a service refused. */
  drop(wish: TokenWish): void {
    this.#cache.drop(keyOf(wish))
  }

  clear(): void {
    this.#cache.clear()
  }

  get statistics(): CacheStatistics {
    return this.#cache.statistics
  }

  async #fetch(wish: TokenWish): Promise<Loaded<string>> {
    const { status, text } = await this.#http.call(tokenCall(wish))
    const answer = parse(text)
    const { access_token: value, expires_in: seconds } = answer
    if (status !== 200) throw refused(wish, status, answer)
    if (typeof value !== 'string' || value === '') throw refused(wish, status, { error: 'no access_token' })
    const lifeMs = Number(seconds ?? 0) * 1_000
    const usableMs = Number.isFinite(lifeMs) ? Math.max(0, lifeMs) : 0
    return { value, freshMs: freshMsOf(usableMs), usableMs }
  }
}

/** How long something with this lifetime is used before it is renewed. */
export function freshMsOf(lifeMs: number): number {
  return Math.max(lifeMs - renewBeforeMs, lifeMs / 2)
}

function tokenCall({ client, tenant, tenantSubdomain, userToken }: TokenWish): ServiceCall {
  const form = new URLSearchParams({ client_id: client.clientId })
  if (client.secret !== undefined) form.set('client_secret', client.secret)
  if (userToken === undefined) form.set('grant_type', 'client_credentials')
  else {
    form.set('grant_type', 'urn:ietf:params:oauth:grant-type:jwt-bearer')
    form.set('assertion', userToken)
    form.set('token_format', 'jwt')
    form.set('response_type', 'token')
  }
  return {
    service: 'token service',
    method: 'POST',
    url: tenantSubdomain === undefined ? client.tokenUrl : tokenUrlOfTenant(client, tenantSubdomain),
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...(tenant === undefined || tenant === client.tenantId ? {} : { 'x-zid': tenant }),
    },
    body: form.toString(),
    ...(client.identity === undefined ? {} : { identity: client.identity }),
  }
}

/**
 * Every tenant has a token service of its own: the subdomain of the binding's tenant is the first label of its host.
 * @throws PlatformError CLIENT_BINDING_INVALID when the binding does not say which label that is
 */
export function tokenUrlOfTenant({ tokenUrl, identityZone, binding }: OAuthClient, subdomain: string): string {
  const url = new URL(tokenUrl)
  const [first = '', ...rest] = url.hostname.split('.')
  if (first !== identityZone)
    throw clientError('CLIENT_BINDING_INVALID', {
      binding,
      field: 'identityzone',
      reason: 'it is not the first label of the host of the token service, so other tenants cannot be addressed',
    })
  // A subdomain is one label: anything else would lead the credentials to another host.
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(subdomain)) throw new RangeError('The subdomain is not a DNS label')
  url.hostname = [subdomain, ...rest].join('.')
  return url.href
}

/** A hash, so that no token of a user lives longer than needed. */
function keyOf({ client, tenant, tenantSubdomain, userToken }: TokenWish): string {
  const own = tenantSubdomain === undefined ? (tenant ?? client.tenantId ?? '') : `@${tenantSubdomain}`
  return JSON.stringify([client.tokenUrl, client.clientId, own, hashed(userToken)])
}

/** SHA-256 of a token for a cache key; empty for none. */
export function hashed(token: string | undefined): string {
  return token === undefined ? '' : createHash('sha256').update(token).digest('base64url')
}

function refused({ client, tenant }: TokenWish, status: number, answer: Readonly<Record<string, unknown>>): Error {
  const reason = answer.error_description ?? answer.error
  return clientError('CLIENT_CREDENTIALS_REFUSED', {
    service: client.service,
    binding: client.binding,
    status,
    ...(tenant === undefined ? {} : { tenant }),
    ...(typeof reason === 'string' ? { reason: reason.slice(0, 300) } : {}),
  })
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}
