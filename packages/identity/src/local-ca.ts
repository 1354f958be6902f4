import {
  createPrivateKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  type webcrypto,
  X509Certificate,
} from 'node:crypto'
import { promisify } from 'node:util'
import { type Clock, PlatformError, Secret, systemClock } from '@landbridge/kernel'
import { readCertificateRequest } from './certificate-request.ts'
import { type SubjectInput, toDistinguishedName } from './distinguished-name.ts'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  encodeName,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  ParsedCertificate,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from './x509.ts'

const newKeyPair = promisify(generateKeyPair)
const dayMs = 86_400_000
/** Certificates begin a little in the past: machines that are to trust them may have slow clocks. */
const backdateMs = 5 * 60_000
const signatureAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

export interface LocalCaOptions {
  /** Name of the root, for example `{ CN: 'Landbridge local CA', O: 'Landbridge' }`. */
  readonly subject: SubjectInput
  readonly days?: number
  readonly clock?: Clock
}

export interface ServerCertificateOptions {
  readonly dnsNames: readonly string[]
  readonly ipAddresses?: readonly string[]
  readonly days: number
}

export interface ClientCertificateOptions {
  readonly subject: SubjectInput
  readonly days: number
}

/** Makes an RSA key of so many bits instead of an EC key, for clients that know nothing else. */
export interface NewKeyOptions {
  readonly rsaBits?: 2048 | 3072 | 4096
}

/** A certificate chain (leaf first, root last) and the private key of the leaf, both PEM. */
export interface IssuedCertificate {
  readonly cert: string
  readonly key: string
}

/**
 * The platform's own certificate authority: one self-signed EC P-256 root that signs leaves directly.
 * It issues nothing but leaves (path length 0) with random 128-bit serial numbers; revocation is by fingerprint lists.
 */
export class LocalCa {
  readonly certificatePem: string
  readonly #certificate: ParsedCertificate
  readonly #key: KeyObject
  readonly #signingKey: webcrypto.CryptoKey
  readonly #clock: Clock
  /** The same in all leaves. */
  #keyIdentifier: Promise<AuthorityKeyIdentifierExtension> | null

  private constructor(certificatePem: string, key: KeyObject, clock: Clock) {
    this.certificatePem = certificatePem
    this.#certificate = new ParsedCertificate(certificatePem)
    this.#key = key
    this.#signingKey = cryptoKey(key, 'sign')
    this.#keyIdentifier = null
    this.#clock = clock
  }

