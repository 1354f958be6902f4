import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stream } from '../src/index.ts'
import { Collector, echo, observe, sessionPair, socketPair, until } from './session-pair.ts'
import { WirePeer } from './wire-peer.ts'

const syn = 1
const ack = 2
const fin = 4
const rst = 8

test('a small exchange is one frame each way: open, bytes and end travel together', async () => {
  const { near, far } = await socketPair()
  const peer = new WirePeer(far)
  const { session } = observe(near, 'client')
  const sink = new Collector()
  session.open(sink).end(Buffer.from('request'))
  const request = await peer.frame((frame) => frame.type === 0)
  assert.deepEqual([request.id, request.flags, request.payload.toString()], [1, syn | fin, 'request'])
  peer.send({ id: 1, flags: ack | fin, payload: Buffer.from('answer') })
  assert.equal((await sink.ended).toString(), 'answer')
  assert.equal(session.streamCount, 0)
  await peer.settle()
  assert.equal(peer.frames.filter((frame) => frame.type !== 2).length, 1)
  session.destroy()
  await peer.over
})

test('an acceptor that answers at once sends acknowledgement, bytes and end in one frame', async () => {
  const { near, far } = await socketPair()
  const peer = new WirePeer(near)
  const answer = {
    streamData: (stream: Stream, chunk: Buffer) => stream.consumed(chunk.length),
    streamEnd: (stream: Stream) => stream.end(Buffer.from('answer')),
    streamReset() {},
    streamDrain() {},
  }
  const { session } = observe(far, 'server', { accept: () => answer })
  peer.send({ id: 1, flags: syn | fin, payload: Buffer.from('request') })
  const frame = await peer.frame(() => true)
  assert.deepEqual([frame.type, frame.id, frame.flags, frame.payload.toString()], [0, 1, ack | fin, 'answer'])
  await peer.settle()
  assert.equal(peer.frames.filter((one) => one.type !== 2).length, 1)
  assert.equal(session.streamCount, 0)
  session.destroy()
  await peer.over
})

test('an opened stream is unknown to the peer until its first bytes, and a reset before that sends nothing', async () => {
  const { near, far } = await socketPair()
  const peer = new WirePeer(far)
  const { session } = observe(near, 'client')
  session.open(new Collector()).reset()
  session.open(new Collector())
  await peer.settle()
  assert.equal(peer.frames.filter((frame) => frame.type !== 2).length, 0)
  assert.equal(session.streamCount, 1)
  session.destroy()
  await peer.over
})

test('half-close: each direction ends on its own and bytes still flow the other way', async () => {
  const accepted: Stream[] = []
  const heard = new Collector()
  await using pair = await sessionPair({
    server: {
      accept: (stream) => {
        accepted.push(stream)
        return heard
      },
    },
  })
  const sink = new Collector()
  pair.client.open(sink).end(Buffer.from('question'))
  assert.equal((await heard.ended).toString(), 'question')
  const stream = accepted[0] as Stream
  assert.deepEqual([stream.remoteEnded, stream.localEnded, stream.isOpen], [true, false, true])
  for (const word of ['a', 'slow', 'answer']) {
    stream.write(Buffer.from(word))
    await until(() => Buffer.concat(sink.chunks).toString().endsWith(word))
  }
  stream.end()
  assert.equal((await sink.ended).toString(), 'aslowanswer')
  assert.deepEqual([pair.client.streamCount, pair.server.streamCount], [0, 0])
})

test('a reset aborts both directions, is told to the other end once, and the session lives', async () => {
  const accepted: Stream[] = []
  const heard = new Collector()
  await using pair = await sessionPair({
    server: {
      accept: (stream) => {
        accepted.push(stream)
        return accepted.length === 1 ? heard : echo
      },
    },
  })
  const sink = new Collector()
  const stream = pair.client.open(sink)
  stream.write(Buffer.from('x'))
  await until(() => heard.receivedBytes === 1)
  stream.reset()
  stream.reset()
  await assert.rejects(heard.ended, /reset/)
  assert.deepEqual([heard.events, sink.events], [['reset'], []])
  const second = new Collector()
  pair.client.open(second).end(Buffer.from('next'))
  assert.equal((await second.ended).toString(), 'next')
})

test('numbers of streams begin again at their end and skip those still in use', async () => {
  await using pair = await sessionPair({ client: { firstStreamId: 0xffff_fffd } })
  const { client } = pair
  const streams = [1, 2, 3].map(() => client.open(new Collector()))
  assert.deepEqual(
    streams.map((stream) => stream.id),
    [0xffff_fffd, 0xffff_ffff, 1],
  )
  for (const stream of streams) {
    const sink = new Collector()
    stream.sink = sink
    stream.end(Buffer.from(`stream ${stream.id}`))
    assert.equal((await sink.ended).toString(), `stream ${stream.id}`)
  }
  assert.equal(client.streamCount, 0)
})

test('the peer of a stream with the highest number answers on that number', async () => {
  const { near, far } = await socketPair()
  const peer = new WirePeer(near)
  const { session } = observe(far, 'server')
  peer.send({ id: 0xffff_ffff, flags: syn | fin, payload: Buffer.from('top') })
  const frame = await peer.frame((one) => one.type === 0)
  assert.equal(frame.id, 0xffff_ffff)
  peer.send({ id: 0xffff_ffff, type: 1, flags: rst })
  await peer.settle()
  session.destroy()
  await peer.over
})

test('a borrowed buffer may be reused at once', async () => {
  await using pair = await sessionPair()
  const scratch = Buffer.alloc(200_000)
  const sinks = Array.from({ length: 20 }, (_, i) => {
    const sink = new Collector()
    scratch.fill(i)
    pair.client.open(sink).writeBorrowed(scratch, 0, scratch.length, true)
    return sink
  })
  scratch.fill(99)
  const all = await Promise.all(sinks.map((sink) => sink.ended))
  all.forEach((bytes, i) => {
    assert.equal(Buffer.compare(bytes, Buffer.alloc(200_000, i)), 0)
  })
})

test('one exchange after the other leaves at once; as soon as there are others beside it, the frames of a turn leave together', async () => {
  const { near, far } = await socketPair()
  await using pair = await sessionPair({ sockets: { near, far } })
  const { client } = pair
  const exchange = async (): Promise<string> => {
    const sink = new Collector()
    client.open(sink).end(Buffer.from('request'))
    return (await sink.ended).toString()
  }
  const leavesAtOnce = (): boolean => {
    const before = near.bytesWritten
    const sink = new Collector()
    client.open(sink).end(Buffer.from('one of several'))
    return near.bytesWritten > before
  }
  const settled = (): Promise<void> => until(() => client.streamCount === 0)
  for (let i = 0; i < 64; i++) assert.equal(await exchange(), 'request')
  assert.equal(leavesAtOnce(), true)
  assert.equal(leavesAtOnce(), false)
  await settled()
  assert.equal(leavesAtOnce(), false)
  await settled()
  for (let i = 0; i < 64; i++) assert.equal(await exchange(), 'request')
  assert.equal(leavesAtOnce(), true)
  await settled()
  // What is not all, or large, waits for its turn.
  const before = near.bytesWritten
  const more = client.open(new Collector())
  more.write(Buffer.from('more is to come'))
  assert.equal(near.bytesWritten, before)
  more.end()
  await settled()
})
