import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { Destination } from '@landbridge/client'
import { ManualClock } from '@landbridge/kernel'
import { addressOf } from '../src/fetch/request-target.ts'
import { found, type StandIn, startStandIn } from './stand-in.ts'

/** A system that answers with these statuses, then with 200. */
async function startSystem(...statuses: readonly number[]) {
  const left = [...statuses]
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    const status = left.shift() ?? 200
    // 0: it never answers.
    if (status !== 0) response.writeHead(status, { location: '/elsewhere' }).end(String(status))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    seen,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function leadTo(platform: StandIn, URL: string): void {
  platform.answer(found('NoAuthentication', [], { URL }))
}

test('a call is repeated only when its caller says that it may be (RFC-154)', async () => {
  await using platform = await startStandIn()
  await using system = await startSystem(503, 502, 503)
  await using client = platform.client()
  leadTo(platform, system.url)
  assert.equal((await client.fetch('crm', '/a')).status, 503)
  assert.equal(system.seen.length, 1)
  assert.equal((await client.fetch('crm', '/a', { isIdempotent: true })).status, 200)
  assert.equal(system.seen.length, 4)
})

test('when repetitions do not help, the answer comes as it is', async () => {
  await using platform = await startStandIn()
  await using system = await startSystem(503, 503, 503, 503, 503)
  await using client = platform.client()
  leadTo(platform, system.url)
  const response = await client.fetch('crm', '/', { isIdempotent: true })
  assert.deepEqual([response.status, await response.text(), system.seen.length], [503, '503', 4])
})

test('a call waits as long as its caller says, and without limit otherwise (RFC-156)', async () => {
  await using platform = await startStandIn()
  await using system = await startSystem(0, 0)
  const clock = new ManualClock()
  await using client = platform.client({ clock })
  leadTo(platform, system.url)
  const destination = await client.findDestination('crm')
  const limited = assert.rejects(client.fetch(destination, '/', { timeoutMs: 1_000 }), {
    code: 'CLIENT_SERVICE_TIMEOUT',
    message: /target of crm.*timeoutMs=1000/,
  })
  await new Promise((resolve) => setImmediate(resolve))
  clock.advance(1_000)
  await limited
  const controller = new AbortController()
  const endless = client.fetch(destination, '/', { signal: controller.signal })
  await new Promise((resolve) => setImmediate(resolve))
  clock.advance(86_400_000)
  controller.abort(new Error('enough'))
  await assert.rejects(endless, /enough/)
})

test('redirects are left to the caller; a target that is away is named', async () => {
  await using platform = await startStandIn()
  const system = await startSystem(302)
  await using client = platform.client({ retry: { retries: 0 } })
  leadTo(platform, system.url)
  const response = await client.fetch('crm', '/')
  assert.deepEqual([response.status, response.headers.get('location')], [302, '/elsewhere'])
  await response.text()
  await system[Symbol.asyncDispose]()
  await assert.rejects(client.fetch('crm', '/'), { code: 'CLIENT_SERVICE_UNREACHABLE', message: /target of crm/ })
})

test('an on-premise destination with https is refused with advice', async () => {
  await using platform = await startStandIn()
  await using client = platform.client()
  platform.answer(found('NoAuthentication', [], { URL: 'https://erp.virtual', ProxyType: 'OnPremise' }))
  await assert.rejects(client.fetch('crm', '/'), { code: 'CLIENT_PROXY_NEEDS_HTTP', message: /http:\/\/ URL/ })
  platform.answer(found('NoAuthentication', [], { URL: 'erp' }))
  await assert.rejects(client.fetch('other', '/'), { code: 'CLIENT_DESTINATION_INVALID', message: /property=URL/ })
})

test('a path stays below the URL of the destination, whatever it says', async () => {
  await using platform = await startStandIn()
  await using client = platform.client()
  platform.answer(found('NoAuthentication', [], { URL: 'https://crm.example/api/', 'URL.queries.client': '100' }))
  const destination: Destination = await client.findDestination('crm')
  const to = (path: string): string => addressOf(destination, path).href
  assert.equal(to(''), 'https://crm.example/api/?client=100')
  assert.equal(to('/orders/1'), 'https://crm.example/api/orders/1?client=100')
  assert.equal(to('orders?client=200&x=%20'), 'https://crm.example/api/orders?client=200&x=+')
  assert.equal(to('//evil.example/x'), 'https://crm.example/api/evil.example/x?client=100')
  assert.equal(to('https://evil.example/'), 'https://crm.example/api/https://evil.example/?client=100')
  for (const path of ['../admin', 'a/../../admin', '%2e%2e/admin']) assert.throws(() => to(path), TypeError, path)
})
