import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto'
import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import { type CryptoKey, type JWK, type JWTPayload, SignJWT } from 'jose'
import { type JsonWebKeySet, type KeyQuery, type KeySource, KeyTable } from './key-source.ts'
import {
  newSigningKey,
  publicJwk,
  type SigningAlgorithm,
  type SigningKey,
  type SigningKeyStore,
} from './signing-key.ts'
import type { TokenClaims } from './token-claims.ts'

/** Verifiers keep a key set for half an hour and do not ask again for an unknown key. */
export const minimumPublishAheadMs = 30 * 60_000
/** How long a replica may rely on the keys it read last. */
const rereadAfterMs = 60_000

export interface SigningKeyRingOptions {
  readonly store: SigningKeyStore
  readonly clock: Clock
  readonly log: Log
  readonly algorithm: SigningAlgorithm
  /** How long a key signs before the next takes over. */
  readonly rotateAfterMs: number
  /** How long before its first use a key is published; at least `minimumPublishAheadMs`. */
  readonly publishAheadMs: number
  /** Lifetime of the longest-lived thing that is signed or sealed with a key. */
  readonly longestLifetimeMs: number
}

interface LoadedKey {
  readonly key: SigningKey
  readonly privateKey: KeyObject
  readonly jwk: JWK
}

/**
 * The keys of a token service and their rotation. A new key is published well before it signs, an old one stays
 * published until the last token signed with it has expired. Replicas share the store and need no lock: a rotation is
 * one insert of the next generation. Nothing runs in the background: keys are re-read, rotated and retired on use.
 */
export class SigningKeyRing implements KeySource {
  readonly #options: SigningKeyRingOptions
  #keys: readonly LoadedKey[]
  #table: KeyTable
  #readAtMs: number
  #reading: Promise<void> | null

  constructor(options: SigningKeyRingOptions) {
    if (options.publishAheadMs < minimumPublishAheadMs)
      throw new PlatformError('CONFIG_INVALID', { problems: ['a signing key must be published 30 minutes before use'] })
    this.#options = options
    this.#keys = []
    this.#table = new KeyTable({ keys: [] })
    this.#readAtMs = Number.NEGATIVE_INFINITY
    this.#reading = null
  }

  /** Signs claims with the key in use. @throws PlatformError SIGNING_KEY_MISSING, STORE_FAILED */
  async sign(claims: TokenClaims, header: Readonly<Record<string, string>> = {}): Promise<string> {
    const { key, privateKey } = await this.#current()
    // The library's type knows no read-only lists; it does not change them.
    return new SignJWT({ ...claims } as JWTPayload)
      .setProtectedHeader({ typ: 'JWT', ...header, alg: key.algorithm, kid: key.keyId })
      .sign(privateKey)
  }

