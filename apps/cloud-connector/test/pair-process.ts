// Started by the test: a connector in a process of its own. Prints its address, and obeys lines on its input.
import { createInterface } from 'node:readline'
import { createRuntime } from '@landbridge/connector'
import { createLog, Sealer, silentLog, systemClock } from '@landbridge/kernel'
import { type ConnectorTables, connectorMigrations, openStore } from '@landbridge/store'
import { sql } from 'kysely'
import { type CloudConnector, startCloudConnector } from '../src/index.ts'
import { regionHost } from './fake-region.ts'
import { prepareInstallation, testConfig } from './running-connector.ts'

const [, , given = '{}'] = process.argv
const { folder, role, port, regionPort, regionCa } = JSON.parse(given)
const store = await openStore<ConnectorTables>({
  url: `sqlite:${folder}/connector.db`,
  sealer: new Sealer(Buffer.alloc(32, 3)),
  clock: systemClock,
  log: silentLog,
  migrations: connectorMigrations,
})
const runtime = createRuntime({ clock: systemClock, log: silentLog })
const regions = { [regionHost]: { address: '127.0.0.1', port: regionPort, ca: regionCa } }
const log = createLog((_level, event, facts) => process.stderr.write(`${event} ${JSON.stringify(facts)}\n`), 'error')
const config = { ...testConfig, haRole: role, port, regions, tunnelTimeoutMs: 3_000 }
await prepareInstallation(store, config)
const app: CloudConnector = await startCloudConnector({
  config,
  store,
  runtime,
  clock: systemClock,
  log: process.env.PAIR_LOG === undefined ? silentLog : log,
})
process.stdout.write(`${JSON.stringify({ url: app.url, uiCa: app.uiCa })}\n`)
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'fill the disk') {
    const pages = await sql<{ page_count: number }>`PRAGMA page_count`.execute(store.db)
    await sql.raw(`PRAGMA max_page_count = ${pages.rows[0]?.page_count}`).execute(store.db)
  }
  if (line === 'free the disk') await sql`PRAGMA max_page_count = 1000000`.execute(store.db)
  process.stdout.write('done\n')
}
