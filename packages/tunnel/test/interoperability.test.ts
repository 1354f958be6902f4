// Our session against @chainsafe/libp2p-yamux, which shares no code with it, over a real socket and in both roles.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PlatformError } from '@landbridge/kernel'
import type { Stream as PeerStream } from '@libp2p/interface'
import type { SessionOptions, Stream, StreamSink } from '../src/index.ts'
import { collect, echoBack, libp2pMuxer } from './libp2p-peer.ts'
import { Collector, observe, socketPair, until } from './session-pair.ts'

type Role = 'client' | 'server'
const roles: readonly Role[] = ['client', 'server']
const windowBytes = 256 * 1024

async function against(
  role: Role,
  options: Partial<SessionOptions> = {},
  accept: (stream: PeerStream) => void = echoBack,
) {
  const { near, far } = await socketPair()
  const [ours, theirs] = role === 'client' ? [near, far] : [far, near]
  const muxer = libp2pMuxer(theirs, role === 'client' ? 'server' : 'client', accept)
  const { session, closed } = observe(ours, role, options)
  return {
    session,
    closed,
    muxer,
    async [Symbol.asyncDispose]() {
      session.destroy()
      await closed
      if (!theirs.destroyed) await new Promise<void>((resolve) => theirs.once('close', () => resolve()))
    },
  }
}

/** Counts up, so that a byte that is lost, doubled or out of place shows. */
function pattern(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let i = 0; i + 4 <= size; i += 4) bytes.writeUInt32BE(i, i)
  return bytes
}

/** Echoes, and ends with a frame that carries no bytes (see libp2p-peer.ts). */
const echoApart: StreamSink = {
  streamData(stream, chunk) {
    stream.write(Buffer.from(chunk))
    stream.consumed(chunk.length)
  },
  streamEnd(stream) {
    if (stream.isDrained) stream.end()
  },
  streamReset() {},
  streamDrain(stream) {
    if (stream.remoteEnded) stream.end()
  },
}

