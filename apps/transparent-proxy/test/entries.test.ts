import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { loadConfig } from '@landbridge/config'
import { ManualClock } from '@landbridge/kernel'
import { transparentProxyConfigSchema } from '@landbridge/transparent-proxy'
import { configProblems } from '../src/config-rules.ts'
import { leadsTo, prepared, startPlatform, startProxy, startRecorder } from './stand-in.ts'

test('entries are replaced while it runs; a name that is gone is not found any more', async () => {
  await using platform = await startPlatform()
  await using target = await startRecorder()
  platform.destinations.set('A', leadsTo(target.url))
  await using proxy = await startProxy(platform, { destinations: [{ name: 'a', destinationRef: { name: 'A' } }] })
  assert.equal((await proxy.call('a.default', '/')).status, 200)
  const entry = { name: 'b', namespace: 'other', kind: 'http', destinationRef: { name: 'A' } } as const
  await proxy.running.replaceEntries([entry])
  assert.equal((await proxy.call('a.default', '/')).status, 404)
  // In the namespace of the proxy a name is found wherever its entry is, unless two have it.
  for (const host of ['b.other', 'b.default', 'b']) assert.equal((await proxy.call(host, '/')).status, 200, host)
  await proxy.running.replaceEntries([entry, { ...entry, namespace: 'third' }])
  assert.deepEqual([(await proxy.call('b', '/')).status, (await proxy.call('b.third', '/')).status], [404, 200])
})

test('a changed destination counts after two minutes, without a restart (TP-010)', async () => {
  await using platform = await startPlatform()
  await using target = await startRecorder()
  const clock = new ManualClock(Date.now())
  platform.destinations.set('A', leadsTo(`${target.url}/old`))
  await using proxy = await startProxy(platform, {
    clock,
    destinations: [{ name: 'a', destinationRef: { name: 'A' } }],
  })
  await proxy.call('a', '/')
  platform.destinations.set('A', leadsTo(`${target.url}/new`))
  await proxy.call('a', '/')
  clock.advance(121_000)
  await proxy.call('a', '/')
  assert.deepEqual(
    target.asked.map(({ url }) => url),
    ['/old', '/old', '/new'],
  )
})

test('a token is used as long as it lives and not longer (TP-145)', async () => {
  await using platform = await startPlatform()
  await using target = await startRecorder()
  const clock = new ManualClock(Date.now())
  const stored = leadsTo(target.url, { Authentication: 'OAuth2ClientCredentials' })
  await using proxy = await startProxy(platform, {
    clock,
    destinations: [{ name: 'a', destinationRef: { name: 'A' } }],
  })
  for (const [value, passedMs] of [
    ['one', 0],
    ['two', 4_000],
    ['three', 6_001],
  ] as const) {
    platform.destinations.set('A', { ...stored, authTokens: [{ ...prepared(value), expires_in: '10' }] })
    clock.advance(passedMs)
    await proxy.call('a', '/')
  }
  assert.deepEqual(
    target.asked.map(({ headers }) => headers.authorization),
    ['Bearer one', 'Bearer one', 'Bearer three'],
  )
})

test('in the mode shared each request names its tenant, and destination and connectivity proxy are asked for that one', async () => {
  await using platform = await startPlatform()
  await using cp = await startRecorder()
  platform.destinations.set('A', leadsTo('http://erp.virtual', { ProxyType: 'OnPremise' }))
  await using proxy = await startProxy(platform, {
    settings: { tenantMode: 'shared' },
    destinations: [{ name: 'a', destinationRef: { name: 'A' } }],
    connectivity: { onpremise_proxy_host: '127.0.0.1', onpremise_proxy_http_port: String(cp.port) },
  })
  const call = (...headers: string[]) => proxy.call('a', '/', { headers })
  assert.match(
    String((await call()).headers['x-error-message']),
    /either 'x-tenant-id' or 'x-tenant-subdomain' header is mandatory/,
  )
  assert.match(String((await call('X-Tenant-Id', 't', 'X-Tenant-Subdomain', 's')).headers['x-error-message']), /^Both/)
  assert.equal((await call('X-Tenant-Subdomain', 'a.evil')).status, 400)
  assert.equal((await call('X-Tenant-Id', 't-42')).status, 200)
  assert.deepEqual(
    platform.tokens.map(({ headers }) => headers['x-zid']),
    ['t-42', 't-42'],
  )
  platform.refuseTokens(true)
  const refused = await call('X-Tenant-Id', 't-43')
  assert.equal(refused.status, 500)
  assert.match(String(refused.headers['x-error-message']), /^Tenant id 't-43' does not exist/)
})

test('a connectivity proxy in trusted mode is asked at its address, without a token (TP-039, TP-093, TP-094)', async () => {
  await using platform = await startPlatform()
  await using cp = await startRecorder()
  platform.destinations.set('A', leadsTo('http://erp.virtual:80', { ProxyType: 'OnPremise' }))
  await using proxy = await startProxy(platform, {
    settings: {
      'integration.connectivityProxy.serviceName': '127.0.0.1',
      'integration.connectivityProxy.http.port': cp.port,
    },
    destinations: [{ name: 'a', destinationRef: { name: 'A' } }],
  })
  assert.equal((await proxy.call('a', '/x?y=1')).status, 200)
  const [asked] = cp.asked
  assert.deepEqual([asked?.url, asked?.headers.host], ['http://erp.virtual/x?y=1', 'erp.virtual'])
  assert.equal(asked?.headers['proxy-authorization'], undefined)
  assert.equal(asked?.headers['sap-connectivity-scc-location_id'], undefined)
  const { integration } = loadConfig(transparentProxyConfigSchema, { environment: {}, overrides: {} })
  assert.deepEqual([integration.connectivityProxy.http.port, integration.connectivityProxy.tcp.port], [20_003, 20_004])
})

