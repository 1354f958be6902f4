import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import type { Child } from '../harness/child.ts'
import { ConnectProxy } from '../harness/connect-proxy.ts'
import { eventually } from '../harness/eventually.ts'
import { callWeb, isEcho } from '../harness/http-client.ts'
import { type BackendPorts, Landscape, webHost } from '../harness/landscape.ts'

let landscape: Landscape

before(async () => {
  landscape = await Landscape.start()
})
after(() => landscape?.close())

interface Status {
  readonly state: string
  readonly connections: number
  readonly lastError?: string
}
const statusOf = (agent: Child<string>): Promise<Status> => agent.call<Status>('status')

async function whyNot(agent: Child<string>): Promise<string> {
  return eventually('the agent knows why it is not connected', async () => (await statusOf(agent)).lastError)
}

test('with an HTTPS proxy, pairing, control session and tunnel go through it and backends do not (SCC-039, SCC-042)', async (context) => {
  const proxy = await ConnectProxy.open()
  const authenticated = await ConnectProxy.open('user:pass:word')
  context.after(() => Promise.all([proxy.close(), authenticated.close()]))
  const run = async (way: ConnectProxy, user?: { user: string; password: string }): Promise<void> => {
    const tenant = await landscape.newTenant()
    const agent = await landscape.startAgent(
      landscape.agentSettings({ tenant, httpsProxy: { port: way.port, ...user } }),
    )
    const token = landscape.token(tenant)
    assert.ok(isEcho(await callWeb(landscape, '/echo/x.', { token }), 'x.'))
    const { servicePort, tunnelPort } = landscape.cloud.ready
    // Pairing asks twice, the control session is the third, then comes the tunnel.
    assert.deepEqual(way.targets, [servicePort, servicePort, servicePort, tunnelPort])
    // The limits for connecting (10 s) must not end what is connected.
    const connectedAtMs = Date.now()
    await eventually('time passes', () => Date.now() - connectedAtMs > 11_000)
    assert.ok(isEcho(await callWeb(landscape, '/echo/x.', { token }), 'x.'))
    assert.equal(way.targets.length, 4)
    await agent.kill()
    await eventually('the proxy has no connection left', () => way.connections === 0)
  }
  await Promise.all([run(proxy), run(authenticated, { user: 'user', password: 'pass:word' })])
  assert.deepEqual(authenticated.refused, [])
})

test('an HTTPS proxy that wants other credentials is named as the reason', async (context) => {
  const proxy = await ConnectProxy.open('user:right')
  context.after(() => proxy.close())
  const settings = landscape.agentSettings({ tenant: await landscape.newTenant() })
  await (await landscape.startAgent(settings)).kill()
  const httpsProxy = { port: proxy.port, user: 'user', password: 'wrong' }
  const agent = await landscape.startAgent({ ...settings, httpsProxy }, false)
  assert.match(await whyNot(agent), /HTTPS proxy refused to open a tunnel/)
  assert.deepEqual(proxy.targets, [])
  await agent.kill()
})

test('a cloud side with a certificate of an unknown authority is not believed, at pairing and later (SCC-038, RFC-181)', async () => {
  const settings = landscape.agentSettings({ tenant: await landscape.newTenant() })
  const ca = (await LocalCa.create({ subject: { CN: 'Another CA', O: 'Elsewhere' } })).certificatePem
  await assert.rejects(landscape.startAgent({ ...settings, ca }, false), (failure: Error) =>
    /CONNECTOR_REGION_UNTRUSTED/.test(String(failure.cause)),
  )
  await (await landscape.startAgent(settings)).kill()
  const agent = await landscape.startAgent({ ...settings, ca }, false)
  assert.match(await whyNot(agent), /^CLOUD_UNTRUSTED/)
  assert.equal((await statusOf(agent)).state, 'ConnectFailure')
  await agent.kill()
})

