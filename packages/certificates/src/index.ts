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
