import { Sealer, silentLog, systemClock } from '@landbridge/kernel'
import {
  type DestinationTables,
  destinationMigrations,
  openStore,
  type RegistryTables,
  registryMigrations,
  type Store,
} from '@landbridge/store'

/** One database with the tables of both areas, as the platform has it. */
export interface BenchStores {
  readonly registry: Store<RegistryTables>
  readonly destinations: Store<DestinationTables>
  close(): Promise<void>
}

/** @param sealingKey 32 bytes, base64 */
export async function openBenchStores(url: string, sealingKey: string): Promise<BenchStores> {
  const store = await openStore<unknown>({
    url,
    sealer: new Sealer(Buffer.from(sealingKey, 'base64')),
    clock: systemClock,
    log: silentLog,
    migrations: { ...registryMigrations, ...destinationMigrations },
  })
  // The migrations create the tables of both areas; each area sees its own only.
  return {
    registry: store as Store<RegistryTables>,
    destinations: store as Store<DestinationTables>,
    close: () => store.close(),
  }
}
