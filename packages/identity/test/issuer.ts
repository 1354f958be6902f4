import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { exportJWK, type JWK, SignJWT } from 'jose'

/** An issuer for tests: a key pair, its public JWK and a way to sign anything with it. */
export interface TestIssuer {
  readonly jwk: JWK
  readonly privateKey: KeyObject
  sign(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
}

export async function testIssuer(keyId: string, algorithm = 'ES256'): Promise<TestIssuer> {
  const { privateKey, publicKey } = algorithm.startsWith('ES')
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: keyId, alg: algorithm, use: 'sig' }
  return {
    jwk,
    privateKey,
    sign: (claims, header = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid: keyId, typ: 'JWT', ...header }).sign(privateKey),
  }
}
