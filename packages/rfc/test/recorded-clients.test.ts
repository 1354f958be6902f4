import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc, { runs } from '@landbridge/testkit/properties'
import { appcHeadBytes, RfcTag, readAppcRecord, writeText } from '../src/index.ts'
import { Guarded } from './guarded.ts'
import { recordedPayloads, recordedStream, recordings } from './recorded.ts'

const functionsOf: Readonly<Record<string, readonly string[]>> = {
  // It looks metadata up on a connection of its own.
  'open-rfc-0.2.3': ['RFCPING', 'STFC_CONNECTION', 'STFC_CONNECTION', 'Z_COUNT', 'Z_RAISE', 'Z_FILL'],
  'erpl-pyrfc-2026.9.3': [
    'RFCPING',
    'RFC_GET_FUNCTION_INTERFACE',
    'STFC_CONNECTION',
    'RFC_GET_FUNCTION_INTERFACE',
    'Z_COUNT',
    'RFC_GET_FUNCTION_INTERFACE',
    'Z_RAISE',
  ],
}

for (const name of recordings) {
  test(`what ${name} sends is read to the last byte: logon, then every function by its name (RFC-195, RFC-069, RFC-056)`, () => {
    const guarded = new Guarded()
    guarded.guard.fromClient(recordedStream(name))
    assert.deepEqual(guarded.refusals, [])
    assert.deepEqual(guarded.logons, ['000/TECHUSER'])
    assert.deepEqual(guarded.calls, functionsOf[name])
    assert.equal(guarded.sentPayloads.length, recordedPayloads(name).length)
  })

  test(`what ${name} sends passes unchanged, except that the conversation leads to the partner of the mapping (RFC-195)`, () => {
    const guarded = new Guarded()
    guarded.guard.fromClient(recordedStream(name))
    const [greeting, initialize, partner, ...others] = guarded.sentPayloads as [Buffer, Buffer, Buffer]
    const recorded = recordedPayloads(name)
    assert.deepEqual(greeting, recorded[0])
    assert.deepEqual(others, recorded.slice(3))
    assert.equal(initialize.toString('latin1', 56, 72), 'internalsapdp07 ')
    assert.match(initialize.toString('latin1', appcHeadBytes), /internal\.example\0/)
    assert.match(initialize.toString('latin1', appcHeadBytes), /sapdp07\0/)
    assert.match(partner.toString('latin1'), /internal\.example\0/)
    assert.equal(partner.readUInt32BE(56), 'internal.example'.length)
  })

  test(`any cut of what ${name} sends gives the same verdict and the same bytes (RFC-195)`, () => {
    const stream = recordedStream(name)
    const whole = new Guarded()
    whole.denied = new Set(['STFC_CONNECTION'])
    whole.guard.fromClient(stream)
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 60 }), (cuts) => {
        const pieces = new Guarded()
        pieces.denied = whole.denied
        let at = 0
        for (const cut of [...cuts.toSorted((a, b) => a - b), stream.length]) {
          pieces.guard.fromClient(Buffer.from(stream.subarray(at, cut)))
          at = cut
        }
        assert.deepEqual(pieces.sent, whole.sent)
        assert.deepEqual(Buffer.concat(pieces.answered), Buffer.concat(whole.answered))
        assert.deepEqual([pieces.calls, pieces.refusals], [whole.calls, whole.refusals])
      }),
      runs(100),
    )
    const bytewise = new Guarded()
    bytewise.denied = whole.denied
    for (const byte of stream) bytewise.guard.fromClient(Buffer.of(byte))
    assert.deepEqual(bytewise.sent, whole.sent)
  })

  test(`a denied function of ${name} is answered with an error text and stays away from the back end (RFC-195, RFC-055)`, () => {
    const guarded = new Guarded()
    guarded.denied = new Set(['STFC_CONNECTION'])
    guarded.guard.fromClient(recordedStream(name))
    const wanted = functionsOf[name]?.filter((called) => called === 'STFC_CONNECTION').length
    assert.equal(guarded.answeredPayloads.length, wanted)
    assert.equal(guarded.sentPayloads.length, recordedPayloads(name).length - (wanted ?? 0))
    const [answer] = guarded.answeredPayloads as [Buffer]
    assert.equal(readAppcRecord(answer)?.isLast, true)
    assert.ok(answer.includes(writeText('no STFC_CONNECTION', '4103')))
    assert.equal(answer.readUInt16BE(appcHeadBytes), RfcTag.reply)
  })
}
