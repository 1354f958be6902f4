// The cloud end of service channels against connectors that lie, hold back and misuse what they got.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { connect as tlsConnect } from 'node:tls'
import { LocalCa } from '@landbridge/identity'
import { type Clock, type ErrorCode, ManualClock, silentLog, systemClock } from '@landbridge/kernel'
import { ChannelDesk, readServiceMappings, ServiceMappings, TunnelServer, TunnelTable } from '@landbridge/proxy'
import {
  ControlChannel,
  type ControlMessage,
  Session,
  type Stream,
  StreamKind,
  type StreamSink,
  tunnelAlpn,
  writePreface,
} from '@landbridge/tunnel'

const own = { subaccountId: 'acme', locationId: '', connectorId: 'c1' }
const wish = { request: 'r', kind: 'K8S', host: 'proxy.test', service: 'echo' }
const preface = { virtualPort: 0, userToken: '', technicalToken: '', traceId: '', clientId: '' }

let ca: LocalCa
let echo: Server
let server: TunnelServer
let port: number
let table: TunnelTable
let desk: ChannelDesk
let mappings: ServiceMappings
let clock: Clock
const tickets: string[] = []
const refusals: ErrorCode[] = []
const offers: string[][] = []

before(async () => {
  ca = await LocalCa.create({ subject: { CN: 'Test CA' } })
  echo = createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => {}).pipe(socket))
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
})
after(async () => {
  await server.close()
  echo.close()
})

beforeEach(async () => {
  await server?.close()
  await start(systemClock)
})

async function start(time: Clock, more: { readonly clusterPort?: number } = {}): Promise<void> {
  clock = time
  tickets.length = 0
  refusals.length = 0
  const address = { host: '127.0.0.1', port: 443, serverName: 'localhost', proxyId: 'p', displayName: 'p' }
  table = new TunnelTable({ requestTunnel: async () => {} }, address, clock)
  mappings = new ServiceMappings(exposed({}))
  desk = new ChannelDesk({
    enabled: true,
    clusterHost: 'proxy.test',
    mappings,
    maxConnections: 3,
    broker: {
      openChannelTunnel: async ({ ticket }) => void tickets.push(ticket),
      offerServices: async ({ services }) => void offers.push(services.map(({ serviceId }) => serviceId)),
      refuseChannel: async ({ code }) => void refusals.push(code),
    },
    address: () => table.address,
    ...more,
    clock,
    log: silentLog,
  })
  const { cert, key } = await ca.issueServer({ dnsNames: ['localhost'], days: 1 })
  const options = { host: '127.0.0.1', port: 0, cert, key, ca: ca.certificatePem }
  server = new TunnelServer({ ...options, table, channels: desk, clock, log: silentLog })
  port = await server.listen()
}

function exposed(more: object) {
  const { port: target } = echo.address() as AddressInfo
  const given = { name: 'echo', type: 'TCP', serviceId: 'echo', internalAddress: `127.0.0.1:${target}`, ...more }
  return readServiceMappings([{ subaccountId: 'acme', ...given }], '').mappings
}

async function ticket(more: object = {}): Promise<string> {
  await desk.requested({ ...own, ...wish, ...more })
  const [made] = tickets.splice(0)
  assert.ok(made, `refused: ${refusals.join()}`)
  return made
}

interface Dialled {
  readonly session: Session
  readonly answer: ControlMessage
  readonly fingerprint: string
  /** Resolves when the session is over. */
  readonly closed: Promise<void>
}

