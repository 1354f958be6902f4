import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { instanceLevel, type Label, subaccountLevel } from '@landbridge/destinations'
import { isPlatformError, ManualClock, Sealer, silentLog } from '@landbridge/kernel'
import { everyDatabase } from '@landbridge/testkit'
import {
  type DestinationTables,
  destinationMigrations,
  openStore,
  SqlCertificateStore,
  SqlDestinationStore,
  SqlFragmentStore,
} from '../src/index.ts'

const clock = new ManualClock()
const sealer = new Sealer(randomBytes(32))

const scope = { subaccountId: 's1', instanceId: 'i1', instanceSubaccountId: 's1' }
const levels = [subaccountLevel(scope), instanceLevel(scope), instanceLevel({ ...scope, subaccountId: 's2' })]
const secret = 'planted-secret'

for (const { name, url, skip } of await everyDatabase())
  describe(name, { skip }, () => {
    const migrations = destinationMigrations
    const open = () => openStore<DestinationTables>({ url, sealer, clock, log: silentLog, migrations })

    test('a certificate comes back byte by byte after a restart, each level for itself, and sealed (DEST-054)', async () => {
      const content = Buffer.concat([randomBytes(300), Buffer.from(secret)])
      const generation = {
        commonName: 'x',
        validity: { unit: 'DAYS', value: 3 },
        automaticRenew: true,
        password: secret,
      } as const
      const first = await open()
      for (const level of levels)
        await new SqlCertificateStore(first).create(level, 'a.p12', content, { type: 'CERTIFICATE', generation })
      const rows = JSON.stringify(await first.db.selectFrom('level_entry').selectAll().execute())
      assert.ok(!rows.includes(secret) && !rows.includes(Buffer.from(secret).toString('base64')))
      await first.close()
      const second = await open()
      const store = new SqlCertificateStore(second)
      for (const level of levels) {
        const found = await store.find(level, 'a.p12')
        assert.deepEqual(found?.level, level)
        assert.ok(found?.content.equals(content))
        assert.deepEqual([found?.type, found?.generation], ['CERTIFICATE', generation])
        assert.match(found?.etag ?? '', /^[0-9a-f]{64}$/)
      }
      assert.equal(await store.find(levels[0]!, 'A.p12'), undefined)
      assert.equal(await store.find(levels[0]!, 'a\0b'), undefined)
      await second.close()
    })

    test('create, replace, list in order of code points, remove: duplicates and unknown names are told', async () => {
      const opened = await open()
      const store = new SqlCertificateStore(opened)
      const level = subaccountLevel({ subaccountId: 'crud' })
      for (const entry of ['b.pem', 'B.pem', 'a.pem']) await store.create(level, entry, Buffer.from('1'))
      await assert.rejects(store.create(level, 'a.pem', Buffer.from('2')), (failure) =>
        isPlatformError(failure, 'DESTINATION_DUPLICATE'),
      )
      assert.deepEqual(
        (await store.list(level)).map((entry) => entry.name),
        ['B.pem', 'a.pem', 'b.pem'],
      )
      const before = (await store.find(level, 'a.pem'))?.etag
      const replaced = await store.replace(level, 'a.pem', Buffer.from('3'))
      assert.equal(replaced?.content.toString(), '3')
      assert.notEqual(replaced?.etag, before)
      assert.equal(await store.replace(level, 'c.pem', Buffer.from('3')), undefined)
      assert.deepEqual([await store.remove(level, 'a.pem'), await store.remove(level, 'a.pem')], ['removed', 'absent'])
      assert.deepEqual([...(await store.removeAll(level, ['b.pem', 'zz', 'x\0']))], ['b.pem'])
      assert.deepEqual([...(await store.removeAll(level, []))], [])
      await opened.close()
    })

    test('only certificates whose time has come are due, and a renewal never overwrites a later write', async () => {
      const opened = await open()
      const store = new SqlCertificateStore(opened)
      const level = subaccountLevel({ subaccountId: 'due' })
      await store.create(level, 'soon.pem', Buffer.from('1'), { renewAtMs: 1_000, expiresAtMs: 2_000 })
      await store.create(level, 'later.pem', Buffer.from('1'), { renewAtMs: 5_000, expiresAtMs: 6_000 })
      await store.create(level, 'never.pem', Buffer.from('1'), { expiresAtMs: 2_000 })
      const [due, ...others] = (await store.dueForRenewal(1_000)).filter((entry) => entry.level.subaccountId === 'due')
      assert.deepEqual([due?.name, others], ['soon.pem', []])
      assert.deepEqual(
        (await store.ending(1_999, 2_000)).map((entry) => entry.name),
        ['never.pem'],
      )
      await store.replace(level, 'soon.pem', Buffer.from('2'))
      assert.equal(await store.renew(due!, Buffer.from('3'), {}), false)
      assert.equal((await store.find(level, 'soon.pem'))?.content.toString(), '2')
      const current = (await store.find(level, 'later.pem'))!
      assert.equal(await store.renew(current, Buffer.from('3'), {}), true)
      await opened.close()
    })

    test('fragments keep the order of their properties and are apart from certificates', async () => {
      const opened = await open()
      const store = new SqlFragmentStore(opened)
      const level = subaccountLevel({ subaccountId: 'fragments' })
      const properties = { URL: 'http://x', FragmentName: 'a', alpha: secret }
      await store.create(level, properties)
      await assert.rejects(store.create(level, properties), (failure) =>
        isPlatformError(failure, 'DESTINATION_DUPLICATE'),
      )
      assert.deepEqual(Object.entries((await store.find(level, 'a'))!.properties), Object.entries(properties))
      assert.equal(await new SqlCertificateStore(opened).find(level, 'a'), undefined)
      assert.equal((await store.replace(level, { FragmentName: 'a' }))?.properties.URL, undefined)
      assert.equal(await store.replace(level, { FragmentName: 'b' }), undefined)
      assert.deepEqual([await store.remove(level, 'a'), await store.remove(level, 'a')], [true, false])
      await opened.close()
    })

    test('labels go with their entry, survive its replacement, and changes at the same time all count', async () => {
      const opened = await open()
      const level = subaccountLevel({ subaccountId: 'labels' })
      const destinations = new SqlDestinationStore(opened)
      const certificates = new SqlCertificateStore(opened)
      await destinations.create(level, { Name: 'a', Type: 'HTTP' })
      await certificates.create(level, 'a', Buffer.from('1'))
      const add = (key: string) => (labels: readonly Label[]) => [...labels, { key, values: ['v'] }]
      for (const store of [destinations, certificates]) {
        assert.equal(await store.changeLabels(level, 'unknown', add('k')), undefined)
        const before = (await store.find(level, 'a'))!
        await Promise.all(['k1', 'k2', 'k3', 'k4'].map((key) => store.changeLabels(level, 'a', add(key))))
        const after = (await store.find(level, 'a'))!
        assert.deepEqual(after.labels?.map((label) => label.key).sort(), ['k1', 'k2', 'k3', 'k4'])
        assert.equal(after.etag, before.etag)
      }
      await destinations.replace(level, { Name: 'a', Type: 'RFC' })
      await certificates.replace(level, 'a', Buffer.from('2'))
      assert.equal((await destinations.find(level, 'a'))?.labels?.length, 4)
      assert.equal((await certificates.find(level, 'a'))?.labels?.length, 4)
      await destinations.remove(level, 'a')
      await destinations.create(level, { Name: 'a', Type: 'HTTP' })
      assert.deepEqual((await destinations.find(level, 'a'))?.labels, [])
      await opened.close()
    })

    test('several destinations go at once, or none when one is needed by a destination that stays', async () => {
      const opened = await open()
      const store = new SqlDestinationStore(opened)
      const level = subaccountLevel({ subaccountId: 'many' })
      for (const Name of ['a', 'b', 'provider']) await store.create(level, { Name, Type: 'HTTP' })
      await store.create(level, { Name: 'user', Type: 'HTTP', 'clientAssertion.destinationName': 'provider' })
      assert.deepEqual(await store.removeAll(level, ['a', 'provider']), { needed: 'provider' })
      assert.equal((await store.list(level)).length, 4)
      const removed = await store.removeAll(level, ['a', 'provider', 'user', 'unknown', 'x\0'])
      assert.deepEqual(removed, new Set(['a', 'provider', 'user']))
      assert.deepEqual(
        (await store.list(level)).map((entry) => entry.name),
        ['b'],
      )
      await opened.close()
    })
  })
