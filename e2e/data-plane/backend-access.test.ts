import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DataPlane, mapping, resource, startHttpBackend, startWireBackend } from '@landbridge/testkit'
import { send, sendCall, withWireBackend } from './backend-calls.ts'

const noSystem = (system: string): string =>
  `Access denied to system ${system}: If this was a valid request, make sure you expose the system correctly in your Cloud Connector.\n`

async function withPaths(resources: ReturnType<typeof resource>[]) {
  const backend = await startHttpBackend((request, response) => {
    request.resume()
    response.end(`${request.method} ${request.url}`)
  })
  const plane = await DataPlane.start({ connector: { mappings: [mapping('web', backend.port, { resources })] } })
  plane.defer(() => backend.close())
  return { plane, port: backend.port }
}

test('a connector without mappings refuses every request over its open tunnel with the text of the guide (SCC-180, CP-062)', async () => {
  await using plane = await DataPlane.start()
  for (const system of ['virtual:1234', 'localhost:80', '127.0.0.1:22']) {
    const answer = await send(plane, { url: `${system}/x` })
    assert.equal(answer.status, 403)
    assert.equal(answer.header('X-Landbridge-Error'), 'NO_SYSTEM')
    assert.equal(answer.body.toString(), noSystem(system))
  }
  assert.equal(plane.connector.links.size, 1)
})

test('host and port of a mapping both count, and the host without regard to case (SCC-198)', async () => {
  const { plane } = await withPaths([resource('/')])
  await using _ = plane
  assert.equal((await send(plane, { url: 'WEB:80/a' })).body.toString(), 'GET /a')
  assert.equal((await send(plane, { url: 'web/a' })).status, 200)
  for (const system of ['web:81', 'webs:80', 'we:80']) {
    const answer = await send(plane, { url: `${system}/a` })
    assert.equal(answer.status, 403)
    assert.equal(answer.body.toString(), noSystem(system))
  }
})

test('exact resources admit the identical path with any query and nothing else (SCC-199)', async () => {
  const { plane } = await withPaths([resource('/orders/list', { exactMatchOnly: true })])
  await using _ = plane
  assert.equal((await send(plane, { url: 'web:80/orders/list' })).status, 200)
  assert.equal((await send(plane, { url: 'web:80/orders/list?a=/../b' })).body.toString(), 'GET /orders/list?a=/../b')
  for (const path of ['/orders/list/7', '/orders/list/', '/orders/lis', '/Orders/list', '/']) {
    const answer = await send(plane, { url: `web:80${path}?q` })
    assert.equal(answer.status, 403, path)
    assert.equal(answer.header('X-Landbridge-Error'), 'NO_RESOURCE')
    assert.match(answer.body.toString(), new RegExp(`^Access denied to resource ${path} on system web:80: `))
  }
})

test('sub-path resources admit what starts with their text, and the root admits all (SCC-200, SCC-201)', async () => {
  const { plane, port } = await withPaths([resource('/orders/list')])
  await using _ = plane
  for (const path of ['/orders/list', '/orders/list/7', '/orders/listing-extra'])
    assert.equal((await send(plane, { url: `web:80${path}` })).status, 200, path)
  assert.equal((await send(plane, { url: 'web:80/orders' })).status, 403)
  plane.connector.expose([mapping('web', port)])
  for (const path of ['/orders', '/', '/a/b?c']) assert.equal((await send(plane, { url: `web:80${path}` })).status, 200)
})

test('a mapping without a matching resource refuses, whatever the method (SCC-202, SCC-203)', async () => {
  const { plane, port } = await withPaths([])
  await using _ = plane
  const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'PROPFIND']
  for (const method of methods) assert.equal((await send(plane, { url: 'web:80/x', method })).status, 403, method)
  plane.connector.expose([mapping('web', port, { resources: [resource('/x')] })])
  for (const method of methods) {
    const answer = await send(plane, { url: 'web:80/x', method })
    assert.equal(answer.status, 200, method)
    if (method !== 'HEAD') assert.equal(answer.body.toString(), `${method} /x`)
  }
})

test('a suspended resource refuses like an absent one until it is activated (SCC-204)', async () => {
  const { plane, port } = await withPaths([resource('/x')])
  await using _ = plane
  const client = await plane.client()
  for (const enabled of [true, false, true]) {
    plane.connector.expose([mapping('web', port, { resources: [resource('/x', { enabled })] })])
    assert.equal((await send(plane, { url: 'web:80/x' }, client)).status, enabled ? 200 : 403)
  }
})

