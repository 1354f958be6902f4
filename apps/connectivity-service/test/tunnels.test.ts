import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { ManualClock } from '@landbridge/kernel'
import { ticketDigest } from '@landbridge/registry'
import { openEvents } from './event-stream.ts'
import { newBinding, newTenant, type Platform, startPlatform } from './platform.ts'
import { ConnectorLink, pair } from './test-connector.ts'

let platform: Platform
let proxyToken: string
before(async () => {
  platform = await startPlatform()
  const provider = await newTenant(platform)
  const { binding } = await newBinding(platform, provider.subaccount.id, 'connectivity_proxy')
  proxyToken = platform.tokenFor(binding.clientId)
})
after(() => platform.close())

const request = (subaccountId: string, locationId = '') => ({
  subaccountId,
  locationId,
  ticket: randomBytes(24).toString('base64url'),
  host: '127.0.0.1',
  port: 8042,
  serverName: 'connectivitytunnel.landbridge.localhost',
  proxyId: 'proxy-1',
  displayName: 'Proxy of the test',
})

const open = (body: object, token = proxyToken) =>
  platform.region({ path: '/api/v1/tunnels', authorization: `Bearer ${token}`, body })

test('a tunnel request reaches the connector of that location, and the proxy learns who it is (SCC-069)', async () => {
  const tenant = await newTenant(platform)
  const north = await pair(platform, tenant)
  const south = await pair(platform, tenant)
  const northLink = await ConnectorLink.open(platform, north, { locationId: 'north' })
  const southLink = await ConnectorLink.open(platform, south)
  await Promise.all([northLink.next(), southLink.next()])
  const body = request(tenant.subaccount.id, 'north')
  const answer = await open(body)
  assert.equal(answer.status, 202)
  const { subaccountId: _s, locationId: _l, ...expected } = body
  assert.deepEqual(await northLink.next(), { type: 'open-tunnel', ...expected })
  const [connector] = answer.json.connectors as Record<string, unknown>[]
  assert.equal(connector?.connectorId, north.connectorId)
  assert.equal(connector?.version, '0.1.0')
  assert.match(String(connector?.fingerprint), /^[0-9a-f]{64}$/)
  assert.match(String(connector?.connectedSince), /^\d{4}-/)
  // The other location's connector heard nothing: its next message is the one that is sent to it now.
  const other = request(tenant.subaccount.id)
  await open(other)
  assert.equal((await southLink.next()).ticket, other.ticket)
  await Promise.all([northLink.close(), southLink.close()])
})

test('without a connector at that location the answer is 404, with no fallback to another one (SCC-069)', async () => {
  const tenant = await newTenant(platform)
  const link = await ConnectorLink.open(platform, await pair(platform, tenant))
  await link.next()
  const answer = await open(request(tenant.subaccount.id, 'unknown'))
  assert.equal(answer.status, 404)
  assert.equal(answer.json.code, 'CONNECTOR_NOT_CONNECTED')
  assert.equal(answer.json.locationId, 'unknown')
  await link.close()
})

test('of connectors that share the load every one is told to dial', async () => {
  const tenant = await newTenant(platform)
  const links = await Promise.all(
    [1, 2].map(async () => ConnectorLink.open(platform, await pair(platform, tenant), { loadSharing: true })),
  )
  await Promise.all(links.map((link) => link.next()))
  const body = request(tenant.subaccount.id)
  assert.equal(((await open(body)).json.connectors as unknown[]).length, 2)
  for (const link of links) assert.equal((await link.next()).ticket, body.ticket)
  await Promise.all(links.map((link) => link.close()))
})

test('why a tunnel was not opened is told to the proxy and kept for the operator', async () => {
  const tenant = await newTenant(platform)
  const events = await openEvents(platform, proxyToken)
  await events.until('snapshot')
  const connector = await pair(platform, tenant)
  const link = await ConnectorLink.open(platform, connector)
  await link.next()
  const body = request(tenant.subaccount.id)
  await open(body)
  await link.next()
  link.send({ type: 'tunnel-result', ticket: body.ticket, ok: false, reason: 'connection refused' })
  const event = await events.until('tunnel-result')
  assert.equal(event.ticketDigest, ticketDigest(body.ticket))
  assert.equal(event.ok, false)
  assert.equal(event.reason, 'connection refused')
  assert.equal(JSON.stringify(event).includes(body.ticket), false)
  const path = `/api/v1/subaccounts/${tenant.subaccount.id}/tunnelAttempts`
  const [attempt] = (await platform.operator({ path })).json as unknown as Record<string, unknown>[]
  assert.equal(attempt?.state, 'failed')
  assert.equal(attempt?.reason, 'connection refused')
  assert.equal(attempt?.connectorId, connector.connectorId)
  events.close()
  await link.close()
})