/** Dials with a certificate of a subaccount and connector, and says hello. */
async function dial(shown: string, who: { CN?: string; OU?: string } = {}, hello: object = {}): Promise<Dialled> {
  const subject = { CN: 'acme', OU: 'c1', L: 'localhost', O: 'Landbridge', ...who }
  const certificate = await ca.issueClient({ subject, days: 1 })
  const socket = tlsConnect({
    ...{ host: '127.0.0.1', port, servername: 'localhost', ALPNProtocols: [tunnelAlpn], ca: ca.certificatePem },
    ...certificate,
  })
  await once(socket, 'secureConnect')
  const fingerprint = socket.getX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase() ?? ''
  let over = (): void => {}
  const closed = new Promise<void>((resolve) => {
    over = resolve
  })
  const session = new Session(socket, { role: 'client', clock: systemClock, accept: () => null, closed: () => over() })
  const channel = ControlChannel.open(session)
  const answer = new Promise<ControlMessage>((resolve) => {
    channel.onMessage = resolve
  })
  channel.send({
    type: 'tunnel-hello',
    protocol: 1,
    ticket: shown,
    connectorId: subject.OU,
    version: '0.1.0',
    subaccountId: subject.CN,
    locationId: '',
    ...hello,
  })
  return { session, answer: await answer, fingerprint, closed }
}

/** What comes back on a stream until it ends: text, or `reset`. */
class Reader implements StreamSink {
  readonly over: Promise<string>
  #resolve: (text: string) => void = () => {}
  #text = ''

  constructor() {
    this.over = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  streamData(stream: Stream, chunk: Buffer): void {
    this.#text += chunk.toString('latin1')
    stream.consumed(chunk.length)
  }

  streamEnd(): void {
    this.#resolve(this.#text)
  }

  streamReset(): void {
    this.#resolve('reset')
  }

  streamDrain(): void {}
}

function head(kind: number, virtualHost = ''): Buffer {
  const bytes = Buffer.alloc(600)
  return bytes.subarray(0, writePreface(bytes, 0, { ...preface, kind: kind as never, virtualHost }))
}

/** Sends these pieces on a new stream and ends it. */
async function talk(session: Session, ...pieces: Buffer[]): Promise<string> {
  const reader = new Reader()
  const stream = session.open(reader)
  for (const piece of pieces) {
    stream.write(Buffer.from(piece))
    await new Promise((resolve) => setImmediate(resolve))
  }
  stream.end()
  return reader.over
}

test('a ticket opens one tunnel, to one service, for the connector it was made for (API2-155)', async () => {
  const { answer, session } = await dial(await ticket())
  assert.equal(answer.type, 'tunnel-accepted')
  assert.equal(await talk(session, head(StreamKind.channel), Buffer.from('hello')), '\0hello')
  session.destroy()
})

test('the preface may come byte by byte with the payload, and names nothing that counts', async () => {
  const { session } = await dial(await ticket())
  const bytes = Buffer.concat([head(StreamKind.channel, 'another.host'), Buffer.from('hello')])
  assert.equal(await talk(session, ...Array.from(bytes, (byte) => Buffer.of(byte))), '\0hello')
  session.destroy()
})

test('a ticket that was used, is too old, was never made or belongs to somebody else is worthless (CP-158, OPS-049)', async () => {
  const refused = async (shown: string, who?: { CN?: string; OU?: string }, hello?: object): Promise<string> => {
    const { answer, session } = await dial(shown, who, hello)
    session.destroy()
    assert.equal(answer.type, 'refused')
    return String(answer.title)
  }
  const used = await ticket()
  const first = await dial(used)
  assert.match(await refused(used), /unknown, expired or used/)
  first.session.destroy()
  assert.match(await refused('x'.repeat(43)), /unknown, expired or used/)
  assert.match(await refused(await ticket(), { CN: 'evil' }), /another subaccount/)
  assert.match(await refused(await ticket(), { CN: 'evil' }, { subaccountId: 'acme' }), /another subaccount/)
  assert.match(await refused(await ticket(), { OU: 'c2' }), /for another connector/)
  assert.match(await refused(await ticket(), { OU: 'c2' }, { connectorId: 'c1' }), /another connector/)
  assert.match(await refused(await ticket(), {}, { locationId: 'plant-1' }), /another location/)
  const stolen = await ticket()
  await refused(stolen, { CN: 'evil' })
  // Whoever was tried with it, it is gone.
  assert.match(await refused(stolen), /unknown, expired or used/)
  const manual = new ManualClock(Date.now())
  await server.close()
  await start(manual)
  const old = await ticket()
  manual.advance(15_001)
  assert.match(await refused(old), /unknown, expired or used/)
})

test('streams of another kind, a preface that never ends and early ends are reset and harm nobody', async () => {
  const { session } = await dial(await ticket())
  for (const kind of [StreamKind.http, StreamKind.tcp, StreamKind.control, 77])
    assert.equal(await talk(session, head(kind), Buffer.from('x')), 'reset')
  assert.equal(await talk(session, Buffer.from([StreamKind.channel, 0xff, 0xff])), 'reset')
  assert.equal(await talk(session, Buffer.from([StreamKind.channel, 0, 3, 0, 0, 9])), 'reset')
  assert.equal(await talk(session, Buffer.from([StreamKind.channel])), 'reset')
  assert.equal(await talk(session, head(StreamKind.channel), Buffer.from('hello')), '\0hello')
  session.destroy()
})

test('a tunnel of the other direction opens no streams, whatever its connector tries', async () => {
  const made: string[] = []
  const requestTunnel = async ({ ticket }: { ticket: string }): Promise<void> => void made.push(ticket)
  table = new TunnelTable({ requestTunnel }, table.address, clock)
  const { cert, key } = await ca.issueServer({ dnsNames: ['localhost'], days: 1 })
  const options = { host: '127.0.0.1', port: 0, cert, key, ca: ca.certificatePem }
  await server.close()
  server = new TunnelServer({ ...options, table, channels: desk, clock, log: silentLog })
  port = await server.listen()
  const acquired = table.group('acme', '').acquire('')
  const { answer, session } = await dial(String(made[0]))
  assert.equal(answer.type, 'tunnel-accepted')
  await acquired
  assert.equal(await talk(session, head(StreamKind.channel), Buffer.from('hello')), 'reset')
  session.destroy()
})

test('who dials and says nothing is cut off when the time for a handshake is over, and at once when the server ends', async () => {
  const { cert, key } = await ca.issueServer({ dnsNames: ['localhost'], days: 1 })
  const options = { host: '127.0.0.1', port: 0, cert, key, ca: ca.certificatePem, table, clock, log: silentLog }
  const dialled = async (to: TunnelServer) => {
    const socket = connect(await to.listen(), '127.0.0.1')
    const closed = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve))
    await once(socket.resume(), 'connect')
    return { closed }
  }
  const impatient = new TunnelServer({ ...options, handshakeMs: 20 })
  await (await dialled(impatient)).closed
  await impatient.close()
  const patient = new TunnelServer(options)
  const { closed } = await dialled(patient)
  await Promise.all([patient.close(), closed])
})

