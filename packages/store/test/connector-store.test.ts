import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { SystemMapping } from '@landbridge/access'
import {
  addMapping,
  addResource,
  addSubaccount,
  type Change,
  type ConnectorConfiguration,
  type ConnectorSettings,
  importMappings,
  mappingOf,
  removeSubaccount,
  type SubaccountProperties,
  subaccountOf,
  withSubaccount,
} from '@landbridge/connector'
import { isPlatformError, Sealer, Secret, silentLog, systemClock } from '@landbridge/kernel'
import { temporaryFolder } from '@landbridge/testkit'
import { sql } from 'kysely'
import { ConnectorStore, type ConnectorTables, connectorMigrations, openStore, type Store } from '../src/index.ts'

const region = 'cf.eu99.example.test'
const settings: ConnectorSettings = {
  installationId: '00000000-0000-4000-8000-000000000001',
  description: '',
  haRole: 'undefined',
  administrator: { user: 'Administrator', passwordHash: 'scrypt$x', hasInitialPassword: true, generation: 1 },
  trustAllBackends: false,
}

function properties(subaccountId: string): SubaccountProperties {
  return {
    regionHost: region,
    subaccountId,
    displayName: '',
    locationId: '',
    description: '',
    connected: true,
    loadSharing: false,
    tunnelConnections: 1,
    autoCertRenewal: false,
    isManaged: false,
    autoSyncTrust: false,
    user: 'admin@example.test',
    endpoint: { notificationHost: 'n', port: 443, ca: '' },
    certificate: 'PEM',
    privateKey: new Secret('the-private-key-of-the-tunnel'),
    createdAtMs: 1,
  }
}

function mapping(virtualHost: string): SystemMapping {
  return {
    virtualHost,
    virtualPort: '443',
    internalHost: 'internal',
    internalPort: '443',
    protocol: 'HTTPS',
    backendType: 'abapSys',
    authenticationMode: 'NONE',
    hostInHeader: 'virtual',
    allowedClients: [],
    blockedUsers: [],
    createdAtMs: 5,
    resources: [],
  }
}

function change(next: ConnectorConfiguration): Change<undefined> {
  return { next, audit: { category: 'BackendMapping', action: 'update', object: 'x' }, result: undefined }
}

function withMapping(configuration: ConnectorConfiguration, id: string, host: string): Change<undefined> {
  return change(withSubaccount(configuration, addMapping(subaccountOf(configuration, region, id), mapping(host))))
}

async function open(path: string, key = Buffer.alloc(32, 7)): Promise<Store<ConnectorTables>> {
  return openStore<ConnectorTables>({
    url: `sqlite:${path}/connector.db`,
    sealer: new Sealer(key),
    clock: systemClock,
    log: silentLog,
    migrations: connectorMigrations,
  })
}

