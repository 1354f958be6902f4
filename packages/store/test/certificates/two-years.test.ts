import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  type CertificateEvent,
  planForTenant,
  defaultRenewalPolicy as policy,
  type TenantCertificate,
} from '@landbridge/certificates'
import { ManualClock } from '@landbridge/kernel'
import { newDatabase } from '@landbridge/testkit'
import { seed } from '@landbridge/testkit/properties'
import {
  addCertificate,
  type Life,
  newAuthority,
  openReplica,
  type ReplicaStore,
  recordedEvents,
  startLife,
} from './renewal-landscape.ts'

const hourMs = 3_600_000
// The job looks every hour; a day between two looks is harder on it, and half the work.
const stepMs = 24 * hourMs
const start = Date.UTC(2026, 10, 21)
const months = 24

const postgres = await newDatabase()
after(async () => {
  if ('url' in postgres) await postgres.stop()
})
// Enough for deaths in every step; each certificate costs some 5 ms, and is renewed twice or more.
const databases = [
  { name: 'SQLite', url: 'sqlite::memory:' as string | undefined, certificates: 250 },
  { name: 'PostgreSQL', url: 'url' in postgres ? postgres.url : undefined, certificates: 500 },
]

for (const { name, url, certificates } of databases) {
  const skip = url === undefined && 'unavailable' in postgres ? postgres.unavailable : false
  test(`${name}: in 24 months with ${certificates} certificates and replicas that die, none of the platform expires, none is renewed twice in a run, and everything is told once (CERT-001, CERT-002, CERT-003, CERT-005, CERT-006)`, {
    skip,
  }, async (context) => {
    context.diagnostic(`LANDBRIDGE_FUZZ_SEED=${seed}`)
    const random = generator(seed)
    const clock = new ManualClock(start)
    const first = await openReplica(url!, clock)
    // On SQLite one process holds the database; its two replicas are two jobs.
    const second = name === 'SQLite' ? first : await openReplica(url!, clock)
    try {
      const authority = await newAuthority(clock)
      await populate(certificates, first, authority, clock, random)
      const places = [first, second].map((replica) => ({ replica, life: null as Life | null, upAtMs: start }))
      const end = Date.UTC(2028, 10, 21)
      let deaths = 0
      while (clock.now() < end) {
        clock.advance(stepMs)
        for (const place of places) {
          if (place.life === null && place.upAtMs <= clock.now())
            place.life = startLife({ replica: place.replica, authority, clock })
          // It dies at its first or one of its next certificates, or simply now.
          if (place.life !== null && random() < 0.12) place.life.killAtEvent(Math.floor(random() * 25))
        }
        await Promise.all(places.map(({ life }) => life?.job.look()))
        for (const place of places)
          if (place.life?.isDead) {
            deaths++
            place.life = null
            // Both are away at times, a day at most.
            place.upAtMs = clock.now() + Math.floor(random() * 2) * stepMs
          }
        assert.equal(await expiredOfPlatform(first, clock.now()), 0, new Date(clock.now()).toISOString())
      }
      assert.ok(deaths > 20, `only ${deaths} deaths`)
      const all = await first.certificates.list()
      const events = await recordedEvents(first)
      context.diagnostic(`${all.length} certificates, ${events.length} events, ${deaths} deaths`)
      assertLineages(certificates, all)
      assertRenewals(certificates, all, events)
      await assertRuns(certificates, first, all, events)
    } finally {
      await first.close()
      if (second !== first) await second.close()
    }
  })
}

/** Mostly yearly ones, some quarterly, some of days; every twentieth was uploaded by a user. */
async function populate(
  certificates: number,
  replica: ReplicaStore,
  authority: Awaited<ReturnType<typeof newAuthority>>,
  clock: ManualClock,
  random: () => number,
): Promise<void> {
  for (let i = 0; i < certificates; i++) {
    const kind = random()
    const between = (low: number, high: number) => low + Math.floor(random() * (high - low))
    const lifetimeDays = kind < 0.85 ? between(300, 400) : kind < 0.97 ? between(120, 250) : between(7, 120)
    await addCertificate(replica, authority, clock, { lifetimeDays, renewer: i % 20 === 0 ? 'user' : 'platform' })
  }
}

