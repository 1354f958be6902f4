import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PlatformError } from '@landbridge/kernel'
import fc, { runs } from '@landbridge/testkit/properties'
import { maxPrefaceBytes, type Preface, prefaceLength, readPreface, StreamKind, writePreface } from '../src/index.ts'

const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) })
const text = (maxLength: number) => latin1.map((value) => value.slice(0, maxLength))
const prefaces: fc.Arbitrary<Preface> = fc.record(
  {
    kind: fc.constantFrom(...Object.values(StreamKind)),
    virtualHost: text(255),
    virtualPort: fc.integer({ min: 0, max: 65_535 }),
    userToken: text(2_000),
    technicalToken: text(2_000),
    traceId: text(64),
    clientId: text(64),
    clientConnection: text(32).filter((name) => name !== ''),
  },
  {
    noNullPrototype: true,
    requiredKeys: ['kind', 'virtualHost', 'virtualPort', 'userToken', 'technicalToken', 'traceId', 'clientId'],
  },
)
/** What a preface without references is read as. */
const inline = { receivedUser: null, receivedTechnical: null }
const empty = { virtualHost: '', virtualPort: 0, userToken: '', technicalToken: '', traceId: '', clientId: '' }

test('a preface is read as it was written, at any offset and with payload behind it', () => {
  fc.assert(
    fc.property(prefaces, fc.nat(100), fc.uint8Array({ maxLength: 50 }), (preface, offset, payload) => {
      const bytes = Buffer.alloc(offset + maxPrefaceBytes)
      const end = writePreface(bytes, offset, preface)
      bytes.set(payload, end)
      assert.equal(prefaceLength(bytes, offset, bytes.length), end - offset)
      assert.deepEqual(readPreface(bytes, offset, end), { ...preface, ...inline })
    }),
  )
})

test('the length of a preface is known from three bytes on, not before', () => {
  const bytes = Buffer.alloc(maxPrefaceBytes)
  const end = writePreface(bytes, 0, { kind: StreamKind.http, ...empty, virtualHost: 'erp', virtualPort: 443 })
  for (const arrived of [0, 1, 2]) assert.equal(prefaceLength(bytes, 0, arrived), -1)
  for (let arrived = 3; arrived <= end; arrived++) assert.equal(prefaceLength(bytes, 0, arrived), end)
})

test('a preface that is cut off anywhere, or whose fields run over its end, is malformed', () => {
  fc.assert(
    fc.property(prefaces, fc.nat(), (preface, cut) => {
      const bytes = Buffer.alloc(maxPrefaceBytes)
      const end = writePreface(bytes, 0, preface)
      const shorter = cut % end
      const read = readPreface(bytes, 0, shorter)
      // Cut exactly between two fields it is a shorter preface; anywhere else it is none.
      if (read !== null) assert.equal(writePreface(Buffer.alloc(maxPrefaceBytes), 0, read), shorter)
    }),
  )
})

test('any bytes are read as a preface or refused; nothing throws and nothing behind the end is touched', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(400), (bytes, end) => {
      const source = Buffer.from(bytes)
      const preface = readPreface(source, 0, Math.min(end, source.length))
      if (preface === null) return
      const field = [preface.virtualHost, preface.userToken, preface.technicalToken, preface.traceId, preface.clientId]
      assert.ok(field.reduce((sum, value) => sum + value.length, 6) <= end)
    }),
    runs(1_000),
  )
})

test('unknown fields are skipped, so that a newer peer may send more', () => {
  const known = Buffer.alloc(maxPrefaceBytes)
  const end = writePreface(known, 0, { kind: StreamKind.tcp, ...empty, virtualHost: 'db', virtualPort: 30_015 })
  const unknown = Buffer.from([200, 0, 4, 1, 2, 3, 4])
  const clientId = Buffer.from([4, 0, 2, 0x61, 0x62])
  const bytes = Buffer.concat([known.subarray(0, end), unknown, clientId])
  bytes.writeUInt16BE(bytes.length - 3, 1)
  const preface = readPreface(bytes, 0, prefaceLength(bytes, 0, bytes.length))
  assert.deepEqual([preface?.virtualHost, preface?.clientId], ['db', 'ab'])
})

test('what does not fit is refused instead of naming another host or spilling into the payload', () => {
  const target = Buffer.alloc(maxPrefaceBytes)
  const write = (part: Partial<Preface>) => writePreface(target, 0, { kind: StreamKind.http, ...empty, ...part })
  for (const [part, rule] of [
    [{ virtualHost: 'h'.repeat(256) }, 'host'],
    [{ virtualHost: 'b\u0161nk' }, 'host'],
    [{ userToken: 't'.repeat(65_536) }, 'length'],
    [{ userToken: 't'.repeat(40_000), technicalToken: 't'.repeat(40_000) }, 'length'],
  ] as const)
    assert.throws(
      () => write(part),
      (thrown) => thrown instanceof PlatformError && thrown.code === 'TUNNEL_PREFACE' && thrown.facts.rule === rule,
    )
  const longest = { virtualHost: 'h'.repeat(255), userToken: 'u'.repeat(32_000), technicalToken: 't'.repeat(33_265) }
  const end = write(longest)
  assert.equal(prefaceLength(target, 0, end), end)
  assert.deepEqual(readPreface(target, 0, end), { kind: StreamKind.http, ...empty, ...longest, ...inline })
})
