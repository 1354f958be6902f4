import { staticKeySource, TokenVerifier } from '@landbridge/identity'
import type { Clock } from '@landbridge/kernel'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export interface TestClaims {
  readonly zid: string
  readonly subdomain: string
  readonly clientId: string
  /** Absent for a technical token. */
  readonly user?: string
  readonly expired?: boolean
  /** Further claims. */
  readonly more?: Readonly<Record<string, unknown>>
}

export interface TestTokens {
  sign(claims: TestClaims): Promise<string>
  readonly verifier: TokenVerifier
  readonly publicKey: JWK
}

/** A token service's key: signs tokens, and verifies them as the platform does. */
export async function testTokens(clock: Clock, issuer = 'https://tokens.test/oauth/token'): Promise<TestTokens> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: issuer, alg: 'ES256' }
  const keys = staticKeySource({ keys: [jwk] })
  return {
    publicKey: jwk,
    verifier: new TokenVerifier({ keys, clock, acceptIssuer: (iss) => iss === issuer }),
    sign: (claims) =>
      new SignJWT({
        zid: claims.zid,
        ext_attr: { zdn: claims.subdomain },
        client_id: claims.clientId,
        grant_type: claims.user === undefined ? 'client_credentials' : 'authorization_code',
        ...(claims.user === undefined ? {} : { user_name: claims.user }),
        ...claims.more,
      })
        .setProtectedHeader({ alg: 'ES256', kid: issuer })
        .setIssuer(issuer)
        .setExpirationTime(Math.floor(clock.now() / 1_000) + (claims.expired === true ? -3_600 : 43_200))
        .sign(privateKey),
  }
}
