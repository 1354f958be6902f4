import type { TokenChecker } from '@landbridge/destinations'
import { PlatformError } from '@landbridge/kernel'
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'

const issuer = 'https://tokens.test/oauth/token'

export interface TestClaims {
  readonly zid: string
  readonly subdomain: string
  readonly clientId: string
  /** Absent for a technical token. */
  readonly user?: string
  readonly expired?: boolean
}

/** A token service's key: signs tokens, and verifies them like the platform does. */
export async function testTokens(): Promise<{
  sign(claims: TestClaims): Promise<string>
  readonly verifier: TokenChecker
}> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256' }] })
  return {
    sign: (claims) =>
      new SignJWT({
        zid: claims.zid,
        ext_attr: { zdn: claims.subdomain },
        client_id: claims.clientId,
        ...(claims.user === undefined ? {} : { user_name: claims.user }),
      })
        .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
        .setIssuer(issuer)
        .setExpirationTime(claims.expired === true ? '-1h' : '1h')
        .sign(privateKey),
    verifier: {
      async verify(raw) {
        const { payload } = await jwtVerify(raw, keys, { issuer, algorithms: ['RS256'] }).catch((cause: unknown) => {
          throw new PlatformError('DESTINATION_CALLER_UNKNOWN', { reason: 'not valid' }, { cause })
        })
        const { zid, client_id: clientId, user_name: userName, ext_attr: extra, exp } = payload
        return {
          raw,
          tenantId: String(zid),
          subdomain: String((extra as { zdn: string }).zdn),
          clientId: String(clientId),
          instanceId: '',
          userName: String(userName ?? ''),
          expiresAtMs: (exp ?? 0) * 1_000,
        }
      },
    },
  }
}
