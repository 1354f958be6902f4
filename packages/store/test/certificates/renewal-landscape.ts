import { randomBytes, randomUUID } from 'node:crypto'
import {
  type CertificateEvent,
  type CertificateSource,
  defaultRenewalPolicy,
  issueTenantCertificate,
  RenewalJob,
  type RenewalPolicy,
  RenewalRun,
  type TenantCertificate,
  type TenantCertificateWish,
} from '@landbridge/certificates'
import { LocalCa } from '@landbridge/identity'
import { type ManualClock, Sealer, silentLog } from '@landbridge/kernel'
import {
  type CertificateTables,
  certificateMigrations,
  openStore,
  RegistryStore,
  type RegistryTables,
  registryMigrations,
  SqlEventRecorder,
  SqlRenewalRuns,
  SqlTenantCertificateStore,
  type Store,
} from '../../src/index.ts'

const sealer = new Sealer(randomBytes(32))

/** The store of one replica, with a subaccount to which all certificates belong. */
export interface ReplicaStore {
  readonly store: Store<CertificateTables>
  readonly certificates: SqlTenantCertificateStore
  readonly runs: SqlRenewalRuns
  readonly events: SqlEventRecorder
  close(): Promise<void>
}

export const subaccountId = randomUUID()

/** Opens another connection to a database. */
export async function openReplica(url: string, clock: ManualClock): Promise<ReplicaStore> {
  const migrations = { ...registryMigrations, ...certificateMigrations }
  const opened = await openStore<CertificateTables & RegistryTables>({ url, sealer, clock, log: silentLog, migrations })
  // Every part of the database sees its own tables only.
  const store = opened as unknown as Store<CertificateTables>
  const registry = new RegistryStore(opened as unknown as Store<RegistryTables>)
  if ((await registry.findSubaccount(subaccountId)) === undefined)
    await registry.insertSubaccount({ id: subaccountId, subdomain: 'acme', displayName: 'Acme', createdAtMs: 0 })
  return {
    store,
    certificates: new SqlTenantCertificateStore(store),
    runs: new SqlRenewalRuns(store),
    events: new SqlEventRecorder(store),
    close: () => opened.close(),
  }
}

export function newAuthority(clock: ManualClock): Promise<LocalCa> {
  return LocalCa.create({ subject: { CN: 'Test client certificates' }, clock })
}

/** One life of a replica. Killed, it stops in the middle of whatever it does and leaves no more traces. */
export interface Life {
  readonly job: RenewalJob
  /** Dies in the transaction of the n-th event from now on, which is undone with it. */
  killAtEvent(n: number): void
  readonly isDead: boolean
}

export interface LifeOptions {
  readonly replica: ReplicaStore
  readonly authority: LocalCa
  readonly clock: ManualClock
  readonly policy?: Partial<RenewalPolicy>
  readonly others?: readonly CertificateSource[]
}

export function startLife({ replica, authority, clock, policy, others = [] }: LifeOptions): Life {
  const { certificates, runs, events } = replica
  let left = Number.POSITIVE_INFINITY
  const assertAlive = () => {
    if (left <= 0) throw new Error('this process was killed')
  }
  const effective = { ...defaultRenewalPolicy, ...policy }
  const run = new RenewalRun({
    certificates,
    runs,
    events: {
      has: (id) => events.has(id),
      async record(event, within) {
        left--
        assertAlive()
        await events.record(event, within)
        assertAlive()
      },
    },
    authority: async () => {
      assertAlive()
      return authority
    },
    others,
    policy: effective,
    clock,
    log: silentLog,
  })
  const holder = randomUUID()
  const job = new RenewalJob({ run, runs, policy: effective, holder, clock, log: silentLog })
  return {
    job,
    killAtEvent(n) {
      left = n
    },
    get isDead() {
      return left <= 0
    },
  }
}

/** A certificate that is there already; those of users are made alike, but the platform leaves them alone. */
export async function addCertificate(
  { certificates }: ReplicaStore,
  authority: LocalCa,
  clock: ManualClock,
  wish: Partial<TenantCertificateWish> & { readonly renewer?: TenantCertificate['renewer'] },
): Promise<TenantCertificate> {
  const { renewer = 'platform', ...rest } = wish
  const name = `certificate-${randomUUID()}`
  const complete = { subaccountId, name, keyAlgorithm: 'EC-P256' as const, lifetimeDays: 365, ...rest }
  const made = await issueTenantCertificate(authority, complete, clock.now())
  const certificate = { ...made.certificate, renewer }
  await certificates.insert(certificate, made.privateKey)
  return certificate
}

export async function recordedEvents({ store }: ReplicaStore): Promise<readonly CertificateEvent[]> {
  const rows = await store.db.selectFrom('certificate_events').selectAll().orderBy('recorded_at_ms').execute()
  return rows.map((row) => JSON.parse(row.json) as CertificateEvent)
}
