import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls'
import { checkMapping, checkResource } from '@landbridge/access'
import { LocalCa } from '@landbridge/identity'
import { ManualClock } from '@landbridge/kernel'
import { socks5AuthRequest, socks5ConnectRequest, socks5Greeting } from '@landbridge/socks5'
import { DataPlane, freePort, mapping, resource, startWireBackend, tcpMapping } from '@landbridge/testkit'
import { eventually } from '../harness/eventually.ts'
import { connected, connectReply, conversation, opening, replies } from './socks-talk.ts'

const ca = await LocalCa.create({ subject: { CN: 'Backend CA' } })
const trust = { trustAllBackends: false, certificates: [ca.certificatePem] }

interface TlsBackend {
  readonly port: number
  readonly accepted: number
}

/** A system that speaks TLS, greets first, returns what it hears and ends when it has heard all. */
async function tlsBackend(plane: DataPlane): Promise<TlsBackend> {
  const issued = await ca.issueServer({ dnsNames: ['db.internal'], ipAddresses: ['127.0.0.1'], days: 1 })
  const sockets = new Set<Socket>()
  let accepted = 0
  const server = createTlsServer({ ...issued, allowHalfOpen: true }, (socket) => {
    accepted++
    socket.on('error', () => {})
    socket.write('220 ready\n')
    socket.pipe(socket)
  })
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  plane.defer(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get accepted() {
      return accepted
    },
  }
}

test('a client that speaks TLS does so with the backend itself, whose certificate it sees, up to the end of either direction (CP-084, SCC-247)', async () => {
  await using plane = await DataPlane.start()
  const backend = await tlsBackend(plane)
  plane.connector.expose([tcpMapping('tcp.virtual', 9000, backend.port)])
  const { socket } = await connected(plane)
  socket.removeAllListeners('data').removeAllListeners('end')
  // The type of Node does not know that a client may be half-open as well.
  const options = { socket, servername: 'db.internal', ca: ca.certificatePem, allowHalfOpen: true }
  const secured = tlsConnect(options)
  await once(secured, 'secureConnect')
  assert.equal(secured.getPeerCertificate().subject.CN, 'db.internal')
  const sent = Buffer.from(Array.from({ length: 400_000 }, (_, index) => index % 253))
  secured.end(sent)
  const chunks: Buffer[] = []
  for await (const chunk of secured) chunks.push(chunk)
  assert.ok(Buffer.concat(chunks).equals(Buffer.concat([Buffer.from('220 ready\n'), sent])))
})

for (const [name, virtualPort, width] of [
  ['a single port', '9000', 0],
  ['a range of ports', '8996-9005', 9],
] as const)
  test(`a TCP SSL mapping with ${name} adds TLS to the backend for a client that speaks plain TCP (SCC-248)`, async () => {
    await using plane = await DataPlane.start({ connector: { trust } })
    const backend = await tlsBackend(plane)
    const first = backend.port - 4
    const ports = width === 0 ? String(backend.port) : `${first}-${first + width}`
    plane.connector.expose([tcpMapping('tcp.virtual', virtualPort, ports, { protocol: 'TCPS' })])
    const client = await connected(plane)
    assert.equal((await client.read(10)).toString(), '220 ready\n')
    client.end('plain words')
    assert.equal((await client.readToEnd()).toString(), 'plain words')
  })

test('a TCP SSL backend whose certificate is not trusted counts as unreachable and gets no byte of the client', async () => {
  await using plane = await DataPlane.start()
  const backend = await tlsBackend(plane)
  plane.connector.expose([tcpMapping('tcp.virtual', 9000, backend.port, { protocol: 'TCPS' })])
  assert.equal(await conversation(plane, await opening(plane)), replies(4))
  const lines = plane.logged.filter((line) => line.includes('backend.failed'))
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /BACKEND_UNTRUSTED/)
})

test('a backend that closes while the connection is set up is answered 01 and logged once (CONN-111)', async () => {
  await using plane = await DataPlane.start({ connector: { trust } })
  const backend = await startWireBackend()
  plane.defer(() => backend.close())
  plane.connector.expose([tcpMapping('tcp.virtual', 9000, backend.port, { protocol: 'TCPS' })])
  for (const leave of ['reset', 'end'] as const) {
    const said = opening(plane).then((bytes) => conversation(plane, bytes))
    const system = await backend.accept()
    await system.read(5)
    system[leave]()
    assert.equal(await said, replies(1))
  }
  const lines = plane.logged.filter((line) => line.includes('backend.failed'))
  assert.equal(lines.length, 2)
  assert.match(lines[0] ?? '', /BACKEND_CLOSED/)
})

