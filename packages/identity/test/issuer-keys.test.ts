import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { isPlatformError, ManualClock, silentLog } from '@landbridge/kernel'
import { issuerKeys, LocalCa } from '../src/index.ts'
import { testIssuer } from './issuer.ts'

const ca = await LocalCa.create({ subject: { CN: 'Test CA' } })
const first = await testIssuer('k1')
const second = await testIssuer('k2')
const answers = new Map<string, object>()
const asked: string[] = []
const server = createServer(await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 }))
server.on('request', (request, response) => {
  asked.push(request.url ?? '')
  const answer = answers.get(request.url ?? '')
  response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
after(() => server.close())
const base = `https://127.0.0.1:${(server.address() as AddressInfo).port}`

function open(issuer: string, contents: Readonly<Record<string, object>>, jwksUri?: string) {
  answers.clear()
  asked.length = 0
  for (const [path, content] of Object.entries(contents)) answers.set(path, content)
  const clock = new ManualClock()
  const changes: string[] = []
  const keys = issuerKeys({
    issuer,
    ...(jwksUri === undefined ? {} : { jwksUri }),
    ca: ca.certificatePem,
    clock,
    log: silentLog,
    onChange: () => changes.push('changed'),
  })
  const find = (keyId: string) => keys.findKey({ keyId, algorithm: 'ES256', issuer })
  return { clock, keys, find, changes }
}

const document = '/realm/.well-known/openid-configuration'
const unavailable = (thrown: unknown) => isPlatformError(thrown, 'TOKEN_KEYS_UNAVAILABLE')

test('the key set is found by discovery, at the address of a UAA, or where the configuration says', async () => {
  const keys = { keys: [first.jwk] }
  const oidc = { [document]: { issuer: `${base}/realm`, jwks_uri: `${base}/certs` }, '/certs': keys }
  assert.notEqual(await open(`${base}/realm`, oidc).find('k1'), undefined)
  assert.deepEqual(asked, [document, '/certs'])
  assert.notEqual(await open(`${base}/oauth/token`, { '/token_keys': keys }).find('k1'), undefined)
  assert.deepEqual(asked, ['/token_keys'])
  assert.notEqual(await open('https://elsewhere.test', { '/own': keys }, `${base}/own`).find('k1'), undefined)
  assert.deepEqual(asked, ['/own'])
})

test('a discovery document lends keys to its own issuer only, and only over https', async () => {
  const keys = { '/certs': { keys: [first.jwk] } }
  for (const found of [
    { issuer: `${base}/realm/`, jwks_uri: `${base}/certs` },
    { issuer: `${base}/realm`, jwks_uri: 'http://elsewhere.test/certs' },
    { issuer: `${base}/realm`, jwks_uri: 'nowhere' },
    { issuer: `${base}/realm` },
    [],
  ])
    await assert.rejects(open(`${base}/realm`, { ...keys, [document]: found }).find('k1'), unavailable)
  assert.ok(!asked.includes('/certs'))
  assert.throws(
    () => open('http://idp.test', {}),
    (thrown) => isPlatformError(thrown, 'CONFIG_INVALID'),
  )
})

test('whoever hands keys on gets public ones, hears of changes, and keeps the last set while the issuer is down', async () => {
  const { keys, clock, changes } = open(`${base}/oauth/token`, { '/token_keys': { keys: [{ ...first.jwk, d: 'AA' }] } })
  const published = async () => (await keys.keySet()).keys.map(({ kid, d }) => [kid, d])
  assert.deepEqual(await published(), [['k1', undefined]])
  clock.advance(15 * 60_000)
  await published()
  assert.deepEqual(changes, [])
  answers.set('/token_keys', { keys: [first.jwk, second.jwk] })
  clock.advance(15 * 60_000)
  assert.equal((await published()).length, 2)
  assert.deepEqual(changes, ['changed'])
  answers.clear()
  clock.advance(15 * 60_000)
  assert.equal((await published()).length, 2)
  assert.equal(asked.length, 4)
})
