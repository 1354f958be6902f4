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
export {
  type NewTenantCertificate,
  TenantCertificates,
  type TenantCertificatesOptions,
  type UploadedTenantCertificate,
} from './client-certificates/tenant-certificates.ts'
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
export type {
  CertificateKind,
  CertificateOwner,
  CertificateRecord,
  CertificateSource,
  CertificateState,
} from './inventory/certificate-record.ts'
export { readRecord } from './inventory/read-record.ts'
export { toSharedRecord } from './inventory/shared-record.ts'
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
export { type Announced, lineageEvent } from './renewal/run-events.ts'
