import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc, { runs } from '@landbridge/testkit/properties'
import {
  encodeConnectReply,
  Socks5Handshake,
  Socks5Reply,
  socks5AuthRequest,
  socks5ConnectRequest,
  socks5Greeting,
} from '../src/index.ts'
import { bytewise, hex, serve, tokenOnly } from './run-handshake.ts'

const greeting = socks5Greeting()
const success = '05000001000000000000'

/** Runs one input in one piece and byte by byte: both must come out the same. */
function serveBoth(bytes: Buffer, policy = tokenOnly): ReturnType<typeof serve> {
  const whole = serve([bytes], policy)
  assert.deepEqual(serve(bytewise(bytes), policy), whole)
  return whole
}

const authentication = (token: string, locationId = ''): Buffer =>
  Buffer.concat([greeting, socks5AuthRequest(token, locationId)])

/** A handshake up to CONNECT, then the given bytes. */
const request = (bytes: Buffer): Buffer => Buffer.concat([authentication('abc'), bytes])

test('the worked example of the guide is answered byte by byte (CONN-086, CONN-096, CONN-099, CONN-105, CP-076)', () => {
  const bytes = hex('050180 0100000003616263 0C62334A73595735 6B62773D3D 050100030A64622E7669727475616C1538')
  assert.deepEqual(serveBoth(bytes), {
    written: `05800100${success}`,
    token: 'abc',
    locationId: 'orlando',
    target: 'db.virtual:5432',
    addressType: 3,
    rest: '',
  })
})

test('greetings get the method 0x80 or a refusal (CONN-086, CONN-087, CONN-088, CONN-089, CP-075)', () => {
  assert.deepEqual(serveBoth(hex('050180')), { written: '0580' })
  assert.deepEqual(serveBoth(hex('0503000280')), { written: '0580' })
  assert.deepEqual(serveBoth(hex('05020002')), { written: '05ff', failure: 'method' })
  assert.deepEqual(serveBoth(hex('0500')), { written: '05ff', failure: 'method' })
  assert.deepEqual(serveBoth(hex('0401')), { written: '', failure: 'version' })
  assert.deepEqual(serveBoth(Buffer.from('GET / HTTP/1.1\r\n')), { written: '', failure: 'version' })
})

test('a server that needs no authentication takes method 0 but prefers 0x80', () => {
  const policy = { methods: [0x80, 0x00] }
  const connect = socks5ConnectRequest('h', 1)
  const anonymous = serveBoth(Buffer.concat([hex('050100'), connect]), policy)
  assert.deepEqual(anonymous, { written: `0500${success}`, target: 'h:1', addressType: 3, rest: '' })
  assert.equal(serveBoth(hex('05020080'), policy).written, '0580')
  assert.deepEqual(serveBoth(Buffer.concat([greeting, hex('01 00000000 00')]), policy), {
    written: '05800100',
    token: '',
    locationId: '',
  })
})

test('the token is taken raw with a four-byte length and in any number of pieces (CONN-091, CONN-092, CONN-093)', () => {
  const token = 'eyJ'.repeat(10_000)
  const bytes = authentication(token)
  assert.equal(bytes.readUInt32BE(4), 30_000)
  assert.deepEqual(serveBoth(bytes), { written: '05800100', token, locationId: '' })
  assert.equal(serveBoth(authentication('Bearer')).token, 'Bearer')
  assert.equal(serveBoth(authentication('Bearer abc')).failure, 'token-malformed')
})

test('a token that is refused is answered 01 05 and the rest is ignored', () => {
  const bytes = Buffer.concat([authentication('bad'), socks5ConnectRequest('h', 1)])
  assert.deepEqual(serveBoth(bytes), {
    written: '05800105',
    token: 'bad',
    locationId: '',
    failure: 'authentication-refused',
  })
})

