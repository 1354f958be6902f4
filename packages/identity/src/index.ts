export { bearerToken } from './bearer.ts'
export { withSignedAlgorithm } from './certificate-encoding.ts'
export { type CertificateFacts, certificateFacts, splitPemChain } from './certificate-facts.ts'
export { type CertificateRequest, readCertificateRequest } from './certificate-request.ts'
export type {
  CallingClient,
  ClientDirectory,
  ClientOf,
  OAuthClient,
  Tenant,
  TenantDirectory,
  User,
  UserDirectory,
} from './directories.ts'
export {
  attributeName,
  attributeOid,
  type DistinguishedName,
  formatDistinguishedName,
  type NameAttribute,
  parseDistinguishedName,
  type SubjectInput,
  toDistinguishedName,
} from './distinguished-name.ts'
export {
  type CalledInstance,
  type ClaimPaths,
  defaultClaimPaths,
  type ExternalClient,
  type ExternalDirectory,
  type ExternalRules,
  interpretExternal,
  readExternalRules,
} from './external/external-issuer.ts'
export { type IssuerKeysOptions, issuerKeys } from './external/issuer-keys.ts'
export {
  acceptsAnyOf,
  interpretedByIssuer,
  type JsonWebKeySet,
  type KeyQuery,
  type KeySource,
  keySourcePerIssuer,
  type PublishedKeys,
  staticKeySource,
  type TrustedIssuer,
} from './key-source.ts'
export {
  type ClientCertificateOptions,
  type IssuedCertificate,
  LocalCa,
  type LocalCaOptions,
  type NewKeyOptions,
  type ServerCertificateOptions,
} from './local-ca.ts'
export {
  certificateOfKey,
  maySignCertificates,
  type OwnAlternativeName,
  type OwnCertificate,
  type OwnCertificatePurpose,
  type OwnCertificateWish,
  selfSigned,
  signingRequest,
} from './own-certificate.ts'
export { hashPassword, verifyPassword } from './password.ts'
export { readPkcs12, readPkcs12Certificates, writePkcs12 } from './pkcs12.ts'
export type { Pkcs12Certificate } from './pkcs12-certificates.ts'
export type { Pkcs12Content } from './pkcs12-writer.ts'
export { type RemoteKeySourceOptions, remoteKeySource } from './remote-key-source.ts'
export {
  newSigningKey,
  publicJwk,
  type SigningAlgorithm,
  type SigningKey,
  type SigningKeyStore,
} from './signing-key.ts'
export { SigningKeyRing, type SigningKeyRingOptions } from './signing-key-ring.ts'
export { LocalSingleUse, type SingleUse } from './single-use.ts'
export { audienceOf, scopesOf, type TokenClaims, toVerifiedToken, type VerifiedToken } from './token-claims.ts'
export { TokenVerifier, type TokenVerifierOptions } from './token-verifier.ts'
export {
  type UserCertificate,
  UserCertificateAuthority,
  type UserCertificateWish,
} from './user-certificate-authority.ts'
