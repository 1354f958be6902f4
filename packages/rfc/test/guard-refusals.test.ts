import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AppcFunction,
  appcHeadBytes,
  logonSignature,
  niFrame,
  niPing,
  niPong,
  type RfcElement,
  RfcTag,
  writeChain,
  writeText,
} from '../src/index.ts'
import { Guarded } from './guarded.ts'
import { recordedPayloads } from './recorded.ts'

const [greeting, initialize, partner, allocate, logon] = recordedPayloads('open-rfc-0.2.3') as [
  Buffer,
  Buffer,
  Buffer,
  Buffer,
  Buffer,
]

/** A guard behind these payloads. */
function behind(...payloads: readonly Buffer[]): Guarded {
  const guarded = new Guarded()
  for (const payload of payloads) guarded.guard.fromClient(niFrame(payload))
  return guarded
}

/** A guard on a connection that is logged on. */
function loggedOn(): Guarded {
  const guarded = behind(greeting, initialize, partner, allocate, logon)
  assert.deepEqual(guarded.refusals, [])
  return guarded
}

function altered(payload: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(payload)
  change(copy)
  return copy
}

function record(kind: number, data: Buffer, parameters = 0): Buffer {
  const head = Buffer.from((logon as Buffer).subarray(0, appcHeadBytes))
  head[1] = kind
  head.writeUInt16BE(parameters, 26)
  return Buffer.concat([head, data])
}

const text = (value: string): Buffer => writeText(value, '4103')
const named = (name: string): RfcElement => ({ tag: RfcTag.functionName, value: text(name) })

/** A call of these elements, with its end. */
function message(...elements: readonly RfcElement[]): Buffer {
  const first = Buffer.from([5, 2, 0, 0])
  return Buffer.concat([first, writeChain(RfcTag.call, [...elements, { tag: RfcTag.end }]), Buffer.of(0xff, 0xff)])
}

function call(...elements: readonly RfcElement[]): Buffer {
  return record(AppcFunction.sapSend, message(...elements))
}

/** What a guard refuses when these payloads follow a logon. */
function refusalOf(...payloads: readonly Buffer[]): string | undefined {
  const guarded = loggedOn()
  const before = guarded.forwarded.length
  for (const payload of payloads) guarded.guard.fromClient(niFrame(payload))
  assert.equal(guarded.forwarded.length, before, 'nothing may reach the back end')
  return guarded.refusals[0]
}

test('a first payload that is no greeting of a normal client is refused by name (RFC-079, RFC-080, RFC-090)', () => {
  const kinds = new Map([
    [0x01, 'administrative gateway request'],
    [0x05, 'administrative gateway request'],
    [0x09, 'administrative gateway request'],
    [0x0b, 'gateway registration request'],
    [0x0c, 'gateway registration request'],
    [0x10, 'gateway registration request'],
    [0x02, 'gateway request of an unsupported kind'],
    [0x04, 'gateway request of an unsupported kind'],
    [0x06, 'gateway request of an unsupported kind'],
    [0x12, 'gateway request of an unsupported kind'],
  ])
  for (const [kind, reason] of kinds) {
    const guarded = behind(altered(greeting, (copy) => copy.writeUInt8(kind, 1)))
    assert.deepEqual([guarded.refusals, guarded.forwarded.length], [[reason], 0])
  }
  for (const start of ['GET / HTTP/1.1\r\n\r\n', 'NI_ROUTE\0\x02', '\x16\x03\x01\x00\x05hello']) {
    const guarded = behind(Buffer.from(start, 'latin1'))
    assert.deepEqual([guarded.refusals, guarded.forwarded.length], [['not a gateway record'], 0])
  }
  const long = behind(altered(greeting, (copy) => copy.writeUInt8(3, 0)))
  assert.deepEqual(long.refusals, ['gateway record of an unsupported version'])
})

test('every kind of gateway request but one is refused, and nothing of it passes (RFC-080)', () => {
  for (let kind = 0; kind < 256; kind++) {
    const guarded = behind(altered(greeting, (copy) => copy.writeUInt8(kind, 1)))
    assert.equal(guarded.forwarded.length, kind === 3 ? 1 : 0, `kind ${kind}`)
  }
})

