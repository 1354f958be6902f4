import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileAccess } from '@landbridge/access'
import { createLog, type Log, silentLog } from '@landbridge/kernel'
import { type Seen, startCertificateBackend } from '@landbridge/testkit'
import { StreamKind } from '@landbridge/tunnel'
import { TargetTable } from '../src/backend/target.ts'
import { type BackendTimeouts, defaultPropagationSettings, Propagator, SubaccountPropagation } from '../src/index.ts'
import {
  mappingsOf,
  type PropagatingConnector,
  testCertificates,
  testClock,
  withPropagatingConnector,
} from './propagating-connector.ts'
import { tokenIssuer } from './token-issuer.ts'

const access = compileAccess(mappingsOf(443))
const decision = access.decideHttp('https-x509-restricted.test', 443, '/', false)
assert.ok(typeof decision === 'object')
const { system } = decision

test('a user seen before costs no turn of the event loop (SCC-151)', async () => {
  const clock = testClock()
  const { authority } = await testCertificates(clock)
  const propagator = new Propagator(clock, silentLog)
  const settings = defaultPropagationSettings
  propagator.configure({ settings, authority, hasSystemCertificate: true })
  const propagation = new SubaccountPropagation(propagator, 'subaccount-1', 'region.test')
  const idp = tokenIssuer('https://idp.test', clock.now())
  propagation.configure([idp])
  const preface = {
    kind: StreamKind.http,
    virtualHost: 'x',
    virtualPort: 443,
    userToken: idp.token({ user_name: 'ann' }),
    technicalToken: '',
    traceId: '',
    clientId: '',
  }
  const first = propagation.decide(system, preface)
  assert.ok(first instanceof Promise)
  const issued = await first
  assert.equal(propagation.decide(system, preface), issued)
  // The same again after a change that concerns nobody: settings and issuers are the same objects.
  propagator.configure({ settings, authority, hasSystemCertificate: true })
  propagation.configure([...[idp]])
  assert.equal(propagation.decide(system, preface), issued)
})

test('users without connections leave nothing behind, others keep theirs', () => {
  const table = new TargetTable()
  const named = (name: string) => table.find(system, { name, user: name, certificate: null })
  const ann = named('CN=ann')
  const bob = named('CN=bob')
  const nobody = table.find(system, null)
  assert.notEqual(ann, bob)
  ann.open = 1
  for (const target of [ann, bob, nobody]) table.forgetUnused(target)
  assert.equal(named('CN=ann'), ann)
  assert.equal(table.find(system, null), nobody)
  assert.notEqual(named('CN=bob'), bob)
})

async function withBackend(
  timeouts: Partial<BackendTimeouts>,
  run: (
    connector: PropagatingConnector,
    ask: (user: string, clientConnection?: string) => Promise<Seen>,
  ) => Promise<void>,
  log: Log = silentLog,
): Promise<void> {
  const { system, authority } = await testCertificates(testClock())
  const backend = await startCertificateBackend(system.cert)
  const idp = tokenIssuer('https://idp.test', testClock().now())
  // Each user has one: another signature would make it another token.
  const tokens = new Map<string, string>()
  const parts = { backend, system, authority, timeouts, log }
  await withPropagatingConnector(parts, [idp], (connector) =>
    run(connector, async (user, clientConnection) => {
      const userToken = tokens.get(user) ?? idp.token({ user_name: user })
      tokens.set(user, userToken)
      const asked = { userToken }
      const answer = await connector.ask(clientConnection === undefined ? asked : { ...asked, clientConnection })
      assert.equal(answer.status, 200, answer.body)
      return JSON.parse(answer.body) as Seen
    }),
  ).finally(() => backend.close())
}

test('the connections that wait for users are limited, the longest waiting goes first', () =>
  withBackend({ maxIdleOfUsers: 3 }, async (connector, ask) => {
    for (const user of ['a', 'b', 'c', 'd', 'e', 'e']) await ask(user)
    assert.equal(connector.pool.size, 3)
    for (const user of ['c', 'd', 'e']) await ask(user)
    assert.equal(connector.pool.size, 3)
  }))

test('a user who comes back resumes the TLS session of that user and of nobody else', () =>
  withBackend({ idleMs: 30_000 }, async (connector, ask) => {
    const resumed = async (user: string): Promise<boolean> => (await ask(user)).resumed
    assert.deepEqual([await resumed('ann'), await resumed('bob')], [false, false])
    for (let round = 0; round < 3; round++) {
      connector.clock.advance(40_000)
      assert.deepEqual([await resumed('ann'), await resumed(`eve${round}`)], [true, false])
    }
    // Whoever the connector was before, it is somebody else now.
    connector.pool.secure({ ...connector.pool.security })
    assert.equal(await resumed('ann'), false)
  }))

test('a client connection has one backend connection for each user, kept until it is told or presumed gone (SCC-226)', () =>
  withBackend({ idleMs: 30_000, maxIdleOfClients: 3 }, async (connector, ask) => {
    const { pool } = connector
    for (const client of ['1', '2', '1', '2']) await ask('ann', client)
    await ask('ann')
    assert.deepEqual([pool.size, pool.clients.size], [3, 2])
    await ask('bob', '2')
    assert.deepEqual([pool.size, pool.clients.size], [4, 2])
    // One too many: that of the client who has been silent for the longest time goes.
    await ask('ann', '3')
    assert.deepEqual([pool.size, pool.clients.size], [4, 2])
    connector.clock.advance(300_000)
    while (pool.size > 3) await nextTurn()
    connector.clock.advance(301_000)
    while (pool.size > 0) await nextTurn()
    assert.equal(pool.clients.size, 0)
    await assert.rejects(ask('ann', 'x'.repeat(33)), /reset/)
  }))

test('a token that was never defined is refused as unknown, and the log says so at the first and the tenth', async () => {
  const told: unknown[] = []
  const log = createLog((_level, event, facts) => told.push([event, facts.reason, facts.token, facts.count]), 'warn')
  const tenTimesAndMore = async (connector: PropagatingConnector, ask: (user: string) => Promise<Seen>) => {
    await ask('ann')
    connector.loseTokens()
    for (let request = 0; request < 12; request++) await assert.rejects(ask('ann'), /was reset/)
    await ask('bob')
  }
  await withBackend({}, tenTimesAndMore, log)
  assert.deepEqual(told, [
    ['tunnel.preface-refused', 'token-undefined', 0, 1],
    ['tunnel.preface-refused', 'token-undefined', 0, 10],
  ])
})

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))
