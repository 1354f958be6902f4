import { errorEntry, isPlatformError } from '@landbridge/kernel'
import type { StoredCertificate } from '../certificate-store.ts'
import { type KeyStore, type KeyStoreIdentity, readKeyStore } from '../keystore/key-store.ts'
import { type Properties, present } from '../properties.ts'
import { tokenFailure } from './token-failure.ts'

/**
 * Opens a store that a destination names.
 * @param passwordKey the property with its password
 * @throws PlatformError DESTINATION_TOKEN_FAILED when it is damaged or opens with another password
 */
export async function openKeyStore(
  file: StoredCertificate,
  properties: Properties,
  passwordKey: string,
): Promise<KeyStore> {
  try {
    return await readKeyStore(file.content, present(properties, passwordKey))
  } catch (cause) {
    if (!isPlatformError(cause)) throw cause
    throw tokenFailure(`${file.name}: ${errorEntry(cause.code).title} (${String(cause.facts.reason)})`, cause)
  }
}

/**
 * The key of a store with its certificate. An issuing certificate may lie in the same file, with its key.
 * @throws PlatformError DESTINATION_TOKEN_FAILED when there is none
 */
export function ownIdentity({ identities }: KeyStore, name: string): KeyStoreIdentity {
  const identity = identities.find(({ chain }) => chain[0]?.ca === false) ?? identities[0]
  if (identity === undefined) throw tokenFailure(`the key store ${name} holds no private key with its certificate`)
  return identity
}
