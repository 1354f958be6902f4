// Tokens by number: whatever happens on a connection, a request is read with the tokens that it was written with.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { ManualClock, systemClock } from '@landbridge/kernel'
import fc, { runs } from '@landbridge/testkit/properties'
import {
  maxPrefaceBytes,
  type Preface,
  prefaceLength,
  ReceivedTokens,
  readDefinition,
  readPreface,
  SentTokens,
  Session,
  type Stream,
  StreamKind,
  type StreamSink,
  undefinedToken,
  writePreface,
} from '../src/index.ts'
import { type TokenLimits, tokenLimits } from '../src/token-definition.ts'
import { echo, observe, sessionPair, until } from './session-pair.ts'

const nobody = { virtualHost: 'erp', virtualPort: 80, userToken: '', technicalToken: '', traceId: '', clientId: 'app' }
const scratch = Buffer.alloc(maxPrefaceBytes + 300_000)

/** Reads prefaces like a connector, and notes for each stream whom it is for; null: refused. */
class Reader implements StreamSink {
  readonly callers = new Map<number, Preface | null>()
  definitions = 0

  streamData(stream: Stream, chunk: Buffer): void {
    stream.consumed(chunk.length)
    if (this.callers.has(stream.id)) return
    const bytes = Buffer.concat([(stream.owner as Buffer | undefined) ?? Buffer.alloc(0), chunk])
    stream.owner = bytes
    const length = prefaceLength(bytes, 0, bytes.length)
    if (length < 0 || length > bytes.length) return
    if (bytes[0] !== StreamKind.token)
      return void this.callers.set(stream.id, readPreface(bytes, 0, length, stream.receivedTokens))
    const definition = readDefinition(bytes, 0, length)
    assert.ok(definition)
    stream.receivedTokens?.define(definition)
    this.definitions++
    stream.end()
  }
  streamEnd(stream: Stream): void {
    stream.end()
  }
  streamReset(): void {}
  streamDrain(): void {}
}

/** Two ends of a connection that takes its time and cuts what passes into pieces of these sizes, in turn. */
function cuttingSockets(sizes: readonly number[]): { near: Socket; far: Socket } {
  let cuts = 0
  const end = (): Duplex =>
    new Duplex({
      allowHalfOpen: false,
      read() {},
      write(chunk: Buffer, _encoding, written) {
        const bytes = Buffer.from(chunk)
        const other = this === near ? far : near
        for (let at = 0; at < bytes.length; ) {
          const size = sizes[cuts++ % sizes.length] as number
          other.push(bytes.subarray(at, at + size))
          at += size
        }
        setImmediate(written)
      },
    })
  const near = end()
  const far = end()
  return { near: socketOf(near), far: socketOf(far) }
}

function socketOf(duplex: Duplex): Socket {
  return Object.assign(duplex, { setNoDelay() {} }) as unknown as Socket
}

function request(session: Session, caller: Partial<Preface>, bodyBytes = 0, sink: StreamSink = echo): Stream {
  const stream = session.open(sink)
  const at = writePreface(scratch, 0, { kind: StreamKind.http, ...nobody, ...caller }, session.sentTokens)
  stream.writeBorrowed(scratch, 0, at + bodyBytes, false)
  return stream
}

interface Agreed {
  readonly limits?: TokenLimits
  readonly clock?: ManualClock
  readonly reader?: StreamSink
}

/** A cloud side and a connector that have agreed on references. */
async function agreedPair({ limits = tokenLimits, clock = new ManualClock(), reader = new Reader() }: Agreed = {}) {
  const pair = await sessionPair({ client: { accept: () => reader } })
  pair.server.sentTokens = new SentTokens(pair.server, clock, limits)
  pair.client.receivedTokens = new ReceivedTokens(limits)
  return pair
}

const few: TokenLimits = { definitions: 4, bytes: 400, tokenBytes: 150 }
const users = Array.from({ length: 9 }, (_, index) => `user-${index}.`.padEnd(20 + 18 * index, 'x'))
const user = fc.option(fc.constantFrom(...users), { nil: '' })
const command = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      userToken: user,
      technicalToken: user,
      bodyBytes: fc.constantFrom(0, 0, 40, 40, 9_000, 150_000),
      reset: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.constantFrom('minute' as const, 'turn' as const) },
)

