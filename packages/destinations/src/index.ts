export type { AuthenticationType, FindHeaders, TokenContext } from './authentication/authentication-type.ts'
export { authenticationName, authenticationType } from './authentication/table.ts'
export type { CertificateStore, StoredCertificate } from './certificate-store.ts'
export { redact, withoutCredentials } from './credentials.ts'
export type { DestinationStore, Removal, StoredDestination } from './destination-store.ts'
export { EndpointPolicy, type EndpointPolicyOptions } from './endpoint-policy.ts'
export {
  answerFind,
  checkFindHeaders,
  type FindOptions,
  type FoundDestination,
  locateDestination,
} from './find-destination.ts'
export { instanceLevel, type Level, type Scope, searchOrder, subaccountLevel } from './level.ts'
export { flag, type Properties, prefixed, present, readProperties } from './properties.ts'
export type { UserInfoEndpoint } from './saml/saml-context.ts'
export { SubaccountTrust, type SubaccountTrustOptions } from './saml/subaccount-trust.ts'
export type { TrustKeyPair, TrustRole, TrustStore } from './saml/trust-store.ts'
export type { AuthToken, GrantedToken } from './token/auth-token.ts'
export { TokenCache } from './token/token-cache.ts'
export type { TokenEndpoint, TokenRequest, TokenResponse } from './token/token-endpoint.ts'
export { tokenFailure } from './token/token-failure.ts'
export { tokenRequest } from './token/token-request.ts'
export { tokenUrl } from './token/token-url.ts'
export { TokenSource, type TokenSourceOptions } from './token-source.ts'
export { validateDestination } from './validate-destination.ts'