test('a tunnel that is lost while the backend is being connected is answered 01 (CONN-111)', async () => {
  await using plane = await DataPlane.start({ connector: { trust } })
  const backend = await startWireBackend()
  plane.defer(() => backend.close())
  plane.connector.expose([tcpMapping('tcp.virtual', 9000, backend.port, { protocol: 'TCPS' })])
  const said = opening(plane).then((bytes) => conversation(plane, bytes))
  const system = await backend.accept()
  await system.read(5)
  plane.connector.disconnect()
  assert.equal(await said, replies(1))
  await system.readToEnd()
})

test('every cause has its reply: not mapped 02, agent gone or location unknown 03, backend down 04, backend closing 01 (CP-083, SCC-253)', async () => {
  await using plane = await DataPlane.start({ connector: { trust } })
  const closing = await startWireBackend()
  plane.defer(() => closing.close())
  plane.connector.expose([
    tcpMapping('tcp.virtual', 9000, await freePort()),
    tcpMapping('tcp.virtual', 9001, closing.port, { protocol: 'TCPS' }),
  ])
  assert.equal(await conversation(plane, await opening(plane, { port: 9002 })), replies(2))
  assert.equal(await conversation(plane, await opening(plane, { host: 'other.virtual' })), replies(2))
  assert.equal(await conversation(plane, await opening(plane)), replies(4))
  const said = opening(plane, { port: 9001 }).then((bytes) => conversation(plane, bytes))
  const system = await closing.accept()
  system.end()
  assert.equal(await said, replies(1))
  assert.equal(await conversation(plane, await opening(plane, { locationId: 'nowhere' })), replies(3))
  const [connector] = plane.connectors.splice(0)
  connector?.close()
  assert.equal(await conversation(plane, await opening(plane)), replies(3))
})

test('a token that expires between authentication and request is answered 05 to the request (CONN-110)', async () => {
  const clock = new ManualClock()
  await using plane = await DataPlane.start({ clock })
  const backend = await startWireBackend()
  plane.defer(() => backend.close())
  plane.connector.expose([tcpMapping('tcp.virtual', 9000, backend.port)])
  const client = await plane.socksClient()
  // Clocks may differ by a minute: this token is good for ten seconds more.
  client.send(Buffer.concat([socks5Greeting(), socks5AuthRequest(await plane.token({ lifeSeconds: -50 }))]))
  assert.equal((await client.read(4)).toString('hex'), '05800100')
  clock.advance(11_000)
  client.send(socks5ConnectRequest('tcp.virtual', 9000))
  assert.equal((await client.readToEnd()).toString('hex'), connectReply(5))
  assert.equal(backend.accepted, 0)
})

test('an LDAP mapping carries the bytes of LDAP, an LDAPS mapping adds TLS, and neither has resources (SCC-244)', async () => {
  await using plane = await DataPlane.start({ connector: { trust } })
  const directory = await startWireBackend()
  plane.defer(() => directory.close())
  const secured = await tlsBackend(plane)
  plane.connector.expose([
    tcpMapping('ldap.virtual', 389, directory.port, { protocol: 'LDAP' }),
    tcpMapping('ldap.virtual', 636, secured.port, { protocol: 'LDAPS' }),
  ])
  // An anonymous bind and its success (RFC 4511 section 4.2).
  const bind = Buffer.from('300c020101600702010304008000', 'hex')
  const success = Buffer.from('300c02010161070a010004000400', 'hex')
  const client = await connected(plane, { host: 'ldap.virtual', port: 389 })
  const system = await directory.accept()
  client.send(bind)
  assert.deepEqual(await system.read(bind.length), bind)
  system.send(success)
  assert.deepEqual(await client.read(success.length), success)
  const other = await connected(plane, { host: 'ldap.virtual', port: 636 })
  await other.read(10)
  other.send(bind)
  assert.deepEqual(await other.read(bind.length), bind)
  for (const protocol of ['LDAP', 'LDAPS'] as const) assert.notDeepEqual(checkResource(resource('/'), protocol), [])
})

