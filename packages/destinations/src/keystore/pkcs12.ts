import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { withSignedAlgorithm } from '@landbridge/identity'
import { isPlatformError } from '@landbridge/kernel'
import forge, { type Asn1, type Bag } from 'node-forge'
import { passwordWork } from './password-work.ts'
import { invalidKeyStore, type StoreContent, wrongPassword } from './store-content.ts'

/** DER of the object identifiers of encrypted data and of an encrypted key (RFC 7292 section 4). */
const encryptedParts = ['06092a864886f70d010706', '060b2a864886f70d010c0a0102'].map((hex) => Buffer.from(hex, 'hex'))

/** Ten times what the most careful programs write; more would stop everybody's requests for seconds. */
const mostWork = 1_000_000

/** @throws PlatformError DESTINATION_KEY_STORE_INVALID when opening it would take too long */
export function checkPasswordWork(der: Buffer): void {
  if (passwordWork(der) > mostWork) throw invalidKeyStore('it takes too many iterations to derive its keys')
}

/** Reads PKCS#12, also with RC2 and triple DES, which the runtime itself refuses. */
export function readPkcs12Store(content: Buffer, password: string | undefined): StoreContent {
  const text = password ?? ''
  checkPasswordWork(content)
  const parse = () => {
    try {
      return forge.asn1.fromDer(content.toString('latin1'))
    } catch (cause) {
      throw invalidKeyStore('it is no complete PKCS#12 file', cause)
    }
  }
  try {
    return contentOf(parse(), text)
  } catch (cause) {
    if (isPlatformError(cause)) throw cause
    const stated = cause instanceof Error ? cause.message : ''
    if (/not an? PKCS#12|version|ASN\.1|not supported|unsupported/i.test(stated) && !/MAC|password/i.test(stated))
      throw invalidKeyStore('it is no PKCS#12 file, or encrypted in an unknown way', cause)
    if (opensWithoutCheck(parse(), content, text)) throw invalidKeyStore('it was changed after it was written', cause)
    throw password === undefined
      ? wrongPassword('it is protected by a password, and none is configured', cause)
      : wrongPassword('the password does not open it', cause)
  }
}

/** Opens an encrypted PKCS#8 key whose cipher the runtime does not offer any more. */
export function openLegacyKey(encrypted: Buffer, password: string): KeyObject {
  try {
    const info = forge.pki.decryptPrivateKeyInfo(forge.asn1.fromDer(encrypted.toString('latin1')), password)
    if (info !== null) return keyOf(info)
  } catch (cause) {
    throw wrongPassword('the password does not open the key', cause)
  }
  throw wrongPassword('the password does not open the key')
}

function contentOf(file: Asn1, password: string): StoreContent {
  const bags = forge.pkcs12.pkcs12FromAsn1(file, false, password).safeContents.flatMap((safe) => safe.safeBags)
  return { keys: bags.flatMap(keysOf), certificates: bags.flatMap(certificatesOf) }
}

/** True when the password decrypts everything, so that only the check of integrity can have failed. */
function opensWithoutCheck(file: Asn1, content: Buffer, password: string): boolean {
  // What is not encrypted at all opens with any password.
  if (!encryptedParts.some((part) => content.includes(part)) || !Array.isArray(file.value)) return false
  try {
    contentOf({ ...file, value: file.value.slice(0, 2) }, password)
    return true
  } catch {
    return false
  }
}

function keysOf(bag: Bag): KeyObject[] {
  if (bag.key === undefined) return []
  // What the library cannot read (EC) it leaves as it is.
  const info = bag.key === null ? bag.asn1 : forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(bag.key))
  return info === undefined ? [] : [keyOf(info)]
}

function certificatesOf(bag: Bag): X509Certificate[] {
  if (bag.cert === undefined) return []
  const certificate = bag.cert === null ? bag.asn1 : withSignedAlgorithm(forge.pki.certificateToAsn1(bag.cert))
  return certificate === undefined ? [] : [new X509Certificate(derOf(certificate))]
}

function keyOf(info: Asn1): KeyObject {
  return createPrivateKey({ key: derOf(info), format: 'der', type: 'pkcs8' })
}

function derOf(node: Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(node).getBytes(), 'latin1')
}
