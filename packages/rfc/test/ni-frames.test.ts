import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from '@landbridge/testkit/properties'
import { NiFrameReader, niFrame } from '../src/index.ts'

test('frames come out as they went in, wherever the stream is cut (RFC-195)', () => {
  const payload = fc.uint8Array({ minLength: 1, maxLength: 3_000 }).map((bytes) => Buffer.from(bytes))
  fc.assert(
    fc.property(
      fc.array(payload, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }),
      (payloads, sizes) => {
        const stream = Buffer.concat(payloads.map(niFrame))
        const reader = new NiFrameReader(4_000)
        const seen: Buffer[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length] as number
          assert.equal(
            reader.push(stream.subarray(at, at + size), (frame) => seen.push(frame) > 0),
            true,
          )
          at += size
        }
        assert.deepEqual(seen, payloads)
        assert.equal(reader.isBetweenFrames, true)
      },
    ),
  )
})

test('an announced length above the limit is refused before any room is taken (RFC-084)', () => {
  const reader = new NiFrameReader(1_000)
  assert.equal(
    reader.push(Buffer.from([0x7f, 0xff, 0xff, 0xff]), () => true),
    false,
  )
  assert.equal(reader.roomBytes, 0)
  assert.equal(
    reader.push(niFrame(Buffer.alloc(1)), () => assert.fail()),
    false,
  )
  assert.equal(
    new NiFrameReader(1_000).push(Buffer.from([0, 0, 3, 0xe9]), () => true),
    false,
  )
})

test('room grows with what arrives, not with what is announced (RFC-084)', () => {
  const reader = new NiFrameReader(256 * 1_024)
  reader.push(Buffer.from([0, 3, 0, 0]), () => true)
  assert.equal(reader.roomBytes, 0)
  reader.push(Buffer.alloc(10), () => true)
  assert.ok(reader.roomBytes <= 1_024)
  reader.push(Buffer.alloc(5_000), () => true)
  assert.ok(reader.roomBytes <= 10_020)
})

test('an empty frame is no frame', () => {
  assert.equal(
    new NiFrameReader(10).push(Buffer.alloc(4), () => true),
    false,
  )
})
