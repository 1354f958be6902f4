import { createHash, createHmac, createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import type { Secret } from '@landbridge/kernel'
import forge, { type Asn1 } from 'node-forge'
import { splitPemChain } from './certificate-facts.ts'

export interface Pkcs12Content {
  /** PEM, the leaf first. */
  readonly chain: string
  /** PEM of the leaf's key. */
  readonly key: string
  /** Friendly name of the entry: the alias in Java. */
  readonly alias: string
  /** Protects the key and the whole file; an empty one is possible. */
  readonly password: Secret
}

const oid = {
  data: '1.2.840.113549.1.7.1',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  sha1: '1.3.14.3.2.26',
}
const iterations = 10_000

/**
 * See `writePkcs12`. The library's own writer knows RSA certificates only and encodes others anew, which breaks their
 * signatures; here the certificates go in byte by byte.
 */
export function buildPkcs12({ chain, key, alias, password }: Pkcs12Content): Buffer {
  const passphrase = password.reveal()
  const keyDer = createPrivateKey(key).export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase })
  const certificates = splitPemChain(chain).map((pem) => new X509Certificate(pem).raw)
  const owner = createHash('sha1')
    .update(certificates[0] ?? '')
    .digest()
  const attributes = set([
    attribute(oid.friendlyName, create(forge.asn1.Type.BMPSTRING, alias)),
    attribute(oid.localKeyId, octets(owner.toString('latin1'))),
  ])
  const bags = certificates.map((der, index) => certificateBag(der, index === 0 ? [attributes] : []))
  const keyBag = sequence([identifier(oid.shroudedKeyBag), tagged(fromDer(keyDer)), attributes])
  const safe = der(sequence([dataOf(der(sequence(bags))), dataOf(der(sequence([keyBag])))]))
  return Buffer.from(der(sequence([integer(3), dataOf(safe), macOf(safe, passphrase)])), 'latin1')
}

/** SHA-1, because every reader knows it; it proves integrity to whoever has the password, and encrypts nothing. */
function macOf(safe: string, passphrase: string): Asn1 {
  const salt = randomBytes(8).toString('latin1')
  const key = forge.pkcs12.generateKey(passphrase, forge.util.createBuffer(salt), 3, iterations, 20).getBytes()
  const mac = createHmac('sha1', Buffer.from(key, 'latin1'))
    .update(Buffer.from(safe, 'latin1'))
    .digest()
    .toString('latin1')
  const algorithm = sequence([identifier(oid.sha1), create(forge.asn1.Type.NULL, '')])
  return sequence([sequence([algorithm, octets(mac)]), octets(salt), integer(iterations)])
}

function certificateBag(certificate: Buffer, attributes: readonly Asn1[]): Asn1 {
  const content = sequence([identifier(oid.x509Certificate), tagged(octets(certificate.toString('latin1')))])
  return sequence([identifier(oid.certificateBag), tagged(content), ...attributes])
}

function attribute(type: string, value: Asn1): Asn1 {
  return sequence([identifier(type), set([value])])
}

function dataOf(bytes: string): Asn1 {
  return sequence([identifier(oid.data), tagged(octets(bytes))])
}

function create(type: number, value: string | Asn1[]): Asn1 {
  return forge.asn1.create(forge.asn1.Class.UNIVERSAL, type, Array.isArray(value), value)
}

function sequence(parts: Asn1[]): Asn1 {
  return create(forge.asn1.Type.SEQUENCE, parts)
}

function set(parts: Asn1[]): Asn1 {
  return create(forge.asn1.Type.SET, parts)
}

function octets(bytes: string): Asn1 {
  return create(forge.asn1.Type.OCTETSTRING, bytes)
}

function identifier(dotted: string): Asn1 {
  return create(forge.asn1.Type.OID, forge.asn1.oidToDer(dotted).getBytes())
}

function integer(value: number): Asn1 {
  return create(forge.asn1.Type.INTEGER, forge.asn1.integerToDer(value).getBytes())
}

function tagged(value: Asn1): Asn1 {
  return forge.asn1.create(forge.asn1.Class.CONTEXT_SPECIFIC, 0, true, [value])
}

function fromDer(bytes: Buffer): Asn1 {
  return forge.asn1.fromDer(bytes.toString('latin1'))
}

function der(value: Asn1): string {
  return forge.asn1.toDer(value).getBytes()
}
