import { X509Certificate } from 'node:crypto'
import { PlatformError } from '@landbridge/kernel'
import type { DistinguishedName } from './distinguished-name.ts'
import { ParsedCertificate, readName, writeName } from './x509.ts'

/** What lists, logs and decisions need to know of a certificate. */
export interface CertificateFacts {
  /** `CN=..,L=..`, escaped as in RFC 4514, most specific attribute first. */
  readonly subject: string
  readonly subjectAttributes: DistinguishedName
  readonly issuer: string
  /** Hexadecimal, lower case. */
  readonly serialNumber: string
  readonly notBefore: Date
  readonly notAfter: Date
  /** SHA-256 of the DER form, base64url: the `x5t#S256` of RFC 8705 section 3.1. */
  readonly thumbprint: string
  /** SHA-256 of the DER form, lower-case hexadecimal. */
  readonly fingerprint: string
  readonly isAuthority: boolean
}

/**
 * Reads a certificate given as PEM (the first of a chain), DER, or as Node's own object.
 * @throws PlatformError CERTIFICATE_INVALID
 */
export function certificateFacts(certificate: string | Uint8Array | X509Certificate): CertificateFacts {
  const parsed = parse(certificate)
  const sha256 = Buffer.from(parsed.node.fingerprint256.replaceAll(':', ''), 'hex')
  return {
    subject: writeName(parsed.peculiar.subjectName),
    subjectAttributes: readName(parsed.peculiar.subjectName),
    issuer: writeName(parsed.peculiar.issuerName),
    serialNumber: parsed.node.serialNumber.toLowerCase(),
    notBefore: parsed.node.validFromDate,
    notAfter: parsed.node.validToDate,
    thumbprint: sha256.toString('base64url'),
    fingerprint: sha256.toString('hex'),
    isAuthority: parsed.node.ca,
  }
}

function parse(certificate: string | Uint8Array | X509Certificate): {
  node: X509Certificate
  peculiar: ParsedCertificate
} {
  try {
    const node =
      certificate instanceof X509Certificate
        ? certificate
        : new X509Certificate(typeof certificate === 'string' ? certificate : Buffer.from(certificate))
    return { node, peculiar: new ParsedCertificate(new Uint8Array(node.raw)) }
  } catch (cause) {
    throw new PlatformError('CERTIFICATE_INVALID', {}, { cause })
  }
}

const pemCertificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** The certificates of a PEM text, one PEM each, in their order; empty when there is none. */
export function splitPemChain(pem: string): readonly string[] {
  return Array.from(pem.matchAll(pemCertificate), ([match]) => `${match}\n`)
}
