import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { ManualClock } from '@landbridge/kernel'
import { RegistryStore } from '@landbridge/store'
import { startPostgres } from '@landbridge/testkit'
import { openEvents } from './event-stream.ts'
import { newBinding, newCa, newTenant, type Platform, startPlatform } from './platform.ts'
import { ConnectorLink, pair } from './test-connector.ts'

const postgres = await startPostgres()
after(async () => {
  if ('url' in postgres) await postgres.stop()
})

describe('two replicas on one PostgreSQL', {
  skip: 'unavailable' in postgres ? postgres.unavailable : false,
}, () => {
  const clock = new ManualClock(Date.now())
  let one: Platform
  let two: Platform
  let proxyToken: string
  let replica: () => Promise<Platform>

  before(async () => {
    const ca = await newCa()
    const url = 'url' in postgres ? postgres.url : ''
    replica = () => startPlatform({ url, clock, ca })
    one = await replica()
    two = await replica()
    const { binding } = await newBinding(one, (await newTenant(one)).subaccount.id, 'connectivity_proxy')
    proxyToken = one.tokenFor(binding.clientId)
  })
  after(async () => {
    await one.close()
    await two.close()
  })

  const openTunnel = (at: Platform, subaccountId: string, ticket: string) =>
    at.region({
      path: '/api/v1/tunnels',
      authorization: `Bearer ${proxyToken}`,
      body: {
        subaccountId,
        locationId: '',
        ticket,
        host: '127.0.0.1',
        port: 8042,
        serverName: 'tunnel.test',
        proxyId: 'p',
        displayName: 'P',
      },
    })

  test('a tunnel request at one replica reaches the connector at the other, and its report comes back', async () => {
    const tenant = await newTenant(one)
    const events = await openEvents(two, proxyToken)
    await events.until('snapshot')
    const link = await ConnectorLink.open(one, await pair(one, tenant))
    await link.next()
    await events.until('connector-connected')
    const ticket = randomBytes(24).toString('base64url')
    assert.equal((await openTunnel(two, tenant.subaccount.id, ticket)).status, 202)
    assert.equal((await link.next()).ticket, ticket)
    link.send({ type: 'tunnel-result', ticket, ok: false, reason: 'no route' })
    assert.equal((await events.until('tunnel-result')).reason, 'no route')
    events.close()
    await link.close()
  })

  test('a wish for a service channel at one replica reaches a proxy at the other, and the answers come back (CP-166)', async () => {
    const tenant = await newTenant(one)
    const events = await openEvents(two, proxyToken)
    const connector = await pair(one, tenant)
    const link = await ConnectorLink.open(one, connector)
    await link.next()
    const service = '\u0001'.repeat(500)
    link.send({ type: 'open-channel', request: 'r', kind: 'K8S', host: '\u0001'.repeat(300), service })
    assert.equal((await events.until('channel-requested')).service, service)
    const refused = await two.region({
      path: '/api/v1/tunnels/refusals',
      authorization: `Bearer ${proxyToken}`,
      body: {
        ...{ subaccountId: tenant.subaccount.id, locationId: '', connectorId: connector.connectorId },
        ...{ channel: 'r', code: 'CHANNEL_LOCATION_NOT_ALLOWED' },
      },
    })
    assert.equal(refused.status, 204)
    assert.equal((await link.next()).code, 'CHANNEL_LOCATION_NOT_ALLOWED')
    events.close()
    await link.close()
  })

  test('a location taken at one replica is taken at the other, and a reconnect there replaces the old session (SCC-066)', async () => {
    const tenant = await newTenant(one)
    const connector = await pair(one, tenant)
    const rival = await pair(one, tenant)
    const link = await ConnectorLink.open(one, connector)
    await link.next()
    const refused = await ConnectorLink.open(two, rival)
    assert.equal((await refused.next()).code, 'CONNECTOR_LOCATION_TAKEN')
    await refused.closed
    const moved = await ConnectorLink.open(two, connector)
    assert.equal((await moved.next()).type, 'welcome')
    assert.equal((await link.next()).code, 'CONNECTOR_REPLACED')
    await link.closed
    await moved.close()
  })

  test('a revocation at one replica ends the session at the other', async () => {
    const tenant = await newTenant(one)
    const connector = await pair(one, tenant)
    const link = await ConnectorLink.open(one, connector)
    await link.next()
    await two.operator({ path: `/api/v1/connectors/${connector.connectorId}/revoke`, body: { reason: 'gone' } })
    assert.deepEqual(await link.next(), { type: 'revoked', reason: 'gone' })
    await link.closed
  })

  /** Moves the clock in steps small enough for heartbeats to be answered in between. */
  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 5_000) {
      clock.advance(5_000)
      await Promise.all([one, two].map((at) => at.region({ path: '/isAlive' })))
    }
  }

  /** What kill -9 of a replica leaves behind: the row of a connector, which nobody renews. */
  async function strand(subaccountId: string, connectorId: string): Promise<void> {
    const { connectors } = new RegistryStore(one.store)
    await connectors.claimSession(
      {
        sessionId: `of-a-dead-replica ${connectorId}`,
        replicaId: 'dead',
        subaccountId,
        locationId: '',
        connectorId,
        version: '0.1.0',
        description: '',
        connectorDescription: '',
        haRole: '',
        loadSharing: false,
        fingerprint: 'ab',
        serial: '01',
        remoteAddress: '192.0.2.1',
        connectedSinceMs: clock.now(),
        leaseUntilMs: clock.now() + 45_000,
      },
      clock.now(),
    )
  }

  test('the connector of a replica that died takes its place again at once, also at a replica that has just started (SCC-066)', async () => {
    const tenant = await newTenant(one)
    const connector = await pair(one, tenant)
    await strand(tenant.subaccount.id, connector.connectorId)
    const fresh = await replica()
    try {
      const back = await ConnectorLink.open(fresh, connector)
      assert.equal((await back.next()).type, 'welcome')
      const ticket = randomBytes(24).toString('base64url')
      assert.equal((await openTunnel(two, tenant.subaccount.id, ticket)).status, 202)
      assert.equal((await back.next()).ticket, ticket)
      await back.close()
    } finally {
      await fresh.close()
    }
  })

  test('the location of a replica that died is free again for another connector when its lease is over', async () => {
    const tenant = await newTenant(one)
    const rival = await pair(one, tenant)
    await strand(tenant.subaccount.id, 'stranded')
    const early = await ConnectorLink.open(two, rival)
    assert.equal((await early.next()).code, 'CONNECTOR_LOCATION_TAKEN')
    await early.closed
    const events = await openEvents(two, proxyToken)
    await events.until('snapshot')
    await pass(60_000)
    assert.equal((await events.until('connector-disconnected')).connectorId, 'stranded')
    events.close()
    const late = await ConnectorLink.open(two, rival)
    assert.equal((await late.next()).type, 'welcome')
    await late.close()
  })

  test('a connected connector keeps its place as long as its replica lives', async () => {
    const tenant = await newTenant(one)
    const link = await ConnectorLink.open(one, await pair(one, tenant))
    await link.next()
    await pass(120_000)
    const answer = await two.operator({ path: `/api/v1/subaccounts/${tenant.subaccount.id}/connectors` })
    assert.equal((answer.json as unknown as object[]).length, 1)
    await link.close()
  })

  test('a replica that lost the lease of a session lets the connector go', async () => {
    const tenant = await newTenant(one)
    const connector = await pair(one, tenant)
    const link = await ConnectorLink.open(one, connector)
    await link.next()
    await two.store.db.deleteFrom('connector_session').where('connector_id', '=', connector.connectorId).execute()
    await pass(20_000)
    assert.equal((await link.next()).code, 'CONNECTOR_SESSION_LOST')
    await link.closed
  })
})
