import type { FindOptions } from '@landbridge/client'
import { refused } from './refused.ts'
import type { Wish } from './wish.ts'

/** What the bearer value of a caller is, by authentication type of the destination (guide L35220 to L35281). */
const uses: Readonly<Record<string, 'user' | 'code' | 'refresh-token' | 'subject-token'>> = {
  OAuth2UserTokenExchange: 'user',
  OAuth2JWTBearer: 'user',
  OAuth2SAMLBearerAssertion: 'user',
  SAMLAssertion: 'user',
  SAPAssertionSSO: 'user',
  PrincipalPropagation: 'user',
  OAuth2AuthorizationCode: 'code',
  OAuth2RefreshToken: 'refresh-token',
  OAuth2TokenExchange: 'subject-token',
}

/** Their `Authorization` is the business of caller and target: it passes. */
const passing: ReadonlySet<string> = new Set(['NoAuthentication', 'ClientCertificateAuthentication'])

/** Whether `Authorization` of the caller reaches the target. */
export function passesAuthorization(authentication: string): boolean {
  return passing.has(authentication)
}

/**
 * What the destination service needs to know about the caller to get tokens.
 * @throws PlatformError TRANSPARENT_PROXY_REQUEST_REFUSED when the caller sent no bearer value and the type needs one
 */
export function callerOptions(authentication: string, wish: Wish): FindOptions {
  const { headers, tokenHeaders, hasChain, hasSubjectToken } = wish
  const use = uses[authentication]
  if (use === undefined) return { headers: tokenHeaders }
  const token = bearerOf(authentication, headers.authorization)
  if (use === 'code') {
    const redirectUri = headers.get('x-redirect-uri')
    const codeVerifier = headers.get('x-code-verifier')
    return {
      headers: tokenHeaders,
      authorizationCode: {
        code: token,
        ...(redirectUri === undefined ? {} : { redirectUri }),
        ...(codeVerifier === undefined ? {} : { codeVerifier }),
      },
    }
  }
  if (use === 'refresh-token') return { headers: tokenHeaders, refreshToken: token }
  if (use === 'subject-token') return { headers: tokenHeaders, ...exchange(token, wish) }
  // The chain starts with the token of the user; an identity service issued it, not the token service of the platform.
  if (hasChain)
    return { headers: hasSubjectToken ? tokenHeaders : { ...tokenHeaders, 'X-Chain-Var-subjectToken': token } }
  return { headers: tokenHeaders, userToken: token }
}

function exchange(token: string, { headers }: Wish): Pick<FindOptions, 'subjectToken' | 'actorToken'> {
  const type = headers.get('x-subject-token-type')
  if (type === undefined)
    throw refused(
      '"x-subject-token-type" request header is required for destination with Authentication: OAuth2TokenExchange',
    )
  const actor = headers.get('x-actor-token')
  const actorType = headers.get('x-actor-token-type')
  if (actor !== undefined && actorType === undefined)
    throw refused(
      '"x-actor-token-type" request header is required when "x-actor-token" header is provided in the request',
    )
  if (actor === undefined && actorType !== undefined)
    throw refused(
      '"x-actor-token" request header is required when "x-actor-token-type" header is provided in the request',
    )
  return {
    subjectToken: { token, type },
    ...(actor === undefined || actorType === undefined ? {} : { actorToken: { token: actor, type: actorType } }),
  }
}

function bearerOf(authentication: string, authorization: string | undefined): string {
  const [, token] = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization ?? '') ?? []
  if (token !== undefined) return token
  const found = authorization === undefined ? 'it is missing' : 'it has another form'
  throw refused(
    `The 'authorization' request header must be 'Bearer <token>' for a destination with Authentication: ${authentication}, but ${found}.`,
  )
}