describe('the configuration of a connector', () => {
  test('everything is the same after a restart, in the same order (API1-282, API2-027)', async () => {
    using folder = temporaryFolder()
    const first = await open(folder.path)
    const store = await ConnectorStore.open(first, settings)
    await store.change('a', (c) => change(addSubaccount(c, properties('one'))))
    for (const host of ['zeta', 'alpha', 'mid']) await store.change('a', (c) => withMapping(c, 'one', host))
    await store.change('a', (c) => {
      const subaccount = subaccountOf(c, region, 'one')
      const resource = { id: '/x', enabled: true, exactMatchOnly: true, websocketUpgradeAllowed: false, createdAtMs: 9 }
      return change(withSubaccount(c, addResource(subaccount, mappingOf(subaccount, 'ALPHA', '443'), resource)))
    })
    await store.change('a', (c) =>
      change({
        ...c,
        settings: {
          ...c.settings,
          httpsProxy: { host: 'p', port: 8080, user: 'u', password: new Secret('proxy-pass') },
        },
      }),
    )
    const before = store.current
    await first.close()
    const second = await open(folder.path)
    const { current } = await ConnectorStore.open(second, { ...settings, installationId: 'another' })
    assert.deepEqual(shown(current), shown(before))
    assert.deepEqual([...subaccountOf(current, region, 'one').mappings.keys()], ['zeta:443', 'alpha:443', 'mid:443'])
    assert.equal(current.settings.httpsProxy?.password?.reveal(), 'proxy-pass')
    assert.equal(current.settings.installationId, settings.installationId)
    await second.close()
  })

  test('no file holds a private key or password in clear text (SCC-015, API1-286)', async () => {
    using folder = temporaryFolder()
    const base = await open(folder.path, randomBytes(32))
    const store = await ConnectorStore.open(base, settings)
    await store.change('a', (c) => change(addSubaccount(c, properties('one'))))
    await store.change('a', (c) =>
      change({
        ...c,
        settings: { ...c.settings, httpsProxy: { host: 'p', port: 1, password: new Secret('proxy-pass') } },
      }),
    )
    await base.close()
    for (const file of readdirSync(folder.path)) {
      const bytes = readFileSync(join(folder.path, file))
      for (const secret of ['the-private-key-of-the-tunnel', 'proxy-pass']) assert.equal(bytes.includes(secret), false)
    }
  })

  test('imports that need many statements are stored as a whole, in their order, with an audit entry for each mapping', async () => {
    using folder = temporaryFolder()
    const first = await open(folder.path)
    const store = await ConnectorStore.open(first, settings)
    await store.change('a', (c) => change(addSubaccount(c, properties('one'))))
    const many = (ids: readonly string[]) =>
      Array.from({ length: 450 }, (_, n) => ({
        ...mapping(`host-${n}`),
        resources: ids.slice(0, n % 4).map((id) => ({ ...resource, id: `${id}-${n % 3}` })),
      }))
    const resource = { enabled: true, exactMatchOnly: true, websocketUpgradeAllowed: false, createdAtMs: 9 }
    const take = (mappings: readonly SystemMapping[]) =>
      store.change('a', (c) => {
        const options = { overwrite: true, includeResources: true }
        const { subaccount, report } = importMappings(subaccountOf(c, region, 'one'), mappings, options)
        const audit = [...report.created, ...report.replaced].map((object) => ({ ...event, object }))
        return { next: withSubaccount(c, subaccount), audit, result: audit.length }
      })
    const event = { category: 'BackendMapping', action: 'update' } as const
    assert.equal(await take(many(['/a', '/b', '/c'])), 450)
    assert.equal(await take(many(['/a', '/d', '/c', '/e']).toReversed().slice(0, 300)), 150)
    await store.change('a', (c) => {
      const subaccount = subaccountOf(c, region, 'one')
      const mappings = new Map([...subaccount.mappings].filter((_, index) => index % 7 !== 0))
      return change(withSubaccount(c, { ...subaccount, mappings }))
    })
    const before = store.current
    await first.close()
    const second = await open(folder.path)
    const again = await ConnectorStore.open(second, settings)
    assert.deepEqual(shown(again.current), shown(before))
    assert.deepEqual(
      [...subaccountOf(again.current, region, 'one').mappings.keys()],
      [...subaccountOf(before, region, 'one').mappings.keys()],
    )
    assert.equal((await again.audit(1_000)).length, 3 + 450 + 150)
    assert.equal(await again.verifyAudit(), undefined)
    await second.close()
  })

  test('a change that is refused leaves everything as it was, and the next one succeeds', async () => {
    using folder = temporaryFolder()
    const base = await open(folder.path)
    const store = await ConnectorStore.open(base, settings)
    await store.change('a', (c) => change(addSubaccount(c, properties('one'))))
    const before = store.current
    await assert.rejects(
      store.change('a', (c) => change(addSubaccount(c, properties('one')))),
      (thrown) => isPlatformError(thrown, 'CONNECTOR_SUBACCOUNT_EXISTS'),
    )
    assert.equal(store.current, before)
    await store.change('a', (c) => withMapping(c, 'one', 'erp'))
    await base.close()
  })

  test('twenty changes at once all succeed, one after the other (API1-262, API2-025, RC-163)', async () => {
    using folder = temporaryFolder()
    const base = await open(folder.path)
    const store = await ConnectorStore.open(base, settings)
    await store.change('a', (c) => change(addSubaccount(c, properties('one'))))
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.change('a', (c) => withMapping(c, 'one', `host-${n}`))),
    )
    assert.equal(subaccountOf(store.current, region, 'one').mappings.size, 20)
    await base.close()
  })

  test('deleting a subaccount deletes what is below it and nothing of another one (SCC-090, SCC-091)', async () => {
    using folder = temporaryFolder()
    const base = await open(folder.path)
    const store = await ConnectorStore.open(base, settings)
    for (const id of ['one', 'two']) {
      await store.change('a', (c) => change(addSubaccount(c, properties(id))))
      await store.change('a', (c) => withMapping(c, id, 'erp'))
    }
    await store.change('a', (c) => change(removeSubaccount(c, region, 'one')))
    await store.change('a', (c) => change(addSubaccount(c, properties('one'))))
    await base.close()
    const again = await open(folder.path)
    const { current } = await ConnectorStore.open(again, settings)
    assert.equal(subaccountOf(current, region, 'one').mappings.size, 0)
    assert.equal(subaccountOf(current, region, 'two').mappings.size, 1)
    await again.close()
  })

  test('a full disk is reported and nothing changes, in memory or on disk', async () => {
    using folder = temporaryFolder()
    const base = await open(folder.path)
    const store = await ConnectorStore.open(base, settings)
    await store.change('a', (c) => change(addSubaccount(c, properties('one'))))
    const pages = await sql<{ page_count: number }>`PRAGMA page_count`.execute(base.db)
    await sql.raw(`PRAGMA max_page_count = ${pages.rows[0]!.page_count}`).execute(base.db)
    const before = store.current
    const huge = { ...mapping('erp'), description: 'x'.repeat(200_000) }
    await assert.rejects(
      store.change('a', (c) => change(withSubaccount(c, addMapping(subaccountOf(c, region, 'one'), huge)))),
      (thrown) => isPlatformError(thrown, 'STORE_FULL'),
    )
    assert.equal(store.current, before)
    await sql`PRAGMA max_page_count = 1000000`.execute(base.db)
    await store.change('a', (c) => change(withSubaccount(c, addMapping(subaccountOf(c, region, 'one'), huge))))
    assert.equal(await store.verifyAudit(), undefined)
    await base.close()
  })
})

