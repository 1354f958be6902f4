import { generateKeyPairSync, sign } from 'node:crypto'
import { id } from './running-connector.ts'

const issuer = 'https://idp.plant.test'
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' }] }

/** As the region names it to connectors. */
export const testIssuer = { id: '1', name: 'idp', description: '', issuer, jwks, enabled: true }

/** A token of this issuer for ten minutes, unless the claims say otherwise. */
export function testToken(claims: object): string {
  const exp = Math.floor(Date.now() / 1000) + 600
  const parts = [
    { alg: 'ES256', kid: 'one' },
    { iss: issuer, zid: id, exp, ...claims },
  ]
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}
