import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from '@landbridge/testkit/properties'
import {
  isDueBetweenRuns,
  type PlannedCertificate,
  planBetweenRuns,
  planForOthers,
  planForTenant,
  defaultRenewalPolicy as policy,
  scheduledRunAfter,
  scheduledRunBefore,
  scheduledRunId,
} from '../src/index.ts'

const dayMs = 86_400_000
const run = Date.UTC(2027, 1, 1)
const endingIn = (days: number, renewer: PlannedCertificate['renewer'] = 'platform'): PlannedCertificate => ({
  renewer,
  notBeforeMs: run + days * dayMs - 365 * dayMs,
  notAfterMs: run + days * dayMs,
})
const plan = (days: number, renewer?: PlannedCertificate['renewer']) =>
  planForTenant(endingIn(days, renewer), run, policy)

test('what ends within 62 days of the run is renewed, to the millisecond (CERT-001)', () => {
  assert.equal(plan(62), 'renew')
  assert.equal(plan(62 + 1 / dayMs), 'announce')
  fc.assert(fc.property(fc.double({ min: -400, max: 62, noNaN: true }), (days) => plan(days) === 'renew'))
})

test('what ends 60 to 90 days after the run is announced, and renewal wins from 60 to 62 (CERT-001, CERT-002)', () => {
  assert.deepEqual(
    [59, 60, 61, 62, 63, 89, 90, 91].map((days) => plan(days)),
    [...Array(4).fill('renew'), ...Array(3).fill('announce'), 'nothing'],
  )
  fc.assert(fc.property(fc.double({ min: 62.001, max: 90, noNaN: true }), (days) => plan(days) === 'announce'))
  fc.assert(fc.property(fc.double({ min: 90.001, max: 4_000, noNaN: true }), (days) => plan(days) === 'nothing'))
})

test('what a run made less than a day ago, another run leaves alone, however short it lives (CERT-005)', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 62 }), fc.integer({ min: -40 * dayMs, max: dayMs - 1 }), (days, ageMs) => {
      const made = { renewer: 'platform' as const, notBeforeMs: run - ageMs, notAfterMs: run - ageMs + days * dayMs }
      assert.notEqual(planForTenant(made, run, policy), 'renew')
    }),
  )
})

test('a window that announces later than it renews leaves a gap in which nothing happens (CERT-002)', () => {
  const narrow = { ...policy, renewWithinDays: 30 }
  assert.equal(planForTenant(endingIn(45), run, narrow), 'nothing')
  assert.equal(planForTenant(endingIn(60), run, narrow), 'announce')
})

test('what a user uploaded is never renewed, only announced until it has ended (CERT-001, CERT-002)', () => {
  fc.assert(
    fc.property(fc.integer({ min: -400, max: 4_000 }), (days) => {
      const expected = days <= 0 ? 'report-expired' : days <= 90 ? 'announce' : 'nothing'
      assert.equal(plan(days, 'user'), expected)
      assert.notEqual(planBetweenRuns(endingIn(days, 'user'), run, policy), 'renew')
    }),
  )
})

test('of certificates that others renew, a run tells only when they were forgotten (CERT-017)', () => {
  const other = (days: number, renewer: PlannedCertificate['renewer']) =>
    planForOthers(endingIn(days, renewer), run, policy)
  assert.deepEqual(
    [-1, 13, 15, 89, 91].map((days) => other(days, 'connector')),
    ['report-expired', 'late', 'due-elsewhere', 'due-elsewhere', 'nothing'],
  )
  assert.deepEqual(
    [-1, 13, 89, 91].map((days) => other(days, 'user')),
    ['report-expired', 'announce', 'announce', 'nothing'],
  )
})

const moments = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2040, 0) })
const schedules = fc.record({ dayOfMonth: fc.integer({ min: 1, max: 28 }), hourUtc: fc.integer({ min: 0, max: 23 }) })

test('the last and the next run enclose every moment, a month apart, and each month has one name (CERT-001, CERT-005)', () => {
  fc.assert(
    fc.property(moments, schedules, (now, schedule) => {
      const [last, next] = [scheduledRunBefore(now, schedule), scheduledRunAfter(now, schedule)]
      assert.ok(last <= now && now < next)
      const days = Math.round((next - last) / dayMs)
      assert.ok(days >= 28 && days <= 31)
      for (const moment of [last, next]) {
        assert.equal(new Date(moment).getUTCDate(), schedule.dayOfMonth)
        assert.equal(new Date(moment).getUTCHours(), schedule.hourUtc)
      }
      assert.notEqual(scheduledRunId(last), scheduledRunId(next))
      assert.equal(scheduledRunBefore(next, schedule), next)
    }),
  )
  assert.equal(scheduledRunId(Date.UTC(2026, 11, 1)), 'monthly:2026-12')
})

test('no lifetime of a day or more ends between two looks: the month or a run in between comes first (CERT-001)', () => {
  const hourMs = 3_600_000
  fc.assert(
    fc.property(moments, fc.double({ min: 1, max: 800, noNaN: true }), schedules, (start, days, schedule) => {
      const made = { renewer: 'platform' as const, notBeforeMs: start, notAfterMs: start + days * dayMs }
      // The first look after which the certificate would be too short: by then something must have renewed it.
      for (let now = start; now < made.notAfterMs - hourMs; now += Math.max(hourMs, (days * dayMs) / 400)) {
        const last = scheduledRunBefore(now, schedule)
        if (last > start && planForTenant(made, last, policy) === 'renew') return
        if (isDueBetweenRuns(made, now, schedule)) return
      }
      assert.fail('nothing renewed it')
    }),
  )
})

test('a fresh certificate is not due at once, so a short lifetime is no endless renewal (CERT-005)', () => {
  fc.assert(
    fc.property(moments, fc.double({ min: 1, max: 800, noNaN: true }), schedules, (start, days, schedule) => {
      const made = { renewer: 'platform' as const, notBeforeMs: start, notAfterMs: start + days * dayMs }
      assert.equal(isDueBetweenRuns(made, start, schedule), false)
    }),
  )
})
