import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import type { Socket } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { Bindings, type LandbridgeClient, openClient, parseVcapServices, readBindings } from '@landbridge/client'
import { ManualClock } from '@landbridge/kernel'
import { startPlatform, type TestPlatform, temporaryFolder } from '@landbridge/testkit'
import { type Dispatcher, fetch } from 'undici'
import { createDestination, expose } from './support/administration.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { startLocatedConnector } from './support/located-connector.ts'
import { claimsOf, userToken } from './support/tokens.ts'

let platform: TestPlatform
let backend: Backend
let client: LandbridgeClient

before(async () => {
  platform = await startPlatform()
  backend = await startBackend('orders')
  client = newClient()
  await expose(platform, { virtualHost: 'orders.virtual', backendPort: backend.port })
  await createDestination(platform, {
    Name: 'orders',
    URL: 'http://orders.virtual/base',
    ProxyType: 'OnPremise',
    Authentication: 'NoAuthentication',
    'URL.headers.x-plant': 'north',
    'URL.queries.client': '100',
  })
})

after(async () => {
  await client?.close()
  await backend?.[Symbol.asyncDispose]()
  await platform?.stop()
})

function newClient(options: Parameters<typeof openClient>[0] = {}): LandbridgeClient {
  const { VCAP_SERVICES } = platform.environment
  return openClient({ bindings: readBindings({ environment: { VCAP_SERVICES } }), ca: platform.ca, ...options })
}

/** The undici of an application may be another version than that of the library, whose types then differ. */
function dispatcherOf(client: LandbridgeClient): Dispatcher {
  return client.dispatcher() as unknown as Dispatcher
}

test('an on-premise system is called by the name of its destination, with headers and parameters of both (CONN-258, CONN-265)', async () => {
  const response = await client.fetch('orders', '/list?page=2', { headers: { 'x-own': '1' } })
  assert.equal(response.status, 200)
  assert.deepEqual(await response.json(), {
    system: 'orders',
    method: 'GET',
    path: '/base/list?page=2&client=100',
    body: '',
  })
  const { headers } = backend.seen.at(-1)!
  assert.deepEqual([headers['x-plant'], headers['x-own'], headers.host], ['north', '1', 'orders.virtual'])
  assert.equal(headers['proxy-authorization'], undefined)
  const posted = await client.fetch('orders', 'new', { method: 'POST', body: 'ten bolts' })
  assert.equal(((await posted.json()) as { body: string }).body, 'ten bolts')
})

test('a destination tells its properties as they are stored (CONN-258)', async () => {
  const destination = await client.findDestination('orders')
  assert.equal(destination.getProperty('Authentication'), 'NoAuthentication')
  assert.equal(destination.getProperty('nothing'), undefined)
  assert.equal(destination.getAllProperties().URL, 'http://orders.virtual/base')
  assert.equal(destination.owner.subaccountId, platform.binding('xsuaa').subaccountid)
  const v2 = await client.findDestination('orders', { version: 'v2', level: 'subaccount' })
  assert.deepEqual(v2.getAllProperties(), destination.getAllProperties())
})

test('the agents lead any request of undici and of node:http to virtual hosts (CONN-265)', async () => {
  const answer = await fetch('http://orders.virtual/by-undici', { dispatcher: dispatcherOf(client) })
  assert.equal(((await answer.json()) as { path: string }).path, '/by-undici')
  const agent = client.httpAgent()
  for (const path of ['/first', '/second']) {
    const request = get(`http://orders.virtual${path}`, { agent })
    const [response] = await once(request, 'response')
    assert.equal(JSON.parse(await text(response)).path, path)
  }
  await assert.rejects(fetch('https://orders.virtual/', { dispatcher: dispatcherOf(client) }), (error: Error) => {
    assert.match(String(error.cause), /CLIENT_PROXY_NEEDS_HTTP.*Administrator: give the destination an http/s)
    return true
  })
})

test('a body that is sent before the token is there arrives whole through the agent of node:http (CONN-265)', async () => {
  await using fresh = newClient()
  const { request } = await import('node:http')
  const sent = request('http://orders.virtual/upload', { method: 'POST', agent: fresh.httpAgent() })
  sent.end('all in one piece')
  const [response] = await once(sent, 'response')
  assert.equal(JSON.parse(await text(response)).body, 'all in one piece')
})

test('the location ID of a destination is sent along, and a location without a connector is told as such (CONN-264)', async () => {
  using folder = temporaryFolder()
  const located = await startBackend('plant2')
  const connector = await startLocatedConnector(platform, folder.path, {
    locationId: 'plant2',
    virtualHost: 'located.virtual',
    backendPort: located.port,
  })
  const common = { URL: 'http://located.virtual', ProxyType: 'OnPremise', Authentication: 'NoAuthentication' }
  await createDestination(platform, { Name: 'located', ...common, CloudConnectorLocationId: 'plant2' })
  await createDestination(platform, { Name: 'lost', ...common, CloudConnectorLocationId: 'plant9' })
  try {
    const response = await client.fetch('located', '/')
    assert.equal(((await response.json()) as { system: string }).system, 'plant2')
    assert.equal((await client.fetch('lost', '/')).status, 503)
    const proxy = client.proxyFor(await client.findDestination('located'))
    assert.equal((await proxy?.headers())?.['SAP-Connectivity-SCC-Location_ID'], 'plant2')
  } finally {
    await connector.stop()
    await located[Symbol.asyncDispose]()
  }
})

