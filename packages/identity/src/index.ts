export { bearerToken } from './bearer.ts'
export { type CertificateFacts, certificateFacts, splitPemChain } from './certificate-facts.ts'
export { type CertificateRequest, readCertificateRequest } from './certificate-request.ts'
export type {
  ClientDirectory,
  OAuthClient,
  Tenant,
  TenantDirectory,
  User,
  UserDirectory,
} from './directories.ts'
export {
  type DistinguishedName,
  formatDistinguishedName,
  type NameAttribute,
  parseDistinguishedName,
  type SubjectInput,
  toDistinguishedName,
} from './distinguished-name.ts'
export {
  acceptsAnyOf,
  type JsonWebKeySet,
  type KeyQuery,
  type KeySource,
  keySourcePerIssuer,
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
export { minimumPublishAheadMs, SigningKeyRing, type SigningKeyRingOptions } from './signing-key-ring.ts'
export { LocalSingleUse, type SingleUse } from './single-use.ts'
export { audienceOf, scopesOf, type TokenClaims, toVerifiedToken, type VerifiedToken } from './token-claims.ts'
export { TokenVerifier, type TokenVerifierOptions } from './token-verifier.ts'
export {
  type UserCertificate,
  UserCertificateAuthority,
  type UserCertificateWish,
} from './user-certificate-authority.ts'
