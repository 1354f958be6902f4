import type { VerifiedToken } from '@landbridge/identity'
import type { Properties } from '../properties.ts'
import type { SamlContext } from '../saml/saml-context.ts'
import type { AuthToken, GrantedToken } from '../token/auth-token.ts'
import type { TokenResponse } from '../token/token-endpoint.ts'
import type { Grant } from '../token/token-request.ts'

/** One value of the property `Authentication`: what it requires, and how it gets its tokens. One file each. */
export interface AuthenticationType {
  readonly name: string
  /** Legal values of `ProxyType`. */
  readonly proxyTypes: readonly string[]
  /** Sentences about what is wrong with the properties; empty when nothing is. */
  validate(properties: Properties): string[]
  /**
   * The entries of `authTokens`; an empty list when the type has none.
   * @throws PlatformError DESTINATION_TOKEN_FAILED, which becomes the error entry
   */
  tokens(context: TokenContext): Promise<AuthToken[]>
}

/** Request headers of the find operation that matter for tokens; an empty header counts as absent. */
export interface FindHeaders {
  readonly userToken?: string
  readonly tenant?: string
  readonly clientAssertion?: string
  readonly clientAssertionType?: string
  /** Name of the destination whose token is the assertion. */
  readonly clientAssertionDestination?: string
  readonly refreshToken?: string
  readonly code?: string
  readonly redirectUri?: string
  readonly codeVerifier?: string
  readonly subjectToken?: string
  readonly subjectTokenType?: string
  readonly actorToken?: string
  readonly actorTokenType?: string
  /** `X-samlAssertion`, as the token service is to get it. */
  readonly samlAssertion?: string
  readonly fragmentName?: string
  readonly fragmentOptional?: boolean
}

/** Everything that an authentication type may use for one find request. */
export interface TokenContext {
  readonly properties: Properties
  readonly headers: FindHeaders
  /** The caller's verified `Authorization` token. */
  readonly caller: VerifiedToken
  /** What signs assertions, and what is known of users. */
  readonly saml: SamlContext
  nowMs(): number
  /** The verified user token: `X-user-token` when sent, else `Authorization` (guide L13789-13798). */
  userToken(): Promise<VerifiedToken>
  /** Sends a token request; `redacted` are secrets that its answer may echo. */
  request(grant: RequestedGrant, redacted?: readonly string[]): Promise<GrantedToken>
  /** Like `request`, for an answer that is no access token yet. */
  exchange(grant: RequestedGrant): Promise<{ response: TokenResponse; clean: (text: string) => string }>
  /** Reuses a token that the same destination version got for the same `parts`. */
  cached(parts: readonly string[], fetch: () => Promise<GrantedToken>): Promise<GrantedToken>
}

/** What the type itself decides; the rest follows from the destination and the headers. */
export type RequestedGrant = Omit<Grant, 'properties' | 'subaccountId' | 'assertion' | 'tls'>