test('an LDAP mapping that is led to a backup server serves the next connection there and keeps the open ones (SCC-246)', async () => {
  await using plane = await DataPlane.start()
  const [primary, backup] = [await startWireBackend(), await startWireBackend()]
  for (const one of [primary, backup]) plane.defer(() => one.close())
  const towards = (port: number) =>
    plane.connector.expose([tcpMapping('tcp.virtual', 9000, port, { protocol: 'LDAP' })])
  towards(primary.port)
  const before = await connected(plane)
  const system = await primary.accept()
  towards(backup.port)
  const after = await connected(plane)
  const other = await backup.accept()
  after.send('new')
  assert.equal((await other.read(3)).toString(), 'new')
  before.send('old')
  assert.equal((await system.read(3)).toString(), 'old')
})

test('port ranges are for TCP and TCP SSL alone, run upwards and are as wide inside as outside (SCC-250, SCC-251)', () => {
  const fields = (
    virtualPort: string,
    internalPort: string,
    protocol: 'TCP' | 'TCPS' | 'LDAP' | 'LDAPS' | 'HTTP' | 'RFC',
  ) => checkMapping(mapping('x.virtual', 0, { virtualPort, internalPort, protocol })).map((problem) => problem.field)
  for (const protocol of ['TCP', 'TCPS'] as const) {
    assert.deepEqual(fields('7000-7009', '8000-8009', protocol), [])
    assert.deepEqual(fields('7009-7000', '8000-8009', protocol), ['virtualPort'])
    assert.deepEqual(fields('7000-7009', '8009-8000', protocol), ['localPort'])
    assert.deepEqual(fields('7000-7009', '8000-8008', protocol), ['localPort'])
    assert.deepEqual(fields('7000-7009', '8000', protocol), ['localPort'])
  }
  for (const protocol of ['LDAP', 'LDAPS', 'HTTP', 'RFC'] as const)
    assert.deepEqual(fields('7000-7009', '8000-8009', protocol), ['virtualPort', 'localPort'])
})

test('TCP mappings take no resources; a user is not propagated over TCP, and nothing is added to its bytes (SCC-254, CP-107)', async () => {
  for (const protocol of ['TCP', 'TCPS'] as const) assert.notDeepEqual(checkResource(resource('/'), protocol), [])
  let asked = 0
  await using plane = await DataPlane.start({
    connector: {
      propagate: () => {
        asked++
        return null
      },
    },
  })
  const backend = await startWireBackend()
  plane.defer(() => backend.close())
  plane.connector.expose([tcpMapping('tcp.virtual', 9000, backend.port, { authenticationMode: 'X509_GENERAL' })])
  const client = await connected(plane, { token: await plane.token({ userName: 'jane' }) })
  client.send('x')
  client.end()
  const system = await backend.accept()
  assert.equal((await system.readToEnd()).toString(), 'x')
  assert.equal(asked, 0)
})

test('idle connections are kept alive by the system on the side of the client and of the backend (CONN-120)', {
  skip: process.platform !== 'linux',
}, async () => {
  await using plane = await DataPlane.start()
  const backend = await startWireBackend()
  plane.defer(() => backend.close())
  plane.connector.expose([tcpMapping('tcp.virtual', 9000, backend.port)])
  const client = await connected(plane)
  const system = await backend.accept()
  client.send('x')
  await system.read(1)
  system.send('y')
  await client.read(1)
  await eventually('a timer towards the client', () => hasKeepAliveTimer(plane.socksPort, client.socket.localPort ?? 0))
  await eventually('a timer towards the backend', () => hasKeepAliveTimer(system.socket.remotePort ?? 0, backend.port))
})

/** Whether the connection of this machine from one port to the other waits for its next keep-alive probe. */
function hasKeepAliveTimer(localPort: number, remotePort: number): boolean {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')
  const line = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((text) => text.trim().split(/\s+/))
    .find((fields) => fields[1]?.endsWith(`:${hex(localPort)}`) && fields[2]?.endsWith(`:${hex(remotePort)}`))
  // "02" in front of the time left: the keep-alive timer runs (proc_net_tcp of the kernel).
  return line?.[5]?.startsWith('02:') === true
}