  /** All published keys: in use, coming and going. */
  async jwks(): Promise<JsonWebKeySet> {
    await this.#refresh()
    return { keys: this.#keys.map(({ jwk }) => jwk) }
  }

  async findKey(query: KeyQuery): Promise<CryptoKey | undefined> {
    await this.#refresh()
    return this.#table.find(query)
  }

  /** SPKI PEM of the key in use: the `verificationkey` of a binding. */
  async verificationKey(): Promise<string> {
    const { privateKey } = await this.#current()
    return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString()
  }

  /**
   * A 256-bit secret for one purpose (RFC 5869), equal in all replicas, that lives as long as its signing key.
   * Without a key ID: of the key in use. Undefined when that key is gone.
   */
  async deriveSecret(purpose: string, keyId?: string): Promise<{ keyId: string; secret: Buffer } | undefined> {
    await this.#refresh()
    const found = keyId === undefined ? await this.#current() : this.#keys.find(({ key }) => key.keyId === keyId)
    if (found === undefined) return undefined
    const material = found.privateKey.export({ type: 'pkcs8', format: 'der' })
    return {
      keyId: found.key.keyId,
      secret: Buffer.from(hkdfSync('sha256', material, '', `landbridge ${purpose}`, 32)),
    }
  }

  /** Publishes the next key now, ahead of its time: it signs after the publishing period. */
  async rotate(): Promise<void> {
    await this.#refresh()
    const newest = this.#keys.at(-1)
    if (newest === undefined || newest.key.activeFromMs > this.#options.clock.now()) return
    await this.#add(newest.key.generation + 1, this.#options.clock.now() + this.#options.publishAheadMs)
    await this.#read()
  }

  async #current(): Promise<LoadedKey> {
    await this.#refresh()
    const now = this.#options.clock.now()
    const current = this.#keys.findLast(({ key }) => key.activeFromMs <= now)
    if (current === undefined) throw new PlatformError('SIGNING_KEY_MISSING')
    return current
  }

  async #refresh(): Promise<void> {
    if (this.#options.clock.now() - this.#readAtMs < rereadAfterMs) return
    this.#reading ??= this.#maintain().finally(() => {
      this.#reading = null
    })
    try {
      await this.#reading
    } catch (failure) {
      // Keys at hand sign and verify as before; a key was published long enough ahead to bridge a broken store.
      if (this.#keys.length === 0) throw failure
      this.#readAtMs = this.#options.clock.now()
      this.#options.log.warn('identity.signing-keys.unreadable', {}, failure)
    }
  }

  async #maintain(): Promise<void> {
    await this.#read()
    if (await this.#rotateWhenDue()) await this.#read()
    if (await this.#retireExpired()) await this.#read()
  }

  async #read(): Promise<void> {
    const stored = (await this.#options.store.list()).toSorted((a, b) => a.generation - b.generation)
    const known = new Map(this.#keys.map((loaded) => [loaded.key.keyId, loaded]))
    const keys = await Promise.all(stored.map((key) => known.get(key.keyId) ?? load(key)))
    if (keys.length !== this.#keys.length || keys.some((loaded, at) => loaded !== this.#keys[at])) {
      this.#table = new KeyTable({ keys: keys.map(({ jwk }) => jwk) })
      this.#keys = keys
    }
    this.#readAtMs = this.#options.clock.now()
  }

  async #rotateWhenDue(): Promise<boolean> {
    const { clock, rotateAfterMs, publishAheadMs } = this.#options
    const now = clock.now()
    const newest = this.#keys.at(-1)?.key
    // The very first key signs at once: nobody can hold an older set that lacks it.
    if (newest === undefined) return this.#add(1, now)
    const dueMs = newest.activeFromMs + rotateAfterMs
    if (now < dueMs - publishAheadMs) return false
    return this.#add(newest.generation + 1, Math.max(dueMs, now + publishAheadMs))
  }

  async #add(generation: number, activeFromMs: number): Promise<boolean> {
    const { store, clock, log, algorithm } = this.#options
    const key = await newSigningKey({ generation, algorithm, createdAtMs: clock.now(), activeFromMs })
    if (await store.add(key))
      log.info('identity.signing-keys.published', { keyId: key.keyId, generation, activeFromMs })
    return true
  }

  async #retireExpired(): Promise<boolean> {
    const { store, clock, log, longestLifetimeMs } = this.#options
    // A replica may sign with the old key until it reads again, and verifiers tolerate a minute.
    const graceMs = longestLifetimeMs + 2 * rereadAfterMs
    const expired = this.#keys.filter((_, at) => {
      const successor = this.#keys[at + 1]?.key
      return successor !== undefined && successor.activeFromMs + graceMs < clock.now()
    })
    for (const { key } of expired) {
      await store.retire(key.keyId)
      log.info('identity.signing-keys.retired', { keyId: key.keyId, generation: key.generation })
    }
    return expired.length > 0
  }
}

async function load(key: SigningKey): Promise<LoadedKey> {
  return { key, privateKey: createPrivateKey(key.privateKey.reveal()), jwk: await publicJwk(key) }
}
