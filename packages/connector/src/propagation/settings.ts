import { PlatformError, type Secret } from '@landbridge/kernel'
import type { KerberosSettings } from './kerberos.ts'
import { defaultSubjectRules, type SubjectPatternRule, SubjectPatterns } from './subject-pattern.ts'

/** How users are named towards backends; one set for the whole connector (guide L20583). */
export interface PropagationSettings {
  /** Lifetime of a user's certificate, during which it is used again. */
  readonly certificateValidityMinutes: number
  /** How long after its end a token of the cloud is still honoured. */
  readonly expirationToleranceHours: number
  readonly subjectRules: readonly SubjectPatternRule[]
  /** Value of SSL_CLIENT_CERT that tells a backend not to use the certificate of the TLS connection. */
  readonly noCertificateMarker: string
}

export const defaultPropagationSettings: PropagationSettings = {
  certificateValidityMinutes: 60,
  expirationToleranceHours: 0,
  subjectRules: defaultSubjectRules,
  noCertificateMarker: '',
}

/** The authority that signs users' certificates, with its settings, at one moment. Immutable. */
export interface PropagationSetup {
  readonly settings: PropagationSettings
  /** Absent: no user can be propagated. */
  readonly authority?: { readonly cert: string; readonly key: Secret }
  /** Absent: nobody gets tickets. */
  readonly kerberos?: KerberosSettings
  /** Whether the connector itself has a certificate to show to backends. */
  readonly hasSystemCertificate: boolean
}

/** @throws PlatformError PROPAGATION_PATTERN_INVALID, REQUEST_INVALID */
export function checkPropagationSettings(settings: PropagationSettings): PropagationSettings {
  inRange('certificateValidityMinutes', settings.certificateValidityMinutes, 1, 10_080)
  inRange('expirationToleranceHours', settings.expirationToleranceHours, 0, 168)
  if (
    !/^[\x20-\x7e]{0,1000}$/.test(settings.noCertificateMarker) ||
    settings.noCertificateMarker.trim() !== settings.noCertificateMarker
  )
    throw refused('noCertificateMarker', 'must be printable ASCII without blanks at its ends')
  new SubjectPatterns(settings.subjectRules)
  return settings
}

function inRange(field: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw refused(field, `must be a whole number from ${least} to ${most}`)
}

function refused(field: string, reason: string): PlatformError {
  return new PlatformError('REQUEST_INVALID', { field, reason: `${field} ${reason}` })
}
