import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppcFunction, appcHeadBytes, NiFrameReader, niFrame, RfcGuard, writeGatewayRecord } from '@landbridge/rfc'
import { callMessage, demoUser, initializeRecord, logonMessage } from '@landbridge/testkit'
import fc, { runs } from '@landbridge/testkit/properties'

const allowed: ReadonlySet<string> = new Set(['RFCPING', 'STFC_CONNECTION'])
const names = { service: 'fuzz', logicalUnit: 'test', program: 'fuzz' }
const greeting = writeGatewayRecord({ address: [127, 0, 0, 1], ...names, codePage: '1100', acceptInfo: 0xcb, level: 6 })

function record(kind: number, data: Buffer, parameters = 0): Buffer {
  const head = Buffer.alloc(appcHeadBytes)
  head[0] = 6
  head[1] = kind
  head.writeUInt16BE(parameters, 26)
  head.write('10000000', 40)
  return Buffer.concat([head, data])
}

const send = (message: Buffer): Buffer => record(AppcFunction.sapSend, message, 8)
const evil = callMessage('Z_EVIL', { A: 'b' })
/** A whole connection: greeting, conversation, logon, calls of which some are denied, one of them in slices. */
const payloads: readonly Buffer[] = [
  greeting,
  initializeRecord({ host: 'virtual', program: 'sapdp00' }),
  record(AppcFunction.allocate, Buffer.alloc(0)),
  send(logonMessage(demoUser)),
  send(callMessage('STFC_CONNECTION', { REQUTEXT: 'Z_EVIL' })),
  send(evil),
  record(AppcFunction.asyncSendData, evil.subarray(0, 20)),
  record(AppcFunction.asyncSendData, evil.subarray(20, evil.length - 8)),
  record(AppcFunction.receive, Buffer.alloc(0)),
  send(callMessage('STFC_CONNECTION', { REQUTEXT: 'again' })),
]

/** What the bytes that passed would make a back end run that believes nearly everything. */
function executed(stream: Buffer): string[] {
  const found: string[] = []
  let message = Buffer.alloc(0)
  new NiFrameReader(1 << 24).push(stream, (payload) => {
    const kind = payload[1]
    const carries = kind === 0xcb || kind === 7 || kind === 8 || kind === 9
    if (payload[0] !== 6 || !carries) return true
    message = Buffer.concat([message, payload.subarray(appcHeadBytes)])
    if (kind !== 0xcb && kind !== 9) return true
    found.push(...functionTags(message))
    message = Buffer.alloc(0)
    return true
  })
  return found
}

/** Function tags of a message, without caring whether its chain holds. */
function functionTags(message: Buffer): string[] {
  const found: string[] = []
  let at = message[0] === 0xd9 ? 12 : 0
  if (message.length < at + 4) return found
  at += 4 + message.readUInt16BE(at + 2)
  while (at + 6 <= message.length) {
    const tag = message.readUInt16BE(at + 2)
    let length = message.readUInt16BE(at + 4)
    at += 6
    if (tag === 0xffff) break
    if (length === 0xffff && at + 4 <= message.length) {
      length = message.readUInt32BE(at)
      at += 4
    }
    if (tag === 0x0102)
      found.push(
        message
          .toString('latin1', at, at + length)
          .replaceAll('\0', '')
          .trim(),
      )
    at += length
  }
  return found
}

/** Everything that the guard lets through. */
function passed(chunks: readonly Buffer[]): Buffer {
  const forwarded: Buffer[] = []
  const guard = new RfcGuard(
    {
      logon: () => undefined,
      call: (name) => (allowed.has(name) ? undefined : { text: 'no', isFinal: false }),
    },
    { host: 'internal', instance: '00' },
    { toServer: (bytes) => forwarded.push(bytes), toClient: () => {}, refused: () => {}, finished: () => {} },
  )
  for (const chunk of chunks) guard.fromClient(chunk)
  return Buffer.concat(forwarded)
}

function onlyAllowed(stream: Buffer): void {
  for (const name of executed(stream)) assert.ok(allowed.has(name), `${name} would run`)
}

test('the oracle of this file sees what would run', () => {
  assert.deepEqual(executed(Buffer.concat(payloads.map(niFrame))), [
    'RFCPING',
    'STFC_CONNECTION',
    'Z_EVIL',
    'Z_EVIL',
    'STFC_CONNECTION',
  ])
  assert.deepEqual(executed(passed(payloads.map(niFrame))), ['RFCPING', 'STFC_CONNECTION'])
})

const often = runs(3_000)

test('whatever single byte is changed, no function runs that is not allowed (RFC-082, RFC-195)', () => {
  const stream = Buffer.concat(payloads.map(niFrame))
  for (let at = 0; at < stream.length; at++)
    for (const value of [0x00, 0x01, 0x02, 0xff, (stream[at] as number) ^ 0x01, (stream[at] as number) ^ 0x80]) {
      const copy = Buffer.from(stream)
      copy[at] = value
      onlyAllowed(passed([copy]))
    }
})

test('however bytes are changed, left out or put in, no function runs that is not allowed (RFC-082, RFC-195)', () => {
  const change = fc.record({
    payload: fc.nat(payloads.length - 1),
    at: fc.nat(600),
    remove: fc.nat(12),
    insert: fc.uint8Array({ maxLength: 12 }),
  })
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
      const copies = payloads.map((payload) => Buffer.from(payload))
      for (const { payload, at, remove, insert } of changes) {
        const copy = copies[payload] as Buffer
        const start = at % copy.length
        copies[payload] = Buffer.concat([copy.subarray(0, start), insert, copy.subarray(start + remove)])
      }
      onlyAllowed(passed(copies.filter((copy) => copy.length > 0).map(niFrame)))
    }),
    often,
  )
})

test('however payloads are ordered, repeated or cut into slices, no function runs that is not allowed (RFC-083, RFC-195)', () => {
  const piece = fc.oneof(
    fc.nat(payloads.length - 1).map((index) => payloads[index] as Buffer),
    fc
      .tuple(fc.constantFrom(7, 8, 9, 0xcb), fc.nat(evil.length), fc.nat(evil.length))
      .map(([kind, from, to]) => record(kind, evil.subarray(Math.min(from, to), Math.max(from, to)))),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      onlyAllowed(passed([...payloads.slice(0, 4), ...pieces].map(niFrame)))
    }),
    often,
  )
})
