import { createPublicKey } from 'node:crypto'
import { PlatformError } from '@landbridge/kernel'
import { KeyUsageFlags, Pkcs10CertificateRequest, type PublicKey } from './x509.ts'

const acceptedCurves = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/** The key of a request that proved to own it. */
export interface CertificateRequest {
  readonly publicKey: PublicKey
  /** Usages that fit the kind of key: RSA may also carry the old TLS key exchange. */
  readonly keyUsage: KeyUsageFlags
}

/**
 * Reads a PKCS#10 request (RFC 2986), checks its signature and the strength of its key.
 * @throws PlatformError CERTIFICATE_REQUEST_INVALID
 */
export async function readCertificateRequest(csrPem: string): Promise<CertificateRequest> {
  const request = await verified(csrPem)
  const key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' })
  if (key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048)
    return { publicKey: request.publicKey, keyUsage: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment }
  if (key.asymmetricKeyType === 'ec' && acceptedCurves.has(key.asymmetricKeyDetails?.namedCurve ?? ''))
    return { publicKey: request.publicKey, keyUsage: KeyUsageFlags.digitalSignature }
  throw new PlatformError('CERTIFICATE_REQUEST_INVALID', { reason: 'the kind or size of its key is not accepted' })
}

async function verified(csrPem: string): Promise<Pkcs10CertificateRequest> {
  if (csrPem.length > 16 * 1024) throw new PlatformError('CERTIFICATE_REQUEST_INVALID', { reason: 'it is too long' })
  try {
    const request = new Pkcs10CertificateRequest(csrPem)
    if (await request.verify()) return request
  } catch (cause) {
    throw new PlatformError('CERTIFICATE_REQUEST_INVALID', { reason: 'it cannot be read' }, { cause })
  }
  throw new PlatformError('CERTIFICATE_REQUEST_INVALID', { reason: 'its signature does not fit its key' })
}
