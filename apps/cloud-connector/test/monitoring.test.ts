import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import { StreamKind } from '@landbridge/tunnel'
import { type FakeTunnel, openExchange } from './fake-cloud-proxy.ts'
import { regionHost } from './fake-region.ts'
import { backends, conforms, consumers, performance, type Shape, share, subaccounts } from './monitoring-shapes.ts'
import { configuration, form, id, send, startConnector, subaccountPath } from './running-connector.ts'
import { Scene, until } from './scene.ts'

describe('the monitoring API', () => {
  let scene: Scene
  let tunnel: FakeTunnel
  let backend: Server
  let nowMs = 1_000
  before(async () => {
    scene = await Scene.start({ monotonicMs: () => nowMs })
    // Works until the time that the path says has gone by.
    backend = createServer((request, response) => {
      nowMs += Number(/\d+(?=\?|$)/.exec(request.url ?? '')?.[0] ?? 0)
      request.resume().on('end', () => response.end('0123456789'))
    })
    await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
  })
  after(async () => {
    await scene[Symbol.asyncDispose]()
    backend.closeAllConnections()
    backend.close()
  })

  const get = async (path: string) => (await scene.connector.call('GET', `/api/monitoring/${path}`)).json
  /** The first subaccount of a list. */
  const first = async (path: string) => (await get(path)).subaccounts[0]
  const ask = async (target: string, body = ''): Promise<string> => {
    const head = `POST ${target} HTTP/1.1\r\nHost: erp.virtual:80\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    return (await openExchange(tunnel, StreamKind.http, 'erp.virtual', 80, head).ended).toString()
  }

  /** The tunnel of a connector that was started again. */
  const reconnected = async (): Promise<FakeTunnel> => {
    while ((await first('subaccounts')).tunnel.state !== 'Connected');
    return scene.openTunnel()
  }

  test('the start page answers without credentials, and every list is there while nothing is configured (RC-164, OPS-018)', async () => {
    const page = await send(scene.connector.app, 'GET', '/', { login: false })
    assert.equal(page.status, 200)
    for (const path of ['subaccounts', 'connections/backends', 'performance/backends', 'usage'])
      assert.deepEqual(await get(path), { subaccounts: [], version: 1 })
  })

  test('a subaccount without data has whole figures and empty lists, connected or not (RC-166, RC-168, OPS-036)', async () => {
    await scene.pair()
    const check = async (state: string): Promise<void> => {
      conforms(await get('subaccounts'), subaccounts)
      assert.equal((await first('subaccounts')).tunnel.state, state)
      assert.deepEqual((await first('connections/backends')).backendConnections, [])
      assert.deepEqual((await first('connections/serviceChannels')).serviceChannelConnections, [])
      assert.deepEqual((await first('performance/backends')).backendPerformance, [])
      assert.deepEqual((await first('performance/topTimeConsumers')).requests, [])
      const usage = await first('usage')
      assert.deepEqual([usage.usageStatistics, usage.serviceChannelUsageStatistics], [[], []])
    }
    await check('Connected')
    const setState = (connected: boolean) =>
      scene.connector.call('PUT', `${subaccountPath}/state`, { json: { connected } })
    await setState(false)
    await check('Disconnected')
    await setState(true)
    await check('Connected')
  })

  test('the tunnel of a connected subaccount is told with its applications and since when (RC-169, OPS-020, SCC-268)', async () => {
    tunnel = await scene.openTunnel()
    await until(() => (tunnel.session.isClosed ? undefined : true))
    await until(() => scene.cloud.tunnels.length || undefined)
    const { tunnel: told, ...rest } = await first('subaccounts')
    assert.deepEqual(
      [rest.regionHost, rest.subaccount, rest.locationID, told.state, told.connections],
      [regionHost, id, '', 'Connected', 1],
    )
    assert.deepEqual(told.applicationConnections, [{ connectionCount: 1, name: 'proxy', type: 'JAVA' }])
    assert.match(told.connectedSince, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} \+0000$/)
    assert.ok(told.connectedSinceTimeStamp > Date.now() - 60_000)
  })

  test('a request counts in one bucket, in the lists and in the usage of its resource (RC-167, OPS-023, OPS-026, OPS-033, OPS-035, PLAT-212, PLAT-213)', async () => {
    const mapping = await scene.expose(80, (backend.address() as AddressInfo).port, 'HTTP')
    for (const resource of ['/work', '/rest'])
      await scene.connector.call('POST', `${mapping}/resources`, { json: { id: resource, enabled: true } })
    await scene.connector.call('POST', `${mapping}/resources`, { json: { id: '/off', enabled: false } })
    assert.match(await ask('/work/15', 'abc'), /^HTTP\/1\.1 200 .*0123456789$/s)
    await ask('/work/700?token=secret')

    const lists: readonly (readonly [string, Shape])[] = [
      ['connections/backends', backends],
      ['performance/backends', performance],
      ['performance/topTimeConsumers', consumers],
    ]
    for (const [path, shape] of lists) conforms(await get(path), shape)
    const [measured] = (await first('performance/backends')).backendPerformance
    assert.deepEqual([measured.virtualHost, measured.virtualPort, measured.protocol], ['erp.virtual', '80', 'HTTP'])
    const used = measured.buckets.filter((bucket: { numberOfCalls: number }) => bucket.numberOfCalls > 0)
    assert.deepEqual(
      used.map((bucket: { minimumCallDurationMs: number }) => bucket.minimumCallDurationMs),
      [10, 500],
    )
    const { requests } = await first('performance/topTimeConsumers')
    assert.deepEqual(
      requests.map(({ resource, totalTime, externalTime, user }: Record<string, unknown>) => ({
        ...{ resource, totalTime, externalTime, user },
      })),
      [
        { resource: '/work/700', totalTime: 700, externalTime: 700, user: 'sb-test' },
        { resource: '/work/15', totalTime: 15, externalTime: 15, user: 'sb-test' },
      ],
    )
    assert.deepEqual(await get('performance/toptimeconsumers'), await get('performance/topTimeConsumers'))
    const internalBackend = `127.0.0.1:${(backend.address() as AddressInfo).port}`
    const { backendConnections } = await first('connections/backends')
    assert.deepEqual(backendConnections, [
      { virtualBackend: 'erp.virtual:80', internalBackend, protocol: 'HTTP', idle: 1, active: 0 },
    ])
    const usage = await first('usage')
    const [system] = usage.usageStatistics
    const [work, rest, off] = system.resources
    assert.deepEqual([work.resourceName, work.calls, rest.calls, off.enabled], ['/work', 2, 0, false])
    assert.deepEqual(
      [system.calls, system.bytesReceived, system.bytesSent, system.mostRecentAccess],
      [2, work.bytesReceived, work.bytesSent, work.mostRecentAccess],
    )
    assert.ok(work.bytesReceived > 100 && work.bytesSent > 100)
    assert.equal('mostRecentAccess' in rest, false)
    assert.deepEqual([usage.subaccountName, usage.subaccountRegion], [id, regionHost])
    assert.ok(Number.isInteger(usage.sinceTime))
  })

  test('the address in the example of the guide answers like the documented one (OPS-024)', async () => {
    assert.deepEqual(await get('connections/backend'), await get('connections/backends'))
  })

  test('memory is told in whole kilobytes that add up (RC-170, OPS-029, OPS-174)', async () => {
    const memory = await get('memory')
    const heap: Shape = { total: 'integer', used: 'integer', free: 'integer' }
    conforms(memory, { physicalKB: share, virtualKB: share, cloudConnectorHeapKB: heap })
    for (const { total, CloudConnector, others, free } of [memory.physicalKB, memory.virtualKB]) {
      assert.equal(total, CloudConnector + others + free)
      assert.ok(CloudConnector > 10_000)
    }
    const { total, used, free } = memory.cloudConnectorHeapKB
    assert.equal(total, used + free)
  })

  test('every certificate is in one of three lists, which can be asked for one by one (OPS-030, OPS-031, OPS-032)', async () => {
    const all = await get('certificates')
    for (const selection of ['expired', 'expiring', 'ok'])
      assert.deepEqual(await get(`certificates/${selection}`), all[selection])
    const certificates = [...all.expired, ...all.expiring, ...all.ok]
    const byType = new Map(certificates.map((entry) => [entry.type, entry]))
    assert.deepEqual([...byType.keys()].sort(), ['UI', 'subaccount'])
    conforms(byType.get('UI'), { type: 'string', validTo: 'integer', subjectDN: 'string' })
    assert.equal('subaccountName' in byType.get('UI'), false)
    conforms(byType.get('subaccount'), { subaccountName: 'string', subaccountRegion: 'string', validTo: 'integer' })
    assert.equal('subjectDN' in byType.get('subaccount'), false)
    assert.equal((await scene.connector.call('GET', '/api/monitoring/certificates/all')).status, 404)
  })

  const traffic = `/api/v1/landbridge/subaccounts/${regionHost}/${id}/traffic`
  const own = async (path: string) => (await scene.connector.call('GET', `${traffic}/${path}`)).json
  const usedCalls = async (): Promise<number> => (await first('usage')).usageStatistics[0].calls

  test('the most recent requests can be asked for, of one virtual host too, and waiting connections with their age (OPS-178, OPS-184)', async () => {
    const { requests } = await own('requests')
    assert.deepEqual(
      requests.map(({ resource }: { resource: string }) => resource),
      ['/work/700', '/work/15'],
    )
    assert.deepEqual((await own('requests?virtualBackend=ERP.virtual:80')).requests, requests)
    assert.deepEqual((await own('requests?virtualBackend=other:80')).requests, [])
    for (const { totalTime, internalTime, ...times } of requests) {
      const { externalTime, genSsoTime, openRemoteTime, validateSsoTime, latencyTime } = times
      const sum = internalTime + externalTime + genSsoTime + openRemoteTime + validateSsoTime + latencyTime
      assert.equal(sum, totalTime)
    }
    const [{ idle, idleMs }] = (await own('connections')).connections
    assert.deepEqual([idle, idleMs.length, idleMs[0] >= 0], [1, 1, true])
    const used = await own('usage/erp.virtual/80')
    assert.deepEqual([used.calls, used.unusedResources, used.hours.length], [2, ['/rest', '/off'], 24])
  })

  test('usage survives a restart and durations start over; a reset of the usage survives too (OPS-181, PLAT-214)', async () => {
    const before = (await first('usage')).usageStatistics
    await scene.restart()
    assert.deepEqual((await first('usage')).usageStatistics, before)
    assert.deepEqual((await first('performance/backends')).backendPerformance, [])
    tunnel = await reconnected()
    await ask('/work/15')
    assert.equal(await usedCalls(), 3)
    assert.equal((await scene.connector.call('DELETE', `${traffic}/usage`)).status, 204)
    assert.equal(await usedCalls(), 0)
    await scene.restart()
    assert.equal(await usedCalls(), 0)
    tunnel = await reconnected()
  })

  test('deleting all durations clears the lists of requests too, deleting the longest ones nothing else (OPS-177)', async () => {
    const sizes = async () => [
      (await first('performance/backends')).backendPerformance.length,
      (await own('requests')).requests.length,
      (await first('performance/topTimeConsumers')).requests.length,
    ]
    await ask('/work/15')
    assert.deepEqual(await sizes(), [1, 1, 1])
    assert.equal((await scene.connector.call('DELETE', `${traffic}/topTimeConsumers`)).status, 204)
    assert.deepEqual(await sizes(), [1, 1, 0])
    assert.equal((await scene.connector.call('DELETE', `${traffic}/performance`)).status, 204)
    assert.deepEqual(await sizes(), [0, 0, 0])
    assert.equal(await usedCalls(), 1)
  })

  test('a restore of the configuration leaves no figures behind (OPS-187, PLAT-214)', async () => {
    const url = `${configuration}/backup`
    const saved = await scene.connector.call('POST', url, { json: { password: 'backup-pass' } })
    assert.equal(saved.status, 200)
    await ask('/work/15')
    const parts = { backup: Buffer.from(saved.text, 'latin1'), password: 'backup-pass' }
    assert.equal((await scene.connector.call('PUT', url, form(parts))).status, 204)
    // Starts everything anew, so that what was stored shows too.
    await scene.restart()
    assert.equal(await usedCalls(), 0)
    assert.deepEqual((await own('requests')).requests, [])
  })

  test('a tunnel that cannot be opened again is a failure (OPS-021)', async () => {
    await scene.out.close()
    scene.region.controls.at(-1)?.channel.close()
    let state = ''
    while (state !== 'ConnectFailure') {
      const { tunnel: told } = await first('subaccounts')
      state = told.state
    }
    conforms(await get('subaccounts'), subaccounts)
  })
})

test('a shadow tells none of it, but that it is there and what it is (OPS-016, OPS-017, OPS-037)', async () => {
  using folder = temporaryFolder()
  const shadow = await startConnector(folder.path, undefined, { haRole: 'shadow' })
  const probe = async (query: string) => {
    const { status, text } = await send(shadow.app, 'GET', `/exposed?action=${query}`, { login: false })
    return [status, text]
  }
  try {
    for (const path of [
      'subaccounts',
      'connections/backends',
      'performance/backends',
      'usage',
      'memory',
      'certificates',
    ])
      assert.equal((await shadow.call('GET', `/api/monitoring/${path}`)).status, 400, path)
    assert.deepEqual(await probe('ping'), [200, ''])
    assert.deepEqual(await probe('hasMasterRole'), [200, 'false'])
    assert.equal((await probe('ensureMasterRole'))[0], 409)
    assert.equal((await probe('reboot'))[0], 400)
  } finally {
    await shadow.close()
  }
})

test('a master tells probes what it is, also while everybody knows its password (OPS-016, OPS-017)', async () => {
  using folder = temporaryFolder()
  const { app, call, close } = await startConnector(folder.path, undefined, { initialPassword: undefined } as object)
  try {
    const refused = await call('GET', '/api/monitoring/subaccounts', { password: 'manage' })
    assert.equal(refused.status, 403)
    for (const [action, answer] of [
      ['ping', ''],
      ['hasMasterRole', 'true'],
      ['ensureMasterRole', 'true'],
    ] as const) {
      const { status, text } = await send(app, 'GET', `/exposed?action=${action}`, { login: false })
      assert.deepEqual([status, text], [200, answer])
    }
  } finally {
    await close()
  }
})

test('the number of tunnel connections can be set for all and for one application, and counts at once (OPS-074, OPS-075, OPS-080, SCC-264, SCC-265, SCC-268)', async () => {
  await using scene = await Scene.start()
  await scene.pair()
  const settings = '/api/v1/landbridge/connector/advancedConnectivity'
  const subaccount = `/api/v1/landbridge/subaccounts/${regionHost}/${id}`
  const put = async (path: string, json: unknown) => (await scene.connector.call('PUT', path, { json })).status
  const get = async (path: string) => (await scene.connector.call('GET', path)).json
  /** How many connections come when the cloud asks for a tunnel. @param sessions control sessions that there must be. */
  const opened = async (sessions: number): Promise<number> => {
    await until(() => (scene.region.controls.length >= sessions ? true : undefined))
    const known = scene.region.results.length
    await scene.openTunnel()
    // The connector tells of it when the last one stands.
    assert.equal((await until(() => scene.region.results[known])).ok, true)
    return (await get(`${subaccount}/tunnel`)).connections
  }

  assert.deepEqual(await get(settings), {
    ...{ applicationTunnelConnections: 1, tunnelWorkerThreads: 10, protocolProcessorWorkerThreads: 20 },
    backendConnections: 'pooled',
  })
  assert.equal(await opened(1), 1)
  assert.equal(scene.cloud.tunnels.at(-1)?.hello.clientConnections, undefined)
  for (const json of [
    { applicationTunnelConnections: 0 },
    { applicationTunnelConnections: -1 },
    { tunnelWorkerThreads: 0 },
    { protocolProcessorWorkerThreads: 'x' },
    { backendConnections: 'perUser' },
  ])
    assert.equal(await put(settings, json), 400)
  const wished = { applicationTunnelConnections: 3, tunnelWorkerThreads: 30, protocolProcessorWorkerThreads: 40 }
  assert.equal(await put(settings, wished), 204)
  assert.deepEqual(await get(settings), { ...wished, backendConnections: 'pooled' })
  assert.equal(await opened(2), 3)
  // Another change that makes the tunnels anew: now the connector wants to know the connections of clients.
  assert.equal(await put(settings, { backendConnections: 'perClientConnection' }), 204)
  assert.deepEqual(await get(settings), { ...wished, backendConnections: 'perClientConnection' })
  assert.equal(await opened(3), 3)
  assert.equal(scene.cloud.tunnels.at(-1)?.hello.clientConnections, true)

  const limits = `${subaccount}/connectionLimits`
  for (const json of [
    [{ applicationName: 'proxy', connections: 0 }],
    [{ applicationName: 'proxy' }],
    [
      { applicationName: 'proxy', connections: 1 },
      { applicationName: 'proxy', connections: 2 },
    ],
    { applicationName: 'proxy', connections: 1 },
  ])
    assert.equal(await put(limits, json), 400)
  for (const [connections, sessions] of [
    [5, 4],
    [2, 5],
  ] as const) {
    assert.equal(await put(limits, [{ applicationName: 'proxy', connections }]), 204)
    assert.deepEqual(await get(limits), [{ applicationName: 'proxy', connections }])
    assert.equal(await opened(sessions), connections)
  }
  const { applicationConnections } = await get(`${subaccount}/tunnel`)
  const [{ name, connectionCount, connectedSinceMs, peers }] = applicationConnections
  assert.deepEqual([name, connectionCount, peers.length], ['proxy', 2, 2])
  assert.match(peers[0], /^127\.0\.0\.1:\d+$/)
  assert.ok(connectedSinceMs > Date.now() - 60_000)
  const told = (await get('/api/monitoring/subaccounts')).subaccounts[0].tunnel
  assert.deepEqual(
    [told.connections, told.applicationConnections],
    [2, [{ connectionCount: 2, name: 'proxy', type: 'JAVA' }]],
  )
})
