import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { borrowReads } from '../src/borrowed-reads.ts'
import { socketPair } from './socket-pair.ts'

test('an accepted socket reads into the same memory again and again, in order and to its end', async () => {
  const { near, far, close } = await socketPair()
  const seen: Buffer[] = []
  const memory = new Set<ArrayBufferLike>()
  borrowReads(near, (borrowed) => {
    memory.add(borrowed.buffer)
    seen.push(Buffer.from(borrowed))
  })
  const sent = Buffer.alloc(1_000_000, 'landbridge')
  far.end(sent)
  await once(near, 'end')
  assert.deepEqual(Buffer.concat(seen), sent)
  assert.equal(memory.size, 1, 'this Node does not let sockets borrow: see borrowReads')
  close()
})

test('a paused socket that borrows reads nothing until it is resumed', async () => {
  const { near, far, close } = await socketPair()
  let bytes = 0
  let first = true
  const all = Promise.withResolvers<void>()
  borrowReads(near, (borrowed) => {
    bytes += borrowed.length
    if (first) {
      first = false
      near.pause()
      const before = bytes
      setImmediate(() =>
        setImmediate(() => {
          assert.equal(bytes, before)
          near.resume()
        }),
      )
    }
    if (bytes === 1_000_000) all.resolve()
  })
  far.write(Buffer.alloc(1_000_000))
  await all.promise
  close()
})

test('what was read before a socket borrows comes first', async () => {
  const { near, far, close } = await socketPair()
  far.write('early ')
  // Not flowing yet: Node keeps what it reads.
  await once(near, 'readable')
  const all = Promise.withResolvers<void>()
  let text = ''
  borrowReads(near, (borrowed) => {
    text += borrowed.toString('latin1')
    if (text.endsWith('late')) all.resolve()
  })
  far.write('late')
  await all.promise
  assert.equal(text, 'early late')
  close()
})

test('a socket of a Node that cannot borrow goes on with buffers of its own', async () => {
  const { near, far, close } = await socketPair()
  const { _handle: handle } = near as Socket & { _handle?: object }
  assert.ok(handle)
  Object.defineProperty(handle, 'useUserBuffer', { value: undefined })
  const received = Promise.withResolvers<string>()
  borrowReads(near, (borrowed) => received.resolve(borrowed.toString('latin1')))
  far.write('bytes')
  assert.equal(await received.promise, 'bytes')
  close()
})
