export type { AuthenticationType, FindHeaders, TokenContext } from './authentication/authentication-type.ts'
export { authenticationName } from './authentication/table.ts'
export type {
  CertificateFactsToKeep,
  CertificateGeneration,
  CertificateStore,
  CertificateValidity,
  ManagedCertificateStore,
  StoredCertificate,
} from './certificate-store.ts'
export {
  type AuthorityStore,
  CertificateAuthorities,
  type KeptAuthority,
} from './certificates/certificate-authority.ts'
export { type CertificateBody, readCertificateBody } from './certificates/certificate-body.ts'
export { chainProblem, recogniseCertificate } from './certificates/certificate-format.ts'
export { certificateReferences } from './certificates/certificate-references.ts'
export { generateCertificate, generationOf } from './certificates/generate-certificate.ts'
export { type PublicKey, publicKeysOf } from './certificates/public-keys.ts'
export { CertificateRenewal } from './certificates/renew-certificates.ts'
export { type Chain, type ChainWish, readChain } from './chain.ts'
export {
  type ConnectionCheck,
  checkConnection,
  type Probe,
  type ProbeAnswer,
  type ProbeRequest,
  type Probes,
} from './check/check-connection.ts'
export { redact } from './credentials.ts'
export { type KeyLookup, resolveContent } from './deployment/content-descriptor.ts'
export type { ServiceCredentials } from './deployment/from-credentials.ts'
export { deprecations } from './deprecations.ts'
export type { DestinationStore, Removal, StoredDestination } from './destination-store.ts'
export { type EffectiveDestination, effectiveDestination } from './effective-properties.ts'
export { EndpointPolicy, type EndpointPolicyOptions } from './endpoint-policy.ts'
export {
  type DestinationInFile,
  readDestinationFile,
  writeDestinationFile,
  writeDestinationTemplate,
} from './files/destination-file.ts'
export { type DestinationTemplate, destinationTemplates } from './files/destination-templates.ts'
export { duplicateDestination } from './files/duplicate-destination.ts'
export { type ImportedDestination, importDestinations } from './files/import-destinations.ts'
export { propertyLine as escapeProperty } from './files/properties-text.ts'
export {
  answerFind,
  checkFindHeaders,
  type FindOptions,
  type FindResult,
  type FoundDestination,
  locateDestination,
} from './find-destination.ts'
export type { FragmentStore, StoredFragment } from './fragment-store.ts'
export { locateFragments, readFragment, withFragments } from './fragments.ts'
export { type KeyStore, type KeyStoreIdentity, type KeyStoreKind, readKeyStore } from './keystore/key-store.ts'
export { type Label, type LabelStore, patchLabels, readLabels } from './labels.ts'
export { instanceLevel, type Level, type Scope, subaccountLevel } from './level.ts'
export { type Filter, parseFilter } from './lists/filter.ts'
export {
  filtered,
  type ListAbilities,
  metadataOfEntry,
  pageOfList,
  parseListQuery,
} from './lists/list-query.ts'
export { type FoundCertificate, findCertificate } from './named-certificates.ts'
export { flag, type Properties, prefixed, present, readProperties } from './properties.ts'
export { applyInitData } from './provisioning/apply-init-data.ts'
export type {
  ConfigurationStores,
  ConfigurationTransactions,
  ContentOwner,
  FragmentWriter,
} from './provisioning/configuration-transactions.ts'
export type { ContentEntry, ContentLevels, ExistingPolicy } from './provisioning/init-data.ts'
export { parseReference, refuseMixedLevels } from './reference.ts'
export { type Administered, type AdministeredArea, missingRoles } from './roles.ts'
export type { UserInfoEndpoint } from './saml/saml-context.ts'
export { SubaccountTrust, type SubaccountTrustOptions } from './saml/subaccount-trust.ts'
export { TrustEnding } from './saml/trust-ending.ts'
export type { TrustCertificate, TrustKeyPair, TrustRole, TrustStore } from './saml/trust-store.ts'
export type { AuthToken, GrantedToken } from './token/auth-token.ts'
export type { OnPremiseChannel, OnPremiseRoute } from './token/on-premise-channel.ts'
export {
  type SharedToken,
  type SharedTokenStore,
  SharedTokens,
  type SharedTokensOptions,
} from './token/shared-tokens.ts'
export type { TlsSettings, TlsVersion } from './token/tls-settings.ts'
export { TokenCache } from './token/token-cache.ts'
export type { TokenEndpoint, TokenRequest, TokenResponse } from './token/token-endpoint.ts'
export { tokenFailure } from './token/token-failure.ts'
export { tokenRequest } from './token/token-request.ts'
export { tokenUrl } from './token/token-url.ts'
export { TokenSource, type TokenSourceOptions } from './token-source.ts'
export { validateDestination } from './validate-destination.ts'
