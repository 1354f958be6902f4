import { createPrivateKey, X509Certificate } from 'node:crypto'
import { scopesOf, type TokenVerifier, type VerifiedToken } from '@landbridge/identity'
import type { Log } from '@landbridge/kernel'
import type { CertificateStore } from '../certificate-store.ts'
import type { StoredDestination } from '../destination-store.ts'
import { findCertificate } from '../named-certificates.ts'
import { present } from '../properties.ts'
import { tokenFailure } from '../token/token-failure.ts'
import { type SigningKey, signingKeyOf } from './signing-key.ts'
import type { SubaccountTrust } from './subaccount-trust.ts'

/** Asks the platform's identity server about the user of one of its tokens. */
export interface UserInfoEndpoint {
  /** @throws PlatformError DESTINATION_TOKEN_FAILED when there is no answer */
  fetch(userToken: string): Promise<Readonly<Record<string, unknown>>>
}

/** What authentication types that sign assertions may use. */
export interface SamlContext {
  /** `Issuer` where the destination names none. */
  readonly defaultIssuer: string
  /**
   * The key of `KeyStoreLocation`, else the active one of the subaccount.
   * @throws PlatformError DESTINATION_TOKEN_FAILED when there is none
   */
  signingKey(): Promise<SigningKey>
  /** User info of the identity server; undefined when the token does not allow it or is somebody else's. */
  userInfo(user: VerifiedToken): Promise<Readonly<Record<string, unknown>> | undefined>
  /** Leaves a warning for the operator. */
  deprecated(feature: string): void
}

export interface SamlSources {
  readonly trust: SubaccountTrust
  /** Where `KeyStoreLocation` points to. */
  readonly certificates: Pick<CertificateStore, 'find'>
  readonly userInfo?: UserInfoEndpoint
  readonly verifier: TokenVerifier
  readonly log: Log
}

export function samlContext(sources: SamlSources, destination: StoredDestination): SamlContext {
  const { subaccountId } = destination.level
  return {
    defaultIssuer: sources.trust.issuerOf(subaccountId),
    signingKey: () => signingKey(sources, destination),
    async userInfo(user) {
      if (sources.userInfo === undefined || !scopesOf(user.claims).includes('user_attributes')) return undefined
      // Verified by a key set of the destination's own: our identity server neither knows the token nor may see it.
      if (sources.verifier.cached(user.raw) === undefined) return undefined
      return sources.userInfo.fetch(user.raw)
    },
    deprecated: (feature) =>
      sources.log.warn('destination.deprecated', { subaccountId, destination: destination.name, feature }),
  }
}

async function signingKey(sources: SamlSources, { level, properties }: StoredDestination): Promise<SigningKey> {
  const location = present(properties, 'KeyStoreLocation')
  if (location !== undefined) {
    const stored = await findCertificate(sources.certificates, level, location)
    if (stored === undefined) throw tokenFailure('the key store named by KeyStoreLocation was not found')
    return signingKeyOf(stored, properties)
  }
  const pair = await sources.trust.signingPair(level.subaccountId)
  if (pair === undefined)
    throw tokenFailure('the subaccount has no trust key pair: generate it with POST /v1/saml2Metadata/certificate')
  return { privateKey: createPrivateKey(pair.privateKey.reveal()), certificate: new X509Certificate(pair.certificate) }
}
