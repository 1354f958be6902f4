import { createPrivateKey, generateKeyPair, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { PlatformError, type Secret } from '@landbridge/kernel'
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

/** Of the kind and size of another one: systems that take the authority's certificate take its users' as well. */
function newKeyLike({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): Promise<{ publicKey: KeyObject }> {
  const { namedCurve = 'P-256', modulusLength = 2048 } = asymmetricKeyDetails ?? {}
  return asymmetricKeyType === 'ec' ? newKeyPair('ec', { namedCurve }) : newKeyPair('rsa', { modulusLength })
}

/**
 * Issues short-lived certificates that name a user to systems which trust this authority. Nobody ever proves to hold
 * the key of such a certificate: it travels inside a connection that has been authenticated otherwise. So all share one
 * public key, whose private half is thrown away at once: with it nobody could log on even if a backend allowed it.
 */
export class UserCertificateAuthority {
  /** SHA-256 of the authority's certificate, hexadecimal. */
  readonly fingerprint: string
  readonly notAfterMs: number
  readonly #certificate: ParsedCertificate
  readonly #key: KeyObject
  #subjectKey: Promise<PublicKey> | null

  private constructor(node: X509Certificate, key: KeyObject) {
    this.fingerprint = node.fingerprint256.replaceAll(':', '').toLowerCase()
    this.notAfterMs = node.validToDate.getTime()
    this.#certificate = new ParsedCertificate(new Uint8Array(node.raw))
    this.#key = key
    this.#subjectKey = null
  }

  /**
   * @param chainPem the authority's own certificate first.
   * @throws PlatformError CERTIFICATE_INVALID when one cannot be read or they do not belong together.
   */
  static load(chainPem: string, key: Secret): UserCertificateAuthority {
    try {
      const privateKey = createPrivateKey(key.reveal())
      const certificate = new X509Certificate(splitPemChain(chainPem)[0] ?? '')
      signatureAlgorithmOf(privateKey)
      if (!certificate.checkPrivateKey(privateKey)) throw new Error('not the key of this certificate')
      return new UserCertificateAuthority(certificate, privateKey)
    } catch (cause) {
      if (cause instanceof PlatformError) throw cause
      throw new PlatformError('CERTIFICATE_INVALID', {}, { cause })
    }
  }

  /** Makes the key now, so that the first user does not wait for it. */
  async prepare(): Promise<void> {
    await this.#sharedKey()
  }

  /** Never lasts longer than wished, nor longer than the authority itself. */
  async issue({ subject, notBeforeMs, notAfterMs }: UserCertificateWish): Promise<UserCertificate> {
    const publicKey = await this.#sharedKey()
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
    this.#subjectKey ??= newKeyLike(this.#key).then(
      ({ publicKey }) => new PublicKey(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))),
    )
    return this.#subjectKey
  }
}