test('however requests, definitions, resets and slow writes interleave, and wherever bytes are cut, a request is read with exactly the tokens it was written with', async () => {
  let references = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { minLength: 20, maxLength: 80 }),
      fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 8 }),
      async (commands, sizes) => {
        const { near, far } = cuttingSockets(sizes)
        const clock = new ManualClock()
        const reader = new Reader()
        // A little of a body is more than this: most of what is written waits in its stream.
        const cloud = observe(near, 'server', { sendBudgetBytes: 20_000 })
        const connector = observe(far, 'client', { accept: () => reader })
        cloud.session.sentTokens = new SentTokens(cloud.session, clock, few)
        const received = new ReceivedTokens(few)
        connector.session.receivedTokens = received
        const sent = new Map<number, { userToken: string; technicalToken: string; reset: boolean }>()
        for (const step of commands) {
          if (step === 'minute') clock.advance(60_000)
          else if (step === 'turn') await new Promise((resolve) => setImmediate(resolve))
          else {
            const stream = request(cloud.session, step, step.bodyBytes)
            sent.set(stream.id, step)
            if (step.reset) stream.reset()
          }
        }
        const wanted = [...sent].filter(([, { reset }]) => !reset)
        await until(() => wanted.every(([id]) => reader.callers.has(id)))
        for (const [id, caller] of reader.callers) {
          const expected = sent.get(id)
          assert.ok(caller && expected, `stream ${id} was refused`)
          assert.deepEqual([caller.userToken, caller.technicalToken], [expected.userToken, expected.technicalToken])
          if (caller.receivedUser) references++
        }
        assert.ok(received.size <= few.definitions && received.bytes <= few.bytes)
        cloud.session.destroy()
        connector.session.destroy()
      },
    ),
    runs(100),
  )
  assert.ok(references > 300, `${references} references were tried`)
})

test('a token travels once: the next request of the user carries its number, the technical user likewise, and the very same object is found for both', async () => {
  const reader = new Reader()
  await using pair = await agreedPair({ reader })
  const token = 'u'.repeat(1500)
  const length = (caller: Partial<Preface>) =>
    writePreface(scratch, 0, { kind: StreamKind.http, ...nobody, ...caller }, pair.server.sentTokens)
  assert.equal(length({ userToken: token }), length({}) + 7)
  const [first, second, technical] = [{ userToken: token }, { userToken: token }, { technicalToken: token }].map(
    (caller) => request(pair.server, caller).id,
  ) as [number, number, number]
  await until(() => reader.callers.has(technical))
  assert.equal(reader.definitions, 1)
  const found = reader.callers.get(first)?.receivedUser
  assert.equal(found?.text, token)
  assert.equal(reader.callers.get(second)?.receivedUser, found)
  assert.equal(reader.callers.get(technical)?.receivedTechnical, found)
  assert.equal(reader.callers.get(technical)?.userToken, '')
})

test('a request without a user is the same bytes with and without references, and defines nothing', async () => {
  await using pair = await agreedPair()
  const preface = { kind: StreamKind.http, ...nobody }
  const plain = Buffer.from(scratch.subarray(0, writePreface(scratch, 0, preface)))
  const agreed = scratch.subarray(0, writePreface(scratch, 0, preface, pair.server.sentTokens))
  assert.deepEqual(agreed, plain)
  assert.deepEqual([pair.server.sentTokens?.size, pair.server.streamCount], [0, 0])
})

test('a definition outlives the request that caused it, however early that is reset', async () => {
  const reader = new Reader()
  await using pair = await agreedPair({ reader })
  request(pair.server, { userToken: 'a.b.c' }).reset()
  const stream = pair.server.open(echo)
  writePreface(scratch, 0, { kind: StreamKind.http, ...nobody, userToken: 'd.e.f' }, pair.server.sentTokens)
  stream.reset()
  const ids = ['a.b.c', 'd.e.f'].map((userToken) => request(pair.server, { userToken }).id)
  await until(() => ids.every((id) => reader.callers.has(id)))
  assert.deepEqual(
    ids.map((id) => reader.callers.get(id)?.receivedUser?.text),
    ['a.b.c', 'd.e.f'],
  )
  assert.equal(reader.definitions, 2)
})

test('a definition that the peer does not take is forgotten: the token goes along, and is defined anew later', async () => {
  const reader = new Reader()
  let refusals = 1
  const pair = await sessionPair({ client: { accept: () => (refusals-- > 0 ? null : reader) } })
  await using _ = pair
  pair.server.sentTokens = new SentTokens(pair.server, new ManualClock())
  pair.client.receivedTokens = new ReceivedTokens()
  // The first stream is the definition; the request behind it refers to nothing that the peer has.
  const lost = request(pair.server, { userToken: 'a.b.c' })
  await until(() => reader.callers.has(lost.id) && pair.server.sentTokens?.size === 0)
  assert.equal(reader.callers.get(lost.id), null)
  const next = request(pair.server, { userToken: 'a.b.c' })
  await until(() => reader.callers.has(next.id))
  assert.equal(reader.callers.get(next.id)?.userToken, 'a.b.c')
})

