import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock, PlatformError, systemClock } from '@landbridge/kernel'
import fc, { runs } from '@landbridge/testkit/properties'
import type { SessionOptions } from '../src/index.ts'
import { Collector, observe, socketPair, until } from './session-pair.ts'
import { encodeFrame, type WireFrame, WirePeer } from './wire-peer.ts'

const syn = 1
const fin = 4
const rst = 8
const windowBytes = 256 * 1024

/** A session of role server and a hand-driven client at its other end. */
async function attacked(options: Partial<SessionOptions> = {}, reading = true) {
  const { near, far } = await socketPair()
  const peer = new WirePeer(near, reading)
  return { ...observe(far, 'server', options), peer }
}

async function assertViolation(closed: Promise<Error | undefined>, rule: string): Promise<void> {
  const cause = await closed
  assert.ok(cause instanceof PlatformError)
  assert.equal(cause.code, 'TUNNEL_PROTOCOL')
  assert.equal(cause.facts.rule, rule)
}

/** What a peer may not do, and the rule that the log names. */
const violations: readonly { title: string; rule: string; frames: readonly Partial<WireFrame>[] }[] = [
  { title: 'an unknown version', rule: 'version', frames: [{ version: 1 }] },
  { title: 'an unknown frame type', rule: 'frame type', frames: [{ type: 4 }] },
  { title: 'a stream number of our own side', rule: 'stream number', frames: [{ flags: syn, id: 2 }] },
  { title: 'data on stream 0', rule: 'stream number', frames: [{ id: 0, payload: Buffer.alloc(1) }] },
  { title: 'an open of stream 0', rule: 'stream number', frames: [{ flags: syn, id: 0 }] },
  {
    title: 'a second open of a stream that is open',
    rule: 'stream number',
    frames: [
      { flags: syn, id: 1 },
      { flags: syn, id: 1 },
    ],
  },
  {
    title: 'a frame that overruns the window, before its payload came',
    rule: 'window',
    frames: [{ flags: syn, id: 1, length: windowBytes + 1 }],
  },
  {
    title: 'frames that overrun the window together',
    rule: 'window',
    frames: [
      { flags: syn, id: 1, payload: Buffer.alloc(windowBytes) },
      { id: 1, length: 1 },
    ],
  },
  {
    title: 'data after the end of a stream',
    rule: 'window',
    frames: [
      { flags: syn | fin, id: 1 },
      { id: 1, payload: Buffer.alloc(1) },
    ],
  },
  {
    title: 'credit beyond 32 bits',
    rule: 'credit',
    frames: [
      { flags: syn, id: 1 },
      { type: 1, id: 1, length: 0xffff_ffff },
    ],
  },
  {
    title: 'more than a thousand pings within a heartbeat',
    rule: 'ping flood',
    frames: Array.from({ length: 1001 }, (_, i) => ({ type: 2, flags: syn, length: i })),
  },
]

for (const { title, rule, frames } of violations)
  test(`a peer that sends ${title} gets a go-away and loses the session`, async () => {
    const { closed, peer } = await attacked({ accept: () => new Collector(true) })
    peer.answering = false
    peer.send(...frames)
    await assertViolation(closed, rule)
    const goAway = await peer.frame((frame) => frame.type === 3)
    assert.equal(goAway.length, 1)
    await peer.over
  })

test('a violation resets the open streams of the session, each once', async () => {
  const sinks: Collector[] = []
  const { session, closed, peer } = await attacked({
    accept: () => {
      const sink = new Collector()
      sinks.push(sink)
      return sink
    },
  })
  peer.send({ flags: syn, id: 1 }, { flags: syn, id: 3 })
  await peer.settle()
  peer.send({ version: 9 })
  await assertViolation(closed, 'version')
  assert.deepEqual(
    sinks.map((sink) => sink.events),
    [['reset'], ['reset']],
  )
  assert.equal(session.streamCount, 0)
  assert.equal(session.isClosed, true)
})

test('frames for streams that do not exist are skipped and the session lives', async () => {
  const { session, peer } = await attacked()
  peer.send(
    { id: 77, payload: Buffer.alloc(100_000, 1) },
    { type: 1, id: 77, length: 5 },
    { type: 1, flags: rst, id: 79 },
    { flags: rst, id: 81, payload: Buffer.from('x') },
    { flags: fin, id: 83 },
  )
  await peer.settle()
  peer.send({ flags: syn | fin, id: 1, payload: Buffer.from('still here') })
  const answer = await peer.frame((frame) => frame.type === 0 && frame.id === 1)
  assert.equal(answer.payload.toString(), 'still here')
  session.destroy()
  await peer.over
})

test('the payload of a data frame that carries a reset is skipped and the stream is gone', async () => {
  const sink = new Collector()
  const { session, peer } = await attacked({ accept: () => sink })
  peer.send({ flags: syn, id: 1, payload: Buffer.from('a') }, { flags: rst, id: 1, payload: Buffer.alloc(5000) })
  await peer.settle()
  assert.equal(sink.receivedBytes, 1)
  assert.deepEqual(sink.events, ['reset'])
  assert.equal(session.streamCount, 0)
  session.destroy()
  await peer.over
})

