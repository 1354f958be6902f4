import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock, PlatformError } from '@landbridge/kernel'
import type { Stream } from '../src/index.ts'
import { Collector, observe, sessionPair, socketPair, until } from './session-pair.ts'
import { WirePeer } from './wire-peer.ts'

const syn = 1
const ack = 2
const fin = 4
const windowBytes = 256 * 1024
const mebibyte = 1024 * 1024

/** Writes `chunk` until told to stop; counts what the stream took. */
class Producer extends Collector {
  writtenBytes: number
  readonly #chunk: Buffer
  readonly #limitBytes: number

  constructor(chunk: Buffer, limitBytes: number) {
    super()
    this.writtenBytes = 0
    this.#chunk = chunk
    this.#limitBytes = limitBytes
  }

  run(stream: Stream): void {
    while (this.writtenBytes < this.#limitBytes) {
      this.writtenBytes += this.#chunk.length
      if (!stream.write(this.#chunk)) return
    }
    stream.end()
  }

  override streamDrain(stream: Stream): void {
    super.streamDrain(stream)
    this.run(stream)
  }
}

test('with a reader that does not consume, the sender stops at 256 KiB and nothing piles up', async () => {
  const accepted: Stream[] = []
  const heard = new Collector(true)
  await using pair = await sessionPair({
    server: {
      accept: (stream) => {
        accepted.push(stream)
        return heard
      },
    },
  })
  const producer = new Producer(Buffer.alloc(16 * 1024, 3), 64 * mebibyte)
  producer.run(pair.client.open(producer))
  await until(() => heard.receivedBytes === windowBytes)
  for (let i = 0; i < 3; i++) await pair.client.ping()
  assert.equal(heard.receivedBytes, windowBytes)
  // One chunk is queued at most: the producer was told to stop.
  assert.equal(producer.writtenBytes, windowBytes + 16 * 1024)
  assert.equal(producer.drained, 0)
  // Credit is announced at half a window, not before, and then exactly that much follows.
  const stream = accepted[0] as Stream
  heard.consume(stream, windowBytes / 2 - 1)
  await pair.client.ping()
  assert.equal(heard.receivedBytes, windowBytes)
  heard.consume(stream, 1)
  await until(() => heard.receivedBytes === windowBytes * 1.5)
  await pair.client.ping()
  assert.equal(heard.receivedBytes, windowBytes * 1.5)
})

test('returning more credit than was delivered is a mistake that is told at once', async () => {
  const failures: unknown[] = []
  await using pair = await sessionPair({
    server: {
      accept: () => ({
        streamData: (stream, chunk) => {
          try {
            stream.consumed(chunk.length + 1)
          } catch (failure) {
            failures.push(failure)
          }
          stream.reset()
        },
        streamEnd() {},
        streamReset() {},
        streamDrain() {},
      }),
    },
  })
  const sink = new Collector()
  pair.client.open(sink).write(Buffer.from('x'))
  await assert.rejects(sink.ended, /reset/)
  assert.match(String(failures[0]), /more credit/)
})

test('a reader of one stream that stalls stops that stream only', async () => {
  const stalled = new Collector(true)
  let first = true
  await using pair = await sessionPair({
    server: {
      accept: () => {
        if (!first) return new Collector()
        first = false
        return stalled
      },
    },
  })
  const producer = new Producer(Buffer.alloc(16 * 1024), 8 * mebibyte)
  producer.run(pair.client.open(producer))
  await until(() => stalled.receivedBytes === windowBytes)
  const other = new Producer(Buffer.alloc(16 * 1024), 8 * mebibyte)
  const stream = pair.client.open(other)
  other.run(stream)
  await until(() => stream.localEnded && stream.isDrained)
  await pair.client.ping()
  assert.equal(stalled.receivedBytes, windowBytes)
})

test('the session stops reading above its limit and goes on when half of it is consumed', async () => {
  let holding = true
  const accepted: { stream: Stream; sink: Collector }[] = []
  const received = () => accepted.reduce((sum, { sink }) => sum + sink.receivedBytes, 0)
  await using pair = await sessionPair({
    server: {
      maxUnconsumedBytes: mebibyte,
      accept: (stream) => {
        const sink = new Collector(holding)
        accepted.push({ stream, sink })
        return sink
      },
    },
  })
  const producers = Array.from({ length: 16 }, () => new Producer(Buffer.alloc(32 * 1024), 4 * mebibyte))
  for (const producer of producers) producer.run(pair.client.open(producer))
  await until(() => pair.server.socket.isPaused())
  const held = received()
  // Above the limit by no more than what one read of the socket brought.
  assert.ok(held > mebibyte && held < 1.25 * mebibyte, `${held}`)
  for (const { stream, sink } of accepted) sink.consume(stream, Math.floor(sink.heldBytes * 0.4))
  assert.equal(pair.server.socket.isPaused(), true)
  holding = false
  for (const { stream, sink } of accepted) {
    sink.holding = false
    sink.consume(stream)
  }
  assert.equal(pair.server.socket.isPaused(), false)
  await until(() => received() === 16 * 4 * mebibyte)
  assert.equal(accepted.length, 16)
})

test('streams that are reset while held give their share back, so that a paused session reads on', async () => {
  const accepted: Stream[] = []
  await using pair = await sessionPair({
    server: {
      maxUnconsumedBytes: 100_000,
      accept: (stream) => {
        accepted.push(stream)
        return new Collector(true)
      },
    },
  })
  const sink = new Collector()
  pair.client.open(sink).write(Buffer.alloc(150_000))
  await until(() => pair.server.socket.isPaused())
  accepted[0]?.reset()
  assert.equal(pair.server.socket.isPaused(), false)
  await assert.rejects(sink.ended, /reset/)
})

test('one bulk stream does not starve a small one', async () => {
  const sinks = new Map<number, Collector>()
  await using pair = await sessionPair({
    client: { sendBudgetBytes: 128 * 1024 },
    server: {
      accept: (stream) => {
        const sink = new Collector()
        sinks.set(stream.id, sink)
        return sink
      },
    },
  })
  const bulk = new Producer(Buffer.alloc(256 * 1024), 64 * mebibyte)
  const bulkStream = pair.client.open(bulk)
  bulk.run(bulkStream)
  await until(() => (sinks.get(bulkStream.id)?.receivedBytes ?? 0) > mebibyte)
  const before = sinks.get(bulkStream.id)?.receivedBytes as number
  const small = pair.client.open(new Collector())
  small.end(Buffer.from('small'))
  await until(() => sinks.has(small.id))
  await sinks.get(small.id)?.ended
  // Ahead of it was at most what the session had handed over, what the kernel holds, and one slice per waiting stream.
  const ahead = (sinks.get(bulkStream.id)?.receivedBytes as number) - before
  assert.ok(ahead < 16 * mebibyte, `${ahead} bytes of the bulk stream went first`)
  assert.equal(bulkStream.localEnded, false)
})

test('streams that wait send in turn, a bounded slice each', async () => {
  const { near, far } = await socketPair()
  const peer = new WirePeer(far, false)
  const { session } = observe(near, 'client', { sendBudgetBytes: 64 * 1024 })
  // Fill the budget and the kernel's buffers while the peer does not read, so that all that follows has to wait.
  const blockers = Array.from({ length: 64 }, () => session.open(new Collector()))
  for (const blocker of blockers) for (let i = 0; i < 4; i++) blocker.write(Buffer.alloc(64 * 1024))
  const streams = ['a', 'b', 'c'].map((letter) => {
    const stream = session.open(new Collector())
    stream.end(Buffer.alloc(200 * 1024, letter))
    return stream
  })
  peer.read()
  const last = streams.at(-1) as Stream
  await peer.frame((frame) => frame.id === last.id && (frame.flags & fin) !== 0)
  const order = peer.frames.filter((frame) => streams.some((stream) => stream.id === frame.id))
  assert.ok(order.every((frame) => frame.payload.length <= 64 * 1024))
  const ids = streams.map((stream) => stream.id)
  assert.deepEqual(
    order.slice(0, 9).map((frame) => frame.id),
    [...ids, ...ids, ...ids],
  )
  session.destroy()
  await peer.over
})

test('a stream that produces whenever it may does not overtake streams that wait', async () => {
  const { near, far } = await socketPair()
  const peer = new WirePeer(far, false)
  const { session } = observe(near, 'client', { sendBudgetBytes: 512 * 1024 })
  const producers = [1, 2, 3].map(() => new Producer(Buffer.alloc(64 * 1024), 16 * mebibyte))
  const streams = producers.map((producer) => session.open(producer))
  // Credit is no limit here, only the turn is.
  for (const stream of streams) stream.write(Buffer.from('open'))
  for (const { id } of streams) peer.send({ type: 1, flags: ack, id, length: 64 * mebibyte })
  await until(() => session.socket.bytesRead === 36)
  producers.forEach((producer, i) => {
    producer.run(streams[i] as Stream)
  })
  peer.read()
  for (const { id } of streams) await peer.frame((frame) => frame.id === id && (frame.flags & fin) !== 0)
  const order = peer.frames.filter((frame) => frame.payload.length > 4).map((frame) => frame.id)
  // Until the first of them is done, and behind what the first could write before the others asked.
  const contested = order.slice(100, 600)
  let run = 1
  let longest = 1
  for (let i = 1; i < contested.length; i++) {
    run = contested[i] === contested[i - 1] ? run + 1 : 1
    longest = Math.max(longest, run)
  }
  assert.ok(longest <= 2, `${longest} frames of one stream in a row`)
  session.destroy()
  await peer.over
})

test('a window doubles up to 4 MiB while credit is due again within two round trips (and not before one is known)', async () => {
  const clock = new ManualClock()
  const { near, far } = await socketPair()
  const peer = new WirePeer(near)
  peer.answering = false
  const { session } = observe(far, 'server', { clock, accept: () => new Collector() })
  const credits = () => peer.frames.filter((frame) => frame.type === 1 && frame.id === 1).map((frame) => frame.length)
  let owed = 0
  const send = async (bytes: number, flags = 0) => {
    for (owed = bytes; owed > 0; owed -= 64 * 1024)
      peer.send({ id: 1, flags, payload: Buffer.alloc(Math.min(owed, 64 * 1024)) })
    await peer.settle()
  }
  // The first credit asks for the round trip instead of growing.
  peer.send({ id: 1, flags: syn })
  await send(windowBytes / 2)
  assert.deepEqual(credits(), [windowBytes / 2])
  const ping = await peer.frame((frame) => frame.type === 2 && frame.flags === syn)
  clock.advance(40)
  peer.send({ type: 2, flags: ack, length: ping.length })
  await peer.settle()
  // 40 ms round trip: a refill after 80 ms means that the window was not the limit.
  clock.advance(40)
  await send(windowBytes / 2)
  assert.deepEqual(credits().slice(1), [windowBytes / 2])
  // Refills after 79 ms double the window each time, until it is 4 MiB.
  let size = windowBytes
  for (const expected of [512, 1024, 2048, 4096, 4096].map((kib) => kib * 1024)) {
    clock.advance(79)
    await send(size / 2)
    assert.equal(credits().at(-1), size / 2 + expected - size)
    size = expected
  }
  session.destroy()
  await peer.over
})

test('windows of all streams together grow by no more than half of what the session may hold', async () => {
  const clock = new ManualClock()
  const { near, far } = await socketPair()
  const peer = new WirePeer(near)
  peer.answering = false
  const { session } = observe(far, 'server', { clock, maxUnconsumedBytes: mebibyte, accept: () => new Collector() })
  const credit = (id: number) => peer.frames.findLast((frame) => frame.type === 1 && frame.id === id)?.length
  const refill = async (id: number, bytes = windowBytes / 2) => {
    peer.send({ id, payload: Buffer.alloc(bytes) })
    await peer.settle()
    return credit(id)
  }
  peer.send({ id: 1, flags: syn }, { id: 3, flags: syn }, { id: 5, flags: syn })
  await refill(1)
  const ping = await peer.frame((frame) => frame.type === 2 && frame.flags === syn)
  clock.advance(40)
  peer.send({ type: 2, flags: ack, length: ping.length })
  await peer.settle()
  for (const id of [3, 5]) await refill(id)
  // 512 KiB of growth: two streams double, the third has to wait until one of them is gone.
  assert.equal(await refill(1), windowBytes / 2 + windowBytes)
  assert.equal(await refill(3), windowBytes / 2 + windowBytes)
  assert.equal(await refill(5), windowBytes / 2)
  peer.send({ id: 1, type: 1, flags: 8 })
  assert.equal(await refill(5), windowBytes / 2 + windowBytes)
  session.destroy()
  await peer.over
})

for (const { reader, pauseMs, grows } of [
  { reader: 'uses a window up within a millisecond', pauseMs: 0, grows: true },
  { reader: 'takes its time', pauseMs: 2, grows: false },
])
  test(`next to each other, where no round trip can be measured, a reader that ${reader} ${grows ? 'gets a larger one' : 'keeps the one of the specification'}`, async () => {
    const { near, far } = await socketPair()
    const peer = new WirePeer(near)
    const clock = new ManualClock()
    const { session } = observe(far, 'server', { clock, accept: () => new Collector() })
    try {
      peer.send({ id: 1, flags: syn })
      for (let i = 0; i < 20; i++) {
        peer.send({ id: 1, payload: Buffer.alloc(windowBytes / 2) })
        await peer.settle()
        // The answer to the ping that measures the round trip is in as well.
        await peer.settle()
        clock.advance(pauseMs)
      }
      const credits = peer.frames.filter((frame) => frame.type === 1).map((frame) => frame.length)
      assert.equal(Math.max(...credits) > windowBytes / 2, grows)
    } finally {
      session.destroy()
      await peer.over
    }
  })

test('a session that takes no streams says why: draining, or lost', async () => {
  const pair = await sessionPair()
  const refused = (code: string) => (thrown: unknown) => thrown instanceof PlatformError && thrown.code === code
  const sink = new Collector()
  const kept = pair.client.open(sink)
  kept.write(Buffer.from('x'))
  pair.client.drain()
  assert.throws(() => pair.client.open(new Collector()), refused('TUNNEL_DRAINING'))
  await until(() => !pair.server.isUsable)
  assert.throws(() => pair.server.open(new Collector()), refused('TUNNEL_DRAINING'))
  kept.end()
  await pair.closed()
  assert.throws(() => pair.client.open(new Collector()), refused('TUNNEL_LOST'))
})
