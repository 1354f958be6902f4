import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ClientRequest } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { Resource } from '@landbridge/access'
import {
  DataPlane,
  mapping,
  resource,
  startHttpBackend,
  startHttpsBackend,
  testAuthority,
  type WireBackend,
  type WireSocket,
} from '@landbridge/testkit'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import { send, sendCall, withWireBackend } from './backend-calls.ts'

const upgradeLines = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: x']
const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
const allowed = { websocketUpgradeAllowed: true }

/** A backend of npm's `ws` behind `web:80` that welcomes each peer and then answers each message with its own. */
async function withEcho(resources: readonly Resource[]): Promise<{ plane: DataPlane; port: number }> {
  const sockets = new WebSocketServer({ noServer: true })
  const backend = await startHttpBackend((request, response) => response.end(`plain ${request.url}`))
  backend.server.on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (peer) => {
      peer.send(`welcome to ${request.url}`)
      peer.on('message', (data, binary) => peer.send(data, { binary }))
    }),
  )
  const plane = await DataPlane.start({ connector: { mappings: [mapping('web', backend.port, { resources })] } })
  plane.defer(() => backend.close())
  plane.defer(() => sockets.close())
  return { plane, port: backend.port }
}

interface Opened {
  readonly peer: WebSocket
  /** The HTTP status of a refusal; 101 when the connection was upgraded. */
  readonly status: number
  readonly text: string
}

/** Opens a WebSocket of npm's `ws` through the HTTP proxy, as a client that knows proxies does. */
async function open(plane: DataPlane, path: string): Promise<Opened> {
  const peer = new WebSocket(`ws://web:80${path}`, {
    headers: { 'Proxy-Authorization': `Bearer ${await plane.token()}` },
    createConnection: () => connect(plane.httpPort, '127.0.0.1'),
    finishRequest: (request: ClientRequest) => {
      request.path = `http://web:80${path}`
      request.end()
    },
  })
  plane.defer(() => peer.terminate())
  return new Promise((resolve, reject) => {
    peer.on('error', reject)
    // With the 101 the first message may come already: whoever waits for it must listen before.
    peer.once('message', (data: RawData) => resolve({ peer, status: 101, text: String(data) }))
    peer.on('unexpected-response', (_request, response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        resolve({ peer, status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }),
      )
    })
  })
}

test('a WebSocket of npm ws opens where the resource allows it, carries messages of all sizes and closes in order (SCC-206)', async () => {
  const { plane } = await withEcho([resource('/ws/', allowed), resource('/plain/')])
  await using _ = plane
  const { peer, status, text } = await open(plane, '/ws/chat?room=1')
  assert.deepEqual([status, text], [101, 'welcome to /ws/chat?room=1'])
  for (const bytes of [0, 1, 125, 126, 65_535, 65_536, 3_000_000]) {
    const message = Buffer.alloc(bytes, bytes % 251)
    peer.send(message)
    const [echo, binary] = (await once(peer, 'message')) as [Buffer, boolean]
    assert.ok(echo.equals(message) && binary, `${bytes} bytes`)
  }
  peer.close(4001, 'enough')
  const [code] = (await once(peer, 'close')) as [number]
  assert.equal(code, 4001)
})

test('an upgrade on a resource that does not allow it is a 403 with the reason, while plain requests to it pass (SCC-206)', async () => {
  const { plane } = await withEcho([resource('/ws/', allowed), resource('/plain/')])
  await using _ = plane
  const refused = await open(plane, '/plain/chat')
  assert.equal(refused.status, 403)
  assert.match(refused.text, /^Access denied to resource \/plain\/chat on system web:80: .*upgrade to WebSocket/)
  assert.equal((await send(plane, { url: 'web:80/plain/chat' })).body.toString(), 'plain /plain/chat')
  const unknown = await open(plane, '/other')
  assert.match(unknown.text, /^Access denied to resource \/other on system web:80: .*expose the resource correctly/)
})

test('activity and WebSocket flag of a resource can be changed for the next request; open WebSockets go on (SCC-255)', async () => {
  const { plane, port } = await withEcho([resource('/ws')])
  await using _ = plane
  const set = (changes: Partial<Resource>): void =>
    plane.connector.expose([mapping('web', port, { resources: [resource('/ws', changes)] })])
  const plain = async (): Promise<number> => (await send(plane, { url: 'web:80/ws' })).status
  assert.deepEqual([(await open(plane, '/ws')).status, await plain()], [403, 200])
  set(allowed)
  const first = await open(plane, '/ws')
  assert.deepEqual([first.status, await plain()], [101, 200])
  set({ ...allowed, enabled: false })
  assert.deepEqual([(await open(plane, '/ws')).status, await plain()], [403, 403])
  first.peer.send('still here')
  assert.equal(String((await once(first.peer, 'message'))[0]), 'still here')
  set(allowed)
  assert.deepEqual([(await open(plane, '/ws')).status, await plain()], [101, 200])
})

interface Upgraded extends AsyncDisposable {
  readonly client: WireSocket
  readonly system: WireSocket
  readonly plane: DataPlane
  readonly backend: WireBackend
}

/** An upgraded connection whose bytes the test writes at both ends. */
async function upgraded(behindRequest = '', behindAnswer = ''): Promise<Upgraded> {
  const wire = await withWireBackend({ resources: [resource('/', allowed)] })
  const { plane, backend } = wire
  const client = await plane.client()
  const lines = [`Host: web:80`, await plane.authorization(), ...upgradeLines]
  client.send(`GET http://web:80/ws HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${behindRequest}`)
  const system = await backend.accept()
  await system.readHead()
  system.send(`${switching}${behindAnswer}`)
  assert.match(await client.readHead(), /^HTTP\/1\.1 101 /)
  return { client, system, plane, backend, [Symbol.asyncDispose]: () => wire[Symbol.asyncDispose]() }
}

