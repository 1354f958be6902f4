import { type Clock, PlatformError } from '@landbridge/kernel'
import { type CryptoKey, compactVerify, decodeJwt, decodeProtectedHeader } from 'jose'
import { acceptedAlgorithms } from './algorithms.ts'
import type { KeySource } from './key-source.ts'
import { type TokenClaims, toVerifiedToken, type VerifiedToken } from './token-claims.ts'

export interface TokenVerifierOptions {
  readonly keys: KeySource
  readonly clock: Clock
  readonly acceptIssuer: (issuer: string) => boolean
  /** Difference of clocks to tolerate at `exp` and `nbf`. */
  readonly skewSeconds?: number
  /** How long an expired token is still accepted, where that differs from the skew. */
  readonly expiryToleranceSeconds?: number
  /** Reads what a good token means, where that is more than its claims say; it may refuse. The result is remembered. */
  readonly interpret?: (token: VerifiedToken) => VerifiedToken | Promise<VerifiedToken>
  /** Verified tokens to remember. */
  readonly cacheSize?: number
}

/** Longer texts are refused unread: header limits of HTTP servers end far below. */
const maximumLength = 64 * 1024

/**
 * Verifies tokens offline against cached key sets: structure, algorithm, issuer, signature, lifetime. Who may do what
 * (audience, tenant, client, scope) is for the caller to decide. A verified token is remembered by its whole text, so
 * the second sight of it costs one look-up.
 */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions
  readonly #skewMs: number
  readonly #toleranceMs: number
  readonly #cacheSize: number
  /** By the end of their text. */
  readonly #verified: Map<string, VerifiedToken>

  constructor(options: TokenVerifierOptions) {
    this.#options = options
    this.#skewMs = (options.skewSeconds ?? 60) * 1000
    this.#toleranceMs = (options.expiryToleranceSeconds ?? options.skewSeconds ?? 60) * 1000
    this.#cacheSize = options.cacheSize ?? 10_000
    this.#verified = new Map()
  }

  /** The token when it was verified before and still lives; undefined means: call `verify`. For the hot path. */
  cached(token: string): VerifiedToken | undefined {
    const found = this.#verified.get(endOf(token))
    // The end is that of the signature: it finds the token, it does not prove that the rest is the same.
    if (found === undefined || found.raw !== token) return undefined
    if (this.isAlive(found)) return found
    this.#verified.delete(endOf(token))
    return undefined
  }

  /** Whether a token that this verifier has verified has not expired since, for whoever remembers it himself. */
  isAlive(verified: VerifiedToken): boolean {
    return verified.expiresAtMs + this.#toleranceMs > this.#options.clock.now()
  }

  /**
   * @param token the bare JWT, without "Bearer".
   * @throws PlatformError TOKEN_MISSING, TOKEN_MALFORMED, TOKEN_ALGORITHM, TOKEN_ISSUER, TOKEN_KEY_UNKNOWN,
   *   TOKEN_KEYS_UNAVAILABLE, TOKEN_SIGNATURE, TOKEN_CLAIMS, TOKEN_EXPIRED or TOKEN_NOT_YET_VALID;
   *   what `interpret` throws.
   */
  async verify(token: string): Promise<VerifiedToken> {
    const known = this.cached(token)
    if (known !== undefined) return known
    if (token === '') throw new PlatformError('TOKEN_MISSING')
    if (token.length > maximumLength) throw new PlatformError('TOKEN_MALFORMED', { reason: 'the token is too long' })
    const { keyId, algorithm, issuer } = readUnverified(token)
    if (!acceptedAlgorithms.has(algorithm)) throw new PlatformError('TOKEN_ALGORITHM', { algorithm })
    if (!this.#options.acceptIssuer(issuer)) throw new PlatformError('TOKEN_ISSUER', { issuer })
    const key = await this.#options.keys.findKey({ keyId, algorithm, issuer })
    if (key === undefined) throw new PlatformError('TOKEN_KEY_UNKNOWN', { keyId })
    const good = toVerifiedToken(token, await checkSignature(token, key, algorithm))
    this.#checkLifetime(good)
    const { interpret } = this.#options
    const verified = interpret === undefined ? good : await interpret(good)
    this.#remember(verified)
    return verified
  }

  /** Forgets every verified token, for example after keys were revoked. */
  forgetAll(): void {
    this.#verified.clear()
  }

  #checkLifetime({ claims, expiresAtMs }: VerifiedToken): void {
    const now = this.#options.clock.now()
    if (expiresAtMs + this.#toleranceMs <= now)
      throw new PlatformError('TOKEN_EXPIRED', { expiredAt: isoTime(expiresAtMs) })
    if (claims.nbf === undefined) return
    if (typeof claims.nbf !== 'number') throw new PlatformError('TOKEN_CLAIMS', { claim: 'nbf' })
    if (claims.nbf * 1000 - this.#skewMs > now)
      throw new PlatformError('TOKEN_NOT_YET_VALID', { validFrom: isoTime(claims.nbf * 1000) })
  }

  #remember(verified: VerifiedToken): void {
    // The oldest goes first: tokens of one issuer live equally long, so it is also the next to expire.
    if (this.#verified.size >= this.#cacheSize)
      for (const oldest of this.#verified.keys()) {
        this.#verified.delete(oldest)
        break
      }
    this.#verified.set(endOf(verified.raw), verified)
  }
}

/** A map that reads all of a kilobyte to look a token up would cost more than comparing it once. */
function endOf(token: string): string {
  return token.slice(-32)
}

function isoTime(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms)
}

/** Header and issuer before any check: good for choosing a key, for nothing else. */
function readUnverified(token: string): { keyId: string; algorithm: string; issuer: string } {
  try {
    const header = decodeProtectedHeader(token)
    const claims = decodeJwt(token)
    if (typeof header.alg !== 'string') throw new PlatformError('TOKEN_MALFORMED', { reason: 'no algorithm' })
    if (!acceptedAlgorithms.has(header.alg)) throw new PlatformError('TOKEN_ALGORITHM', { algorithm: header.alg })
    if (typeof header.kid !== 'string') throw new PlatformError('TOKEN_MALFORMED', { reason: 'no key ID' })
    if (typeof claims.iss !== 'string') throw new PlatformError('TOKEN_CLAIMS', { claim: 'iss' })
    return { keyId: header.kid, algorithm: header.alg, issuer: claims.iss }
  } catch (cause) {
    if (cause instanceof PlatformError) throw cause
    throw new PlatformError('TOKEN_MALFORMED', { reason: 'not a JWT' }, { cause })
  }
}

async function checkSignature(token: string, key: CryptoKey, algorithm: string): Promise<TokenClaims> {
  try {
    const { payload } = await compactVerify(token, key, { algorithms: [algorithm] })
    // decodeJwt parsed the same bytes before, so this is an object.
    return JSON.parse(Buffer.from(payload).toString('utf8')) as TokenClaims
  } catch (cause) {
    throw new PlatformError('TOKEN_SIGNATURE', {}, { cause })
  }
}
