import type { Secret } from '@landbridge/kernel'
import type { OwnCertificate } from './own-certificate.ts'
import type { Pkcs12Certificate } from './pkcs12-certificates.ts'
import type { Pkcs12Content } from './pkcs12-writer.ts'

/**
 * Reads certificate, chain and key from a PKCS#12 file (RFC 7292), RSA or EC, encrypted in the modern or the old ways.
 * @param keyPassword opens the key where it differs from the password of the file.
 * @throws PlatformError CERTIFICATE_INVALID with the reason: not such a file, wrong password, no key, no certificate.
 */
export async function readPkcs12(
  bytes: Uint8Array,
  password: Secret,
  keyPassword: Secret = password,
): Promise<OwnCertificate> {
  // The library is large and hardly ever needed: nothing loads it before.
  const { parsePkcs12 } = await import('./pkcs12-reader.ts')
  return parsePkcs12(bytes, password, keyPassword)
}

/** Writes a PKCS#12 file (RFC 7292) with one key and its chain, encrypted with AES-256. */
export async function writePkcs12(content: Pkcs12Content): Promise<Buffer> {
  const { buildPkcs12 } = await import('./pkcs12-writer.ts')
  return buildPkcs12(content)
}

/** The certificates of a PKCS#12 file without its keys; undefined when the password does not open it. */
export async function readPkcs12Certificates(
  bytes: Uint8Array,
  password: Secret,
): Promise<readonly Pkcs12Certificate[] | undefined> {
  const { certificatesOf } = await import('./pkcs12-certificates.ts')
  return certificatesOf(bytes, password)
}
