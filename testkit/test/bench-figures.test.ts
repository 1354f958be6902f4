import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from '@landbridge/testkit/properties'
import { allowedProcessors, listFor } from '../../bench/host/placement.ts'
import { Histogram } from '../../bench/load/histogram.ts'
import { ResponseCounter } from '../../bench/load/response-counter.ts'
import { parseWrk, wrkScript } from '../../bench/load/wrk.ts'
import { paired } from '../../bench/measure/paired.ts'
import { alternating, mapRecord, median } from '../../bench/measure/subject.ts'
import { judge } from '../../bench/report/bars.ts'
import { ratiosOf } from '../../bench/report/ratios.ts'

test('percentiles lie within one percent of the sorted values', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 60_000_000 }), { minLength: 1 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (values, share) => {
        const histogram = new Histogram()
        for (const value of values) histogram.record(value)
        const exact = values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(values.length * share)) - 1]!
        assert.ok(Math.abs(histogram.percentile(share) - exact) <= exact * 0.01)
      },
    ),
  )
})

test('responses are counted the same however the bytes arrive', () => {
  const response = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nX: y\r\n\r\n${body}`
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme-ascii' })), fc.array(fc.nat(60)), (bodies, cuts) => {
      let bytes = Buffer.from(bodies.map(response).join(''))
      const counter = new ResponseCounter()
      let counted = 0
      for (const cut of cuts) {
        counted += counter.push(bytes.subarray(0, cut))
        bytes = bytes.subarray(cut)
      }
      assert.equal(counted + counter.push(bytes), bodies.length)
    }),
  )
})

test('a response that is not a 2xx spoils the run', () => {
  const refused = 'HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n'
  assert.equal(new ResponseCounter().push(Buffer.from(refused)), -1)
})

test('the result of wrk is found among what it prints', () => {
  const result = { requests: 10, seconds: 1, p50Us: 22, p99Us: 90, errors: 0 }
  assert.deepEqual(parseWrk(`Running 1s test\n  1 threads\nBENCH-RESULT ${JSON.stringify(result)}\n`), result)
  assert.throws(() => parseWrk('unable to connect'), /unable to connect/)
})

test('wrk asks a forward proxy with an absolute request target and the headers of the entry', () => {
  const entry = { host: '127.0.0.1', port: 1, targetPrefix: 'http://virtual:80', headers: { 'X-Token': 'abc' } }
  const script = wrkScript(entry, '/small')
  assert.match(script, /wrk\.path = "http:\/\/virtual:80\/small"/)
  assert.match(script, /wrk\.headers\["Host"\] = "virtual:80"/)
  assert.match(script, /wrk\.headers\["X-Token"\] = "abc"/)
})

test('a median is the middle value, and the order of subjects turns with every pass', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
  assert.deepEqual(alternating([1, 2, 3], 1), [3, 2, 1])
})

test('a bar passes, fails, or says that nothing was measured', () => {
  const bar = { id: 'x', text: 'x', figure: 'a.b', atLeast: 2 }
  assert.equal(judge(bar, { a: { b: 2 } }).verdict, 'pass')
  assert.equal(judge(bar, { a: { b: 1.9 } }).verdict, 'fail')
  assert.equal(judge(bar, { a: {} }).verdict, 'not measured')
})

test('ratios divide our figures by those of the peer and leave out what one side lacks', () => {
  const figures = (requestsPerSecond: number, cpu: number) => ({
    description: '',
    requests: {
      '64': {
        connections: 64,
        rounds: 1,
        requestsPerSecond,
        p50Us: 1,
        p99Us: 1,
        cpuSecondsPerMillion: { cloud: cpu, connector: cpu },
        peakMemoryMb: {},
        passes: { 2: { requestsPerSecond, p50Us: 1 } },
      },
    },
  })
  assert.deepEqual(ratiosOf({ landbridge: figures(300, 1), haproxy: figures(200, 2) }, 'landbridge'), {
    haproxy: { requests64: 1.5, cpuPerRequest64: 2 },
  })
})

test('comparisons are made pass by pass, and a pass that only one side had counts for nothing', () => {
  const figures = (speeds: Record<string, number>) => ({
    connections: 64,
    rounds: 3,
    requestsPerSecond: 0,
    p50Us: 0,
    p99Us: 0,
    cpuSecondsPerMillion: {},
    peakMemoryMb: {},
    passes: mapRecord(speeds, (requestsPerSecond) => ({ requestsPerSecond, p50Us: 1 })),
  })
  // The machine was half as fast in the second pass; medians of each side would say 1.
  const [own, peer] = [figures({ 0: 110, 1: 55, 2: 110 }), figures({ 0: 100, 1: 50, 3: 500 })]
  const ratio = (a: { requestsPerSecond: number }, b: { requestsPerSecond: number }) =>
    a.requestsPerSecond / b.requestsPerSecond
  assert.equal(Math.round(paired(own, peer, ratio)! * 100), 110)
  assert.equal(paired(own, figures({ 7: 1 }), ratio), undefined)
})

test('processes that talk to each other never share a processor, however many there are', () => {
  for (const processors of [
    [0, 1],
    [2, 5, 6],
    [0, 1, 2, 3],
    [0, 1, 2, 3, 4, 5, 6, 7],
  ]) {
    const [load, cloud, connector, backend] = (['load', 'cloud', 'connector', 'backend'] as const).map((role) =>
      listFor(role, 'apart', processors),
    )
    assert.notEqual(load, cloud)
    assert.notEqual(cloud, connector)
    assert.notEqual(connector, backend)
    assert.equal(listFor('cloud', 'free', processors), processors.join(','))
    assert.equal(listFor('backend', 'together', processors), listFor('load', 'together', processors))
  }
  assert.deepEqual(allowedProcessors('Name:\tnode\nCpus_allowed_list:\t0-2,5\nMems_allowed:\t1\n'), [0, 1, 2, 5])
  assert.deepEqual(allowedProcessors('nothing of the kind'), [])
})
