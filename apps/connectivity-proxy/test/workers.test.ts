// What a proxy of several processes is made of, without the processes.
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { loadConfig } from '@landbridge/config'
import { isPlatformError } from '@landbridge/kernel'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import {
  connectivityProxyConfigSchema,
  MergedMetrics,
  reservePorts,
  workerConfig,
  workerProblems,
} from '../src/index.ts'

const configOf = (overrides: Readonly<Record<string, unknown>>) =>
  loadConfig(connectivityProxyConfigSchema, { environment: {}, overrides })

/** A worker that has counted something. */
function worker(): { readonly registry: Registry; readonly calls: Counter<'proxy'>; readonly open: Gauge } {
  const registry = new Registry()
  const registers = [registry]
  const calls = new Counter({ name: 'calls_total', help: 'Calls.', labelNames: ['proxy'], registers })
  const open = new Gauge({ name: 'open', help: 'Open.', registers })
  const seconds = new Histogram({ name: 'seconds', help: 'Seconds.', buckets: [1, 5], registers })
  seconds.observe(2)
  return { registry, calls, open }
}

async function linesOf(metrics: MergedMetrics): Promise<readonly string[]> {
  return (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

test('counters and histograms of workers are added up, gauges keep their values with the worker they are of', async () => {
  const [one, two, metrics] = [worker(), worker(), new MergedMetrics()]
  one.calls.inc({ proxy: 'http' }, 3)
  two.calls.inc({ proxy: 'http' }, 4)
  two.calls.inc({ proxy: 'socks5' })
  one.open.set(7)
  two.open.set(0)
  metrics.update(1, await one.registry.getMetricsAsJSON())
  metrics.update(2, await two.registry.getMetricsAsJSON())
  assert.deepEqual(await linesOf(metrics), [
    'calls_total{proxy="http"} 7',
    'calls_total{proxy="socks5"} 1',
    'open{worker="1"} 7',
    'open{worker="2"} 0',
    'seconds_bucket{le="1"} 0',
    'seconds_bucket{le="5"} 2',
    'seconds_bucket{le="+Inf"} 2',
    'seconds_sum 4',
    'seconds_count 2',
  ])
  assert.match(await metrics.text(), /^# TYPE calls_total counter$/m)
})

test('sums never fall when workers end, and the gauges of one that is gone or silent are gone with it', async () => {
  const metrics = new MergedMetrics()
  for (const round of [1, 2, 3]) {
    const process = worker()
    process.calls.inc({ proxy: 'http' }, 10)
    process.open.set(1)
    metrics.update(1, await process.registry.getMetricsAsJSON())
    const lines = await linesOf(metrics)
    assert.ok(lines.includes(`calls_total{proxy="http"} ${round * 10}`), lines.join('\n'))
    assert.ok(lines.includes('open{worker="1"} 1'))
    if (round === 3) metrics.update(1, undefined)
    else metrics.ended(1)
    const [without, again] = await Promise.all([linesOf(metrics), linesOf(metrics)])
    assert.deepEqual(without, again)
    assert.ok(without.includes(`calls_total{proxy="http"} ${round * 10}`), without.join('\n'))
    assert.ok(without.includes(`seconds_count ${round}`))
    assert.equal(
      without.some((line) => line.startsWith('open')),
      false,
    )
    metrics.restarted(1)
    assert.ok((await linesOf(metrics)).includes(`landbridge_proxy_worker_restarts_total{worker="1"} ${round}`))
  }
})

test('each worker has a name and a tunnel port of its own, always the same, and shares the other ports', () => {
  const config = configOf({ 'servers.businessDataTunnel.port': 9042, 'servers.businessDataTunnel.externalPort': 443 })
  const ports = { http: 30_003, socks5: 30_004 }
  const third = workerConfig(config, { worker: 3, proxyId: 'east', ports, tunnelPort: 5 })
  assert.deepEqual(
    [third.servers.businessDataTunnel.port, third.servers.businessDataTunnel.externalPort, third.landbridge.proxyId],
    [9044, 445, 'east-3'],
  )
  const { http, socks5, rfcAndLdap } = third.servers.proxy
  assert.deepEqual([http.port, socks5.port, rfcAndLdap.port], [30_003, 30_004, 20_001])
  const free = configOf({ 'servers.businessDataTunnel.port': 0, 'servers.businessDataTunnel.externalPort': 0 })
  const { businessDataTunnel } = workerConfig(free, {
    worker: 2,
    proxyId: 'east',
    ports: {},
    tunnelPort: 41_000,
  }).servers
  assert.deepEqual([businessDataTunnel.port, businessDataTunnel.externalPort], [41_000, 0])
})

test('ports that the tunnel servers of the workers would take from others are told before anything starts', () => {
  const usual = configOf({})
  assert.deepEqual(workerProblems(usual, 2), [])
  // Health is at 8044, two after the first tunnel server.
  assert.match(
    workerProblems(usual, 3).join('\n'),
    /^landbridge\.health\.port: expected a port outside 8042 to 8044.*found 8044$/,
  )
  const beyond = configOf({ 'servers.businessDataTunnel.externalPort': 65_535 })
  assert.match(
    workerProblems(beyond, 2).join('\n'),
    /^servers\.businessDataTunnel\.externalPort: expected at most 65534.*found 65535$/,
  )
  const amid = configOf({ 'servers.businessDataTunnel.port': 20_003, 'landbridge.health.port': 8044 })
  assert.match(workerProblems(amid, 2).join('\n'), /^servers\.proxy\.socks5\.port: .*found 20004$/)
})

test('a port that another process shares already is told as in use, and 0 becomes one port for all', async (t) => {
  if (process.platform !== 'linux') return t.skip('ports are shared on Linux and FreeBSD only')
  const other = createServer()
  t.after(() => other.close())
  await new Promise<void>((resolve) => other.listen({ host: '127.0.0.1', port: 0, reusePort: true }, resolve))
  const { port } = other.address() as { port: number }
  await assert.rejects(reservePorts(configOf({ 'servers.proxy.socks5.port': port })), (failure) => {
    assert.ok(isPlatformError(failure, 'PORT_IN_USE'))
    assert.deepEqual(failure.facts, { host: '127.0.0.1', port, setting: 'servers.proxy.socks5.port' })
    return true
  })
  const same = { 'servers.proxy.http.enabled': true, 'servers.proxy.http.port': 0, 'servers.proxy.socks5.port': 0 }
  const { http = 0, socks5 = 0 } = await reservePorts(configOf(same))
  assert.ok(http > 0 && socks5 > 0 && http !== socks5)
  const once = { ...same, 'servers.proxy.http.port': http, 'servers.proxy.socks5.port': http }
  await assert.rejects(reservePorts(configOf(once)), (failure) => isPlatformError(failure, 'PORT_IN_USE'))
  const chosen = await reservePorts(configOf({ 'servers.proxy.socks5.port': 0 }))
  assert.deepEqual(Object.keys(chosen), ['socks5'])
  assert.ok(chosen.socks5! > 0)
})
