import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPlatformError, ManualClock } from '@landbridge/kernel'
import { LoginThrottle } from '../src/login-throttle.ts'

const wrong = async (): Promise<undefined> => undefined
const right = async (): Promise<string> => 'user'
const throttled = (thrown: unknown): boolean => isPlatformError(thrown, 'LOGIN_THROTTLED')

test('a busy client with the right password is not slowed down', async () => {
  const throttle = new LoginThrottle(new ManualClock())
  const results = await Promise.all(Array.from({ length: 64 }, () => throttle.attempt('ann', right)))
  assert.ok(results.every((user) => user === 'user'))
})

test('after five failures every further one doubles the wait, up to fifteen minutes', async () => {
  const clock = new ManualClock()
  const throttle = new LoginThrottle(clock)
  for (let n = 0; n < 5; n++) await throttle.attempt('ann', wrong)
  for (const waitMs of [1_000, 2_000, 4_000]) {
    clock.advance(waitMs - 1)
    await assert.rejects(throttle.attempt('ann', right), throttled)
    clock.advance(1)
    await throttle.attempt('ann', wrong)
  }
  assert.equal(await throttle.attempt('bob', right), 'user')
  for (let n = 0; n < 20; n++) {
    clock.advance(15 * 60_000)
    await throttle.attempt('ann', wrong)
  }
  clock.advance(15 * 60_000)
  assert.equal(await throttle.attempt('ann', right), 'user')
  assert.equal(await throttle.attempt('ann', wrong), undefined, 'a success forgets the failures')
})

test('guesses at once count like guesses one after the other', async () => {
  const clock = new ManualClock()
  const throttle = new LoginThrottle(clock)
  let checked = 0
  const guess = () =>
    throttle.attempt('ann', async () => {
      checked++
      await Promise.resolve()
      return undefined
    })
  await guess()
  const outcomes = await Promise.allSettled(Array.from({ length: 100 }, guess))
  assert.equal(checked, 5)
  assert.equal(outcomes.filter(({ status }) => status === 'rejected').length, 96)
})

test('a broken user directory counts as no failure', async () => {
  const throttle = new LoginThrottle(new ManualClock())
  for (let n = 0; n < 20; n++)
    await assert.rejects(
      throttle.attempt('ann', () => Promise.reject(new Error('down'))),
      /down/,
    )
  assert.equal(await throttle.attempt('ann', right), 'user')
})
