import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '@landbridge/kernel'
import fc from '@landbridge/testkit/properties'
import { type GrantedToken, TokenCache, tokenFailure } from '../src/index.ts'

function token(value: string, expiresAtMs: number | undefined): GrantedToken {
  return { value, type: 'Bearer', expiresAtMs, scope: undefined, refreshToken: undefined }
}

test('a token is renewed a tenth of its lifetime, at least 30 s, before it expires (DEST-139)', async () => {
  for (const [lifetimeMs, reusedMs] of [
    [1_000_000, 900_000],
    [100_000, 70_000],
  ] as const) {
    const clock = new ManualClock()
    const cache = new TokenCache(clock, 10)
    let fetched = 0
    const get = () => cache.get(['k'], async () => token(`t${++fetched}`, clock.now() + lifetimeMs))
    await get()
    clock.advance(reusedMs - 1)
    assert.equal((await get()).value, 't1')
    clock.advance(1)
    assert.equal((await get()).value, 't2')
  }
})

test('a renewal that takes long keeps nobody waiting while the old token is good, and serves those who come after it (DEST-139)', async () => {
  const clock = new ManualClock()
  const cache = new TokenCache(clock, 10)
  await cache.get(['k'], async () => token('old', clock.now() + 100_000))
  clock.advance(70_000)
  let grant = (_token: GrantedToken): void => {}
  let asked = 0
  const slow = () => {
    asked += 1
    return new Promise<GrantedToken>((resolve) => {
      grant = resolve
    })
  }
  const [first, second] = [cache.get(['k'], slow), cache.get(['k'], slow)]
  clock.advance(1_000)
  assert.deepEqual([(await first).value, (await second).value, asked], ['old', 'old', 1])
  grant(token('new', clock.now() + 100_000))
  // The cache takes the answer in a later turn.
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal((await cache.get(['k'], slow)).value, 'new')
  clock.advance(99_500)
  const last = cache.get(['k'], slow)
  clock.advance(1_000)
  grant(token('last', clock.now() + 100_000))
  assert.equal((await last).value, 'last')
})

test('a token without lifetime is not kept, nor is a defect', async () => {
  const clock = new ManualClock()
  const cache = new TokenCache(clock, 10)
  await cache.get(['k'], async () => token('a', undefined))
  assert.equal((await cache.get(['k'], async () => token('b', undefined))).value, 'b')
  await assert.rejects(cache.get(['x'], async () => Promise.reject(new Error('defect'))))
  assert.equal((await cache.get(['x'], async () => token('c', undefined))).value, 'c')
  assert.equal(cache.size, 0)
})

test('a failure is repeated for a second to those who ask for the same token, and to nobody else', async () => {
  const clock = new ManualClock()
  const cache = new TokenCache(clock, 10)
  const failing = () => cache.get(['x'], async () => Promise.reject(tokenFailure('down')))
  await assert.rejects(failing())
  await assert.rejects(cache.get(['x'], async () => token('early', undefined)))
  assert.equal((await cache.get(['y'], async () => token('other', undefined))).value, 'other')
  clock.advance(1_000)
  assert.equal((await cache.get(['x'], async () => token('c', undefined))).value, 'c')
  // Nothing is held on to, however many fail.
  for (let i = 0; i < 100; i++)
    await assert.rejects(cache.get([`f${i}`], async () => Promise.reject(tokenFailure('x'))))
  assert.equal((await cache.get(['f0'], async () => token('d', undefined))).value, 'd')
})

test('the number of tokens is bounded and the one unused for longest goes first', async () => {
  const clock = new ManualClock()
  const cache = new TokenCache(clock, 2)
  const get = (key: string, value: string) => cache.get([key], async () => token(value, clock.now() + 3_600_000))
  await get('a', 'a1')
  await get('b', 'b1')
  await get('a', 'a2')
  await get('c', 'c1')
  assert.equal(cache.size, 2)
  assert.equal((await get('a', 'a3')).value, 'a1')
  assert.equal((await get('b', 'b2')).value, 'b2')
})

test('different key parts never share a token, however they are cut (DEST-148)', async () => {
  const parts = fc.array(fc.string(), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(parts, parts, async (one, other) => {
      const cache = new TokenCache(new ManualClock(0), 10)
      await cache.get(one, async () => token('one', 3_600_000))
      const second = await cache.get(other, async () => token('other', 3_600_000))
      assert.equal(second.value, JSON.stringify(one) === JSON.stringify(other) ? 'one' : 'other')
    }),
  )
})
