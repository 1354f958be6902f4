import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { createLog, ManualClock } from '@landbridge/kernel'
import { tokenUrlOfTenant } from '../src/token/token-client.ts'
import { demoDestination, found, startStandIn } from './stand-in.ts'

test('a destination is kept for five minutes, and during an outage for an hour more, with a warning (RFC-147, RFC-149)', async () => {
  await using platform = await startStandIn()
  const clock = new ManualClock()
  const events: string[] = []
  const log = createLog((_level, event) => events.push(event))
  await using client = platform.client({ clock, log, retry: { retries: 0 } })
  await client.findDestination('crm')
  clock.advance(299_000)
  await client.findDestination('crm')
  assert.equal(platform.finds.length, 1)
  clock.advance(1_000)
  platform.answer(503)
  assert.equal((await client.findDestination('crm')).url, 'https://crm.example')
  assert.ok(events.includes('client.destination.stale'))
  platform.answer(404)
  await assert.rejects(client.findDestination('crm'), { code: 'CLIENT_DESTINATION_NOT_FOUND' })
  platform.answer(503)
  await assert.rejects(client.findDestination('crm'), { code: 'CLIENT_SERVICE_FAILED' })
})

test('a time to live of 0 switches the cache off (RFC-147)', async () => {
  await using platform = await startStandIn()
  await using client = platform.client({ cache: { ttlMs: 0 } })
  await client.findDestination('crm')
  await client.findDestination('crm')
  assert.equal(platform.finds.length, 2)
  assert.equal(platform.tokens.length, 1)
})

test('what differs in tenant, user or fragments is never mixed up (RFC-151)', async () => {
  await using platform = await startStandIn()
  await using client = platform.client()
  const user = `e30.${Buffer.from(JSON.stringify({ zid: 'blue' })).toString('base64url')}.x`
  const ways = [
    {},
    { tenant: 'red' },
    { userToken: user },
    { userToken: user, tenant: 'red' },
    { fragments: ['f1'] },
    { fragments: ['f1', 'f2'] },
    { subjectToken: { token: 'a' } },
    { subjectToken: { token: 'b' } },
    { version: 'v2' as const, level: 'subaccount' as const },
  ]
  for (const way of [...ways, ...ways]) await client.findDestination('my crm', way)
  assert.equal(platform.finds.length, ways.length)
  assert.deepEqual(
    platform.tokens.map(({ headers }) => headers['x-zid']),
    [undefined, 'red', 'blue'],
  )
  assert.deepEqual(
    platform.finds.map(({ headers }) => headers.authorization),
    [1, 2, 3, 2, 1, 1, 1, 1, 1].map((number) => `Bearer t${number}`),
  )
  assert.equal(platform.finds[0]?.path, '/destination-configuration/v1/destinations/my%20crm')
  assert.equal(platform.finds[8]?.path, '/destination-configuration/v2/destinations/my%20crm@subaccount')
  assert.equal(platform.finds[2]?.headers['x-user-token'], user)
  assert.equal(platform.finds[5]?.headers['x-fragment-name'], 'f1,f2')
})

test('ten first calls at once cause one token request and one find request (RFC-019)', async () => {
  await using platform = await startStandIn()
  await using client = platform.client()
  await Promise.all(Array.from({ length: 10 }, () => client.findDestination('crm')))
  assert.deepEqual([platform.tokens.length, platform.finds.length], [1, 1])
})

test('a token that is refused is dropped and fetched once more before the call fails (RFC-152)', async () => {
  await using platform = await startStandIn()
  await using client = platform.client()
  platform.answer(401, demoDestination)
  await client.findDestination('crm')
  assert.deepEqual(
    platform.finds.map(({ headers }) => headers.authorization),
    ['Bearer t1', 'Bearer t2'],
  )
  platform.answer(401)
  await assert.rejects(client.findDestination('other'), { code: 'CLIENT_TOKEN_REFUSED', message: /status=401/ })
  assert.equal(platform.finds.length, 4)
})

