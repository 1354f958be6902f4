import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect as tlsConnect } from 'node:tls'
import type { TunnelRequest } from '@landbridge/connector'
import { type IssuedCertificate, LocalCa } from '@landbridge/identity'
import { ManualClock, Secret, systemClock } from '@landbridge/kernel'
import { DataPlane, startWireBackend, tcpMapping, testAuthority, WireSocket } from '@landbridge/testkit'
import { tunnelAlpn } from '@landbridge/tunnel'
import { eventually } from '../harness/eventually.ts'
import { connected, conversation, opening, replies } from './socks-talk.ts'

const dayMs = 86_400_000
const subject = { CN: 'acme', L: 'localhost', OU: 'c1', O: 'Landbridge' }

/** The request for a tunnel that a connection of a client makes the proxy send, which no connector answers. */
async function requestOf(plane: DataPlane): Promise<TunnelRequest> {
  plane.connector.answersRequests = false
  const client = await plane.socksClient()
  client.send(await opening(plane))
  const before = plane.requests.length
  return eventually('a request for a tunnel', () => plane.requests[before]?.message)
}

function withCertificate({ cert, key }: IssuedCertificate) {
  return { certificate: cert, privateKey: new Secret(key) }
}

/** What becomes of a TLS connection that shows this certificate. */
async function handshake(plane: DataPlane, certificate: Partial<IssuedCertificate>, alpn = [tunnelAlpn]) {
  const socket = tlsConnect({
    host: '127.0.0.1',
    port: plane.tunnelPort,
    servername: 'localhost',
    ca: plane.ca.certificatePem,
    ALPNProtocols: alpn,
    ...certificate,
  })
  socket.on('error', () => {})
  socket.resume()
  await new Promise((resolve) => socket.once('close', resolve))
}

test('a certificate of another CA, an expired one, one of the future and none end the handshake, and each is logged (CP-117)', async () => {
  await using plane = await DataPlane.start()
  const ca = await testAuthority()
  const at = (nowMs: number) =>
    LocalCa.load(ca.certificatePem, ca.keyPem.reveal(), { ...systemClock, now: () => nowMs }).issueClient({
      subject,
      days: 1,
    })
  const stranger = await LocalCa.create({ subject: { CN: 'Test CA' } })
  const cases: [string, Partial<IssuedCertificate>][] = [
    ['of another CA with the same name', await stranger.issueClient({ subject, days: 1 })],
    ['expired', await at(Date.now() - 3 * dayMs)],
    ['of the future', await at(Date.now() + 3 * dayMs)],
    ['none', {}],
  ]
  for (const [name, certificate] of cases) {
    const before = failures(plane).length
    await handshake(plane, certificate)
    await eventually(`the failure is logged: ${name}`, () => failures(plane).length === before + 1)
  }
  assert.match(failures(plane)[1] ?? '', /CERT_HAS_EXPIRED/)
  assert.deepEqual([...plane.table.tunnels()], [])
  await connectsAsEver(plane)
})

function failures(plane: DataPlane): string[] {
  return plane.logged.filter((line) => line.includes('tunnel.handshake-failed'))
}

/** What went wrong before did no harm. */
async function connectsAsEver(plane: DataPlane): Promise<void> {
  plane.connector.answersRequests = true
  const backend = await startWireBackend()
  plane.defer(() => backend.close())
  plane.connector.expose([tcpMapping('tcp.virtual', 9000, backend.port)])
  await connected(plane)
}

test('plain text, another protocol and silence at the tunnel port are ended and do no harm', async () => {
  const clock = new ManualClock()
  await using plane = await DataPlane.start({ clock })
  for (const text of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x05\x01\x00', '\0'.repeat(300)]) {
    const socket = await WireSocket.connect(plane.tunnelPort)
    socket.end(text)
    const said = await socket.readToEnd()
    // At most a TLS alert.
    assert.ok(said.length <= 7, said.toString('hex'))
    socket.destroy()
  }
  await handshake(plane, plane.connector.certificate, ['h2'])
  const silent = tlsConnect({
    host: '127.0.0.1',
    port: plane.tunnelPort,
    ca: plane.ca.certificatePem,
    servername: 'localhost',
    ALPNProtocols: [tunnelAlpn],
    ...plane.connector.certificate,
  })
  silent.on('error', () => {})
  const closed = new Promise((resolve) => silent.once('close', resolve))
  silent.resume()
  await once(silent, 'secureConnect')
  await eventually('the server ends who does not say hello', async () => {
    clock.advance(10_000)
    return plane.logged.some((line) => line.includes('tunnel.hello-missing'))
  })
  await closed
  await connectsAsEver(plane)
})

