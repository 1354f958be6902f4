import { createHash, randomUUID, X509Certificate } from 'node:crypto'
import { PlatformError, type Secret } from '@landbridge/kernel'
import type { ServiceInstance } from './service-instance.ts'

/** `instance-secret`: all bindings of the instance that ask for it share one client and one secret. */
export type CredentialType = 'binding-secret' | 'instance-secret' | 'x509'

/** A binding or service key: an OAuth client of its instance. */
export interface Binding {
  readonly id: string
  readonly instanceId: string
  readonly name: string
  readonly clientId: string
  readonly credentialType: CredentialType
  /** Absent for X.509 bindings. */
  readonly clientSecret?: Secret
  /** PEM chain, leaf first, of an X.509 binding. */
  readonly certificate?: string
  /** Absent when the caller brought the certificate. */
  readonly privateKey?: Secret
  /** SHA-256 of the leaf certificate in DER, base64url (RFC 8705 section 3.1). */
  readonly certificateThumbprint?: string
  readonly createdAtMs: number
  /** Like that of a service instance. */
  readonly requestDigest?: string
}

/**
 * The client ID of a new binding. The first binding of an instance has the ID that the instance is known by; each
 * further one has its own, because clients cache tokens by client ID (real-clients 1.1 rule 5).
 * Clients of the identity service are known by UUIDs, as at the original, never by the name of an application.
 */
export function clientIdOf(instance: ServiceInstance, bindingSequence: number, isFirst: boolean): string {
  if (instance.service === 'identity') return randomUUID()
  if (isFirst) return `sb-${instance.xsappname}`
  const owner = instance.xsappname.slice(instance.xsappname.indexOf('|') + 1)
  return `sb-clone${bindingSequence}!b${bindingSequence}|${owner}`
}

/** What the parameters of a binding ask for. Unknown keys beside `xsuaa` are ignored (guide L11601). */
export type BindingRequest =
  | { readonly credentialType: 'binding-secret' | 'instance-secret' }
  | { readonly credentialType: 'x509'; readonly certificate: string }
  | { readonly credentialType: 'x509'; readonly keyBits: number; readonly validityDays: number }

const daysPerUnit = { DAYS: 1, MONTHS: 30, YEARS: 365 } as const
const longestValidityDays = 365

/** @throws PlatformError BINDING_INVALID naming the parameter. */
export function parseBindingParameters(parameters: Readonly<Record<string, unknown>>): BindingRequest {
  const xsuaa = object(parameters.xsuaa, 'parameters.xsuaa')
  const type = xsuaa['credential-type'] ?? 'binding-secret'
  if (type === 'binding-secret' || type === 'instance-secret') return { credentialType: type }
  if (type !== 'x509')
    throw invalid('parameters.xsuaa.credential-type', 'must be binding-secret, instance-secret or x509')
  const x509 = object(xsuaa.x509, 'parameters.xsuaa.x509')
  if (x509.certificate !== undefined) {
    if (typeof x509.certificate !== 'string') throw invalid('parameters.xsuaa.x509.certificate', 'must be PEM text')
    certificateThumbprint(x509.certificate)
    return { credentialType: 'x509', certificate: x509.certificate }
  }
  return { credentialType: 'x509', keyBits: keyBitsOf(x509), validityDays: validityDaysOf(x509) }
}

function keyBitsOf(x509: Readonly<Record<string, unknown>>): number {
  const bits = x509['key-length'] ?? 2048
  if (bits !== 2048 && bits !== 3072 && bits !== 4096)
    throw invalid('parameters.xsuaa.x509.key-length', 'must be 2048, 3072 or 4096')
  return bits
}

function validityDaysOf(x509: Readonly<Record<string, unknown>>): number {
  const count = x509.validity ?? 7
  const unit = x509['validity-type'] ?? 'DAYS'
  if (typeof unit !== 'string' || !Object.hasOwn(daysPerUnit, unit))
    throw invalid('parameters.xsuaa.x509.validity-type', 'must be DAYS, MONTHS or YEARS')
  const days = Number(count) * daysPerUnit[unit as keyof typeof daysPerUnit]
  if (!Number.isInteger(days) || days < 1 || days > longestValidityDays)
    throw invalid('parameters.xsuaa.x509.validity', `must be between 1 and ${longestValidityDays} days`)
  return days
}

/** @throws PlatformError BINDING_INVALID when the text holds no certificate. */
export function certificateThumbprint(pem: string): string {
  try {
    return createHash('sha256').update(new X509Certificate(pem).raw).digest('base64url')
  } catch (cause) {
    throw new PlatformError(
      'BINDING_INVALID',
      { field: 'parameters.xsuaa.x509.certificate', reason: 'is not a PEM certificate' },
      { cause },
    )
  }
}

function object(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(field, 'must be an object')
  return value as Readonly<Record<string, unknown>>
}

function invalid(field: string, reason: string): PlatformError {
  return new PlatformError('BINDING_INVALID', { field, reason })
}
