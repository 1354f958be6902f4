import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { instanceLevel, type Level, subaccountLevel } from '@landbridge/destinations'
import { isPlatformError, ManualClock, Sealer, silentLog } from '@landbridge/kernel'
import { everyDatabase } from '@landbridge/testkit'
import {
  type DestinationTables,
  destinationMigrations,
  openStore,
  SqlDestinationStore,
  type Store,
} from '../src/index.ts'

const clock = new ManualClock()
const base = { clock, log: silentLog, migrations: destinationMigrations }
const sealer = new Sealer(randomBytes(32))

const scope = { subaccountId: 's1', instanceId: 'i1', instanceSubaccountId: 's1' }
const secret = 'planted-secret'

for (const { name, url, skip } of await everyDatabase())
  describe(name, { skip }, () => {
    const open = (): Promise<Store<DestinationTables>> => openStore<DestinationTables>({ ...base, sealer, url })

    test('properties come back in their order after a restart, each level for itself (DEST-019, DEST-037)', async () => {
      const first = await open()
      const properties = { Type: 'HTTP', Name: 'a', zebra: '1', Password: secret, alpha: '2' }
      const levels: Level[] = [
        subaccountLevel(scope),
        instanceLevel(scope),
        instanceLevel({ ...scope, subaccountId: 's2' }),
      ]
      for (const level of levels) await new SqlDestinationStore(first).create(level, properties)
      await first.close()
      const second = await open()
      const store = new SqlDestinationStore(second)
      for (const level of levels) {
        const found = await store.find(level, 'a')
        assert.deepEqual(found?.level, level)
        assert.deepEqual(Object.entries(found?.properties ?? {}), Object.entries(properties))
        assert.equal(found?.modifiedAtMs, clock.now())
      }
      assert.deepEqual(
        levels.map((level) => level.kind),
        ['subaccount', 'instance', 'subscription'],
      )
      await second.close()
    })

    test('no property value is readable in the database, and a sealed one opens in its own row only (DEST-054)', async () => {
      const opened = await open()
      const store = new SqlDestinationStore(opened)
      const level = subaccountLevel({ subaccountId: 'sealed' })
      await store.create(level, { Name: 'mine', Type: 'HTTP', Password: secret })
      await store.create(level, { Name: 'other', Type: 'HTTP' })
      const rows = await opened.db.selectFrom('destination').selectAll().execute()
      assert.ok(!JSON.stringify(rows).includes(secret))
      const mine = rows.find((row) => row.name === 'mine')!
      await opened.db
        .updateTable('destination')
        .set({ properties: mine.properties })
        .where('name', '=', 'other')
        .execute()
      await assert.rejects(store.find(level, 'other'))
      assert.equal((await store.find(level, 'mine'))?.properties.Password, secret)
      await opened.close()
    })

    test('every write changes the entity tag, and lists are in the order of code points', async () => {
      const opened = await open()
      const store = new SqlDestinationStore(opened)
      const level = subaccountLevel({ subaccountId: 'tags' })
      const created = await store.create(level, { Name: 'b', Type: 'HTTP' })
      clock.advance(1_000)
      const replaced = await store.replace(level, { Name: 'b', Type: 'HTTP' })
      assert.notEqual(created.etag, replaced?.etag)
      assert.equal(replaced?.modifiedAtMs, created.modifiedAtMs + 1_000)
      assert.deepEqual(await store.find(level, 'b'), replaced)
      for (const Name of ['a', 'B', '_']) await store.create(level, { Name, Type: 'HTTP' })
      assert.deepEqual(
        (await store.list(level)).map((one) => one.name),
        ['B', '_', 'a', 'b'],
      )
      await opened.close()
    })

    test('duplicates, unknown names and assertion providers in use are told apart (DEST-042, DEST-044, DEST-046)', async () => {
      const opened = await open()
      const store = new SqlDestinationStore(opened)
      const level = subaccountLevel({ subaccountId: 'errors' })
      await store.create(level, { Name: 'p', Type: 'HTTP' })
      await assert.rejects(store.create(level, { Name: 'p', Type: 'RFC' }), (thrown) =>
        isPlatformError(thrown, 'DESTINATION_DUPLICATE'),
      )
      assert.equal(await store.replace(level, { Name: 'q', Type: 'HTTP' }), undefined)
      await store.create(level, { Name: 'c', Type: 'HTTP', 'clientAssertion.destinationName': 'p' })
      await store.create(level, { Name: 'd', Type: 'HTTP', 'clientAssertion.destinationName': 'missing' })
      assert.deepEqual(await store.remove(level, 'p'), { usedBy: 'c' })
      assert.equal(await store.remove(level, 'missing'), 'absent')
      assert.equal(await store.remove(level, 'nul\0'), 'absent')
      assert.equal(await store.find(level, 'nul\0'), undefined)
      await store.replace(level, { Name: 'c', Type: 'HTTP' })
      assert.equal(await store.remove(level, 'p'), 'removed')
      assert.equal(await store.remove(level, 'p'), 'absent')
      await opened.close()
    })
  })