test('requests reach the agent of their location and no other; a second agent at one location is refused (SCC-065, SCC-066, SCC-069, OPS-094, CONN-062, API1-195)', async () => {
  const tenant = await landscape.newTenant()
  const token = landscape.token(tenant)
  const north = await landscape.otherBackend()
  const mapping = { virtualHost: webHost, virtualPort: 80, port: north.ready.httpPort, protocol: 'HTTP' } as const
  const first = await landscape.startAgent(landscape.agentSettings({ tenant }))
  const second = await landscape.startAgent(
    landscape.agentSettings({ tenant, locationId: 'north', mappings: [mapping] }),
  )
  const served = async (child: Child<BackendPorts>): Promise<number> =>
    (await child.call<{ served: number }>('counts')).served
  const before = await served(landscape.backend)
  assert.ok(isEcho(await callWeb(landscape, '/echo/n.', { token, locationId: 'north' }), 'n.'))
  assert.deepEqual([await served(north), (await served(landscape.backend)) - before], [1, 0])
  assert.ok(isEcho(await callWeb(landscape, '/echo/d.', { token }), 'd.'))
  assert.deepEqual([await served(north), (await served(landscape.backend)) - before], [1, 1])
  const unknown = await callWeb(landscape, '/echo/u.', { token, locationId: 'south' })
  assert.ok(unknown.kind === 'answer' && unknown.status === 503 && unknown.code === 'CONNECTOR_NOT_CONNECTED')
  for (const locationId of ['', 'north']) {
    await assert.rejects(
      landscape.startAgent(landscape.agentSettings({ tenant, locationId })),
      (failure: Error) => /CONNECTOR_SUBACCOUNT_REFUSED/.test(String(failure.cause)),
      'pairing at a location in use',
    )
    const elsewhere = landscape.agentSettings({ tenant, locationId: `not-${locationId}` })
    await (await landscape.startAgent(elsewhere)).kill()
    const late = await landscape.startAgent({ ...elsewhere, locationId }, false)
    assert.match(await whyNot(late), /Another connector is connected with this location ID/)
    await late.kill()
  }
  assert.ok(isEcho(await callWeb(landscape, '/echo/d.', { token }), 'd.'))
  await Promise.all([first.kill(), second.kill(), north.kill()])
})

test('two agents that share a location share its requests, and when one dies no new request fails', async () => {
  const tenant = await landscape.newTenant()
  const token = landscape.token(tenant)
  const settings = (): ReturnType<typeof landscape.agentSettings> =>
    landscape.agentSettings({ tenant, loadSharing: true })
  const agents = [await landscape.startAgent(settings()), await landscape.startAgent(settings())]
  const before = await landscape.cloud.call<number>('tunnels')
  const sockets = (): Promise<number[]> => Promise.all(agents.map((agent) => agent.call<number>('sockets')))
  const fresh = await sockets()
  assert.ok(isEcho(await callWeb(landscape, '/echo/x.', { token }), 'x.'))
  await eventually('both have a tunnel', async () => (await landscape.cloud.call<number>('tunnels')) === before + 2)
  for (let i = 0; i < 4; i++) assert.ok(isEcho(await callWeb(landscape, '/echo/x.', { token }), 'x.'))
  const idle = await sockets()
  // One after the other, too: each has its tunnel and a connection to the backend.
  for (const [i, count] of idle.entries()) assert.equal(count - fresh[i]!, 2, `agent ${i}`)
  const waiting = Array.from({ length: 20 }, (_, i) => callWeb(landscape, `/hold/${i}.`, { token }))
  await eventually('all requests wait', async () => {
    return (await landscape.backend.call<{ held: number }>('counts')).held === 20
  })
  for (const [i, count] of (await sockets()).entries())
    assert.ok(count - idle[i]! >= 8, `agent ${i}: ${count - idle[i]!} of 20`)
  await agents[0]!.kill()
  await eventually('its tunnel is gone', async () => (await landscape.cloud.call<number>('tunnels')) === before + 1)
  for (let i = 0; i < 100; i++) assert.ok(isEcho(await callWeb(landscape, '/echo/x.', { token }), 'x.'))
  await landscape.backend.call('release')
  const outcomes = await Promise.all(waiting)
  const lost = outcomes.filter((outcome) => outcome.kind === 'answer' && outcome.status === 502).length
  const good = outcomes.filter((outcome, i) => isEcho(outcome, `${i}.`)).length
  assert.equal(lost + good, 20)
  assert.ok(lost >= 8 && good >= 8)
  await agents[1]!.kill()
})

test('each proxy replica gets a tunnel of its own, and the death of one does not touch the other (CP-142, CP-149)', async () => {
  const tenant = await landscape.newTenant()
  const token = landscape.token(tenant)
  const agent = await landscape.startAgent(landscape.agentSettings({ tenant }))
  const replica = await landscape.startReplica({ displayName: 'second' })
  const { httpPort: port, tunnelPort } = replica.ready
  assert.notEqual(tunnelPort, landscape.cloud.ready.tunnelPort)
  assert.ok(isEcho(await callWeb(landscape, '/echo/1.', { token }), '1.'))
  assert.ok(isEcho(await callWeb(landscape, '/echo/2.', { token, port }), '2.'))
  assert.equal(await replica.call<number>('tunnels'), 1)
  assert.equal((await statusOf(agent)).connections, 2)
  await replica.kill()
  assert.ok(isEcho(await callWeb(landscape, '/echo/1.', { token }), '1.'))
  await eventually('its tunnel is closed', async () => (await statusOf(agent)).connections === 1)
  await agent.kill()
})