test('a mapping that is taken away ends the tunnels to it, another target counts for the next connection (CP-155)', async () => {
  const { session, closed } = await dial(await ticket())
  mappings.replace(exposed({ internalAddress: '127.0.0.1:1' }))
  assert.equal(await talk(session, head(StreamKind.channel)), '\x04')
  mappings.replace(exposed({ locationIds: ['plant-1'] }))
  await closed
  assert.equal(desk.size, 0)
})

test('no more connections to services than there may be; one that ends makes room', async () => {
  const { session } = await dial(await ticket())
  const readers = [1, 2, 3].map(() => {
    const reader = new Reader()
    const stream = session.open(reader)
    stream.write(Buffer.from(head(StreamKind.channel)))
    return { reader, stream }
  })
  // One stream after the other: when the fourth is refused, three are counted.
  assert.equal(await talk(session, head(StreamKind.channel)), '\x01')
  readers[0]?.stream.end()
  assert.equal(await readers[0]?.reader.over, '\0')
  let answer = '\x01'
  while (answer === '\x01') answer = await talk(session, head(StreamKind.channel), Buffer.from('room'))
  assert.equal(answer, '\0room')
  session.destroy()
})

test('a revoked certificate ends the tunnels of its channels at once', async () => {
  const { closed, fingerprint } = await dial(await ticket())
  table.revoke(fingerprint)
  await closed
  const other = await dial(await ticket())
  other.session.destroy()
})

