import assert from 'node:assert/strict'
import { test } from 'node:test'
import { advance, nextPhase, type Phase, type PhaseEvent, Socks5Handshake } from '../src/index.ts'

const legal: readonly [Phase, PhaseEvent, Phase][] = [
  ['greeting', 'methodToken', 'authentication'],
  ['greeting', 'methodNone', 'request'],
  ['authentication', 'credentials', 'deciding'],
  ['deciding', 'accepted', 'request'],
  ['request', 'target', 'connecting'],
  ['connecting', 'connected', 'established'],
  ['greeting', 'refused', 'failed'],
  ['authentication', 'refused', 'failed'],
  ['deciding', 'refused', 'failed'],
  ['request', 'refused', 'failed'],
  ['connecting', 'refused', 'failed'],
]
const events: readonly PhaseEvent[] = [...new Set(legal.map(([, event]) => event))]

test('every pair of phase and event is either in the table or refused', () => {
  for (const phase of Object.keys(nextPhase) as Phase[]) {
    for (const event of events) {
      const row = legal.find(([from, by]) => from === phase && by === event)
      if (row === undefined) assert.throws(() => advance(phase, event), TypeError)
      else assert.equal(advance(phase, event), row[2])
    }
  }
})

test('a caller that decides at the wrong time is told so', () => {
  const handshake = new Socks5Handshake({ methods: [0x00] })
  assert.throws(() => handshake.accept(), TypeError)
  assert.throws(() => handshake.reject(), TypeError)
  assert.throws(() => handshake.succeed(), TypeError)
  assert.throws(() => handshake.fail(1), TypeError)
  handshake.push(Buffer.from('050100050100030168' + '0050', 'hex'))
  handshake.succeed()
  assert.throws(() => handshake.push(Buffer.of(1)), TypeError)
  assert.throws(() => handshake.succeed(), TypeError)
})
