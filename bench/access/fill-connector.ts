import { join } from 'node:path'
import { addSubaccount, mappingKey, subaccountOf, withSubaccount } from '@landbridge/connector'
import { Sealer, Secret, silentLog, systemClock } from '@landbridge/kernel'
import { ConnectorStore, type ConnectorTables, connectorMigrations, openStore } from '@landbridge/store'
import { connectorIdentity } from '../host/certificates.ts'
import { manyMappings } from './many-mappings.ts'

const regionHost = 'benchmark.localhost'

/** Puts mappings into the database of a connector that does not run, below a subaccount that stays disconnected. */
export async function fillConnector(
  dataDirectory: string,
  sealingKey: string,
  mappings: number,
  resourcesEach: number,
): Promise<void> {
  const store = await openStore<ConnectorTables>({
    url: `sqlite:${join(dataDirectory, 'connector.db')}`,
    sealer: new Sealer(Buffer.from(sealingKey, 'base64')),
    clock: systemClock,
    log: silentLog,
    migrations: connectorMigrations,
  })
  try {
    const configuration = await ConnectorStore.open(store, undefined as never)
    const { subaccountId } = connectorIdentity
    await configuration.change('benchmark', (current) => {
      const paired = addSubaccount(current, {
        regionHost,
        subaccountId,
        displayName: 'Benchmark',
        locationId: '',
        description: '',
        connected: false,
        loadSharing: false,
        tunnelConnections: 1,
        autoCertRenewal: false,
        isManaged: false,
        autoSyncTrust: false,
        user: 'benchmark',
        endpoint: { notificationHost: 'localhost', port: 443, ca: '' },
        certificate: '',
        privateKey: new Secret('none'),
        createdAtMs: 0,
      })
      const subaccount = subaccountOf(paired, regionHost, subaccountId)
      const all = new Map(
        manyMappings(mappings, resourcesEach).map((mapping) => [
          mappingKey(mapping.virtualHost, mapping.virtualPort),
          mapping,
        ]),
      )
      return {
        next: withSubaccount(paired, { ...subaccount, mappings: all }),
        audit: { category: 'BackendMapping', action: 'create', object: 'benchmark' },
        result: undefined,
      }
    })
  } finally {
    await store.close()
  }
}
