import type { SigningKeyRing } from '@landbridge/identity'
import { type Clock, Sealer } from '@landbridge/kernel'

/** What a value is for. One sealed for a purpose does not open for another. */
export type SealedPurpose = 'authorization-code' | 'refresh-token' | 'session' | 'login-form'

/**
 * Values that we hand out and get back: codes, refresh tokens, session cookies. They are encrypted with secrets derived
 * from the signing keys, so every replica opens them and the service keeps no table of them. They are no JWTs on
 * purpose: none can be mistaken for an access token.
 */
export class SealedValues {
  readonly #ring: SigningKeyRing
  readonly #clock: Clock

  constructor(ring: SigningKeyRing, clock: Clock) {
    this.#ring = ring
    this.#clock = clock
  }

  async seal(purpose: SealedPurpose, value: object, expiresAtMs: number): Promise<string> {
    const derived = await this.#ring.deriveSecret(purpose)
    if (derived === undefined) throw new Error('the key in use has a secret')
    const sealed = new Sealer(derived.secret).seal(JSON.stringify({ ...value, expiresAtMs }), purpose)
    return `${derived.keyId}.${sealed}`
  }

  /** Undefined when the text was not sealed here for this purpose, or is out of date. */
  async open<T extends object>(purpose: SealedPurpose, text: string): Promise<T | undefined> {
    const dot = text.indexOf('.')
    if (dot < 1 || text.length > 32 * 1024) return undefined
    const derived = await this.#ring.deriveSecret(purpose, text.slice(0, dot))
    if (derived === undefined) return undefined
    const value = tryOpen(new Sealer(derived.secret), text.slice(dot + 1), purpose)
    if (value === undefined || value.expiresAtMs <= this.#clock.now()) return undefined
    // Authenticated by the seal: only `seal` with this purpose made it.
    return value as unknown as T
  }
}

function tryOpen(sealer: Sealer, sealed: string, purpose: string): { expiresAtMs: number } | undefined {
  try {
    return JSON.parse(sealer.open(sealed, purpose)) as { expiresAtMs: number }
  } catch {
    return undefined
  }
}
