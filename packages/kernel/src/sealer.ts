import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const version = 'v1'
const nonceBytes = 12
const tagBytes = 16

/**
 * Encrypts secrets at rest with AES-256-GCM (NIST SP 800-38D). The context (for example `binding:<id>`) is
 * authenticated with the text, so a sealed value copied to another row does not open there.
 */
export class Sealer {
  readonly #key: Buffer

  /** @param key 32 random bytes. */
  constructor(key: Buffer) {
    if (key.length !== 32) throw new TypeError('a sealing key has 32 bytes')
    this.#key = Buffer.from(key)
  }

  /** Returns `v1.<base64url of nonce, tag and ciphertext>`. */
  seal(plain: string, context: string): string {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(context))
    const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
    return `${version}.${Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')}`
  }

  /** @throws Error when the key, the context or the sealed text is not the one used for sealing. */
  open(sealed: string, context: string): string {
    if (!sealed.startsWith(`${version}.`)) throw new Error('not a sealed value')
    const bytes = Buffer.from(sealed.slice(version.length + 1), 'base64url')
    if (bytes.length < nonceBytes + tagBytes) throw new Error('a sealed value is cut short')
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, nonceBytes))
      .setAAD(Buffer.from(context))
      .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8')
  }
}