test('a connector that does not report within ten seconds counts as failed', async () => {
  const clock = new ManualClock(Date.now())
  const own = await startPlatform({ clock })
  const tenant = await newTenant(own)
  const { binding } = await newBinding(own, tenant.subaccount.id, 'connectivity_proxy')
  const link = await ConnectorLink.open(own, await pair(own, tenant))
  await link.next()
  await own.region({
    path: '/api/v1/tunnels',
    authorization: `Bearer ${own.tokenFor(binding.clientId)}`,
    body: request(tenant.subaccount.id),
  })
  const attempts = async () => {
    const path = `/api/v1/subaccounts/${tenant.subaccount.id}/tunnelAttempts`
    return (await own.operator({ path })).json as unknown as Record<string, unknown>[]
  }
  assert.equal((await attempts())[0]?.state, 'pending')
  clock.advance(10_000)
  assert.equal((await attempts())[0]?.state, 'failed')
  await link.close()
  await own.close()
})

test('the event stream starts with a snapshot and tells who comes, goes and is revoked', async () => {
  const tenant = await newTenant(platform)
  const connector = await pair(platform, tenant)
  const place = { subaccountId: tenant.subaccount.id, locationId: '', connectorId: connector.connectorId }
  const link = await ConnectorLink.open(platform, connector)
  await link.next()
  const events = await openEvents(platform, proxyToken)
  const snapshot = await events.until('snapshot')
  assert.ok((snapshot.connected as object[]).some((one) => JSON.stringify(one) === JSON.stringify(place)))
  await platform.operator({
    path: `/api/v1/subaccounts/${tenant.subaccount.id}/connectors/revoke`,
    body: { reason: 'closed' },
  })
  const { fingerprint } = await events.until('certificate-revoked')
  assert.match(String(fingerprint), /^[0-9a-f]{64}$/)
  assert.deepEqual(await events.until('connector-disconnected'), { type: 'connector-disconnected', ...place })
  await link.closed
  events.close()
  const later = await openEvents(platform, proxyToken)
  assert.ok(((await later.until('snapshot')).revoked as string[]).includes(String(fingerprint)))
  later.close()
})

test('an event stream beats every ten seconds and ends with its token', async () => {
  const clock = new ManualClock(Date.now())
  const own = await startPlatform({ clock })
  const { binding } = await newBinding(own, (await newTenant(own)).subaccount.id, 'connectivity_proxy')
  const events = await openEvents(own, own.tokenFor(binding.clientId, 30))
  await events.until('snapshot')
  clock.advance(10_000)
  await events.until('heartbeat')
  clock.advance(30_000)
  await events.ended
  await own.close()
})

test('a connectivity instance and a dedicated proxy serve their own subaccount only; others serve none', async () => {
  const tenant = await newTenant(platform)
  const other = await newTenant(platform)
  const link = await ConnectorLink.open(platform, await pair(platform, other))
  await link.next()
  for (const [service, parameters] of [
    ['connectivity', undefined],
    ['connectivity_proxy', { tenantMode: 'dedicated' }],
  ] as const) {
    const { binding } = await newBinding(platform, tenant.subaccount.id, service, parameters)
    const token = platform.tokenFor(binding.clientId)
    const answer = await open(request(other.subaccount.id), token)
    assert.equal(answer.status, 403)
    assert.equal(answer.json.code, 'TUNNEL_CALLER_FORBIDDEN')
    assert.equal((await open(request(tenant.subaccount.id), token)).json.code, 'CONNECTOR_NOT_CONNECTED')
    const events = await openEvents(platform, token)
    assert.deepEqual((await events.until('snapshot')).connected, [])
    events.close()
  }
  const { binding } = await newBinding(platform, tenant.subaccount.id, 'destination')
  assert.equal((await open(request(tenant.subaccount.id), platform.tokenFor(binding.clientId))).status, 403)
  assert.equal((await open(request(tenant.subaccount.id), platform.tokenFor('sb-unknown'))).status, 403)
  assert.equal((await open(request(tenant.subaccount.id), 'no.such.token')).status, 401)
  await link.close()
})

test('a connector is told when the trust configuration changes', async () => {
  const tenant = await newTenant(platform)
  const link = await ConnectorLink.open(platform, await pair(platform, tenant))
  await link.next()
  platform.service.trustChanged(tenant.subaccount.id)
  assert.deepEqual(await link.next(), { type: 'trust-changed' })
  await link.close()
})
