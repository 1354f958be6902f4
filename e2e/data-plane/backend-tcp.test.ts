import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { LocalCa } from '@landbridge/identity'
import { ManualClock } from '@landbridge/kernel'
import { socks5AuthRequest, socks5ConnectRequest, socks5Greeting } from '@landbridge/socks5'
import { DataPlane, startWireBackend, tcpMapping, testAuthority } from '@landbridge/testkit'
import { connected, connectReply, conversation, opening, replies } from './socks-talk.ts'

test('a backend that closes while its TLS connection is set up is a failure, 01, whether it ends or resets (CONN-111)', async () => {
  const backend = await startWireBackend()
  const mappings = [tcpMapping('tcp.virtual', 9000, backend.port, { protocol: 'TCPS' })]
  await using plane = await DataPlane.start({ connector: { mappings } })
  plane.defer(() => backend.close())
  for (const way of ['end', 'reset'] as const) {
    const said = opening(plane).then((bytes) => conversation(plane, bytes))
    const system = await backend.accept()
    await system.read(1)
    system[way]()
    assert.equal(await said, replies(1), way)
  }
})

test('a TLS backend that is not believed is answered 04, one that is believed carries bytes both ways', async () => {
  const ca = await testAuthority()
  const identity = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 })
  const sockets = new Set<TLSSocket>()
  const server = createServer(identity, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  server.on('tlsClientError', () => {})
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  const mappings = [tcpMapping('tcp.virtual', 9000, port, { protocol: 'TCPS' })]
  await using plane = await DataPlane.start({ connector: { mappings } })
  plane.defer(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { backends } = plane.connector.context
  const other = await LocalCa.create({ subject: { CN: 'Other CA' } })
  for (const certificates of [[], [other.certificatePem]]) {
    backends.secure({ trust: { trustAllBackends: false, certificates } })
    assert.equal(await conversation(plane, await opening(plane)), replies(4))
  }
  backends.secure({ trust: { trustAllBackends: false, certificates: [ca.certificatePem] } })
  const client = await connected(plane)
  const bytes = Buffer.alloc(2_000_000, 'q')
  client.send(bytes)
  assert.ok((await client.read(bytes.length)).equals(bytes))
  client.end('last')
  assert.equal((await client.readToEnd()).toString(), 'last')
})

test('a token that dies between the authentication and CONNECT is answered 05 (CONN-110)', async () => {
  const clock = new ManualClock(Date.now())
  const backend = await startWireBackend()
  const mappings = [tcpMapping('tcp.virtual', 9000, backend.port)]
  const patient = { socksTimeouts: { handshakeMs: 3_600_000 } }
  await using plane = await DataPlane.start({ clock, connector: { mappings }, ...patient })
  plane.defer(() => backend.close())
  const client = await plane.socksClient()
  client.send(Buffer.concat([socks5Greeting(), socks5AuthRequest(await plane.token({ lifeSeconds: 60 }))]))
  assert.equal((await client.read(4)).toString('hex'), '05800100')
  // Far beyond what clocks may differ.
  clock.advance(600_000)
  client.send(socks5ConnectRequest('tcp.virtual', 9000))
  assert.equal((await client.readToEnd()).toString('hex'), connectReply(5))
  assert.equal(backend.accepted, 0)
})
