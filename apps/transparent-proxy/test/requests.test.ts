import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import fc from '@landbridge/testkit/properties'
import { readHostName } from '../src/entries/host-name.ts'
import { endToEnd } from '../src/http/raw-headers.ts'
import { startScene } from './scene.ts'
import { leadsTo } from './stand-in.ts'

const { platform, target, proxy } = await startScene({
  target: (response, { url }) => {
    if (url.includes('/teapot'))
      response
        .writeHead(418, 'Short and stout', [
          'Set-Cookie',
          'a=1',
          'X-Own',
          'x',
          'Set-Cookie',
          'b=2',
          'Keep-Alive',
          'timeout=9',
        ])
        .end('tea')
    else response.end('fine')
  },
  destinations: [
    { name: 'erp', namespace: 'shop', destinationRef: { name: 'ERP_PROD' } },
    { name: 'crm', destinationRef: { name: 'crm' } },
  ],
})

beforeEach(() => {
  platform.destinations.set('ERP_PROD', leadsTo(`${target.url}/api`))
  platform.destinations.set('crm', leadsTo(target.url))
})

test('a request reaches the URL of the destination with its method, path, query, headers and body, and the answer comes back unchanged (TP-003, TP-034, TP-038, TP-040, TP-085, TP-140, TP-143)', async () => {
  const headers = [
    'X-Own',
    '1',
    'x-own',
    '2',
    'Accept-Language',
    'de',
    'X-Bound',
    'hop',
    'Connection',
    'X-Bound, close',
  ]
  const { status, body } = await proxy.call('erp.shop', '/orders/a%2Fb?q=1&q=2', {
    method: 'PATCH',
    headers,
    body: 'ten',
  })
  assert.deepEqual([status, body], [200, 'fine'])
  const [asked] = target.asked
  assert.deepEqual([asked?.method, asked?.url, asked?.body], ['PATCH', '/api/orders/a%2Fb?q=1&q=2', 'ten'])
  assert.deepEqual(asked?.rawHeaders.slice(0, 8), [
    ...['Host', `127.0.0.1:${target.port}`],
    ...['X-Own', '1', 'x-own', '2', 'Accept-Language', 'de'],
  ])
  assert.equal(asked?.headers['x-bound'], undefined)

  const answer = await proxy.call('erp.shop', '/teapot')
  assert.deepEqual([answer.status, answer.body, answer.headers['x-error-origin']], [418, 'tea', undefined])
  assert.deepEqual(answer.rawHeaders.slice(0, 6), ['Set-Cookie', 'a=1', 'X-Own', 'x', 'Set-Cookie', 'b=2'])
  assert.equal(platform.finds[0]?.headers.authorization, 'Bearer t1')
  const [token] = platform.tokens
  assert.deepEqual([token?.method, token?.url], ['POST', '/oauth/token'])
  assert.match(String(token?.body), /client_id=c&client_secret=s&grant_type=client_credentials/)
})

test('an entry answers to its name with namespace, cluster suffix and port, in its own namespace to the bare name, and to nothing else (TP-023, TP-036, TP-132)', async () => {
  for (const host of [
    'erp.shop',
    'ERP.Shop:8080',
    'erp.shop.svc.cluster.local',
    'erp.shop.localhost:80',
    'crm',
    'crm.default',
  ])
    assert.equal((await proxy.call(host, '/')).status, 200, host)
  for (const host of [
    'evil.example.com',
    'erp.other',
    'erp_prod.shop',
    '127.0.0.1',
    'localhost',
    'erp.shop.evil',
    '',
    'x'.repeat(300),
  ]) {
    const { status, headers, body } = await proxy.call(host, '/')
    assert.equal(status, 404, host)
    assert.match(body, /Operator: add the name/)
    assert.equal(headers['x-proxy-server'], 'Transparent Proxy')
  }
  assert.deepEqual(target.asked.map(({ url }) => url).slice(0, 2), ['/api', '/api'])
})

test('a client that takes the transparent proxy for its HTTP proxy is served by the host of its URL', async () => {
  const { status } = await proxy.call('whatever.example', 'http://erp.shop/list?a=1')
  assert.deepEqual([status, target.asked[0]?.url], [200, '/api/list?a=1'])
  assert.equal((await proxy.call('erp.shop', 'http://evil.example/')).status, 404)
  assert.equal((await proxy.call('erp.shop', 'https://erp.shop/')).status, 400)
})

