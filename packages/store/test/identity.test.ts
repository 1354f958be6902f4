import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { LocalSingleUse, SigningKeyRing, type SigningKeyStore, TokenVerifier } from '@landbridge/identity'
import { looksSealed, ManualClock, Sealer, silentLog } from '@landbridge/kernel'
import { newDatabase, temporaryFolder } from '@landbridge/testkit'
import { type IdentityTables, identityMigrations, openStore, SqlSigningKeyStore, SqlSingleUse } from '../src/index.ts'

const hour = 3_600_000
const day = 24 * hour
const folder = temporaryFolder()
const postgres = await newDatabase()
after(async () => {
  if ('url' in postgres) await postgres.stop()
  folder[Symbol.dispose]()
})

const databases = [
  { name: 'SQLite', url: (n: number) => `sqlite:${folder.path}/${n}.db` },
  { name: 'PostgreSQL', url: () => ('url' in postgres ? postgres.url : '') },
]

let databaseNumber = 0

for (const { name, url } of databases)
  describe(name, { skip: name === 'PostgreSQL' && 'unavailable' in postgres ? postgres.unavailable : false }, () => {
    async function setUp() {
      const clock = new ManualClock()
      const store = await openStore<IdentityTables>({
        url: url(databaseNumber++),
        sealer: new Sealer(randomBytes(32)),
        clock,
        log: silentLog,
        migrations: identityMigrations,
      })
      await store.db.deleteFrom('identity_signing_key').execute()
      await store.db.deleteFrom('identity_single_use').execute()
      const keys = new SqlSigningKeyStore(store)
      return { clock, store, keys, ring: () => newRing(keys, clock) }
    }

    function newRing(keys: SigningKeyStore, clock: ManualClock): SigningKeyRing {
      return new SigningKeyRing({
        store: keys,
        clock,
        log: silentLog,
        algorithm: 'ES256',
        rotateAfterMs: 30 * day,
        publishAheadMs: hour,
        longestLifetimeMs: 12 * hour,
      })
    }

    async function keyIdOf(ring: SigningKeyRing): Promise<string> {
      const [header = ''] = (await ring.sign({})).split('.')
      return JSON.parse(Buffer.from(header, 'base64url').toString()).kid
    }
    const published = async (ring: SigningKeyRing) => (await ring.jwks()).keys.map((key) => key.kid)

    test('a new key is published an hour before it signs and the old one stays until its last token expired (RC-040)', async () => {
      const { clock, store, ring: newOne } = await setUp()
      const ring = newOne()
      const first = await keyIdOf(ring)
      clock.advance(30 * day - hour - 1)
      assert.deepEqual(await published(ring), [first])
      clock.advance(60_000)
      const [, second] = await published(ring)
      assert.equal((await published(ring)).length, 2)
      assert.equal(await keyIdOf(ring), first)
      clock.advance(hour - 60_000)
      assert.equal(await keyIdOf(ring), first, 'the old key signs to the end of its time')
      const lastToken = await ring.sign({ iss: 'i', exp: clock.now() / 1000 + 12 * 3600 })
      clock.advance(60_000)
      assert.equal(await keyIdOf(ring), second)
      clock.advance(12 * hour - 60_000)
      const verifier = new TokenVerifier({ keys: ring, clock, acceptIssuer: () => true })
      await verifier.verify(lastToken)
      clock.advance(4 * 60_000)
      assert.deepEqual(await published(ring), [second])
      assert.equal((await store.db.selectFrom('identity_signing_key').selectAll().execute()).length, 1)
      await store.close()
    })

    test('a service that slept past the rotation still publishes a new key before it signs (RC-040)', async () => {
      const { clock, store, ring: newOne } = await setUp()
      const first = await keyIdOf(newOne())
      clock.advance(400 * day)
      const ring = newOne()
      assert.equal(await keyIdOf(ring), first)
      assert.equal((await published(ring)).length, 2)
      clock.advance(hour)
      assert.notEqual(await keyIdOf(ring), first)
      await store.close()
    })

    test('two replicas that start and rotate at once agree on one key (RC-040)', async () => {
      const { clock, store, ring: newOne } = await setUp()
      const [a, b] = [newOne(), newOne()]
      const [ofA, ofB] = await Promise.all([keyIdOf(a), keyIdOf(b)])
      assert.equal(ofA, ofB)
      clock.advance(30 * day - hour)
      const sets = await Promise.all([published(a), published(b)])
      assert.equal(sets[0].length, 2)
      assert.deepEqual(sets[0], sets[1])
      clock.advance(hour)
      assert.equal(await keyIdOf(a), await keyIdOf(b))
      const verifier = new TokenVerifier({ keys: b, clock, acceptIssuer: () => true })
      await verifier.verify(await a.sign({ iss: 'i', exp: clock.now() / 1000 + 60 }))
      await store.close()
    })

    test('an operator may rotate early, and once only while a key is waiting', async () => {
      const { clock, store, ring: newOne } = await setUp()
      const ring = newOne()
      const first = await keyIdOf(ring)
      await ring.rotate()
      await ring.rotate()
      assert.equal((await published(ring)).length, 2)
      assert.equal(await keyIdOf(ring), first)
      clock.advance(hour)
      assert.notEqual(await keyIdOf(ring), first)
      await store.close()
    })

    test('private keys are sealed in the database and never published (RC-037)', async () => {
      const { store, ring: newOne } = await setUp()
      const ring = newOne()
      const { keys } = await ring.jwks()
      assert.deepEqual(Object.keys(keys[0]!).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
      const [row] = await store.db.selectFrom('identity_signing_key').selectAll().execute()
      assert.ok(looksSealed(row!.private_key))
      await store.close()
    })

    test('secrets derived from a key are equal in all replicas and differ by purpose and key', async () => {
      const { clock, store, ring: newOne } = await setUp()
      const [a, b] = [newOne(), newOne()]
      const one = await a.deriveSecret('session')
      assert.deepEqual(await b.deriveSecret('session', one!.keyId), one)
      assert.notDeepEqual((await a.deriveSecret('refresh'))!.secret, one!.secret)
      assert.equal(await a.deriveSecret('session', 'gone'), undefined)
      await a.rotate()
      clock.advance(hour)
      assert.notDeepEqual(await a.deriveSecret('session'), one)
      await store.close()
    })

    test('something may be claimed once, by one of many callers, until it is forgotten', async () => {
      const { clock, store } = await setUp()
      for (const used of [new SqlSingleUse(store), new LocalSingleUse(clock)]) {
        const claims = await Promise.all(Array.from({ length: 8 }, () => used.claim('code-1', clock.now() + 1000)))
        assert.equal(claims.filter(Boolean).length, 1)
        assert.equal(await used.claim('code-2', clock.now() + 1000), true)
      }
      clock.advance(2000)
      const used = new SqlSingleUse(store)
      assert.equal(await used.claim('code-3', clock.now() + 1000), true)
      assert.equal((await store.db.selectFrom('identity_single_use').selectAll().execute()).length, 1)
      await store.close()
    })

    test('keys at hand keep signing while the store is broken', async () => {
      const { clock, store, ring: newOne } = await setUp()
      const ring = newOne()
      const first = await keyIdOf(ring)
      await store.close()
      clock.advance(10 * 60_000)
      assert.equal(await keyIdOf(ring), first)
      await assert.rejects(keyIdOf(newOne()))
    })
  })
