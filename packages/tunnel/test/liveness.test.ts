import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock, PlatformError } from '@landbridge/kernel'
import type { Stream } from '../src/index.ts'
import { Collector, echo, observe, sessionPair, socketPair, until } from './session-pair.ts'
import { WirePeer } from './wire-peer.ts'

const syn = 1
const fin = 4
const rst = 8
const beatMs = 15_000
/** Knows how many alarms are set. */
class CountingClock extends ManualClock {
  readonly #set = new Set<object>()

  get alarms(): number {
    return this.#set.size
  }

  override after(delayMs: number, run: () => void): () => void {
    const alarm = {}
    this.#set.add(alarm)
    const cancel = super.after(delayMs, () => {
      this.#set.delete(alarm)
      run()
    })
    return () => {
      this.#set.delete(alarm)
      cancel()
    }
  }

  override every(periodMs: number, run: () => void): () => void {
    const alarm = {}
    this.#set.add(alarm)
    const cancel = super.every(periodMs, run)
    return () => {
      this.#set.delete(alarm)
      cancel()
    }
  }
}

const isPing = (frame: { type: number; flags: number }) => frame.type === 2 && frame.flags === syn

test('a peer that is silent for two heartbeats is declared dead and its streams are reset (OPS-081)', async () => {
  const clock = new ManualClock()
  const { near, far } = await socketPair()
  const peer = new WirePeer(far)
  peer.answering = false
  const { session, closed } = observe(near, 'client', { clock })
  const sink = new Collector()
  session.open(sink).write(Buffer.from('x'))
  clock.advance(beatMs)
  await peer.frame(isPing)
  clock.advance(beatMs)
  assert.equal(session.isClosed, false)
  clock.advance(beatMs)
  const cause = await closed
  assert.ok(cause instanceof PlatformError)
  assert.equal(cause.code, 'TUNNEL_TIMEOUT')
  assert.deepEqual(sink.events, ['reset'])
  await peer.over
})

test('a peer that only answers pings stays alive, at two small frames per heartbeat (OPS-081)', async () => {
  const clock = new ManualClock()
  const { near, far } = await socketPair()
  const peer = new WirePeer(far)
  const { session } = observe(near, 'client', { clock })
  for (let beat = 1; beat <= 20; beat++) {
    clock.advance(beatMs)
    await until(() => peer.frames.filter(isPing).length === beat)
    await until(() => session.socket.bytesRead === beat * 12)
  }
  assert.equal(session.isClosed, false)
  // A frame is 12 bytes: 24 bytes per beat in each direction, were both ends to ask.
  assert.deepEqual([session.socket.bytesWritten, session.socket.bytesRead], [20 * 12, 20 * 12])
  session.destroy()
  await peer.over
})

test('two sessions keep each other alive while one does not read for its own reasons', async () => {
  const clock = new ManualClock()
  const accepted: Stream[] = []
  const held = new Collector(true)
  await using pair = await sessionPair({
    client: { clock },
    server: {
      clock,
      maxUnconsumedBytes: 100_000,
      accept: (stream) => {
        accepted.push(stream)
        return held
      },
    },
  })
  const sink = new Collector()
  pair.client.open(sink).write(Buffer.alloc(200_000))
  await until(() => pair.server.socket.isPaused())
  for (let beat = 0; beat < 10; beat++) {
    const seen = pair.client.socket.bytesRead
    clock.advance(beatMs)
    await until(() => pair.client.socket.bytesRead > seen)
  }
  assert.deepEqual([pair.client.isClosed, pair.server.isClosed], [false, false])
  held.consume(accepted[0] as Stream)
  await until(() => held.receivedBytes === 200_000)
})

test('a ping measures the round trip by the clock of the session', async () => {
  const clock = new ManualClock()
  const { near, far } = await socketPair()
  const peer = new WirePeer(far)
  peer.answering = false
  const { session } = observe(near, 'client', { clock })
  const roundTrip = session.ping()
  const ping = await peer.frame(isPing)
  clock.advance(37)
  peer.send({ type: 2, flags: 2, length: ping.length + 1 }, { type: 2, flags: 2, length: ping.length })
  assert.equal(await roundTrip, 37)
  session.destroy()
  await peer.over
})

