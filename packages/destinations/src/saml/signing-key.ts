import type { KeyObject, X509Certificate } from 'node:crypto'
import type { StoredCertificate } from '../certificate-store.ts'
import type { Properties } from '../properties.ts'
import { openKeyStore, ownIdentity } from '../token/open-key-store.ts'
import { tokenFailure } from '../token/token-failure.ts'

/** What signs an assertion. */
export interface SigningKey {
  readonly privateKey: KeyObject
  readonly certificate: X509Certificate
}

/**
 * The key of the key store that `KeyStoreLocation` names.
 * @throws PlatformError DESTINATION_TOKEN_FAILED when it cannot be opened or holds no RSA key with its certificate
 */
export async function signingKeyOf(file: StoredCertificate, properties: Properties): Promise<SigningKey> {
  const { key, chain } = ownIdentity(await openKeyStore(file, properties, 'KeyStorePassword'), file.name)
  const [certificate] = chain
  if (certificate === undefined || key.asymmetricKeyType !== 'rsa')
    throw tokenFailure(`the key store ${file.name} holds no RSA key, which assertions are signed with`)
  return { privateKey: key, certificate }
}
