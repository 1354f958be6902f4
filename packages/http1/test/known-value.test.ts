import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc, { runs } from '@landbridge/testkit/properties'
import { H, type KnownValues, NEED_MORE, parseRequestHead, RequestHead, requestLimits } from '../src/index.ts'
import { anyBytes } from './message-arbitraries.ts'

const token = Buffer.from(`Bearer ${'eyJhbGciOiJSUzI1NiJ9'.repeat(40)}`)

function request(value: string): Buffer {
  return Buffer.from(
    `GET http://erp.virtual/ HTTP/1.1\r\nHost: erp.virtual\r\nProxy-Authorization: ${value}\r\nAccept: */*\r\n\r\n`,
    'latin1',
  )
}

/** Everything that a parser says about a head, except what is known. */
function verdict(bytes: Buffer, knownId: number, knownValue: Buffer, lookup: KnownValues | null = null): unknown {
  const head = new RequestHead()
  head.lookup = lookup
  head.lookupId = knownId
  head.knownId = knownId
  head.knownValue = knownValue
  const end = parseRequestHead(bytes, 0, bytes.length, head, requestLimits)
  if (end <= 0) return end
  const { knownId: _id, knownValue: _value, knownIndex: _index, ...others } = head
  const { lookup: _lookup, lookupId: _lookupId, foundIndex: _foundIndex, found: _found, ...rest } = others
  return { end, rest: structuredClone(rest) }
}

/** Knows some values, by their bytes. */
function knowing(...values: readonly Buffer[]): KnownValues {
  return { find: (source, start, end) => values.find((one) => one.equals(source.subarray(start, end))) ?? null }
}

test('a known value changes nothing about what a head says, whatever the bytes are', () => {
  const piece = fc.tuple(anyBytes, fc.nat(400), fc.nat(60), fc.constantFrom(...Object.values(H)))
  fc.assert(
    fc.property(piece, ([bytes, start, length, id]) => {
      const plain = verdict(bytes, 0, Buffer.alloc(0))
      // What a caller knows was the value of a header line before: bytes that may stand in one.
      const known = Buffer.from(
        bytes
          .subarray(start, start + length)
          .toString('latin1')
          .replace(/[^!-~]/g, ''),
        'latin1',
      )
      assert.deepEqual(verdict(bytes, id, known), plain)
      assert.deepEqual(verdict(bytes, id, Buffer.alloc(0), knowing(known, Buffer.from('x'))), plain)
    }),
    runs(3000),
  )
})

test('a known value is found where it stands, and only when the whole value is equal', () => {
  const head = new RequestHead()
  head.knownId = H.proxyAuthorization
  head.knownValue = token
  const indexFor = (value: string): number => {
    const bytes = request(value)
    assert.equal(parseRequestHead(bytes, 0, bytes.length, head, requestLimits), bytes.length)
    assert.equal(bytes.toString('latin1', head.valueStart[1], head.valueEnd[1]), value.trim())
    return head.knownIndex
  }
  assert.equal(indexFor(token.toString()), 1)
  assert.equal(indexFor(`${token}x`), -1)
  assert.equal(indexFor(token.toString().slice(0, -1)), -1)
  assert.equal(indexFor(`${token} `), -1)
  assert.equal(indexFor('Bearer other'), -1)
})

test('a known value does not let a forbidden byte behind it pass', () => {
  const head = new RequestHead()
  head.knownId = H.proxyAuthorization
  head.knownValue = token
  for (const end of ['\u0000', '\n', '\rX']) {
    const bytes = request(`${token}${end}`)
    assert.ok(parseRequestHead(bytes, 0, bytes.length, head, requestLimits) < 0)
  }
})

test('one of many known values is found where it stands, and only when the whole value is equal', () => {
  const other = Buffer.from('Bearer other')
  const head = new RequestHead()
  head.lookupId = H.proxyAuthorization
  head.lookup = knowing(token, other)
  const foundFor = (value: string): unknown => {
    const bytes = request(value)
    assert.equal(parseRequestHead(bytes, 0, bytes.length, head, requestLimits), bytes.length)
    assert.equal(bytes.toString('latin1', head.valueStart[1], head.valueEnd[1]), value.trim())
    assert.equal(head.foundIndex, head.found === null ? -1 : 1)
    return head.found
  }
  assert.equal(foundFor(token.toString()), token)
  assert.equal(foundFor(' Bearer other'), other)
  for (const value of [`${token}x`, token.toString().slice(0, -1), 'Bearer', ' ', ''])
    assert.equal(foundFor(value), null)
  assert.equal(foundFor('Bearer other'), other)
  for (const end of ['\u0000', '\n', '\rX']) {
    const bytes = request(`${token}${end}`)
    assert.ok(parseRequestHead(bytes, 0, bytes.length, head, requestLimits) < 0)
  }
  // A line that is cut off behind the value is not complete, wherever the input ends.
  const bytes = request(token.toString())
  for (let cut = bytes.length - 1; cut > bytes.length - 30; cut--)
    assert.equal(parseRequestHead(bytes, 0, cut, head, requestLimits), NEED_MORE)
})
