// The ports of a proxy: which they are, and who gets in at the one for tunnels.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { loadConfig } from '@landbridge/config'
import { LocalCa } from '@landbridge/identity'
import { isPlatformError, ManualClock } from '@landbridge/kernel'
import type { BoundService } from '@landbridge/registry'
import { freePort } from '@landbridge/testkit'
import { tunnelAlpn } from '@landbridge/tunnel'
import { connectivityProxyConfigSchema } from '../src/index.ts'
import { type Backend, startBackend } from './backend.ts'
import { Cloud, type Tenant } from './cloud.ts'
import { OpenConnector } from './open-connector.ts'
import { bearer, type ProxyOptions, socksAuthentication, startProxy, type TestProxy, tunnelName } from './proxy.ts'
import { httpMapping } from './real-connector.ts'

let cloud: Cloud
let tenant: Tenant
let paired: BoundService
let erp: Backend
const closings: (() => unknown)[] = []

before(async () => {
  cloud = await Cloud.start()
  tenant = await cloud.newTenant()
  paired = await cloud.bind(tenant.subaccount, 'connectivity_proxy')
  erp = await startBackend('erp')
})
after(async () => {
  for (const close of closings.reverse()) await close()
  await erp.close()
  await cloud.close()
})

const shared = { tenantMode: 'shared', 'landbridge.acceptConnectivityBindings': true }

async function newProxy(options: Partial<ProxyOptions> = {}): Promise<TestProxy> {
  const proxy = await startProxy(cloud, { pairedBy: paired, settings: shared, ...options })
  closings.push(() => proxy.close())
  return proxy
}

async function openConnector(of: Tenant): Promise<OpenConnector> {
  const connector = await OpenConnector.connect(cloud, of, [httpMapping(erp.port)])
  closings.push(() => connector.close())
  return connector
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const open = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return open
}

/** Whether the tunnel server takes a connection: a yamux ping is answered by a session and by nothing else. */
async function handshake(proxy: TestProxy, options: ConnectionOptions): Promise<'accepted' | 'refused'> {
  const socket = connectTls({
    host: '127.0.0.1',
    port: proxy.tunnelPort,
    ca: cloud.ca.certificatePem,
    ALPNProtocols: [tunnelAlpn],
    checkServerIdentity: () => undefined,
    ...options,
  })
  const ping = Buffer.from('000200010000000000000001', 'hex')
  let outcome: 'accepted' | 'refused' = 'refused'
  socket.on('error', () => {})
  socket.on('secureConnect', () => socket.write(ping))
  socket.on('data', () => {
    outcome = 'accepted'
    socket.destroy()
  })
  // Not `once`, which takes the expected error for its own.
  await new Promise((resolve) => socket.on('close', resolve))
  return outcome
}

test('configured ports replace those of the guide in every listener and in what connectors are told to dial', async () => {
  const [http, socks5, tunnel, health] = [await freePort(), await freePort(), await freePort(), await freePort()]
  const connector = await openConnector(tenant)
  const settings = {
    ...shared,
    'servers.proxy.http.port': http,
    'servers.proxy.socks5.port': socks5,
    'servers.businessDataTunnel.port': tunnel,
    'landbridge.health.port': health,
  }
  const proxy = await startProxy(cloud, { pairedBy: paired, settings })
  assert.deepEqual([proxy.httpPort, proxy.socks5Port, proxy.tunnelPort], [http, socks5, tunnel])
  assert.equal(new URL(proxy.healthUrl).port, String(health))
  for (const port of [http, socks5, tunnel, health]) assert.ok(await isOpen(port), `${port}`)
  const token = await cloud.token(tenant.connectivity)
  const asked = connector.nextRequest()
  const answer = await proxy.get(bearer(token))
  assert.equal(answer.status, 200, answer.text)
  assert.equal((await asked).port, tunnel)
  assert.equal(await socksAuthentication(socks5, token), 0)
  await proxy.close()
  for (const port of [http, socks5, tunnel, health]) assert.ok(!(await isOpen(port)), `${port}`)
  connector.close()
})

test('a client that knows only connectivity-proxy.<namespace> and the ports of the guide is served (CP-088)', async (context) => {
  const { http, socks5 } = loadConfig(connectivityProxyConfigSchema, { environment: {} }).servers.proxy
  assert.deepEqual([http.port, socks5.port], [20_003, 20_004])
  if ((await isOpen(http.port)) || (await isOpen(socks5.port))) return context.skip('somebody else uses these ports')
  const connector = await openConnector(tenant)
  const settings = { ...shared, 'servers.proxy.http.port': undefined, 'servers.proxy.socks5.port': undefined }
  const proxy = await startProxy(cloud, { pairedBy: paired, settings }).catch((failure: unknown) => {
    if (isPlatformError(failure, 'PORT_IN_USE')) return undefined
    throw failure
  })
  if (proxy === undefined) {
    connector.close()
    return context.skip('somebody else took these ports')
  }
  const token = await cloud.token(tenant.connectivity)
  const sent = request({
    host: 'connectivity-proxy.landbridge',
    port: 20_003,
    // The name service of the cluster.
    lookup: (_name, options, done) =>
      options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
    path: 'http://erp.virtual/',
    headers: { host: 'erp.virtual', ...bearer(token) },
    agent: false,
  })
  sent.end()
  const [response] = await once(sent, 'response')
  assert.equal(response.statusCode, 200, await text(response))
  assert.equal(await socksAuthentication(20_004, token), 0)
  response.resume()
  await proxy.close()
  connector.close()
})

