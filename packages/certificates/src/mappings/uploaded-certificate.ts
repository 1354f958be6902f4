import { X509Certificate } from 'node:crypto'
import { type CertificateFacts, certificateFacts, splitPemChain } from '@landbridge/identity'
import { PlatformError } from '@landbridge/kernel'

export interface UploadedCertificate {
  /** PEM of the certificate alone. */
  readonly pem: string
  readonly facts: CertificateFacts
}

/**
 * Reads what a caller uploads: PEM, of a chain the first, or DER in base64.
 * @throws PlatformError CERTIFICATE_INVALID, PRIVATE_KEY_UNWANTED
 */
export function readUploadedCertificate(text: string): UploadedCertificate {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) throw new PlatformError('PRIVATE_KEY_UNWANTED')
  const parsed = parse(splitPemChain(text)[0] ?? Buffer.from(text, 'base64'))
  return { pem: parsed.toString(), facts: certificateFacts(parsed) }
}

function parse(content: string | Buffer): X509Certificate {
  try {
    return new X509Certificate(content)
  } catch (cause) {
    throw new PlatformError('CERTIFICATE_INVALID', { reason: 'it is neither PEM nor DER in base64' }, { cause })
  }
}
