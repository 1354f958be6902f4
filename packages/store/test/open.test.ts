import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { isPlatformError, Sealer, silentLog, systemClock } from '@landbridge/kernel'
import { newDatabase, temporaryFolder } from '@landbridge/testkit'
import { isDuplicate, openStore } from '../src/index.ts'

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
const folder = temporaryFolder()
const postgres = await newDatabase()
after(async () => {
  if ('url' in postgres) await postgres.stop()
  folder[Symbol.dispose]()
})

const databases = [
  { name: 'SQLite', url: `sqlite:${folder.path}/a.db` as string | undefined },
  { name: 'PostgreSQL', url: 'url' in postgres ? postgres.url : undefined },
]

for (const { name, url } of databases)
  describe(name, { skip: url === undefined && 'unavailable' in postgres ? postgres.unavailable : false }, () => {
    test('opening twice migrates once, rows stay, numbers come back as numbers', async () => {
      const first = await openStore<Tables>({ ...base, url: url! })
      await first.db
        .insertInto('thing')
        .values({ name: 'a', size: 2 ** 40 })
        .execute()
      await first.close()
      const second = await openStore<Tables>({ ...base, url: url! })
      assert.deepEqual(
        { ...(await second.db.selectFrom('thing').selectAll().executeTakeFirstOrThrow()) },
        { name: 'a', size: 2 ** 40 },
      )
      await assert.rejects(second.db.insertInto('thing').values({ name: 'a', size: 1 }).execute(), isDuplicate)
      await second.close()
    })

    test('a database of a newer version is refused and left alone', async () => {
      const newer = { ...create, '9999-future': { async up() {} } }
      await (await openStore<Tables>({ ...base, url: url!, migrations: newer })).close()
      await assert.rejects(openStore<Tables>({ ...base, url: url! }), (thrown) =>
        isPlatformError(thrown, 'STORE_NEWER'),
      )
    })

    test('a published message reaches a subscriber', async () => {
      const store = await openStore<Tables>({
        ...base,
        url: url!,
        migrations: { ...create, '9999-future': { async up() {} } },
      })
      const received = new Promise<string>((resolve) => store.bus.subscribe('changes', resolve))
      const timer = setInterval(() => void store.bus.publish('changes', 'hello'), 50)
      assert.equal(await received, 'hello')
      clearInterval(timer)
      await store.close()
    })
  })