test('plain text never becomes a tunnel (CP-116)', async () => {
  const proxy = await newProxy()
  const socket = connect(proxy.tunnelPort, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: tunnel\r\n\r\n')
  socket.resume()
  await new Promise((resolve) => socket.on('close', resolve))
  assert.equal(proxy.tunnelCount(), 0)
})

test('a certificate of another authority, none, or an expired one ends the handshake', async () => {
  const proxy = await newProxy()
  const past = new ManualClock(Date.now() - 10 * 86_400_000)
  const other = await LocalCa.create({ subject: { CN: 'Other CA' } })
  const subject = { CN: 'a', OU: 'b' }
  const earlier = LocalCa.load(cloud.ca.certificatePem, cloud.ca.keyPem.reveal(), past)
  const expired = await earlier.issueClient({ subject, days: 1 })
  for (const certificate of [{}, await other.issueClient({ subject, days: 1 }), expired])
    assert.equal(await handshake(proxy, { ...certificate, servername: tunnelName }), 'refused')
  assert.equal(proxy.logged.filter((line) => line.includes('tunnel.handshake-failed')).length, 3)
  assert.equal(proxy.tunnelCount(), 0)
})

test('with strict SNI a connection for another server name or for none is refused; without it is accepted', async () => {
  const certificate = await cloud.ca.issueClient({ subject: { CN: 'a', OU: 'b' }, days: 1 })
  const lenient = { ...shared, 'servers.businessDataTunnel.strictSniEnabled': false }
  for (const [proxy, expected] of [
    [await newProxy(), 'refused'],
    [await newProxy({ settings: lenient }), 'accepted'],
  ] as const) {
    assert.equal(await handshake(proxy, { ...certificate, servername: tunnelName }), 'accepted')
    assert.equal(await handshake(proxy, { ...certificate, servername: 'other.test' }), expected)
    assert.equal(await handshake(proxy, { ...certificate, servername: '' }), expected)
  }
})

test('a ticket opens a tunnel for the subaccount, the connector and the location it was made for, and for no other (CP-118)', async () => {
  const [acme, umbra] = [await cloud.newTenant(), await cloud.newTenant()]
  const [own, foreign] = [await openConnector(acme), await openConnector(umbra)]
  own.answersRequests = false
  const proxy = await newProxy()
  const asked = own.nextRequest()
  const answer = proxy.get(bearer(await cloud.token(acme.connectivity)))
  const message = await asked
  const refusal = async (opened: Promise<unknown>) => String(((await opened) as { title?: string } | undefined)?.title)
  assert.match(await refusal(foreign.openTunnel(message)), /another subaccount/)
  const disguised = { subaccountId: acme.subaccount.id }
  assert.match(await refusal(foreign.openTunnel(message, disguised)), /another subaccount/)
  assert.match(await refusal(own.openTunnel(message, { locationId: 'plant' })), /another location/)
  assert.match(await refusal(own.openTunnel(message, { connectorId: 'x' })), /another connector/)
  assert.match(await refusal(own.openTunnel({ ...message, ticket: 'made-up' })), /ticket is unknown/)
  assert.equal(proxy.tunnelCount(), 0)
  assert.equal((await own.openTunnel(message))?.type, 'tunnel-accepted')
  assert.equal((await answer).text, 'erp')
  const other = await proxy.get(bearer(await cloud.token(umbra.connectivity)))
  assert.equal(other.text, 'erp')
  assert.equal(foreign.requests.length, 1)
  assert.equal(own.prefaces.length, 1)
  assert.equal(foreign.prefaces.length, 1)
})

test('the authorities of connectors come from the service of the key, and again every hour, or a minute after a failure (CP-124)', async () => {
  const other = await LocalCa.create({ subject: { CN: 'Other CA' } })
  const lists = [
    cloud.ca.certificatePem,
    'no PEM',
    `${other.certificatePem}${cloud.ca.certificatePem}`,
    other.certificatePem,
  ]
  let asked = 0
  const server = createServer((_request, response) => void response.end(lists[Math.min(asked++, 3)]))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closings.push(() => server.close())
  const caListUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/CAs`
  const clock = new ManualClock(Date.now())
  const proxy = await newProxy({ clock, caListUrl })
  const subject = { CN: 'a', OU: 'b' }
  const [own, foreign] = [
    await cloud.ca.issueClient({ subject, days: 1 }),
    await other.issueClient({ subject, days: 1 }),
  ]
  const accepted = async (): Promise<string[]> => [
    await handshake(proxy, { ...own, servername: tunnelName }),
    await handshake(proxy, { ...foreign, servername: tunnelName }),
  ]
  assert.deepEqual(await accepted(), ['accepted', 'refused'])
  const changed = 'proxy.connector-authorities-changed'
  clock.advance(3_600_000)
  await proxy.said('proxy.connector-authorities-unavailable', 1)
  assert.deepEqual(await accepted(), ['accepted', 'refused'])
  clock.advance(60_000)
  await proxy.said(changed, 1)
  assert.deepEqual(await accepted(), ['accepted', 'accepted'])
  clock.advance(3_600_000)
  await proxy.said(changed, 2)
  assert.deepEqual(await accepted(), ['refused', 'accepted'])
})

test('without the list a proxy starts with the authority that it was given, or says what is missing', async () => {
  const caListUrl = 'http://127.0.0.1:9/api/v1/CAs'
  await assert.rejects(newProxy({ caListUrl }), { code: 'CONNECTOR_AUTHORITIES_UNAVAILABLE' })
  const proxy = await newProxy({ caListUrl, fallbackCa: cloud.ca.certificatePem })
  const certificate = await cloud.ca.issueClient({ subject: { CN: 'a', OU: 'b' }, days: 1 })
  assert.equal(await handshake(proxy, { ...certificate, servername: tunnelName }), 'accepted')
})

test('each handshake is audited in one line, with the reason where it fails (CP-182, CP-183)', async () => {
  const tenant = await cloud.newTenant()
  const connector = await openConnector(tenant)
  connector.answersRequests = false
  const proxy = await newProxy()
  const asked = connector.nextRequest()
  const answer = proxy.get(bearer(await cloud.token(tenant.connectivity)))
  const message = await asked
  await connector.openTunnel({ ...message, ticket: 'made-up\n[AUDIT-EVENT] {}' })
  assert.equal((await connector.openTunnel(message))?.type, 'tunnel-accepted')
  await answer
  await handshake(proxy, { servername: tunnelName })
  const events = proxy.audited.map((line) => {
    assert.ok(line.startsWith('[AUDIT-EVENT] {') && !line.includes('\n'), line)
    const { data, ...event } = JSON.parse(line.slice('[AUDIT-EVENT] '.length))
    return { ...event, data: JSON.parse(data) }
  })
  const details = events.map(({ data }) => data.handshakeDetails)
  assert.deepEqual(details.slice(0, 2), ['the ticket is unknown, expired or used already', 'success'])
  assert.equal(events.length, 3)
  assert.notEqual(details[2], 'success')
  const [failed, { data, user, tenant: whose }, unknown] = events
  assert.match(data.tunnelId, /^[0-9a-f-]{36}$/)
  assert.deepEqual([user, whose], ['fallback_for_missing_user', tenant.subaccount.id])
  assert.deepEqual(data, {
    action: 'open connectivity tunnel',
    message: 'tunnel handshake success',
    tunnelId: data.tunnelId,
    objectName: 'connectivity tunnel management',
    clientId: connector.connectorId,
    loggedByClass: 'com.sap.core.connectivity.tunnel.server.TunnelServerHandshaker',
    handshakeDetails: 'success',
  })
  assert.deepEqual([failed.data.message, failed.data.clientId], ['tunnel handshake failure', connector.connectorId])
  assert.equal(failed.tenant, tenant.subaccount.id)
  assert.deepEqual([unknown.data.clientId, unknown.tenant], ['', ''])
  assert.equal(new Set(events.map((event) => event.data.tunnelId)).size, 3)
})

test('a proxy that drains still serves the request that comes right after an answer, and ends who is silent', async () => {
  const clock = new ManualClock(Date.now())
  await openConnector(tenant)
  const proxy = await newProxy({ clock })
  const headers = bearer(await cloud.token(tenant.connectivity))
  const exchange = async (agent: Agent) => {
    const sent = request({ host: '127.0.0.1', port: proxy.httpPort, path: 'http://erp.virtual/', headers, agent }).end()
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    const { socket } = answer
    await text(answer)
    return { answer, socket }
  }
  const [quiet, active, silent] = [0, 1, 2].map(() => new Agent({ keepAlive: true, maxSockets: 1 })) as [
    Agent,
    Agent,
    Agent,
  ]
  closings.push(() => [quiet, active, silent].map((agent) => agent.destroy()))
  const quietEnds = once((await exchange(quiet)).socket, 'close')
  clock.advance(2_000)
  const { socket } = await exchange(active)
  const silentEnds = once((await exchange(silent)).socket, 'close')
  const drained = proxy.drain(20_000)
  await quietEnds
  const last = await exchange(active)
  assert.deepEqual(
    [last.answer.statusCode, last.answer.headers.connection, last.socket === socket],
    [200, 'close', true],
  )
  clock.advance(1_000)
  await silentEnds
  await drained
})
