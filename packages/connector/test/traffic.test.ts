import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compileAccess, type HttpAllowed } from '@landbridge/access'
import { ManualClock } from '@landbridge/kernel'
import { mapping, resource } from '@landbridge/testkit'
import fc, { runs } from '@landbridge/testkit/properties'
import { SubaccountTraffic } from '../src/index.ts'
import { bucketBoundsMs, bucketOf } from '../src/traffic/duration-buckets.ts'

const table = compileAccess([
  mapping('erp.virtual', 80, {
    virtualPort: '8000',
    resources: [resource('/a'), resource('/a/b'), resource('/c', { exactMatchOnly: true })],
  }),
])

function allowed(path: string): HttpAllowed {
  const decision = table.decideHttp('erp.virtual', 8000, path, false)
  assert.ok(typeof decision === 'object', path)
  return decision
}

/** Traffic under a clock of its own: requests take exactly the time that the test says. */
class Watched {
  readonly clock = new ManualClock()
  readonly traffic = new SubaccountTraffic(this.clock, () => this.clock.now())

  /** A request that takes `totalMs`, of which its system answered for all. */
  request(path: string, totalMs: number, bytes: readonly [received: number, sent: number] = [0, 0], user = ''): void {
    const { system, resources } = allowed(path)
    const measurement = this.traffic.begin()
    measurement.reached(this.traffic.meterOf(system, resources), path, user)
    measurement.receivedBytes += bytes[0]
    measurement.sentBytes += bytes[1]
    this.clock.advance(totalMs)
    measurement.end()
  }
}

describe('durations', () => {
  test('a duration falls into the bucket whose bound it exceeds and whose next bound it does not', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 70_000 }), (ticks) => {
        const bucket = bucketOf(ticks)
        const [low = 0, next = Number.POSITIVE_INFINITY] = bucketBoundsMs.slice(bucket)
        assert.ok((ticks === 0 || ticks > low * 10) && ticks <= next * 10, `${ticks} in ${low}`)
      }),
    )
    assert.deepEqual([100, 101, 200, 201, 50_000, 50_001].map(bucketOf), [0, 1, 1, 2, 21, 22])
  })

  test('a call of 15 ms counts in the bucket from 10 ms, and in no other one (OPS-026)', () => {
    const watched = new Watched()
    watched.request('/a', 15)
    const [performance] = watched.traffic.performance()
    assert.deepEqual(
      [performance?.virtualHost, performance?.virtualPort, performance?.protocol],
      ['erp.virtual', '8000', 'HTTP'],
    )
    assert.equal(performance?.buckets.length, 23)
    assert.deepEqual(
      performance?.buckets.filter(({ calls }) => calls > 0),
      [{ minimumMs: 10, calls: 1 }],
    )
  })

  test('the parts of a request are told apart and add up to its total (OPS-028, PLAT-216)', () => {
    const { traffic, clock } = new Watched()
    const { system, resources } = allowed('/a')
    const measurement = traffic.begin()
    clock.advance(3)
    measurement.tokenValidated()
    clock.advance(4)
    measurement.identityMade()
    measurement.reached(traffic.meterOf(system, resources), '/a?secret=1', 'CN=ann')
    clock.advance(18)
    measurement.opened()
    clock.advance(5)
    measurement.requestCompleted()
    clock.advance(7)
    measurement.paused()
    clock.advance(2)
    measurement.resumed()
    clock.advance(1)
    measurement.end()
    const [request] = traffic.recentRequests()
    assert.deepEqual(request, {
      ...{ id: 1, startMs: clock.now() - 40, protocol: 'HTTP', user: 'CN=ann', resource: '/a' },
      ...{ virtualBackend: 'erp.virtual:8000', internalBackend: '127.0.0.1:80', receivedBytes: 0, sentBytes: 0 },
      ...{ totalMs: 40, validateSsoMs: 3, generateSsoMs: 4, openRemoteMs: 18, latencyMs: 7, externalMs: 8 },
    })
  })
})

