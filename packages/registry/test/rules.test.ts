import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isPlatformError, ManualClock } from '@landbridge/kernel'
import fc from '@landbridge/testkit/properties'
import {
  AttemptLimiter,
  type ConnectorSession,
  decideClaim,
  parseConnectorHello,
  parseLocationId,
  parseSubaccountId,
  rolesOf,
} from '../src/index.ts'

const code = (expected: Parameters<typeof isPlatformError>[1]) => (thrown: unknown) => isPlatformError(thrown, expected)

test('a location ID is empty or at most 189 characters of those that belong in a URI (SCC-067)', () => {
  for (const good of ['', 'warehouse', 'a-b.c_d~9', 'x'.repeat(189)]) assert.equal(parseLocationId(good), good)
  for (const bad of ['a b', 'ä', 'a/b', 'a%20', 'x'.repeat(190), 'a\n'])
    assert.throws(() => parseLocationId(bad), code('LOCATION_ID_INVALID'))
})

test('a subaccount name in place of its ID has an error of its own (SCC-052)', () => {
  assert.equal(parseSubaccountId(' 8A1E3C0F-6D1B-4C52-9A2E-0F4B7D9C1E55 '), '8a1e3c0f-6d1b-4c52-9a2e-0f4b7d9c1e55')
  assert.throws(() => parseSubaccountId('my-subaccount'), code('SUBACCOUNT_NOT_AN_ID'))
})

test('the default role collections and custom ones give the role to connect (SCC-054, SCC-055)', () => {
  const needed = 'Cloud Connector Administrator'
  for (const name of [
    'Subaccount Administrator',
    'Cloud Connector Administrator',
    'Connectivity and Destination Administrator',
  ])
    assert.equal(rolesOf([name], []).has(needed), true, name)
  assert.equal(rolesOf(['Destination Administrator'], []).has(needed), false)
  assert.equal(rolesOf(['Plumbers'], [{ subaccountId: '', name: 'Plumbers', roles: [needed] }]).has(needed), true)
  assert.equal(rolesOf(['toString', 'constructor', '__proto__'], []).size, 0)
})

test('the default role collections hold the connectivity roles that the guide lists (DEST-237)', () => {
  for (const [name, roles] of [
    ['Subaccount Administrator', ['Cloud Connector Administrator', 'Destination Administrator']],
    ['Subaccount Viewer', ['Cloud Connector Auditor', 'Destination Viewer']],
    ['Cloud Connector Administrator', ['Cloud Connector Administrator']],
    ['Destination Administrator', ['Destination Administrator']],
    ['Connectivity and Destination Administrator', ['Cloud Connector Administrator', 'Destination Administrator']],
  ] as const) {
    const held = rolesOf([name], [])
    for (const role of roles) assert.ok(held.has(role), `${name}: ${role}`)
  }
  assert.ok(!rolesOf(['Subaccount Viewer'], []).has('Destination Administrator'))
})

describe('guessing of passwords', () => {
  test('gets slower after five failures and is free again after the wait', () => {
    const clock = new ManualClock()
    const limiter = new AttemptLimiter(clock)
    for (let i = 0; i < 6; i++) {
      limiter.assertAllowed('a')
      limiter.failed('a')
    }
    assert.throws(() => limiter.assertAllowed('a'), code('PAIRING_ATTEMPTS_EXCEEDED'))
    limiter.assertAllowed('b')
    clock.advance(1_000)
    limiter.assertAllowed('a')
    limiter.failed('a')
    clock.advance(1_999)
    assert.throws(() => limiter.assertAllowed('a'), code('PAIRING_ATTEMPTS_EXCEEDED'))
    limiter.succeeded('a')
    limiter.assertAllowed('a')
  })
})

const session = (connectorId: string, loadSharing: boolean, sessionId = connectorId): ConnectorSession => ({
  sessionId,
  replicaId: 'r',
  subaccountId: 's',
  locationId: '',
  connectorId,
  version: '1',
  description: '',
  connectorDescription: '',
  haRole: '',
  loadSharing,
  fingerprint: 'f',
  serial: '1',
  remoteAddress: '',
  connectedSinceMs: 0,
  leaseUntilMs: 1,
})

test('one connector per location, several when all of them share the load (SCC-066)', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), fc.boolean()), { maxLength: 12 }), (arrivals) => {
      let present: readonly ConnectorSession[] = []
      for (const [index, [connector, loadSharing]] of arrivals.entries()) {
        const candidate = session(`c${connector}`, loadSharing, `s${index}`)
        const decision = decideClaim(present, candidate)
        if (decision.kind === 'taken') continue
        const replaced = new Set(decision.replaced)
        present = [...present.filter((one) => !replaced.has(one)), candidate]
      }
      assert.ok(present.length <= 1 || present.every((one) => one.loadSharing))
      assert.equal(new Set(present.map((one) => one.connectorId)).size, present.length)
    }),
  )
})

test('a connector that comes back takes the place of its own old session at once', () => {
  const old = session('c1', false, 'old')
  assert.deepEqual(decideClaim([old], session('c1', false, 'new')), { kind: 'accepted', replaced: [old] })
})

test('any first message is either read or refused with a code of the catalogue', () => {
  const hello = {
    type: 'hello',
    protocol: 1,
    version: '0.1.0',
    connectorId: 'c-1',
    subaccountId: '8a1e3c0f-6d1b-4c52-9a2e-0f4b7d9c1e55',
    locationId: '',
    description: 'cellar',
    loadSharing: true,
  }
  assert.equal(parseConnectorHello(hello).description, 'cellar')
  fc.assert(
    fc.property(fc.record(Object.fromEntries(Object.keys(hello).map((key) => [key, fc.jsonValue()]))), (message) => {
      try {
        parseConnectorHello({ ...hello, ...message })
      } catch (thrown) {
        assert.ok(isPlatformError(thrown))
      }
    }),
  )
  assert.throws(() => parseConnectorHello({ ...hello, protocol: 2 }), code('CONNECTOR_HELLO_INVALID'))
  assert.throws(() => parseConnectorHello({ ...hello, connectorId: 'a/b' }), code('CONNECTOR_HELLO_INVALID'))
})
