import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock, silentLog } from '@landbridge/kernel'
import { NotificationCentre } from '@landbridge/notifications'
import { everyDatabase } from '@landbridge/testkit'
import { findKeyUsers } from '../../src/notifications/key-users.ts'
import { newTenant, openReplica, type Replica, renewedEvent } from './landscape.ts'

for (const { name, url, skip } of await everyDatabase())
  describe(name, { skip }, () => {
    test('an event becomes one task per key user, whichever replicas look at it and however often (CERT-003)', async () => {
      const clock = new ManualClock()
      const first = await openReplica(url, clock)
      const second = name === 'SQLite' ? first : await openReplica(url, clock)
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