test('a ticket is good for fifteen seconds, and one that nobody made never', async () => {
  const clock = new ManualClock()
  await using plane = await DataPlane.start({ clock })
  const request = await requestOf(plane)
  const refused = { code: 'TUNNEL_REFUSED', facts: { reason: 'the ticket is unknown, expired or used already' } }
  await assert.rejects(plane.connector.openTunnel({ ...request, ticket: 'guessed' }), refused)
  await assert.rejects(plane.connector.openTunnel({ ...request, ticket: '' }), refused)
  clock.advance(15_001)
  await assert.rejects(plane.connector.openTunnel(request), refused)
  await connectsAsEver(plane)
})

test('a ticket is good within its time, for the connections of one opening and not for endless ones', async () => {
  const clock = new ManualClock()
  await using plane = await DataPlane.start({ clock })
  const request = await requestOf(plane)
  clock.advance(9_000)
  const { table } = plane
  const group = table.group('acme', '')
  await plane.connector.openTunnel(request)
  assert.equal(group.tunnels.length, 1)
  for (let use = 2; use <= 64; use++) assert.equal(table.redeem(request.ticket), group)
  assert.equal(table.redeem(request.ticket), undefined)
})

test('what a connector says of itself must agree with its certificate and its ticket', async () => {
  await using plane = await DataPlane.start()
  const request = await requestOf(plane)
  const { connector } = plane
  const because = (reason: string) => ({ code: 'TUNNEL_REFUSED', facts: { reason } })
  const foreign = await plane.ca.issueClient({
    subject: { ...subject, CN: 'globex', OU: connector.connectorId },
    days: 1,
  })
  await assert.rejects(
    connector.openTunnel(request, { ...withCertificate(foreign), subaccountId: 'acme' }),
    because('the certificate belongs to another subaccount'),
  )
  await assert.rejects(
    connector.openTunnel(request, { connectorId: 'somebody-else' }),
    because('the certificate belongs to another connector'),
  )
  await assert.rejects(
    connector.openTunnel(request, { locationId: 'elsewhere' }),
    because('the ticket is for another location'),
  )
  await connector.openTunnel(request)
})

test('a revoked certificate loses its tunnels at once, gets no new one, and others are left alone', async () => {
  await using plane = await DataPlane.start()
  const backend = await startWireBackend()
  plane.defer(() => backend.close())
  const mappings = [tcpMapping('tcp.virtual', 9000, backend.port)]
  plane.connector.expose(mappings)
  const other = await plane.connect({ locationId: 'other', mappings })
  const client = await connected(plane)
  const spared = await connected(plane, { locationId: 'other' })
  await backend.accept()
  const system = await backend.accept()
  const [tunnel] = plane.table.group('acme', '').tunnels
  assert.ok(tunnel !== undefined)
  plane.table.revoke(tunnel.fingerprint)
  await client.closed
  assert.equal(plane.connector.links.size, 0)
  const ticket = plane.requests.find((entry) => entry.message.locationId === '')?.message
  assert.ok(ticket !== undefined)
  await assert.rejects(plane.connector.openTunnel(ticket), {
    code: 'TUNNEL_REFUSED',
    facts: { reason: 'the certificate of the connector was revoked' },
  })
  assert.equal(other.links.size, 1)
  spared.send('x')
  assert.equal((await system.read(1)).toString(), 'x')
})

test('a connector gives no ticket to a tunnel server of another CA', async () => {
  await using plane = await DataPlane.start()
  const request = await requestOf(plane)
  const stranger = await LocalCa.create({ subject: { CN: 'Test CA' } })
  const endpoint = { notificationHost: 'localhost', port: 0, ca: stranger.certificatePem }
  await assert.rejects(plane.connector.openTunnel(request, { endpoint }), { code: 'CLOUD_UNTRUSTED' })
  await assert.rejects(plane.connector.openTunnel({ ...request, serverName: 'tunnel.example' }), {
    code: 'CLOUD_UNTRUSTED',
  })
  assert.equal(plane.table.group('acme', '').tunnels.length, 0)
})

test('a tunnel that nobody opens in time is answered 03 to the client (CP-114)', async () => {
  const clock = new ManualClock()
  await using plane = await DataPlane.start({ clock })
  plane.connector.answersRequests = false
  const said = opening(plane).then((bytes) => conversation(plane, bytes))
  await eventually('a request for a tunnel', () => plane.requests.length === 1)
  clock.advance(10_000)
  assert.equal(await said, replies(3))
})
