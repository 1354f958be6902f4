import { createPrivateKey, randomUUID, sign } from 'node:crypto'
import type { SigningSettings } from './settings.ts'

export interface TokenRequest {
  readonly clientId: string
  readonly subaccountId: string
  /** Negative: a token that has expired already. */
  readonly lifetimeSeconds?: number
}

/** A technical token as the token service issues it (client credentials). */
export function signToken(signing: SigningSettings, { clientId, subaccountId, lifetimeSeconds = 3_600 }: TokenRequest) {
  const now = Math.floor(Date.now() / 1_000)
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  const claims = {
    iss: signing.issuer,
    jti: randomUUID(),
    client_id: clientId,
    cid: clientId,
    zid: subaccountId,
    ext_attr: { enhancer: 'XSUAA', subaccountid: subaccountId, service: 'connectivity' },
    iat: Math.min(now, now + lifetimeSeconds) - 10,
    exp: now + lifetimeSeconds,
  }
  const text = `${encode({ alg: 'RS256', kid: signing.keyId, typ: 'JWT' })}.${encode(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), createPrivateKey(signing.privateKey)).toString('base64url')}`
}
