import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '@landbridge/kernel'
import fc from '@landbridge/testkit/properties'
import { defaultRetryPolicy, retryDelayMs } from '../src/index.ts'
import { withRetry } from '../src/resilience/retry.ts'

/** Advances the clock by each wait as soon as it is announced; returns the waits. */
async function run(failures: number, options: Partial<Parameters<typeof withRetry>[0]> = {}) {
  const clock = new ManualClock()
  const waits: number[] = []
  let calls = 0
  const outcome = withRetry(
    {
      policy: defaultRetryPolicy,
      clock,
      random: () => 0.5,
      mayRepeat: () => true,
      onRepeat: (_failure, _attempt, delayMs) => {
        waits.push(delayMs)
        queueMicrotask(() => clock.advance(delayMs))
      },
      ...options,
    },
    async () => {
      if (++calls <= failures) throw new Error(`failure ${calls}`)
      return calls
    },
  )
  const result = await outcome.catch((failure: Error) => failure.message)
  return { result, waits, calls }
}

test('repetitions wait at least 100 ms and longer each time, then the last failure is told (RFC-153)', async () => {
  assert.deepEqual(await run(2), { result: 3, waits: [150, 300], calls: 3 })
  assert.deepEqual(await run(9), { result: 'failure 4', waits: [150, 300, 600], calls: 4 })
})

test('every wait lies between its base and twice that, and never above the longest (RFC-153)', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
      const delay = retryDelayMs(defaultRetryPolicy, attempt, () => random)
      const base = Math.min(5_000, 100 * 2 ** attempt)
      assert.ok(delay >= base && delay <= Math.min(5_000, 2 * base), `${delay}`)
    }),
  )
})

test('a failure that will not pass is told at once (RFC-153)', async () => {
  assert.deepEqual(await run(1, { mayRepeat: () => false }), { result: 'failure 1', waits: [], calls: 1 })
})

test('no repetition starts after the overall limit (RFC-153)', async () => {
  const { waits, calls } = await run(9, { policy: { ...defaultRetryPolicy, retries: 50, totalMs: 1_000 } })
  assert.deepEqual([waits, calls], [[150, 300], 3])
})

test('what a service asks for is granted up to the longest wait', async () => {
  assert.deepEqual((await run(1, { askedMs: () => 2_000 })).waits, [2_000])
  assert.deepEqual((await run(1, { askedMs: () => 99_000 })).waits, [5_000])
})

test('a caller who gives up during a wait is released at once, with its own reason', async () => {
  const controller = new AbortController()
  const outcome = withRetry(
    {
      policy: defaultRetryPolicy,
      clock: new ManualClock(),
      signal: controller.signal,
      mayRepeat: () => true,
      onRepeat: () => queueMicrotask(() => controller.abort(new Error('enough'))),
    },
    () => Promise.reject(new Error('down')),
  )
  await assert.rejects(outcome, /enough/)
})
