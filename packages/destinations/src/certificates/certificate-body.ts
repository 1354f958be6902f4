import type { CertificateGeneration, CertificateValidity } from '../certificate-store.ts'
import { certificateInvalid } from './certificate-format.ts'

/** What the body of a certificate request asks for. */
export type CertificateBody =
  | { readonly name: string; readonly type?: string; readonly content: Buffer }
  | { readonly name: string; readonly type?: string; readonly attributes: CertificateAttributes }

/** `Attributes` of the contract; what is absent gets a default. */
export interface CertificateAttributes extends Partial<Omit<CertificateGeneration, 'automaticRenew'>> {
  readonly automaticRenew: boolean
}

const units: readonly CertificateValidity['unit'][] = ['DAYS', 'MONTHS', 'YEARS']
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const forbiddenInNames = /[\u0000-\u001f\u007f/\\]/

/**
 * Reads one certificate of a request body: bytes in base64, or attributes to generate one from.
 * @throws PlatformError DESTINATION_CERTIFICATE_INVALID naming the member
 */
export function readCertificateBody(body: unknown): CertificateBody {
  const members = object(body, 'body')
  const name = members.Name
  if (typeof name !== 'string' || name === '' || name.length > 255 || forbiddenInNames.test(name))
    throw certificateInvalid('Name', 'must be a text of 1 to 255 characters without slashes and control characters')
  const type = optionalText(members.Type, 'Type')
  const head = { name, ...(type === undefined ? {} : { type }) }
  if (members.Attributes === undefined || members.Attributes === null)
    return { ...head, content: bytesOf(members.Content) }
  if (members.Content !== undefined && members.Content !== null)
    throw certificateInvalid('Attributes', 'cannot be sent together with Content')
  return { ...head, attributes: readAttributes(object(members.Attributes, 'Attributes')) }
}

function readAttributes(attributes: Readonly<Record<string, unknown>>): CertificateAttributes {
  const { AutomaticRenew = false } = attributes
  if (typeof AutomaticRenew !== 'boolean') throw certificateInvalid('AutomaticRenew', 'must be true or false')
  const commonName = optionalText(attributes.CN, 'CN')
  if (commonName !== undefined && commonName.length > 64)
    throw certificateInvalid('CN', 'must have 64 characters at most')
  const password = optionalText(attributes.Password, 'Password')
  const csr = optionalText(attributes.CSR, 'CSR')
  const validity = readValidity(attributes.Validity)
  return {
    automaticRenew: AutomaticRenew,
    ...(commonName === undefined ? {} : { commonName }),
    ...(validity === undefined ? {} : { validity }),
    ...(password === undefined ? {} : { password }),
    ...(csr === undefined ? {} : { csr: bytesOf(csr, 'CSR').toString('latin1') }),
  }
}

/** One day to one year (guide L1641-1642). */
function readValidity(validity: unknown): CertificateValidity | undefined {
  if (validity === undefined || validity === null) return undefined
  const { TimeUnit, Value } = object(validity, 'Validity')
  const unit = units.find((known) => known === TimeUnit)
  if (unit === undefined) throw certificateInvalid('Validity.TimeUnit', `must be one of ${units.join(', ')}`)
  const most = { DAYS: 365, MONTHS: 12, YEARS: 1 }[unit]
  if (typeof Value !== 'number' || !Number.isInteger(Value) || Value < 1 || Value > most)
    throw certificateInvalid('Validity.Value', `must be a whole number from 1 to ${most} for ${unit}`)
  return { unit, value: Value }
}

/** Standard base64 (RFC 4648 section 4); line breaks are accepted, as tools write them. */
function bytesOf(value: unknown, field = 'Content'): Buffer {
  if (typeof value !== 'string' || value === '') throw certificateInvalid(field, 'is missing')
  const text = value.replace(/[\r\n]/g, '')
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw certificateInvalid(field, 'is not base64')
  return Buffer.from(text, 'base64')
}

function object(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw certificateInvalid(field, 'must be a JSON object')
}

function optionalText(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw certificateInvalid(field, 'must be a string')
  return value
}
