import { type CryptoKey, importJWK, type JWK } from 'jose'
import { acceptedAlgorithms } from './algorithms.ts'
import type { VerifiedToken } from './token-claims.ts'

/** What a token's header says about its key. Nothing in it is trusted; `jku` and `jwk` are never looked at. */
export interface KeyQuery {
  readonly keyId: string
  readonly algorithm: string
  readonly issuer: string
}

/** Public keys of trusted issuers. */
export interface KeySource {
  /**
   * The key with this ID, fit for this algorithm; undefined when the issuer publishes none.
   * @throws PlatformError TOKEN_KEYS_UNAVAILABLE when no key set could be fetched.
   */
  findKey(query: KeyQuery): Promise<CryptoKey | undefined>
}

/** Keys that can be handed on to others who verify. */
export interface PublishedKeys extends KeySource {
  /** Public keys only, not older than the source keeps them. @throws PlatformError TOKEN_KEYS_UNAVAILABLE */
  keySet(): Promise<JsonWebKeySet>
}

/** A JSON Web Key Set (RFC 7517 section 5). */
export interface JsonWebKeySet {
  readonly keys: readonly JWK[]
}

/** A key set that never changes: from configuration or from a test. */
export function staticKeySource(jwks: JsonWebKeySet): KeySource {
  const keys = new KeyTable(jwks)
  return { findKey: (query) => keys.find(query) }
}

/** Imported keys by ID and algorithm. Keys for encryption, symmetric keys and keys without an ID are left out. */
export class KeyTable {
  readonly #jwks: ReadonlyMap<string, JWK>
  readonly #imported: Map<string, Promise<CryptoKey | undefined>>

  constructor(jwks: JsonWebKeySet) {
    this.#jwks = new Map(jwks.keys.filter(canVerify).map((jwk) => [jwk.kid ?? '', jwk]))
    this.#imported = new Map()
  }

  get size(): number {
    return this.#jwks.size
  }

  /** The public parts of all keys that can verify. */
  publicKeys(): JsonWebKeySet {
    return { keys: Array.from(this.#jwks.values(), publicPart) }
  }

  find({ keyId, algorithm }: KeyQuery): Promise<CryptoKey | undefined> {
    const jwk = this.#jwks.get(keyId)
    if (jwk === undefined || !acceptedAlgorithms.has(algorithm)) return Promise.resolve(undefined)
    // A key that names its algorithm serves that one only (RFC 8725 section 3.1).
    if (jwk.alg !== undefined && jwk.alg !== algorithm) return Promise.resolve(undefined)
    const slot = `${algorithm} ${keyId}`
    let key = this.#imported.get(slot)
    if (key === undefined) {
      key = importPublic(jwk, algorithm)
      this.#imported.set(slot, key)
    }
    return key
  }
}

function canVerify(jwk: JWK): boolean {
  const usable = (jwk.kty === 'RSA' || jwk.kty === 'EC') && typeof jwk.kid === 'string' && jwk.kid !== ''
  return usable && (jwk.use === undefined || jwk.use === 'sig')
}

/** Should an issuer publish a private key, nobody gets it from here. */
function publicPart(jwk: JWK): JWK {
  const { d: _private, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, oth: _other, key_ops: _operations, ...rest } = jwk
  return rest
}

async function importPublic(jwk: JWK, algorithm: string): Promise<CryptoKey | undefined> {
  try {
    const key = await importJWK(publicPart(jwk), algorithm)
    return key instanceof Uint8Array ? undefined : key
  } catch {
    // One broken key must not spoil the set; a token that names it is refused as signed by an unknown key.
    return undefined
  }
}

/** One issuer, or a family of issuers, and where its keys are. */
export interface TrustedIssuer {
  accepts(issuer: string): boolean
  readonly keys: KeySource
  /** What its tokens mean, where that is not what their claims say; it may refuse. */
  readonly interpret?: (token: VerifiedToken) => Promise<VerifiedToken>
}

/** Several issuers with a key set each: a key of one issuer never verifies a token of another. */
export function keySourcePerIssuer(issuers: readonly TrustedIssuer[]): KeySource {
  return {
    async findKey(query) {
      return issuers.find((entry) => entry.accepts(query.issuer))?.keys.findKey(query)
    },
  }
}

/** For `TokenVerifier.acceptIssuer`: true when one of the trusted issuers accepts it. */
export function acceptsAnyOf(issuers: readonly TrustedIssuer[]): (issuer: string) => boolean {
  return (issuer) => issuers.some((entry) => entry.accepts(issuer))
}

/** For `TokenVerifier.interpret`: every token is read as its issuer means it. */
export function interpretedByIssuer(
  issuers: readonly TrustedIssuer[],
): (token: VerifiedToken) => VerifiedToken | Promise<VerifiedToken> {
  return (token) => issuers.find((entry) => entry.accepts(token.claims.iss ?? ''))?.interpret?.(token) ?? token
}
