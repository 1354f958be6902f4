import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { ManualClock } from '@landbridge/kernel'
import { openSocks5, type Socks5Connection } from '../src/socks/connect-socks5.ts'

interface Proxy extends AsyncDisposable {
  readonly port: number
  /** All bytes that clients sent. */
  readonly seen: () => string
}

/** A proxy that sends the next of these replies, in hex, whenever something arrives. */
async function startProxy(
  replies: readonly string[],
  write: (socket: Socket, bytes: Buffer) => void = (socket, bytes) => void socket.write(bytes),
) {
  const chunks: Buffer[] = []
  const left = [...replies]
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      const reply = left.shift()
      if (reply === 'end') socket.end()
      else if (reply !== undefined) write(socket, Buffer.from(reply.replaceAll(' ', ''), 'hex'))
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  const proxy: Proxy = {
    port: (server.address() as AddressInfo).port,
    seen: () => Buffer.concat(chunks).toString('hex'),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}

function open({ port }: Proxy, more: Partial<Socks5Connection> = {}): Promise<Socket> {
  return openSocks5({
    proxy: { host: '127.0.0.1', port },
    token: 'abc',
    target: { host: 'db.virtual', port: 5432, locationId: 'orlando' },
    timeoutMs: 10_000,
    clock: new ManualClock(),
    ...more,
  })
}

const opened = ['0580', '0100', '0500 0001 00000000 0000']

test('the bytes are those of the guide: the location ID as base64, or length 0 (CONN-266)', async () => {
  await using proxy = await startProxy(opened)
  ;(await open(proxy)).destroy()
  const connect = '050100030a64622e7669727475616c1538'
  assert.equal(proxy.seen(), `0501800100000003${'616263'}0c${'62334a73595735'}${'6b62773d3d'}${connect}`)
  await using other = await startProxy(opened)
  ;(await open(other, { target: { host: '10.1.2.3', port: 80 } })).destroy()
  assert.equal(other.seen(), '05018001000000036162630005010001' + '0a010203' + '0050')
})

test('bytes of the system that come with the last reply are not lost, however the replies are cut (CONN-265)', async () => {
  const greeting = ['0580', '0100', `0500 0001 00000000 0000 ${Buffer.from('welcome').toString('hex')}`]
  await using whole = await startProxy(greeting)
  await using bytewise = await startProxy(greeting, (socket, bytes) => {
    socket.setNoDelay(true)
    for (const byte of bytes) socket.write(Buffer.of(byte))
  })
  for (const proxy of [whole, bytewise]) {
    const socket = await open(proxy)
    let text = ''
    for await (const chunk of socket) {
      text += String(chunk)
      if (text.length >= 7) break
    }
    assert.equal(text, 'welcome')
  }
})

test('each refusal of the proxy becomes an error that says what to do', async () => {
  const refusals: readonly (readonly [readonly string[], string])[] = [
    [['05ff'], 'CLIENT_PROXY_FAILED'],
    [['0580', '0105'], 'CLIENT_PROXY_TOKEN_REFUSED'],
    [['0580', '0100', '0501 0001 00000000 0000'], 'CLIENT_PROXY_FAILED'],
    [['0580', '0100', '0502 0001 00000000 0000'], 'CLIENT_HOST_NOT_EXPOSED'],
    [['0580', '0100', '0503 0001 00000000 0000'], 'CONNECTOR_NOT_CONNECTED'],
    [['0580', '0100', '0504 0001 00000000 0000'], 'BACKEND_UNREACHABLE'],
    [['0580', '0100', '0505 0001 00000000 0000'], 'CLIENT_PROXY_TOKEN_REFUSED'],
    [['48545450'], 'CLIENT_PROXY_FAILED'],
    [['0580', 'end'], 'CLIENT_PROXY_FAILED'],
  ]
  for (const [replies, code] of refusals) {
    await using proxy = await startProxy(replies)
    await assert.rejects(open(proxy), { code, message: /\w: / }, replies.join())
  }
})

test('a proxy that falls silent in any phase releases the caller at the deadline, and its socket is closed', async () => {
  for (const replies of [[], ['0580'], ['0580', '0100']]) {
    const clock = new ManualClock()
    const isSilent = Promise.withResolvers<void>()
    let asked = 0
    await using proxy = await startProxy([...replies, '', ''], (socket, bytes) => {
      if (bytes.length > 0) socket.write(bytes)
      if (++asked > replies.length) isSilent.resolve()
    })
    const outcome = assert.rejects(open(proxy, { clock }), { code: 'CLIENT_SERVICE_TIMEOUT' })
    await isSilent.promise
    clock.advance(10_000)
    await outcome
  }
})

test('a caller who gives up is released with its own reason; nobody listening is told as such', async () => {
  const controller = new AbortController()
  await using proxy = await startProxy(['', ''], () => controller.abort(new Error('enough')))
  await assert.rejects(open(proxy, { signal: controller.signal }), /enough/)
  const { port } = await startProxy([]).then(async (gone) => {
    await gone[Symbol.asyncDispose]()
    return gone
  })
  const refused = openSocks5({
    proxy: { host: '127.0.0.1', port },
    token: 'abc',
    target: { host: 'db.virtual', port: 5432 },
    timeoutMs: 10_000,
    clock: new ManualClock(),
  })
  await assert.rejects(refused, { code: 'CLIENT_SERVICE_UNREACHABLE', message: /reason=ECONNREFUSED/ })
})