test('only conversations with an ABAP system are opened (RFC-081)', () => {
  for (let kind = 0; kind < 256; kind++) {
    const guarded = behind(
      greeting,
      altered(initialize, (copy) => copy.writeUInt8(kind, 72)),
    )
    assert.equal(guarded.forwarded.length, kind === 0x49 ? 2 : 1, `kind ${kind}`)
  }
  const started = behind(
    greeting,
    altered(initialize, (copy) => copy.writeUInt8(0x45, 72)),
  )
  assert.deepEqual(started.refusals, ['conversation with a started program'])
  const registered = behind(
    greeting,
    altered(initialize, (copy) => copy.writeUInt8(0x52, 72)),
  )
  assert.deepEqual(registered.refusals, ['conversation with a registered program'])
})

test('a conversation with another program is refused, in the short and in the long name (RFC-081)', () => {
  const reason = ['conversation with another program than an ABAP system']
  assert.deepEqual(
    behind(
      greeting,
      altered(initialize, (copy) => copy.write('sapxpg  ', 64)),
    ).refusals,
    reason,
  )
  const longName = appcHeadBytes + 309
  assert.deepEqual(
    behind(
      greeting,
      altered(initialize, (copy) => copy.write('sapxpg\0', longName)),
    ).refusals,
    reason,
  )
  assert.deepEqual(
    behind(
      greeting,
      altered(initialize, (copy) => copy.write('sapdp00;id', longName)),
    ).refusals,
    reason,
  )
})

test('a second conversation, or records before the first, are refused (RFC-081)', () => {
  assert.deepEqual(behind(greeting, initialize, initialize).refusals, ['second conversation on one connection'])
  assert.deepEqual(behind(greeting, logon).refusals, ['conversation record out of order'])
  assert.deepEqual(behind(greeting, partner).refusals, ['conversation record out of order'])
  assert.equal(refusalOf(partner), 'conversation record out of order')
})

test('only the functions of a call pass: all others could register, cancel or name another program (RFC-080)', () => {
  const passing = new Set<number>(Object.values(AppcFunction))
  for (let kind = 0; kind < 256; kind++) {
    if (passing.has(kind)) continue
    const reason = refusalOf(record(kind, Buffer.alloc(0)))
    assert.equal(reason, 'conversation function of an unsupported kind', `function ${kind}`)
  }
})

test('a conversation that SNC protects cannot be read and is refused', () => {
  const guarded = behind(
    greeting,
    altered(initialize, (copy) => copy.writeUInt8(4, 10)),
  )
  assert.deepEqual(guarded.refusals, ['SNC-protected conversation'])
})

test('a call without a function name, with two, or with a broken chain is refused (RFC-082)', () => {
  assert.equal(refusalOf(call({ tag: RfcTag.callContext })), 'message without a function name')
  assert.equal(refusalOf(call(named('RFC_PING'), named('Z_EVIL'))), 'two function names')
  assert.equal(refusalOf(call(named('RFC_PING'), named('RFC_PING'))), 'two function names')
  const broken = call(named('RFC_PING'), { tag: RfcTag.callContext })
  broken.writeUInt16BE(0x0103, appcHeadBytes + 4 + 6 + 16)
  assert.equal(refusalOf(broken), 'broken chain of tags')
  const whole = call(named('RFC_PING'))
  assert.equal(refusalOf(whole.subarray(0, whole.length - 1)), 'message without an end')
  assert.equal(refusalOf(whole.subarray(0, whole.length - 8)), 'message without an end')
  assert.equal(refusalOf(Buffer.concat([whole, Buffer.of(1)])), 'bytes behind the end')
  assert.equal(refusalOf(Buffer.concat([whole, Buffer.alloc(9)])), 'bytes behind the end')
  assert.equal(refusalOf(Buffer.concat([whole, message(named('Z_EVIL'))])), 'bytes behind the end')
  const other = Buffer.concat([Buffer.from([5, 0, 0, 0]), whole.subarray(appcHeadBytes + 4)])
  assert.equal(refusalOf(record(AppcFunction.sapSend, other)), 'message does not begin like a call')
})

