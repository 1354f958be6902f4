import { X509Certificate } from 'node:crypto'
import { availableCipherSuites } from './cipher-suites.ts'

export interface CipherRow {
  readonly name: string
  readonly current: 'enabled' | 'disabled'
  /** After the next start. */
  readonly next: 'enabled' | 'disabled'
  /** Whether the certificate of the administration port can be used with it. */
  readonly isCompatible: boolean
  /** `weak`: no forward secrecy, or block chaining, which has a history of attacks. */
  readonly assessment: 'recommended' | 'sufficient' | 'weak'
}

/** All suites that the runtime offers, as an administrator decides about them (guide L18540). */
export function cipherTable(
  uiCertificate: string | undefined,
  current: readonly string[],
  next: readonly string[],
): readonly CipherRow[] {
  const keyType =
    uiCertificate === undefined ? undefined : new X509Certificate(uiCertificate).publicKey.asymmetricKeyType
  return availableCipherSuites.map((name) => ({
    name,
    current: current.includes(name) ? 'enabled' : 'disabled',
    next: next.includes(name) ? 'enabled' : 'disabled',
    isCompatible: isCompatible(name, keyType),
    assessment: assessmentOf(name),
  }))
}

/** From TLS 1.3 on a suite says nothing about keys. */
function isCompatible(name: string, keyType: string | undefined): boolean {
  if (!name.includes('_WITH_')) return true
  return keyType === (name.includes('_ECDSA_') ? 'ec' : 'rsa')
}

export function assessmentOf(name: string): CipherRow['assessment'] {
  if (name.includes('_CBC_') || name.startsWith('TLS_RSA_')) return 'weak'
  return name.startsWith('TLS_DHE_') ? 'sufficient' : 'recommended'
}
