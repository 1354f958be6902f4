import type { X509Certificate } from 'node:crypto'
import type { StoredCertificate } from '../certificate-store.ts'
import { flag, type Properties, present } from '../properties.ts'
import { openKeyStore, ownIdentity } from './open-key-store.ts'
import { tokenFailure } from './token-failure.ts'

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

/** How one destination wants its TLS connections to the token service (guide L6682-6767, L8951-8989). */
export interface TlsSettings {
  /** PEM certificates that replace the machine's. */
  readonly trusted?: readonly string[]
  /** Own certificate chain, leaf first, and key, in PEM form. Secret. */
  readonly client?: { readonly key: string; readonly certificates: string }
  readonly hostNames: 'strict' | 'browser-compatible'
  /** Exactly this version; absent: 1.2 or newer. */
  readonly version?: TlsVersion
}

/** The certificates that a destination names for its token service, as far as they exist. */
export interface TlsFiles {
  readonly trustStore: StoredCertificate | undefined
  readonly keyStore: StoredCertificate | undefined
}

const versions: Readonly<Record<string, TlsVersion>> = {
  TLSv1: 'TLSv1',
  'TLSv1.0': 'TLSv1',
  'TLSv1.1': 'TLSv1.1',
  'TLSv1.2': 'TLSv1.2',
  'TLSv1.3': 'TLSv1.3',
}

/** True for `TrustAll=TRUE`, which leaves every other trust setting aside. */
export function trustsAll(properties: Properties): boolean {
  return flag(properties, 'TrustAll', false)
}

/** Loads what the TLS settings name; `find` looks a name up on the levels of the destination. */
export async function loadTlsFiles(
  properties: Properties,
  find: (name: string) => Promise<StoredCertificate | undefined>,
): Promise<TlsFiles> {
  const named = async (key: string) => {
    const name = present(properties, key)
    return name === undefined ? undefined : find(name)
  }
  return {
    trustStore: trustsAll(properties) ? undefined : await named('TrustStoreLocation'),
    keyStore: await named('tokenService.KeyStoreLocation'),
  }
}

/** @throws PlatformError DESTINATION_TOKEN_FAILED when a store is missing, damaged or opens with another password */
export async function tlsSettings(properties: Properties, files: TlsFiles, nowMs: number): Promise<TlsSettings> {
  const trusted = trustsAll(properties) ? undefined : await trustedCertificates(properties, files.trustStore)
  const client = await clientCertificate(properties, files.keyStore, nowMs)
  const version = tlsVersion(properties)
  return {
    hostNames: hostNames(properties),
    ...(trusted === undefined ? {} : { trusted }),
    ...(client === undefined ? {} : { client }),
    ...(version === undefined ? {} : { version }),
  }
}

async function trustedCertificates(properties: Properties, file: StoredCertificate | undefined) {
  if (present(properties, 'TrustStoreLocation') === undefined) return undefined
  if (file === undefined) throw tokenFailure('the trust store named by TrustStoreLocation was not found')
  const { trusted } = await openKeyStore(file, properties, 'TrustStorePassword')
  if (trusted.length === 0) throw tokenFailure(`the trust store ${file.name} holds no certificate`)
  return trusted.map((certificate) => certificate.toString())
}

async function clientCertificate(properties: Properties, file: StoredCertificate | undefined, nowMs: number) {
  if (present(properties, 'tokenService.KeyStoreLocation') === undefined) return undefined
  if (file === undefined) throw tokenFailure('the key store named by tokenService.KeyStoreLocation was not found')
  const passwordKey = 'tokenService.KeyStorePassword'
  const store = await openKeyStore(file, properties, passwordKey)
  if ((store.kind === 'jks' || store.kind === 'pkcs12') && present(properties, passwordKey) === undefined)
    throw tokenFailure(`the key store ${file.name} needs the property ${passwordKey}`)
  const identity = ownIdentity(store, file.name)
  const [leaf] = identity.chain
  if (leaf !== undefined) checkValidity(leaf, file.name, nowMs)
  return {
    key: identity.key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    certificates: identity.chain.map((certificate) => certificate.toString()).join(''),
  }
}

/** The other side would only close the connection, without a word about the reason. */
function checkValidity(leaf: X509Certificate, name: string, nowMs: number): void {
  const until = new Date(leaf.validTo)
  if (until.getTime() < nowMs)
    throw tokenFailure(`the certificate in the key store ${name} expired on ${until.toISOString().slice(0, 10)}`)
}

function hostNames(properties: Properties): TlsSettings['hostNames'] {
  return present(properties, 'HostnameVerifier')?.toLowerCase() === 'browsercompatible'
    ? 'browser-compatible'
    : 'strict'
}

function tlsVersion(properties: Properties): TlsVersion | undefined {
  const text = present(properties, 'TLSVersion')
  if (text === undefined) return undefined
  const version = Object.hasOwn(versions, text) ? versions[text] : undefined
  if (version === undefined) throw tokenFailure(`TLSVersion must be one of ${Object.keys(versions).join(', ')}`)
  return version
}
