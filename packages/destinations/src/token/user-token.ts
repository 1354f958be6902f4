import { type JsonWebKeySet, staticKeySource, TokenVerifier, type VerifiedToken } from '@landbridge/identity'
import { type Clock, errorEntry, isPlatformError } from '@landbridge/kernel'
import { type Properties, present } from '../properties.ts'
import { tokenFailure } from './token-failure.ts'

export interface UserTokenRequest {
  /** Verifies tokens of the platform's own token service. */
  readonly verifier: TokenVerifier
  readonly clock: Clock
  readonly properties: Properties
  /** The caller's verified `Authorization` token. */
  readonly caller: VerifiedToken
  /** Value of `X-user-token`; undefined when absent or empty. */
  readonly sent: string | undefined
}

/**
 * The user token of a request (guide L13789-13798): it decides the user and the tenant, and it is the one that is
 * exchanged.
 * @throws PlatformError DESTINATION_TOKEN_FAILED when it does not verify or belongs to no user
 */
export async function effectiveUserToken(request: UserTokenRequest): Promise<VerifiedToken> {
  const token = request.sent === undefined ? request.caller : await verified(request, request.sent)
  if (token.userName === '')
    throw tokenFailure('the token belongs to no user: send the token of a user in X-user-token or Authorization')
  return token
}

async function verified(request: UserTokenRequest, text: string): Promise<VerifiedToken> {
  try {
    return await request.verifier.verify(text)
  } catch (cause) {
    if (!isPlatformError(cause) || errorEntry(cause.code).http >= 500) throw cause
    const foreign = isPlatformError(cause, 'TOKEN_ISSUER') || isPlatformError(cause, 'TOKEN_KEY_UNKNOWN')
    const jwks = present(request.properties, 'x_user_token.jwks')
    if (foreign && jwks !== undefined) return verifiedBy(jwks, request.clock, text)
    if (foreign && present(request.properties, 'x_user_token.jwks_uri') !== undefined)
      throw tokenFailure('user token keys from x_user_token.jwks_uri are not supported yet', cause)
    throw invalid(cause)
  }
}

/** Checks a foreign issuer's token against the keys that the destination itself carries (guide L7186-7190). */
async function verifiedBy(jwks: string, clock: Clock, text: string): Promise<VerifiedToken> {
  const keys = staticKeySource(keySet(jwks))
  try {
    return await new TokenVerifier({ keys, clock, acceptIssuer: () => true }).verify(text)
  } catch (cause) {
    if (!isPlatformError(cause)) throw cause
    throw invalid(cause)
  }
}

function keySet(base64: string): JsonWebKeySet {
  try {
    const set: unknown = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'))
    if (typeof set === 'object' && set !== null && 'keys' in set && Array.isArray(set.keys)) return { keys: set.keys }
  } catch {
    // Answered below like any other unusable text.
  }
  throw tokenFailure('the property x_user_token.jwks is no base64-encoded key set')
}

function invalid(cause: unknown): Error {
  return tokenFailure('the token in X-user-token is not valid', cause)
}
