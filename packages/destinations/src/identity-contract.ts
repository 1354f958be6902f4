/** A verified access token, as far as destinations need it. */
export interface VerifiedToken {
  readonly raw: string
  readonly tenantId: string
  readonly subdomain: string
  readonly clientId: string
  readonly instanceId: string
  /** Empty for a technical token. */
  readonly userName: string
  readonly expiresAtMs: number
}

/** Checks signature, issuer and validity of a token; rejects with a PlatformError. */
export interface TokenChecker {
  verify(token: string): Promise<VerifiedToken>
}
