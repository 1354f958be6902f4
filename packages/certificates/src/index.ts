export {
  issueTenantCertificate,
  type TenantCertificateWish,
} from './client-certificates/issue-tenant-certificate.ts'
export type {
  KeyAlgorithm,
  TenantCertificate,
  TenantCertificateState,
  TenantKeyPair,
} from './client-certificates/tenant-certificate.ts'
export type { TenantCertificateFilter, TenantCertificateStore } from './client-certificates/tenant-certificate-store.ts'
export {
  type NewTenantCertificate,
  TenantCertificates,
  type TenantCertificatesOptions,
  type UploadedTenantCertificate,
} from './client-certificates/tenant-certificates.ts'
export {
  type Attempt,
  type Cause,
  type ComparedCertificate,
  type Diagnosis,
  diagnosePresentation,
  diagnoseRefresh,
  type PresentationFacts,
  type ReceiverMapping,
  type RefreshFacts,
} from './diagnosis/diagnosis.ts'
export type {
  CertificateEvent,
  CertificateEventKind,
  EventCertificate,
  EventOutbox,
  EventRecorder,
  Renewer,
  Transaction,
} from './events.ts'
export { CertificateInventory, type InventoryFilter, type InventoryList } from './inventory/certificate-inventory.ts'
export {
  type CertificateKind,
  type CertificateOwner,
  type CertificateRecord,
  type CertificateSource,
  type CertificateState,
  certificateKinds,
  certificateStates,
} from './inventory/certificate-record.ts'
export { readRecord } from './inventory/read-record.ts'
export { toSharedRecord } from './inventory/shared-record.ts'
export { tenantCertificateSource } from './inventory/tenant-records.ts'
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
export { mappingCertificateSource } from './mappings/mapping-records.ts'
export type { ApplicablePattern, MappingRepository } from './mappings/mapping-repository.ts'
export { invalidClientCertificateBody } from './mappings/refusal-body.ts'
export { matchesSubject, overlap, parseSubjectPattern, type SubjectPattern } from './mappings/subject-pattern.ts'
export { RenewalJob, type RenewalJobOptions, type ShownRun } from './renewal/renewal-job.ts'
export {
  isDueBetweenRuns,
  type PlannedAction,
  type PlannedCertificate,
  planBetweenRuns,
  planForOthers,
  planForTenant,
} from './renewal/renewal-plan.ts'
export {
  defaultRenewalPolicy,
  type RenewalPolicy,
  scheduledRunAfter,
  scheduledRunBefore,
  scheduledRunId,
} from './renewal/renewal-policy.ts'
export { RenewalRun, type RenewalRunOptions, type RunScope } from './renewal/renewal-run.ts'
export type { HeldRun, RenewalRunRecord, RenewalRuns, RunOutcome } from './renewal/renewal-runs.ts'
export { type Announced, lineageEvent } from './renewal/run-events.ts'
