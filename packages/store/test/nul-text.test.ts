import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { isPlatformError, Sealer, silentLog, systemClock } from '@landbridge/kernel'
import { newDatabase } from '@landbridge/testkit'
import { openStore, RegistryStore, type RegistryTables, registryMigrations } from '../src/index.ts'

test('a text with a NUL is a mistake of whoever asks, also where only the database finds it', async (t) => {
  const database = await newDatabase()
  if ('unavailable' in database) {
    t.skip(database.unavailable)
    return
  }
  t.after(() => database.stop())
  const store = await openStore<RegistryTables>({
    url: database.url,
    sealer: new Sealer(randomBytes(32)),
    clock: systemClock,
    log: silentLog,
    migrations: registryMigrations,
  })
  t.after(() => store.close())
  const registry = new RegistryStore(store)
  await assert.rejects(registry.findClient('a\0b'), (thrown) => isPlatformError(thrown, 'REQUEST_INVALID'))
  await assert.rejects(registry.authenticate('a\0b', 'x', 'y'), (thrown) => isPlatformError(thrown, 'REQUEST_INVALID'))
  assert.equal(await registry.findClient('ab'), undefined)
})
