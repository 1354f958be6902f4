/** One entry of `authTokens` in the answer of the find operation (guide L13389-13441). */
export interface AuthToken {
  readonly type: string
  readonly value: string
  readonly http_header: { readonly key: string; readonly value: string }
  /** Remaining lifetime in seconds, as text; OAuth types only. */
  readonly expires_in?: string
  readonly scope?: string
  readonly refresh_token?: string
  /** OAuth2TokenExchange only (RFC 8693 section 2.2.1). */
  readonly issued_token_type?: string
  /** Only present on failure: clients take the mere presence of the member for a failure. */
  readonly error?: string
}

/** What a token service granted, with its lifetime turned into a point in time. */
export interface GrantedToken {
  readonly value: string
  readonly type: string
  /** Milliseconds since 1970; undefined when the token service did not say. */
  readonly expiresAtMs: number | undefined
  readonly scope: string | undefined
  readonly refreshToken: string | undefined
  readonly issuedTokenType?: string
}

/** @param nowMs the moment of the answer: `expires_in` counts from there, also for a cached token. */
export function oauthToken(granted: GrantedToken, nowMs: number): AuthToken {
  return {
    type: granted.type,
    value: granted.value,
    http_header: { key: 'Authorization', value: `${granted.type} ${granted.value}` },
    ...(granted.expiresAtMs === undefined
      ? {}
      : { expires_in: String(Math.max(0, Math.floor((granted.expiresAtMs - nowMs) / 1_000))) }),
    ...(granted.scope === undefined ? {} : { scope: granted.scope }),
    ...(granted.refreshToken === undefined ? {} : { refresh_token: granted.refreshToken }),
    ...(granted.issuedTokenType === undefined ? {} : { issued_token_type: granted.issuedTokenType }),
  }
}

/** The entry that says why there is no token. The HTTP answer stays 200 (guide L13416). */
export function failedToken(error: string): AuthToken {
  return { type: '', value: '', http_header: { key: '', value: '' }, expires_in: '0', error }
}
