import type { TenantCertificate } from '../client-certificates/tenant-certificate.ts'
import type { CertificateEvent, CertificateEventKind, EventCertificate } from '../events.ts'
import type { CertificateRecord } from '../inventory/certificate-record.ts'
import { tenantRecordId } from '../inventory/tenant-records.ts'
import type { PlannedAction } from './renewal-plan.ts'

/** The event of a renewal; its ID is that of the old certificate, which is renewed once. */
export function renewedEvent(previous: TenantCertificate, next: TenantCertificate, atMs: number): CertificateEvent {
  return {
    id: `renewed:${tenantRecordId(previous)}`,
    kind: 'renewed',
    subaccountId: next.subaccountId,
    certificate: tenantEventCertificate(next),
    previous: tenantEventCertificate(previous),
    renewer: next.renewer,
    atMs,
  }
}

/** The event of a renewal that some other part of the system made. */
export function lineageEvent(previous: Announced, next: Announced, atMs: number): CertificateEvent {
  return {
    id: `renewed:${previous.id}`,
    kind: 'renewed',
    subaccountId: next.owner.subaccountId,
    certificate: eventCertificate(next),
    previous: eventCertificate(previous),
    renewer: next.renewer,
    atMs,
  }
}

/** What an announcement needs to know, of whatever kind the certificate is. */
export type Announced = Pick<
  CertificateRecord,
  'id' | 'kind' | 'name' | 'owner' | 'fingerprint' | 'subject' | 'notBeforeMs' | 'notAfterMs' | 'chain' | 'renewer'
>

/** The event of what a run does to a certificate, where it tells of it. */
export function actionEvent(action: PlannedAction, record: Announced, atMs: number): CertificateEvent | undefined {
  if (action === 'announce') return event('expiring', dayOf(atMs), record, atMs)
  // Once for all: the state lasts, and is seen again at every look.
  if (action === 'late') return event('expiring', 'late', record, atMs)
  return action === 'report-expired' ? event('expired', 'once', record, atMs) : undefined
}

/** The event of a renewal that failed: told once a day. */
export function failedEvent(record: Announced, atMs: number, reason: string): CertificateEvent {
  return { ...event('renewal-failed', dayOf(atMs), record, atMs), reason }
}

/** Two runs of one day tell of a certificate once. */
function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10)
}

function event(kind: CertificateEventKind, occasion: string, record: Announced, atMs: number): CertificateEvent {
  return {
    id: `${kind}:${occasion}:${record.id}`,
    kind,
    subaccountId: record.owner.subaccountId,
    certificate: eventCertificate(record),
    renewer: record.renewer,
    atMs,
  }
}

function tenantEventCertificate(certificate: TenantCertificate): EventCertificate {
  const { name, fingerprint, subject, notBeforeMs, notAfterMs, certificate: pem } = certificate
  return { name, kind: 'tenant-client', fingerprint, subject, notBeforeMs, notAfterMs, pem }
}

function eventCertificate(record: Announced): EventCertificate {
  const { name, kind, fingerprint, subject, notBeforeMs, notAfterMs, chain } = record
  return { name, kind, fingerprint, subject, notBeforeMs, notAfterMs, pem: chain.join('') }
}

/** A tenant's certificate as far as an announcement goes, without reading its text again. */
export function announcedTenant(certificate: TenantCertificate): Announced {
  const { subaccountId, name, fingerprint, subject, notBeforeMs, notAfterMs, renewer } = certificate
  return {
    id: tenantRecordId(certificate),
    kind: 'tenant-client',
    name,
    owner: { subaccountId },
    fingerprint,
    subject,
    notBeforeMs,
    notAfterMs,
    chain: [certificate.certificate],
    renewer,
  }
}
