import { createHash, createPrivateKey, type KeyObject, timingSafeEqual, X509Certificate } from 'node:crypto'
import { invalidKeyStore, type StoreContent, wrongPassword } from './store-content.ts'

const digestBytes = 20
const keyEntry = 1
const certificateEntry = 2
const whitener = 'Mighty Aphrodite'
/** DER of 1.3.6.1.4.1.42.2.17.1.1, the way in which this format protects keys. */
const keyProtector = Buffer.from('060a2b060104012a02110101', 'hex')

/**
 * Reads a Java key store of the type JKS. The format is not standardised: entries in the form of Java's
 * DataOutputStream, keys under a stream of SHA-1 digests, and a digest of the password and everything at the end.
 */
export function readJks(content: Buffer, password: string | undefined): StoreContent {
  if (password === undefined) throw wrongPassword('a JKS store needs a password, and none is configured')
  const secret = Buffer.from(password, 'utf16le').swap16()
  const entries = readEntries(content)
  const keys = entries.flatMap(({ protectedKey }) =>
    protectedKey === undefined ? [] : [openKey(protectedKey, secret)],
  )
  if (!isSealedWith(secret, content)) {
    // A key that opens proves the password, so it must be the rest that was changed.
    if (keys.some((key) => key !== undefined)) throw invalidKeyStore('it was changed after it was written')
    throw wrongPassword('the password does not open it')
  }
  return {
    certificates: entries.flatMap(({ chain }) => chain),
    keys: keys.map((key) => {
      if (key === undefined) throw wrongPassword('the password opens the store, but not the key in it')
      return key
    }),
  }
}

/**
 * The certificates of every entry of a JKS store that has no password; undefined when it has one. They could be read
 * all the same, but the password says that they should not be.
 * @throws PlatformError DESTINATION_KEY_STORE_INVALID
 */
export function readOpenJks(content: Buffer): readonly Pick<JksEntry, 'alias' | 'chain'>[] | undefined {
  return isSealedWith(Buffer.alloc(0), content) ? readEntries(content) : undefined
}

interface JksEntry {
  readonly alias: string
  /** Leaf first; a trusted certificate stands alone. */
  readonly chain: readonly X509Certificate[]
  /** Absent for a trusted certificate. */
  readonly protectedKey?: Buffer
}

function isSealedWith(secret: Buffer, content: Buffer): boolean {
  if (content.length <= digestBytes) return false
  const digest = createHash('sha1').update(secret).update(whitener).update(content.subarray(0, -digestBytes)).digest()
  return timingSafeEqual(digest, content.subarray(-digestBytes))
}

function readEntries(content: Buffer): readonly JksEntry[] {
  const reader = new Reader(content.subarray(0, -digestBytes))
  reader.take(4) // the magic number, checked before
  const version = reader.number()
  if (version !== 1 && version !== 2) throw invalidKeyStore(`its version ${version} is unknown`)
  const entries: JksEntry[] = []
  const readCertificate = () => {
    if (version === 2) reader.text() // the type, always X.509
    return new X509Certificate(reader.take(reader.number()))
  }
  for (let left = reader.number(); left > 0; left--) {
    const kind = reader.number()
    const alias = reader.text()
    reader.take(8) // the date
    if (kind === certificateEntry) entries.push({ alias, chain: [readCertificate()] })
    else if (kind === keyEntry) {
      const protectedKey = reader.take(reader.number())
      const chain: X509Certificate[] = []
      for (let more = reader.number(); more > 0; more--) chain.push(readCertificate())
      entries.push({ alias, chain, protectedKey })
    } else throw invalidKeyStore('an entry in it is of an unknown kind')
  }
  if (reader.left > 0) throw invalidKeyStore('it is longer than its entries')
  return entries
}

/** Undefined when the password does not open it. */
function openKey(entry: Buffer, secret: Buffer): KeyObject | undefined {
  const at = entry.indexOf(keyProtector)
  if (at < 0) throw invalidKeyStore('a key in it is protected in an unknown way')
  const sealed = octets(entry, at + keyProtector.length)
  const plain = Buffer.from(sealed.subarray(digestBytes, -digestBytes))
  let pad = sealed.subarray(0, digestBytes)
  for (let offset = 0; offset < plain.length; offset += digestBytes) {
    pad = createHash('sha1').update(secret).update(pad).digest()
    for (let i = offset; i < Math.min(offset + digestBytes, plain.length); i++)
      plain[i] = (plain[i] ?? 0) ^ (pad[i - offset] ?? 0)
  }
  const check = createHash('sha1').update(secret).update(plain).digest()
  if (!timingSafeEqual(check, sealed.subarray(-digestBytes))) return undefined
  return createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' })
}

/** The OCTET STRING behind the algorithm, whose parameters are a NULL or absent. */
function octets(entry: Buffer, start: number): Buffer {
  const at = entry[start] === 0x05 ? start + 2 : start
  const first = entry[at + 1] ?? 0
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  if (entry[at] !== 0x04 || lengthBytes > 4) throw invalidKeyStore('a key in it is damaged')
  const length = lengthBytes === 0 ? first : entry.readUIntBE(at + 2, lengthBytes)
  const value = entry.subarray(at + 2 + lengthBytes, at + 2 + lengthBytes + length)
  if (value.length !== length || length <= 2 * digestBytes) throw invalidKeyStore('a key in it is damaged')
  return value
}

/** Reads what Java's DataOutputStream wrote. */
class Reader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#at = 0
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  take(count: number): Buffer {
    if (count > this.left) throw invalidKeyStore('it is cut off')
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  number(): number {
    return this.take(4).readUInt32BE(0)
  }

  text(): string {
    return this.take(this.take(2).readUInt16BE(0)).toString('utf8')
  }
}
