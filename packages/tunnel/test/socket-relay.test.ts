import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { SocketRelay, type Stream, type StreamSink } from '../src/index.ts'
import { Collector, sessionPair, socketPair, until } from './session-pair.ts'

/** A local connection, relayed through a session to a stream that the test holds. */
async function relayed(start = (_local: Socket, relay: SocketRelay): void => relay.readSocket()) {
  const { near: caller, far: local } = await socketPair({ allowHalfOpen: true })
  const accepted = Promise.withResolvers<Stream>()
  const sink = new Collector(true)
  const pair = await sessionPair({
    server: {
      accept: (stream) => {
        accepted.resolve(stream)
        return sink
      },
    },
  })
  let overs = 0
  const relay = new SocketRelay(local, pair.client.open(unused), () => overs++)
  start(local, relay)
  caller.on('error', () => {})
  return { caller, local, relay, sink, accepted: accepted.promise, pair, overs: () => overs }
}

const unused: StreamSink = { streamData() {}, streamEnd() {}, streamReset() {}, streamDrain() {} }

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.resume()
  await once(socket, 'end')
  return Buffer.concat(chunks)
}

/** Resolves with whether an error preceded the close. */
function closeOf(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => socket.on('close', resolve))
}

test('a relay carries bytes and half-close in both directions and is over once', async () => {
  const { caller, relay, sink, accepted, pair, overs } = await relayed()
  caller.end('question')
  const stream = await accepted
  sink.holding = false
  await until(() => sink.receivedBytes === 8)
  sink.consume(stream)
  assert.equal((await sink.ended).toString(), 'question')
  const answer = readAll(caller)
  stream.end(Buffer.from('answer after the end of the question'))
  assert.equal((await answer).toString(), 'answer after the end of the question')
  await until(() => overs() === 1)
  assert.deepEqual([relay.sentBytes, relay.receivedBytes], [8, 36])
  assert.equal(pair.client.streamCount, 0)
  await pair[Symbol.asyncDispose]()
  assert.equal(overs(), 1)
})

test('bytes that the owner of a socket hands over are not taken from the socket as well', async () => {
  const { caller, sink, accepted, pair } = await relayed((local, relay) =>
    local.on('data', (chunk) => relay.fromSocket(chunk)),
  )
  caller.end('once')
  sink.holding = false
  const stream = await accepted
  await until(() => sink.receivedBytes >= 4)
  sink.consume(stream)
  assert.equal((await sink.ended).toString(), 'once')
  await pair[Symbol.asyncDispose]()
})

test('a caller that writes faster than the stream is read is paused, and nothing is lost', async () => {
  const { caller, local, relay, sink, accepted, pair } = await relayed()
  const sent = Buffer.alloc(8_000_000, 'a relay without loss ')
  caller.end(sent)
  const stream = await accepted
  await until(() => local.isPaused())
  const taken = relay.sentBytes
  await pair.client.ping()
  assert.equal(relay.sentBytes, taken)
  assert.ok(taken < 1_000_000, `${taken}`)
  sink.holding = false
  sink.consume(stream)
  assert.equal(Buffer.compare(await sink.ended, sent), 0)
  caller.destroy()
  await pair[Symbol.asyncDispose]()
})

test('a caller that does not read holds the sender at one window beyond what the kernel takes', async () => {
  const { caller, relay, accepted, pair } = await relayed()
  caller.write('go')
  const stream = await accepted
  caller.pause()
  const sent = Buffer.alloc(32_000_000, 'slow caller ')
  stream.end(sent)
  // Flow stops: two round trips without another byte.
  let before = -1
  while (before !== relay.receivedBytes) {
    before = relay.receivedBytes
    for (let i = 0; i < 5; i++) await pair.client.ping()
  }
  assert.ok(relay.receivedBytes < 16_000_000, `${relay.receivedBytes}`)
  assert.equal(stream.isDrained, false)
  assert.equal(Buffer.compare(await readAll(caller), sent), 0)
  caller.destroy()
  await pair[Symbol.asyncDispose]()
})

test('a reset of the stream resets the caller, and a reset by the caller resets the stream', async () => {
  const first = await relayed()
  first.caller.write('x')
  const failed = closeOf(first.caller)
  ;(await first.accepted).reset()
  assert.equal(await failed, true)
  assert.equal(first.overs(), 1)
  await first.pair[Symbol.asyncDispose]()

  const second = await relayed()
  second.caller.write('x')
  await second.accepted
  second.caller.resetAndDestroy()
  await assert.rejects(second.sink.ended, /reset/)
  await until(() => second.overs() === 1)
  await second.pair[Symbol.asyncDispose]()
})

test('losing the session ends the caller', async () => {
  const { caller, accepted, pair, overs } = await relayed()
  caller.write('x')
  await accepted
  const closed = closeOf(caller)
  pair.server.destroy()
  await closed
  assert.equal(overs(), 1)
  await pair.closed()
})
