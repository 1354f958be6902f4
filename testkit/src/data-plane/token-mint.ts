import { createPrivateKey, randomUUID } from 'node:crypto'
import { newSigningKey, publicJwk, type SigningKey, staticKeySource, TokenVerifier } from '@landbridge/identity'
import type { Clock } from '@landbridge/kernel'
import { SignJWT } from 'jose'

export interface TokenOptions {
  /** The subaccount; 'acme' unless said otherwise. */
  readonly tenant?: string
  readonly clientId?: string
  /** Makes it a token of this user. */
  readonly userName?: string
  readonly issuer?: string
  /** Seconds from now; negative for an expired one. */
  readonly lifeSeconds?: number
  readonly claims?: Readonly<Record<string, unknown>>
}

const issuer = 'https://test.authentication.localhost/oauth/token'

/** Signs tokens as the token service does, and makes the verifier that trusts them. */
export class TokenMint {
  readonly #key: SigningKey
  readonly #clock: Clock

  private constructor(key: SigningKey, clock: Clock) {
    this.#key = key
    this.#clock = clock
  }

  static async create(clock: Clock): Promise<TokenMint> {
    const nowMs = clock.now()
    const key = await newSigningKey({ generation: 1, algorithm: 'RS256', createdAtMs: nowMs, activeFromMs: nowMs })
    return new TokenMint(key, clock)
  }

  /** What a connector has to know to believe these tokens. */
  async trusted(): Promise<{ readonly issuer: string; readonly jwks: { readonly keys: readonly object[] } }> {
    return { issuer, jwks: { keys: [await publicJwk(this.#key)] } }
  }

  async token(options: TokenOptions = {}): Promise<string> {
    const clientId = options.clientId ?? 'sb-client'
    const nowSeconds = Math.floor(this.#clock.now() / 1000)
    const technical = { grant_type: 'client_credentials' }
    const user = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', user_name: options.userName }
    const claims = {
      jti: randomUUID(),
      client_id: clientId,
      cid: clientId,
      azp: clientId,
      zid: options.tenant ?? 'acme',
      ...(options.userName === undefined ? technical : user),
      ...options.claims,
    }
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: this.#key.keyId, typ: 'JWT' })
      .setIssuer(options.issuer ?? issuer)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + (options.lifeSeconds ?? 3600))
      .sign(createPrivateKey(this.#key.privateKey.reveal()))
  }

  async verifier(): Promise<TokenVerifier> {
    return new TokenVerifier({
      keys: staticKeySource({ keys: [await publicJwk(this.#key)] }),
      clock: this.#clock,
      acceptIssuer: (candidate) => candidate === issuer,
    })
  }
}