test('bytes in the same packet as the request or as the 101 belong to the new protocol, large ones too (SCC-206)', async () => {
  const large = 'x'.repeat(200_000)
  for (const bytes of ['a', large]) {
    await using both = await upgraded(`to ${bytes}`, `from ${bytes}`)
    assert.equal((await both.client.read(bytes.length + 5)).toString('latin1'), `from ${bytes}`)
    assert.equal((await both.system.read(bytes.length + 3)).toString('latin1'), `to ${bytes}`)
  }
})

test('a 101 in the smallest packets, with an interim answer before it, is an upgrade as well', async () => {
  await using wire = await withWireBackend({ resources: [resource('/', allowed)] })
  const client = await wire.plane.client()
  await sendCall(wire.plane, client, { url: 'web:80/ws', lines: upgradeLines })
  const system = await wire.backend.accept()
  await system.readHead()
  await system.sendByteByByte(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${switching}hello`)
  assert.match(await client.readHead(), /^HTTP\/1\.1 103 /)
  assert.match(await client.readHead(), /^HTTP\/1\.1 101 /)
  assert.equal((await client.read(5)).toString(), 'hello')
})

test('each direction of an upgraded connection ends for itself', async () => {
  await using first = await upgraded()
  first.client.end('last words')
  assert.equal((await first.system.readToEnd()).toString(), 'last words')
  first.system.send('and still an answer')
  assert.equal((await first.client.read(19)).toString(), 'and still an answer')
  first.system.end()
  assert.equal((await first.client.readToEnd()).length, 0)
  await using second = await upgraded()
  second.system.end('bye')
  assert.equal((await second.client.readToEnd()).toString(), 'bye')
  second.client.send('one more')
  assert.equal((await second.system.read(8)).toString(), 'one more')
  second.client.end()
  assert.equal((await second.system.readToEnd()).length, 0)
  for (const { client, system } of [first, second]) assert.ok(!client.isBroken && !system.isBroken)
})

test('a broken end of an upgraded connection breaks the other, and the tunnel serves on', async () => {
  await using first = await upgraded()
  first.system.reset()
  await first.client.closed
  await using second = await upgraded()
  second.client.reset()
  await second.system.closed
  assert.equal(second.plane.connector.links.size, 1)
})

test('after an upgrade nothing is read as HTTP any more: no second request of the connection is checked or rewritten', async () => {
  await using both = await upgraded()
  const bytes = 'GET http://other:1/ HTTP/1.1\r\nProxy-Authorization: Bearer x\r\n\r\n'
  both.client.send(bytes)
  assert.equal((await both.system.read(bytes.length)).toString(), bytes)
  both.system.send('HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n')
  assert.equal(await both.client.readHead(), 'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n')
  assert.equal(both.plane.connector.denied.length, 0)
})

test('upgrades to other protocols are not passed on, also where WebSockets are allowed, and a 101 to them is an error', async () => {
  await using wire = await withWireBackend({ resources: [resource('/', allowed)] })
  const { plane, backend } = wire
  for (const protocol of ['h2c', 'TLS/1.2', 'websocket2', 'h2c, websocket', 'websocket, h2c', 'websocket/13']) {
    const client = await plane.client()
    const lines = ['Connection: Upgrade, HTTP2-Settings', `Upgrade: ${protocol}`, 'HTTP2-Settings: AAMA']
    await sendCall(plane, client, { url: 'web:80/', lines })
    const system = await backend.accept()
    assert.equal(await system.readHead(), 'GET / HTTP/1.1\r\nHost: web:80\r\n\r\n', protocol)
    system.send(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`)
    const answer = await client.readAnswer()
    assert.equal(answer.status, 502)
    assert.equal(answer.header('X-Landbridge-Error'), 'BACKEND_PROTOCOL')
    assert.equal((await system.readToEnd()).length, 0)
  }
})

test('an upgraded connection is nobody else’s: the next request gets a connection of its own', async () => {
  await using both = await upgraded()
  const { plane, client, backend } = both
  assert.equal(plane.connector.context.backends.size, 0)
  client.end()
  assert.equal((await both.system.readToEnd()).length, 0)
  await sendCall(plane, await plane.client(), { url: 'web:80/next' })
  assert.match(await (await backend.accept()).readHead(), /^GET \/next /)
  assert.equal(plane.connector.context.backends.size, 1)
})

test('a WebSocket to a backend with TLS carries large messages in both directions at once (SCC-206)', async () => {
  const ca = await testAuthority()
  const identity = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 })
  const backend = await startHttpsBackend(identity, (_request, response) => response.end())
  const sockets = new WebSocketServer({ server: backend.server })
  sockets.on('connection', (peer) => {
    peer.send('welcome')
    peer.on('message', (data) => peer.send(data))
  })
  const mappings = [mapping('web', backend.port, { protocol: 'HTTPS', resources: [resource('/', allowed)] })]
  const trust = { trustAllBackends: false, certificates: [ca.certificatePem] }
  await using plane = await DataPlane.start({ connector: { mappings, trust } })
  plane.defer(() => backend.close())
  plane.defer(() => sockets.close())
  const { peer } = await open(plane, '/')
  const messages = Array.from({ length: 20 }, (_, index) => Buffer.alloc(150_000 + index * 7_000, index))
  const echoes: Buffer[] = []
  const complete = new Promise<void>((resolve) =>
    peer.on('message', (data: Buffer) => {
      if (echoes.push(data) === messages.length) resolve()
    }),
  )
  for (const message of messages) peer.send(message)
  await complete
  for (const [index, message] of messages.entries()) assert.ok(echoes[index]?.equals(message), `message ${index}`)
})
