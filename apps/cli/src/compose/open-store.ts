import type { Clock, Log, Sealer } from '@landbridge/kernel'
import {
  type CertificateTables,
  certificateMigrations,
  type DestinationTables,
  destinationMigrations,
  type IdentityTables,
  identityMigrations,
  type NotificationTables,
  notificationMigrations,
  openStore,
  type RegistryTables,
  registryMigrations,
  type Store,
} from '@landbridge/store'

/** Everything that the cloud side keeps, in one database. */
export interface CloudStores {
  readonly registry: Store<RegistryTables>
  readonly identity: Store<IdentityTables>
  readonly destinations: Store<DestinationTables>
  readonly certificates: Store<CertificateTables>
  readonly notifications: Store<NotificationTables>
  close(): Promise<void>
}

/** Of all areas of the cloud side. */
export const cloudMigrations = {
  ...registryMigrations,
  ...identityMigrations,
  ...destinationMigrations,
  ...certificateMigrations,
  ...notificationMigrations,
}

/**
 * Opens the database of the cloud side and brings all its tables up to date.
 * @param url `sqlite:<path>` or a `postgres://` URL.
 * @throws PlatformError STORE_NEWER, STORE_FAILED
 */
export async function openCloudStores(url: string, sealer: Sealer, clock: Clock, log: Log): Promise<CloudStores> {
  const store = await openStore<unknown>({
    url,
    sealer,
    clock,
    log,
    migrations: cloudMigrations,
  })
  // One database holds the tables of all areas; each area sees its own only. The migrations above create them.
  return {
    registry: store as Store<RegistryTables>,
    identity: store as Store<IdentityTables>,
    destinations: store as Store<DestinationTables>,
    certificates: store as Store<CertificateTables>,
    notifications: store as Store<NotificationTables>,
    close: () => store.close(),
  }
}
