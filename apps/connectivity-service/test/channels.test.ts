// Service channels at the connectivity service: it only carries wishes and answers, and says who wishes.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { openEvents } from './event-stream.ts'
import { newBinding, newTenant, type Platform, startPlatform } from './platform.ts'
import { ConnectorLink, pair } from './test-connector.ts'

let platform: Platform
let proxyToken: string
before(async () => {
  platform = await startPlatform()
  const { binding } = await newBinding(platform, (await newTenant(platform)).subaccount.id, 'connectivity_proxy')
  proxyToken = platform.tokenFor(binding.clientId)
})
after(() => platform.close())

const post = (path: string, body: object, token = proxyToken) =>
  platform.region({ path, authorization: `Bearer ${token}`, body })

/** A connected connector, and what the service knows of it. */
async function connected(locationId = '') {
  const tenant = await newTenant(platform)
  const paired = await pair(platform, tenant)
  const link = await ConnectorLink.open(platform, paired, { locationId })
  assert.equal((await link.next()).type, 'welcome')
  const place = { subaccountId: tenant.subaccount.id, locationId, connectorId: paired.connectorId }
  return { tenant, link, place }
}

const wish = { type: 'open-channel', request: 'r-1', kind: 'K8S', host: 'gw.test:443', service: 'orders' }
const dial = { host: '127.0.0.1', port: 8042, serverName: 'tunnel.test', proxyId: 'p', displayName: 'P' }

test('proxies learn who wishes for a channel from the session, whatever the message says', async () => {
  const events = await openEvents(platform, proxyToken)
  const { link, place } = await connected('plant-1')
  link.send({ ...wish, subaccountId: 'other', locationId: '', connectorId: 'other' })
  const { type: _type, ...asked } = wish
  assert.deepEqual(await events.until('channel-requested'), { type: 'channel-requested', ...place, ...asked })
  events.close()
  await link.close()
})

test('a proxy of one subaccount hears of its wishes and of no others', async () => {
  const [own, other] = [await connected(), await connected()]
  const { binding } = await newBinding(platform, own.place.subaccountId, 'connectivity')
  const events = await openEvents(platform, platform.tokenFor(binding.clientId))
  other.link.send({ ...wish, request: 'foreign' })
  // Both wishes are announced in the order in which they come; a refusal tells that the first one is through.
  other.link.send({ ...wish, kind: 7 })
  assert.equal((await other.link.next()).code, 'CHANNEL_REQUEST_INVALID')
  own.link.send(wish)
  const { request, subaccountId } = await events.until('channel-requested')
  assert.deepEqual([request, subaccountId], ['r-1', own.place.subaccountId])
  events.close()
  await Promise.all([own.link.close(), other.link.close()])
})

test('tickets and refusals go to the connector that asked, and to no other of its location', async () => {
  const tenant = await newTenant(platform)
  const [first, second] = [await pair(platform, tenant), await pair(platform, tenant)]
  const links = [
    await ConnectorLink.open(platform, first, { loadSharing: true }),
    await ConnectorLink.open(platform, second, { loadSharing: true }),
  ] as const
  await Promise.all(links.map((link) => link.next()))
  const place = { subaccountId: tenant.subaccount.id, locationId: '' }
  const ticket = randomBytes(24).toString('base64url')
  const opened = await post('/api/v1/tunnels', {
    ...place,
    ...dial,
    ticket,
    connectorId: second.connectorId,
    channel: 'r-1',
  })
  assert.equal(opened.status, 202)
  assert.deepEqual(await links[1].next(), { type: 'open-tunnel', ticket, ...dial, channel: 'r-1' })
  const refusal = { ...place, connectorId: second.connectorId, channel: 'r-2', code: 'CHANNEL_NO_MAPPING' }
  assert.equal((await post('/api/v1/tunnels/refusals', refusal)).status, 204)
  const refused = await links[1].next()
  assert.deepEqual([refused.type, refused.request, refused.code], ['channel-refused', 'r-2', 'CHANNEL_NO_MAPPING'])
  assert.match(String(refused.title), /No service mapping/)
  assert.match(String(refused.remedy), /service mapping/)
  // The next thing that the other connector hears is a tunnel of its own.
  const own = { ...place, ...dial, ticket: randomBytes(24).toString('base64url') }
  await post('/api/v1/tunnels', own)
  assert.equal((await links[0].next()).ticket, own.ticket)
  await Promise.all(links.map((link) => link.close()))
})

