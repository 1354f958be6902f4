import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { systemClock } from '@landbridge/kernel'
import { Session, type Stream, type StreamSink } from '../src/index.ts'

/** Collects what a stream delivers and resolves at its end. */
class Collector implements StreamSink {
  readonly chunks: Buffer[] = []
  readonly ended: Promise<Buffer>
  #resolve: (all: Buffer) => void = () => {}
  #reject: (cause: Error) => void = () => {}

  constructor() {
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.ended.catch(() => {})
  }

  streamData(stream: Stream, chunk: Buffer): void {
    this.chunks.push(chunk)
    stream.consumed(chunk.length)
  }
  streamEnd(): void {
    this.#resolve(Buffer.concat(this.chunks))
  }
  streamReset(): void {
    this.#reject(new Error('reset'))
  }
  streamDrain(): void {}
}

/** Sends back what arrives. */
const echo: StreamSink = {
  streamData(stream, chunk) {
    stream.write(chunk)
    stream.consumed(chunk.length)
  },
  streamEnd: (stream) => stream.end(),
  streamReset() {},
  streamDrain() {},
}

async function pair(accept: (stream: Stream) => StreamSink | null) {
  const listener = createServer()
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as import('node:net').AddressInfo
  const near = connect(port, '127.0.0.1')
  const [far] = (await once(listener, 'connection')) as [Socket]
  listener.close()
  const closed: Promise<unknown>[] = []
  const make = (socket: Socket, role: 'client' | 'server') => {
    let over: (cause?: Error) => void = () => {}
    closed.push(
      new Promise((resolve) => {
        over = resolve
      }),
    )
    return new Session(socket, { role, clock: systemClock, accept, closed: (cause) => over(cause) })
  }
  const client = make(near, 'client')
  const server = make(far, 'server')
  return {
    client,
    server,
    closed: () => Promise.all(closed),
    close: () => {
      client.destroy()
      return Promise.all(closed)
    },
  }
}

test('bytes come back in order, short and long, and the stream is forgotten at its end', async () => {
  const { client, server, close } = await pair(() => echo)
  for (const size of [0, 1, 4096, 4097, 70_000, 3_000_000]) {
    const sent = Buffer.alloc(size, 'abcdefg')
    const sink = new Collector()
    client.open(sink).end(sent)
    assert.equal(Buffer.compare(await sink.ended, sent), 0, `size ${size}`)
  }
  assert.equal(client.streamCount, 0)
  assert.equal(server.streamCount, 0)
  await close()
})

test('10,000 streams are open at once and each gets its own bytes back (SCC-266)', async () => {
  const { client, close } = await pair(() => echo)
  const sinks = Array.from({ length: 10_000 }, (_, i) => {
    const sink = new Collector()
    const stream = client.open(sink)
    stream.write(Buffer.from(`stream ${i}`))
    return { sink, stream }
  })
  assert.equal(client.streamCount, 10_000)
  for (const { stream } of sinks) stream.end()
  const all = await Promise.all(sinks.map(({ sink }) => sink.ended))
  all.forEach((bytes, i) => {
    assert.equal(bytes.toString(), `stream ${i}`)
  })
  await close()
})

test('losing the connection resets every open stream and tells both owners once', async () => {
  const { client, closed } = await pair(() => echo)
  const sink = new Collector()
  client.open(sink).write(Buffer.from('x'))
  client.socket.destroy()
  await assert.rejects(sink.ended, /reset/)
  await closed()
})