describe('lists of requests', () => {
  test('the 50 most recent requests are kept, newest first, without their queries (OPS-178)', () => {
    const watched = new Watched()
    for (let at = 0; at < 60; at++) watched.request(`/a/${at}?token=x`, 1)
    const recent = watched.traffic.recentRequests()
    assert.equal(recent.length, 50)
    assert.deepEqual([recent[0]?.resource, recent[49]?.resource], ['/a/59', '/a/10'])
  })

  test('the longest requests are kept in their order, whenever they came (OPS-027)', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 6_000 }), { maxLength: 130 }), (times) => {
        const watched = new Watched()
        for (const ms of times) watched.request('/a', ms)
        assert.deepEqual(
          watched.traffic.topTimeConsumers().map(({ totalMs }) => totalMs),
          times.toSorted((a, b) => b - a).slice(0, 50),
        )
      }),
      runs(30),
    )
  })

  test('clearing everything clears all three collections, clearing the longest requests only those (OPS-177)', () => {
    const watched = new Watched()
    const { traffic, clock } = watched
    const sizes = (): readonly number[] => [
      traffic.performance().length,
      traffic.recentRequests().length,
      traffic.topTimeConsumers().length,
    ]
    watched.request('/a', 5)
    traffic.clearTopTimeConsumers()
    assert.deepEqual(sizes(), [1, 1, 0])
    watched.request('/a', 5)
    assert.deepEqual(sizes(), [1, 2, 1])
    clock.advance(1_000)
    traffic.clearPerformance()
    assert.deepEqual(sizes(), [0, 0, 0])
    assert.deepEqual([traffic.performanceSinceMs, traffic.topSinceMs], [clock.now(), clock.now()])
  })
})

describe('usage', () => {
  const usage = ({ traffic }: Watched, resource: string) =>
    traffic.systems.get('erp.virtual:8000')?.usage.get(resource)?.read()

  test('bytes and calls count for the most special resource, with the time of the last access', () => {
    const watched = new Watched()
    watched.request('/a/x', 1, [10, 100])
    watched.request('/a/b/x?q=/c', 1, [1, 2])
    watched.request('/c?x', 1, [3, 4])
    watched.clock.advance(1_000)
    const started = watched.clock.now()
    watched.request('/a', 5, [10, 100])
    assert.deepEqual(usage(watched, '/a'), {
      ...{ calls: 2, bytesReceived: 20, bytesSent: 200, mostRecentAccessMs: started },
    })
    assert.equal(usage(watched, '/a/b')?.bytesSent, 2)
    assert.equal(usage(watched, '/c')?.calls, 1)
    watched.traffic.clearUsage()
    assert.deepEqual(usage(watched, '/a'), { calls: 0, bytesReceived: 0, bytesSent: 0, mostRecentAccessMs: 0 })
  })

  test('the throughput of the last 24 hours is kept by the hour (OPS-180)', () => {
    const watched = new Watched()
    const hour = 3_600_000
    watched.request('/a', 0, [5, 50])
    watched.traffic.sample()
    watched.clock.advance(hour)
    watched.request('/c', 0, [6, 60])
    const hours = watched.traffic.systems.get('erp.virtual:8000')?.hours(watched.clock.now()) ?? []
    assert.equal(hours.length, 24)
    assert.deepEqual(
      hours.slice(-2).map(({ bytesReceived, bytesSent }) => [bytesReceived, bytesSent]),
      [
        [5, 50],
        [6, 60],
      ],
    )
    watched.clock.advance(23 * hour)
    const later = watched.traffic.systems.get('erp.virtual:8000')?.hours(watched.clock.now()) ?? []
    assert.deepEqual([later[0]?.bytesReceived, later.at(-1)?.bytesReceived], [6, 0])
  })

  test('what no mapping leads to any more is forgotten, and counts afresh when it returns', () => {
    const watched = new Watched()
    watched.request('/a', 1, [1, 1])
    watched.traffic.retain(() => new Set(['/c']))
    assert.equal(usage(watched, '/a'), undefined)
    watched.traffic.retain(() => undefined)
    assert.equal(watched.traffic.systems.size, 0)
    watched.request('/a', 1, [1, 1])
    assert.equal(usage(watched, '/a')?.calls, 1)
  })

  test('ticks wrap around without harm to durations', () => {
    let ms = 214_748_364
    const traffic = new SubaccountTraffic(new ManualClock(), () => ms)
    const { system, resources } = allowed('/a')
    const measurement = traffic.begin()
    measurement.reached(traffic.meterOf(system, resources), '/a', '')
    ms += 15
    measurement.end()
    assert.equal(traffic.recentRequests()[0]?.totalMs, 15)
  })
})
