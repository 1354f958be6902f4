import type { Binding } from '../bindings/binding.ts'
import { type OAuthClient, readOAuthClient, requiredText, tryText } from '../bindings/oauth-client.ts'
import { clientError } from '../client-error.ts'
import type { TokenClient, TokenWish } from '../token/token-client.ts'
import { tenantOfToken } from '../token/token-tenant.ts'

/** Which Cloud Connector, seen from the cloud: that of a tenant, at a location. */
export interface Route {
  /** Tenant (subaccount) ID; by default the one of the connectivity binding. */
  readonly tenant?: string
  /** Subdomain of that tenant instead of its ID. */
  readonly tenantSubdomain?: string
  /** Empty or absent: the Cloud Connector without a location ID. */
  readonly locationId?: string
}

/** The proxies of the connectivity binding, and the tokens for them. */
export class ConnectivityProxy {
  readonly host: string
  readonly httpPort: number
  readonly #binding: Binding
  readonly #client: OAuthClient
  readonly #tokens: TokenClient

  /** @throws PlatformError CLIENT_BINDING_INVALID */
  constructor(binding: Binding, tokens: TokenClient) {
    this.#binding = binding
    this.#client = readOAuthClient(binding)
    this.#tokens = tokens
    this.host = requiredText(binding, 'onpremise_proxy_host')
    const hasPort = tryText(binding, 'onpremise_proxy_http_port') !== undefined
    this.httpPort = portOf(binding, hasPort ? 'onpremise_proxy_http_port' : 'onpremise_proxy_port')
  }

  get httpUrl(): string {
    return `http://${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.httpPort}`
  }

  /** @throws PlatformError CLIENT_BINDING_INVALID when the binding names none */
  get socksPort(): number {
    return portOf(this.#binding, 'onpremise_socks5_proxy_port')
  }

  /** @throws PlatformError CLIENT_BINDING_INVALID when the binding names none */
  get rfcPort(): number {
    return portOf(this.#binding, 'onpremise_proxy_rfc_port')
  }

  /** A token of the connectivity binding for a tenant. @throws PlatformError as TokenClient */
  token(route: Route, signal?: AbortSignal): Promise<string> {
    return this.#tokens.token(this.#wish(route), signal)
  }

  /** Forgets a token that the proxy refused. */
  dropToken(route: Route): void {
    this.#tokens.drop(this.#wish(route))
  }

  /** The token of a user, exchanged for one that the proxy takes; in the tenant of the user. */
  userToken(userToken: string, signal?: AbortSignal): Promise<string> {
    const tenant = tenantOfToken(userToken)
    return this.#tokens.token({ ...this.#wish(tenant === undefined ? {} : { tenant }), userToken }, signal)
  }

  /** What every request to the HTTP proxy needs: the token, and the location in plain text (guide L12069). */
  async headers(route: Route, signal?: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const authorization = `Bearer ${await this.token(route, signal)}`
    return { 'Proxy-Authorization': authorization, ...locationHeader(route) }
  }

  #wish({ tenant, tenantSubdomain }: Route): TokenWish {
    return {
      client: this.#client,
      ...(tenant === undefined ? {} : { tenant }),
      ...(tenantSubdomain === undefined ? {} : { tenantSubdomain }),
    }
  }
}

export function locationHeader({ locationId = '' }: Route): Readonly<Record<string, string>> {
  return locationId === '' ? {} : { 'SAP-Connectivity-SCC-Location_ID': locationId }
}

function portOf(binding: Binding, field: string): number {
  const port = Number(requiredText(binding, field))
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw clientError('CLIENT_BINDING_INVALID', { binding: binding.name, field, reason: 'not a port' })
}
