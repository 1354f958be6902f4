export type {
  KeyAlgorithm,
  TenantCertificate,
  TenantCertificateState,
  TenantKeyPair,
} from './client-certificates/tenant-certificate.ts'
export type {
  CertificateEvent,
  CertificateEventKind,
  EventCertificate,
  EventRecorder,
  Renewer,
  Transaction,
} from './events.ts'
export type {
  CertificateKind,
  CertificateOwner,
  CertificateRecord,
  CertificateSource,
  CertificateState,
} from './inventory/certificate-record.ts'
export type {
  CertificateMapping,
  ExactMapping,
  MappingSearch,
  PatternMapping,
  TrustedIssuer,
} from './mappings/certificate-mapping.ts'
export {
  type CertificateCaller,
  type CertificateRefusal,
  ClientCertificates,
  callingClient,
  type PresentedCertificate,
} from './mappings/client-certificates.ts'
export {
  type CallableService,
  type CommunicationUser,
  callableServices,
  clientIdOf,
  type UserInstances,
  userIdOf,
} from './mappings/communication-user.ts'
export {
  type CallableInstance,
  type KeyPairWish,
  MappingAdministration,
  type MappingAdministrationOptions,
  type NewKeyPair,
  type Stored,
} from './mappings/mapping-administration.ts'
export type { ApplicablePattern, MappingRepository } from './mappings/mapping-repository.ts'
export { invalidClientCertificateBody } from './mappings/refusal-body.ts'
export { matchesSubject, overlap, parseSubjectPattern, type SubjectPattern } from './mappings/subject-pattern.ts'
