import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { openClient, readBindings } from '@landbridge/client'
import { createLog, ManualClock } from '@landbridge/kernel'
import { freePort, runLandbridge, runUntilReady, temporaryFolder } from '@landbridge/testkit'

const names = [
  'token',
  'destination',
  'connectivity',
  'proxy',
  'socks',
  'rfc',
  'tunnel',
  'connector',
  'backend-http',
  'backend-tcp',
]

test('while the services are killed a client stops calling them, serves what it knows, and comes back by itself (RFC-149, RFC-153, RFC-158)', async () => {
  using folder = temporaryFolder()
  const data = `${folder.path}/data`
  // The same ports again after the restart.
  const ports: string[] = []
  for (const name of names) ports.push(`--port-${name}`, String(await freePort()))
  const start = () => runUntilReady(['up', '--json', '--data', data, ...ports])
  let platform = await start()
  try {
    await runLandbridge(['env', '--data', data], { cwd: folder.path })
    const clock = new ManualClock(Date.now())
    const phases: string[] = []
    const log = createLog((_level, event, { phase }) => {
      if (event === 'client.circuit.changed') phases.push(String(phase))
    })
    await using client = openClient({
      bindings: readBindings({ environment: {}, directory: folder.path }),
      ca: readFileSync(`${data}/ca.pem`, 'utf8'),
      clock,
      log,
      retry: { retries: 0 },
    })
    const known = await client.findDestination('demo-backend')
    await platform.kill()
    for (let call = 0; call < 5; call++)
      await assert.rejects(client.findDestination('unknown'), { code: 'CLIENT_SERVICE_UNREACHABLE' })
    await assert.rejects(client.findDestination('unknown'), {
      code: 'CLIENT_CIRCUIT_OPEN',
      message: /destination service.*retryAfterMs=30000.*repeat after the named time/,
    })
    clock.advance(300_000)
    assert.equal((await client.findDestination('demo-backend')).url, known.url, 'stale, after a probe that failed')
    assert.deepEqual(phases, ['open', 'half-open', 'open'])
    platform = await start()
    await assert.rejects(client.findDestination('unknown'), { code: 'CLIENT_CIRCUIT_OPEN' })
    clock.advance(30_000)
    await assert.rejects(client.findDestination('unknown'), { code: 'CLIENT_DESTINATION_NOT_FOUND' })
    assert.deepEqual(phases, ['open', 'half-open', 'open', 'half-open', 'closed'])
    const response = await client.fetch('demo-backend', '/hello', { isIdempotent: true })
    assert.equal(response.status, 200, await response.text())
  } finally {
    await platform.kill()
  }
})
