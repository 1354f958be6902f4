import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { createLog, isPlatformError, ManualClock, silentLog } from '@landbridge/kernel'
import { LocalCa, remoteKeySource } from '../src/index.ts'
import { testIssuer } from './issuer.ts'

const ca = await LocalCa.create({ subject: { CN: 'Test CA' } })
const first = await testIssuer('k1')
const second = await testIssuer('k2')

const state = { requests: 0, body: '', status: 200, location: '' }
const server = createServer(await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 }))
server.on('request', (_request, response) => {
  state.requests++
  response.writeHead(state.status, state.location === '' ? {} : { location: state.location }).end(state.body)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
after(() => server.close())

function setUp(keys: object[] = [first.jwk]) {
  Object.assign(state, { requests: 0, body: JSON.stringify({ keys }), status: 200, location: '' })
  const clock = new ManualClock()
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/token_keys`
  const source = remoteKeySource({ url, ca: ca.certificatePem, clock, log: silentLog })
  const find = (keyId: string) => source.findKey({ keyId, algorithm: 'ES256', issuer: 'https://any.test' })
  return { clock, url, find }
}

test('concurrent first callers share one fetch over verified TLS', async () => {
  const { find } = setUp()
  const found = await Promise.all(Array.from({ length: 20 }, () => find('k1')))
  assert.ok(found.every((key) => key !== undefined))
  assert.equal(state.requests, 1)
})

test('an unknown key ID causes one refresh, and made-up IDs cannot flood the issuer', async () => {
  const { find, clock } = setUp()
  await find('k1')
  state.body = JSON.stringify({ keys: [first.jwk, second.jwk] })
  assert.equal(await find('k2'), undefined)
  assert.equal(state.requests, 1)
  clock.advance(30_000)
  const found = await Promise.all([find('k2'), find('k2'), find('nonsense')])
  assert.notEqual(found[0], undefined)
  assert.notEqual(found[1], undefined)
  assert.equal(state.requests, 2)
  await Promise.all(Array.from({ length: 50 }, (_, n) => find(`made-up-${n}`)))
  assert.equal(state.requests, 2)
})

test('while the issuer is down, the last good keys stay in use', async () => {
  const { find, clock } = setUp()
  await find('k1')
  state.status = 503
  clock.advance(24 * 3_600_000)
  assert.notEqual(await find('k1'), undefined)
  clock.advance(30_000)
  assert.equal(await find('k9'), undefined)
})

test('without any keys the failure is named, and the next try may succeed', async () => {
  const { find, clock } = setUp()
  for (const broken of ['', '[]', '{"keys":1}', 'null']) {
    state.body = broken
    clock.advance(1_000)
    await assert.rejects(find('k1'), (thrown) => isPlatformError(thrown, 'TOKEN_KEYS_UNAVAILABLE'))
  }
  state.body = JSON.stringify({ keys: [first.jwk] })
  clock.advance(1_000)
  assert.notEqual(await find('k1'), undefined)
})

test('one broken key does not spoil the set', async () => {
  const { find } = setUp([
    { kty: 'EC', kid: 'bad', crv: 'P-256', x: 'AA', y: 'AA' },
    { kty: 'oct', kid: 'hmac', k: 'AAAA' },
    first.jwk,
  ])
  assert.notEqual(await find('k1'), undefined)
  assert.equal(await find('bad'), undefined)
  assert.equal(await find('hmac'), undefined)
})

test('a redirect is not followed', async () => {
  const { find, url } = setUp()
  Object.assign(state, { status: 302, location: url })
  await assert.rejects(find('k1'))
  assert.equal(state.requests, 1)
})

test('a server whose certificate is not trusted is not asked for keys, and the log says why', async () => {
  const { url, clock } = setUp()
  const events: string[] = []
  const other = await LocalCa.create({ subject: 'CN=Other' })
  const log = createLog((_level, event) => events.push(event))
  const source = remoteKeySource({ url, ca: other.certificatePem, clock, log })
  await assert.rejects(source.findKey({ keyId: 'k1', algorithm: 'ES256', issuer: 'i' }), (thrown) =>
    isPlatformError(thrown, 'TOKEN_KEYS_UNAVAILABLE'),
  )
  assert.equal(state.requests, 0)
  assert.deepEqual(events, ['identity.keys.fetch-failed'])
})

test('a key set over plain http is refused except on a loopback address', () => {
  const options = { clock: new ManualClock(), log: silentLog }
  assert.throws(() => remoteKeySource({ url: 'http://issuer.test/keys', ...options }))
  assert.throws(() => remoteKeySource({ url: 'file:///etc/passwd', ...options }))
  remoteKeySource({ url: 'http://127.0.0.1:1/keys', ...options })
})
