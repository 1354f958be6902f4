import { randomBytes } from 'node:crypto'
import { type Clock, Sealer, silentLog } from '@landbridge/kernel'
import { openStore, RegistryStore, type RegistryTables, registryMigrations, type Store } from '../../src/index.ts'

const sealer = new Sealer(randomBytes(32))

/** Another connection to the same database: a replica. */
export async function openRegistry(
  url: string,
  clock: Clock,
): Promise<{ store: Store<RegistryTables>; registry: RegistryStore }> {
  const store = await openStore<RegistryTables>({
    url,
    sealer,
    clock,
    log: silentLog,
    migrations: registryMigrations,
  })
  return { store, registry: new RegistryStore(store) }
}
