/** How a destination is found. */
export interface FindOptions {
  /**
   * Token of the logged-on user: for destinations that log users on. The lookup happens in the tenant of that user
   * unless `tenant` says otherwise.
   */
  readonly userToken?: string
  /** Tenant (subaccount) ID in which to look; by default the one of the user, else the one of the binding. */
  readonly tenant?: string
  /** Subdomain of the tenant in which to look, where its ID is not known; not with `tenant`. */
  readonly tenantSubdomain?: string
  /** Names of fragments that are laid over the destination, in this order; v2 takes `name@level`. */
  readonly fragments?: readonly string[]
  /** The one named fragment may be missing. */
  readonly isFragmentOptional?: boolean
  /** v1 (default) looks on instance, then on subaccount level; v2 on `level` only. */
  readonly version?: 'v1' | 'v2'
  /** v2 only; default: instance. */
  readonly level?: 'instance' | 'subaccount' | 'provider_instance' | 'provider_subaccount'
  /** Subdomain for token services of several tenants (`tokenServiceURLType` Common); not with `userToken`. */
  readonly tokenServiceTenant?: string
  /** OAuth2RefreshToken. An answer to it is not cached, and a lost one not repeated. */
  readonly refreshToken?: string
  /** OAuth2AuthorizationCode; as `refreshToken`. */
  readonly authorizationCode?: { readonly code: string; readonly redirectUri?: string; readonly codeVerifier?: string }
  /** OAuth2SAMLBearerAssertion with an assertion of the application. */
  readonly samlAssertion?: string
  /** OAuth2TokenExchange. */
  readonly subjectToken?: { readonly token: string; readonly type?: string }
  readonly actorToken?: { readonly token: string; readonly type?: string }
  /** Find only the configuration: no token is fetched, and no user is needed. */
  readonly skipTokenRetrieval?: boolean
  /** Further `X-…` headers of the contract, for example `X-chain-name`. */
  readonly headers?: Readonly<Record<string, string>>
}

/** The headers of the contract for these options; their names in the spelling of the contract. */
export function findHeaders(options: FindOptions): Readonly<Record<string, string>> {
  const { fragments = [], authorizationCode, subjectToken, actorToken } = options
  const values: Readonly<Record<string, string | undefined>> = {
    'X-user-token': options.userToken,
    'X-tenant': options.tokenServiceTenant,
    'X-fragment-name': fragments.length === 0 ? undefined : fragments.join(','),
    'X-fragment-optional': options.isFragmentOptional === true ? 'true' : undefined,
    'X-refresh-token': options.refreshToken,
    'X-code': authorizationCode?.code,
    'X-redirect-uri': authorizationCode?.redirectUri,
    'X-code-verifier': authorizationCode?.codeVerifier,
    'X-samlAssertion': options.samlAssertion,
    'X-subject-token': subjectToken?.token,
    'X-subject-token-type': subjectToken?.type,
    'X-actor-token': actorToken?.token,
    'X-actor-token-type': actorToken?.type,
  }
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return { ...options.headers, ...Object.fromEntries(given) }
}

/** True when the lookup uses something up: a code or a refresh token works once. */
export function isOneTime({ refreshToken, authorizationCode }: FindOptions): boolean {
  return refreshToken !== undefined || authorizationCode !== undefined
}