test('a refusal of the connectivity proxy reaches the caller, but never one that asks for its credentials (TP-095)', async () => {
  await using platform = await startPlatform()
  await using cp = await startRecorder((response, { url }) => {
    response.writeHead(Number(url.slice(-3)), { 'x-of-proxy': '1' }).end('because')
  })
  platform.destinations.set('A', leadsTo('http://erp.virtual', { ProxyType: 'OnPremise' }))
  await using proxy = await startProxy(platform, {
    destinations: [{ name: 'a', destinationRef: { name: 'A' } }],
    connectivity: { onpremise_proxy_host: '127.0.0.1', onpremise_proxy_http_port: String(cp.port) },
  })
  for (const status of [405, 503]) {
    const passed = await proxy.call('a', `/${status}`)
    assert.deepEqual([passed.status, passed.body, passed.headers['x-of-proxy']], [status, 'because', '1'])
  }
  const { status, headers } = await proxy.call('a', '/407')
  assert.deepEqual([status, headers['x-internal-error-code'], headers['x-of-proxy']], [502, '407', undefined])
  assert.equal(cp.asked.length, 4)
  assert.ok(proxy.lines.some(({ facts }) => facts.code === 'TRANSPARENT_PROXY_TOKEN_REFUSED'))
})

/** A SOCKS5 proxy that notes what it is told, answers CONNECT with a status, and echoes. */
async function startSocks(status: number) {
  const told: string[] = []
  const server = createServer(async (socket: Socket) => {
    socket.on('error', () => {})
    const next = async (): Promise<Buffer> => ((await once(socket, 'data')) as [Buffer])[0]
    told.push((await next()).toString('hex'))
    socket.write(Buffer.from('0580', 'hex'))
    told.push((await next()).toString('hex'))
    socket.write(Buffer.from('0100', 'hex'))
    told.push((await next()).toString('hex'))
    socket.write(Buffer.from([5, status, 0, 1, 0, 0, 0, 0, 0, 0]))
    socket.pipe(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { told, port: (server.address() as AddressInfo).port, [Symbol.dispose]: () => void server.close() }
}

test('a TCP entry speaks SOCKS5 for its clients, with the location in base64; a refusal ends the connection and is in the log (TP-076, TP-077, TP-078, TP-079)', async () => {
  await using platform = await startPlatform()
  for (const status of [0, 2]) {
    using socks = await startSocks(status)
    const settings = {
      'integration.connectivityProxy.serviceName': '127.0.0.1',
      'integration.connectivityProxy.tcp.port': socks.port,
    }
    const entry = { kind: 'tcp', port: 0 } as const
    await using proxy = await startProxy(platform, {
      settings,
      destinations: [
        { name: 'by-name', ...entry, destinationRef: { name: 'name' } },
        { name: 'by-address', ...entry, destinationRef: { name: 'address' } },
      ],
    })
    const tcp = { Type: 'TCP', ProxyType: 'OnPremise' }
    platform.destinations.set('name', { properties: { ...tcp, Address: 'db:5432', CloudConnectorLocationId: 'ä' } })
    platform.destinations.set('address', { properties: { ...tcp, URL: 'tcp://10.1.2.3:258' } })
    for (const [name, connectBytes, location] of [
      [
        'by-name',
        `050100${'03'}02${Buffer.from('db').toString('hex')}1538`,
        `04${Buffer.from('w6Q=').toString('hex')}`,
      ],
      ['by-address', '05010001' + '0a010203' + '0102', '00'],
    ] as const) {
      socks.told.length = 0
      const client = connect(proxy.running.tcpPorts.get(`${name}.default`) ?? 0, '127.0.0.1')
      const ended = once(client, 'close').catch(() => {})
      client.on('error', () => {}).write('plain bytes')
      if (status === 0) assert.equal(String((await once(client, 'data'))[0]), 'plain bytes')
      else await ended
      client.destroy()
      assert.deepEqual(socks.told, ['050180', `0100000000${location}`, connectBytes])
    }
    const refused = proxy.lines.filter(({ event }) => event === 'transparent-proxy.tcp-refused')
    assert.deepEqual(
      refused.map(({ facts }) => facts.code),
      status === 0 ? [] : ['CLIENT_HOST_NOT_EXPOSED', 'CLIENT_HOST_NOT_EXPOSED'],
    )
  }
})

test('what contradicts itself in the configuration is named before anything starts', () => {
  const given = (destinations: readonly object[], more: object = {}) =>
    configProblems(
      loadConfig(transparentProxyConfigSchema, { environment: {}, overrides: { destinations, ...more } }),
    ).join('\n')
  const a = { name: 'a', destinationRef: { name: 'A' } }
  assert.equal(given([a, { ...a, namespace: 'x' }]), '')
  assert.match(
    given([a, { ...a, namespace: 'default' }]),
    /destinations\[1\]: expected a name of its own, found a\.default/,
  )
  assert.match(given([{ ...a, kind: 'tcp' }]), /port: expected a port for kind tcp/)
  assert.match(given([{ ...a, kind: 'tcp', port: 1, destinationRef: { name: '*' } }]), /TCP has no headers/)
  assert.match(given([{ ...a, port: 1 }]), /share one port/)
  assert.match(given([{ ...a, destinationRef: { name: '*', level: 'instance' } }]), /callers send headers/)
  assert.match(
    given([{ ...a, kind: 'tcp', port: 1 }], { tenantMode: 'shared' }),
    /expected the tenant because tenantMode is "shared"/,
  )
  assert.throws(() => given([{ ...a, name: 'A_B' }]), { code: 'CONFIG_INVALID' })
})
