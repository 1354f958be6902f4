import {
  type JsonWebKeySet,
  type KeySource,
  staticKeySource,
  TokenVerifier,
  type VerifiedToken,
} from '@landbridge/identity'
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
  /** The key set behind `x_user_token.jwks_uri`. */
  remoteKeys(url: string): KeySource
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
    const isForeign = isPlatformError(cause, 'TOKEN_ISSUER') || isPlatformError(cause, 'TOKEN_KEY_UNKNOWN')
    const keys = isForeign ? configuredKeys(request) : undefined
    if (keys === undefined) throw invalid(cause)
    return verifiedBy(keys, request, text)
  }
}

/** The keys that the destination itself names (guide L7186-7203). A set wins over the address of one. */
function configuredKeys({ properties, remoteKeys }: UserTokenRequest): KeySource | undefined {
  const jwks = present(properties, 'x_user_token.jwks')
  if (jwks !== undefined) return staticKeySource(keySet(Buffer.from(jwks, 'base64').toString('utf8'), 'jwks'))
  const uri = present(properties, 'x_user_token.jwks_uri')
  return uri === undefined ? undefined : remoteKeys(uri)
}

async function verifiedBy(keys: KeySource, request: UserTokenRequest, text: string): Promise<VerifiedToken> {
  const { clock, properties } = request
  try {
    const verifier = new TokenVerifier({ keys, clock, acceptIssuer: () => true })
    const token = await verifier.verify(text)
    checkKind(text, present(properties, 'x_user_token.header.typ'))
    return withUserName(token)
  } catch (cause) {
    if (!isPlatformError(cause) || cause.code === 'DESTINATION_TOKEN_FAILED') throw cause
    throw invalid(cause)
  }
}

/** An issuer signs more than user tokens with its keys: logout tokens, for example, say so in their header. */
function checkKind(text: string, configured: string | undefined): void {
  const { typ } = JSON.parse(Buffer.from(text.split('.')[0] ?? '', 'base64url').toString('utf8')) as { typ?: unknown }
  const expected = configured ?? 'JWT'
  if (typ === undefined && configured === undefined) return
  if (typeof typ !== 'string' || typ.toLowerCase() !== expected.toLowerCase())
    throw tokenFailure(`the token in X-user-token is not of the type ${expected} (see x_user_token.header.typ)`)
}

/** OpenID Connect promises no name but the subject; a client that acts for itself is its own subject. */
function withUserName(token: VerifiedToken): VerifiedToken {
  const { sub, grant_type: grant, sap_id_type: kind } = token.claims
  const isTechnical = grant === 'client_credentials' || kind === 'app' || sub === token.clientId
  if (token.userName !== '' || isTechnical || typeof sub !== 'string') return token
  return { ...token, userName: sub }
}

/** @throws PlatformError DESTINATION_TOKEN_FAILED naming the property that led to the text */
export function keySet(text: string, property: 'jwks' | 'jwks_uri'): JsonWebKeySet {
  try {
    const set: unknown = JSON.parse(text)
    if (typeof set === 'object' && set !== null && 'keys' in set && Array.isArray(set.keys))
      return { keys: set.keys.filter((key) => typeof key === 'object' && key !== null) }
  } catch {
    // Answered below like any other unusable text.
  }
  if (property === 'jwks') throw tokenFailure('the property x_user_token.jwks is no base64-encoded key set')
  throw tokenFailure('what x_user_token.jwks_uri leads to is no key set')
}

function invalid(cause: unknown): Error {
  return tokenFailure('the token in X-user-token is not valid', cause)
}
