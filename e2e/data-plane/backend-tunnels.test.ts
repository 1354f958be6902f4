import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { LocalCa } from '@landbridge/identity'
import { ManualClock, systemClock } from '@landbridge/kernel'
import {
  DataPlane,
  mapping,
  startHttpBackend,
  type TestConnector,
  testAuthority,
  WireSocket,
} from '@landbridge/testkit'
import { send } from './backend-calls.ts'

/** A backend behind `web:80` of the first connector that answers with its own name. */
async function withBackend(options: Parameters<typeof DataPlane.start>[0] = {}): Promise<DataPlane> {
  const backend = await startHttpBackend((_request, response) => response.end('acme'))
  const connector = { mappings: [mapping('web', backend.port)], ...options.connector }
  const plane = await DataPlane.start({ ...options, connector })
  plane.defer(() => backend.close())
  return plane
}

const web = { url: 'web:80/' }

function request(plane: DataPlane) {
  const last = plane.requests.at(-1)
  assert.ok(last)
  return last.message
}

/** What the tunnel server says to a connector that comes with this. */
async function refusal(opened: Promise<unknown>): Promise<string> {
  return opened.then(
    () => 'accepted',
    (failure: unknown) => `${String(failure)} ${JSON.stringify((failure as { facts?: object }).facts)}`,
  )
}

test('a connector that exposes nothing denies everything over its tunnel, until something is exposed', async () => {
  const backend = await startHttpBackend((_request, response) => response.end('acme'))
  await using plane = await DataPlane.start()
  plane.defer(() => backend.close())
  for (const url of ['web:80/', `127.0.0.1:${backend.port}/`, 'localhost:8443/']) {
    const answer = await send(plane, { url })
    assert.equal(answer.status, 403)
    assert.match(answer.body.toString(), /^Access denied to system /)
  }
  assert.equal(plane.connector.links.size, 1)
  plane.connector.expose([mapping('web', backend.port)])
  assert.equal((await send(plane, web)).body.toString(), 'acme')
  assert.equal(plane.requests.length, 1)
})

test('parallel first requests open one tunnel, and all later ones of the same pair use it (CP-113)', async () => {
  await using plane = await withBackend()
  const answers = await Promise.all(Array.from({ length: 30 }, () => send(plane, web)))
  assert.ok(answers.every((answer) => answer.status === 200))
  for (let i = 0; i < 5; i++) assert.equal((await send(plane, web)).status, 200)
  assert.equal(plane.requests.length, 1)
  assert.equal(plane.connector.links.size, 1)
})

test('a further connection of the same connector takes a share of the load, each carries several exchanges (CP-115, SCC-267)', async () => {
  const held: (() => void)[] = []
  let arrived = (): void => {}
  const backend = await startHttpBackend((_request, response) => {
    held.push(() => response.end('done'))
    arrived()
  })
  await using plane = await DataPlane.start({ connector: { mappings: [mapping('web', backend.port)] } })
  plane.defer(() => backend.close())
  const count = async (wanted: number): Promise<void> => {
    while (held.length < wanted)
      await new Promise<void>((resolve) => {
        arrived = resolve
      })
  }
  const first = send(plane, web)
  await count(1)
  await plane.connector.openTunnel(request(plane))
  const others = Array.from({ length: 9 }, () => send(plane, web))
  await count(10)
  const streams = [...plane.connector.links].map((link) => link.session.streamCount)
  // One stream of each connection is for control.
  assert.equal(streams.length, 2)
  for (const open of streams) assert.ok(open >= 5, streams.join(' and '))
  for (const answer of held) answer()
  for (const answer of await Promise.all([first, ...others])) assert.equal(answer.body.toString(), 'done')
})

test('plain text on the tunnel port does not become a tunnel: no bytes come back and requests wait for TLS (CP-116)', async () => {
  await using plane = await withBackend()
  const attempts = [
    'GET / HTTP/1.1\r\nHost: tunnel\r\nConnection: Upgrade\r\nUpgrade: landbridge/1\r\n\r\n',
    Buffer.from('000200010000000000000001', 'hex'),
    `${JSON.stringify({ type: 'tunnel-hello', protocol: 1, subaccountId: 'acme', locationId: '' })}\n`,
  ]
  for (const bytes of attempts) {
    const socket = await WireSocket.connect(plane.tunnelPort)
    socket.send(bytes)
    const answer = await socket.readToEnd()
    // At most an alert, which is a record of type 21.
    assert.ok(answer.length === 0 || answer[0] === 21, answer.toString('hex'))
    socket.destroy()
  }
  assert.deepEqual([...plane.table.tunnels()], [])
  assert.equal((await send(plane, web)).status, 200)
})

interface Shown {
  readonly cert?: string
  readonly key?: string
}

