import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import fc, { runs } from '@landbridge/testkit/properties'
import { DirectWriter } from '../src/direct-writer.ts'
import { type SocketPair, socketPair } from './socket-pair.ts'

/** The near end has written a byte, so that Node's classes are known. */
async function pair(): Promise<SocketPair> {
  const sockets = await socketPair()
  const { near, far } = sockets
  near.on('error', () => {})
  new DirectWriter(near).write(Buffer.from('!'))
  await once(far, 'readable')
  assert.equal(far.read(1)?.toString(), '!')
  return sockets
}

/** Reads to the end. */
async function readAll(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of socket) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

/** Counts what goes through the stream from now on. */
function countQueued(socket: Socket): () => number {
  let calls = 0
  const { write } = socket
  socket.write = (...args: unknown[]): boolean => {
    calls++
    return Reflect.apply(write, socket, args)
  }
  return () => calls
}

const closeOf = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('close', resolve))

test('a small piece goes past the queue of the stream and arrives, though its memory is overwritten at once', async () => {
  const { near, far, close } = await pair()
  const writer = new DirectWriter(near)
  const queued = countQueued(near)
  const borrowed = Buffer.alloc(100)
  for (let i = 0; i < 50; i++) {
    borrowed.fill(i)
    assert.equal(writer.writeBorrowed(borrowed.subarray(0, 1 + i)), true)
    borrowed.fill(0xff)
  }
  assert.equal(queued(), 0, 'this Node does not let pieces pass: see DirectWriter')
  assert.equal(writer.isDrained, true)
  near.end()
  const expected = Buffer.concat(Array.from({ length: 50 }, (_, i) => Buffer.alloc(1 + i, i)))
  assert.deepEqual(await readAll(far), expected)
  close()
})

test('pieces of all sizes, owned, borrowed and past the writer, arrive in the order of the calls', async () => {
  const piece = fc.record({
    bytes: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 4_000, max: 40_000 })),
    how: fc.constantFrom('borrowed', 'owned', 'stream', 'corked'),
    turn: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
      const { near, far, close } = await pair()
      const writer = new DirectWriter(near)
      const received = readAll(far)
      const expected: Buffer[] = []
      for (const [index, { bytes, how, turn }] of pieces.entries()) {
        const sent = Buffer.alloc(bytes, index + 1)
        expected.push(Buffer.from(sent))
        if (how === 'corked') near.cork()
        if (how === 'stream') near.write(sent)
        else if (how === 'owned') writer.write(sent)
        else {
          writer.writeBorrowed(sent)
          sent.fill(0)
        }
        if (turn) await new Promise(setImmediate)
        if (how === 'corked') near.uncork()
      }
      near.end()
      assert.deepEqual(await received, Buffer.concat(expected))
      close()
    }),
    runs(40),
  )
})

/** Writes until the system takes nothing more; returns what was written, the piece that waits included. */
function fill(writer: DirectWriter): Buffer[] {
  const sent: Buffer[] = []
  const borrowed = Buffer.alloc(1_000)
  for (let i = 0; i < 100_000; i++) {
    borrowed.fill(i)
    sent.push(Buffer.from(borrowed))
    const taken = writer.writeBorrowed(borrowed)
    borrowed.fill(0)
    if (!taken) return sent
  }
  assert.fail('a reader that reads nothing took 100 MB')
}

test('a reader that stops is noticed, holds one piece, and nothing is lost or overtaken when it goes on', async () => {
  const { near, far, close } = await pair()
  const writer = new DirectWriter(near)
  const sent = fill(writer)
  assert.equal(writer.isDrained, false)
  // Whoever goes on all the same is told to wait each time, and keeps the order.
  for (const length of [10, 9_000, 20]) {
    sent.push(Buffer.alloc(length, length))
    assert.equal(writer.writeBorrowed(Buffer.alloc(length, length)), false)
  }
  sent.push(Buffer.from('owned'))
  assert.equal(writer.write(Buffer.from('owned')), false)
  const drained = once(near, 'drain')
  const received = readAll(far)
  await drained
  while (!writer.isDrained) await new Promise(setImmediate)
  sent.push(Buffer.from('last'))
  writer.write(Buffer.from('last'))
  near.end()
  assert.ok(Buffer.concat(sent).equals(await received))
  close()
})

test('the end of the connection waits for the piece that waits', async () => {
  const { near, far, close } = await pair()
  const sent = fill(new DirectWriter(near))
  near.end()
  assert.ok(Buffer.concat(sent).equals(await readAll(far)))
  close()
})

test('two writers that wait at the same time do not share memory', async () => {
  const pairs = [await pair(), await pair()]
  const sent = pairs.map(({ near }) => fill(new DirectWriter(near)))
  for (const [index, { near, far, close }] of pairs.entries()) {
    near.end()
    assert.ok(Buffer.concat(sent[index] ?? []).equals(await readAll(far)))
    close()
  }
})

test('a connection that breaks while a piece waits, or before one is written, is closed with the cause', async () => {
  for (const isWaiting of [true, false]) {
    const { near, far, close } = await pair()
    const writer = new DirectWriter(near)
    if (isWaiting) fill(writer)
    const closed = closeOf(near)
    let cause: NodeJS.ErrnoException | null = null
    near.on('error', (failure) => {
      cause = failure
    })
    far.resetAndDestroy()
    while (!near.destroyed) {
      if (!isWaiting) writer.write(Buffer.from('anybody there?'))
      await new Promise(setImmediate)
    }
    await closed
    assert.match((cause as NodeJS.ErrnoException | null)?.code ?? '', /^(?:ECONNRESET|EPIPE)$/)
    // What comes too late is dropped like in any stream.
    writer.writeBorrowed(Buffer.from('late'))
    writer.write(Buffer.from('late'))
    close()
  }
})

test('a socket that is closed by its owner while a piece waits ends without an error', async () => {
  const { near, close } = await pair()
  fill(new DirectWriter(near))
  const failures: Error[] = []
  near.on('error', (failure) => failures.push(failure))
  near.destroy()
  await closeOf(near)
  await new Promise(setImmediate)
  assert.deepEqual(failures, [])
  close()
})

test('before the connection is open, and on sockets of another kind, the stream writes', async () => {
  using folder = temporaryFolder()
  for (const listening of [{ port: 0, host: '127.0.0.1' }, { path: join(folder.path, 'socket') }]) {
    const server = createServer().listen(listening)
    await once(server, 'listening')
    const address = server.address() as string | { port: number; address: string }
    const near = connect(
      typeof address === 'string' ? { path: address } : { port: address.port, host: address.address },
    )
    const queued = countQueued(near)
    const writer = new DirectWriter(near)
    const connection = once(server, 'connection')
    writer.write(Buffer.from('early,'))
    const [far] = (await connection) as [Socket]
    if ('path' in listening) writer.writeBorrowed(Buffer.from('other'))
    near.end()
    assert.equal((await readAll(far)).toString(), 'path' in listening ? 'early,other' : 'early,')
    assert.equal(queued(), 'path' in listening ? 2 : 1)
    near.destroy()
    far.destroy()
    server.close()
  }
})
