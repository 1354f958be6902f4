import assert from 'node:assert/strict'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { test } from 'node:test'
import fc from '@landbridge/testkit/properties'
import { SocksClient } from 'socks'
import {
  type Socks5Event,
  Socks5Handshake,
  Socks5ReplyReader,
  socks5AuthRequest,
  socks5ConnectRequest,
  socks5Greeting,
} from '../src/index.ts'
import { bytewise, hex } from './run-handshake.ts'

test('the client writes the worked example of the guide (CONN-092, CONN-096)', () => {
  assert.deepEqual(socks5Greeting(), hex('050180'))
  assert.deepEqual(socks5Greeting([0, 0x80]), hex('05020080'))
  assert.deepEqual(socks5AuthRequest('abc', 'orlando'), hex('01000000036162630C62334A735957356B62773D3D'))
  assert.deepEqual(socks5AuthRequest('abc'), hex('010000000361626300'))
  assert.deepEqual(socks5ConnectRequest('db.virtual', 5432), hex('050100030A64622E7669727475616C1538'))
  assert.deepEqual(socks5ConnectRequest('10.0.0.255', 50_013), hex('050100010A0000FFC35D'))
  assert.deepEqual(socks5ConnectRequest('300.1.1.1', 80), hex('05010003093330302E312E312E310050'))
})

test('the client refuses what does not fit into the bytes', () => {
  assert.equal(socks5AuthRequest('', 'x'.repeat(189)).length, 6 + 252)
  assert.throws(() => socks5AuthRequest('abc', 'x'.repeat(192)), RangeError)
  assert.throws(() => socks5ConnectRequest('', 1), RangeError)
  assert.throws(() => socks5ConnectRequest('x'.repeat(256), 1), RangeError)
  assert.throws(() => socks5ConnectRequest('x', 65_536), RangeError)
})

test('replies are read however they are cut, with any address type, and payload is kept', () => {
  const answers = [
    { kind: 'method', method: 0x80 },
    { kind: 'authentication', status: 0 },
    { kind: 'connect', status: 0 },
  ]
  for (const address of ['01 00000000', '03 026162', `04 ${'00'.repeat(16)}`]) {
    const bytes = hex(`0580 0100 050000 ${address} 0050`)
    const pieces = [[Buffer.concat([bytes, Buffer.from('payload')])], [...bytewise(bytes), Buffer.from('payload')]]
    for (const cut of pieces) {
      const reader = new Socks5ReplyReader()
      assert.deepEqual(
        cut.flatMap((piece) => reader.push(piece)),
        answers,
      )
      assert.equal(reader.takeRest().toString(), 'payload')
    }
  }
})

test('a refusal ends the reading, and other bytes are malformed', () => {
  const read = (text: string): unknown[] => [...new Socks5ReplyReader().push(hex(text))]
  assert.deepEqual(read('05FF 0100'), [{ kind: 'method', method: 255 }])
  assert.deepEqual(read('0580 0105 0500'), [
    { kind: 'method', method: 0x80 },
    { kind: 'authentication', status: 5 },
  ])
  assert.deepEqual(read('0500 05030001000000000000').at(-1), { kind: 'connect', status: 3 })
  assert.deepEqual(read('0480'), [{ kind: 'malformed', reason: 'version 4' }])
  assert.deepEqual(read('0500 05000009000000000000').at(-1), { kind: 'malformed', reason: 'address type 9' })
})

test('any bytes are read without an exception and the same in any cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (noise) => {
      const bytes = Buffer.concat([hex('0580'), noise])
      const whole = new Socks5ReplyReader().push(bytes)
      const reader = new Socks5ReplyReader()
      assert.deepEqual(
        bytewise(bytes).flatMap((piece) => reader.push(piece)),
        whole,
      )
    }),
  )
})

/** A server on a socket, as a data plane would write it: it echoes what follows the handshake. */
function echoServer(seen: string[]): net.Server {
  return net.createServer((socket) => {
    const handshake = new Socks5Handshake({ methods: [0x80] })
    const carryOut = (events: readonly Socks5Event[]): void => {
      for (const event of events) {
        if (event.kind === 'reply') socket.write(event.bytes)
        else if (event.kind === 'failed') socket.end(event.reply)
        else if (event.kind === 'authenticate') {
          seen.push(event.token, event.locationId)
          carryOut(handshake.accept())
        } else {
          seen.push(`${event.host}:${event.port}`)
          socket.off('data', onData)
          socket.write(handshake.succeed())
          socket.write(handshake.takeRest())
          socket.pipe(socket)
        }
      }
    }
    const onData = (chunk: Buffer): void => carryOut(handshake.push(chunk))
    socket.on('data', onData)
  })
}

test('an independent client library gets through the handshake and talks (CONN-086, CONN-099, CP-076)', async () => {
  const seen: string[] = []
  const server = echoServer(seen)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { socket } = await SocksClient.createConnection({
    command: 'connect',
    destination: { host: 'db.virtual', port: 5432 },
    proxy: {
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      type: 5,
      custom_auth_method: 0x80,
      custom_auth_request_handler: async () => socks5AuthRequest('abc', 'orlando'),
      custom_auth_response_size: 2,
      custom_auth_response_handler: async (data: Buffer) => data[1] === 0,
    },
  })
  socket.write('hello')
  const [echo] = await once(socket, 'data')
  assert.equal(String(echo), 'hello')
  assert.deepEqual(seen, ['abc', 'orlando', 'db.virtual:5432'])
  const closed = once(server, 'close')
  socket.end()
  server.close()
  await closed
})