test('an authentication version other than 1 fails authentication (CONN-090, CP-079)', () => {
  for (const version of [0, 2, 5, 255]) {
    const bytes = Buffer.concat([greeting, Buffer.of(version), hex('00000003616263 00')])
    assert.deepEqual(serveBoth(bytes), { written: '05800105', failure: 'authentication-version' })
  }
})

test('a token over the cap is refused as soon as its length is known (CONN-094, CP-080)', () => {
  const cap = { methods: [0x80], maxTokenBytes: 10 }
  assert.equal(serveBoth(authentication('0123456789'), cap).token, '0123456789')
  assert.deepEqual(serveBoth(Buffer.concat([greeting, hex('010000000B')]), cap), {
    written: '05800105',
    failure: 'token-too-long',
  })
  const before = process.memoryUsage().arrayBuffers
  assert.equal(serveBoth(Buffer.concat([greeting, hex('01FFFFFFFF')])).failure, 'token-too-long')
  assert.ok(process.memoryUsage().arrayBuffers - before < 50_000_000)
  assert.equal(serveBoth(Buffer.concat([greeting, hex('0100010001')])).failure, 'token-too-long')
  assert.equal(serveBoth(Buffer.concat([greeting, hex('0100010000')])).failure, undefined)
})

test('no location ID means the default connector, and its length is unsigned (CONN-095, CONN-097, CP-077)', () => {
  assert.equal(serveBoth(authentication('abc')).locationId, '')
  for (const length of [1, 95, 96, 97, 127, 189]) {
    const locationId = 'x'.repeat(length)
    assert.equal(serveBoth(authentication('abc', locationId)).locationId, locationId)
  }
  assert.equal(serveBoth(authentication('abc', 'Werk Süd 1')).locationId, 'Werk Süd 1')
})

test('a location ID that is not base64 of text fails authentication (CONN-098, CP-077)', () => {
  const bad = [
    'orlando',
    'b3JsYW5kbw=',
    'b3JsYW5kbw',
    'b3Js YW5kbw==',
    'b3JsYW5kbx==',
    'b3Js\nYW5kbw==',
    '====',
    '=',
    'YW-_',
    '//79',
    'AAAA',
  ]
  for (const text of bad) {
    const location = Buffer.from(text, 'latin1')
    const bytes = Buffer.concat([greeting, hex('0100000003616263'), Buffer.of(location.length), location])
    assert.deepEqual(serveBoth(bytes), { written: '05800105', failure: 'location-malformed' }, text)
  }
})

test('a host of four numbers arrives as dotted text, any other as name (CONN-103)', () => {
  assert.equal(serveBoth(request(hex('05010001 0A000001 1538'))).target, '10.0.0.1:5432')
  assert.equal(serveBoth(request(hex('05010001 FF00FFFF 0050'))).target, '255.0.255.255:80')
  const name = serveBoth(request(socks5ConnectRequest('300.1.1.1', 80)))
  assert.deepEqual([name.target, name.addressType], ['300.1.1.1:80', 3])
  assert.equal(serveBoth(request(socks5ConnectRequest('x'.repeat(255), 80))).target, `${'x'.repeat(255)}:80`)
})

test('the port is unsigned and big-endian (CONN-104)', () => {
  assert.equal(serveBoth(request(hex('05010003 0168 C35D'))).target, 'h:50013')
  assert.equal(serveBoth(request(hex('05010003 0168 FFFF'))).target, 'h:65535')
})

test('commands and address types that do not exist here get 07 and 08 (CONN-112, CONN-113, CP-082)', () => {
  const reply = (code: string): string => `05800100${code}`
  assert.equal(serveBoth(request(hex('05020001 0A0000011538'))).written, reply('05070001000000000000'))
  assert.equal(serveBoth(request(hex('05030001 0A0000011538'))).written, reply('05070001000000000000'))
  const ipv6 = hex(`05010004 ${'00'.repeat(15)}01 1538`)
  assert.equal(serveBoth(request(ipv6)).written, reply('05080001000000000000'))
  assert.equal(serveBoth(request(hex('05010002 0A0000011538'))).written, reply('05080001000000000000'))
})

