import { X509Certificate } from 'node:crypto'
import type { ConnectorSettings } from '@landbridge/connector'
import { availableCipherSuites, type UsableSuites, usableSuites } from './cipher-suites.ts'

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
  const keyType = uiCertificate === undefined ? undefined : keyTypeOf(uiCertificate)
  return availableCipherSuites.map((name) => ({
    name,
    current: current.includes(name) ? 'enabled' : 'disabled',
    next: next.includes(name) ? 'enabled' : 'disabled',
    isCompatible: isCompatible(name, keyType),
    assessment: assessmentOf(name),
  }))
}

/** What kind of key a certificate has, in the words of `node:crypto`. */
function keyTypeOf(certificate: string): string | undefined {
  return new X509Certificate(certificate).publicKey.asymmetricKeyType
}

/** From TLS 1.3 on a suite says nothing about keys. Before, ECDSA serves Edwards curves as well (RFC 8422). */
function isCompatible(name: string, keyType: string | undefined): boolean {
  if (!name.includes('_WITH_')) return true
  if (name.includes('_ECDSA_')) return keyType === 'ec' || keyType === 'ed25519' || keyType === 'ed448'
  // A key for signatures only cannot decrypt a secret.
  return keyType === 'rsa' || (keyType === 'rsa-pss' && !name.startsWith('TLS_RSA_'))
}

/**
 * Why a certificate and the chosen suites do not go together, as the end of a sentence: with them nobody could reach the
 * administration port any more. Undefined when some suite serves the certificate.
 */
export function unservable(certificate: string, suites: readonly string[]): string | undefined {
  const keyType = keyTypeOf(certificate)
  if (suites.some((name) => isCompatible(name, keyType))) return undefined
  const fitting = availableCipherSuites.filter((name) => isCompatible(name, keyType))
  const examples = [fitting.find((name) => name.includes('_WITH_')), fitting.find((name) => !name.includes('_WITH_'))]
  return `${keyType?.toUpperCase()} key, and none of the cipher suites ${suites.join(', ')} serves it; choose one that does, for example ${examples.filter((name) => name !== undefined).join(' or ')}`
}

/**
 * What the administration port is served with: the chosen suites, or the default ones where no chosen one serves the
 * certificate. Changes are checked, but what earlier versions stored was not.
 */
export function servedSuites({
  uiCertificate,
  cipherSuites,
}: Pick<ConnectorSettings, 'uiCertificate' | 'cipherSuites'>): UsableSuites & { readonly isFallback: boolean } {
  const usable = usableSuites(cipherSuites)
  const isFallback = uiCertificate !== undefined && unservable(uiCertificate.cert, usable.suites) !== undefined
  return { ...(isFallback ? usableSuites() : usable), isFallback }
}

export function assessmentOf(name: string): CipherRow['assessment'] {
  if (name.includes('_CBC_') || name.startsWith('TLS_RSA_')) return 'weak'
  return name.startsWith('TLS_DHE_') ? 'sufficient' : 'recommended'
}
