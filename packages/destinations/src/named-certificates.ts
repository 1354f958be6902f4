import { authenticationName } from './authentication/authentication-name.ts'
import { holdsKeyStore } from './authentication/client-certificate-authentication.ts'
import type { CertificateStore, StoredCertificate } from './certificate-store.ts'
import { type Level, subaccountLevel } from './level.ts'
import { type Properties, present } from './properties.ts'

/** One entry of `certificates` in the answer of the find operation (guide L13442-13470). */
export interface FoundCertificate {
  readonly Name: string
  readonly Content: string
  readonly Type: 'CERTIFICATE'
}

/** A certificate of the level of a destination, else of the subaccount that the level belongs to. */
export async function findCertificate(
  store: Pick<CertificateStore, 'find'>,
  level: Level,
  name: string,
): Promise<StoredCertificate | undefined> {
  const own = await store.find(level, name)
  return own !== undefined || level.kind === 'subaccount' ? own : store.find(subaccountLevel(level), name)
}

/**
 * Names of the certificates that a caller needs to use the destination: its own key store, whom it trusts, and the key
 * store for the token service when the caller fetches the token itself.
 */
export function certificateNames(properties: Properties, skipTokenRetrieval: boolean): readonly string[] {
  const keys = ['TrustStoreLocation']
  const isRfcLogon = properties.Type === 'RFC' && properties['jco.client.tls_client_certificate_logon'] === '1'
  const isHttpLogon = authenticationName(properties) === 'ClientCertificateAuthentication' && holdsKeyStore(properties)
  if (isRfcLogon || isHttpLogon) keys.unshift('KeyStoreLocation')
  if (skipTokenRetrieval) keys.push('tokenService.KeyStoreLocation')
  return [...new Set(keys.flatMap((key) => present(properties, key) ?? []))]
}

export function foundCertificate({ name, content }: StoredCertificate): FoundCertificate {
  return { Name: name, Content: content.toString('base64'), Type: 'CERTIFICATE' }
}
