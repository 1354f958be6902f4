import { createPrivateKey, generateKeyPair, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { type Clock, PlatformError, Secret } from '@landbridge/kernel'
import { splitPemChain } from './certificate-facts.ts'
import { type SubjectInput, toDistinguishedName } from './distinguished-name.ts'
import { signatureAlgorithmOf, toCryptoKey } from './signing-algorithm.ts'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  encodeName,
  KeyUsageFlags,
  KeyUsagesExtension,
  ParsedCertificate,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from './x509.ts'

const newKeyPair = promisify(generateKeyPair)
const dayMs = 86_400_000
/** Certificates begin a little in the past: machines that are to trust them may have slow clocks. */
const backdateMs = 5 * 60_000

/** What a certificate that its owner makes for itself is good for. */
export type OwnCertificatePurpose = 'client' | 'server' | 'authority' | 'signature'

export interface OwnAlternativeName {
  readonly type: 'DNS' | 'IP' | 'URI' | 'RFC822'
  readonly value: string
}

export interface OwnCertificateWish {
  readonly purpose: OwnCertificatePurpose
  readonly subject: SubjectInput
  /** Bits of the RSA key. */
  readonly keySize: 2048 | 4096
  readonly alternativeNames?: readonly OwnAlternativeName[]
}

/** A certificate chain (leaf first, PEM) and the private key of the leaf. */
export interface OwnCertificate {
  readonly cert: string
  /** PEM (PKCS#8). */
  readonly key: Secret
}

/** Makes a self-signed certificate with a new RSA key. @throws PlatformError SUBJECT_INVALID */
export async function selfSigned(wish: OwnCertificateWish, days: number, clock: Clock): Promise<OwnCertificate> {
  const name = encodeName(toDistinguishedName(wish.subject))
  const pair = await newKeyPair('rsa', { modulusLength: wish.keySize })
  const publicKey = toCryptoKey(pair.publicKey, 'verify')
  const now = clock.now()
  const certificate = await X509CertificateGenerator.create({
    // 128 random bits behind a byte that keeps the number positive (RFC 5280 section 4.1.2.2).
    serialNumber: `01${randomBytes(16).toString('hex')}`,
    subject: name,
    issuer: name,
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(now + days * dayMs),
    publicKey,
    signingKey: toCryptoKey(pair.privateKey, 'sign'),
    signingAlgorithm: { ...signatureAlgorithmOf(pair.privateKey) },
    extensions: [...extensionsOf(wish), await SubjectKeyIdentifierExtension.create(publicKey)],
  })
  return { cert: pemOf(certificate), key: pemKey(pair.privateKey) }
}

/** A signing request (PKCS#10, RFC 2986) with a new RSA key. @throws PlatformError SUBJECT_INVALID */
export async function signingRequest(
  wish: OwnCertificateWish,
): Promise<{ readonly csr: string; readonly key: Secret }> {
  const name = encodeName(toDistinguishedName(wish.subject))
  const pair = await newKeyPair('rsa', { modulusLength: wish.keySize })
  const request = await Pkcs10CertificateRequestGenerator.create({
    name,
    keys: { publicKey: toCryptoKey(pair.publicKey, 'verify'), privateKey: toCryptoKey(pair.privateKey, 'sign') },
    signingAlgorithm: { ...signatureAlgorithmOf(pair.privateKey) },
    extensions: extensionsOf(wish),
  })
  return { csr: `${request.toString('pem').trimEnd()}\n`, key: pemKey(pair.privateKey) }
}

/**
 * Puts a chain and the key of its leaf together. The leaf may stand anywhere in the text; it is the one of the key.
 * @throws PlatformError CERTIFICATE_INVALID when the text holds no certificate or none of this key.
 */
export function certificateOfKey(chainPem: string, key: Secret): OwnCertificate {
  try {
    const privateKey = createPrivateKey(key.reveal())
    signatureAlgorithmOf(privateKey)
    const certificates = splitPemChain(chainPem).map((pem) => new X509Certificate(pem))
    const leaf = certificates.find((certificate) => certificate.checkPrivateKey(privateKey))
    if (leaf === undefined) throw new Error('no certificate of this key')
    return { cert: [leaf, ...issuersOf(leaf, certificates)].map(String).join(''), key: pemKey(privateKey) }
  } catch (cause) {
    if (cause instanceof PlatformError) throw cause
    throw new PlatformError('CERTIFICATE_INVALID', {}, { cause })
  }
}

/** Whether a certificate says that it may sign others (RFC 5280 sections 4.2.1.3 and 4.2.1.9). */
export function maySignCertificates(pem: string): boolean {
  const parsed = new ParsedCertificate(pem)
  const usages = parsed.getExtension(KeyUsagesExtension)
  const constraints = parsed.getExtension(BasicConstraintsExtension)
  return constraints?.ca === true && usages !== null && (usages.usages & KeyUsageFlags.keyCertSign) !== 0
}

/** The rest of the chain in its order; what does not belong to it is left out. */
function issuersOf(leaf: X509Certificate, candidates: readonly X509Certificate[]): X509Certificate[] {
  const chain: X509Certificate[] = []
  let last = leaf
  for (;;) {
    const issuer = candidates.find((other) => other !== last && !chain.includes(other) && last.checkIssued(other))
    if (issuer === undefined || issuer === leaf) return chain
    chain.push(issuer)
    last = issuer
  }
}

function extensionsOf({ purpose, alternativeNames = [] }: OwnCertificateWish): Extension[] {
  const names = alternativeNames.length === 0 ? [] : [new SubjectAlternativeNameExtension(alternativeNames.map(toName))]
  if (purpose === 'authority')
    return [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ...names,
    ]
  if (purpose === 'signature')
    return [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      ...names,
    ]
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
    new ExtendedKeyUsageExtension([purpose === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
    ...names,
  ]
}

const nameTypes = { DNS: 'dns', IP: 'ip', URI: 'url', RFC822: 'email' } as const

function toName({ type, value }: OwnAlternativeName): { type: 'dns' | 'ip' | 'url' | 'email'; value: string } {
  return { type: nameTypes[type], value }
}

function pemKey(key: KeyObject): Secret {
  return new Secret(key.export({ type: 'pkcs8', format: 'pem' }).toString())
}

function pemOf(certificate: ParsedCertificate): string {
  return new X509Certificate(Buffer.from(certificate.rawData)).toString()
}