test('a name that two systems could read differently is refused; blanks at its end do not belong to it (RFC-057)', () => {
  for (const name of [Buffer.alloc(0), Buffer.from('STFC\0'), Buffer.from('S\0T'), text('STFC CONNECTION'), text('Ü')])
    assert.equal(refusalOf(call({ tag: RfcTag.functionName, value: name })), 'unreadable function name')
  assert.equal(refusalOf(call(named('Z'.repeat(31)))), 'unreadable function name')
  assert.equal(refusalOf(call(named('Z'.repeat(65)))), 'field too long')
  const guarded = loggedOn()
  guarded.guard.fromClient(niFrame(call(named('STFC_CONNECTION   '.padEnd(30)))))
  assert.equal(guarded.calls.at(-1), 'STFC_CONNECTION')
  const bigEndian = loggedOn()
  bigEndian.guard.fromClient(niFrame(call({ tag: RfcTag.functionName, value: writeText('RFC_PING', '4102') })))
  assert.equal(bigEndian.calls.at(-1), 'RFC_PING')
})

test('a name inside a value is no function name (RFC-082)', () => {
  const inner = message(named('Z_EVIL'))
  const guarded = loggedOn()
  guarded.denied = new Set(['Z_EVIL'])
  guarded.guard.fromClient(
    niFrame(
      call(
        named('RFC_PING'),
        { tag: RfcTag.parameterName, value: text('X') },
        { tag: RfcTag.parameterValue, value: inner },
      ),
    ),
  )
  assert.deepEqual([guarded.calls.at(-1), guarded.refusals], ['RFC_PING', []])
})

test('a serialization that cannot be read is refused, not passed through (RFC-089)', () => {
  for (const tag of [0x1000, 0x3c01, 0x3c10, 0x5001, 0xfffe])
    assert.equal(refusalOf(call(named('RFC_PING'), { tag, value: Buffer.alloc(4) })), 'unreadable serialization')
  const guarded = loggedOn()
  guarded.guard.fromClient(
    niFrame(
      call(
        named('RFC_PING'),
        { tag: RfcTag.xmlParameter },
        { tag: RfcTag.xmlData, value: Buffer.from('<A/>') },
        { tag: RfcTag.xmlParameter },
      ),
    ),
  )
  assert.deepEqual(guarded.refusals, [])
})

test('the name in the last slice of a long message is checked before the end passes (RFC-083)', () => {
  const filler = { tag: RfcTag.parameterValue, value: Buffer.alloc(100_000, 0x61) }
  const bytes = message({ tag: RfcTag.parameterName, value: text('X') }, filler, named('Z_EVIL'))
  const guarded = loggedOn()
  guarded.denied = new Set(['Z_EVIL'])
  const before = guarded.forwarded.length
  for (let at = 0; at < bytes.length; at += 28_000)
    guarded.guard.fromClient(niFrame(record(AppcFunction.asyncSendData, bytes.subarray(at, at + 28_000))))
  guarded.guard.fromClient(niFrame(record(AppcFunction.receive, Buffer.alloc(0))))
  assert.equal(guarded.calls.at(-1), 'Z_EVIL')
  assert.equal(guarded.forwarded.length, before)
  assert.equal(guarded.answeredPayloads.length, 1)
  assert.deepEqual(guarded.refusals, [])
})

test('slices of an allowed message pass as they come, and its end only when the rest is sound (RFC-083)', () => {
  const filler = { tag: RfcTag.parameterValue, value: Buffer.alloc(100_000, 0x61) }
  const bytes = message(named('RFC_PING'), { tag: RfcTag.parameterName, value: text('X') }, filler, named('Z_EVIL'))
  const guarded = loggedOn()
  const before = guarded.forwarded.length
  const slices = Math.ceil(bytes.length / 28_000)
  for (let at = 0; at < bytes.length; at += 28_000)
    guarded.guard.fromClient(niFrame(record(AppcFunction.asyncSendData, bytes.subarray(at, at + 28_000))))
  guarded.guard.fromClient(niFrame(record(AppcFunction.receive, Buffer.alloc(0))))
  assert.equal(guarded.forwarded.length, before + slices - 1, 'neither the slice with the second name nor the end')
  assert.deepEqual(guarded.refusals, ['two function names'])
})

