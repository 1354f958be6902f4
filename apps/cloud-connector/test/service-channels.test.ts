import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { freePort, temporaryFolder } from '@landbridge/testkit'
import { echoed } from './echoed.ts'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import { configuration, id, type RunningConnector, startConnector, subaccountPath } from './running-connector.ts'

const channels = `${subaccountPath}/channels`
const other = id.replace(/1$/, '2')
const k8s = { k8sCluster: 'cp.Cluster.example:443', k8sService: 'orders.svc', port: 3000, connections: 2 }
const abap = { abapCloudTenantHost: 'g.abap.example', instanceNumber: 5, connections: 1 }
const hana = { hanaInstanceName: 'Space:Db:a:b', instanceNumber: '22', connections: '1' }
const machine = { name: 'vm', endpointId: 'e-1', port: 2200, connections: 1 }

/** Asks until the answer is yes. */
async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve))
}

describe('service channels', () => {
  const folder = temporaryFolder()
  let region: FakeRegion
  let connector: RunningConnector
  before(async () => {
    region = await startFakeRegion()
    region.services.add('orders.svc')
    connector = await startConnector(folder.path, region)
    for (const subaccount of [id, other])
      await connector.call('POST', `${configuration}/subaccounts`, {
        json: { regionHost, subaccount, cloudUser, cloudPassword },
      })
  })
  beforeEach(async () => {
    for (const subaccount of [id, other]) await connector.call('DELETE', channels.replace(id, subaccount))
  })
  after(async () => {
    await connector.close()
    await region.close()
    folder[Symbol.dispose]()
  })

  const status = async (method: string, path: string, json?: unknown): Promise<number> =>
    (await connector.call(method, path, json === undefined ? {} : { json })).status
  const get = async (path: string) => (await connector.call('GET', path)).json
  const create = async (type: string, json: object, base = channels): Promise<string> => {
    const answer = await connector.call('POST', `${base}/${type}`, { json })
    assert.deepEqual([answer.status, answer.text], [201, ''])
    return String(answer.headers.location).slice(connector.app.url.length)
  }

  test('a new K8S channel is disabled, has no state and reads as it was written (API2-014, API2-119, API2-120, API2-121, API2-122, API2-124)', async () => {
    const path = await create('K8S', { ...k8s, comment: 'orders', enabled: true })
    const channel = await get(path)
    assert.deepEqual(channel, {
      k8sCluster: 'cp.Cluster.example:443',
      k8sService: 'orders.svc',
      id: channel.id,
      type: 'K8S',
      port: 3000,
      enabled: false,
      connections: 2,
      comment: 'orders',
      _links: {
        self: { href: `${connector.app.url}${path}` },
        state: { href: `${connector.app.url}${path}/state` },
      },
    })
    await create('ABAPCloud', abap)
    await create('K8S', { ...k8s, k8sCluster: 'plain' }, channels.replace(id, other))
    const second = await create('K8S', { ...k8s, k8sCluster: 'plain' })
    assert.deepEqual(
      (await get(`${channels}/K8S`)).map((item: { k8sCluster: string }) => item.k8sCluster),
      ['cp.Cluster.example:443', 'plain'],
    )
    assert.equal((await get(second)).comment, '')
  })

  test('ports of HANA and ABAP follow from the instance number; virtual machines have their own (API2-125, API2-126, API2-128, API2-156, API2-157)', async () => {
    for (const [type, json, port] of [
      ['HANA', hana, 32_215],
      ['ABAPCloud', abap, 3305],
      ['ABAPCloudSNC', { ...abap, instanceNumber: '20' }, 4820],
      ['VirtualMachine', machine, 2200],
    ] as const) {
      const path = await create(type, json)
      const channel = await get(path)
      assert.deepEqual([channel.type, channel.port, channel.enabled, channel.connections], [type, port, false, 1])
      assert.equal(await status('PUT', path, { ...json, connections: 7 }), 204)
      assert.equal((await get(`${channels}/${type}`))[0].connections, 7)
    }
    assert.equal((await get(`${channels}/HANA`))[0].hanaInstanceName, 'Space:Db:a:b')
  })

  test('nonsense is refused and creates nothing (API2-127, API2-130, API2-131)', async () => {
    const cases: [string, object][] = [
      ...[0, 65_536, 'x', undefined].map((port): [string, object] => ['K8S', { ...k8s, port }]),
      ...[0, -1, 'many', 1.5].map((connections): [string, object] => ['K8S', { ...k8s, connections }]),
      ['K8S', { ...k8s, k8sCluster: '' }],
      ['K8S', { ...k8s, k8sService: undefined }],
      ['K8S', { ...k8s, port: Number(new URL(connector.app.url).port) }],
      ['VirtualMachine', { ...machine, port: undefined }],
      ['VirtualMachine', { ...machine, name: '' }],
      ['VirtualMachine', { ...machine, endpointId: undefined }],
      ['ABAPCloud', { ...abap, abapCloudTenantHost: '' }],
      ...['100', -1, undefined].map((instanceNumber): [string, object] => ['ABAPCloud', { ...abap, instanceNumber }]),
      ['HANA', { ...hana, hanaInstanceName: '' }],
      ...['00', 0, 100].map((instanceNumber): [string, object] => ['HANA', { ...hana, instanceNumber }]),
    ]
    for (const [type, json] of cases) {
      const answer = await connector.call('POST', `${channels}/${type}`, { json })
      assert.deepEqual([answer.status, answer.json.type], [400, 'INVALID_REQUEST'], JSON.stringify(json))
    }
    assert.deepEqual(await get(channels), [])
    const path = await create('K8S', { ...k8s, connections: undefined })
    assert.equal((await get(path)).connections, 1)
  })

  test('IDs rise over all types and subaccounts and are never used again, not even after a restart (API2-132, RC-147)', async () => {
    const number = (path: string): number => Number(path.split('/').at(-1))
    const first = number(await create('K8S', k8s))
    assert.ok(first >= 1)
    const second = await create('HANA', hana)
    assert.equal(number(second), first + 1)
    assert.equal(await status('DELETE', second), 204)
    assert.equal(number(await create('K8S', k8s, channels.replace(id, other))), first + 2)
    await connector.close()
    connector = await startConnector(folder.path, region)
    assert.equal(number(await create('ABAPCloud', abap)), first + 3)
  })

  test('type, ID and subaccount must belong together (API2-133, API2-150)', async () => {
    const path = await create('K8S', k8s)
    const wrong = [
      path.replace('K8S', 'HANA'),
      path.replace(id, other),
      path.replace(/\d+$/, '999999'),
      `${channels}/K8S/x`,
      `${channels}/Foo/1`,
    ]
    for (const address of wrong) {
      assert.equal(await status('GET', address), 404)
      assert.equal(await status('PUT', address, k8s), 404)
      assert.equal(await status('PUT', `${address}/state`, { enabled: true }), 404)
      const gone = await connector.call('DELETE', address)
      assert.deepEqual([gone.status, gone.json.type], [404, 'NOT_FOUND'])
    }
    assert.equal(await status('GET', `${channels}/Foo`), 404)
    assert.equal(await status('POST', `${channels}/Foo`, k8s), 404)
    assert.equal(await status('GET', `${channels.replace(id, 'no')}/K8S`), 404)
    assert.equal(await status('DELETE', path), 204)
    assert.equal(await status('DELETE', path), 404)
  })

  test('replacing keeps ID and wish; a bad replacement changes nothing (API2-123, API2-129, API2-140)', async () => {
    const [port, moved] = [await freePort(), await freePort()]
    const path = await create('K8S', { ...k8s, port })
    assert.equal(await status('PUT', `${path}/state`, { enabled: true }), 204)
    assert.equal(await echoed(port), 'hello')
    assert.equal(await status('PUT', path, { ...k8s, port: moved, enabled: false }), 204)
    assert.equal(await status('PUT', path, { ...k8s, port: 0 }), 400)
    const { port: shown, enabled, connections, state } = await get(path)
    assert.deepEqual([shown, enabled, connections, state.connected], [moved, true, 2, true])
    assert.deepEqual([await echoed(port), await echoed(moved)], ['ECONNREFUSED', 'hello'])
    const vm = await create('VirtualMachine', machine)
    assert.equal(await status('PUT', vm, { ...machine, port: undefined, name: 'new' }), 204)
    assert.deepEqual([(await get(vm)).port, (await get(vm)).name], [2200, 'new'])
    assert.equal(await status('PUT', vm, { ...machine, port: '2201' }), 204)
    assert.equal((await get(vm)).port, 2201)
  })

  test('a replacement that does not work is kept, and the state says so (API2-140)', async () => {
    const port = await freePort()
    const path = await create('K8S', { ...k8s, port })
    assert.equal(await status('PUT', `${path}/state`, { enabled: true }), 204)
    assert.equal(await status('PUT', path, { ...k8s, port, k8sService: 'nobody' }), 204)
    const { k8sService, enabled, state } = await get(path)
    assert.deepEqual([k8sService, enabled, state.connected, state.openedConnections], ['nobody', true, false, 0])
    assert.equal(await status('PUT', path, { ...k8s, port }), 204)
    assert.deepEqual([(await get(path)).state.connected, await echoed(port)], [true, 'hello'])
  })

  test('enabling opens the local port and shows the state; disabling closes it and ends its connections (API2-134, API2-136, API2-138, API2-141, API2-142, API2-158)', async () => {
    const port = await freePort()
    const path = await create('K8S', { ...k8s, port: String(port), connections: '1' })
    for (const json of [{}, { enabled: 'yes' }, { enabled: 1 }, []])
      assert.equal(await status('PUT', `${path}/state`, json), 400)
    assert.equal(await echoed(port), 'ECONNREFUSED')
    const before = Date.now()
    assert.equal(await status('PUT', `${path}/state`, { enabled: 'true' }), 204)
    const { state, enabled } = await get(path)
    const { connectedSinceTimeStamp: since, ...rest } = state
    assert.deepEqual([enabled, rest], [true, { connected: true, openedConnections: 1 }])
    assert.ok(since >= before && since <= Date.now())
    const client = connect(port, '127.0.0.1')
    client.write('hello')
    await once(client, 'data')
    const [{ type, state: tunnelState, details, comment }] = (await get(subaccountPath)).tunnel.serviceChannels
    assert.deepEqual(
      [type, tunnelState, details, comment],
      ['K8S', 'Connected', `${port}: cp.Cluster.example:443/orders.svc`, ''],
    )
    // Enabling what is enabled does not touch what goes on there (API2-139).
    assert.equal(await status('PUT', `${path}/state`, { enabled: true }), 204)
    client.write('again')
    await once(client, 'data')
    const broken = once(client, 'error')
    for (const _ of [1, 2]) assert.equal(await status('PUT', `${path}/state`, { enabled: false }), 204)
    assert.equal(((await broken)[0] as NodeJS.ErrnoException).code, 'ECONNRESET')
    assert.deepEqual(['state' in (await get(path)), await echoed(port)], [false, 'ECONNREFUSED'])
    assert.equal(await status('DELETE', path), 204)
  })

  test('channels with an instance number listen on the port that follows from it (OPS-038)', async () => {
    // An address of their own: these ports are what they are, whoever else uses them on this machine.
    const address = `127.${process.pid % 250}.${Math.floor(process.pid / 250) % 250}.9`
    using place = temporaryFolder()
    const apart = await startConnector(place.path, region, { channelBindAddress: address })
    try {
      const json = { regionHost, subaccount: id, cloudUser, cloudPassword }
      await apart.call('POST', `${configuration}/subaccounts`, { json })
      region.services.add('Space:Db:a:b').add('g.abap.example')
      await apart.call('POST', `${channels}/HANA`, { json: hana })
      await apart.call('POST', `${channels}/ABAPCloud`, { json: { ...abap, instanceNumber: 11 } })
      const enable = { json: { enabled: true } }
      assert.equal((await apart.call('PUT', `${channels}/HANA/1/state`, enable)).status, 204)
      assert.equal((await apart.call('PUT', `${channels}/ABAPCloud/2/state`, enable)).status, 204)
      assert.deepEqual([await echoed(32_215, address), await echoed(3311, address)], ['hello', 'hello'])
    } finally {
      await apart.close()
    }
  })

  test('enabling and disabling twice is no error and interrupts nothing (API2-139)', async () => {
    const port = await freePort()
    const path = await create('K8S', { ...k8s, port })
    const both = await Promise.all([1, 2].map(() => status('PUT', `${path}/state`, { enabled: true })))
    assert.deepEqual(both, [204, 204])
    assert.equal(await echoed(port), 'hello')
    for (const _ of [1, 2]) assert.equal(await status('PUT', `${path}/state`, { enabled: false }), 204)
    assert.equal(await echoed(port), 'ECONNREFUSED')
  })

  test('what cannot be opened is answered 500 with the reason and stays disabled (API2-137, RC-149, OPS-040)', async () => {
    const port = await freePort()
    const refused = async (path: string, reason: RegExp): Promise<void> => {
      const answer = await connector.call('PUT', `${path}/state`, { json: { enabled: 'true' } })
      assert.deepEqual([answer.status, answer.json.type], [500, 'RUNTIME_FAILURE'])
      assert.match(answer.json.message, /^Service channel could not be opened/)
      assert.match(answer.json.message, reason)
      const channel = await get(path)
      assert.deepEqual([channel.enabled, 'state' in channel], [false, false])
      assert.equal(await status('PUT', `${path}/state`, { enabled: 'false' }), 204)
    }
    const unknown = await create('K8S', { ...k8s, port, k8sService: 'nobody' })
    await refused(unknown, /CHANNEL_NO_MAPPING.*"nobody"/)
    assert.equal(await echoed(port), 'ECONNREFUSED')
    const path = await create('K8S', { ...k8s, port })
    const holder = createServer().listen(port, '127.0.0.1')
    await once(holder, 'listening')
    await refused(path, /the port is in use/)
    holder.close()
    await status('PUT', `${subaccountPath}/state`, { connected: false })
    await refused(path, /CHANNEL_CLOUD_AWAY/)
    await status('PUT', `${subaccountPath}/state`, { connected: true })
    assert.equal(await status('PUT', `${path}/state`, { enabled: true }), 204)
    assert.equal(await echoed(port), 'hello')
  })

  test('monitoring shows the state of every subaccount with its channels, and the connections of each channel (OPS-020, OPS-025)', async () => {
    const port = await freePort()
    const path = await create('K8S', { ...k8s, port, connections: 1, comment: 'orders' })
    await create('HANA', hana)
    assert.equal(await status('PUT', `${path}/state`, { enabled: true }), 204)
    const clients = [1, 2].map(() => connect(port, '127.0.0.1'))
    for (const client of clients) {
      client.write('hello')
      await once(client, 'data')
    }
    const own = ({ subaccount }: { subaccount: string }): boolean => subaccount === id
    const all = await get('/api/monitoring/connections/serviceChannels')
    assert.deepEqual([all.version, all.subaccounts.length], [1, 2])
    assert.deepEqual(all.subaccounts.find(own), {
      serviceChannelConnections: [{ port, typeDesc: { typeKey: 'K8S', typeName: 'K8s Cluster' }, connections: 2 }],
      regionHost,
      subaccount: id,
      locationID: '',
    })
    for (const client of clients) client.destroy()
    const openNow = async (): Promise<number> =>
      (await get('/api/monitoring/connections/serviceChannels')).subaccounts.find(own).serviceChannelConnections[0]
        .connections
    await eventually(async () => (await openNow()) === 0)
    const { subaccounts, version } = await get('/api/monitoring/subaccounts')
    const { tunnel: shown, ...rest } = subaccounts.find(own)
    const { connectedSince, ...tunnel } = shown
    assert.deepEqual(
      [version, rest],
      [1, { description: '', displayName: id, regionHost, subaccount: id, locationID: '' }],
    )
    assert.deepEqual(tunnel, (await get(subaccountPath)).tunnel)
    assert.match(connectedSince, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} [+-]\d{4}$/)
    assert.deepEqual([tunnel.state, tunnel.serviceChannels.length, tunnel.user], ['Connected', 1, cloudUser])
    assert.equal((await connector.call('GET', '/api/monitoring/subaccounts', { login: false })).status, 401)
  })

  test('two subaccounts may have channels on one port, but only one of them open (API2-151, OPS-040)', async () => {
    const port = await freePort()
    const first = await create('K8S', { ...k8s, port })
    const second = await create('K8S', { ...k8s, port }, channels.replace(id, other))
    assert.equal(await status('PUT', `${first}/state`, { enabled: true }), 204)
    const refused = await connector.call('PUT', `${second}/state`, { json: { enabled: true } })
    assert.deepEqual([refused.status, refused.json.type], [500, 'RUNTIME_FAILURE'])
    assert.deepEqual([await echoed(port), (await get(second)).enabled], ['hello', false])
    assert.equal(await status('PUT', `${first}/state`, { enabled: false }), 204)
    assert.equal(await status('PUT', `${second}/state`, { enabled: true }), 204)
    assert.equal(await echoed(port), 'hello')
  })

  test('deleting a channel, a type or all of them closes the ports and the tunnels (API2-144, API2-145)', async () => {
    for (const address of [(path: string) => path, () => `${channels}/K8S`, () => channels]) {
      const port = await freePort()
      const path = await create('K8S', { ...k8s, port })
      assert.equal(await status('PUT', `${path}/state`, { enabled: true }), 204)
      assert.equal(await echoed(port), 'hello')
      assert.equal(await status('DELETE', address(path)), 204)
      assert.equal(await echoed(port), 'ECONNREFUSED')
    }
    await eventually(() => region.tunnels.size === 0)
  })

  test('enabled channels are open again after a restart; while the subaccount is off they are not (API2-152)', async () => {
    const port = await freePort()
    const path = await create('K8S', { ...k8s, port })
    assert.equal(await status('PUT', `${path}/state`, { enabled: true }), 204)
    await connector.close()
    assert.equal(await echoed(port), 'ECONNREFUSED')
    connector = await startConnector(folder.path, region)
    await eventually(async () => (await get(path)).state.connected)
    assert.equal(await echoed(port), 'hello')
    await status('PUT', `${subaccountPath}/state`, { connected: false })
    const { enabled, state } = await get(path)
    assert.deepEqual([enabled, state.connected, state.openedConnections], [true, false, 0])
    await status('PUT', `${subaccountPath}/state`, { connected: true })
    await eventually(async () => (await get(path)).state.connected)
    assert.equal(await echoed(port), 'hello')
  })

  test('a port that somebody else took meanwhile is opened as soon as it is free (OPS-040)', async () => {
    const port = await freePort()
    const path = await create('K8S', { ...k8s, port })
    assert.equal(await status('PUT', `${path}/state`, { enabled: true }), 204)
    await connector.close()
    const holder = createServer((socket) => socket.end('somebody else')).listen(port, '127.0.0.1')
    await once(holder, 'listening')
    connector = await startConnector(folder.path, region)
    await eventually(async () => (await get(path)).state.openedConnections > 0)
    const { enabled, state } = await get(path)
    assert.deepEqual([enabled, state.connected, await echoed(port)], [true, false, 'somebody else'])
    holder.close()
    await eventually(async () => (await get(path)).state.connected)
    assert.equal(await echoed(port), 'hello')
  })

  test('a deleted subaccount takes its channels with it for good (API2-154)', async () => {
    const port = await freePort()
    const path = await create('K8S', { ...k8s, port }, channels.replace(id, other))
    assert.equal(await status('PUT', `${path}/state`, { enabled: true }), 204)
    assert.equal(await echoed(port), 'hello')
    assert.equal(await status('DELETE', subaccountPath.replace(id, other)), 204)
    assert.equal(await echoed(port), 'ECONNREFUSED')
    const again = { regionHost, subaccount: other, cloudUser, cloudPassword }
    assert.equal(await status('POST', `${configuration}/subaccounts`, again), 201)
    assert.deepEqual(await get(channels.replace(id, other)), [])
    assert.equal(await echoed(port), 'ECONNREFUSED')
  })

  test('the complete service string in place of the cluster host is taken apart (OPS-042)', async () => {
    const path = await create('K8S', {
      ...k8s,
      k8sCluster: 'https://gw.example.org:443/my.service',
      k8sService: undefined,
    })
    const { k8sCluster, k8sService } = await get(path)
    assert.deepEqual([k8sCluster, k8sService], ['gw.example.org:443', 'my.service'])
  })

  test('obsolete addresses without a type work for every type (API2-143, API2-147, API2-148, API2-149)', async () => {
    const port = await freePort()
    const path = await create('K8S', { ...k8s, port, connections: 1 })
    const old = path.replace('/K8S', '')
    assert.equal(await status('PUT', `${old}/state`, { enabled: true }), 204)
    const { id: number, _links, connectedSinceTimeStamp, ...shape } = await get(old)
    assert.ok(connectedSinceTimeStamp > 0)
    assert.deepEqual(shape, {
      typeDesc: { typeKey: 'K8S', typeName: 'K8s Cluster' },
      details: 'cp.Cluster.example:443/orders.svc',
      port,
      enabled: true,
      connected: true,
      connectionsCount: 1,
      availableConnectionsCount: 1,
    })
    assert.equal(await status('DELETE', old), 204)
    for (const [typeKey, type, serviceNumber, port] of [
      ['HANA_DB', 'HANA', 1, 30_115],
      ['RFC', 'ABAPCloud', '7', 3307],
      ['HCPVM', 'VirtualMachine', 2222, 2222],
    ] as const) {
      const json = { typeKey, details: 'name', serviceNumber, connectionCount: 3 }
      assert.equal(await status('POST', channels, json), 201)
      const [channel] = await get(`${channels}/${type}`)
      assert.deepEqual([channel.port, channel.connections], [port, 3])
      assert.equal(await status('PUT', `${channels}/${channel.id}`, { ...json, connectionCount: 4 }), 204)
      assert.equal((await get(`${channels}/${channel.id}`)).connectionsCount, 4)
    }
    const unknown = { typeKey: 'K8S', details: 'name', serviceNumber: 1, connectionCount: 3 }
    assert.equal(await status('POST', channels, unknown), 400)
    assert.equal((await get(channels)).length, 3)
  })

  test('mass deletion takes one type or all, of one subaccount (API2-145)', async () => {
    const foreign = await create('K8S', k8s, channels.replace(id, other))
    await create('K8S', k8s)
    await create('HANA', hana)
    for (const _ of [1, 2]) assert.equal(await status('DELETE', `${channels}/K8S`), 204)
    assert.deepEqual([(await get(channels)).length, await status('GET', foreign)], [1, 200])
    for (const _ of [1, 2]) assert.equal(await status('DELETE', channels), 204)
    assert.deepEqual([await get(channels), await status('GET', foreign)], [[], 200])
    await connector.call('DELETE', subaccountPath.replace(id, other))
    const again = { regionHost, subaccount: other, cloudUser, cloudPassword }
    assert.equal(await status('POST', `${configuration}/subaccounts`, again), 201)
    assert.deepEqual(await get(channels.replace(id, other)), [])
  })

  test('what channels could lead to is listed as the cloud side says, and unavailable while it says nothing (API2-146)', async () => {
    const databases = await get(`${subaccountPath}/availableChannels/HANA`)
    assert.deepEqual(databases[0], { hanaInstanceName: 'orders.svc', version: '', type: '' })
    const machines = await get(`${subaccountPath}/availableChannels/VirtualMachine`)
    assert.deepEqual(machines[0], { endpointId: 'orders.svc', name: 'name of orders.svc' })
    await status('PUT', `${subaccountPath}/state`, { connected: false })
    for (const type of ['HANA', 'VirtualMachine']) {
      const answer = await connector.call('GET', `${subaccountPath}/availableChannels/${type}`)
      assert.deepEqual([answer.status, answer.json.type], [500, 'RUNTIME_FAILURE'])
    }
    await status('PUT', `${subaccountPath}/state`, { connected: true })
  })
})
