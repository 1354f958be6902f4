import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { selfSignedCertificate, type TestCertificate } from '@landbridge/testkit'
import { SocketRelay, type Stream, tunnelAlpn } from '../src/index.ts'
import { Collector, sessionPair, socketPair, until } from './session-pair.ts'

const credentials = ({ certificate, key }: TestCertificate) => ({ cert: certificate, key, ca: certificate })

/** A mutual TLS connection of the tunnel protocol; both ends trust the one certificate. */
async function tlsPair(identity: TestCertificate): Promise<{ near: TLSSocket; far: TLSSocket }> {
  const listener = createServer({ ...credentials(identity), requestCert: true, ALPNProtocols: [tunnelAlpn] })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const accepted = once(listener, 'secureConnection')
  const { port } = listener.address() as AddressInfo
  const near = connect({
    ...credentials(identity),
    host: '127.0.0.1',
    port,
    ALPNProtocols: [tunnelAlpn],
    servername: 'localhost',
    // The certificate carries no names: what is under test begins behind the handshake.
    checkServerIdentity: () => undefined,
  })
  const [[far]] = (await Promise.all([accepted, once(near, 'secureConnect')])) as [[TLSSocket], unknown]
  listener.close()
  return { near, far }
}

test('a session over mutual TLS carries small and large payloads both ways, drains, and closes in order', async () => {
  const identity = await selfSignedCertificate()
  const sockets = await tlsPair(identity)
  assert.deepEqual([sockets.near.alpnProtocol, sockets.far.authorized], ['landbridge/1', true])
  const pair = await sessionPair({ sockets })
  const sinks = [0, 1, 4_096, 4_097, 100_000, 5_000_000].flatMap((size) =>
    [pair.client, pair.server].map((session) => {
      const sink = new Collector()
      const sent = Buffer.alloc(size, 'mutual tls ')
      session.open(sink).end(sent)
      return { sink, sent }
    }),
  )
  for (const { sink, sent } of sinks) assert.equal(Buffer.compare(await sink.ended, sent), 0, `${sent.length} bytes`)
  pair.server.drain()
  assert.deepEqual(await pair.closed(), [undefined, undefined])
})

test('a reset of a stream closes a TLS socket that it is relayed to', async () => {
  const identity = await selfSignedCertificate()
  const { near, far } = await tlsPair(identity)
  const accepted = Promise.withResolvers<Stream>()
  const pair = await sessionPair({
    sockets: await socketPair(),
    server: {
      accept: (stream) => {
        accepted.resolve(stream)
        return new Collector()
      },
    },
  })
  let overs = 0
  const idle = { streamData() {}, streamEnd() {}, streamReset() {}, streamDrain() {} }
  new SocketRelay(far as Socket, pair.client.open(idle), () => overs++).readSocket()
  near.on('error', () => {})
  near.write('x')
  const closed = once(near, 'close')
  near.resume()
  ;(await accepted.promise).reset()
  await closed
  await until(() => overs === 1)
  await pair[Symbol.asyncDispose]()
})