test('a message whose name does not come within the limit is refused (RFC-084)', () => {
  const guarded = loggedOn()
  const before = guarded.forwarded.length
  const head = message({ tag: RfcTag.parameterName, value: text('X') }).subarray(0, -8)
  const value = Buffer.concat([Buffer.from('020102037fff', 'hex')])
  guarded.guard.fromClient(niFrame(record(AppcFunction.asyncSendData, Buffer.concat([head, value]))))
  const endless = record(AppcFunction.asyncSendData, Buffer.alloc(28_000))
  const long = Buffer.from('02010203ffff7fffffff', 'hex')
  const other = loggedOn()
  other.guard.fromClient(niFrame(record(AppcFunction.asyncSendData, Buffer.concat([head, long]))))
  for (let i = 0; i < 40 && other.refusals.length === 0; i++) other.guard.fromClient(niFrame(endless))
  assert.deepEqual(other.refusals, ['function name too far behind'])
  assert.equal(guarded.forwarded.length, before)
})

test('a keep-alive passes both ways at any time and is no call (RFC-085)', () => {
  const guarded = behind(niPing, greeting, niPong, initialize)
  assert.deepEqual(guarded.refusals, [])
  const busy = loggedOn()
  const calls = busy.calls.length
  busy.guard.fromClient(niFrame(niPing))
  assert.deepEqual(busy.sentPayloads.at(-1), niPing)
  busy.guard.fromServer(niFrame(niPong))
  assert.deepEqual(busy.answeredPayloads.at(-1), niPong)
  assert.equal(busy.calls.length, calls)
})

test('client and user are judged before the logon reaches the back end, and the connection ends (RFC-086)', () => {
  const guarded = new Guarded()
  guarded.deniedUser = 'TECHUSER'
  for (const payload of [greeting, initialize, partner, allocate, logon]) guarded.guard.fromClient(niFrame(payload))
  assert.deepEqual(guarded.logons, ['000/TECHUSER'])
  assert.equal(guarded.sentPayloads.length, 4)
  assert.equal(guarded.isFinished, true)
  assert.ok(guarded.answeredPayloads[0]?.includes(text('no TECHUSER')))
  guarded.guard.fromClient(niFrame(call(named('RFC_PING'))))
  assert.equal(guarded.sentPayloads.length, 4)
})

test('a logon with two users or two clients is refused, and a later one is judged like the first (RFC-086)', () => {
  const twice = (tag: number): Buffer => {
    const chain = writeChain(RfcTag.start, [
      { tag, value: Buffer.from('AAA') },
      { tag, value: Buffer.from('BBB') },
      { tag: RfcTag.functionName, value: Buffer.from('RFCPING') },
      { tag: RfcTag.end },
    ])
    const first = Buffer.from('010100080301010101010000', 'hex')
    return record(AppcFunction.sapSend, Buffer.concat([logonSignature, first, chain, Buffer.of(0xff, 0xff)]))
  }
  assert.equal(refusalOf(twice(RfcTag.user)), 'broken chain of tags')
  assert.equal(refusalOf(twice(RfcTag.client)), 'broken chain of tags')
  const guarded = loggedOn()
  guarded.deniedUser = 'OTHER'
  const before = guarded.forwarded.length
  guarded.guard.fromClient(niFrame(call({ tag: RfcTag.user, value: Buffer.from('OTHER') }, named('RFC_PING'))))
  assert.equal(guarded.forwarded.length, before)
  assert.equal(guarded.answeredPayloads.length, 1)
})

test('a denied call before the last reply came ends the connection: two answers would mix (RFC-066)', () => {
  const guarded = loggedOn()
  guarded.denied = new Set(['Z_EVIL'])
  guarded.isServerQuick = false
  guarded.guard.fromClient(niFrame(call(named('RFC_PING'))))
  guarded.guard.fromClient(niFrame(call(named('Z_EVIL'))))
  assert.deepEqual([guarded.refusals, guarded.answered.length], [['call before the last reply'], 0])
})
