import { extname } from 'node:path'
import type { SecureContextOptions } from 'node:tls'
import { clientError } from '../client-error.ts'
import type { Destination } from './destination.ts'

export interface KeyStore {
  readonly name: string
  readonly format: 'pkcs12' | 'pem' | 'der' | 'jks'
  /** The bytes of the file. */
  readonly content: Buffer
  readonly password?: string
}

const formats: Readonly<Record<string, KeyStore['format']>> = {
  '.p12': 'pkcs12',
  '.pfx': 'pkcs12',
  '.pem': 'pem',
  '.crt': 'pem',
  '.cer': 'pem',
  '.der': 'der',
  '.jks': 'jks',
}

/** A store that a property of the destination names. @throws PlatformError CLIENT_KEY_STORE_UNUSABLE */
export function storeOf(destination: Destination, location: string, passwordKey: string): KeyStore | undefined {
  const name = destination.getProperty(location)
  if (name === undefined || name === '') return undefined
  const stored = destination.certificates.find((certificate) => certificate.name === name)
  if (stored === undefined)
    throw clientError('CLIENT_KEY_STORE_UNUSABLE', {
      destination: destination.name,
      store: name,
      reason: 'the destination service did not deliver it: is it uploaded on the level of the destination?',
    })
  const password = destination.getProperty(passwordKey)
  const format = formatOf(name, stored.content)
  return { name, format, content: stored.content, ...(password === undefined ? {} : { password }) }
}

function formatOf(name: string, content: Buffer): KeyStore['format'] {
  if (content.includes('-----BEGIN ')) return 'pem'
  if (content.length > 4 && content.readUInt32BE(0) === 0xfeedfeed) return 'jks'
  const format = formats[extname(name).toLowerCase()] ?? 'pkcs12'
  // A file with a name of the PEM family that is not PEM is DER.
  return format === 'pem' ? 'der' : format
}

/**
 * What `tls.connect`, `https.request` or an undici Agent needs for the target of the destination: its client certificate,
 * its trust, and `TrustAll`. An empty object when the destination asks for nothing.
 * @throws PlatformError CLIENT_KEY_STORE_UNUSABLE
 */
export function tlsOptionsOf(destination: Destination): SecureContextOptions & { rejectUnauthorized?: boolean } {
  const key = destination.authentication === 'ClientCertificateAuthentication' ? destination.getKeyStore() : undefined
  const trust = destination.getTrustStore()
  const trustsAll = destination.getProperty('TrustAll')?.toLowerCase() === 'true'
  return {
    ...(key === undefined ? {} : keyOptions(destination, key)),
    ...(trust === undefined ? {} : trustOptions(destination, trust)),
    // The administrator of the destination decides that, knowingly: the contract has the property.
    ...(trustsAll ? { rejectUnauthorized: false } : {}),
  }
}

function keyOptions(destination: Destination, { name, format, content, password }: KeyStore): SecureContextOptions {
  const passphrase = password === undefined ? {} : { passphrase: password }
  if (format === 'pkcs12') return { pfx: content, ...passphrase }
  if (format === 'pem') return { cert: content, key: content, ...passphrase }
  throw unusable(destination, name, `a ${format} file holds no key that Node can read`)
}

function trustOptions(destination: Destination, { name, format, content }: KeyStore): SecureContextOptions {
  if (format === 'pem') return { ca: content.toString('latin1') }
  if (format === 'der') return { ca: pemOf(content) }
  throw unusable(destination, name, `Node reads no trusted certificates from ${format}`)
}

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function unusable(destination: Destination, store: string, reason: string): Error {
  return clientError('CLIENT_KEY_STORE_UNUSABLE', { destination: destination.name, store, reason })
}
