export type { AuthenticationType, FindHeaders, TokenContext } from './authentication/authentication-type.ts'
export { authenticationName, authenticationType } from './authentication/table.ts'
export type { CertificateStore, StoredCertificate } from './certificate-store.ts'
export {
  type ConnectionCheck,
  checkConnection,
  type Probe,
  type ProbeAnswer,
  type ProbeRequest,
  type Probes,
} from './check/check-connection.ts'
export { isCredential, redact, withoutCredentials } from './credentials.ts'
export { type KeyLookup, resolveContent } from './deployment/content-descriptor.ts'
export type { ServiceCredentials } from './deployment/from-credentials.ts'
export type { DestinationStore, Removal, StoredDestination } from './destination-store.ts'
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
  type FoundDestination,
  locateDestination,
} from './find-destination.ts'
export { instanceLevel, type Level, type Scope, searchOrder, subaccountLevel } from './level.ts'
export { flag, type Properties, prefixed, present, readProperties } from './properties.ts'
export { applyInitData, writeContent } from './provisioning/apply-init-data.ts'
export type {
  ConfigurationStores,
  ConfigurationTransactions,
  ContentOwner,
  FragmentWriter,
} from './provisioning/configuration-transactions.ts'
export { type ContentEntry, type ContentLevels, type ExistingPolicy, readInitData } from './provisioning/init-data.ts'
export type { AuthToken, GrantedToken } from './token/auth-token.ts'
export { TokenCache } from './token/token-cache.ts'
export type { TokenEndpoint, TokenRequest, TokenResponse } from './token/token-endpoint.ts'
export { tokenFailure } from './token/token-failure.ts'
export { tokenRequest } from './token/token-request.ts'
export { tokenUrl } from './token/token-url.ts'
export { TokenSource, type TokenSourceOptions } from './token-source.ts'
export { validateDestination } from './validate-destination.ts'
