import { generateKeyPairSync, sign } from 'node:crypto'

/** An identity provider for tests: a key, its key set, and a way to sign anything with it. */
export interface TokenIssuer {
  readonly issuer: string
  readonly jwks: { readonly keys: readonly object[] }
  token(claims: object): string
}

const lifetimeSeconds = 3_600

/** @param nowMs when its tokens begin; they last one hour unless the claims say otherwise. */
export function tokenIssuer(issuer: string, nowMs: number, keyId = 'key-1'): TokenIssuer {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = publicKey.export({ format: 'jwk' })
  return {
    issuer,
    jwks: { keys: [{ ...jwk, kid: keyId, alg: 'ES256', use: 'sig' }] },
    token(claims) {
      const exp = Math.floor(nowMs / 1000) + lifetimeSeconds
      const parts = [
        { alg: 'ES256', kid: keyId, typ: 'JWT' },
        { iss: issuer, exp, ...claims },
      ]
      const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
      const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      return `${text}.${signature.toString('base64url')}`
    },
  }
}
