import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { startPlatform, type TestPlatform } from '@landbridge/testkit'
import { SocksClient } from 'socks'
import { technicalToken } from './support/tokens.ts'

interface Wish {
  readonly host?: string
  readonly port?: number
  readonly token?: string
  readonly locationId?: string
}

let platform: TestPlatform
let token: string

before(async () => {
  platform = await startPlatform()
  token = await technicalToken(platform, 'connectivity')
})

after(() => platform?.stop())

/** Connects by the npm package `socks`; what is ours is only the content of the authentication message. */
async function connect(wish: Wish = {}): Promise<Socket> {
  const { onpremise_proxy_host: host = '', onpremise_socks5_proxy_port: port } = platform.binding('connectivity')
  const jwt = Buffer.from(wish.token ?? token)
  const location = Buffer.from(Buffer.from(wish.locationId ?? '').toString('base64'))
  const head = Buffer.alloc(5)
  head[0] = 1
  head.writeUInt32BE(jwt.length, 1)
  const { socket } = await SocksClient.createConnection({
    command: 'connect',
    timeout: 10_000,
    destination: { host: wish.host ?? 'demo-tcp.virtual', port: wish.port ?? 9000 },
    proxy: {
      host,
      port: Number(port),
      type: 5,
      custom_auth_method: 0x80,
      custom_auth_request_handler: async () => Buffer.concat([head, jwt, Buffer.of(location.length), location]),
      custom_auth_response_size: 2,
      custom_auth_response_handler: async (answer) => answer[0] === 1 && answer[1] === 0,
    },
  })
  return socket
}

test('a SOCKS5 client from npm reaches the TCP backend and gets its bytes back unchanged (CONN-087, CONN-092, CONN-095, CONN-099, CONN-101, CONN-118, CONN-121, RC-123)', async () => {
  const socket = await connect()
  const sent = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251))
  socket.end(sent)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  assert.ok(Buffer.concat(chunks).equals(sent))
})

test('several connections are independent of each other (CONN-118)', async () => {
  const sockets = await Promise.all(Array.from({ length: 10 }, () => connect()))
  const answers = await Promise.all(
    sockets.map(async (socket, index) => {
      socket.write(`message ${index}`)
      socket.resume()
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      socket.destroy()
      return chunk.toString()
    }),
  )
  assert.deepEqual(
    answers,
    sockets.map((_, index) => `message ${index}`),
  )
})

test('a location without a connector is refused as such (CONN-096, CONN-108)', async () => {
  await assert.rejects(connect({ locationId: 'plant-8' }), /NetworkUnreachable/)
})

test('what no connector exposes over TCP is refused, an HTTP mapping included (CONN-107, CONN-117)', async () => {
  await assert.rejects(connect({ host: 'hidden.virtual' }), /NotAllowed/)
  await assert.rejects(connect({ host: 'demo-backend.virtual', port: 8080 }), /NotAllowed/)
})

test('a broken token is refused in the authentication (CONN-100)', async () => {
  await assert.rejects(connect({ token: `${token.slice(0, -6)}AAAAAA` }), /Authentication failed/)
})
