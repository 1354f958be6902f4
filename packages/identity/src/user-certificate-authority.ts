import { createPrivateKey, generateKeyPair, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { PlatformError, Secret } from '@landbridge/kernel'
import { splitPemChain } from './certificate-facts.ts'
import type { DistinguishedName } from './distinguished-name.ts'
import { signatureAlgorithmOf, toCryptoKey } from './signing-algorithm.ts'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  encodeName,
  KeyUsageFlags,
  KeyUsagesExtension,
  ParsedCertificate,
  PublicKey,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from './x509.ts'

const newKeyPair = promisify(generateKeyPair)

export interface UserCertificateWish {
  /** Checked by the caller: known attributes, values that their encoding can hold. */
  readonly subject: DistinguishedName
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

export interface UserCertificate {
  readonly der: Buffer
  /** Milliseconds since 1970. */
  readonly notAfterMs: number
}

/** A certificate with which somebody can log on. */
export interface UserLogon extends UserCertificate {
  /** PEM, the user's certificate first, then those between it and the root. */
  readonly chain: string
  /** PEM (PKCS#8). */
  readonly key: Secret
  readonly keyType: 'rsa' | 'ec'
}

interface LogonKey {
  readonly public: PublicKey
  readonly private: Secret
  readonly type: UserLogon['keyType']
}

interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** Of the kind and size of another one: systems that take the authority's certificate take its users' as well. */
function newKeyLike({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): Promise<KeyPair> {
  const { namedCurve = 'P-256', modulusLength = 2048 } = asymmetricKeyDetails ?? {}
  return asymmetricKeyType === 'ec' ? newKeyPair('ec', { namedCurve }) : newKeyPair('rsa', { modulusLength })
}

/**
 * Issues short-lived certificates that name a user to systems which trust this authority, in two forms.
 *
 * `issue`: nobody ever proves to hold the key, the certificate travels inside a connection that has been authenticated
 * otherwise. All share one public key, whose private half is thrown away at once: with such a certificate nobody could
 * log on even if a backend allowed it.
 *
 * `issueLogon`: the certificate itself authenticates a connection. All share one key, which exists in memory only. A key
 * for each user would protect nobody: whoever reads this memory has the key of the authority as well
 * (docs/decisions/0017-a-user-may-be-the-tls-client.md).
 */
export class UserCertificateAuthority {
  /** SHA-256 of the authority's certificate, hexadecimal. */
  readonly fingerprint: string
  readonly notAfterMs: number
  readonly #certificate: ParsedCertificate
  readonly #key: KeyObject
  /** PEM, what a chain needs behind the user's certificate; roots are known to whoever believes them. */
  readonly #intermediates: string
  #subjectKey: Promise<PublicKey> | null
  #logonKey: Promise<LogonKey> | null

  private constructor(node: X509Certificate, key: KeyObject, chain: readonly string[]) {
    this.fingerprint = node.fingerprint256.replaceAll(':', '').toLowerCase()
    this.notAfterMs = node.validToDate.getTime()
    this.#certificate = new ParsedCertificate(new Uint8Array(node.raw))
    this.#key = key
    this.#intermediates = chain.filter((pem) => !isRoot(new X509Certificate(pem))).join('')
    this.#subjectKey = null
    this.#logonKey = null
  }

  /**
   * @param chainPem the authority's own certificate first.
   * @throws PlatformError CERTIFICATE_INVALID when one cannot be read or they do not belong together.
   */
  static load(chainPem: string, key: Secret): UserCertificateAuthority {
    try {
      const privateKey = createPrivateKey(key.reveal())
      const chain = splitPemChain(chainPem)
      const certificate = new X509Certificate(chain[0] ?? '')
      signatureAlgorithmOf(privateKey)
      if (!certificate.checkPrivateKey(privateKey)) throw new Error('not the key of this certificate')
      return new UserCertificateAuthority(certificate, privateKey, chain)
    } catch (cause) {
      if (cause instanceof PlatformError) throw cause
      throw new PlatformError('CERTIFICATE_INVALID', {}, { cause })
    }
  }

  /** Makes the key for one of the forms now, so that the first user does not wait for it. */
  async prepare(form: 'issue' | 'issueLogon' = 'issue'): Promise<void> {
    await (form === 'issue' ? this.#sharedKey() : this.#sharedLogonKey())
  }

  /** Never lasts longer than wished, nor longer than the authority itself. */
  async issue(wish: UserCertificateWish): Promise<UserCertificate> {
    return this.#issue(wish, await this.#sharedKey())
  }

  /** The same, with the key. */
  async issueLogon(wish: UserCertificateWish): Promise<UserLogon> {
    const key = await this.#sharedLogonKey()
    const { der, notAfterMs } = await this.#issue(wish, key.public)
    const chain = new X509Certificate(der).toString() + this.#intermediates
    return { der, notAfterMs, chain, key: key.private, keyType: key.type }
  }

  async #issue(
    { subject, notBeforeMs, notAfterMs }: UserCertificateWish,
    publicKey: PublicKey,
  ): Promise<UserCertificate> {
    // Certificates count in whole seconds.
    const end = Math.floor(Math.min(notAfterMs, this.notAfterMs) / 1000) * 1000
    const leaf = await X509CertificateGenerator.create({
      serialNumber: `01${randomBytes(16).toString('hex')}`,
      subject: encodeName(subject),
      issuer: this.#certificate.subjectName,
      notBefore: new Date(Math.ceil(notBeforeMs / 1000) * 1000),
      notAfter: new Date(end),
      publicKey,
      signingKey: toCryptoKey(this.#key, 'sign'),
      signingAlgorithm: { ...signatureAlgorithmOf(this.#key) },
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
        await SubjectKeyIdentifierExtension.create(publicKey),
        await AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
      ],
    })
    return { der: Buffer.from(leaf.rawData), notAfterMs: end }
  }

  #sharedKey(): Promise<PublicKey> {
    this.#subjectKey ??= newKeyLike(this.#key).then(({ publicKey }) => encoded(publicKey))
    return this.#subjectKey
  }

  #sharedLogonKey(): Promise<LogonKey> {
    this.#logonKey ??= newKeyLike(this.#key).then(({ publicKey, privateKey }) => ({
      public: encoded(publicKey),
      private: new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
      type: privateKey.asymmetricKeyType === 'ec' ? 'ec' : 'rsa',
    }))
    return this.#logonKey
  }
}

function encoded(publicKey: KeyObject): PublicKey {
  return new PublicKey(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })))
}

function isRoot(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey)
}
