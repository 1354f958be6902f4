import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { PlatformError, Secret } from '@landbridge/kernel'
import forge, { type Asn1, type Bag } from 'node-forge'
import { withSignedAlgorithm } from './certificate-encoding.ts'
import { certificateOfKey, type OwnCertificate } from './own-certificate.ts'

const shroudedKey = '1.2.840.113549.1.12.10.1.2'
const data = '1.2.840.113549.1.7.1'
const maxBytes = 1024 * 1024

/** See `readPkcs12`. */
export function parsePkcs12(bytes: Uint8Array, password: Secret, keyPassword: Secret): OwnCertificate {
  if (bytes.length > maxBytes) throw invalid('the file is too long')
  const { keys, certificates } = readBags(Buffer.from(bytes).toString('latin1'), password, keyPassword)
  const [key] = keys
  if (key === undefined) throw invalid('the file holds no private key')
  if (certificates.length === 0) throw invalid('the file holds no certificate')
  const pem = new Secret(key.export({ type: 'pkcs8', format: 'pem' }).toString())
  return certificateOfKey(certificates.join(''), pem)
}

interface Content {
  readonly keys: readonly KeyObject[]
  readonly certificates: readonly string[]
}

function readBags(binary: string, password: Secret, keyPassword: Secret): Content {
  const file = parse(binary)
  try {
    return contentOf(forge.pkcs12.pkcs12FromAsn1(file, false, password.reveal()).safeContents)
  } catch (cause) {
    if (cause instanceof PlatformError) throw cause
    // The library opens keys with the password of the file. It does so after the check of the whole file's integrity.
    const isKeyOnly = cause instanceof Error && cause.message.includes('ShroudedKeyBag')
    if (!isKeyOnly || password === keyPassword) throw invalid('the password is wrong or the file is damaged', cause)
  }
  const keys = takeOutKeys(file, keyPassword)
  const rest = contentOf(forge.pkcs12.pkcs12FromAsn1(file, false, password.reveal()).safeContents)
  return { keys, certificates: rest.certificates }
}

function parse(binary: string): Asn1 {
  try {
    return forge.asn1.fromDer(binary)
  } catch (cause) {
    throw invalid('it is no PKCS#12 file', cause)
  }
}

function contentOf(safes: readonly { readonly safeBags: readonly Bag[] }[]): Content {
  const bags = safes.flatMap((safe) => safe.safeBags)
  const keys = bags.flatMap((bag) => {
    // What the library cannot read (EC) it leaves as it is.
    if (bag.key === undefined) return []
    const info = bag.key === null ? bag.asn1 : forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(bag.key))
    return info === undefined ? [] : [createPrivateKey({ key: derOf(info), format: 'der', type: 'pkcs8' })]
  })
  const certificates = bags.flatMap((bag) => {
    if (bag.cert === undefined) return []
    const certificate = bag.cert === null ? bag.asn1 : withSignedAlgorithm(forge.pki.certificateToAsn1(bag.cert))
    return certificate === undefined ? [] : [new X509Certificate(derOf(certificate)).toString()]
  })
  return { keys, certificates }
}

/** Opens the encrypted keys of a file whose integrity has been checked, and takes them and the check out of it. */
function takeOutKeys(file: Asn1, keyPassword: Secret): KeyObject[] {
  const keys: KeyObject[] = []
  const parts = children(file)
  // PFX: version, content, check of integrity (RFC 7292 section 4).
  file.value = parts.slice(0, 2)
  const safe = octetsIn(children(parts[1])[1])
  const contents = forge.asn1.fromDer(safe.value as string)
  for (const content of children(contents)) {
    const [type, body] = children(content)
    if (forge.asn1.derToOid(type?.value as string) !== data) continue
    const octets = octetsIn(body)
    const bags = forge.asn1.fromDer(octets.value as string)
    bags.value = children(bags).filter((bag) => {
      const [bagType, value] = children(bag)
      if (forge.asn1.derToOid(bagType?.value as string) !== shroudedKey) return true
      keys.push(openKey(children(value)[0], keyPassword))
      return false
    })
    octets.value = forge.asn1.toDer(bags).getBytes()
  }
  safe.value = forge.asn1.toDer(contents).getBytes()
  return keys
}

function openKey(encrypted: Asn1 | undefined, password: Secret): KeyObject {
  if (encrypted === undefined) throw invalid('the file is damaged')
  try {
    return createPrivateKey({ key: derOf(encrypted), format: 'der', type: 'pkcs8', passphrase: password.reveal() })
  } catch (cause) {
    throw invalid('the password of the key is wrong', cause)
  }
}

function octetsIn(holder: Asn1 | undefined): Asn1 {
  const octets = children(holder)[0]
  if (typeof octets?.value !== 'string') throw invalid('its parts are in a form that cannot be read')
  return octets
}

function children(node: Asn1 | undefined): Asn1[] {
  return Array.isArray(node?.value) ? node.value : []
}

function derOf(node: Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(node).getBytes(), 'latin1')
}

function invalid(reason: string, cause?: unknown): PlatformError {
  return new PlatformError('CERTIFICATE_INVALID', { reason }, { cause })
}
