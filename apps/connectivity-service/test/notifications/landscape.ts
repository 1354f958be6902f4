import { randomBytes, randomUUID } from 'node:crypto'
import type { CertificateEvent } from '@landbridge/certificates'
import { loadConfig } from '@landbridge/config'
import { LocalCa } from '@landbridge/identity'
import { type Clock, type Closeable, Sealer, silentLog } from '@landbridge/kernel'
import type { Delivery } from '@landbridge/notifications'
import { UserAdministration } from '@landbridge/registry'
import {
  type CertificateTables,
  certificateMigrations,
  hideTransaction,
  type NotificationTables,
  notificationMigrations,
  openStore,
  RegistryStore,
  type RegistryTables,
  registryMigrations,
  SqlEventRecorder,
  SqlNotificationStore,
  type Store,
} from '@landbridge/store'
import { type NotificationsConfig, notificationsConfigSchema } from '../../src/index.ts'
import { type RunningNotifications, startNotifications } from '../../src/notifications/start-notifications.ts'

/** The sealing key is the same for all processes of a test. */
const sealer = new Sealer(Buffer.alloc(32, 7))

/** The defaults, with some settings of each section replaced. */
function configWith({ mail, webhooks, ...rest }: NotificationSettings): NotificationsConfig {
  const defaults = loadConfig(notificationsConfigSchema, { environment: {} })
  return {
    ...defaults,
    ...rest,
    mail: { ...defaults.mail, ...mail },
    webhooks: { ...defaults.webhooks, ...webhooks },
  }
}

export interface NotificationSettings extends Partial<Omit<NotificationsConfig, 'mail' | 'webhooks'>> {
  readonly mail?: Partial<NotificationsConfig['mail']>
  readonly webhooks?: Partial<NotificationsConfig['webhooks']>
}

/** One replica's connection to a database, with what a test needs to cause and see notifications. */
export interface Replica extends Closeable {
  readonly store: SqlNotificationStore
  readonly registry: RegistryStore
  readonly users: UserAdministration
  /** Records an event in the outbox, as a renewal does. */
  record(event: CertificateEvent): Promise<void>
  /** Starts the background job of the replica. */
  start(settings?: NotificationSettings): RunningNotifications
}

export async function openReplica(url: string, clock: Clock): Promise<Replica> {
  const opened = await openStore<RegistryTables & CertificateTables & NotificationTables>({
    url,
    sealer,
    clock,
    log: silentLog,
    migrations: { ...registryMigrations, ...certificateMigrations, ...notificationMigrations },
  })
  // Every part of the database sees its own tables only.
  const registry = new RegistryStore(opened as unknown as Store<RegistryTables>)
  const store = new SqlNotificationStore(opened as unknown as Store<NotificationTables>)
  const events = new SqlEventRecorder(opened as unknown as Store<CertificateTables>)
  const { certificatePem: ca } = await LocalCa.create({ subject: { CN: 'Test CA' }, clock })
  return {
    store,
    registry,
    users: new UserAdministration(registry, clock),
    record: (event) => opened.db.transaction().execute((open) => events.record(event, hideTransaction(open))),
    start: (settings = {}) =>
      startNotifications({
        config: configWith(settings),
        store,
        registry,
        ca,
        clock,
        log: silentLog,
      }),
    close: () => opened.close(),
  }
}

export interface Tenant {
  readonly id: string
  /** Key users by role. */
  readonly administrator: string
  readonly destinations: string
}

/** A subaccount with two key users and one who is none. */
export async function newTenant({ registry, users }: Replica): Promise<Tenant> {
  const id = randomUUID()
  await registry.insertSubaccount({ id, subdomain: `t${id.slice(0, 8)}`, displayName: 'Acme', createdAtMs: 0 })
  const create = async (name: string, roleCollections: readonly string[]) =>
    (
      await users.createUser({
        subaccountId: id,
        userName: `${name}@${id.slice(0, 8)}.test`,
        password: 'long enough',
        roleCollections,
      })
    ).id
  const administrator = await create('admin', ['Subaccount Administrator'])
  const destinations = await create('dest', ['Destination Administrator'])
  await create('viewer', ['Subaccount Viewer'])
  return { id, administrator, destinations }
}

export function renewedEvent(subaccountId: string, name = 'erp'): CertificateEvent {
  const fingerprint = () => randomBytes(32).toString('hex')
  const base = { name, kind: 'tenant-client', subject: `CN=${name}`, notBeforeMs: 0, notAfterMs: Date.UTC(2028, 0, 1) }
  return {
    id: `renewed:tenant-client:${subaccountId}:${fingerprint()}`,
    kind: 'renewed',
    subaccountId,
    certificate: {
      ...base,
      fingerprint: fingerprint(),
      pem: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n',
    },
    previous: { ...base, fingerprint: fingerprint(), pem: '' },
    renewer: 'platform',
    atMs: Date.UTC(2027, 0, 1),
  }
}

/** Waits until the deliveries of a database are as wanted; asks again at every turn of the event loop's timers. */
export async function until(
  { store }: Pick<Replica, 'store'>,
  isWanted: (deliveries: readonly Delivery[]) => boolean,
): Promise<readonly Delivery[]> {
  const endMs = Date.now() + 30_000
  for (;;) {
    const deliveries = await store.listDeliveries({ limit: 1_000 })
    if (isWanted(deliveries)) return deliveries
    if (Date.now() > endMs) throw new Error(`it never came to that: ${JSON.stringify(deliveries)}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