test('headers and parameters of the destination come behind those of the request and replace none (TP-041, TP-042, TP-043, TP-044)', async () => {
  const fixed = {
    'URL.headers.foo': 'bar',
    'URL.headers.Host': 'evil',
    'URL.queries.foo': 'b&r',
    'URL.queries.new': '1',
  }
  platform.destinations.set('fixed', leadsTo(`${target.url}/x?own=0`, fixed))
  await proxy.call('gateway.shop', '/p?foo=bar2', { headers: ['X-Destination-Name', 'fixed', 'Foo', 'bar2'] })
  const [asked] = target.asked
  assert.equal(asked?.url, '/x/p?own=0&foo=bar2&foo=b%26r&new=1')
  const own = asked?.rawHeaders.filter((_, index, all) => all[index - (index % 2)]?.toLowerCase() === 'foo')
  assert.deepEqual(own, ['Foo', 'bar2', 'foo', 'bar'])
  assert.equal(asked?.headers.host, `127.0.0.1:${target.port}`)
})

test('a path that leads out of the URL of the destination is refused, however it is written', async () => {
  for (const path of ['/../admin', '/a/../../admin', '/%2e%2e/admin', '/..%2f..', '/a/..\\..\\..\\x']) {
    const { status, headers } = await proxy.call('erp.shop', path)
    if (status === 200) assert.match(target.asked.at(-1)?.url ?? '', /^\/api\//, path)
    else assert.match(String(headers['x-error-message']), /leads out of the URL/, path)
  }
  assert.equal((await proxy.call('erp.shop', '/../admin')).status, 400)
  assert.equal((await proxy.call('crm', '//evil.example/x')).status, 200)
  assert.equal(target.asked.at(-1)?.url, '//evil.example/x')
})

test('what is meant for the platform does not reach the target, in any case of letters', async () => {
  const names = ['x-tenant-id', 'X-Chain-Var-subjectToken', 'x-CLIENT-assertion', 'SAP-Connectivity-Authentication']
  const more = ['x-user-token', 'Proxy-Authorization', 'SAP-Connectivity-SCC-Location_ID', 'x-redirect-uri']
  const headers = [...names, ...more].flatMap((name) => [name, 'secret-value'])
  await proxy.call('gateway.shop', '/', { headers: ['x-DESTINATION-name', 'crm', ...headers] })
  const [asked] = target.asked
  assert.ok(!JSON.stringify(asked).includes('secret-value'))
  assert.equal(asked?.headers['x-destination-name'], undefined)
})

test('a page of another site cannot use the credentials, a page of the same host can', async () => {
  const port = proxy.running.port
  const call = (...headers: string[]) => proxy.call(`erp.shop.localhost:${port}`, '/', { headers })
  assert.equal((await call('Origin', 'http://evil.example')).status, 403)
  assert.equal((await call('Origin', 'null')).status, 403)
  assert.equal((await call('Sec-Fetch-Site', 'cross-site')).status, 403)
  assert.equal(target.asked.length, 0)
  assert.equal((await call('Origin', `http://erp.shop.localhost:${port}`, 'Sec-Fetch-Site', 'same-origin')).status, 200)
})

test('whatever a host name or a header list holds, names are plain labels and nothing of a connection is passed on', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const host = readHostName(text)
      for (const label of [host?.name, host?.namespace])
        if (label !== undefined) assert.match(label, /^(?!-)[a-z0-9-]{1,63}(?<!-)$/)
    }),
  )
  const name = fc.constantFrom('Connection', 'TE', 'X-A', 'x-b', 'Keep-Alive', 'Transfer-Encoding', 'Upgrade')
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.constantFrom('X-A', 'x-b, close', '1'))), (pairs) => {
      const isNamed = (header: string): boolean =>
        pairs.some(([other, value]) => other === 'Connection' && value.toLowerCase().split(/, */).includes(header))
      const expected = pairs.filter(([header]) => /^x-/i.test(header) && !isNamed(header.toLowerCase()))
      assert.deepEqual(endToEnd(pairs.flat()), expected.flat())
    }),
  )
})