test('no writing of a path leaves the exposed sub-path (SCC-207)', async () => {
  await using wire = await withWireBackend({ resources: [resource('/orders/')] })
  const variants = [
    '/orders/../secret',
    '/orders/%2e%2e/secret',
    '/orders/%2E./secret',
    '/orders/.%2e/secret',
    '/orders/%252e%252e/secret',
    '/orders/..%2fsecret',
    '/orders/..%5csecret',
    '/orders/..;x=1/secret',
    '/orders/%c0%ae%c0%ae/secret',
    '/orders/..',
    '/orders/a/../../secret',
    '//secret',
    '/secret/../orders/',
    '/ORDERS/',
    '/%6frders/x',
  ]
  for (const path of variants) {
    const answer = await send(wire.plane, { url: `web:80${path}` })
    assert.equal(answer.status, 403, path)
  }
  assert.equal(wire.backend.accepted, 0)
})

test('each refused request is reported with its path and reason, allowed ones are not', async () => {
  const { plane, port } = await withPaths([resource('/x')])
  await using _ = plane
  plane.connector.expose([
    mapping('web', port, { resources: [resource('/x')] }),
    mapping('db', port, { protocol: 'TCP', resources: [] }),
  ])
  for (const url of ['web:80/x', 'web:80/y?secret', 'other:81/z', 'web:80/x/../y', 'db:80/']) await send(plane, { url })
  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket']
  await send(plane, { url: 'web:80/x', lines: upgrade })
  assert.deepEqual(
    plane.connector.denied.map(
      (entry) => `${entry.subaccountId} ${entry.virtualHost}:${entry.virtualPort} ${entry.reason}`,
    ),
    [
      'acme web:80 NO_RESOURCE',
      'acme other:81 NO_SYSTEM',
      'acme web:80 BAD_PATH',
      'acme db:80 WRONG_PROTOCOL',
      'acme web:80 NO_WEBSOCKET',
    ],
  )
  assert.equal(plane.connector.denied[0]?.path, '/y', 'path without query')
})

test('a mapping of another protocol is refused for HTTP', async () => {
  await using wire = await withWireBackend({ protocol: 'TCP', resources: [] })
  const answer = await send(wire.plane, { url: 'web:80/' })
  assert.equal(answer.status, 403)
  assert.equal(answer.header('X-Landbridge-Error'), 'WRONG_PROTOCOL')
  assert.match(answer.body.toString(), /exposed for another protocol/)
})

test('a changed table leaves a running download alone and rules the next request (SCC-193)', async () => {
  await using wire = await withWireBackend()
  const { plane, backend } = wire
  const client = await plane.client()
  await sendCall(plane, client, { url: 'web:80/file' })
  const peer = await backend.accept()
  await peer.readHead()
  peer.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
  await client.readHead()
  assert.equal((await client.read(3)).toString(), 'abc')
  plane.connector.expose([])
  peer.send('def')
  assert.equal((await client.read(3)).toString(), 'def')
  assert.equal((await send(plane, { url: 'web:80/file' }, client)).status, 403)
})

test('a retargeted mapping moves the next request of the same client connection to the new system (SCC-184)', async () => {
  const old = await startHttpBackend((_, response) => response.end('old'))
  const fresh = await startHttpBackend((_, response) => response.end('new'))
  await using plane = await DataPlane.start({ connector: { mappings: [mapping('web', old.port)] } })
  plane.defer(() => Promise.all([old.close(), fresh.close()]))
  const client = await plane.client()
  assert.equal((await send(plane, { url: 'web:80/' }, client)).body.toString(), 'old')
  plane.connector.expose([mapping('web', fresh.port)])
  assert.equal((await send(plane, { url: 'web:80/' }, client)).body.toString(), 'new')
})

test('a backend that cannot be reached is a 502 that hides the internal address', async () => {
  const gone = await startWireBackend()
  await gone.close()
  const internal = { internalHost: 'localhost' }
  await using plane = await DataPlane.start({ connector: { mappings: [mapping('web', gone.port, internal)] } })
  const answer = await send(plane, { url: 'web:80/' })
  assert.equal(answer.status, 502)
  assert.equal(answer.header('X-Landbridge-Error'), 'BACKEND_UNREACHABLE')
  assert.match(answer.body.toString(), /web:80 \(ECONNREFUSED\)/)
  assert.ok(!answer.body.includes(String(gone.port)))
})
