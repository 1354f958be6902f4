import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import type { CertificateRecord } from '@landbridge/certificates'
import { isPlatformError, ManualClock } from '@landbridge/kernel'
import { everyDatabase } from '@landbridge/testkit'
import {
  addCertificate,
  newAuthority,
  openReplica,
  type ReplicaStore,
  recordedEvents,
  startLife,
  subaccountId,
} from './renewal-landscape.ts'

const dayMs = 86_400_000

/** Seven days before a scheduled run, so that nothing is due by the calendar. */
const start = Date.UTC(2027, 0, 25)
const toRun = Date.UTC(2027, 1, 1) - start

for (const { name, url, skip } of await everyDatabase())
  describe(name, { skip }, () => {
    /** A database without certificates, and two replicas on it (on SQLite, where one process works, two jobs). */
    const landscape = async () => {
      const clock = new ManualClock(start)
      const first = await openReplica(url, clock)
      const second = name === 'SQLite' ? first : await openReplica(url, clock)
      for (const table of ['renewal_runs', 'renewal_outcomes', 'certificate_events', 'tenant_certificates'] as const)
        await first.store.db.deleteFrom(table).execute()
      const authority = await newAuthority(clock)
      return {
        clock,
        authority,
        first,
        second,
        life: (replica: ReplicaStore = first) => startLife({ replica, authority, clock }),
        async [Symbol.asyncDispose]() {
          await first.close()
          if (second !== first) await second.close()
        },
      }
    }

    test('the monthly job renews what ends in 62 days and announces what ends in 63 to 90 (CERT-001, CERT-002, CERT-003)', async () => {
      await using land = await landscape()
      const { clock, authority, first } = land
      const add = (days: number, renewer: 'platform' | 'user' = 'platform') =>
        addCertificate(first, authority, clock, {
          name: `${renewer}-${days}`,
          lifetimeDays: days + toRun / dayMs,
          renewer,
        })
      const [due, soon, later, uploaded] = [await add(62), await add(89), await add(100), await add(30, 'user')]
      const { job } = land.life()
      clock.advance(toRun)
      await job.look()
      const events = await recordedEvents(first)
      assert.deepEqual(events.map(({ kind, certificate, renewer }) => [kind, certificate.name, renewer]).toSorted(), [
        ['expiring', 'platform-89', 'platform'],
        ['expiring', 'user-30', 'user'],
        ['renewed', 'platform-62', 'platform'],
      ])
      const [next] = await first.certificates
        .list({ subaccountId, state: 'active' })
        .then((all) => all.filter((one) => one.name === 'platform-62'))
      assert.equal(next?.predecessorId, due.id)
      assert.equal(next?.subject, due.subject)
      assert.equal(next?.notAfterMs, clock.now() + due.lifetimeDays * dayMs)
      assert.notEqual(next?.fingerprint, due.fingerprint)
      const renewed = events.find(({ kind }) => kind === 'renewed')
      assert.equal(renewed?.previous?.fingerprint, due.fingerprint)
      assert.equal(renewed?.certificate.fingerprint, next?.fingerprint)
      assert.ok(!JSON.stringify(events).includes('PRIVATE KEY'))
      for (const kept of [soon, later, uploaded])
        assert.equal((await first.certificates.find(kept.id))?.state, 'active')
    })

    test('the old certificate is kept with its key and linked to its successor until it is retired (CERT-006)', async () => {
      await using land = await landscape()
      const { clock, authority, first } = land
      const old = await addCertificate(first, authority, clock, { lifetimeDays: 40, keyAlgorithm: 'RSA-2048' })
      clock.advance(toRun)
      await land.life().job.look()
      const replaced = await first.certificates.find(old.id)
      assert.equal(replaced?.state, 'replaced')
      assert.equal(replaced?.certificate, old.certificate)
      const next = await first.certificates.find(replaced?.successorId ?? '')
      assert.equal(next?.predecessorId, old.id)
      assert.equal(new X509Certificate(next!.certificate).publicKey.asymmetricKeyType, 'rsa')
      for (const one of [old, next!]) {
        const key = await first.certificates.privateKey(one.id)
        assert.ok(new X509Certificate(one.certificate).checkPrivateKey(createPrivateKey(key!.reveal())))
      }
      assert.equal(await first.certificates.retire(old.id, clock.now()), true)
      assert.equal(await first.certificates.retire(old.id, clock.now()), false)
      assert.equal(await first.certificates.privateKey(old.id), undefined)
      assert.equal((await first.certificates.find(old.id))?.certificate, old.certificate)
    })

    test('two replicas at the same moment, and a second run that day, renew and announce once (CERT-003, CERT-005)', async () => {
      await using land = await landscape()
      const { clock, authority, first, second } = land
      for (let i = 0; i < 10; i++) await addCertificate(first, authority, clock, { lifetimeDays: 40 + i * 10 })
      const jobs = [land.life(first).job, land.life(second).job]
      clock.advance(toRun)
      await Promise.all(jobs.map((job) => job.look()))
      const events = await recordedEvents(first)
      const counts = (kind: string) => events.filter((event) => event.kind === kind).length
      assert.deepEqual([counts('renewed'), counts('expiring')], [3, 3])
      const repeated = await Promise.all(jobs.map((job) => job.runNow(clock.now())))
      assert.deepEqual(
        repeated.map(({ state, outcome }) => [state, outcome.map(({ action }) => action)]),
        Array(2).fill(['finished', Array(3).fill('announce')]),
      )
      assert.equal((await recordedEvents(first)).length, events.length)
      assert.equal((await first.certificates.list({ state: 'active' })).length, 10)
    })

    test('a replica that dies in the middle leaves whole certificates, and another finishes its run (CERT-005)', async () => {
      await using land = await landscape()
      const { clock, authority, first, second } = land
      for (let i = 0; i < 8; i++) await addCertificate(first, authority, clock, { lifetimeDays: 40 })
      const dying = land.life(first)
      dying.killAtEvent(4)
      clock.advance(toRun)
      await dying.job.look()
      assert.ok(dying.isDead)
      assert.deepEqual(await states(first), { active: 8, replaced: 3 })
      const { job } = land.life(second)
      await job.look()
      assert.deepEqual(await states(first), { active: 8, replaced: 3 }, 'the lease of the dead one still stands')
      clock.advance(300_000)
      await job.look()
      assert.deepEqual(await states(first), { active: 8, replaced: 8 })
      assert.equal((await recordedEvents(first)).length, 8)
      const [run] = await first.runs.list(10)
      assert.deepEqual([run?.id, run?.state], ['monthly:2027-02', 'finished'])
      assert.equal((await first.runs.outcomes('monthly:2027-02')).length, 8)
    })

    test('a holder whose lease was taken writes nothing more (CERT-005)', async () => {
      await using land = await landscape()
      const { clock, authority, first, second } = land
      const old = await addCertificate(first, authority, clock, { lifetimeDays: 40 })
      const run = { id: 'monthly:2027-02', atMs: clock.now(), holder: 'first' }
      assert.ok(await first.runs.claim(run, clock.now() + 1_000))
      assert.equal(await second.runs.claim({ ...run, holder: 'second' }, clock.now() + 1_000), undefined)
      clock.advance(1_000)
      const taken = await second.runs.claim({ ...run, atMs: clock.now(), holder: 'second' }, clock.now() + 1_000)
      assert.deepEqual(taken, { ...run, holder: 'second' })
      const outcome = {
        certificate: 'c',
        kind: 'tenant-client',
        name: old.name,
        subaccountId,
        fingerprint: old.fingerprint,
        notAfterMs: old.notAfterMs,
        action: 'renew',
      } as const
      const step = (held: typeof run, replica: ReplicaStore) =>
        replica.runs.step(held, clock.now() + 1_000, outcome, async () => true)
      assert.equal(await step(run, first), 'lost')
      assert.equal(await step(taken!, second), 'done')
      assert.equal(await step(taken!, second), 'repeated')
      await second.runs.finish(taken!)
      assert.equal(await step(taken!, second), 'lost')
      assert.equal(await second.runs.claim(taken!, clock.now() + 1_000), undefined)
    })

    test('a dry run shows for any date what would happen, and changes nothing (CERT-001, CERT-002)', async () => {
      await using land = await landscape()
      const { clock, authority, first } = land
      const one = await addCertificate(first, authority, clock, { lifetimeDays: 365 })
      const { job } = land.life()
      const shown = async (days: number) =>
        (await job.preview(one.notAfterMs - days * dayMs)).map(({ action, name: certificate }) => [action, certificate])
      assert.deepEqual(await shown(62), [['renew', one.name]])
      assert.deepEqual(await shown(90), [['announce', one.name]])
      assert.deepEqual(await shown(91), [])
      assert.deepEqual(await recordedEvents(first), [])
      assert.deepEqual(await first.runs.list(10), [])
      const done = await job.runNow(one.notAfterMs - 62 * dayMs)
      assert.deepEqual(
        done.outcome.map(({ action }) => action),
        ['renew'],
      )
    })

    test('a month that nobody was up for is made up for at the next start (CERT-001, CERT-005)', async () => {
      await using land = await landscape()
      const { clock, authority, first } = land
      await addCertificate(first, authority, clock, { lifetimeDays: 80 })
      clock.advance(25 * dayMs)
      const { job } = land.life()
      job.start()
      await job.look()
      await job.close()
      assert.equal((await first.runs.find('monthly:2027-02'))?.state, 'finished')
      assert.deepEqual(
        (await recordedEvents(first)).map(({ kind }) => kind),
        ['renewed'],
      )
    })

    test('a lifetime shorter than a month is renewed between the runs, when a third of it is left (CERT-001)', async () => {
      await using land = await landscape()
      const { clock, authority, first } = land
      clock.advance(toRun + dayMs)
      const { job } = land.life()
      await job.look()
      await addCertificate(first, authority, clock, { lifetimeDays: 9 })
      for (let day = 1; day <= 5; day++) {
        clock.advance(dayMs)
        await job.look()
      }
      assert.deepEqual(await recordedEvents(first), [])
      clock.advance(dayMs)
      await job.look()
      assert.deepEqual(
        (await recordedEvents(first)).map(({ kind }) => kind),
        ['renewed'],
      )
    })

    test('an uploaded certificate that ends between two runs is reported once (CERT-017)', async () => {
      await using land = await landscape()
      const { clock, authority, first } = land
      await addCertificate(first, authority, clock, { lifetimeDays: 9, renewer: 'user' })
      const { job } = land.life()
      for (let hour = 0; hour < 14 * 24; hour += 6) {
        clock.advance(dayMs / 4)
        await job.look()
      }
      const events = await recordedEvents(first)
      assert.deepEqual(
        events.map(({ kind }) => kind),
        // By the run of January, which is made up for at the start, and by that of February.
        ['expiring', 'expiring', 'expired'],
      )
    })

    test('certificates of other parts are told of: announced, late, ended; a part that fails hinders nobody (CERT-017)', async () => {
      await using land = await landscape()
      const { clock, authority, first } = land
      await addCertificate(first, authority, clock, { lifetimeDays: 40 })
      const other = (endsInDays: number, renewer: CertificateRecord['renewer']): CertificateRecord => ({
        id: `tunnel:${renewer}:${endsInDays}`,
        kind: 'tunnel',
        name: `${renewer}-${endsInDays}`,
        owner: { subaccountId },
        fingerprint: 'f'.repeat(64),
        subject: 'CN=x',
        issuer: 'CN=y',
        serialNumber: '01',
        notBeforeMs: start - 300 * dayMs,
        notAfterMs: start + toRun + endsInDays * dayMs,
        chain: [],
        renewer,
        state: 'active',
      })
      const records = [other(80, 'user'), other(80, 'connector'), other(10, 'connector'), other(3, 'user')]
      const others = [
        { name: 'tunnels', list: async () => records },
        { name: 'broken', list: () => Promise.reject(new Error('this part is away')) },
      ]
      const { job } = startLife({ replica: first, authority, clock, others })
      clock.advance(toRun)
      for (let day = 0; day < 5; day++) {
        await job.look()
        clock.advance(dayMs)
      }
      assert.deepEqual(
        (await recordedEvents(first)).map(({ kind, certificate }) => [kind, certificate.name]).toSorted(),
        [
          ['expired', 'user-3'],
          ['expiring', 'connector-10'],
          ['expiring', 'user-3'],
          ['expiring', 'user-80'],
          ['renewed', (await first.certificates.list({ state: 'replaced' }))[0]?.name],
        ],
      )
    })

    test('one active certificate has a name, and a key is sealed at rest', async () => {
      await using land = await landscape()
      const { clock, authority, first } = land
      const one = await addCertificate(first, authority, clock, { name: 'erp' })
      await assert.rejects(addCertificate(first, authority, clock, { name: 'erp' }), (failure) =>
        isPlatformError(failure, 'TENANT_CERTIFICATE_EXISTS'),
      )
      const rows = await first.store.db.selectFrom('tenant_certificates').selectAll().execute()
      assert.ok(!JSON.stringify(rows).includes('PRIVATE KEY'))
      await first.certificates.retire(one.id, clock.now())
      await addCertificate(first, authority, clock, { name: 'erp' })
    })
  })

async function states({ certificates }: ReplicaStore): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { state } of await certificates.list()) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