test('a connector is told what it may reach, in parts that are small enough, and nothing of others (API2-146)', async () => {
  const long = (n: number): string => `${n}${'\u0001'.repeat(400)}`
  const given = Array.from({ length: 12 }, (_, n) => ({ name: `m${n}`, type: 'HANA', serviceId: long(n) }))
  const database = { type: 'HANA', internalAddress: 'db.test:1', subaccountId: 'acme' }
  const all = [
    ...given.map((one) => ({ ...database, ...one })),
    { ...database, name: 'far', serviceId: 'far', locationIds: ['plant-1'] },
    { ...database, name: 'foreign', serviceId: 'foreign', subaccountId: 'evil' },
    { ...database, name: 'machine', serviceId: 'machine', type: 'VirtualMachine' },
  ]
  mappings.replace(readServiceMappings(all, '').mappings)
  offers.length = 0
  await desk.listed({ ...own, request: 'q', kind: 'HANA' })
  assert.deepEqual(
    offers.splice(0).map((part) => part.length),
    [5, 5, 2],
  )
  await desk.listed({ ...own, request: 'q', kind: 'VirtualMachine' })
  await desk.listed({ ...own, locationId: 'plant-1', request: 'q', kind: 'HANA' })
  await desk.listed({ ...own, request: 'q', kind: '__proto__' })
  assert.deepEqual(offers.splice(0), [['machine'], ['far'], []])
})

test('requests are answered by what the mappings say, one answer each', async () => {
  const asked = async (more: object): Promise<string> => {
    await desk.requested({ ...own, ...wish, ...more })
    return tickets.splice(0).length === 1 ? 'ticket' : (refusals.splice(0)[0] ?? 'nothing')
  }
  for (const [more, expected] of [
    [{}, 'ticket'],
    [{ host: 'PROXY.test:443' }, 'ticket'],
    [{ host: 'proxy.test:8042' }, 'CHANNEL_OTHER_CLUSTER'],
    [{ host: '' }, 'CHANNEL_OTHER_CLUSTER'],
    [{ service: 'ECHO' }, 'ticket'],
    [{ service: 'other' }, 'CHANNEL_NO_MAPPING'],
    [{ service: 'echo\nacme' }, 'CHANNEL_NO_MAPPING'],
    [{ subaccountId: 'evil' }, 'CHANNEL_NO_MAPPING'],
    [{ locationId: 'plant-1' }, 'CHANNEL_LOCATION_NOT_ALLOWED'],
    [{ kind: 'HANA', host: '' }, 'CHANNEL_NO_MAPPING'],
    [{ kind: 'ABAPCloud', host: '' }, 'CHANNEL_NO_MAPPING'],
    [{ kind: '__proto__' }, 'CHANNEL_NO_MAPPING'],
    [{ kind: 'toString' }, 'CHANNEL_NO_MAPPING'],
  ] as const)
    assert.equal(await asked(more), expected, JSON.stringify(more))
  mappings.replace(exposed({ type: 'RFC' }))
  for (const kind of ['K8S', 'ABAPCloud', 'ABAPCloudSNC']) assert.equal(await asked({ kind }), 'ticket', kind)
})

test('workers of one proxy are named by the port that the proxy has, whichever port each of them has', async () => {
  await server.close()
  await start(systemClock, { clusterPort: 8042 })
  await desk.requested({ ...own, ...wish, host: 'proxy.test:8042' })
  assert.deepEqual([tickets.length, refusals], [1, []])
  await desk.requested({ ...own, ...wish, host: 'proxy.test:443' })
  assert.deepEqual([tickets.length, refusals], [1, ['CHANNEL_OTHER_CLUSTER']])
})
