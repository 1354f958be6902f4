import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import {
  type Called,
  leadsTo,
  type Platform,
  type Started,
  type StoredDestination,
  startPlatform,
  startProxy,
  startRecorder,
} from './stand-in.ts'

let platform: Platform
let proxy: Started

before(async () => {
  platform = await startPlatform()
  proxy = await startProxy(platform, {
    destinations: [
      { name: 'gateway', namespace: 'shop', destinationRef: { name: '*' } },
      { name: 'gone', namespace: 'shop', destinationRef: { name: 'NO-SUCH' } },
    ],
  })
})

beforeEach(() => platform.destinations.clear())

after(async () => {
  await proxy?.[Symbol.asyncDispose]()
  await platform?.[Symbol.asyncDispose]()
})

let names = 0

function call(stored: StoredDestination): Promise<Called> {
  const name = `d${++names}`
  platform.destinations.set(name, stored)
  return proxy.call('gateway.shop', '/', { headers: ['X-Destination-Name', name] })
}

test('a destination that is not there is a bad gateway, with the words of the original (TP-023)', async () => {
  const { status, headers } = await proxy.call('gone.shop', '/', { headers: ['X-Request-Id', 'r-1'] })
  assert.equal(status, 502)
  assert.equal(
    headers['x-error-message'],
    "Destination 'NO-SUCH' referred in Destination CR 'gone.shop' is not found in tenant 'own'. Inspect the Destination CR or contact the Destination Administrator.",
  )
  const names = ['x-error-origin', 'x-internal-error-code', 'x-request-id', 'x-proxy-server']
  assert.deepEqual(
    names.map((name) => headers[name]),
    ['Destination Service', '404', 'r-1', 'Transparent Proxy'],
  )
})

test('a URL that is none is answered with 404', async () => {
  for (const URL of ['', 'erp', 'https:/myapp.com', 'tcp://erp:80', 'http://']) {
    const { status, headers } = await call(leadsTo(URL))
    assert.equal(status, 404, URL)
    assert.match(String(headers['x-error-message']), /Make sure the URL configured in the destination is valid/)
  }
})

test('a destination that cannot be served is an invalid configuration, and the header says why (TP-047)', async () => {
  const url = 'http://127.0.0.1:9'
  const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ Type: 'RFC' }, /its type is RFC/],
    [{ ProxyType: 'PrivateLink' }, /its proxy type is PrivateLink/],
    [{ ProxyType: 'OnPremise', URL: 'https://erp' }, /starts with http:\/\//],
    [{ 'URL.connectionTimeoutInSeconds': '301' }, /URL.connectionTimeoutInSeconds must be a number from 1 to 300/],
    [{ 'URL.socketReadTimeoutInSeconds': '0' }, /URL.socketReadTimeoutInSeconds must be a number from 1 to 43200/],
    [{ 'KeyStore.Source': 'ClientProvided' }, /ClientProvided is not supported/],
    [{ KeyStoreLocation: 'cert.jks' }, /KeyStoreLocation must name a file of type \.p12, \.pfx/],
    [
      { Authentication: 'ClientCertificateAuthentication', KeyStoreLocation: 'a.p12', URL: 'https://127.0.0.1:9' },
      /did not deliver it/,
    ],
    [{ 'URL.headers.x': 'a\r\nb: c' }, /characters that are not allowed/],
  ]
  for (const [more, reason] of cases) {
    const { status, headers, body } = await call(leadsTo(url, more))
    assert.equal(status, 500, JSON.stringify(more))
    assert.equal(body, 'Invalid destination configuration. Contact the destination administrator.')
    assert.match(String(headers['x-error-message']), reason)
  }
})

test('a refused binding is an invalid configuration; services that are out are a bad gateway (TP-088)', async () => {
  await using other = await startPlatform()
  await using started = await startProxy(other, { destinations: [{ name: 'erp', destinationRef: { name: 'erp' } }] })
  other.refuseTokens(true)
  const refused = await started.call('erp', '/')
  assert.deepEqual(
    [refused.status, refused.headers['x-error-origin'], refused.headers['x-internal-error-code']],
    [500, 'XSUAA', '401'],
  )
  assert.equal(refused.body, 'Invalid destination configuration. Contact the destination administrator.')
  other.refuseTokens(false)
  other.destinations.set('erp', { status: 500 })
  const out = await started.call('erp', '/')
  assert.deepEqual([out.status, out.headers['x-error-origin']], [502, 'XSUAA/Destination Service'])
  other.destinations.set('erp', { status: 400 })
  const bad = await started.call('erp', '/')
  assert.deepEqual([bad.status, bad.headers['x-internal-error-code']], [400, '400'])
})

test('a target that refuses connections is a bad gateway; on-premise ones need a connectivity proxy', async () => {
  const { status, headers } = await call(leadsTo('http://127.0.0.1:1'))
  assert.equal(status, 502)
  assert.match(String(headers['x-error-message']), /^Failed to establish connection to the target .*ECONNREFUSED/)
  const missing = await call(leadsTo('http://erp.virtual', { ProxyType: 'OnPremise' }))
  assert.deepEqual(
    [missing.status, missing.body.slice(0, 52)],
    [502, 'The transparent proxy knows no connectivity proxy. O'],
  )
})

test('a target that is silent is given up after the time of its destination (TP-046)', async () => {
  await using silent = await startRecorder(() => {})
  const { status, headers } = await call(leadsTo(silent.url, { 'URL.socketReadTimeoutInSeconds': '1' }))
  assert.equal(status, 504)
  assert.match(String(headers['x-error-message']), /^No data from the target of destination 'd\d+' for 1 s/)
})

test('an answer that breaks off is broken for the caller too, and the transparent proxy serves on', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', () => socket.resetAndDestroy()),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const { port } = server.address() as AddressInfo
    await assert.rejects(call(leadsTo(`http://127.0.0.1:${port}`)))
  } finally {
    server.close()
  }
  assert.equal((await proxy.call('gone.shop', '/')).status, 502)
})

test('a caller that goes away ends its request at the target', async () => {
  await using slow = await startRecorder(() => {})
  const closed = new Promise<void>((resolve) =>
    slow.server.on('connection', (socket) => socket.on('close', () => resolve())),
  )
  const asked = once(slow.server, 'request')
  platform.destinations.set('slow', leadsTo(slow.url))
  const caller = connect(proxy.running.port, '127.0.0.1')
  caller.write('GET / HTTP/1.1\r\nHost: gateway.shop\r\nX-Destination-Name: slow\r\n\r\n')
  await asked
  caller.destroy()
  await closed
})