test('what is referred to and not known is refused, never read as nobody; so is a token beside a reference', () => {
  const tokens = new ReceivedTokens()
  tokens.define({ number: 7, token: 'a.b.c' })
  const written = (...fields: (readonly number[])[]) => {
    const bytes = Buffer.from([1, 0, 0, 0, 80, 1, 0x68, ...fields.flat()])
    bytes.writeUInt16BE(bytes.length - 3, 1)
    return bytes
  }
  const read = (table: ReceivedTokens | null, ...fields: (readonly number[])[]) => {
    const bytes = written(...fields)
    return readPreface(bytes, 0, bytes.length, table)
  }
  /** Which number is to blame. */
  const blamed = (table: ReceivedTokens | null, ...fields: (readonly number[])[]) => {
    const bytes = written(...fields)
    return undefinedToken(bytes, 0, bytes.length, table)
  }
  const [user, technical, inline]: [number[], number[], number[]] = [
    [5, 0, 4, 0, 0, 0, 7],
    [6, 0, 4, 0, 0, 0, 7],
    [1, 0, 1, 0x78],
  ]
  assert.equal(read(tokens, user)?.userToken, 'a.b.c')
  assert.equal(read(tokens, technical, user)?.technicalToken, 'a.b.c')
  assert.equal(read(tokens, technical, inline)?.userToken, 'x')
  for (const [number, ...fields] of [
    [8, [5, 0, 4, 0, 0, 0, 8]],
    [0x1000007, user, [6, 0, 4, 1, 0, 0, 7]],
    [null, [5, 0, 3, 0, 0, 7]],
    [null, [5, 0, 0]],
    [null, [5, 0, 4, 0, 0, 8]],
    [null, [5, 0]],
    [null, user, inline],
    [null, inline, user],
  ] as const) {
    assert.equal(read(tokens, ...fields), null)
    assert.equal(blamed(tokens, ...fields), number)
  }
  assert.equal(read(null, user), null)
  assert.equal(blamed(null, user), 7)
})

test('a peer that defines without end costs no more than the limits; malformed definitions are none', () => {
  const tokens = new ReceivedTokens()
  for (let number = 0; number < 3_000; number++) tokens.define({ number, token: 'x'.repeat(number % 2_000) })
  assert.deepEqual([tokens.size, tokens.find(2_999)?.text.length], [tokenLimits.definitions, 999])
  for (let number = 0; number < 1_000; number++) tokens.define({ number: number % 700, token: 'y'.repeat(16_384) })
  assert.ok(tokens.bytes <= tokenLimits.bytes && tokens.size === 256)
  for (const bytes of [
    [7, 0, 4, 0, 0, 0, 1],
    [7, 0, 3, 0, 0, 0],
    [7, 0, 0],
  ])
    assert.equal(readDefinition(Buffer.from(bytes), 0, bytes.length), null)
  assert.equal(readDefinition(Buffer.alloc(7 + 16_385), 0, 7 + 16_385), null)
  assert.deepEqual(readDefinition(Buffer.from([7, 0, 5, 1, 0, 0, 2, 0xfc]), 0, 8), { number: 0x1000002, token: 'ü' })
})

test('a full table keeps its users for a minute, then the oldest makes room; one of two users of a request is never given up for the other', async () => {
  const clock = new ManualClock()
  const reader = new Reader()
  await using pair = await agreedPair({ reader, clock, limits: { definitions: 2, bytes: 100, tokenBytes: 50 } })
  const wasReferred = async (caller: Partial<Preface>): Promise<boolean[]> => {
    const { id } = request(pair.server, caller)
    await until(() => reader.callers.has(id))
    const seen = reader.callers.get(id)
    assert.deepEqual([seen?.userToken, seen?.technicalToken], [caller.userToken ?? '', caller.technicalToken ?? ''])
    return [seen?.receivedUser !== null, seen?.receivedTechnical !== null]
  }
  assert.deepEqual(await wasReferred({ userToken: 'a' }), [true, false])
  assert.deepEqual(await wasReferred({ userToken: 'b' }), [true, false])
  assert.deepEqual(await wasReferred({ userToken: 'c' }), [false, false])
  assert.deepEqual(await wasReferred({ userToken: 'l'.repeat(51) }), [false, false])
  clock.advance(60_000)
  assert.deepEqual(await wasReferred({ userToken: 'a', technicalToken: 'c' }), [true, false])
  assert.deepEqual(await wasReferred({ userToken: 'c' }), [true, false])
  assert.deepEqual(await wasReferred({ userToken: 'b', technicalToken: 'a' }), [true, false])
  assert.deepEqual([pair.server.sentTokens?.size, pair.client.receivedTokens?.size], [2, 2])
})

test('tunnels that are over leave nothing behind, however many users they knew', async () => {
  const collect = await garbageCollector()
  const ended: WeakRef<SentTokens>[] = []
  for (let i = 0; i < 50; i++) {
    const { near } = cuttingSockets([65_536])
    const session = new Session(near, { role: 'server', clock: systemClock, accept: () => null, closed() {} })
    session.sentTokens = new SentTokens(session, systemClock)
    for (const userToken of users) request(session, { userToken })
    assert.equal(session.sentTokens.size, users.length)
    ended.push(new WeakRef(session.sentTokens))
    session.destroy()
  }
  await until(() => {
    collect()
    return ended.filter((tokens) => tokens.deref() !== undefined).length <= 1
  })
})

async function garbageCollector(): Promise<() => void> {
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
