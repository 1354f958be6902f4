import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ManualClock, silentLog } from '@landbridge/kernel'
import { type GrantedToken, type SharedToken, type SharedTokenStore, SharedTokens, TokenCache } from '../src/index.ts'

const hourMs = 3_600_000

/** The rules of the port, in memory. */
class SharedMemory implements SharedTokenStore {
  readonly #clock: ManualClock
  readonly kept: Map<string, SharedToken>
  readonly claims: Map<string, number>
  refusals: number
  broken: boolean

  constructor(clock: ManualClock) {
    this.#clock = clock
    this.kept = new Map()
    this.claims = new Map()
    this.refusals = 0
    this.broken = false
  }

  async find(key: string): Promise<SharedToken | undefined> {
    if (this.broken) throw new Error('the database is gone')
    return this.kept.get(key)
  }

  async claim(key: string, untilMs: number): Promise<boolean> {
    if (this.broken) throw new Error('the database is gone')
    if ((this.claims.get(key) ?? 0) > this.#clock.now()) {
      this.refusals += 1
      return false
    }
    this.claims.set(key, untilMs)
    return true
  }

  async keep(key: string, shared: SharedToken): Promise<void> {
    if (this.broken) throw new Error('the database is gone')
    this.kept.set(key, shared)
    this.claims.delete(key)
  }

  async release(key: string): Promise<void> {
    this.claims.delete(key)
  }
}

function replicas() {
  const clock = new ManualClock()
  const store = new SharedMemory(clock)
  const shared = () => new SharedTokens({ store, clock, log: silentLog })
  const caches = [new TokenCache(clock, 10, shared()), new TokenCache(clock, 10, shared())] as const
  const token = (value: string, lifetimeMs: number | undefined = hourMs): GrantedToken => ({
    value,
    type: 'Bearer',
    expiresAtMs: lifetimeMs === undefined ? undefined : clock.now() + lifetimeMs,
    scope: undefined,
    refreshToken: undefined,
  })
  /** Lets time pass until a promise has settled. */
  const settled = async <T>(work: Promise<T>): Promise<T> => {
    let isDone = false
    const watched = work.finally(() => {
      isDone = true
    })
    watched.catch(() => {})
    for (let round = 0; !isDone && round < 1_000; round += 1) {
      await turn()
      clock.advance(10)
    }
    return watched
  }
  return { clock, store, caches, token, settled }
}

const never = (): Promise<GrantedToken> => assert.fail('the token service was asked')

test('whoever needs a token while another replica gets it waits for that one', async () => {
  const { store, caches, token, settled } = replicas()
  let grant = (_token: GrantedToken): void => {}
  const first = caches[0].get(['k'], () => new Promise((resolve) => (grant = resolve)))
  await turn()
  const second = caches[1].get(['k'], never)
  while (store.refusals === 0) await turn()
  grant(token('one'))
  assert.equal((await first).value, 'one')
  assert.equal((await settled(second)).value, 'one')
})

test('a replica that dies with its claim delays the others by three seconds, not for good', async () => {
  const { clock, caches, token, settled } = replicas()
  void caches[0].get(['k'], () => new Promise(() => {}))
  await turn()
  const startedMs = clock.now()
  assert.equal((await settled(caches[1].get(['k'], async () => token('own')))).value, 'own')
  assert.ok(clock.now() - startedMs <= 3_500)
})

test('the first replica at the time of renewal renews for all', async () => {
  const { clock, caches, token } = replicas()
  for (const cache of caches) assert.equal((await cache.get(['k'], async () => token('one'))).value, 'one')
  clock.advance(hourMs * 0.9)
  assert.equal((await caches[1].get(['k'], async () => token('two'))).value, 'two')
  assert.equal((await caches[0].get(['k'], never)).value, 'two')
})

test('a failure is not shared, and the next replica asks at once', async () => {
  const { store, caches, token } = replicas()
  await assert.rejects(caches[0].get(['k'], () => Promise.reject(new Error('refused'))))
  assert.equal((await caches[1].get(['k'], async () => token('one'))).value, 'one')
  assert.equal(store.refusals, 0)
})

test('a token without an end stays with the replica that got it', async () => {
  const { store, caches, token } = replicas()
  await caches[0].get(['k'], async () => ({ ...token('x'), expiresAtMs: undefined }))
  assert.deepEqual([store.kept.size, store.claims.size], [0, 0])
})

test('without the shared store everybody gets tokens all the same', async () => {
  const { store, caches, token } = replicas()
  store.broken = true
  for (const [index, cache] of caches.entries())
    assert.equal((await cache.get(['k'], async () => token(`own-${index}`))).value, `own-${index}`)
})
