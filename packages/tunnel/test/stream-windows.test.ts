// The arithmetic of one stream, with a recorder in place of the session: a stream knows its host by an interface only.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from '@landbridge/testkit/properties'
import { Stream, type StreamHost } from '../src/stream.ts'
import { Collector } from './session-pair.ts'

const windowBytes = 256 * 1024

class Recorder implements StreamHost {
  readonly isUsable = false

  open(): Stream {
    throw new Error('opens nothing')
  }

  hasRoom = true
  readonly receivedTokens = null
  sent = 0
  ends = 0
  resets = 0
  credit = 0
  largestFrame = 0
  released_ = 0
  forgotten = 0
  growNext = 0
  readonly waiting = new Set<Stream>()

  sendData(_stream: Stream, _payload: Buffer, start: number, end: number, _borrowed: boolean, fin: boolean): void {
    this.sent += end - start
    this.largestFrame = Math.max(this.largestFrame, end - start)
    if (fin) this.ends++
  }
  sendFin(): void {
    this.ends++
  }
  sendReset(): void {
    this.resets++
  }
  sendCredit(_stream: Stream, bytes: number): void {
    this.credit += bytes
  }
  windowGrowth(): number {
    const growth = this.growNext
    this.growNext = 0
    return growth
  }
  enqueue(stream: Stream): void {
    this.waiting.add(stream)
  }
  released(bytes: number): void {
    this.released_ += bytes
  }
  forget(): void {
    this.forgotten++
  }

  /** What a session does when its turn comes. */
  pump(): void {
    for (const stream of [...this.waiting]) {
      this.waiting.delete(stream)
      while (this.hasRoom && stream.pump());
    }
  }
}

test('a receive window is never negative, and credit plus what is still open, owed and held stays its size', () => {
  const command = fc.oneof(
    fc.record({ do: fc.constant('arrive' as const), bytes: fc.integer({ min: 0, max: 300_000 }) }),
    fc.record({ do: fc.constant('consume' as const), bytes: fc.integer({ min: 0, max: 300_000 }) }),
    fc.record({ do: fc.constant('grow' as const), bytes: fc.integer({ min: 0, max: 300_000 }) }),
  )
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const host = new Recorder()
      const stream = new Stream(1, host, new Collector(true), 0)
      let open = windowBytes
      let size = windowBytes
      let held = 0
      let owed = 0
      for (const { do: what, bytes } of commands) {
        if (what === 'grow') {
          host.growNext = bytes
          continue
        }
        if (what === 'arrive') {
          const admitted = stream.accept(bytes)
          assert.equal(admitted, bytes <= open)
          if (!admitted) continue
          stream.deliver(Buffer.alloc(bytes))
          open -= bytes
          held += bytes
          continue
        }
        const taken = Math.min(bytes, held)
        const before = host.credit
        const growth = (owed + taken) * 2 >= size ? host.growNext : 0
        stream.consumed(taken)
        held -= taken
        owed += taken
        const announced = host.credit - before
        if (announced > 0) {
          assert.equal(announced, owed + growth)
          size += growth
          owed = 0
          open += announced
        }
        assert.ok(owed * 2 < size, 'credit for half a window is not kept back')
        assert.equal(open + owed + held, size)
        assert.equal(host.released_ + held, host.credit + owed + held - (size - windowBytes))
      }
    }),
  )
})

test('a sender never exceeds its credit, sends everything in bounded slices, and ends exactly once', () => {
  const command = fc.oneof(
    fc.record({ do: fc.constant('write' as const), bytes: fc.integer({ min: 0, max: 200_000 }) }),
    fc.record({ do: fc.constant('grant' as const), bytes: fc.integer({ min: 0, max: 200_000 }) }),
    fc.record({ do: fc.constant('room' as const), bytes: fc.integer({ min: 0, max: 1 }) }),
    fc.record({ do: fc.constant('pump' as const), bytes: fc.constant(0) }),
    fc.record({ do: fc.constant('end' as const), bytes: fc.integer({ min: 0, max: 1_000 }) }),
  )
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const host = new Recorder()
      const stream = new Stream(1, host, new Collector(), 0)
      let credit = windowBytes
      let written = 0
      for (const { do: what, bytes } of commands) {
        if (what === 'write') {
          if (!stream.localEnded) written += bytes
          stream.write(Buffer.alloc(bytes))
        } else if (what === 'end') {
          if (!stream.localEnded) written += bytes
          stream.end(Buffer.alloc(bytes))
        } else if (what === 'grant') {
          credit += bytes
          assert.equal(stream.grant(bytes), true)
        } else if (what === 'room') host.hasRoom = bytes === 1
        else host.pump()
        assert.ok(host.sent <= credit)
        assert.ok(host.sent <= written)
        assert.ok(host.largestFrame <= 64 * 1024)
      }
      const ended = stream.localEnded
      host.hasRoom = true
      stream.grant(50_000_000)
      host.pump()
      assert.equal(host.sent, written)
      assert.equal(host.ends, ended ? 1 : 0)
      assert.equal(stream.isDrained, true)
      stream.remoteEnd()
      assert.equal(host.forgotten, ended ? 1 : 0)
    }),
  )
})

test('credit beyond 32 bits is refused at the bit, not before', () => {
  const stream = new Stream(1, new Recorder(), new Collector(), 0)
  assert.equal(stream.grant(0xffff_ffff - windowBytes), true)
  assert.equal(stream.grant(1), false)
})
