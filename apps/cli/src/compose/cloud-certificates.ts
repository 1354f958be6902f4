import { randomUUID } from 'node:crypto'
import {
  type CertificateEvent,
  CertificateInventory,
  type CertificateRecord,
  type CertificateSource,
  lineageEvent,
  RenewalJob,
  type RenewalPolicy,
  RenewalRun,
  type RenewalRuns,
  TenantCertificates,
  tenantCertificateSource,
} from '@landbridge/certificates'
import { CertificateAuthorities, type StoredCertificate } from '@landbridge/destinations'
import type { LocalCa } from '@landbridge/identity'
import type { Clock, Log, Transaction } from '@landbridge/kernel'
import type { ConnectorCertificate } from '@landbridge/registry'
import {
  type RegistryStore,
  SqlAuthorityStore,
  SqlCertificateStore,
  SqlDestinationStore,
  SqlEventRecorder,
  SqlRenewalRuns,
  SqlTenantCertificateStore,
  SqlTrustStore,
} from '@landbridge/store'
import {
  authoritySource,
  bindingSource,
  connectorSource,
  samlTrustSource,
  tunnelRecord,
  tunnelSource,
} from './certificate-sources.ts'
import { destinationRecord, destinationSource } from './destination-certificates.ts'
import type { CloudStores } from './open-store.ts'

export interface CloudCertificatesOptions {
  readonly stores: CloudStores
  readonly registry: RegistryStore
  readonly authority: LocalCa
  readonly policy: RenewalPolicy
  /** Sources of other parts, for example mappings of client certificates. */
  readonly more?: readonly CertificateSource[]
  readonly clock: Clock
  readonly log: Log
}

/** Inventory and renewal of the certificates of the cloud side. */
export interface CloudCertificates {
  readonly inventory: CertificateInventory
  readonly job: RenewalJob
  readonly runs: RenewalRuns
  readonly tenants: TenantCertificates
  /** For the destination service: renewals go into the outbox with the change. */
  readonly destinationCertificates: SqlCertificateStore
  readonly certificateReplaced: (
    next: ConnectorCertificate,
    former: ConnectorCertificate,
    within: Transaction,
  ) => Promise<void>
}

const longestLeafDays = 1_095

export function composeCertificates(options: CloudCertificatesOptions): CloudCertificates {
  const { stores, registry, authority, policy, more = [], clock, log } = options
  const store = new SqlTenantCertificateStore(stores.certificates)
  const runs = new SqlRenewalRuns(stores.certificates)
  const events = new SqlEventRecorder(stores.certificates)
  const tenantAuthority = new SqlAuthorityStore(stores.destinations, 'tenant-certificates')
  const commonName = 'Landbridge client certificates'
  const authorities = new CertificateAuthorities(tenantAuthority, clock, commonName, longestLeafDays)
  const current = () => authorities.current()
  const record = (event: CertificateEvent | undefined, within: Transaction) =>
    event === undefined ? Promise.resolve() : events.record(event, within)
  const destinationCertificates = new SqlCertificateStore(stores.destinations, async (before, after, within) =>
    record(await destinationEvent(before, after, clock), within),
  )
  const others = [
    tunnelSource(registry, clock),
    connectorSource(registry, clock),
    destinationSource(destinationCertificates, new SqlDestinationStore(stores.destinations)),
    samlTrustSource(new SqlTrustStore(stores.destinations)),
    bindingSource(registry),
    authoritySource(authority, {
      'tenant-certificates': tenantAuthority,
      'destination-certificates': new SqlAuthorityStore(stores.destinations),
    }),
    ...more,
  ]
  const run = new RenewalRun({ certificates: store, runs, events, authority: current, others, policy, clock, log })
  return {
    inventory: new CertificateInventory([tenantCertificateSource(store), ...others], log),
    job: new RenewalJob({ run, runs, policy, holder: randomUUID(), clock, log }),
    runs,
    tenants: new TenantCertificates({ store, authority: current, policy, clock }),
    destinationCertificates,
    certificateReplaced: (next, former, within) =>
      record(lineageEvent(tunnelRecord(former), tunnelRecord(next), clock.now()), within),
  }
}

async function destinationEvent(
  before: StoredCertificate,
  after: StoredCertificate,
  clock: Clock,
): Promise<CertificateEvent | undefined> {
  const records: (CertificateRecord | undefined)[] = [await destinationRecord(before), await destinationRecord(after)]
  const [former, next] = records
  return former === undefined || next === undefined ? undefined : lineageEvent(former, next, clock.now())
}