describe('the audit trail', () => {
  test('a change that switches the audit off is in the trail itself, whatever its category; the next one is not', async () => {
    using folder = temporaryFolder()
    const base = await open(folder.path)
    const store = await ConnectorStore.open(base, settings)
    const restored = (c: ConnectorConfiguration): Change<undefined> => ({
      next: { ...c, settings: { ...c.settings, auditLevel: 'Off' } },
      audit: { category: 'Configuration', action: 'update', object: 'connector', details: { how: 'restore' } },
      result: undefined,
    })
    await store.change('a', restored)
    await store.change('a', restored)
    const entries = await store.audit(10)
    assert.deepEqual(
      entries.map(({ details }) => details?.how),
      [undefined, 'restore'],
    )
    await base.close()
  })

  test('every change adds one entry with its actor and the chain verifies (API1-280)', async () => {
    using folder = temporaryFolder()
    const base = await open(folder.path)
    const store = await ConnectorStore.open(base, settings)
    await store.change('ada', (c) => change(addSubaccount(c, properties('one'))))
    await store.change('bob', (c) => withMapping(c, 'one', 'erp'))
    await assert.rejects(store.change('eve', (c) => withMapping(c, 'one', 'erp')))
    const entries = await store.audit(10)
    assert.deepEqual(
      entries.map(({ sequence, actor }) => [sequence, actor]),
      [
        [1, 'system'],
        [2, 'ada'],
        [3, 'bob'],
      ],
    )
    assert.equal(await store.verifyAudit(), undefined)
    await base.close()
  })

  for (const [what, statement] of [
    ['changed', "UPDATE connector_audit SET actor = 'eve' WHERE sequence = 2"],
    ['removed', 'DELETE FROM connector_audit WHERE sequence = 2'],
  ] as const)
    test(`an entry that somebody ${what} is found`, async () => {
      using folder = temporaryFolder()
      const base = await open(folder.path)
      const store = await ConnectorStore.open(base, settings)
      await store.change('ada', (c) => change(addSubaccount(c, properties('one'))))
      await store.change('bob', (c) => withMapping(c, 'one', 'erp'))
      await sql.raw(statement).execute(base.db)
      assert.equal(await store.verifyAudit(), 2)
      await base.close()
    })
})

/** A configuration as plain data with its secrets readable, for comparison. */
function shown(configuration: ConnectorConfiguration): unknown {
  return JSON.parse(
    JSON.stringify(configuration, (_key, value) => (value instanceof Map ? [...value.entries()] : value)),
  )
}
