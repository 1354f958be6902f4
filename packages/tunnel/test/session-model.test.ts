// Random commands on two sessions over a real connection, against a simple reference: what was written arrives in order;
// without a reset all of it does, and the end after it. A tap between the two watches windows on the wire.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc, { runs } from '@landbridge/testkit/properties'
import type { Stream } from '../src/index.ts'
import { Collector, sessionPair, socketPair, until } from './session-pair.ts'
import { WireDecoder } from './wire-peer.ts'

type Side = 'client' | 'server'
const initialWindowBytes = 256 * 1024

/** One stream as both ends see it. */
class Link {
  readonly opener: Side
  readonly sinks: Record<Side, Collector>
  readonly streams: { client?: Stream; server?: Stream }
  readonly written: Record<Side, Buffer[]>
  reset: boolean

  constructor(opener: Side) {
    this.opener = opener
    this.sinks = { client: new Collector(true), server: new Collector(true) }
    this.streams = {}
    this.written = { client: [], server: [] }
    this.reset = false
  }
}

const other = (side: Side): Side => (side === 'client' ? 'server' : 'client')

/** Two sockets with a relay between them that follows every window. */
async function tapped() {
  const left = await socketPair()
  const right = await socketPair()
  const open = { client: new Map<number, number>(), server: new Map<number, number>() }
  let frames = 0
  const watch = (from: Side) => {
    const decoder = new WireDecoder()
    const [source, target] = from === 'client' ? [left.far, right.near] : [right.near, left.far]
    source.on('data', (bytes: Buffer) => {
      for (const frame of decoder.push(bytes)) {
        frames++
        if (frame.type === 0) {
          const left = (open[from].get(frame.id) ?? initialWindowBytes) - frame.length
          assert.ok(left >= 0, `stream ${frame.id} overran its window by ${-left}`)
          open[from].set(frame.id, left)
        } else if (frame.type === 1) {
          const to = open[other(from)]
          to.set(frame.id, (to.get(frame.id) ?? initialWindowBytes) + frame.length)
        }
      }
      target.write(bytes)
    })
    source.on('error', () => {})
    source.on('close', () => target.destroy())
  }
  watch('client')
  watch('server')
  return { sockets: { near: left.near, far: right.far }, frames: () => frames, taps: [left.far, right.near] }
}

const sideOf = fc.constantFrom<Side>('client', 'server')
const command = fc.oneof(
  fc.record({ do: fc.constant('open' as const), side: sideOf }),
  fc.record({
    do: fc.constant('write' as const),
    side: sideOf,
    link: fc.nat(),
    bytes: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 4_000, max: 400_000 })),
  }),
  fc.record({ do: fc.constant('end' as const), side: sideOf, link: fc.nat() }),
  fc.record({ do: fc.constant('reset' as const), side: sideOf, link: fc.nat() }),
  fc.record({
    do: fc.constant('consume' as const),
    side: sideOf,
    link: fc.nat(),
    bytes: fc.integer({ min: 1, max: 500_000 }),
  }),
  fc.record({ do: fc.constant('turn' as const) }),
)

test('whatever two ends do to their streams, bytes arrive in order and nothing is left over', async () => {
  let commandsRun = 0
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 60 }), async (commands) => {
      const { sockets, taps } = await tapped()
      const links: Link[] = []
      const byId = new Map<number, Link>()
      const accept = (side: Side) => (stream: Stream) => {
        const link = byId.get(stream.id) as Link
        link.streams[side] = stream
        return link.sinks[side]
      }
      const options = { sendBudgetBytes: 128 * 1024, maxUnconsumedBytes: 512 * 1024 }
      const pair = await sessionPair({
        sockets,
        client: { accept: accept('client'), ...options },
        server: { accept: accept('server'), ...options },
      })
      let seed = 1
      for (const one of commands) {
        commandsRun++
        if (one.do === 'turn') {
          await new Promise((resolve) => setImmediate(resolve))
          continue
        }
        if (one.do === 'open') {
          const link = new Link(one.side)
          const stream = pair[one.side].open(link.sinks[one.side])
          link.streams[one.side] = stream
          byId.set(stream.id, link)
          links.push(link)
          continue
        }
        if (links.length === 0) continue
        const link = links[one.link % links.length] as Link
        const stream = link.streams[one.side]
        if (stream === undefined) continue
        if (one.do === 'write' && !stream.localEnded && stream.isOpen) {
          const bytes = Buffer.alloc(one.bytes, seed++)
          link.written[one.side].push(bytes)
          stream.write(bytes)
        } else if (one.do === 'end') stream.end()
        else if (one.do === 'consume') link.sinks[one.side].consume(stream, one.bytes)
        else if (one.do === 'reset') {
          link.reset = true
          stream.reset()
        }
      }
      // From here on everybody consumes and everything ends.
      for (const link of links)
        for (const side of ['client', 'server'] as const) {
          link.sinks[side].holding = false
          const stream = link.streams[side]
          if (stream !== undefined) {
            link.sinks[side].consume(stream)
            stream.end()
          }
        }
      await until(() => {
        for (const link of links) for (const side of ['client', 'server'] as const) link.streams[side]?.end()
        return pair.client.streamCount + pair.server.streamCount === 0
      })
      for (const link of links)
        for (const side of ['client', 'server'] as const) {
          const sent = Buffer.concat(link.written[other(side)])
          const { chunks, events } = link.sinks[side]
          const received = Buffer.concat(chunks)
          assert.equal(Buffer.compare(received, sent.subarray(0, received.length)), 0)
          assert.ok(events.length <= 2 && events.filter((event) => event === 'reset').length <= 1)
          if (link.reset) continue
          assert.equal(received.length, sent.length)
          assert.deepEqual(events, link.streams[side] === undefined ? [] : ['end'])
        }
      // Both ends still agree: the connection carries one more exchange.
      const link = new Link('client')
      const last = pair.client.open(link.sinks.client)
      byId.set(last.id, link)
      last.end(Buffer.from('still alive'))
      await until(() => link.sinks.server.events.length === 1)
      assert.equal(Buffer.concat(link.sinks.server.chunks).toString(), 'still alive')
      // Ending both sides at once may reset the connection: only that it is gone matters.
      const closed = taps.map(
        (tap) => new Promise<void>((resolve) => tap.on('error', () => {}).once('close', () => resolve())),
      )
      await pair[Symbol.asyncDispose]()
      await Promise.all(closed)
    }),
    runs(60),
  )
  assert.ok(commandsRun > 0)
})
