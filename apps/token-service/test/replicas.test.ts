import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { connect } from 'node:tls'
import { TokenVerifier } from '@landbridge/identity'
import { createLog, isPlatformError, ManualClock, PlatformError, Sealer } from '@landbridge/kernel'
import { temporaryFolder } from '@landbridge/testkit'
import { ann, ca, headerOf, password, startTestService, testConfig } from './test-service.ts'

const hour = 3_600_000
const folder = temporaryFolder()
after(() => folder[Symbol.dispose]())

test("replicas on one store accept each other's tokens, and a refresh token of one works at the other (RC-031, RC-036)", async () => {
  const shared = {
    storeUrl: `sqlite:${folder.path}/shared.db`,
    sealer: new Sealer(randomBytes(32)),
    config: { uaaDomain: 'localhost' },
  }
  const [a, b] = [await startTestService(shared), await startTestService(shared)]
  const { json } = await a.token({ grant_type: 'password', username: ann.userName, password })
  const keys = await b.get('/token_keys')
  assert.deepEqual((await a.get('/token_keys')).json, keys.json)
  const verifier = new TokenVerifier({ keys: b.app.ring, clock: b.clock, acceptIssuer: b.app.isOwnIssuer })
  assert.equal((await verifier.verify(json.access_token)).userName, ann.userName)
  assert.equal((await b.token({ grant_type: 'refresh_token', refresh_token: json.refresh_token })).status, 200)
  await Promise.all([a.close(), b.close()])
})

test('the key set shows a new key at least 30 minutes before a token names it (RC-040)', async () => {
  const service = await startTestService({ config: { keyRotationDays: 1, keyPublishAheadMinutes: 30 } })
  const keyIds = async () => (await service.get('/token_keys')).json.keys.map((key: { kid: string }) => key.kid)
  const keyInUse = async () =>
    headerOf((await service.token({ grant_type: 'client_credentials' })).json.access_token).kid
  const first = await keyInUse()
  service.clock.advance(23.5 * hour)
  const [old, next] = await keyIds()
  assert.equal(old, first)
  assert.notEqual(next, undefined)
  service.clock.advance(hour / 2 - 1)
  assert.equal(await keyInUse(), first)
  service.clock.advance(1)
  assert.equal(await keyInUse(), next)
  assert.ok((await keyIds()).includes(first), 'the old key stays')
  await service.close()
})

test('while the store is broken, tokens are still issued', async () => {
  const service = await startTestService()
  await service.store.close()
  service.clock.advance(hour)
  assert.equal((await service.token({ grant_type: 'client_credentials' })).status, 200)
  assert.equal((await service.get('/token_keys')).status, 200)
  await service.app.close()
})

test('an outage is answered 5xx, never 400, and its cause stays in the log (RC-039)', async () => {
  const failures = [
    { thrown: new PlatformError('STORE_FAILED'), status: 503, error: 'temporarily_unavailable' },
    { thrown: new Error('password=geheim'), status: 500, error: 'server_error' },
  ]
  for (const { thrown, status, error } of failures) {
    const fail = () => Promise.reject(thrown)
    const service = await startTestService({ tenants: { tenantById: fail, tenantBySubdomain: fail } })
    for (const answer of [
      await service.get('/token_keys?zid=any'),
      await service.token({ grant_type: 'client_credentials' }),
    ]) {
      assert.deepEqual([answer.status, answer.json.error], [status, error])
      assert.ok(!answer.text.includes('geheim'))
    }
    await service.close()
  }
})

test('server certificates are renewed at half their life, while the service runs', async () => {
  const renewed = Promise.withResolvers<void>()
  const log = createLog((_level, event) => {
    if (event === 'token-service.certificate.renewed') renewed.resolve()
  })
  // The service's alarms run on the clock that it is given.
  const clock = new ManualClock(Date.now())
  const service = await startTestService({ log, clock })
  const serialNumber = (servername: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port: service.port,
        servername,
        ca: ca.certificatePem,
      })
      socket.on('error', reject)
      socket.on('secureConnect', () => {
        resolve(socket.getPeerCertificate().serialNumber)
        socket.destroy()
      })
    })
  // The second name gets the certificate for clients that ask for no name of ours.
  const names = ['sub1.localhost', '']
  const first = await Promise.all(names.map(serialNumber))
  assert.deepEqual(await Promise.all(names.map(serialNumber)), first)
  clock.advance(15 * 24 * hour)
  await renewed.promise
  const second = await Promise.all(names.map(serialNumber))
  for (const at of names.keys()) assert.notEqual(second[at], first[at])
  await service.close()
})

test('a taken port is named with the setting to change, and closing twice is harmless', async () => {
  const service = await startTestService()
  const again = startTestService({ config: { port: service.port } })
  await assert.rejects(
    again,
    (thrown) => isPlatformError(thrown, 'PORT_IN_USE') && thrown.facts.setting === 'token-service.port',
  )
  await service.app.close()
  await service.close()
})

test('the defaults of the configuration suit the clients (RC-025)', () => {
  const config = testConfig()
  assert.equal(config.accessTokenSeconds, 43_200)
  assert.ok(config.keyPublishAheadMinutes >= 30)
  assert.equal(config.host, '127.0.0.1')
})

test('the verification key for bindings is the PEM of the key in use (RC-041)', async () => {
  const service = await startTestService()
  const pem = await service.app.verificationKey()
  assert.match(pem, /^-----BEGIN PUBLIC KEY-----\n/)
  const key = await crypto.subtle.importKey(
    'spki',
    Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64'),
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    true,
    ['verify'],
  )
  const { n } = await crypto.subtle.exportKey('jwk', key)
  assert.equal((await service.get('/token_keys')).json.keys[0].n, n)
  await service.close()
})
