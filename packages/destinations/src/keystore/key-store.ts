import { type KeyObject, X509Certificate } from 'node:crypto'
import { isPlatformError } from '@landbridge/kernel'
import { readJks } from './jks.ts'
import { readPem } from './pem.ts'
import { invalidKeyStore, type StoreContent } from './store-content.ts'

/** What the bytes of an uploaded certificate are; the ending of the name does not tell, Java writes PKCS#12 as `.jks`. */
export type KeyStoreKind = 'pem' | 'der' | 'pkcs12' | 'jks'

/** A private key with its certificate and the certificates above it, leaf first. */
export interface KeyStoreIdentity {
  readonly key: KeyObject
  readonly chain: readonly X509Certificate[]
}

export interface KeyStore {
  readonly kind: KeyStoreKind
  /** In the order of the store. Keys without a certificate are left out. */
  readonly identities: readonly KeyStoreIdentity[]
  /** All certificates: what a store trusts when it is used as a trust store. */
  readonly trusted: readonly X509Certificate[]
}

const longestBytes = 4 * 1024 * 1024

/** Tells the format by the bytes; undefined when it is none of the known ones. */
function keyStoreKind(content: Buffer): KeyStoreKind | undefined {
  if (content.length >= 4 && content.readUInt32BE(0) === 0xfeedfeed) return 'jks'
  if (content.includes('-----BEGIN ')) return 'pem'
  if (content[0] !== 0x30) return undefined
  return certificateOf(content) === undefined ? 'pkcs12' : 'der'
}

/**
 * Reads an uploaded certificate or key store: PEM, a DER certificate, PKCS#12 (RFC 7292, old ciphers included), JKS.
 * @param password opens the store and its keys; PEM and DER need none for certificates
 * @throws PlatformError DESTINATION_KEY_STORE_PASSWORD when the password is missing or wrong,
 *   DESTINATION_KEY_STORE_INVALID when the content is damaged or of no known format
 */
export async function readKeyStore(content: Buffer, password: string | undefined): Promise<KeyStore> {
  const kind = content.length > longestBytes ? undefined : keyStoreKind(content)
  if (kind === undefined) throw invalidKeyStore('it is neither PEM, DER, PKCS#12 nor JKS')
  try {
    return assemble(kind, await contentOf(kind, content, password))
  } catch (cause) {
    if (isPlatformError(cause)) throw cause
    throw invalidKeyStore('it is damaged', cause)
  }
}

async function contentOf(kind: KeyStoreKind, content: Buffer, password: string | undefined): Promise<StoreContent> {
  switch (kind) {
    case 'pem':
      return readPem(content.toString('latin1'), password)
    case 'der':
      return { keys: [], certificates: [new X509Certificate(content)] }
    case 'jks':
      return readJks(content, password)
    case 'pkcs12': {
      // The library is large and hardly ever needed: nothing loads it before.
      const { readPkcs12Store } = await import('./pkcs12.ts')
      return readPkcs12Store(content, password)
    }
    default:
      return kind satisfies never
  }
}

/** Every key goes with the certificate whose public key matches, whatever the order in the file. */
function assemble(kind: KeyStoreKind, { keys, certificates }: StoreContent): KeyStore {
  const identities = keys.flatMap((key) => {
    const leaf = certificates.find((certificate) => certificate.checkPrivateKey(key))
    return leaf === undefined ? [] : [{ key, chain: chainOf(leaf, certificates) }]
  })
  return { kind, identities, trusted: certificates }
}

function chainOf(leaf: X509Certificate, certificates: readonly X509Certificate[]): X509Certificate[] {
  const chain = [leaf]
  for (let last = leaf; ; ) {
    const above = certificates.find((candidate) => !chain.includes(candidate) && last.checkIssued(candidate))
    // A certificate that issued itself ends the chain.
    if (above === undefined || last.checkIssued(last)) return chain
    chain.push(above)
    last = above
  }
}

function certificateOf(content: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(content)
  } catch {
    return undefined
  }
}
