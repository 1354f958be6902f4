// Started by the test: adds mappings as fast as it can and prints the number of each one that was acknowledged.
import { Sealer, silentLog, systemClock } from '@landbridge/kernel'
import { type ConnectorTables, connectorMigrations, openStore } from '@landbridge/store'
import { startCloudConnector } from '../src/index.ts'
import { idleRuntime } from './idle-runtime.ts'
import { send, subaccountPath, testConfig } from './running-connector.ts'

const [, , folder = '', start = '0'] = process.argv
const store = await openStore<ConnectorTables>({
  url: `sqlite:${folder}/connector.db`,
  sealer: new Sealer(Buffer.alloc(32, 3)),
  clock: systemClock,
  log: silentLog,
  migrations: connectorMigrations,
})
const runtime = idleRuntime
const app = await startCloudConnector({ config: testConfig, store, runtime, clock: systemClock, log: silentLog })
process.stdout.write('ready\n')
for (let n = Number(start); ; n++) {
  const mapping = {
    ...{ virtualHost: `h${n}`, virtualPort: '80', localHost: 'l', localPort: '80' },
    ...{ protocol: 'HTTP', backendType: 'nonSAPsys' },
  }
  const { status } = await send(app, 'POST', `${subaccountPath}/systemMappings`, { json: mapping })
  if (status !== 201) throw new Error(`answered ${status}`)
  process.stdout.write(`${n}\n`)
}
