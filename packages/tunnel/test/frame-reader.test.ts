import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc, { runs } from '@landbridge/testkit/properties'
import { type FrameHandler, FrameReader } from '../src/frame-reader.ts'
import { encodeFrame, WireDecoder, type WireFrame } from './wire-peer.ts'

/** Puts the pieces together again: one line per frame, with its whole payload. */
class Recorder implements FrameHandler {
  readonly lines: string[] = []
  #payload: Buffer[] = []
  #open = ''

  frame(type: number, flags: number, id: number, length: number): void {
    this.#open = `${type} ${flags} ${id} ${length}`
    if (type !== 0) this.lines.push(this.#open)
  }
  payload(piece: Buffer): void {
    assert.ok(piece.length > 0)
    this.#payload.push(piece)
  }
  payloadEnd(): void {
    this.lines.push(`${this.#open} ${Buffer.concat(this.#payload).toString('hex')}`)
    this.#payload = []
  }
  unknownVersion(): void {
    this.lines.push('unknown version')
  }
}

const anyFrame = fc.oneof(
  fc.record({
    type: fc.constant(0),
    flags: fc.integer({ min: 0, max: 0xffff }),
    id: fc.integer({ min: 0, max: 0xffff_ffff }),
    payload: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  }),
  fc.record({
    type: fc.integer({ min: 1, max: 255 }),
    flags: fc.integer({ min: 0, max: 0xffff }),
    id: fc.integer({ min: 0, max: 0xffff_ffff }),
    length: fc.integer({ min: 0, max: 0xffff_ffff }),
  }),
)

function readCut(bytes: Buffer, cuts: readonly number[]): string[] {
  const recorder = new Recorder()
  const reader = new FrameReader(recorder)
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  for (let i = 1; i < places.length; i++) reader.push(bytes.subarray(places[i - 1], places[i]))
  return recorder.lines
}

function describe(frame: WireFrame): string {
  const head = `${frame.type} ${frame.flags} ${frame.id} ${frame.length}`
  return frame.type === 0 ? `${head} ${frame.payload.toString('hex')}` : head
}

test('frames come out the same however the bytes are cut, and the same as from a naive decoder', () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 40 }), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(encodeFrame))
      assert.deepEqual(readCut(bytes, cuts), new WireDecoder().push(bytes).map(describe))
    }),
    runs(500),
  )
})

test('one byte at a time gives the same frames as all at once', () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 8 }), (frames) => {
      const bytes = Buffer.concat(frames.map(encodeFrame))
      assert.deepEqual(
        readCut(
          bytes,
          Array.from(bytes, (_, i) => i),
        ),
        readCut(bytes, []),
      )
    }),
  )
})

test('nothing is read behind an unknown version or a stop, in any cut', () => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 4 }),
      fc.integer({ min: 1, max: 255 }),
      fc.array(anyFrame, { maxLength: 4 }),
      fc.array(fc.nat(), { maxLength: 20 }),
      (before, version, after, cuts) => {
        const good = Buffer.concat(before.map(encodeFrame))
        const bytes = Buffer.concat([good, encodeFrame({ version, type: 1 }), ...after.map(encodeFrame)])
        assert.deepEqual(readCut(bytes, cuts), [...new WireDecoder().push(good).map(describe), 'unknown version'])
      },
    ),
  )
  const recorder = new Recorder()
  const reader = new FrameReader(recorder)
  reader.stop()
  reader.push(encodeFrame({ type: 2 }))
  assert.deepEqual(recorder.lines, [])
})