test('draining finishes open streams and then closes both ends without an error', async () => {
  const drained: string[] = []
  const accepted: Stream[] = []
  const heard = new Collector()
  const pair = await sessionPair({
    client: { draining: () => drained.push('client') },
    server: {
      draining: () => drained.push('server'),
      accept: (stream) => {
        accepted.push(stream)
        return heard
      },
    },
  })
  const sink = new Collector()
  const stream = pair.client.open(sink)
  stream.write(Buffer.from('before '))
  await until(() => heard.receivedBytes > 0)
  pair.client.drain()
  pair.client.drain()
  await until(() => drained.length > 0)
  assert.deepEqual([pair.client.isUsable, pair.server.isUsable], [false, false])
  stream.end(Buffer.from('after'))
  assert.equal((await heard.ended).toString(), 'before after')
  assert.equal(pair.client.isClosed, false)
  accepted[0]?.end(Buffer.from('answer'))
  assert.equal((await sink.ended).toString(), 'answer')
  assert.deepEqual(await pair.closed(), [undefined, undefined])
  assert.deepEqual(drained, ['server'])
})

test('draining from both ends at once closes both in order', async () => {
  const pair = await sessionPair()
  const sink = new Collector()
  const stream = pair.client.open(sink)
  stream.write(Buffer.from('x'))
  await until(() => sink.receivedBytes === 1)
  pair.client.drain()
  pair.server.drain()
  stream.end()
  await sink.ended
  assert.deepEqual(await pair.closed(), [undefined, undefined])
})

test('a session without streams drains at once', async () => {
  const pair = await sessionPair()
  pair.server.drain()
  assert.deepEqual(await pair.closed(), [undefined, undefined])
})

test('a stream that the peer opened before it learned of the draining is still served, a later one is reset', async () => {
  const { near, far } = await socketPair()
  const peer = new WirePeer(near)
  peer.answering = false
  const { session, closed } = observe(far, 'server', { accept: () => echo })
  session.drain()
  await peer.frame((frame) => frame.type === 3)
  // Crossed the go-away on the wire: the peer has not answered the ping that follows it.
  peer.send({ id: 1, flags: syn, payload: Buffer.from('crossed') })
  assert.equal((await peer.frame((frame) => frame.id === 1)).payload.toString(), 'crossed')
  const ping = await peer.frame(isPing)
  peer.send({ type: 2, flags: 2, length: ping.length }, { id: 3, flags: syn | fin, payload: Buffer.from('late') })
  assert.equal((await peer.frame((frame) => frame.id === 3)).flags, rst)
  assert.equal(session.isClosed, false)
  peer.send({ id: 1, flags: fin })
  await peer.frame((frame) => frame.id === 1 && (frame.flags & fin) !== 0)
  peer.socket.end()
  assert.equal(await closed, undefined)
  await peer.over
})

test('a reset of the last stream reaches the peer although it ends the draining session', async () => {
  const { near, far } = await socketPair()
  const peer = new WirePeer(far)
  const { session, closed } = observe(near, 'client')
  const stream = session.open(new Collector())
  stream.write(Buffer.from('x'))
  session.drain()
  await peer.settle()
  stream.reset()
  assert.equal((await peer.frame((frame) => frame.type === 1)).flags, rst)
  peer.socket.end()
  assert.equal(await closed, undefined)
  await peer.over
})

test('after its orderly end a session sends nothing more and waits two seconds for the end of the peer', async () => {
  const clock = new CountingClock()
  const { near, far } = await socketPair({ allowHalfOpen: true })
  const peer = new WirePeer(far)
  const { session, closed } = observe(near, 'client', { clock })
  session.drain()
  await until(() => far.readableEnded)
  const sent = session.socket.bytesWritten
  peer.send({ type: 2, flags: syn, length: 5 }, { id: 2, flags: syn })
  await until(() => session.socket.bytesRead === 12 + 24)
  clock.advance(1_999)
  assert.deepEqual([session.isClosed, session.socket.bytesWritten], [false, sent])
  clock.advance(1)
  assert.equal(await closed, undefined)
  assert.equal(clock.alarms, 0)
  far.destroy()
  await peer.over
})

test('a session that is over leaves no timer, however it ended', async () => {
  const clock = new CountingClock()
  const drained = await sessionPair({ client: { clock }, server: { clock } })
  drained.client.drain()
  await drained.closed()
  const broken = await sessionPair({ client: { clock }, server: { clock } })
  broken.client.open(new Collector()).write(Buffer.from('x'))
  broken.client.drain()
  broken.server.socket.destroy()
  await broken.closed()
  assert.equal(clock.alarms, 0)
})

test('losing the connection with an open stream is told as TUNNEL_LOST at both ends', async () => {
  const pair = await sessionPair()
  const sink = new Collector()
  pair.client.open(sink).write(Buffer.from('x'))
  await until(() => sink.receivedBytes === 1)
  pair.client.socket.destroy()
  for (const cause of await pair.closed()) assert.ok(cause instanceof PlatformError && cause.code === 'TUNNEL_LOST')
})
