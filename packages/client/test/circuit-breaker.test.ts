import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '@landbridge/kernel'
import fc from '@landbridge/testkit/properties'
import { advanceCircuit, CircuitBreaker, type CircuitEvent, type CircuitPhase, nextCircuitPhase } from '../src/index.ts'

const policy = { failures: 3, openMs: 30_000 }

function newBreaker() {
  const clock = new ManualClock()
  const phases: CircuitPhase[] = []
  const breaker = new CircuitBreaker(policy, clock, (phase) => phases.push(phase))
  const fail = (times: number): void => {
    for (let i = 0; i < times; i++) breaker.tryEnter()?.failed()
  }
  return { clock, phases, breaker, fail }
}

test('repeated failures open the circuit, one probe after the wait closes it again (RFC-158)', () => {
  const { clock, phases, breaker, fail } = newBreaker()
  fail(3)
  assert.equal(breaker.phase, 'open')
  assert.equal(breaker.retryAfterMs, 30_000)
  clock.advance(29_999)
  assert.equal(breaker.tryEnter(), undefined)
  assert.equal(breaker.retryAfterMs, 1)
  clock.advance(1)
  const probe = breaker.tryEnter()
  assert.ok(probe)
  assert.equal(breaker.tryEnter(), undefined, 'a second probe')
  probe.succeeded()
  assert.deepEqual(phases, ['open', 'half-open', 'closed'])
  fail(2)
  assert.equal(breaker.phase, 'closed', 'old failures do not count')
})

test('a probe that fails opens the circuit for another wait (RFC-158)', () => {
  const { clock, breaker, fail } = newBreaker()
  fail(3)
  clock.advance(30_000)
  breaker.tryEnter()!.failed()
  assert.equal(breaker.phase, 'open')
  assert.equal(breaker.retryAfterMs, 30_000)
  assert.equal(breaker.tryEnter(), undefined)
})

test('failures count only when nothing succeeds between them', () => {
  const { breaker, fail } = newBreaker()
  fail(2)
  breaker.tryEnter()!.succeeded()
  fail(2)
  assert.equal(breaker.phase, 'closed')
})

test('a probe whose caller gives up leaves room for the next one', () => {
  const { clock, breaker, fail } = newBreaker()
  fail(3)
  clock.advance(30_000)
  breaker.tryEnter()!.abandoned()
  assert.equal(breaker.phase, 'half-open')
  breaker.tryEnter()!.succeeded()
  assert.equal(breaker.phase, 'closed')
})

test('what calls of an earlier phase report late changes nothing', () => {
  const { clock, breaker, fail } = newBreaker()
  const [slowSuccess, slowFailure] = [breaker.tryEnter()!, breaker.tryEnter()!]
  fail(3)
  slowSuccess.succeeded()
  assert.equal(breaker.phase, 'open')
  clock.advance(30_000)
  const probe = breaker.tryEnter()!
  slowFailure.failed()
  assert.equal(breaker.phase, 'half-open')
  probe.succeeded()
  probe.failed()
  assert.equal(breaker.phase, 'closed')
})

test('the table of phases has no other steps: the rest are mistakes of the caller', () => {
  const phases: readonly CircuitPhase[] = ['closed', 'open', 'half-open']
  const events: readonly CircuitEvent[] = ['limitReached', 'waited', 'probeSucceeded', 'probeFailed']
  for (const phase of phases)
    for (const event of events) {
      const next = nextCircuitPhase[phase][event]
      if (next === undefined) assert.throws(() => advanceCircuit(phase, event), TypeError)
      else assert.equal(advanceCircuit(phase, event), next)
    }
})

test('whatever calls do, an open circuit lets nobody through and a half-open one a single call at a time', () => {
  type Ending = 'succeeded' | 'failed' | 'abandoned'
  const ending = fc.constantFrom<Ending>('succeeded', 'failed', 'abandoned')
  const step = fc.oneof(
    fc.constant('enter' as const),
    fc.record({ ending, index: fc.nat(9) }),
    fc.record({ advanceMs: fc.integer({ min: 0, max: 40_000 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { clock, phases, breaker } = newBreaker()
      // Each running call with the number of phases that there were when it was let in.
      const running: { readonly end: (ending: Ending) => void; readonly era: number }[] = []
      for (const next of steps) {
        if (next === 'enter') {
          const permit = breaker.tryEnter()
          const isProbing = breaker.phase === 'half-open' && running.some(({ era }) => era === phases.length)
          assert.equal(
            permit !== undefined,
            breaker.phase === 'closed' || (breaker.phase === 'half-open' && !isProbing),
          )
          if (permit !== undefined) running.push({ end: (ending) => permit[ending](), era: phases.length })
        } else if ('advanceMs' in next) clock.advance(next.advanceMs)
        else running.splice(next.index % Math.max(1, running.length), 1)[0]?.end(next.ending)
        assert.ok(breaker.retryAfterMs >= 0 && breaker.retryAfterMs <= policy.openMs)
      }
    }),
  )
})
