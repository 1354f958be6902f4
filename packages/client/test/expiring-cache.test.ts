import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock, PlatformError } from '@landbridge/kernel'
import { ExpiringCache } from '../src/index.ts'

const outage = new PlatformError('CLIENT_SERVICE_TIMEOUT')

function newCache(limit = 3) {
  const clock = new ManualClock()
  const stale: unknown[] = []
  const cache = new ExpiringCache<string>({ clock, limit, onStale: (failure) => stale.push(failure) })
  let loads = 0
  const load = async () => ({ value: `v${++loads}`, freshMs: 1_000, usableMs: 5_000 })
  return { clock, stale, cache, load, loads: () => loads }
}

test('an entry serves while it is fresh, and is asked for again only when somebody wants it (RFC-147, RFC-148)', async () => {
  const { clock, cache, load, loads } = newCache()
  assert.equal(await cache.get('a', load), 'v1')
  clock.advance(999)
  assert.equal(await cache.get('a', load), 'v1')
  clock.advance(1_000_000)
  assert.equal(loads(), 1)
  assert.equal(await cache.get('a', load), 'v2')
})

test('many who ask at once cause one request (RFC-019)', async () => {
  const { cache, load, loads } = newCache()
  const values = await Promise.all(Array.from({ length: 10 }, () => cache.get('a', load)))
  assert.deepEqual([new Set(values).size, loads()], [1, 1])
})

test('an expired entry serves during an outage, up to its limit, and says so (RFC-149)', async () => {
  const { clock, stale, cache, load } = newCache()
  await cache.get('a', load)
  clock.advance(4_999)
  assert.equal(await cache.get('a', () => Promise.reject(outage)), 'v1')
  assert.deepEqual(stale, [outage])
  clock.advance(1)
  await assert.rejects(
    cache.get('a', () => Promise.reject(outage)),
    outage,
  )
})

test('a definite answer is obeyed: the entry is gone (RFC-149)', async () => {
  const { clock, cache, load } = newCache()
  const gone = new PlatformError('CLIENT_DESTINATION_NOT_FOUND')
  await cache.get('a', load)
  clock.advance(1_000)
  await assert.rejects(
    cache.get('a', () => Promise.reject(gone)),
    gone,
  )
  await assert.rejects(
    cache.get('a', () => Promise.reject(outage)),
    outage,
  )
})

test('the oldest entry goes when the cache is full (RFC-150)', async () => {
  const { cache, load, loads } = newCache(2)
  for (const key of ['a', 'b', 'c']) await cache.get(key, load)
  assert.equal(cache.size, 2)
  await cache.get('c', load)
  assert.equal(loads(), 3)
  await cache.get('a', load)
  assert.equal(loads(), 4)
})

test('one who gives up does not spoil the request for the others', async () => {
  const { cache } = newCache()
  const controller = new AbortController()
  const { promise, resolve } = Promise.withResolvers<{ value: string; freshMs: number; usableMs: number }>()
  const first = cache.get('a', () => promise, controller.signal)
  const second = cache.get('a', () => promise)
  controller.abort(new Error('enough'))
  await assert.rejects(first, /enough/)
  resolve({ value: 'late', freshMs: 1, usableMs: 1 })
  assert.equal(await second, 'late')
})

test('what is dropped while it is loaded is not kept', async () => {
  const { cache, load, loads } = newCache()
  const loading = cache.get('a', load)
  cache.drop('a')
  assert.equal(await loading, 'v1')
  assert.equal(await cache.get('a', load), 'v2')
  assert.equal(loads(), 2)
})
