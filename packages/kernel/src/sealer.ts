import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { PlatformError } from './errors/platform-error.ts'

const nonceBytes = 12
const tagBytes = 16
const keyIdBytes = 8
const shape = /^(?:v1|v2\.([\w-]{11}))\.[\w-]{38,}$/

/**
 * Encrypts secrets at rest with AES-256-GCM (NIST SP 800-38D). The context (for example `binding:<id>`) is
 * authenticated with the text, so a sealed value copied to another row does not open there. One key seals; former
 * keys still open what they sealed.
 */
export class Sealer {
  /** The ID of the key that seals. It says nothing about the key itself. */
  readonly keyId: string
  /** By ID, the one that seals first. */
  readonly #keys: ReadonlyMap<string, Buffer>
  readonly #prefix: string

  /**
   * @param key 32 random bytes.
   * @param former keys that sealed before; they open only.
   */
  constructor(key: Buffer, former: readonly Buffer[] = []) {
    this.#keys = new Map([key, ...former].map((one) => [keyIdOf(one), Buffer.from(one)]))
    this.keyId = keyIdOf(key)
    this.#prefix = `v2.${this.keyId}.`
  }

  /** The IDs of all keys that open, the one that seals first. */
  get keyIds(): readonly string[] {
    return [...this.#keys.keys()]
  }

  /** Returns `v2.<key ID>.<base64url of nonce, tag and ciphertext>`. */
  seal(plain: string, context: string): string {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#key(this.keyId), nonce).setAAD(Buffer.from(context))
    const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
    return this.#prefix + Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')
  }

  /**
   * Opens a value of this form, or of the older `v1.<…>`, which names no key.
   * @throws PlatformError SEALING_KEY_MISSING when its key is not here
   * @throws Error when the value was changed, or sealed for another context
   */
  open(sealed: string, context: string): string {
    const keyId = sealingKeyOf(sealed)
    if (keyId === undefined) return this.#tryAll(sealed, context).plain
    const key = this.#keys.get(keyId)
    if (key === undefined) throw this.#missing(keyId)
    try {
      return decrypt(key, sealed, context)
    } catch {
      throw new Error('a sealed value was changed, or belongs to another place')
    }
  }

  /** True when the sealing key is the one that the value names. */
  isCurrent(sealed: string): boolean {
    return sealed.startsWith(this.#prefix)
  }

  /** The ID of the key that a value needs: the one that it names, or for `v1` the one that opens it. */
  neededKey(sealed: string, context: string): string | undefined {
    const named = sealingKeyOf(sealed)
    if (named !== undefined) return named
    try {
      return this.#tryAll(sealed, context).keyId
    } catch {
      return undefined
    }
  }

  /** The text is authenticated: a key that does not fit never opens it to something else. */
  #tryAll(sealed: string, context: string): { keyId: string; plain: string } {
    for (const [keyId, key] of this.#keys) {
      try {
        return { keyId, plain: decrypt(key, sealed, context) }
      } catch {
        // The next one.
      }
    }
    throw this.#missing('unknown')
  }

  #key(id: string): Buffer {
    const key = this.#keys.get(id)
    if (key === undefined) throw new Error('the constructor put it there')
    return key
  }

  #missing(keyId: string): PlatformError {
    return new PlatformError('SEALING_KEY_MISSING', { keyId, known: this.keyIds })
  }
}

/** Names a sealing key without telling anything of it: 8 bytes of a SHA-256, base64url. */
export function keyIdOf(key: Buffer): string {
  if (key.length !== 32) throw new TypeError('a sealing key has 32 bytes')
  const digest = createHash('sha256').update('landbridge sealing key\n').update(key).digest()
  return digest.subarray(0, keyIdBytes).toString('base64url')
}

/** True for texts in the form that `seal` returns now or returned before. */
export function looksSealed(text: string): boolean {
  return shape.test(text)
}

/** The key that a value names; undefined for one without. @throws Error when the text is no sealed value */
function sealingKeyOf(sealed: string): string | undefined {
  const found = shape.exec(sealed)
  if (found === null) throw new Error('not a sealed value')
  return found[1]
}

function decrypt(key: Buffer, sealed: string, context: string): string {
  const bytes = Buffer.from(sealed.slice(sealed.lastIndexOf('.') + 1), 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes))
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
  return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8')
}
