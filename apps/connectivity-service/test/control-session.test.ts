import assert from 'node:assert/strict'
import { randomUUID, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'
import { ManualClock } from '@landbridge/kernel'
import { temporaryFolder } from '@landbridge/testkit'
import { openEvents } from './event-stream.ts'
import { newBinding, newCa, newTenant, type Platform, startPlatform } from './platform.ts'
import { ConnectorLink, pair } from './test-connector.ts'

let platform: Platform
before(async () => {
  platform = await startPlatform()
})
after(() => platform.close())

async function connectorsOf(subaccountId: string): Promise<Record<string, unknown>[]> {
  const answer = await platform.operator({ path: `/api/v1/subaccounts/${subaccountId}/connectors` })
  return answer.json as unknown as Record<string, unknown>[]
}

test('a paired connector connects by mutual TLS and is listed with version, location, description and role (SCC-058)', async () => {
  const tenant = await newTenant(platform)
  const connector = await pair(platform, tenant)
  const link = await ConnectorLink.open(platform, connector, { locationId: 'north', haRole: 'master' })
  const welcome = await link.next()
  assert.equal(welcome.type, 'welcome')
  assert.equal(welcome.heartbeatMs, 15_000)
  const [listed] = await connectorsOf(tenant.subaccount.id)
  assert.equal(listed?.sessionId, welcome.sessionId)
  assert.equal(listed?.connectorId, connector.connectorId)
  assert.equal(listed?.version, '0.1.0')
  assert.equal(listed?.locationId, 'north')
  assert.equal(listed?.description, 'cellar')
  assert.equal(listed?.haRole, 'master')
  assert.match(String(listed?.connectedSince), /^\d{4}-.*Z$/)
  await link.close()
})

test('a disconnected connector is not listed any more', async () => {
  const tenant = await newTenant(platform)
  const proxy = await eventsOf(platform)
  const link = await ConnectorLink.open(platform, await pair(platform, tenant))
  await link.next()
  await proxy.until('connector-connected')
  await link.close()
  await proxy.until('connector-disconnected')
  assert.deepEqual(await connectorsOf(tenant.subaccount.id), [])
  proxy.close()
})

test('a second connector on the same location is refused with a remedy, another location is fine (SCC-065, SCC-066)', async () => {
  const tenant = await newTenant(platform)
  const first = await ConnectorLink.open(platform, await pair(platform, tenant))
  assert.equal((await first.next()).type, 'welcome')
  const second = await pair(platform, tenant, { locationId: 'elsewhere' })
  const refused = await ConnectorLink.open(platform, second)
  const answer = await refused.next()
  assert.equal(answer.type, 'refused')
  assert.equal(answer.code, 'CONNECTOR_LOCATION_TAKEN')
  assert.equal(answer.retry, 'later')
  assert.match(String(answer.remedy), /location ID/)
  await refused.closed
  const elsewhere = await ConnectorLink.open(platform, second, { locationId: 'elsewhere' })
  assert.equal((await elsewhere.next()).type, 'welcome')
  assert.equal((await connectorsOf(tenant.subaccount.id)).length, 2)
  await Promise.all([first.close(), elsewhere.close()])
})

test('pairing for a location that another connector serves is refused already (SCC-066)', async () => {
  const tenant = await newTenant(platform)
  const link = await ConnectorLink.open(platform, await pair(platform, tenant))
  await link.next()
  await assert.rejects(pair(platform, tenant), /CONNECTOR_LOCATION_TAKEN/)
  await link.close()
})

test('connectors that all share the load are connected side by side; one that does not is refused', async () => {
  const tenant = await newTenant(platform)
  const alone = await pair(platform, tenant)
  const links: ConnectorLink[] = []
  for (let i = 0; i < 3; i++) {
    const link = await ConnectorLink.open(platform, await pair(platform, tenant), { loadSharing: true })
    assert.equal((await link.next()).type, 'welcome')
    links.push(link)
  }
  const refused = await ConnectorLink.open(platform, alone)
  assert.equal((await refused.next()).code, 'CONNECTOR_LOCATION_TAKEN')
  assert.equal((await connectorsOf(tenant.subaccount.id)).length, 3)
  await refused.closed
  await Promise.all(links.map((link) => link.close()))
})

test('a connector that reconnects replaces its own old session at once', async () => {
  const tenant = await newTenant(platform)
  const connector = await pair(platform, tenant)
  const old = await ConnectorLink.open(platform, connector)
  await old.next()
  const fresh = await ConnectorLink.open(platform, connector)
  const welcome = await fresh.next()
  assert.equal(welcome.type, 'welcome')
  assert.equal((await old.next()).code, 'CONNECTOR_REPLACED')
  await old.closed
  const listed = await connectorsOf(tenant.subaccount.id)
  assert.deepEqual(
    listed.map((one) => one.sessionId),
    [welcome.sessionId],
  )
  await fresh.close()
})

test('a revoked connector is told, cut off, and refused afterwards', async () => {
  const tenant = await newTenant(platform)
  const connector = await pair(platform, tenant)
  const link = await ConnectorLink.open(platform, connector)
  await link.next()
  const answer = await platform.operator({
    path: `/api/v1/connectors/${connector.connectorId}/revoke`,
    body: { reason: 'laptop stolen' },
  })
  assert.equal(answer.status, 200)
  assert.deepEqual(await link.next(), { type: 'revoked', reason: 'laptop stolen' })
  await link.closed
  const again = await ConnectorLink.open(platform, connector)
  const refused = await again.next()
  assert.equal(refused.code, 'CONNECTOR_CERTIFICATE_REVOKED')
  assert.equal(refused.retry, 'never')
  await again.closed
  // A new pairing is the way back.
  const back = await ConnectorLink.open(platform, await pair(platform, tenant, { connectorId: connector.connectorId }))
  assert.equal((await back.next()).type, 'welcome')
  await back.close()
})

test('a certificate of another authority, of nobody, or of another use is refused with the reason', async () => {
  const tenant = await newTenant(platform)
  const connector = await pair(platform, tenant)
  const subject = { CN: tenant.subaccount.id, L: 'landbridge.localhost', OU: connector.connectorId, O: 'Landbridge' }
  const foreign = await (await newCa()).issueClient({ subject, days: 1 })
  const unlisted = await platform.ca.issueClient({ subject, days: 1 })
  for (const [certificate, code] of [
    [foreign, 'CONNECTOR_CERTIFICATE_UNTRUSTED'],
    [{}, 'CONNECTOR_CERTIFICATE_MISSING'],
    [unlisted, 'CONNECTOR_CERTIFICATE_UNKNOWN'],
  ] as const) {
    const link = await ConnectorLink.open(platform, connector, {}, certificate)
    const answer = await link.next()
    assert.equal(answer.type, 'refused')
    assert.equal(answer.code, code)
    await link.closed
  }
})

test('a connector can claim no other subaccount or connector than its certificate proves', async () => {
  const tenant = await newTenant(platform)
  const other = await newTenant(platform)
  const connector = await pair(platform, tenant)
  for (const hello of [{ subaccountId: other.subaccount.id }, { connectorId: randomUUID() }]) {
    const link = await ConnectorLink.open(platform, connector, hello)
    assert.equal((await link.next()).code, 'CONNECTOR_IDENTITY_MISMATCH')
    await link.closed
  }
})

test('pairing again leaves the running session alone, and both certificates connect', async () => {
  const tenant = await newTenant(platform)
  const connector = await pair(platform, tenant)
  const link = await ConnectorLink.open(platform, connector)
  await link.next()
  const renewed = await pair(platform, tenant, { connectorId: connector.connectorId })
  assert.equal((await connectorsOf(tenant.subaccount.id)).length, 1)
  const next = await ConnectorLink.open(platform, renewed)
  assert.equal((await next.next()).type, 'welcome')
  await link.closed
  await next.close()
})

test('the pairing user may be deleted; the connector stays and comes back (SCC-060)', async () => {
  const tenant = await newTenant(platform)
  const connector = await pair(platform, tenant)
  const link = await ConnectorLink.open(platform, connector)
  await link.next()
  for (const user of await platform.service.users.listUsers(tenant.subaccount.id))
    await platform.service.users.deleteUser(user.id)
  await link.close()
  const back = await ConnectorLink.open(platform, connector)
  assert.equal((await back.next()).type, 'welcome')
  await back.close()
})

test('an expired certificate is refused, and a session does not outlive its certificate (SCC-099)', async () => {
  const clock = new ManualClock(Date.now())
  const own = await startPlatform({ clock, config: { connectorCertificateDays: 1 } })
  const tenant = await newTenant(own)
  const connector = await pair(own, tenant)
  clock.advance(86_400_000 - 10_000)
  const link = await ConnectorLink.open(own, connector)
  assert.equal((await link.next()).type, 'welcome')
  clock.advance(15_000)
  assert.equal((await link.next()).code, 'CONNECTOR_CERTIFICATE_EXPIRED')
  await link.closed
  const late = await ConnectorLink.open(own, connector)
  const refused = await late.next()
  assert.equal(refused.code, 'CONNECTOR_CERTIFICATE_EXPIRED')
  assert.equal(refused.retry, 'never')
  await late.closed
  // Refreshing needs no valid certificate.
  const { certificate } = await pair(own, tenant, { connectorId: connector.connectorId })
  assert.ok(new X509Certificate(certificate.cert).validToDate.getTime() > clock.now())
  await own.close()
})

test('a session that does not introduce itself in time is closed', async () => {
  const clock = new ManualClock(Date.now())
  const own = await startPlatform({ clock })
  const connector = await pair(own, await newTenant(own))
  const link = await ConnectorLink.open(own, connector, { type: 'hello', protocol: 7 })
  assert.equal((await link.next()).code, 'CONNECTOR_HELLO_INVALID')
  await link.closed
  const silent = connect({
    host: '127.0.0.1',
    port: own.service.port,
    ca: own.ca.certificatePem,
    servername: own.serverName,
    ALPNProtocols: ['landbridge/1'],
  })
  await once(silent, 'secureConnect')
  const closed = once(silent, 'close')
  silent.resume()
  // The server may see the end of the handshake after us: keep moving its clock until it has hung up.
  const timer = setInterval(() => clock.advance(10_000), 20)
  await closed
  clearInterval(timer)
  await own.close()
})

test('with embedded storage, a start frees the places that a killed process left occupied: for tunnels and for other connectors', async (t) => {
  using folder = temporaryFolder()
  const options = { url: `sqlite:${join(folder.path, 'cloud.db')}`, ca: await newCa() }
  const killed = await startPlatform(options)
  t.after(() => killed.close())
  const tenant = await newTenant(killed)
  const rival = await pair(killed, tenant)
  const link = await ConnectorLink.open(killed, await pair(killed, tenant))
  assert.equal((await link.next()).type, 'welcome')
  // Nothing of the first process is told or tidied up: for the second one it is as good as killed.
  const next = await startPlatform(options)
  t.after(() => next.close())
  const { binding } = await newBinding(next, tenant.subaccount.id, 'connectivity_proxy')
  const body = {
    ...{ subaccountId: tenant.subaccount.id, locationId: '', ticket: randomUUID(), host: '127.0.0.1', port: 8042 },
    ...{ serverName: 'tunnel.test', proxyId: 'p', displayName: 'P' },
  }
  const authorization = `Bearer ${next.tokenFor(binding.clientId)}`
  assert.equal((await next.region({ path: '/api/v1/tunnels', authorization, body })).status, 404)
  const free = await ConnectorLink.open(next, rival)
  assert.equal((await free.next()).type, 'welcome')
  await Promise.all([free.close(), link.close()])
})

test('stopping the service tells connectors to come back', async () => {
  const own = await startPlatform()
  const link = await ConnectorLink.open(own, await pair(own, await newTenant(own)))
  await link.next()
  await own.close()
  const answer = await link.next()
  assert.equal(answer.code, 'CONNECTOR_SERVICE_STOPPING')
  assert.equal(answer.retry, 'later')
  await link.closed
})

/** The event stream as a proxy reads it. */
async function eventsOf(at: Platform) {
  const { subaccount } = await newTenant(at)
  const { binding } = await newBinding(at, subaccount.id, 'connectivity_proxy')
  return openEvents(at, at.tokenFor(binding.clientId))
}