async function expiredOfPlatform({ store }: ReplicaStore, nowMs: number): Promise<number> {
  const { count } = await store.db
    .selectFrom('tenant_certificates')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('state', '=', 'active')
    .where('renewer', '=', 'platform')
    .where('not_after_ms', '<=', nowMs)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Each name is one chain: every certificate but the first has one predecessor, every one but the last one successor. */
function assertLineages(certificates: number, all: readonly TenantCertificate[]): void {
  const byId = new Map(all.map((one) => [one.id, one]))
  assert.equal(all.filter(({ state }) => state === 'active').length, certificates)
  assert.equal(new Set(all.map(({ name }) => name)).size, certificates)
  for (const one of all) {
    if (one.successorId !== undefined) assert.equal(byId.get(one.successorId)?.predecessorId, one.id)
    if (one.predecessorId !== undefined) assert.equal(byId.get(one.predecessorId)?.successorId, one.id)
    assert.equal(one.state, one.successorId === undefined ? 'active' : 'replaced')
    if (one.renewer === 'user') assert.deepEqual([one.predecessorId, one.successorId], [undefined, undefined])
  }
}

/** As many notices of renewal as renewals, each of another pair. */
function assertRenewals(
  certificates: number,
  all: readonly TenantCertificate[],
  events: readonly CertificateEvent[],
): void {
  const pair = (previous: string | undefined, next: string) => `${previous} → ${next}`
  const byId = new Map(all.map((one) => [one.id, one]))
  const happened = all
    .filter(({ predecessorId }) => predecessorId !== undefined)
    .map((one) => pair(byId.get(one.predecessorId!)?.fingerprint, one.fingerprint))
  const told = events
    .filter(({ kind }) => kind === 'renewed')
    .map(({ previous, certificate }) => pair(previous?.fingerprint, certificate.fingerprint))
  assert.deepEqual(told.toSorted(), happened.toSorted())
  assert.ok(told.length > 1.5 * certificates)
  assert.deepEqual(
    events.filter(({ kind }) => kind === 'renewal-failed'),
    [],
  )
}

/** Every month ran once; who had to be told by it was told once, and nobody else. */
async function assertRuns(
  certificates: number,
  { runs }: ReplicaStore,
  all: readonly TenantCertificate[],
  events: readonly CertificateEvent[],
): Promise<void> {
  const list = await runs.list(100_000)
  const monthly = list.filter(({ id }) => id.startsWith('monthly:'))
  assert.equal(monthly.length, months + 1)
  for (const run of list.filter(({ state }) => state === 'finished')) {
    const renewed = (await runs.outcomes(run.id)).filter(({ action }) => action === 'renew')
    assert.equal(new Set(renewed.map(({ name }) => name)).size, renewed.length, run.id)
  }
  const byId = new Map(all.map((one) => [one.id, one]))
  const announced = events.filter(({ kind }) => kind === 'expiring')
  assert.equal(new Set(announced.map(({ id }) => id)).size, announced.length)
  let expected = 0
  for (const run of monthly) {
    assert.equal(run.state, 'finished')
    const told = new Set(
      announced.filter(({ atMs }) => atMs === run.atMs).map(({ certificate }) => certificate.fingerprint),
    )
    for (const one of all) {
      const replacedAtMs = byId.get(one.successorId ?? '')?.createdAtMs ?? Number.POSITIVE_INFINITY
      // What was made or replaced while the run was in the hands of a dead one may be told of, or not.
      const during = (ms: number) => ms >= run.atMs && ms <= (run.finishedAtMs ?? 0)
      if (one.createdAtMs > (run.finishedAtMs ?? 0) || replacedAtMs < run.atMs) assert.ok(!told.has(one.fingerprint))
      else if (!during(one.createdAtMs) && !during(replacedAtMs))
        assert.equal(told.has(one.fingerprint), planForTenant(one, run.atMs, policy) === 'announce')
    }
    expected += told.size
  }
  assert.equal(announced.length, expected)
  const ended = all.filter(({ renewer, notAfterMs }) => renewer === 'user' && notAfterMs < Date.UTC(2028, 10, 15))
  assert.equal(events.filter(({ kind }) => kind === 'expired').length, ended.length)
  assert.ok(ended.length > certificates / 50)
}

/** Numbers from 0 to 1 (mulberry32): the same for the same seed. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
