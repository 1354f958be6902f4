import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createLog, isPlatformError, Sealer, silentLog, systemClock } from '@landbridge/kernel'
import { everyDatabase, freePort, queryDatabase, temporaryFolder } from '@landbridge/testkit'
import { sql } from 'kysely'
import { isDuplicate, lockKeys, openStore } from '../src/index.ts'

interface Tables {
  thing: { name: string; size: number }
}

const create = {
  '0001-thing': {
    async up(db: import('kysely').Kysely<unknown>) {
      await db.schema
        .createTable('thing')
        .addColumn('name', 'text', (c) => c.primaryKey())
        .addColumn('size', 'bigint', (c) => c.notNull())
        .execute()
    },
  },
}

const base = { sealer: new Sealer(randomBytes(32)), clock: systemClock, log: silentLog, migrations: create }

const databases = await everyDatabase()

for (const { name, url, skip } of databases)
  describe(name, { skip }, () => {
    test('opening twice migrates once, rows stay, numbers come back as numbers', async () => {
      const first = await openStore<Tables>({ ...base, url })
      await first.db
        .insertInto('thing')
        .values({ name: 'a', size: 2 ** 40 })
        .execute()
      await first.close()
      const second = await openStore<Tables>({ ...base, url })
      assert.deepEqual(
        { ...(await second.db.selectFrom('thing').selectAll().executeTakeFirstOrThrow()) },
        { name: 'a', size: 2 ** 40 },
      )
      await assert.rejects(second.db.insertInto('thing').values({ name: 'a', size: 1 }).execute(), isDuplicate)
      await second.close()
    })

    test('a full disk is told as such, whichever part of the program writes', async () => {
      const store = await openStore<Tables>({ ...base, url })
      const isFull = (thrown: unknown): boolean => isPlatformError(thrown, 'STORE_FULL')
      if (url.startsWith('sqlite:')) {
        const pages = await sql<{ page_count: number }>`PRAGMA page_count`.execute(store.db)
        await sql.raw(`PRAGMA max_page_count = ${pages.rows[0]?.page_count}`).execute(store.db)
        const large = store.db.insertInto('thing').values({ name: 'x'.repeat(100_000), size: 1 })
        await assert.rejects(large.execute(), isFull)
        await assert.rejects(large.returning('size').execute(), isFull)
        await assert.rejects(
          store.db.transaction().execute((transaction) => transaction.executeQuery(large.compile())),
          isFull,
        )
      } else await assert.rejects(sql`DO $$ BEGIN RAISE disk_full; END $$`.execute(store.db), isFull)
      assert.equal((await store.db.selectFrom('thing').selectAll().execute()).length, 1)
      await store.close()
    })

    test('a database of a newer version is refused and left alone', async () => {
      const newer = { ...create, '9999-future': { async up() {} } }
      await (await openStore<Tables>({ ...base, url, migrations: newer })).close()
      await assert.rejects(openStore<Tables>({ ...base, url }), (thrown) => isPlatformError(thrown, 'STORE_NEWER'))
    })

    test('published messages reach a subscriber, in their order', async () => {
      const store = await openStore<Tables>({
        ...base,
        url,
        migrations: { ...create, '9999-future': { async up() {} } },
      })
      const received = new Promise<string>((resolve) => store.bus.subscribe('changes', resolve))
      // The subscription takes its time; one message after the other, so that none is under way at the end.
      let isReceived = false
      void received.then(() => {
        isReceived = true
      })
      while (!isReceived) {
        await store.bus.publish('changes', 'hello')
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      assert.equal(await received, 'hello')
      const many = Array.from({ length: 5 }, (_, i) => `message ${i}`)
      const rest: string[] = []
      const all = new Promise<void>((resolve) =>
        // The last greeting may still be on its way.
        store.bus.subscribe('changes', (message) => message !== 'hello' && rest.push(message) === 5 && resolve()),
      )
      await Promise.all(many.map((message) => store.bus.publish('changes', message)))
      await all
      assert.deepEqual(rest, many)
      await store.close()
    })
  })

test('a database that is away, refuses the user or is no database is named with the reason, without its password', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'x.db')
  writeFileSync(
    path,
    'this is no database, but it is long enough to be asked whether it could be one of them'.repeat(20),
  )
  const postgres = `postgres://user:pass-word@127.0.0.1:${await freePort()}/x`
  for (const [url, named, reason] of [
    [`sqlite:${path}`, `sqlite:${path}`, /not a database/],
    [`sqlite:${folder.path}`, `sqlite:${folder.path}`, /unable to open/],
    [postgres, postgres.replace('user:pass-word@', ''), /ECONNREFUSED/],
    [`${postgres}?password=pass-word`, postgres.replace('user:pass-word@', ''), /ECONNREFUSED/],
    ['postgres://user:pass/pass-word@127.0.0.1/x', 'postgres://…', /Invalid URL/],
  ] as const)
    await assert.rejects(openStore<Tables>({ ...base, url }), (thrown) => {
      assert.ok(isPlatformError(thrown, 'STORE_UNUSABLE'), String(thrown))
      assert.equal(thrown.facts.database, named)
      assert.match(String(thrown.facts.reason), reason)
      return !JSON.stringify(thrown.facts).includes('pass-word')
    })
})

const { url: postgresUrl, skip: noPostgres } = databases.find(({ name }) => name === 'PostgreSQL')!

/** Ends all connections of the database, as a restart of the server does, and takes its keys before any is made again. */
async function cutAndLock(): Promise<Awaited<ReturnType<typeof lockKeys>>> {
  while (true) {
    const others = 'datname = current_database() AND pid <> pg_backend_pid()'
    await queryDatabase(postgresUrl, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`)
    const lock = await lockKeys(postgresUrl)
    if (lock.others === 0) return lock
    await lock.close()
  }
}

test('a process whose connections broke takes hold of the keys again, is told when they changed meanwhile, and hears messages', {
  skip: noPostgres,
}, async () => {
  const migrations = { ...create, '9999-future': { async up() {} } }
  const changing = Promise.withResolvers<string>()
  const log = createLog((level, event) => event === 'store.keys-changing' && changing.resolve(level))
  const store = await openStore<Tables>({ ...base, url: postgresUrl, migrations, log })
  try {
    const inUse = await lockKeys(postgresUrl)
    assert.ok(inUse.others > 0)
    await inUse.close()
    const heard = Promise.withResolvers<string>()
    store.bus.subscribe('changes', heard.resolve)
    const lock = await cutAndLock()
    assert.equal(await changing.promise, 'error')
    await assert.rejects(openStore({ ...base, url: postgresUrl, migrations }), (thrown) =>
      isPlatformError(thrown, 'STORE_KEYS_CHANGING'),
    )
    await lock.assertHeld()
    await lock.close()
    let isHeard = false
    void heard.promise.then(() => {
      isHeard = true
    })
    while (!isHeard) {
      await queryDatabase(postgresUrl, "SELECT pg_notify('changes', 'again')")
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    assert.equal(await heard.promise, 'again')
    const shared = "locktype = 'advisory' AND mode = 'ShareLock' AND granted AND database = d.oid"
    const held = await queryDatabase(
      postgresUrl,
      `SELECT count(*) FROM pg_locks, pg_database AS d WHERE d.datname = current_database() AND ${shared}`,
    )
    assert.deepEqual(held, [{ count: 1 }])
  } finally {
    await store.close()
  }
})
