import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto'
import { type JsonWebKeySet, newSigningKey, publicJwk } from '@landbridge/identity'
import { SignJWT } from 'jose'

export interface BenchmarkToken {
  /** The compact JWT. */
  readonly text: string
  readonly jwks: JsonWebKeySet
  readonly issuer: string
  readonly clientId: string
  /** A token of a user of the same issuer and size. */
  userToken(userName: string): Promise<string>
}

const issuer = 'https://benchmark.authentication.localhost/oauth/token'

/** A technical token with the claims and the size of a real one: RS256, about a kilobyte. */
export async function createToken(
  subaccountId: string,
  clientId = `sb-clone-${randomUUID()}!b1234|connectivity!b17`,
): Promise<BenchmarkToken> {
  const nowMs = Date.now()
  const key = await newSigningKey({ generation: 1, algorithm: 'RS256', createdAtMs: nowMs, activeFromMs: nowMs })
  const privateKey = createPrivateKey(key.privateKey.reveal())
  const claims = {
    ext_attr: { enhancer: 'XSUAA', subaccountid: subaccountId, zdn: 'benchmark', serviceinstanceid: randomUUID() },
    client_id: clientId,
    cid: clientId,
    azp: clientId,
    rev_sig: 'c1f6e9a4',
    zid: subaccountId,
    aud: ['uaa', 'connectivity!b17', clientId],
  }
  const scope = ['uaa.resource', 'connectivity!b17.proxy']
  const technical = { sub: clientId, authorities: scope, scope, grant_type: 'client_credentials' }
  return {
    text: await sign({ ...claims, ...technical }, key.keyId, privateKey),
    jwks: { keys: [await publicJwk(key)] },
    issuer,
    clientId,
    userToken: (userName) => sign({ ...claims, ...userClaims(userName) }, key.keyId, privateKey),
  }
}

function userClaims(userName: string): object {
  const id = randomUUID()
  return {
    sub: id,
    user_id: id,
    user_name: userName,
    email: userName,
    given_name: 'A user',
    family_name: 'of the benchmark',
    origin: 'ldap',
    scope: ['openid', 'uaa.user'],
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  }
}

function sign(claims: object, kid: string, privateKey: KeyObject): Promise<string> {
  return new SignJWT({ jti: randomUUID().replaceAll('-', ''), ...claims })
    .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
    .setIssuer(issuer)
    .setIssuedAt()
    .setExpirationTime('12h')
    .sign(privateKey)
}
