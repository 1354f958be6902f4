import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { Sealer } from '@landbridge/kernel'
import { everyDatabase } from '@landbridge/testkit'
import { sql } from 'kysely'
import { countSealed, resealAll, SqlDestinationStore, type Store, sealedColumns } from '../../src/index.ts'
import { fillEverything, level, openEverything, part, readEverything } from './sealed-landscape.ts'

const destinations = 130
const [oldKey, newKey] = [randomBytes(32), randomBytes(32)]
const old = new Sealer(oldKey)
const both = new Sealer(newKey, [oldKey])
const onlyNew = new Sealer(newKey)

/** Where anything that looks sealed is, in all text columns of all tables: `table.column`. */
async function sealedPlaces({ db }: Pick<Store<unknown>, 'db'>): Promise<readonly string[]> {
  const found: string[] = []
  for (const table of await db.introspection.getTables())
    for (const { name } of table.columns) {
      const column = sql<{ value: string }>`CAST(${sql.ref(name)} AS text)`
      const { rows } = await sql<{
        value: string | null
      }>`SELECT ${column} AS value FROM ${sql.table(table.name)}`.execute(db)
      // Anywhere in it: a sealed value within JSON would be missed as well.
      if (rows.some(({ value }) => /v[12]\.[\w.-]{38,}/.test(value ?? ''))) found.push(`${table.name}.${name}`)
    }
  return found.toSorted()
}

for (const { name, url, skip } of await everyDatabase())
  describe(name, { skip }, async () => {
    const opened: Store<unknown>[] = []
    const open = async (sealer: Sealer) => {
      const store = await openEverything(url, sealer)
      opened.push(part(store))
      return store
    }
    after(() => Promise.all(opened.map((store) => store.close())))
    let before: readonly unknown[] = []

    test('the list of sealed columns has every column with sealed values, and each of its columns is filled here', async () => {
      const store = await open(old)
      await fillEverything(store, destinations)
      before = await readEverything(store)
      assert.ok(before.every((value) => typeof value === 'string' && value !== ''))
      const listed = Object.values(sealedColumns).map(({ table, column }) => `${table}.${column}`)
      assert.deepEqual(await sealedPlaces(part(store)), listed.toSorted())
    })

    test('what changes or is locked while values are sealed again stays as it was written and is sealed the next time', async () => {
      const store = await open(both)
      const total = [...(await countSealed(store)).byKey.values()].reduce((sum, count) => sum + count, 0)
      const writer = new SqlDestinationStore(part(await open(old)))
      // Read already and not yet written: the moment in which another process changes or holds a row.
      const meddling = await open(new MeddlingSealer(newKey, [oldKey]))
      const sealer = meddling.sealer as MeddlingSealer
      const hold = name === 'PostgreSQL' ? await holdRow(url) : undefined
      const first = sealer.firstSeal.then(() =>
        writer.replace(level, { Name: 'd7', Type: 'HTTP', Password: 'password 7' }),
      )
      const [{ resealed, unreadable }] = await Promise.all([resealAll(meddling), first])
      assert.deepEqual(unreadable, [])
      const left = await countSealed(store)
      assert.ok(resealed >= total - 2 && resealed <= total + 1, `${resealed} of ${total}`)
      assert.deepEqual(await readEverything(store), before)
      if (hold !== undefined) assert.ok((left.byKey.get(old.keyId) ?? 0) >= 1)
      await hold?.release()
      await resealAll(store)
      assert.deepEqual(Object.fromEntries((await countSealed(store)).byKey), { [both.keyId]: total })
      assert.equal((await resealAll(store)).resealed, 0)
    })

    test('afterwards the new key alone opens everything', async () => {
      assert.deepEqual(await readEverything(await open(onlyNew)), before)
    })

    test('a value that no key opens is named, stays as it is and keeps nothing else from being sealed again', async () => {
      const store = await open(new Sealer(oldKey, [newKey]))
      const stranger = new Sealer(randomBytes(32))
      const odd = stranger.seal('x', sealedColumns.webhookSecret.context('odd'))
      const row = { id: 'odd', scope: '', subaccount_id: null, url: 'https://x.test', secret: odd, created_at_ms: 0 }
      await store.db.insertInto('notification_webhook').values(row).execute()
      const progress: number[] = []
      const { resealed, unreadable } = await resealAll(store, (done) => progress.push(done))
      assert.deepEqual(unreadable, [{ table: 'notification_webhook', column: 'secret', row: 'odd' }])
      assert.equal(progress.at(-1), resealed)
      const { byKey } = await countSealed(store)
      assert.deepEqual(Object.fromEntries(byKey), { [old.keyId]: resealed, [stranger.keyId]: 1 })
      await store.db.deleteFrom('notification_webhook').where('id', '=', 'odd').execute()
    })
  })

/** Tells when it seals for the first time. */
class MeddlingSealer extends Sealer {
  readonly firstSeal: Promise<void>
  readonly #told: () => void

  constructor(key: Buffer, former: readonly Buffer[]) {
    super(key, former)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.firstSeal = promise
    this.#told = resolve
  }

  override seal(plain: string, context: string): string {
    this.#told()
    return super.seal(plain, context)
  }
}

/** A transaction of somebody else that has locked a row. */
async function holdRow(url: string): Promise<{ release(): Promise<void> }> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query("BEGIN; SELECT 1 FROM destination WHERE name = 'd9' FOR UPDATE")
  return {
    async release() {
      await client.query('ROLLBACK')
      await client.end()
    },
  }
}

test('whatever seals is known here: what is new and kept has to be in the list of sealed columns', () => {
  const root = join(import.meta.dirname, '../../../..')
  const sealing = globSync(['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'], { cwd: root }).filter((file) =>
    /\bsealer\.seal\(|new Sealer\(/i.test(readFileSync(join(root, file), 'utf8')),
  )
  const inStore = sealing.filter((file) => file.startsWith('packages/store/'))
  for (const file of inStore) {
    const text = readFileSync(join(root, file), 'utf8')
    const isHandedOut = file.endsWith('sealed-pairing-codes.ts')
    assert.ok(isHandedOut || text.includes('sealedColumns.') || file.endsWith('sealed/reseal.ts'), file)
  }
  assert.deepEqual(sealing.filter((file) => !inStore.includes(file)).toSorted(), [
    'apps/cli/src/compose/platform-keys.ts',
    'apps/cli/src/keys/sealed-part.ts',
    'apps/token-service/src/sealed-values.ts',
    'packages/connector/src/backup/backup.ts',
    'packages/connector/src/backup/sealed-json.ts',
  ])
})
