import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc, { runs } from '@landbridge/testkit/properties'
import {
  BODY_CONTINUES,
  BodyKind,
  BodyScanner,
  parseRequestHead,
  parseResponseHead,
  RequestHead,
  ResponseHead,
  requestLimits,
  responseLimits,
} from '../src/index.ts'
import { anyBytes, requestBytes } from './message-arbitraries.ts'
import { readCut } from './read-messages.ts'

const often = runs(3_000)
const tight = { maxLineBytes: 40, maxHeadBytes: 150, maxHeaders: 5 }

test('requests come out the same however the bytes arrive', () => {
  const cuts = fc.array(fc.nat(2000), { maxLength: 12 })
  fc.assert(
    fc.property(requestBytes, cuts, (bytes, cuts) => {
      const whole = readCut(bytes, [])
      assert.deepEqual(readCut(bytes, cuts), whole)
      assert.deepEqual(readCut(bytes, [...bytes.keys()]), whole)
    }),
    often,
  )
})

test('limits strike at the same byte however the bytes arrive', () => {
  fc.assert(
    fc.property(anyBytes, fc.array(fc.nat(400), { maxLength: 8 }), (bytes, cuts) => {
      const whole = readCut(bytes, [], tight)
      assert.deepEqual(readCut(bytes, cuts, tight), whole)
      assert.deepEqual(readCut(bytes, [...bytes.keys()], tight), whole)
    }),
    often,
  )
})

test('any bytes give an offset inside the input, a request for more, or an error, and a prefix never another verdict', () => {
  const request = new RequestHead()
  const response = new ResponseHead()
  const parsers = [
    (bytes: Buffer, end: number) => parseRequestHead(bytes, 0, end, request, requestLimits),
    (bytes: Buffer, end: number) => parseResponseHead(bytes, 0, end, response, responseLimits),
  ]
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      for (const parse of parsers) {
        const whole = parse(bytes, bytes.length)
        assert.ok(Number.isInteger(whole) && whole <= bytes.length)
        for (let end = 0; end < bytes.length; end++) {
          const part = parse(bytes, end)
          if (whole > 0 && end >= whole) assert.equal(part, whole)
          else if (part !== 0) assert.equal(part, whole)
        }
      }
    }),
    often,
  )
})

test('a chunked body of any bytes ends at the same place or fails with the same error however it arrives', () => {
  fc.assert(
    fc.property(anyBytes, fc.integer({ min: 1, max: 20 }), (noise, size) => {
      // The second half of a request is mostly a body, so take the bytes from somewhere inside.
      const bytes = noise.subarray(Math.max(0, noise.lastIndexOf('\r\n\r\n', Math.max(0, noise.length - 30)) + 4))
      const scan = (step: number): number => {
        const scanner = new BodyScanner(requestLimits)
        scanner.reset(BodyKind.chunked, 0)
        for (let at = 0; at < bytes.length; at += step) {
          const result = scanner.scan(bytes, at, Math.min(bytes.length, at + step))
          if (result !== BODY_CONTINUES) return result
        }
        return BODY_CONTINUES
      }
      const whole = scan(bytes.length + 1)
      assert.ok(whole <= bytes.length)
      assert.equal(scan(size), whole)
      assert.equal(scan(1), whole)
    }),
    often,
  )
})
