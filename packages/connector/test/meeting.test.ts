import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc, { runs } from '@landbridge/testkit/properties'
import { meet, type Standing } from '../src/index.ts'

const standings = (fingerprint: string) =>
  fc.record({
    role: fc.constantFrom('master' as const, 'shadow' as const),
    term: fc.record({ number: fc.integer({ min: 1, max: 3 }), isHandedOver: fc.boolean() }),
    fingerprint: fc.constant(fingerprint),
  })

/** The role after a meeting. */
const after = (own: Standing, other: Standing): string =>
  ({ stay: own.role, 'step-down': 'shadow', 'take-over': 'master' })[meet(own, other)]

test('two instances that meet never both stay master, and both stay shadow only where none gave its role away (OPS-146, OPS-151, PLAT-173)', () => {
  fc.assert(
    fc.property(standings('aa'), standings('bb'), (one, two) => {
      const roles = [after(one, two), after(two, one)]
      const isHandedOver = one.term.isHandedOver || two.term.isHandedOver
      if (one.role === 'shadow' && two.role === 'shadow' && !isHandedOver) assert.deepEqual(roles, ['shadow', 'shadow'])
      else assert.deepEqual(roles.toSorted(), ['master', 'shadow'])
    }),
    runs(500),
  )
})

test('of two masters the later one stays; of two that gave their role away the one that was asked last takes over', () => {
  const standing = (role: 'master' | 'shadow', number: number, isHandedOver = false, fingerprint = 'aa'): Standing => ({
    role,
    term: { number, isHandedOver },
    fingerprint,
  })
  assert.equal(meet(standing('master', 1), standing('master', 2)), 'step-down')
  assert.equal(meet(standing('master', 2), standing('master', 1)), 'stay')
  assert.equal(meet(standing('shadow', 1), standing('shadow', 1, true)), 'take-over')
  assert.equal(meet(standing('shadow', 1, true), standing('shadow', 2, true)), 'take-over')
  assert.equal(meet(standing('shadow', 2, true), standing('shadow', 1, true)), 'stay')
  assert.equal(meet(standing('master', 1), standing('master', 1, false, 'bb')), 'step-down')
})
