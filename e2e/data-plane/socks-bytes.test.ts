import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '@landbridge/kernel'
import { socks5ConnectRequest } from '@landbridge/socks5'
import { DataPlane, startWireBackend, tcpMapping, type WireBackend } from '@landbridge/testkit'
import { connected, connectReply, opening, replies } from './socks-talk.ts'

async function backendOf(plane: DataPlane): Promise<WireBackend> {
  const backend = await startWireBackend()
  plane.defer(() => backend.close())
  plane.connector.expose([
    tcpMapping('tcp.virtual', 9000, backend.port),
    tcpMapping('10.1.2.3', 9000, backend.port),
    tcpMapping('range.virtual', '7000-7009', `${backend.port - 3}-${backend.port + 6}`),
  ])
  return backend
}

test('a handshake split into single bytes opens the connection (CP-076, CP-081, CONN-101, RC-123)', async () => {
  await using plane = await DataPlane.start()
  const backend = await backendOf(plane)
  const client = await plane.socksClient()
  await client.sendByteByByte(await opening(plane))
  assert.equal((await client.read(14)).toString('hex'), replies(0))
  const system = await backend.accept()
  system.send('hello')
  assert.equal((await client.read(5)).toString(), 'hello')
})

test('handshake, payload and end in one write arrive at the backend, and its answer comes back (CP-076)', async () => {
  await using plane = await DataPlane.start()
  const backend = await backendOf(plane)
  const client = await plane.socksClient()
  client.end(Buffer.concat([await opening(plane), Buffer.from('question')]))
  const system = await backend.accept()
  assert.equal((await system.readToEnd()).toString(), 'question')
  system.end('answer')
  const said = await client.readToEnd()
  assert.equal(said.toString('hex'), replies(0) + Buffer.from('answer').toString('hex'))
})

test('either side may end first and still hear the other (CONN-119)', async () => {
  await using plane = await DataPlane.start()
  const backend = await backendOf(plane)
  const first = await connected(plane)
  const system = await backend.accept()
  first.end('last words')
  assert.equal((await system.readToEnd()).toString(), 'last words')
  system.end('heard')
  assert.equal((await first.readToEnd()).toString(), 'heard')
  const second = await connected(plane)
  const other = await backend.accept()
  other.end('remaining data')
  assert.equal((await second.readToEnd()).toString(), 'remaining data')
  second.end('still here')
  assert.equal((await other.readToEnd()).toString(), 'still here')
})

test('an IPv4 address names the virtual host with that text, and is not dialled (CONN-102, CP-081)', async () => {
  await using plane = await DataPlane.start()
  const backend = await backendOf(plane)
  assert.equal(socks5ConnectRequest('10.1.2.3', 9000)[3], 1)
  const client = await connected(plane, { host: '10.1.2.3' })
  const system = await backend.accept()
  client.send('x')
  assert.equal((await system.read(1)).toString(), 'x')
})

test('a port within a range reaches the internal port at the same offset (SCC-249)', async () => {
  await using plane = await DataPlane.start()
  const backend = await backendOf(plane)
  const client = await connected(plane, { host: 'range.virtual', port: 7003 })
  const system = await backend.accept()
  client.send('x')
  assert.equal((await system.read(1)).toString(), 'x')
})

test('the location ID in base64 selects the connector (CP-077, CONN-266)', async () => {
  await using plane = await DataPlane.start()
  await backendOf(plane)
  const there = await startWireBackend()
  plane.defer(() => there.close())
  await plane.connect({ locationId: 'Köln 1', mappings: [tcpMapping('tcp.virtual', 9000, there.port)] })
  await connected(plane, { locationId: 'Köln 1' })
  await there.accept()
  assert.deepEqual(
    plane.requests.map((request) => request.message.locationId),
    ['Köln 1'],
  )
})

test('megabytes pass unchanged in both directions at once', async () => {
  await using plane = await DataPlane.start()
  const backend = await backendOf(plane)
  const client = await connected(plane)
  const system = await backend.accept()
  const up = Buffer.alloc(3_000_000, 'up and away ')
  const down = Buffer.alloc(3_000_000, 'down we go ')
  client.end(up)
  system.end(down)
  const [atSystem, atClient] = await Promise.all([system.readToEnd(), client.readToEnd()])
  assert.ok(atSystem.equals(up))
  assert.ok(atClient.equals(down))
})

test('trusted dedicated mode accepts clients without a token and with any (CP-086)', async () => {
  await using plane = await DataPlane.start({
    policy: { authorization: false, tenantMode: 'dedicated', subaccountId: 'acme' },
  })
  const backend = await backendOf(plane)
  const client = await plane.socksClient()
  client.send(Buffer.concat([Buffer.of(5, 1, 0), socks5ConnectRequest('tcp.virtual', 9000)]))
  assert.equal((await client.read(12)).toString('hex'), `0500${connectReply(0)}`)
  await backend.accept()
  await connected(plane, { token: 'anything' })
  await connected(plane, { token: '' })
})

test('trusted shared mode takes the tenant from the token and refuses clients without (CP-087)', async () => {
  await using plane = await DataPlane.start({ policy: { authorization: false, tenantMode: 'shared' } })
  await backendOf(plane)
  const client = await plane.socksClient()
  client.send(Buffer.of(5, 1, 0))
  assert.equal((await client.readToEnd()).toString('hex'), '05ff')
  const token = await plane.token({ clientId: 'sb-proxy' })
  await connected(plane, { token })
  assert.equal(plane.requests[0]?.callerToken, token)
})

test('a client that does not finish its handshake is disconnected when its time is over', async () => {
  const clock = new ManualClock()
  await using plane = await DataPlane.start({ clock, connector: null })
  const client = await plane.socksClient()
  client.send(Buffer.of(5, 1, 0x80))
  await client.read(2)
  clock.advance(30_000)
  assert.equal((await client.readToEnd()).length, 0)
})
