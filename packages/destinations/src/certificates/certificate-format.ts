import { X509Certificate } from 'node:crypto'
import { splitPemChain } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'

export type CertificateFormat = 'PEM' | 'DER' | 'PKCS12' | 'JKS'

export interface RecognisedCertificate {
  readonly format: CertificateFormat
  /** What can be read without a password: the certificates of PEM and DER, in their order. */
  readonly certificates: readonly X509Certificate[]
}

/** Formats that fit a name's ending. Java's own tools write PKCS#12 into files that end in `.jks`. */
const endings: Readonly<Record<string, readonly CertificateFormat[]>> = {
  pem: ['PEM'],
  crt: ['PEM', 'DER'],
  cer: ['PEM', 'DER'],
  der: ['DER'],
  p12: ['PKCS12'],
  pfx: ['PKCS12'],
  jks: ['JKS', 'PKCS12'],
}

/** `store.p12` gives `p12`; undefined for a name without an ending. */
export function endingOf(name: string): string | undefined {
  return /\.([^.\s]+)$/.exec(name)?.[1]?.toLowerCase()
}

/**
 * Tells what kind of certificate or key store the bytes are (guide L6213, L8976-8981).
 * @throws PlatformError DESTINATION_CERTIFICATE_INVALID when they are none, or not what the name's ending says
 */
export function recogniseCertificate(name: string, bytes: Buffer): RecognisedCertificate {
  const recognised = byContent(bytes)
  if (recognised === undefined)
    throw certificateInvalid('Content', 'is no certificate or key store in the form PEM, DER, PKCS#12 or JKS')
  const ending = endingOf(name)
  if (ending === undefined) return recognised
  const fitting = Object.hasOwn(endings, ending) ? endings[ending] : undefined
  if (fitting === undefined)
    throw certificateInvalid('Name', `must end in one of ${Object.keys(endings).join(', ')}, or have no ending`)
  if (!fitting.includes(recognised.format))
    throw certificateInvalid('Content', `is ${recognised.format}, which does not fit a name that ends in .${ending}`)
  return recognised
}

export function certificateInvalid(field: string, reason: string, cause?: unknown): PlatformError {
  return new PlatformError('DESTINATION_CERTIFICATE_INVALID', { field, reason }, { cause })
}

function byContent(bytes: Buffer): RecognisedCertificate | undefined {
  if (bytes.length >= 12 && bytes.readUInt32BE(0) === 0xfeedfeed) return { format: 'JKS', certificates: [] }
  if (isPkcs12(bytes)) return { format: 'PKCS12', certificates: [] }
  try {
    const blocks = splitPemChain(bytes.toString('latin1'))
    if (blocks.length > 0) return { format: 'PEM', certificates: blocks.map((block) => new X509Certificate(block)) }
    if (bytes[0] === 0x30) return { format: 'DER', certificates: [new X509Certificate(bytes)] }
  } catch {
    // A certificate that cannot be read is none.
  }
  return undefined
}

/** A sequence that begins with the number 3 (PFX version, RFC 7292 section 4), in definite or indefinite form. */
function isPkcs12(bytes: Buffer): boolean {
  if (bytes[0] !== 0x30) return false
  const length = bytes[1] ?? 0
  const start = length > 0x80 ? 2 + (length & 0x7f) : 2
  return bytes[start] === 0x02 && bytes[start + 1] === 0x01 && bytes[start + 2] === 0x03
}

/** Why a chain is not whole, if it is not (guide L6219); such certificates are kept all the same. */
export function chainProblem(certificates: readonly X509Certificate[]): string | undefined {
  const [leaf] = certificates
  if (leaf === undefined || leaf.ca || leaf.checkIssued(leaf)) return undefined
  return certificates.some((issuer) => leaf.checkIssued(issuer)) ? undefined : 'the issuer of the leaf is missing'
}
