import type { TlsSettings } from './tls-settings.ts'

/** One request to a token service: a form that is posted, or a key set that is fetched. */
export interface TokenRequest {
  /** `POST` when absent. */
  readonly method?: 'GET' | 'POST'
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  /** Empty for `GET`. */
  readonly body: string
  /** How the token service is reached. */
  readonly proxyType: string
  /** Subaccount whose Cloud Connector serves an `OnPremise` request, and its location. */
  readonly subaccountId: string
  readonly locationId: string
  /** Milliseconds; 0 leaves the limit to the endpoint. */
  readonly connectTimeoutMs: number
  readonly readTimeoutMs: number
  /** True when the destination asks not to check the server's certificate (`TrustAll`). */
  readonly insecureTrustAll: boolean
  /** What else the destination says about TLS; absent: the defaults. */
  readonly tls?: TlsSettings
}

export interface TokenResponse {
  readonly status: number
  /** At most 1 MiB of text. */
  readonly body: string
}

/**
 * Sends token requests. Follows no redirects, applies the endpoint policy, bounds time and size.
 * Rejects with PlatformError DESTINATION_TOKEN_FAILED when there is no answer.
 */
export interface TokenEndpoint {
  send(request: TokenRequest): Promise<TokenResponse>
}