test('streams beyond the limit and streams that the owner refuses are reset; the others are not touched', async () => {
  let offered = 0
  const { session, peer } = await attacked({ maxStreams: 2, accept: () => (++offered === 2 ? null : new Collector()) })
  for (const id of [1, 3, 5, 7]) peer.send({ flags: syn, id })
  await peer.settle()
  const resets = peer.frames.filter((frame) => frame.type === 1 && frame.flags === rst).map((frame) => frame.id)
  assert.deepEqual(resets, [3, 7])
  assert.equal(session.streamCount, 2)
  assert.equal(session.isUsable, false)
  assert.throws(
    () => session.open(new Collector()),
    (thrown) => thrown instanceof PlatformError && thrown.code === 'TUNNEL_FULL',
  )
  session.destroy()
  await peer.over
})

test('pings up to the limit of every heartbeat are answered', async () => {
  const clock = new ManualClock()
  const { session, peer } = await attacked({ clock })
  for (let beat = 0; beat < 3; beat++) {
    peer.send(...Array.from({ length: 900 }, (_, i) => ({ type: 2, flags: syn, length: beat * 1000 + i })))
    await peer.frame((frame) => frame.type === 2 && frame.flags === 2 && frame.length === beat * 1000 + 899)
    clock.advance(15_000)
  }
  session.destroy()
  await peer.over
})

test('a peer that causes answers and never reads them is cut off instead of filling the memory', async () => {
  const { closed, peer } = await attacked({ accept: () => null }, false)
  // Every open is refused: 12 bytes in, 12 bytes out, and nobody reads the answers.
  const opens = Buffer.alloc(12 * 16_384)
  let id = 1
  const burst = () => {
    for (let at = 0; at < opens.length; at += 12, id += 2) encodeFrame({ flags: syn, id }).copy(opens, at)
    return peer.socket.write(Buffer.from(opens))
  }
  const writing = (async () => {
    while (!peer.socket.destroyed && id < 4_000_000) {
      if (!burst())
        await new Promise<void>((resolve) => {
          peer.socket.once('drain', resolve)
          peer.socket.once('close', () => resolve())
        })
    }
  })()
  const cause = await closed
  peer.socket.destroy()
  await writing
  assert.ok(cause instanceof PlatformError)
  assert.equal(cause.code, 'TUNNEL_PROTOCOL')
  assert.equal(cause.facts.rule, 'answers not read')
})

test('a peer that goes away because of an error ends the session with a protocol error', async () => {
  const { closed, peer } = await attacked()
  peer.send({ type: 3, length: 1 })
  await assertViolation(closed, 'peer went away')
  await peer.over
})

test('any garbage closes the session cleanly with a protocol error or leaves it waiting for more; nothing throws', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { maxLength: 12 }), async (pieces) => {
      const { session, closed, peer } = await attacked()
      for (const piece of pieces) peer.socket.write(piece)
      peer.socket.end()
      const cause = await closed
      assert.ok(cause instanceof PlatformError)
      assert.match(cause.code, /^TUNNEL_(PROTOCOL|LOST)$/)
      assert.equal(session.streamCount, 0)
      await peer.over
    }),
    runs(60),
  )
})

test('well-formed frames in any order and with any flags never break more than the session', async () => {
  const frame = fc.record({
    type: fc.integer({ min: 0, max: 3 }),
    flags: fc.integer({ min: 0, max: 15 }),
    id: fc.integer({ min: 0, max: 6 }),
    payload: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 40 }), async (frames) => {
      const { session, closed, peer } = await attacked()
      peer.answering = false
      for (const one of frames)
        peer.send(one.type === 0 ? one : { ...one, length: one.payload.length, payload: Buffer.alloc(0) })
      peer.socket.end()
      const cause = await closed
      if (cause !== undefined) assert.ok(cause instanceof PlatformError)
      assert.equal(session.streamCount, 0)
      await peer.over
    }),
    runs(100),
  )
})

test('a reset flood ends the session at the next reset above the limit', async () => {
  // Opens and resets in one burst per turn: the limit is a million within one heartbeat of a clock that stands still.
  const { session, closed, peer } = await attacked({ clock: new ManualClock() })
  peer.answering = false
  const pairs = Buffer.alloc(24 * 20_000)
  let id = 1
  while (!session.isClosed) {
    for (let at = 0; at < pairs.length; at += 24, id += 2) {
      pairs.writeUInt16BE(syn, at + 2)
      pairs.writeUInt32BE(id, at + 4)
      pairs[at + 13] = 1
      pairs.writeUInt16BE(rst, at + 14)
      pairs.writeUInt32BE(id, at + 16)
    }
    if (!peer.socket.write(Buffer.from(pairs))) await until(() => peer.socket.writableLength === 0 || session.isClosed)
  }
  await assertViolation(closed, 'reset flood')
  assert.ok(id >= 2_000_000)
  await peer.over
})

test('the session is over once, however often and from where it is ended', async () => {
  const { near, far } = await socketPair()
  const causes: (Error | undefined)[] = []
  const { session } = observe(far, 'server')
  const counted = observe(near, 'client', { clock: systemClock })
  counted.closed.then((cause) => causes.push(cause))
  counted.session.destroy()
  counted.session.destroy(new Error('late'))
  near.destroy()
  await until(() => session.isClosed)
  assert.deepEqual(causes, [undefined])
})