test('a user travels along, in a header for the Cloud Connector or exchanged for one token (CONN-260)', async () => {
  await createDestination(platform, {
    Name: 'orders-user',
    URL: 'http://orders.virtual',
    ProxyType: 'OnPremise',
    Authentication: 'PrincipalPropagation',
  })
  const jwt = await userToken(platform)
  const destination = await client.findDestination('orders-user', { userToken: jwt })
  assert.deepEqual(await client.authenticationHeaders(destination), [
    { name: 'SAP-Connectivity-Authentication', value: `Bearer ${jwt}` },
  ])
  const { name, value } = await client.headerProvider.getPrincipalPropagationHeader(jwt)
  assert.equal(name, 'Proxy-Authorization')
  const claims = claimsOf(value.replace('Bearer ', ''))
  assert.equal(claims.user_name, platform.credentials.user.name)
  assert.equal(claims.client_id ?? claims.cid, platform.binding('connectivity').clientid)
  const anonymous = client.fetch('orders-user', '/')
  await assert.rejects(anonymous, { code: 'CLIENT_USER_TOKEN_MISSING', message: /Developer: pass the token/ })
})

test('a destination with Basic authentication logs on with its user', async () => {
  await createDestination(platform, {
    Name: 'orders-basic',
    URL: 'http://orders.virtual',
    ProxyType: 'OnPremise',
    Authentication: 'BasicAuthentication',
    User: 'tech',
    Password: 'pw',
  })
  assert.equal((await client.fetch('orders-basic', '/')).status, 200)
  assert.equal(backend.seen.at(-1)?.headers.authorization, 'Basic dGVjaDpwdw==')
})

test('a TCP system is reached over SOCKS5, and every refusal says what to do (CONN-265, CONN-266)', async () => {
  const socket = await client.connectSocks5({ host: 'demo-tcp.virtual', port: 9000 })
  const sent = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251))
  socket.end(sent)
  assert.ok((await buffer(socket)).equals(sent))
  const open = (target: object): Promise<Socket> =>
    client.connectSocks5({ host: 'demo-tcp.virtual', port: 9000, ...target })
  await assert.rejects(open({ host: 'hidden.virtual' }), {
    code: 'CLIENT_HOST_NOT_EXPOSED',
    message: /host=hidden.virtual, port=9000.*On-premise administrator: add a system mapping/,
  })
  await assert.rejects(open({ locationId: 'plant-9' }), { code: 'CONNECTOR_NOT_CONNECTED', message: /plant-9/ })
  await assert.rejects(open({ locationId: 'x'.repeat(190) }), RangeError)
  await assert.rejects(open({ signal: AbortSignal.abort(new Error('enough')) }), /enough/)
})

test('a missing destination, wrong credentials and a missing binding are told apart (CONN-256)', async () => {
  await assert.rejects(client.findDestination('nothing'), {
    code: 'CLIENT_DESTINATION_NOT_FOUND',
    message: /destination=nothing.*Administrator: create the destination/,
  })
  const services = JSON.parse(platform.environment.VCAP_SERVICES)
  services.destination[0].credentials.clientsecret = 'wrong-and-secret'
  await using stranger = newClient({ bindings: new Bindings(parseVcapServices(services)) })
  await assert.rejects(stranger.findDestination('orders'), (error: Error) => {
    assert.match(error.message, /CLIENT_CREDENTIALS_REFUSED.*Developer: write the bindings anew/)
    assert.doesNotMatch(error.message, /wrong-and-secret/)
    return true
  })
  await using unbound = newClient({ bindings: new Bindings([]) })
  await assert.rejects(unbound.findDestination('orders'), { code: 'CLIENT_BINDING_MISSING' })
})

test('tokens are renewed shortly before they expire, and kept until then (CONN-263, RFC-019)', async () => {
  const clock = new ManualClock(Date.now())
  await using patient = newClient({ clock })
  const tokens = await Promise.all(Array.from({ length: 10 }, () => patient.proxy.token({})))
  assert.equal(new Set(tokens).size, 1)
  const { exp = 0, iat = 0 } = claimsOf(tokens[0]!) as { exp?: number; iat?: number }
  clock.advance((exp - iat - 70) * 1_000)
  assert.equal(await patient.proxy.token({}), tokens[0])
  clock.advance(10_000)
  assert.notEqual(await patient.proxy.token({}), tokens[0])
})
