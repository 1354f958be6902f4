import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { after, before, test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { ManualClock } from '@landbridge/kernel'
import type { BoundService } from '@landbridge/registry'
import { ntlmBegin, ntlmFinish, startNtlmBackend, type WireAnswer, WireSocket } from '@landbridge/testkit'
import { type Backend, startBackend } from './backend.ts'
import { Cloud, type Tenant } from './cloud.ts'
import { OpenConnector } from './open-connector.ts'
import { bearer, type ProxyOptions, startProxy, type TestProxy, tunnelName } from './proxy.ts'
import { httpMapping, RealConnector } from './real-connector.ts'

let cloud: Cloud
let paired: BoundService
let erp: Backend
/** Answers of `/hold` that the backend keeps back. */
const held: ServerResponse[] = []
const closings: (() => unknown)[] = []

before(async () => {
  cloud = await Cloud.start()
  paired = await cloud.bind((await cloud.newTenant()).subaccount, 'connectivity_proxy')
  erp = await startBackend('erp', {
    '/hold': (response) => void held.push(response),
    '/flood': (response) => {
      const more = (): void => {
        while (response.write(flood)) if (response.destroyed) return
      }
      response.on('drain', more).on('error', () => {})
      more()
    },
  })
})
after(async () => {
  for (const close of closings.reverse()) await close()
  await erp.close()
  await cloud.close()
})

const flood = Buffer.alloc(64 * 1024)
const settings = { tenantMode: 'shared', 'landbridge.acceptConnectivityBindings': true }

async function newProxy(options: Partial<ProxyOptions> = {}): Promise<TestProxy> {
  const proxy = await startProxy(cloud, { pairedBy: paired, settings, ...options })
  closings.push(() => proxy.close())
  return proxy
}

async function openConnector(tenant: Tenant): Promise<OpenConnector> {
  const connector = await OpenConnector.connect(cloud, tenant, [httpMapping(erp.port)])
  closings.push(() => connector.close())
  return connector
}

async function realConnector(tenant: Tenant, tunnelConnections = 1): Promise<RealConnector> {
  const mappings = [httpMapping(erp.port)]
  const connector = await RealConnector.connect(cloud, tenant, { mappings, tunnelConnections })
  closings.push(() => connector.close())
  return connector
}

/** Repeats a request until it is answered with this status. */
async function answered(status: number, ask: () => Promise<{ readonly status: number }>): Promise<void> {
  for (;;) if ((await ask()).status === status) return
}

test('parallel first requests cause one opening, and later ones use its tunnel (CP-111, CP-113)', async () => {
  const tenant = await cloud.newTenant()
  const connector = await openConnector(tenant)
  const proxy = await newProxy({ settings: { ...settings, 'landbridge.proxyId': 'p1', displayName: 'Proxy One' } })
  assert.equal(proxy.tunnelCount(), 0)
  const headers = bearer(await cloud.token(tenant.connectivity))
  const answers = await Promise.all(Array.from({ length: 8 }, () => proxy.get(headers)))
  assert.deepEqual(new Set(answers.map(({ text }) => text)), new Set(['erp']))
  assert.equal((await proxy.get(headers)).status, 200)
  assert.equal(proxy.tunnelCount(), 1)
  assert.equal(connector.requests.length, 1)
  const { ticket, ...asked } = connector.requests[0]!
  assert.ok(String(ticket).length > 30)
  assert.deepEqual(asked, {
    type: 'open-tunnel',
    host: '127.0.0.1',
    port: proxy.tunnelPort,
    serverName: tunnelName,
    proxyId: 'p1',
    displayName: 'Proxy One',
  })
})

test('connectors are told to dial externalHost at externalPort, which is 443 unless set; without a name the proxy does not start (CP-017)', async () => {
  const tenant = await cloud.newTenant()
  const connector = await openConnector(tenant)
  connector.answersRequests = false
  const clock = new ManualClock(Date.now())
  const external = { 'landbridge.externalAddress': '', 'servers.businessDataTunnel.externalPort': undefined }
  const proxy = await newProxy({ settings: { ...settings, ...external }, clock })
  const asked = connector.nextRequest()
  const answer = proxy.get(bearer(await cloud.token(tenant.connectivity)))
  const { host, port } = await asked
  assert.deepEqual([host, port], [tunnelName, 443])
  clock.advance(10_000)
  assert.equal((await answer).status, 503)
  const nameless = { ...settings, 'servers.businessDataTunnel.externalHost': '' }
  await assert.rejects(startProxy(cloud, { pairedBy: paired, settings: nameless }), { code: 'CONFIG_INVALID' })
})

test('a connector that does not dial makes the caller wait ten seconds and no longer (CP-114)', async () => {
  const tenant = await cloud.newTenant()
  const connector = await openConnector(tenant)
  connector.answersRequests = false
  const clock = new ManualClock(Date.now())
  const proxy = await newProxy({ clock })
  const asked = connector.nextRequest()
  const answer = proxy.get(bearer(await cloud.token(tenant.connectivity)))
  await asked
  clock.advance(10_000)
  const { status, error } = await answer
  assert.deepEqual([status, error], [503, 'TUNNEL_OPEN_FAILED'])
})

test('multi-tenant trusted: the proxy presents the very token of the caller to the connectivity service, none of its own (CP-041)', async () => {
  const tenant = await cloud.newTenant()
  await realConnector(tenant)
  const proxy = await newProxy({
    settings: { tenantMode: 'shared', 'servers.proxy.http.enableProxyAuthorization': false, ...sockOff },
    token: () => Promise.reject(new Error('the proxy has no token of its own')),
  })
  const token = await cloud.token(paired, tenant.subaccount)
  assert.equal((await proxy.get({ 'sap-cp-connectivity-service-token': token })).text, 'erp')
})

const sockOff = { 'servers.proxy.socks5.enabled': false }

test('the proxy itself dials nobody: an address in a request is a name for the connector, not a place to go (CP-112)', async () => {
  const tenant = await cloud.newTenant()
  const proxy = await newProxy()
  const headers = bearer(await cloud.token(tenant.connectivity))
  const before = erp.seen.length
  const url = `http://127.0.0.1:${erp.port}/`
  assert.equal((await proxy.get(headers, url)).error, 'CONNECTOR_NOT_CONNECTED')
  await openConnector(tenant)
  await answered(403, () => proxy.get(headers, url))
  assert.equal(erp.seen.length, before)
})

test('several connections of one connector share the load, and one carries many exchanges at a time (CP-115)', async () => {
  const tenant = await cloud.newTenant()
  const connector = await openConnector(tenant)
  connector.tunnels = 2
  const proxy = await newProxy()
  const headers = bearer(await cloud.token(tenant.connectivity))
  while (proxy.tunnelCount() < 2) await proxy.get(headers)
  const calls = Array.from({ length: 40 }, () => proxy.get(headers, 'http://erp.virtual/hold'))
  await answered(200, async () => {
    const { status } = await proxy.get(headers)
    return { status: held.length === 40 ? status : 0 }
  })
  for (const response of held.splice(0)) response.end('late')
  assert.deepEqual(new Set((await Promise.all(calls)).map(({ text }) => text)), new Set(['late']))
  const [, ...tunnels] = connector.streams
  assert.equal(tunnels.length, 2)
  for (const streams of tunnels) assert.ok(streams >= 20, String(streams))
})

test('the real connector opens as many connections as it is configured to', async () => {
  const tenant = await cloud.newTenant()
  const connector = await realConnector(tenant, 3)
  const proxy = await newProxy()
  assert.equal((await proxy.get(bearer(await cloud.token(tenant.connectivity)))).status, 200)
  await connector.tunnelsOpened(3)
  assert.deepEqual([connector.connections, proxy.tunnelCount()], [3, 3])
})

test('a real connector stops sharing backend connections when it is told to, and NTLM works from then on (SCC-226)', async () => {
  const tenant = await cloud.newTenant()
  const backend = await startNtlmBackend()
  const connector = await RealConnector.connect(cloud, tenant, { mappings: [httpMapping(backend.port)] })
  closings.push(
    () => backend.close(),
    () => connector.close(),
  )
  const proxy = await newProxy()
  const token = await cloud.token(tenant.connectivity)
  const [ann, bob] = [await WireSocket.connect(proxy.httpPort), await WireSocket.connect(proxy.httpPort)]
  const ask = async (client: WireSocket, path: string, authorization = 'Bearer x'): Promise<WireAnswer> => {
    const lines = [`Proxy-Authorization: Bearer ${token}`, `Authorization: ${authorization}`, '', '']
    client.send(`GET http://erp.virtual${path} HTTP/1.1\r\nHost: erp.virtual\r\n${lines.join('\r\n')}`)
    return client.readAnswer()
  }
  for (const client of [ann, bob]) assert.equal((await ask(client, '/open')).status, 200)
  assert.equal(backend.accepted, 1)
  await connector.bindClients(true)
  // The former tunnel serves until the proxy has seen that it ends.
  while (proxy.tunnelCount() > 0) await new Promise(setImmediate)
  const { header } = await ask(ann, '/', ntlmBegin())
  assert.equal((await ask(ann, '/', ntlmFinish(header('WWW-Authenticate') ?? '', 'ann'))).body.toString(), 'ann')
  assert.equal((await ask(bob, '/open')).body.toString(), 'nobody')
  assert.equal((await ask(ann, '/open')).body.toString(), 'ann')
  assert.equal(backend.accepted, 3)
  ann.end()
  while (backend.open > 2) await new Promise(setImmediate)
  connector.disconnect()
  // The one that was shared waits for its next request as before.
  while (backend.open > 1) await new Promise(setImmediate)
  bob.end()
})

test('the connector lists the proxy by its display name, with connections and start (CP-120)', async () => {
  const tenant = await cloud.newTenant()
  const connector = await realConnector(tenant, 2)
  const proxy = await newProxy({ settings: { ...settings, displayName: 'Cluster of the plant' } })
  const before = Date.now()
  await answered(200, async () => proxy.get(bearer(await cloud.token(tenant.connectivity))))
  while (connector.connections < 2) await new Promise(setImmediate)
  const [listed, ...others] = connector.cloudConnections
  assert.deepEqual(others, [])
  assert.deepEqual([listed?.name, listed?.connectionCount], ['Cluster of the plant', 2])
  assert.ok((listed?.connectedSinceMs ?? 0) >= before && (listed?.connectedSinceMs ?? 0) <= Date.now())
})

test('an idle tunnel carries a sign of life well within the 120 seconds after which ingresses cut it (CP-121)', async () => {
  const tenant = await cloud.newTenant()
  const connector = await openConnector(tenant)
  connector.answersRequests = false
  const clock = new ManualClock(Date.now())
  const proxy = await newProxy({ clock })
  const asked = connector.nextRequest()
  const headers = bearer(await cloud.token(tenant.connectivity))
  const answer = proxy.get(headers)
  const message = await asked
  const lives: { proxy: number; connector: number } = { proxy: 0, connector: 0 }
  const ingress = createTcpServer((socket) => {
    const onward = connect(proxy.tunnelPort, '127.0.0.1')
    onward
      .on('data', () => lives.proxy++)
      .on('error', () => {})
      .on('close', () => socket.destroy())
    socket
      .on('data', () => lives.connector++)
      .on('error', () => {})
      .on('close', () => onward.destroy())
    onward.pipe(socket).pipe(onward)
  })
  ingress.listen(0, '127.0.0.1')
  await once(ingress, 'listening')
  await connector.openTunnel({ ...message, port: (ingress.address() as AddressInfo).port })
  assert.equal((await answer).text, 'erp')
  // Steps below the silence that counts as death, so that answers come in between: five minutes in all.
  for (let period = 0; period < 3; period++) {
    const before = { ...lives }
    for (let step = 0; step < 10; step++) {
      clock.advance(10_000)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    assert.ok(lives.proxy > before.proxy && lives.connector > before.connector, `period ${period}`)
  }
  assert.equal(proxy.tunnelCount(), 1)
  assert.equal((await proxy.get(headers)).text, 'erp')
  ingress.close()
})

test('where there is no destination service the proxy starts and serves (CP-197)', async () => {
  const tenant = await cloud.newTenant()
  await realConnector(tenant)
  const proxy = await newProxy()
  // The cloud of these tests has none, and the name in its credentials leads nowhere.
  assert.match(await cloud.serviceKey(await cloud.bind(tenant.subaccount, 'destination')), /http:\/\/destination\.test/)
  assert.equal((await proxy.get(bearer(await cloud.token(tenant.connectivity)))).status, 200)
})

test('a connector that does not trust the tunnel server reports it, and the caller is answered 503 (CP-127)', async () => {
  const tenant = await cloud.newTenant()
  const connector = await realConnector(tenant)
  const tunnelCa = await LocalCa.create({ subject: { CN: 'Of the ingress' } })
  const clock = new ManualClock(Date.now())
  const proxy = await newProxy({ clock, tunnelCa })
  const answer = proxy.get(bearer(await cloud.token(tenant.connectivity)))
  const line = await connector.logs('tunnel.open-failed')
  assert.match(line, /CLOUD_UNTRUSTED.*CN=Of the ingress/)
  clock.advance(10_000)
  const { status, error } = await answer
  assert.deepEqual([status, error], [503, 'TUNNEL_OPEN_FAILED'])
})

test('the connectors of the paired connectivity service are reached, those of another are not (CP-109)', async () => {
  const elsewhere = await Cloud.start()
  const tenant = await cloud.newTenant()
  const twin = await elsewhere.newTenant(tenant.subaccount.id)
  const stranger = await RealConnector.connect(elsewhere, twin, { mappings: [httpMapping(erp.port)] })
  const proxy = await newProxy()
  const headers = bearer(await cloud.token(tenant.connectivity))
  assert.equal((await proxy.get(headers)).error, 'CONNECTOR_NOT_CONNECTED')
  assert.equal((await proxy.get(bearer(await elsewhere.token(twin.connectivity)))).status, 407)
  await realConnector(tenant)
  await answered(200, () => proxy.get(headers))
  await stranger.close()
  await elsewhere.close()
})

test('without its connector a caller gets 503; once it is back the next request succeeds (CP-122)', async () => {
  const tenant = await cloud.newTenant()
  const connector = await realConnector(tenant)
  const proxy = await newProxy()
  const headers = bearer(await cloud.token(tenant.connectivity))
  assert.equal((await proxy.get(headers)).status, 200)
  connector.disconnect()
  await answered(503, () => proxy.get(headers))
  assert.equal((await proxy.get(headers)).error, 'CONNECTOR_NOT_CONNECTED')
  await connector.reconnect()
  await answered(200, () => proxy.get(headers))
})

test('a client that does not read its flood keeps nobody else on the tunnel waiting (CP-123)', async () => {
  const tenant = await cloud.newTenant()
  const connector = await openConnector(tenant)
  const proxy = await newProxy()
  const headers = bearer(await cloud.token(tenant.connectivity))
  const floods = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const sent = request({ host: '127.0.0.1', port: proxy.httpPort, path: 'http://erp.virtual/flood', headers })
      sent.on('error', () => {}).end()
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      response.on('error', () => {})
      return sent
    }),
  )
  for (let i = 0; i < 20; i++) assert.equal((await proxy.get(headers)).text, 'erp')
  assert.equal(proxy.tunnelCount(), 1)
  assert.equal(connector.requests.length, 1)
  for (const sent of floods) sent.destroy()
})
