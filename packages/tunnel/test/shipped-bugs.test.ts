// One test for each bug that other yamux implementations shipped: hashicorp/yamux and js-libp2p-yamux.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stream } from '../src/index.ts'
import { Collector, observe, sessionPair, socketPair, until } from './session-pair.ts'
import { WirePeer } from './wire-peer.ts'

const syn = 1
const fin = 4
const mebibyte = 1024 * 1024

test('frames that are still queued keep their headers while later ones are written', async () => {
  const { near, far } = await socketPair()
  const peer = new WirePeer(far, false)
  const { session } = observe(near, 'client', { sendBudgetBytes: 64 * mebibyte })
  // Nobody reads: whatever the kernel does not take stays queued with its header, small frames and large ones mixed.
  const sizes = Array.from({ length: 3_000 }, (_, i) => (i % 10 === 0 ? 5_000 + i : 1 + (i % 300)))
  for (const [i, size] of sizes.entries()) {
    session.open(new Collector()).end(Buffer.alloc(size, i))
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  peer.read()
  await peer.frame((frame) => frame.id === 2 * sizes.length - 1)
  assert.equal(peer.frames.length, sizes.length)
  for (const [i, frame] of peer.frames.entries()) {
    assert.deepEqual([frame.type, frame.flags, frame.id, frame.length], [0, syn | fin, 2 * i + 1, sizes[i]])
    assert.ok(frame.payload.every((byte) => byte === (i & 0xff)))
  }
  session.destroy()
  await peer.over
})

test('a ping that cannot be answered because writes are blocked does not stop reading', async () => {
  const { near, far } = await socketPair()
  const peer = new WirePeer(far, false)
  const heard = new Collector()
  const { session } = observe(near, 'client', { accept: () => heard })
  const blocked = session.open(new Collector())
  for (let i = 0; i < 4; i++) blocked.write(Buffer.alloc(64 * 1024))
  const more = Array.from({ length: 100 }, () => session.open(new Collector()))
  for (const stream of more) for (let i = 0; i < 4; i++) stream.write(Buffer.alloc(64 * 1024))
  // Both directions are full and every second frame asks for an answer.
  peer.send({ id: 2, flags: syn })
  for (let i = 0; i < 200; i++) peer.send({ type: 2, flags: syn, length: i }, { id: 2, payload: Buffer.alloc(1_000) })
  await until(() => heard.receivedBytes === 200_000)
  peer.read()
  await peer.frame((frame) => frame.type === 2 && frame.length === 199)
  session.destroy()
  await peer.over
})

test('the last frame is delivered although the connection ends in the same packet', async () => {
  const { near, far } = await socketPair()
  const peer = new WirePeer(near)
  const heard = new Collector()
  const { closed } = observe(far, 'server', { accept: () => heard })
  peer.send({ type: 3 }, { id: 1, flags: syn | fin, payload: Buffer.from('last words') })
  near.end()
  assert.equal((await heard.ended).toString(), 'last words')
  await closed
  await peer.over
})

test('a peer that never ends its direction costs nothing once the stream is reset, and a lost session frees it', async () => {
  const streams: Stream[] = []
  const pair = await sessionPair({ server: { accept: () => new Collector() } })
  for (let i = 0; i < 100; i++) {
    const stream = pair.client.open(new Collector())
    stream.end(Buffer.from('x'))
    streams.push(stream)
  }
  await until(() => pair.server.streamCount === 100)
  for (const stream of streams.slice(0, 50)) stream.reset()
  assert.equal(pair.client.streamCount, 50)
  await until(() => pair.server.streamCount === 50)
  pair.client.destroy()
  await pair.closed()
  assert.deepEqual([pair.client.streamCount, pair.server.streamCount], [0, 0])
})

test('no byte is lost when a session drains while a slow reader still has megabytes to come', async () => {
  const accepted: Stream[] = []
  const heard = new Collector(true)
  const pair = await sessionPair({
    server: {
      accept: (stream) => {
        accepted.push(stream)
        return heard
      },
    },
  })
  const sent = Buffer.alloc(4 * mebibyte, 'slow reader')
  const sink = new Collector()
  pair.client.open(sink).end(sent)
  pair.client.drain()
  await until(() => accepted.length === 1)
  const stream = accepted[0] as Stream
  while (!stream.remoteEnded) {
    heard.consume(stream, 10_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(Buffer.compare(await heard.ended, sent), 0)
  stream.end()
  await sink.ended
  assert.deepEqual(await pair.closed(), [undefined, undefined])
})

test('a thousand streams leave no listener behind on the socket', async () => {
  await using pair = await sessionPair()
  const { socket } = pair.client
  const listeners = () => socket.eventNames().reduce((sum, name) => sum + socket.listenerCount(name), 0)
  const before = listeners()
  const sinks = Array.from({ length: 1_000 }, (_, i) => {
    const sink = new Collector()
    const stream = pair.client.open(sink)
    stream.write(Buffer.from('x'))
    if (i % 2 === 0) stream.reset()
    else stream.end()
    return sink
  })
  await Promise.all(sinks.filter((_, i) => i % 2 === 1).map((sink) => sink.ended))
  await pair.client.ping()
  assert.equal(listeners(), before)
  assert.equal(pair.client.streamCount, 0)
})

test('every call on a stream of a lost session is harmless, and its sink hears of the loss once', async () => {
  const pair = await sessionPair()
  const sink = new Collector(true)
  const stream = pair.client.open(sink)
  stream.write(Buffer.from('x'))
  await until(() => sink.receivedBytes === 1)
  pair.server.destroy()
  await pair.closed()
  assert.equal(stream.write(Buffer.from('y')), true)
  stream.writeBorrowed(Buffer.alloc(10), 0, 10, true)
  stream.end()
  sink.consume(stream)
  stream.reset()
  pair.client.drain()
  pair.client.destroy()
  assert.deepEqual(sink.events, ['reset'])
  assert.deepEqual([stream.isOpen, stream.isDrained], [false, true])
})

test('a stream that is reset with bytes still queued does not send them after all', async () => {
  const { near, far } = await socketPair()
  const peer = new WirePeer(far)
  const { session } = observe(near, 'client')
  const stream = session.open(new Collector())
  // Four frames fill the window; the fifth waits for credit.
  for (let i = 0; i < 5; i++) stream.write(Buffer.alloc(64 * 1024))
  await peer.settle()
  stream.reset()
  peer.send({ type: 1, id: 1, length: 500_000 })
  await peer.settle()
  assert.equal(peer.dataOf(1).length, 4)
  assert.equal(peer.frames.at(-2)?.flags, 8)
  session.destroy()
  await peer.over
})
