import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { ManualClock, silentLog } from '@landbridge/kernel'
import { NotificationCentre } from '@landbridge/notifications'
import { newDatabase, temporaryFolder } from '@landbridge/testkit'
import { findKeyUsers } from '../../src/notifications/key-users.ts'
import { newTenant, openReplica, type Replica, renewedEvent } from './landscape.ts'

const folder = temporaryFolder()
const postgres = await newDatabase()
after(async () => {
  if ('url' in postgres) await postgres.stop()
  folder[Symbol.dispose]()
})

for (const [name, url] of [
  ['SQLite', `sqlite:${folder.path}/a.db`],
  ['PostgreSQL', 'url' in postgres ? postgres.url : undefined],
] as const)
  describe(name, { skip: url === undefined && 'unavailable' in postgres ? postgres.unavailable : false }, () => {
    test('an event becomes one task per key user, whichever replicas look at it and however often (CERT-003)', async () => {
      const clock = new ManualClock()
      const first = await openReplica(url!, clock)
      const second = name === 'SQLite' ? first : await openReplica(url!, clock)
      const tenant = await newTenant(first)
      const events = Array.from({ length: 30 }, (_, at) => renewedEvent(tenant.id, `c${at}`))
      for (const event of events) {
        await first.record(event)
        await second.record(event)
      }
      const centreOf = ({ store, registry }: Replica) =>
        new NotificationCentre({ store, keyUsers: (id) => findKeyUsers(registry, id), clock, log: silentLog })
      const [one, other] = await Promise.all([centreOf(first).deriveAll(), centreOf(second).deriveAll()])
      assert.equal(one + other, events.length)
      assert.equal(await centreOf(second).deriveAll(), 0)
      const tasks = await first.store.listNotifications({ limit: 1_000 })
      assert.equal(tasks.length, 2 * events.length)
      assert.deepEqual(new Set(tasks.map(({ userId }) => userId)), new Set([tenant.administrator, tenant.destinations]))
      assert.deepEqual(new Set(tasks.map(({ subject }) => subject)), new Set(['Tenant Certificate has been renewed']))
      await first.close()
      if (second !== first) await second.close()
    })
  })
