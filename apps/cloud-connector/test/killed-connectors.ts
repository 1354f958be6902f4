// Started by the test: one connector on the database of each folder, all in this process. Prints where they are reached.
import { Sealer, silentLog, systemClock } from '@landbridge/kernel'
import { type ConnectorTables, connectorMigrations, openStore } from '@landbridge/store'
import { startCloudConnector } from '../src/index.ts'
import { idleRuntime } from './idle-runtime.ts'
import { testConfig } from './running-connector.ts'

const places = process.argv.slice(2).map(async (folder) => {
  const store = await openStore<ConnectorTables>({
    url: `sqlite:${folder}/connector.db`,
    sealer: new Sealer(Buffer.alloc(32, 3)),
    clock: systemClock,
    log: silentLog,
    migrations: connectorMigrations,
  })
  const runtime = idleRuntime
  const app = await startCloudConnector({ config: testConfig, store, runtime, clock: systemClock, log: silentLog })
  return { url: app.url, uiCa: app.uiCa }
})
process.stdout.write(`${JSON.stringify(await Promise.all(places))}\n`)
