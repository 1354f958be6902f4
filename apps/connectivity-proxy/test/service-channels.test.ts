// On-premise to cloud: a local port of a real connector, the real cloud, a real proxy, and services behind it.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { after, afterEach, before, describe, test } from 'node:test'
import type { ChannelSpec } from '@landbridge/connector'
import { freePort, temporaryFolder } from '@landbridge/testkit'
import { Cloud, type Tenant } from './cloud.ts'
import { exchange, outcome, startEcho } from './echo.ts'
import { bearer, startProxy, type TestProxy, tunnelName } from './proxy.ts'
import { RealConnector } from './real-connector.ts'

describe('service channels through a real proxy', () => {
  const folder = temporaryFolder()
  const file = `${folder.path}/mappings.yaml`
  let cloud: Cloud
  let tenant: Tenant
  let other: Tenant
  let proxy: TestProxy
  let echo: Awaited<ReturnType<typeof startEcho>>
  const connectors = new Map<string, RealConnector>()
  let ids = 0

  before(async () => {
    cloud = await Cloud.start()
    ;[tenant, other] = [await cloud.newTenant(), await cloud.newTenant()]
    echo = await startEcho()
    proxy = await start()
  })
  after(async () => {
    for (const connector of connectors.values()) await connector.close()
    await proxy.close()
    await cloud.close()
    echo.server.close()
    folder[Symbol.dispose]()
  })

  afterEach(() => {
    for (const connector of connectors.values()) connector.configure([])
  })

  const start = async (port = 0): Promise<TestProxy> =>
    startProxy(cloud, {
      pairedBy: await cloud.bind(tenant.subaccount, 'connectivity_proxy'),
      settings: {
        tenantMode: 'shared',
        'servers.businessDataTunnel.port': port,
        'landbridge.acceptConnectivityBindings': true,
        'landbridge.serviceMappingsFile': file,
        'landbridge.serviceMappings': [
          mapping('echo', { tenantId: 'acme-42' }),
          mapping('plants', { locationIds: ['plant-1', ''] }),
          mapping('only-plant', { locationIds: ['plant-1'] }),
          mapping('dead', { internalAddress: `127.0.0.1:1` }),
          mapping('Db:1', { type: 'HANA' }),
          mapping('e-1', { type: 'VirtualMachine' }),
          mapping('g.abap.example', { type: 'ABAPCloud' }),
          mapping('rfc-service', { type: 'RFC' }),
        ],
      },
    })
  const mapping = (serviceId: string, more: object = {}): object => ({
    name: serviceId,
    type: 'TCP',
    subaccountId: tenant.subaccount.id,
    serviceId,
    internalAddress: `127.0.0.1:${echo.port}`,
    ...more,
  })
  /** The connector of a tenant and location: there can be one at a time. */
  const connector = async (of = tenant, locationId = ''): Promise<RealConnector> => {
    const key = `${of.subaccount.id} ${locationId}`
    const made = connectors.get(key) ?? (await RealConnector.connect(cloud, of, { mappings: [], locationId }))
    connectors.set(key, made)
    return made
  }
  const spec = async (service: string, more: Partial<ChannelSpec> = {}): Promise<ChannelSpec> => ({
    ...{ id: ++ids, kind: 'K8S', host: tunnelName, service, port: await freePort(), connections: 1 },
    ...more,
  })

  test('a client at the local port reaches the mapped service, bytes and half-close in both directions (API2-155, CP-154, CP-168)', async () => {
    const agent = await connector()
    const channel = await spec('echo')
    await agent.enable(channel)
    const bytes = randomBytes(3_000_000)
    const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex')
    const answers = await Promise.all([1, 2, 3].map(() => exchange(channel.port, bytes)))
    for (const answer of answers) assert.equal(digest(answer), digest(bytes))
    assert.deepEqual([agent.channel(channel.id).connected, agent.channel(channel.id).openedConnections], [true, 1])
  })

  test('what is exposed is logged with its tenant ID, which decides nothing (CP-162)', () => {
    const lines = proxy.logged.filter((line) => line.includes('service-mapping.exposed'))
    assert.ok(lines.some((line) => line.includes('"serviceId":"echo","tenantId":"acme-42"')))
  })

  test('every type of channel finds its mapping by its own key, and can be chosen from a list (RFC-177, CP-163, API2-146)', async () => {
    const agent = await connector()
    for (const [kind, service] of [
      ['HANA', 'Db:1'],
      ['VirtualMachine', 'E-1'],
      ['ABAPCloud', 'G.abap.example'],
      ['K8S', 'rfc-service'],
    ] as const) {
      const channel = await spec(service, { kind, host: kind === 'K8S' ? tunnelName : '' })
      await agent.enable(channel)
      assert.equal(await outcome(channel.port), 'x', kind)
    }
    assert.deepEqual(await agent.available('HANA'), [{ serviceId: 'Db:1', name: 'Db:1' }])
    assert.deepEqual(await agent.available('VirtualMachine'), [{ serviceId: 'e-1', name: 'e-1' }])
    const wrongCase = await spec('db:1', { kind: 'HANA', host: '' })
    await assert.rejects(agent.enable(wrongCase), { code: 'CHANNEL_NO_MAPPING' })
    await assert.rejects(agent.enable(await spec('Db:1')), { code: 'CHANNEL_NO_MAPPING' })
  })

  test('what the mapping does not allow is refused with a reason, and the port is free again (CP-156, CP-158, CP-160)', async () => {
    const [own, plant, foreign] = [await connector(), await connector(tenant, 'plant-1'), await connector(other)]
    const port = await freePort()
    const cases = [
      [own, 'no-such', 'CHANNEL_NO_MAPPING'],
      [own, 'only-plant', 'CHANNEL_LOCATION_NOT_ALLOWED'],
      [plant, 'echo', 'CHANNEL_LOCATION_NOT_ALLOWED'],
      [foreign, 'echo', 'CHANNEL_NO_MAPPING'],
    ] as const
    for (const [agent, service, code] of cases) {
      const channel = await spec(service, { port })
      await assert.rejects(agent.enable(channel), { code }, `${service} ${code}`)
      assert.deepEqual(await outcome(port), 'ECONNREFUSED')
    }
    for (const host of ['elsewhere.test', `${tunnelName}:1`, ''])
      await assert.rejects(own.enable(await spec('echo', { host })), { code: 'CHANNEL_OTHER_CLUSTER' })
    for (const [agent, service] of [
      [plant, 'plants'],
      [own, 'plants'],
      [plant, 'only-plant'],
    ] as const) {
      const channel = await spec(service, { host: `${tunnelName.toUpperCase()}:${proxy.tunnelPort}` })
      await agent.enable(channel)
      assert.equal(await outcome(channel.port), 'x')
    }
  })

  test('a service that does not answer resets its client and leaves the channel open (CP-161)', async () => {
    const agent = await connector()
    const channel = await spec('dead')
    await agent.enable(channel)
    for (const _ of [1, 2]) assert.equal(await outcome(channel.port), 'ECONNRESET')
    assert.equal(agent.channel(channel.id).connected, true)
    const line = proxy.logged.find((entry) => entry.includes('channel.target-unreachable'))
    assert.match(String(line), /"mapping":"dead".*ECONNREFUSED/)
  })

  test('a client that breaks off ends the connection to the service, and the other way round (OPS-054)', async () => {
    const agent = await connector()
    const channel = await spec('echo')
    await agent.enable(channel)
    const open = async (): Promise<{ client: Socket; service: Socket }> => {
      const client = connect({ port: channel.port, host: '127.0.0.1' })
      const [service] = (await once(echo.server, 'connection')) as [Socket]
      client.write('hello')
      await once(client, 'data')
      return { client, service }
    }
    const first = await open()
    const closed = new Promise((resolve) => first.service.once('close', resolve))
    first.client.resetAndDestroy()
    await closed
    const second = await open()
    second.service.resetAndDestroy()
    const [failure] = (await once(second.client, 'error')) as [NodeJS.ErrnoException]
    assert.equal(failure.code, 'ECONNRESET')
  })

  test('no more tunnel connections than the channel has, whatever the number of clients (API2-135, OPS-044)', async () => {
    const agent = await connector()
    const channel = await spec('echo', { connections: 3 })
    await agent.enable(channel)
    await agent.channelIs(channel.id, ({ openedConnections }) => openedConnections === 3)
    const before = proxy.channelCount()
    const answers = await Promise.all(Array.from({ length: 40 }, () => outcome(channel.port)))
    assert.deepEqual(new Set(answers), new Set(['x']))
    assert.deepEqual([agent.channel(channel.id).openedConnections, proxy.channelCount()], [3, before])
    agent.configure([{ ...channel, connections: 1 }])
    await agent.channelIs(channel.id, ({ openedConnections }) => openedConnections === 1)
    assert.equal(await outcome(channel.port), 'x')
  })

  test('an edited channel serves the new port and target and leaves the old port (API2-140)', async () => {
    const agent = await connector()
    const channel = await spec('echo')
    await agent.enable(channel)
    const moved = { ...channel, port: await freePort(), service: 'plants' }
    agent.configure([moved])
    await agent.channelIs(channel.id, ({ connected }) => connected)
    assert.deepEqual([await outcome(channel.port), await outcome(moved.port)], ['ECONNREFUSED', 'x'])
    agent.configure([{ ...moved, service: 'no-such' }])
    await agent.channelIs(channel.id, ({ lastError }) => String(lastError).includes('No service mapping'))
    assert.equal(agent.channel(channel.id).connected, false)
    agent.configure([])
    assert.equal(await outcome(moved.port), 'ECONNREFUSED')
  })

  test('while the subaccount is disconnected no channel and no request works; reconnecting opens everything again (API2-152, OPS-087)', async () => {
    const agent = await connector()
    const authorization = bearer(await cloud.token(tenant.connectivity))
    // Connected, but nothing is exposed: the connector itself refuses.
    assert.equal((await proxy.get(authorization)).status, 403)
    const channel = await spec('echo')
    await agent.enable(channel)
    agent.disconnect()
    assert.deepEqual([agent.channel(channel.id).connected, await outcome(channel.port)], [false, 'ECONNREFUSED'])
    await assert.rejects(agent.enable(await spec('plants')), { code: 'CHANNEL_CLOUD_AWAY' })
    assert.equal((await proxy.get(authorization)).status, 503)
    await agent.reconnect()
    await agent.channelIs(channel.id, ({ connected }) => connected)
    assert.equal(await outcome(channel.port), 'x')
    assert.equal((await proxy.get(authorization)).status, 403)
  })

  test('a connector that registers anew makes the tunnels of its channels anew, and clients keep their connections', async () => {
    const agent = await connector()
    const channel = await spec('echo', { connections: 2 })
    await agent.enable(channel)
    await agent.channelIs(channel.id, ({ openedConnections }) => openedConnections === 2)
    const { connectedSinceMs } = agent.channel(channel.id)
    const client = connect({ port: channel.port, host: '127.0.0.1' })
    client.write('hello')
    await once(client, 'data')
    agent.describe('moved to the cellar')
    assert.equal(agent.channel(channel.id).openedConnections, 0)
    await agent.channelIs(channel.id, ({ openedConnections }) => openedConnections === 2)
    assert.equal(agent.channel(channel.id).connectedSinceMs, connectedSinceMs)
    client.write('again')
    assert.equal(String((await once(client, 'data'))[0]), 'again')
    assert.equal(await outcome(channel.port), 'x')
    client.destroy()
  })

  test('of two replicas with one name the other one takes over when one is drained, and open connections end by themselves (CP-166)', async () => {
    const fourth = await cloud.newTenant()
    const replica = async (): Promise<TestProxy> =>
      startProxy(cloud, {
        pairedBy: await cloud.bind(fourth.subaccount, 'connectivity_proxy'),
        settings: {
          subaccountId: fourth.subaccount.id,
          'landbridge.acceptConnectivityBindings': true,
          'landbridge.clusterHost': 'shared.test',
          'landbridge.serviceMappings': [mapping('echo', { subaccountId: fourth.subaccount.id })],
        },
      })
    const replicas = [await replica(), await replica()] as const
    try {
      const agent = await connector(fourth)
      const channel = await spec('echo', { host: 'shared.test' })
      await agent.enable(channel)
      const client = connect({ port: channel.port, host: '127.0.0.1' })
      client.write('hello')
      await once(client, 'data')
      const [leaving, staying] = replicas[0].channelCount() === 1 ? replicas : [replicas[1], replicas[0]]
      const drained = leaving.drain(60_000)
      await agent.channelIs(channel.id, () => staying.channelCount() === 1)
      assert.equal(await outcome(channel.port), 'x')
      client.write('again')
      assert.equal(String((await once(client, 'data'))[0]), 'again')
      client.end()
      await drained
      assert.equal(leaving.channelCount(), 0)
    } finally {
      for (const one of replicas) await one.close()
    }
  })

  test('a mapping written while everything runs is reachable, and one that is taken away is cut off (CP-153, CP-155)', async () => {
    const agent = await connector()
    const channel = await spec('late')
    await assert.rejects(agent.enable(channel), { code: 'CHANNEL_NO_MAPPING' })
    const write = (locationIds: string): void =>
      writeFileSync(
        file,
        [
          'apiVersion: connectivityproxy.sap.com/v1',
          'kind: ServiceMapping',
          'metadata: { name: late }',
          'spec:',
          '  type: TCP',
          `  subaccountId: ${tenant.subaccount.id}`,
          '  serviceId: late',
          `  internalAddress: 127.0.0.1:${echo.port}`,
          `  locationIds: ${locationIds}`,
        ].join('\n'),
      )
    write('[""]')
    await proxy.said('service-mapping.changed', 1)
    await agent.enable(channel)
    assert.equal(await outcome(channel.port), 'x')
    const client = connect(channel.port, '127.0.0.1')
    client.write('hello')
    await once(client, 'data')
    write('[plant-9]')
    const [failure] = (await once(client, 'error')) as [NodeJS.ErrnoException]
    assert.equal(failure.code, 'ECONNRESET')
    await agent.channelIs(channel.id, ({ lastError }) => String(lastError).includes('location ID'))
    write('[""]')
    await agent.channelIs(channel.id, ({ connected }) => connected)
    writeFileSync(file, 'kind: [')
    await proxy.said('service-mapping.invalid', 1)
    rmSync(file)
  })

  test('a second mapping of the same service, one without subaccount and nonsense stop the start, each with a line (CP-157, CP-159, CP-152)', async () => {
    const bad = [
      mapping('echo'),
      mapping('ECHO', { name: 'again' }),
      mapping('x', { subaccountId: undefined }),
      mapping('y', { internalAddress: 'no-port' }),
    ]
    await assert.rejects(
      startProxy(cloud, {
        pairedBy: await cloud.bind(tenant.subaccount, 'connectivity_proxy'),
        settings: {
          tenantMode: 'shared',
          'landbridge.acceptConnectivityBindings': true,
          'landbridge.serviceMappings': bad.map((one) => JSON.parse(JSON.stringify(one))),
        },
      }),
      ({ facts }: { facts: { problems: string[] } }) => {
        const [again, missing, address] = facts.problems
        assert.match(String(again), /"again": expected another serviceId than that of "echo"/)
        assert.match(String(missing), /"x": subaccountId: expected/)
        assert.match(String(address), /"y": internalAddress: expected host:port/)
        return facts.problems.length === 3
      },
    )
  })

  test('a proxy that switched channels off says so (CP-164)', async () => {
    const third = await cloud.newTenant()
    const off = await startProxy(cloud, {
      pairedBy: await cloud.bind(third.subaccount, 'connectivity_proxy'),
      settings: {
        subaccountId: third.subaccount.id,
        'landbridge.acceptConnectivityBindings': true,
        'serviceChannels.enabled': false,
        'landbridge.clusterHost': 'off.test',
      },
    })
    try {
      const agent = await connector(third)
      await assert.rejects(agent.enable(await spec('echo', { host: 'off.test' })), { code: 'CHANNELS_SWITCHED_OFF' })
    } finally {
      await off.close()
    }
  })

  test('a proxy that comes back serves the channels that were open, and clients meanwhile wait (OPS-045)', async () => {
    const agent = await connector()
    const channel = await spec('echo', { connections: 2 })
    await agent.enable(channel)
    const { tunnelPort } = proxy
    const cut = connect(channel.port, '127.0.0.1')
    cut.write('hello')
    await once(cut, 'data')
    const broken = once(cut, 'error')
    await proxy.close()
    await broken
    assert.equal(agent.channel(channel.id).connected, false)
    const waiting = outcome(channel.port)
    proxy = await start(tunnelPort)
    assert.equal(await waiting, 'x')
    await agent.channelIs(channel.id, ({ openedConnections }) => openedConnections === 2)
  })
})
