import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '@landbridge/kernel'
import { Sessions } from '../src/login/sessions.ts'

test('a session ends when nobody uses it for the configured time, and each use begins the time anew (API1-011)', () => {
  const clock = new ManualClock()
  const sessions = new Sessions(clock, 60_000)
  const session = sessions.start('ann', 1, ['Display'])
  const cookie = (): string => sessions.cookie(session).split(';')[0] ?? ''
  let latest = cookie()
  for (let use = 0; use < 3; use++) {
    clock.advance(59_000)
    assert.deepEqual(sessions.find(latest), session)
    latest = cookie()
  }
  clock.advance(60_001)
  assert.equal(sessions.find(latest), 'expired')
})
