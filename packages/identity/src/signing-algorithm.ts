import type { KeyObject, webcrypto } from 'node:crypto'
import { PlatformError } from '@landbridge/kernel'

const ecAlgorithms: Readonly<Record<string, { namedCurve: string; hash: string }>> = {
  prime256v1: { namedCurve: 'P-256', hash: 'SHA-256' },
  secp384r1: { namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { namedCurve: 'P-521', hash: 'SHA-512' },
}

/** How certificates are signed with a key, in the words of the Web Cryptography API. */
export interface CertificateSignatureAlgorithm {
  readonly name: string
  readonly hash: string
  readonly namedCurve?: string
}

/** @throws PlatformError CERTIFICATE_INVALID for other keys than RSA of at least 2048 bits and EC on a NIST curve. */
export function signatureAlgorithmOf(key: KeyObject): CertificateSignatureAlgorithm {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048) return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const ec = key.asymmetricKeyType === 'ec' ? ecAlgorithms[namedCurve] : undefined
  if (ec !== undefined) return { name: 'ECDSA', ...ec }
  throw new PlatformError('CERTIFICATE_INVALID', { reason: 'the kind or size of its key is not accepted' })
}

export function toCryptoKey(key: KeyObject, use: 'sign' | 'verify'): webcrypto.CryptoKey {
  return key.toCryptoKey({ ...signatureAlgorithmOf(key) }, true, [use])
}