test('a host that cannot be a name, or another version, is a general failure (CONN-114)', () => {
  for (const address of ['00', '0100', '026800', '02680A', '017F', '0120', '02C3A9']) {
    const outcome = serveBoth(request(hex(`05010003 ${address} 0050`)))
    assert.equal(outcome.failure, 'host-malformed', address)
    assert.equal(outcome.written, '0580010005010001000000000000')
  }
  assert.equal(serveBoth(request(hex('04010003 0168 0050'))).written, '0580010005010001000000000000')
})

test('every CONNECT reply has ten bytes, address type 01, and never status 06 (CONN-105, CONN-106, CONN-114, CONN-115)', () => {
  const statuses = Object.values(Socks5Reply)
  assert.deepEqual(statuses, [0, 1, 2, 3, 4, 5, 7, 8])
  for (const status of statuses) {
    assert.equal(encodeConnectReply(status).toString('hex'), `050${status}0001000000000000`)
  }
  const refused = serveBoth(request(socks5ConnectRequest('unmapped', 1)))
  assert.equal(refused.written, '0580010005020001000000000000')
})

test('payload in the same piece as the handshake is handed over untouched (CONN-105)', () => {
  const bytes = Buffer.concat([request(socks5ConnectRequest('h', 1)), Buffer.from('\x16\x03\x01payload')])
  assert.equal(serveBoth(bytes).rest, '\x16\x03\x01payload')
})

test('a client that floods before the answer is cut off', () => {
  const handshake = new Socks5Handshake({ methods: [0x80], maxEarlyBytes: 100 })
  handshake.push(authentication('abc'))
  assert.deepEqual(handshake.push(Buffer.alloc(100)), [])
  const [event] = handshake.push(Buffer.alloc(1))
  assert.deepEqual(event, { kind: 'failed', reply: hex('0105'), reason: 'early-data' })
  assert.deepEqual(handshake.push(Buffer.alloc(1000)), [])
  const connecting = new Socks5Handshake({ methods: [0x00], maxEarlyBytes: 100 })
  const events = connecting.push(Buffer.concat([hex('050100'), socks5ConnectRequest('h', 1), Buffer.alloc(101)]))
  assert.deepEqual(events.at(-1), { kind: 'failed', reply: hex('05010001000000000000'), reason: 'early-data' })
})

test('any cut of a handshake gives the same outcome', () => {
  const valid = fc
    .record({
      token: fc.stringMatching(/^[A-Za-z0-9._-]{0,300}$/),
      locationId: fc.stringMatching(/^[a-zäß0-9 ]{0,40}$/),
      host: fc.oneof(fc.domain(), fc.ipV4()),
      port: fc.nat(65_535),
      payload: fc.uint8Array({ maxLength: 40 }),
    })
    .map(({ token, locationId, host, port, payload }) => {
      const parts = [greeting, socks5AuthRequest(token, locationId), socks5ConnectRequest(host, port), payload]
      return Buffer.concat(parts)
    })
  const damaged = fc.tuple(valid, fc.nat(400), fc.nat(255)).map(([bytes, at, value]) => {
    const copy = Buffer.from(bytes)
    copy[at % copy.length] = value
    return copy
  })
  const noise = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.concat([greeting, bytes]))
  fc.assert(
    fc.property(fc.oneof(valid, damaged, noise), fc.array(fc.nat(800), { maxLength: 10 }), (bytes, cuts) => {
      const offsets = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
      const pieces = offsets.slice(1).map((end, i) => bytes.subarray(offsets[i], end))
      const whole = serve([bytes])
      assert.deepEqual(serve(pieces), whole)
      assert.deepEqual(serve(bytewise(bytes)), whole)
    }),
    runs(1000),
  )
})
