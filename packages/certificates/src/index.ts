export {
  issueTenantCertificate,
  readLeaf,
  type TenantCertificateWish,
} from './client-certificates/issue-tenant-certificate.ts'
export type {
  KeyAlgorithm,
  TenantCertificate,
  TenantCertificateState,
  TenantKeyPair,
} from './client-certificates/tenant-certificate.ts'
export type { TenantCertificateFilter, TenantCertificateStore } from './client-certificates/tenant-certificate-store.ts'
export type {
  CertificateEvent,
  CertificateEventKind,
  EventCertificate,
  EventOutbox,
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
export { tenantCertificateSource, tenantRecordId } from './inventory/tenant-records.ts'
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