test('only a proxy that serves the subaccount may answer, and only with answers that there are', async () => {
  const { link, place } = await connected()
  const { binding } = await newBinding(platform, (await newTenant(platform)).subaccount.id, 'connectivity')
  const stranger = platform.tokenFor(binding.clientId)
  const refusal = { ...place, channel: 'r', code: 'CHANNEL_NO_MAPPING' }
  const tunnel = { ...place, ...dial, ticket: 'x'.repeat(32), channel: 'r' }
  assert.equal((await post('/api/v1/tunnels/refusals', refusal, stranger)).json.code, 'TUNNEL_CALLER_FORBIDDEN')
  assert.equal((await post('/api/v1/tunnels', tunnel, stranger)).json.code, 'TUNNEL_CALLER_FORBIDDEN')
  assert.equal((await post('/api/v1/tunnels/refusals', { ...refusal, code: 'INTERNAL' })).status, 400)
  assert.equal((await post('/api/v1/tunnels/refusals', { ...refusal, connectorId: 'a b' })).status, 400)
  assert.equal((await post('/api/v1/tunnels', { ...tunnel, connectorId: undefined })).status, 400)
  // A connector that has left is nobody to tell.
  const gone = { ...refusal, connectorId: 'no-such' }
  assert.equal((await post('/api/v1/tunnels/refusals', gone)).status, 204)
  assert.equal((await post('/api/v1/tunnels', { ...tunnel, connectorId: 'no-such' })).status, 404)
  await link.close()
})

test('a question for services goes to the proxies, their answers go to whoever asked, and only so much at a time (API2-146)', async () => {
  const events = await openEvents(platform, proxyToken)
  const { link, place } = await connected('plant-2')
  for (const bad of [{ request: 'a b' }, { kind: 'a b' }])
    link.send({ type: 'list-services', request: 'q', kind: 'HANA', ...bad })
  link.send({ type: 'list-services', request: 'q-1', kind: 'HANA' })
  const asked = { type: 'services-requested', ...place, request: 'q-1', kind: 'HANA' }
  assert.deepEqual(await events.until('services-requested'), asked)
  const services = [{ serviceId: 'Db:1', name: 'orders' }]
  assert.equal((await post('/api/v1/tunnels/services', { ...place, channel: 'q-1', services })).status, 204)
  assert.deepEqual(await link.next(), { type: 'services', request: 'q-1', services })
  const large = Array.from({ length: 20 }, () => ({ serviceId: 'x'.repeat(500), name: '' }))
  assert.equal((await post('/api/v1/tunnels/services', { ...place, channel: 'q-1', services: large })).status, 400)
  events.close()
  await link.close()
})

test('a wish that makes no sense is refused, one without a name is dropped, and too many are stopped', async () => {
  const { link } = await connected()
  for (const request of [undefined, 7, '', 'a b', 'x'.repeat(65)]) link.send({ ...wish, request })
  for (const bad of [
    { kind: 'a b' },
    { kind: 7 },
    { host: 'h'.repeat(301) },
    { service: '' },
    { service: 'x'.repeat(501) },
  ]) {
    link.send({ ...wish, ...bad })
    const { request, code } = await link.next()
    assert.deepEqual([request, code], ['r-1', 'CHANNEL_REQUEST_INVALID'], JSON.stringify(bad))
  }
  for (let i = 0; i < 201; i++) link.send({ ...wish, request: `many-${i}` })
  const { request, code } = await link.next()
  assert.deepEqual([request, code], ['many-200', 'CHANNEL_REQUESTS_EXCEEDED'])
  await link.close()
})
