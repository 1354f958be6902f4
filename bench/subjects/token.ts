import { createPrivateKey, randomUUID } from 'node:crypto'
import { type JsonWebKeySet, newSigningKey, publicJwk } from '@landbridge/identity'
import { SignJWT } from 'jose'

export interface BenchmarkToken {
  /** The compact JWT. */
  readonly text: string
  readonly jwks: JsonWebKeySet
  readonly issuer: string
  readonly clientId: string
}

/** A technical token with the claims and the size of a real one: RS256, about a kilobyte. */
export async function createToken(
  subaccountId: string,
  clientId = `sb-clone-${randomUUID()}!b1234|connectivity!b17`,
): Promise<BenchmarkToken> {
  const nowMs = Date.now()
  const key = await newSigningKey({ generation: 1, algorithm: 'RS256', createdAtMs: nowMs, activeFromMs: nowMs })
  const instanceId = randomUUID()
  const issuer = 'https://benchmark.authentication.localhost/oauth/token'
  const claims = {
    jti: randomUUID().replaceAll('-', ''),
    ext_attr: { enhancer: 'XSUAA', subaccountid: subaccountId, zdn: 'benchmark', serviceinstanceid: instanceId },
    sub: clientId,
    authorities: ['uaa.resource', 'connectivity!b17.proxy'],
    scope: ['uaa.resource', 'connectivity!b17.proxy'],
    client_id: clientId,
    cid: clientId,
    azp: clientId,
    grant_type: 'client_credentials',
    rev_sig: 'c1f6e9a4',
    zid: subaccountId,
    aud: ['uaa', 'connectivity!b17', clientId],
  }
  const text = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid: key.keyId, typ: 'JWT' })
    .setIssuer(issuer)
    .setIssuedAt()
    .setExpirationTime('12h')
    .sign(createPrivateKey(key.privateKey.reveal()))
  return { text, jwks: { keys: [await publicJwk(key)] }, issuer, clientId }
}