/** Whether a client with this certificate gets as far as an answer to a ping of the tunnel protocol. */
async function handshake(plane: DataPlane, shown: Shown): Promise<'accepted' | 'refused'> {
  const socket = connectTls({
    ...shown,
    host: '127.0.0.1',
    port: plane.tunnelPort,
    servername: 'localhost',
    ca: plane.ca.certificatePem,
    ALPNProtocols: ['landbridge/1'],
  })
  let outcome: 'accepted' | 'refused' = 'refused'
  socket.on('error', () => {})
  socket.on('secureConnect', () => socket.write(Buffer.from('000200010000000000000001', 'hex')))
  socket.on('data', () => {
    outcome = 'accepted'
    socket.destroy()
  })
  await new Promise((resolve) => socket.on('close', resolve))
  return outcome
}

test('only a valid certificate of the platform’s authority passes the handshake; each failure is logged', async () => {
  await using plane = await withBackend()
  const ca = await testAuthority()
  const subject = { CN: 'acme', OU: plane.connector.connectorId }
  const dayMs = 86_400_000
  const at = (ms: number): LocalCa => LocalCa.load(ca.certificatePem, ca.keyPem.reveal(), new ManualClock(ms))
  const other = await LocalCa.create({ subject: { CN: 'Test CA' } })
  const failures: readonly Shown[] = [
    {},
    await other.issueClient({ subject, days: 1 }),
    await at(systemClock.now() - 3 * dayMs).issueClient({ subject, days: 1 }),
    await at(systemClock.now() + 3 * dayMs).issueClient({ subject, days: 1 }),
    await ca.issueServer({ dnsNames: ['localhost'], days: 1 }),
  ]
  for (const shown of failures) assert.equal(await handshake(plane, shown), 'refused')
  assert.equal(plane.logged.filter((line) => line.includes('tunnel.handshake-failed')).length, failures.length)
  assert.deepEqual([...plane.table.tunnels()], [])
  assert.equal(await handshake(plane, await ca.issueClient({ subject, days: 1 })), 'accepted')
})

test('a tunnel belongs to the subaccount and location of its certificate and ticket, and serves nobody else (CP-118)', async () => {
  await using plane = await withBackend()
  const foreign = await plane.connect({ subaccountId: 'umbra', mappings: [mapping('web', 9)] })
  assert.equal((await send(plane, web)).body.toString(), 'acme')
  const message = request(plane)
  const attempts: readonly (readonly [TestConnector, Parameters<TestConnector['openTunnel']>[1], RegExp])[] = [
    [foreign, {}, /another subaccount/],
    [foreign, { subaccountId: 'acme' }, /another subaccount/],
    [foreign, { subaccountId: 'acme', connectorId: plane.connector.connectorId }, /another subaccount/],
    [plane.connector, { connectorId: foreign.connectorId }, /another connector/],
    [plane.connector, { locationId: 'plant' }, /another location/],
  ]
  for (const [connector, disguise, reason] of attempts)
    assert.match(await refusal(connector.openTunnel(message, disguise)), reason)
  assert.match(await refusal(plane.connector.openTunnel({ ...message, ticket: 'guessed' })), /ticket is unknown/)
  assert.equal([...plane.table.tunnels()].length, 1)
  // The tunnel of acme is open, and yet no other tenant or location is served by it.
  const client = await plane.client()
  const lines = [`Host: web:80`, await plane.authorization({ tenant: 'third' })]
  client.send(`GET http://web:80/ HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  assert.equal((await client.readAnswer()).status, 503)
  assert.equal((await send(plane, { ...web, lines: ['SAP-Connectivity-SCC-Location_ID: plant'] })).status, 503)
})

test('a ticket is worth nothing when its time is over', async () => {
  const clock = new ManualClock(Date.now())
  await using plane = await withBackend({ clock })
  assert.equal((await send(plane, web)).status, 200)
  clock.advance(14_000)
  assert.equal(await refusal(plane.connector.openTunnel(request(plane))), 'accepted')
  clock.advance(2_000)
  assert.match(await refusal(plane.connector.openTunnel(request(plane))), /ticket is unknown, expired/)
})

test('a revoked certificate ends its tunnels at once and opens no other', async () => {
  await using plane = await withBackend()
  assert.equal((await send(plane, web)).status, 200)
  const [link] = plane.connector.links
  assert.ok(link)
  const fingerprint = new X509Certificate(plane.connector.certificate.cert).fingerprint256
  plane.table.revoke(fingerprint.replaceAll(':', '').toLowerCase())
  assert.deepEqual(
    [...plane.table.tunnels()].filter((tunnel) => !tunnel.session.isClosed),
    [],
  )
  assert.match(await refusal(plane.connector.openTunnel(request(plane))), /revoked/)
})