for (const role of roles) {
  test(`framing interoperates with an independent yamux as ${role}: what we open is echoed, 0 B to 5 MB`, async () => {
    await using pair = await against(role)
    for (const size of [0, 1, 4_096, 4_097, 65_536, windowBytes, windowBytes + 1, 5_000_000]) {
      const sent = pattern(size)
      const sink = new Collector()
      pair.session.open(sink).end(sent)
      assert.equal(Buffer.compare(await sink.ended, sent), 0, `${size} bytes`)
    }
    assert.equal(pair.session.streamCount, 0)
  })

  test(`framing interoperates with an independent yamux as ${role}: what it opens is echoed, 0 B to 5 MB`, async () => {
    await using pair = await against(role, { accept: () => echoApart })
    for (const size of [0, 1, 4_096, 65_536, windowBytes + 1, 5_000_000]) {
      const sent = pattern(size)
      const stream = await pair.muxer.createStream()
      const received = collect(stream)
      if (size > 0) stream.send(sent)
      await stream.close()
      assert.equal(Buffer.compare(await received, sent), 0, `${size} bytes`)
    }
    await until(() => pair.session.streamCount === 0)
  })

  test(`framing interoperates with an independent yamux as ${role}: a hundred streams from each side at once`, async () => {
    await using pair = await against(role)
    const ours = Array.from({ length: 100 }, (_, i) => {
      const sink = new Collector()
      pair.session.open(sink).end(Buffer.from(`ours ${i}`))
      return sink.ended
    })
    const theirs = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const stream = await pair.muxer.createStream()
        const received = collect(stream)
        stream.send(Buffer.from(`theirs ${i}`))
        await stream.close()
        return received
      }),
    )
    for (const [i, bytes] of (await Promise.all(ours)).entries()) assert.equal(bytes.toString(), `ours ${i}`)
    for (const [i, bytes] of theirs.entries()) assert.equal(bytes.toString(), `theirs ${i}`)
  })

  test(`framing interoperates with an independent yamux as ${role}: half-close in either direction`, async () => {
    const heard = Promise.withResolvers<{ stream: PeerStream; received: Promise<Buffer> }>()
    const accepted = Promise.withResolvers<Stream>()
    const sink = new Collector()
    await using pair = await against(
      role,
      {
        accept: (stream) => {
          accepted.resolve(stream)
          return sink
        },
      },
      (stream) => heard.resolve({ stream, received: collect(stream) }),
    )
    // We end first, the peer answers afterwards.
    const answer = new Collector()
    pair.session.open(answer).end(Buffer.from('question'))
    const theirs = await heard.promise
    assert.equal((await theirs.received).toString(), 'question')
    theirs.stream.send(Buffer.from('answer'))
    await theirs.stream.close()
    assert.equal((await answer.ended).toString(), 'answer')
    // The peer ends first, we answer afterwards.
    const opened = await pair.muxer.createStream()
    const received = collect(opened)
    opened.send(Buffer.from('question'))
    await opened.close()
    assert.equal((await sink.ended).toString(), 'question')
    const stream = await accepted.promise
    stream.write(Buffer.from('answer'))
    stream.end()
    assert.equal((await received).toString(), 'answer')
    assert.equal(pair.session.streamCount, 0)
  })

  test(`framing interoperates with an independent yamux as ${role}: a reset from either side reaches the other`, async () => {
    const heard = Promise.withResolvers<PeerStream>()
    const sink = new Collector()
    await using pair = await against(role, { accept: () => sink }, (stream) => heard.resolve(stream))
    const stream = pair.session.open(new Collector())
    stream.write(Buffer.from('x'))
    const received = collect(await heard.promise)
    stream.reset()
    await assert.rejects(received, /reset/i)
    const theirs = await pair.muxer.createStream()
    theirs.send(Buffer.from('y'))
    await until(() => sink.receivedBytes === 1)
    theirs.abort(new Error('given up'))
    await assert.rejects(sink.ended, /reset/)
    assert.equal(pair.session.streamCount, 0)
    assert.equal(pair.session.isClosed, false)
  })

  test(`framing interoperates with an independent yamux as ${role}: pings are answered in both directions`, async () => {
    await using pair = await against(role)
    assert.ok((await pair.session.ping()) >= 0)
    const { ping } = pair.muxer as unknown as { ping(): Promise<number> }
    assert.ok((await ping.call(pair.muxer)) >= 0)
  })

  test(`framing interoperates with an independent yamux as ${role}: our slow reader holds its sender at one window`, async () => {
    const accepted = Promise.withResolvers<Stream>()
    const sink = new Collector(true)
    await using pair = await against(role, {
      accept: (stream) => {
        accepted.resolve(stream)
        return sink
      },
    })
    const sent = pattern(2_000_000)
    const theirs = await pair.muxer.createStream()
    theirs.send(sent)
    theirs.close().catch(() => {})
    await until(() => sink.receivedBytes === windowBytes)
    for (let i = 0; i < 3; i++) await pair.session.ping()
    assert.equal(sink.receivedBytes, windowBytes)
    sink.holding = false
    sink.consume(await accepted.promise)
    assert.equal(Buffer.compare(await sink.ended, sent), 0)
  })

  test(`framing interoperates with an independent yamux as ${role}: its slow reader holds us at one window`, async () => {
    const heard = Promise.withResolvers<PeerStream>()
    await using pair = await against(role, {}, (stream) => {
      stream.pause()
      heard.resolve(stream)
    })
    const sent = pattern(3_000_000)
    const stream = pair.session.open(new Collector())
    stream.end(sent)
    const theirs = await heard.promise
    for (let i = 0; i < 3; i++) await pair.session.ping()
    assert.equal(stream.isDrained, false)
    const received = collect(theirs)
    theirs.resume()
    assert.equal(Buffer.compare(await received, sent), 0)
    assert.equal(stream.isDrained, true)
  })

  test(`framing interoperates with an independent yamux as ${role}: its go-away keeps us from opening streams`, async () => {
    let told = 0
    await using pair = await against(role, { draining: () => told++ })
    await pair.muxer.close()
    await until(() => told === 1)
    assert.equal(pair.session.isUsable, false)
    assert.throws(
      () => pair.session.open(new Collector()),
      (thrown) => thrown instanceof PlatformError && thrown.code === 'TUNNEL_DRAINING',
    )
  })

  test(`framing interoperates with an independent yamux as ${role}: our go-away ends its side`, async () => {
    await using pair = await against(role)
    pair.session.drain()
    assert.equal(await pair.closed, undefined)
    await until(() => pair.muxer.status === 'closed')
  })
}