  /** Makes a new root with a new key; valid for 10 years unless said otherwise. */
  static async create(options: LocalCaOptions): Promise<LocalCa> {
    const clock = options.clock ?? systemClock
    const pair = await newKeyPair('ec', { namedCurve: 'P-256' })
    const signingKey = cryptoKey(pair.privateKey, 'sign')
    const publicKey = cryptoKey(pair.publicKey, 'verify')
    const name = encodeName(toDistinguishedName(options.subject))
    const root = await X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: name,
      issuer: name,
      ...validity(clock, options.days ?? 3650),
      publicKey,
      signingKey,
      signingAlgorithm: signatureAlgorithm,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(publicKey),
      ],
    })
    return new LocalCa(pemOf(root), pair.privateKey, clock)
  }

  /**
   * Takes up an existing root.
   * @param keyPem PKCS#8 or SEC1 PEM of its EC key.
   * @throws PlatformError CERTIFICATE_INVALID when one cannot be read or they do not belong together.
   */
  static load(certificatePem: string, keyPem: string, clock: Clock = systemClock): LocalCa {
    try {
      const key = createPrivateKey(keyPem)
      const certificate = new X509Certificate(certificatePem)
      if (!certificate.ca || !certificate.checkPrivateKey(key)) throw new Error('not the key of this authority')
      return new LocalCa(certificate.toString(), key, clock)
    } catch (cause) {
      throw new PlatformError('CERTIFICATE_INVALID', {}, { cause })
    }
  }

  /** The root's private key as PKCS#8 PEM, to be stored sealed or with mode 0600. */
  get keyPem(): Secret {
    return new Secret(this.#key.export({ type: 'pkcs8', format: 'pem' }).toString())
  }

  /** A server certificate with a new key. The first DNS name (or address) is also its common name. */
  async issueServer(options: ServerCertificateOptions & NewKeyOptions): Promise<IssuedCertificate> {
    const { dnsNames, ipAddresses = [] } = options
    const first = dnsNames[0] ?? ipAddresses[0]
    if (first === undefined) throw new TypeError('a server certificate needs a name or an address')
    const names: JsonGeneralNames = [
      ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
      ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
    ]
    return this.#issueWithNewKey({
      // A common name holds 64 characters (RFC 5280 appendix A.1); clients look at the alternative names anyway.
      ...options,
      subject: { CN: first.slice(0, 64) },
      usage: ExtendedKeyUsage.serverAuth,
      extensions: [new SubjectAlternativeNameExtension(names)],
    })
  }

  /** A client certificate with a new key, for where the caller may hold the key (service bindings, tests). */
  issueClient(options: ClientCertificateOptions & NewKeyOptions): Promise<IssuedCertificate> {
    return this.#issueWithNewKey({ ...options, usage: ExtendedKeyUsage.clientAuth, extensions: [] })
  }

  /**
   * A client certificate for the key of a signing request. Only the key is taken from the request: the subject is the
   * caller's decision. Returns leaf and root as PEM.
   * @throws PlatformError CERTIFICATE_REQUEST_INVALID
   */
  async issueClientFromCsr(options: ClientCertificateOptions & { readonly csrPem: string }): Promise<string> {
    const { publicKey, keyUsage } = await readCertificateRequest(options.csrPem)
    return this.#issue({ ...options, publicKey, keyUsage, usage: ExtendedKeyUsage.clientAuth, extensions: [] })
  }

  async #issueWithNewKey(leaf: Omit<Leaf, 'publicKey' | 'keyUsage'> & NewKeyOptions): Promise<IssuedCertificate> {
    const pair =
      leaf.rsaBits === undefined
        ? await newKeyPair('ec', { namedCurve: 'P-256' })
        : await newKeyPair('rsa', { modulusLength: leaf.rsaBits })
    const publicKey = new PublicKey(new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' })))
    const keyUsage =
      leaf.rsaBits === undefined
        ? KeyUsageFlags.digitalSignature
        : KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment
    return {
      cert: await this.#issue({ ...leaf, publicKey, keyUsage }),
      key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    }
  }

  async #issue({ subject, days, publicKey, keyUsage, usage, extensions }: Leaf): Promise<string> {
    this.#keyIdentifier ??= AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey)
    const leaf = await X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: encodeName(toDistinguishedName(subject)),
      issuer: this.#certificate.subjectName,
      ...this.#leafValidity(days),
      publicKey,
      signingKey: this.#signingKey,
      signingAlgorithm: signatureAlgorithm,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(keyUsage, true),
        new ExtendedKeyUsageExtension([usage]),
        await SubjectKeyIdentifierExtension.create(publicKey),
        await this.#keyIdentifier,
        ...extensions,
      ],
    })
    return `${pemOf(leaf)}${this.certificatePem}`
  }

  /** A leaf never outlives its root. */
  #leafValidity(days: number): { notBefore: Date; notAfter: Date } {
    const { notBefore, notAfter } = validity(this.#clock, days)
    const rootEnd = this.#certificate.notAfter
    return { notBefore, notAfter: new Date(Math.min(notAfter.getTime(), rootEnd.getTime())) }
  }
}

interface Leaf extends ClientCertificateOptions {
  readonly publicKey: PublicKey
  readonly keyUsage: KeyUsageFlags
  readonly usage: ExtendedKeyUsage
  readonly extensions: readonly Extension[]
}

function validity(clock: Clock, days: number): { notBefore: Date; notAfter: Date } {
  const now = clock.now()
  return { notBefore: new Date(now - backdateMs), notAfter: new Date(now + days * dayMs) }
}

/** 128 random bits behind a byte that keeps the number positive and its length fixed (RFC 5280 section 4.1.2.2). */
function serialNumber(): string {
  return `01${randomBytes(16).toString('hex')}`
}

function cryptoKey(key: KeyObject, use: 'sign' | 'verify'): webcrypto.CryptoKey {
  return key.toCryptoKey(signatureAlgorithm, true, [use])
}

function pemOf(certificate: ParsedCertificate): string {
  return new X509Certificate(Buffer.from(certificate.rawData)).toString()
}
