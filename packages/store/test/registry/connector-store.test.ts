import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { ManualClock } from '@landbridge/kernel'
import { type ConnectorCertificate, type ConnectorSession, Registry } from '@landbridge/registry'
import { everyDatabase } from '@landbridge/testkit'
import { openRegistry } from './open-registry.ts'

for (const { name, url, skip } of await everyDatabase())
  describe(name, { skip }, () => {
    const clock = new ManualClock()
    const now = clock.now()
    let replicas: Awaited<ReturnType<typeof openRegistry>>[]
    let subaccountId: string

    before(async () => {
      // The second opening of one database must not migrate again; SQLite has one process, so one connection.
      const first = await openRegistry(url, clock)
      replicas = first.store.kind === 'postgres' ? [first, await openRegistry(url, clock)] : [first, first]
      const registry = new Registry({ repository: first.registry, clock })
      subaccountId = (await registry.createSubaccount({ subdomain: 'acme' })).id
    })
    after(async () => {
      for (const { store } of new Set(replicas)) await store.close()
    })

    const session = (locationId: string, changes: Partial<ConnectorSession> = {}): ConnectorSession => ({
      sessionId: randomUUID(),
      replicaId: 'one',
      subaccountId,
      locationId,
      connectorId: randomUUID(),
      version: '0.1.0',
      description: 'cellar',
      connectorDescription: '',
      haRole: 'master',
      loadSharing: false,
      fingerprint: 'ab',
      serial: '01',
      remoteAddress: '192.0.2.1',
      connectedSinceMs: now,
      leaseUntilMs: now + 45_000,
      ...changes,
    })

    const certificate = (connectorId: string, changes: Partial<ConnectorCertificate> = {}): ConnectorCertificate => ({
      fingerprint: randomUUID(),
      serial: '01',
      subaccountId,
      connectorId,
      locationId: '',
      description: '',
      initiatedBy: 'bob@example.test',
      issuedAtMs: now,
      notAfterMs: now + 1_000_000,
      ...changes,
    })

    test('of many connectors that claim one location at the same moment exactly one gets it (SCC-066)', async () => {
      const claims = Array.from({ length: 12 }, (_, i) =>
        replicas[i % 2]!.registry.connectors.claimSession(session('race'), now),
      )
      const outcomes = (await Promise.all(claims)).map((claim) => claim.kind)
      assert.deepEqual(outcomes.toSorted(), ['accepted', ...Array(11).fill('taken')])
      const place = { subaccountId, locationId: 'race' }
      assert.equal((await replicas[1]!.registry.connectors.listSessions(now, place)).length, 1)
    })

    test('two locations of one subaccount are served at the same time (SCC-065)', async () => {
      const { connectors } = replicas[0]!.registry
      for (const location of ['north', 'south'])
        assert.equal((await connectors.claimSession(session(location), now)).kind, 'accepted')
      const stored = (await connectors.listSessions(now, { subaccountId, locationId: 'north' }))[0]
      assert.equal(stored?.description, 'cellar')
      assert.equal(stored?.haRole, 'master')
    })

    test('the session of a dead replica stands in nobody’s way once its lease is over', async () => {
      const { connectors } = replicas[0]!.registry
      const dead = session('lease', { replicaId: 'dead' })
      await connectors.claimSession(dead, now)
      assert.equal((await connectors.claimSession(session('lease'), now + 44_999)).kind, 'taken')
      const alive = session('lease', { replicaId: 'alive', leaseUntilMs: now + 200_000 })
      assert.equal((await connectors.claimSession(alive, now + 45_000)).kind, 'accepted')
      assert.deepEqual(await connectors.renewSessions('alive', now + 300_000), [alive.sessionId])
      const expired = await connectors.removeExpiredSessions(now + 100_000)
      assert.ok(expired.some((one) => one.sessionId === dead.sessionId))
      assert.equal(await connectors.removeSession(alive.sessionId), true)
      assert.equal(await connectors.removeSession(alive.sessionId), false)
    })

    test('certificates are revoked one by one, by connector or by subaccount, and stay revoked', async () => {
      const { connectors } = replicas[0]!.registry
      const [a1, a2, b1, b2] = [certificate('a'), certificate('a'), certificate('b'), certificate('b')]
      const elsewhere = certificate('a', { subaccountId: randomUUID() })
      for (const one of [a1, a2, b1, b2, elsewhere]) await connectors.insertCertificate(one)
      const revoke = async (...args: Parameters<typeof connectors.revokeCertificates>) =>
        (await connectors.revokeCertificates(...args)).map((one) => one.fingerprint).toSorted()
      assert.deepEqual(await revoke({ fingerprint: a1.fingerprint }, 'stolen', now), [a1.fingerprint])
      assert.deepEqual(await revoke({ connectorId: 'a', subaccountId }, 'gone', now), [a2.fingerprint])
      assert.deepEqual(await revoke({ subaccountId }, 'closed', now), [b1.fingerprint, b2.fingerprint].toSorted())
      assert.deepEqual(await revoke({ subaccountId }, 'again', now), [])
      assert.deepEqual((await connectors.findCertificate(a1.fingerprint))?.revoked, { atMs: now, reason: 'stolen' })
      assert.deepEqual(await connectors.findCertificate(elsewhere.fingerprint), elsewhere)
      assert.equal((await connectors.listRevoked(now)).length, 4)
      assert.equal((await connectors.listRevoked(now + 1_000_000)).length, 0)
    })

    test('the last report of a connector is kept until its last good certificate is revoked or has ended (CERT-017)', async () => {
      const [one, other] = replicas.map(({ registry }) => registry.connectors)
      const [first, second] = [certificate('c'), certificate('c', { notAfterMs: now + 2_000_000 })]
      for (const each of [first, second]) await one!.insertCertificate(each)
      const chain = 'PEM'
      const report = (locationId: string, omitted: number) => ({
        ...{ subaccountId, connectorId: 'c', locationId, omitted, reportedAtMs: now + omitted },
        certificates: [
          { kind: 'connector-ui' as const, name: 'administration port', renewer: 'connector' as const, chain },
        ],
      })
      await one!.putCertificateReport(report('north', 0))
      await other!.putCertificateReport(report('south', 3))
      assert.deepEqual(await one!.listCertificateReports(now), [report('south', 3)])
      await other!.revokeCertificates({ fingerprint: first.fingerprint }, 'stolen', now)
      assert.equal((await one!.listCertificateReports(now + 1_500_000)).length, 1)
      assert.equal((await other!.listCertificateReports(now + 2_000_000)).length, 0)
      // Gone, not only left out.
      assert.equal((await one!.listCertificateReports(now)).length, 0)
    })
  })