test('429 and 5xx are repeated, other refusals are not (RFC-153)', async () => {
  await using platform = await startStandIn()
  await using client = platform.client()
  platform.answerTokens(500, { access_token: 'good', expires_in: 60 })
  platform.answer(503, 429, demoDestination)
  await client.findDestination('crm')
  assert.deepEqual([platform.tokens.length, platform.finds.length], [2, 3])
  platform.answer(400)
  await assert.rejects(client.findDestination('bad'), { code: 'CLIENT_DESTINATION_REFUSED', message: /status 400/ })
  assert.equal(platform.finds.length, 4)
})

test('a code works once: its answer is not kept, and a request that may have arrived is not repeated', async () => {
  await using platform = await startStandIn()
  await using client = platform.client()
  const options = { authorizationCode: { code: 'c1', redirectUri: 'https://app.example' } }
  platform.answer(503)
  await assert.rejects(client.findDestination('crm', options), { code: 'CLIENT_SERVICE_FAILED' })
  assert.equal(platform.finds.length, 1)
  platform.answer(demoDestination)
  await client.findDestination('crm', options)
  await client.findDestination('crm', options)
  assert.equal(platform.finds.length, 3)
  assert.equal(platform.finds[2]?.headers['x-code'], 'c1')
})

test('a service that hangs releases the caller at the deadline, and at once when the caller gives up (RFC-155)', async () => {
  await using platform = await startStandIn()
  const clock = new ManualClock()
  await using client = platform.client({ clock, retry: { retries: 0 } })
  platform.answer(() => clock.advance(30_000))
  await assert.rejects(client.findDestination('crm'), { code: 'CLIENT_SERVICE_TIMEOUT', message: /timeoutMs=30000/ })
  const controller = new AbortController()
  platform.answer(() => controller.abort(new Error('enough')))
  await assert.rejects(client.findDestination('crm', { signal: controller.signal }), /enough/)
  clock.advance(30_000)
})

test('an answer that is no destination is an error of the service, not of the caller', async () => {
  await using platform = await startStandIn()
  await using client = platform.client({ retry: { retries: 0 } })
  platform.answer((response) => response.end('<html>'))
  await assert.rejects(client.findDestination('crm'), { code: 'CLIENT_SERVICE_FAILED', message: /not a destination/ })
})

test('secrets of a destination do not show when it is printed or logged (RFC-161)', async () => {
  await using platform = await startStandIn()
  await using client = platform.client()
  platform.answer(found('BasicAuthentication', [{ type: 'Basic', value: 'dG9wc2VjcmV0' }], { Password: 'topsecret' }))
  const destination = await client.findDestination('crm', { userToken: 'user-token' })
  const printed = `${inspect(destination, { depth: 9 })} ${JSON.stringify(destination)} ${inspect(client, { depth: 9 })}`
  assert.doesNotMatch(printed, /topsecret|dG9wc2VjcmV0|user-token/)
  assert.match(printed, /crm\.example/)
})

test('a tenant that is named by its subdomain has a token service of its own, below the same domain and nowhere else', async () => {
  const client = { binding: 'd', service: 'destination', clientId: 'c', identityZone: 'acme' }
  const urlFor = (tokenUrl: string, subdomain: string): string => tokenUrlOfTenant({ ...client, tokenUrl }, subdomain)
  assert.equal(
    urlFor('https://acme.auth.example:8081/oauth/token', 'sub1'),
    'https://sub1.auth.example:8081/oauth/token',
  )
  for (const subdomain of ['evil.example/', 'a.b', '', 'x@y', '-a'])
    assert.throws(() => urlFor('https://acme.auth.example/oauth/token', subdomain), RangeError, subdomain)
  assert.throws(() => urlFor('https://auth.example/oauth/token', 'sub1'), { code: 'CLIENT_BINDING_INVALID' })
})

test('a configuration is found without tokens, and kept apart from the answer with them', async () => {
  await using platform = await startStandIn()
  await using own = platform.client()
  await own.findDestination('crm', { skipTokenRetrieval: true })
  await own.findDestination('crm')
  await own.findDestination('crm', { skipTokenRetrieval: true })
  const path = '/destination-configuration/v1/destinations/crm'
  assert.deepEqual(
    platform.finds.map((asked) => asked.path),
    [`${path}?$skipTokenRetrieval=true`, path],
  )
})
