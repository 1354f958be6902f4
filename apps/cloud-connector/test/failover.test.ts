import assert from 'node:assert/strict'
import { createServer as createHttpsServer } from 'node:https'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import type { ConnectorSettings } from '@landbridge/connector'
import { ConnectorStore } from '@landbridge/store'
import { freePort } from '@landbridge/testkit'
import { StreamKind } from '@landbridge/tunnel'
import { type FakeTunnel, openExchange, startFakeCloudProxy } from './fake-cloud-proxy.ts'
import { cloudPassword, cloudUser } from './fake-region.ts'
import { type Instance, masterPath, PairScene, portOf, shadowPath } from './pair-scene.ts'
import { id, openConnectorStore, subaccountPath } from './running-connector.ts'

/** A pair with one connected subaccount. */
async function startPair(more: object = {}): Promise<PairScene> {
  const scene = await PairScene.start()
  await scene.pairSubaccount()
  await scene.join(more)
  await scene.until(scene.one, 'master', 'CONNECTED')
  await scene.eventually(() => scene.region.controls.length > 0)
  return scene
}

const switchRoles = (scene: PairScene, instance: Instance, op: string) =>
  scene.during(instance.running.call('POST', `${masterPath}/state`, { json: { op } }))

const addMapping = async (scene: PairScene, instance: Instance, virtualHost: string): Promise<number> => {
  const json = {
    ...{ virtualHost, virtualPort: '443', localHost: 'erp.corp', localPort: '443' },
    ...{ protocol: 'HTTPS', backendType: 'abapSys', authenticationMode: 'NONE' },
  }
  return (await scene.during(instance.running.call('POST', `${subaccountPath}/systemMappings`, { json }))).status
}

/** The certificate and key by which an instance that has ended is known to the other one. */
const identityOf = async ({ folder }: Instance, { clock }: PairScene): Promise<{ cert: string; key: string }> => {
  const store = await openConnectorStore(folder, clock)
  const { uiCertificate } = (await ConnectorStore.open(store, {} as ConnectorSettings)).current.settings
  await store.close()
  return { cert: uiCertificate?.cert ?? '', key: uiCertificate?.key.reveal() ?? '' }
}

const hasMapping = async (scene: PairScene, instance: Instance, virtualHost: string): Promise<boolean> => {
  const list = (await scene.get(instance, `${subaccountPath}/systemMappings`)) as { virtualHost: string }[]
  return list.some((mapping) => mapping.virtualHost === virtualHost)
}

test('a shadow has no tunnel; when its master is gone longer than the takeover delay it opens them under the same identity and location and is master (API1-090, OPS-143, RFC-175)', async () => {
  await using scene = await startPair()
  const { one, two, region, clock } = scene
  assert.equal(region.controls.length, 1)
  const hello = region.hellos[0]
  await scene.stop(one)
  const stoppedMs = clock.now()
  await scene.until(two, 'master', 'BROKEN')
  assert.ok(clock.now() - stoppedMs >= 5_000, 'the delay was not waited for')
  const again = region.hellos.at(-1)
  assert.deepEqual([again?.connectorId, again?.locationId, again?.subaccountId], [hello?.connectorId, '', id])
  await scene.eventually(async () => (await scene.get(two, subaccountPath)).tunnel.state === 'Connected')
  assert.equal(await addMapping(scene, two, 'new.virtual'), 201)
})

test('a master that answers in time again keeps its role (API1-090, PLAT-181)', async () => {
  await using scene = await startPair({ takeoverDelayInSeconds: 600, connectTimeoutInMillis: 20_000 })
  const { one, two } = scene
  one.link.swallow()
  await scene.until(two, 'shadow', 'LOST')
  assert.match((await scene.get(two, `${shadowPath}/state`)).stateMessage, /does not answer/)
  for (let second = 0; second < 60; second++) await scene.pass(1_000)
  assert.equal(await scene.state(two), 'LOST')
  one.link.mend()
  await scene.until(two, 'shadow', 'READY')
  assert.equal((await scene.get(two, `${shadowPath}/state`)).stateMessage, undefined)
  for (let second = 0; second < 20; second++) await scene.pass(1_000)
  assert.deepEqual([await scene.role(one), await scene.role(two)], ['master', 'shadow'])
  assert.equal(scene.region.hellos.length, 1)
})

test('as long as no subaccount can be connected the shadow stays shadow and keeps trying (API1-090, OPS-144, OPS-145)', async () => {
  await using scene = await startPair()
  const { one, two, region } = scene
  await scene.stop(one)
  region.refuse = true
  await scene.eventually(() => region.hellos.length >= 4)
  assert.deepEqual([await scene.role(two), await scene.state(two)], ['shadow', 'LOST'])
  await scene.eventually(async () =>
    /no subaccount could be connected/.test((await scene.get(two, `${shadowPath}/state`)).stateMessage),
  )
  assert.equal(await addMapping(scene, two, 'new.virtual'), 403)
  region.refuse = false
  await scene.eventually(async () => (await scene.role(two)) === 'master')
})

test('a former master that comes back joins its former shadow before it opens a tunnel, and gets what changed meanwhile (API1-091, OPS-147)', async () => {
  await using scene = await startPair()
  const { one, two, region } = scene
  await scene.stop(one)
  await scene.eventually(async () => (await scene.role(two)) === 'master')
  assert.equal(await addMapping(scene, two, 'meanwhile.virtual'), 201)
  const hellos = region.hellos.length
  one.link.mend()
  await scene.restart(one)
  assert.equal(await scene.role(one), 'shadow')
  await scene.until(one, 'shadow', 'READY')
  await scene.until(two, 'master', 'CONNECTED')
  assert.ok(await hasMapping(scene, one, 'meanwhile.virtual'))
  assert.equal(region.hellos.length, hellos)
  await switchRoles(scene, two, 'SWITCH')
  await scene.until(one, 'master', 'CONNECTED')
  await scene.until(two, 'shadow', 'READY')
})

test('two masters after a cut link: the former one becomes shadow of the later one by itself (API1-091, OPS-146, PLAT-174)', async () => {
  await using scene = await startPair()
  const { one, two } = scene
  one.link.cut()
  two.link.cut()
  await scene.eventually(async () => (await scene.role(two)) === 'master')
  assert.equal(await scene.role(one), 'master')
  assert.equal(await addMapping(scene, two, 'later.virtual'), 201)
  one.link.mend()
  two.link.mend()
  await scene.until(one, 'shadow', 'READY')
  await scene.until(two, 'master', 'CONNECTED')
  assert.ok(await hasMapping(scene, one, 'later.virtual'))
})

test('a former master that does not reach the later one at its start finds out afterwards (PLAT-174)', async () => {
  await using scene = await startPair()
  const { one, two } = scene
  await scene.stop(one)
  await scene.eventually(async () => (await scene.role(two)) === 'master')
  two.link.cut()
  await scene.restart(one)
  for (let second = 0; second < 10; second++) await scene.pass(1_000)
  assert.equal(await scene.role(one), 'master')
  two.link.mend()
  await scene.until(one, 'shadow', 'READY')
  assert.equal(await scene.role(two), 'master')
})

test('SWITCH exchanges the roles, and again back; the new master is connected at once (API1-069, OPS-148, RFC-098)', async () => {
  await using scene = await startPair()
  const { one, two, region } = scene
  assert.equal(await addMapping(scene, one, 'last.virtual'), 201)
  assert.equal((await switchRoles(scene, one, 'SWITCH')).status, 204)
  assert.equal(await scene.role(one), 'shadow')
  await scene.until(two, 'master', 'CONNECTED')
  await scene.until(one, 'shadow', 'READY')
  await scene.eventually(async () => (await scene.get(two, subaccountPath)).tunnel.state === 'Connected')
  assert.ok(await hasMapping(scene, two, 'last.virtual'))
  assert.equal(region.hellos.length, 2)
  assert.equal((await scene.get(one, subaccountPath)).tunnel.state, 'Disconnected')
  assert.equal((await switchRoles(scene, two, 'SWITCH')).status, 204)
  await scene.until(one, 'master', 'CONNECTED')
  await scene.until(two, 'shadow', 'READY')
})

test('enabled service channels listen on the master only, and after a takeover on the same ports (API2-153, OPS-048)', async () => {
  await using scene = await startPair()
  const { one, two, region } = scene
  region.services.add('orders.svc')
  const port = await freePort()
  const json = { k8sCluster: 'cluster:443', k8sService: 'orders.svc', port, connections: 1 }
  const added = await scene.during(one.running.call('POST', `${subaccountPath}/channels/K8S`, { json }))
  const path = new URL(String(added.headers.location)).pathname
  await scene.put(one, `${path}/state`, { enabled: true })
  const ask = () =>
    new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('hello'))
      socket
        .on('error', ({ message }) => resolve(message))
        .on('data', (bytes) => {
          resolve(bytes.toString())
          socket.destroy()
        })
    })
  assert.equal(await scene.during(ask()), 'hello')
  await scene.eventually(async () => (await scene.get(two, path)).enabled === true)
  await scene.stop(one)
  assert.match(await scene.during(ask()), /ECONNREFUSED/)
  await scene.eventually(async () => (await scene.role(two)) === 'master')
  await scene.eventually(async () => (await scene.get(two, path)).state.connected)
  assert.equal(await scene.during(ask()), 'hello')
})

test('a renewed certificate of a subaccount is on the shadow at once (SCC-098, OPS-156, PLAT-128)', async () => {
  await using scene = await startPair()
  const { one, two, region } = scene
  const serial = async (instance: Instance): Promise<string> =>
    (await scene.get(instance, subaccountPath)).tunnel.subaccountCertificate.serialNumber
  const before = await serial(two)
  const json = { user: cloudUser, password: cloudPassword }
  assert.equal((await scene.during(one.running.call('POST', `${subaccountPath}/validity`, { json }))).status, 200)
  const renewed = await serial(one)
  assert.notEqual(renewed, before)
  await scene.eventually(async () => (await serial(two)) === renewed)
  await scene.stop(one)
  await scene.eventually(async () => (await scene.role(two)) === 'master')
  const shown = region.controls.at(-1)?.serialNumber.toLowerCase()
  assert.equal(shown, renewed.replaceAll(':', ''))
})

test('a call that runs does not hold up a switch: it breaks, and the new master carries the next one (RFC-098, OPS-149)', async () => {
  await using scene = await startPair()
  const { one, two, region } = scene
  const serverName = 'connectivitytunnel.test'
  const cloud = await startFakeCloudProxy(region.ca, serverName)
  const backend = createServer((socket) => socket.on('error', () => {}).pipe(socket))
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
  const address = backend.address()
  const localPort = typeof address === 'object' ? address?.port : 0
  const json = {
    ...{ virtualHost: 'tcp.virtual', virtualPort: '7', localHost: '127.0.0.1', localPort },
    ...{ protocol: 'TCP', backendType: 'nonSAPsys' },
  }
  const added = await scene.during(one.running.call('POST', `${subaccountPath}/systemMappings`, { json }))
  assert.equal(added.status, 201, added.text)
  const openTunnel = async (): Promise<FakeTunnel> => {
    const known = cloud.tunnels.length
    region.controls.at(-1)?.channel.send({
      ...{ type: 'open-tunnel', ticket: 't', host: '127.0.0.1', port: cloud.port, serverName },
      ...{ proxyId: 'p', displayName: 'proxy' },
    })
    await scene.eventually(() => cloud.tunnels.length > known)
    return cloud.tunnels[known]!
  }
  const call = async () => {
    const exchange = openExchange(await openTunnel(), StreamKind.tcp, 'tcp.virtual', 7, 'ping')
    await scene.during(exchange.received(4))
    return exchange
  }
  const running = await call()
  await scene.eventually(() => hasMapping(scene, two, 'tcp.virtual'))
  assert.equal((await switchRoles(scene, one, 'SWITCH')).status, 204)
  await scene.during(running.ended)
  await scene.until(two, 'master', 'CONNECTED')
  await scene.eventually(async () => (await scene.get(two, subaccountPath)).tunnel.state === 'Connected')
  const next = await call()
  assert.match((await scene.during(next.received(4))).toString('latin1'), /ping/)
  next.stream.reset()
  await cloud.close()
  backend.close()
})

test('the role "shadow" given to a master with a shadow exchanges the roles as well (API1-060)', async () => {
  await using scene = await startPair()
  const { one, two } = scene
  const path = masterPath.replace('/ha/master', '/haRole')
  assert.equal((await scene.during(one.running.call('POST', path, { json: 'shadow' }))).status, 204)
  await scene.until(two, 'master', 'CONNECTED')
  assert.equal(await scene.role(one), 'shadow')
})

test('FORCE_SWITCH makes a shadow even of a master whose shadow is away; it takes over when it is back; nonsense in its place changes nothing (API1-070, OPS-148, OPS-151, PLAT-173)', async () => {
  await using scene = await startPair()
  const { one, two } = scene
  await scene.stop(two)
  await scene.until(one, 'master', 'BROKEN')
  two.link.mend()
  const asked = { times: 0 }
  const inItsPlace = createHttpsServer(await identityOf(two, scene), (request, response) => {
    asked.times += 1
    request.resume()
    response.end(JSON.stringify({ role: 'master' }))
  })
  await new Promise<void>((resolve) => inItsPlace.listen(portOf(two.running), '127.0.0.1', resolve))
  await scene.eventually(() => asked.times > 1)
  assert.equal(await scene.role(one), 'master')
  inItsPlace.closeAllConnections()
  await new Promise((resolve) => inItsPlace.close(resolve))
  assert.equal((await switchRoles(scene, one, 'SWITCH')).status, 409)
  assert.equal((await switchRoles(scene, one, 'FORCE_SWITCH')).status, 204)
  assert.equal(await scene.role(one), 'shadow')
  await scene.restart(two)
  await scene.until(two, 'master', 'CONNECTED')
  await scene.until(one, 'shadow', 'READY')
})

test('a shadow that dies in the middle of a switch takes over when it is back (OPS-151, PLAT-173)', async () => {
  await using scene = await startPair()
  const { one, two } = scene
  one.link.cut()
  assert.equal((await switchRoles(scene, one, 'FORCE_SWITCH')).status, 204)
  await scene.stop(two)
  one.link.mend()
  two.link.mend()
  await scene.restart(two)
  await scene.until(two, 'master', 'CONNECTED')
  await scene.until(one, 'shadow', 'READY')
})

test('a refusal of the master is no reason to take over: new certificate, high availability switched off (API1-132, PLAT-180)', async () => {
  await using scene = await startPair()
  const { one, two } = scene
  const subjectAltNames = [{ type: 'IP', value: '127.0.0.1' }]
  const json = { type: 'selfsigned', keySize: 2048, subjectDN: 'CN=cc1', subjectAltNames }
  const path = masterPath.replace('/ha/master', '/ui/uiCertificate')
  assert.equal((await scene.during(one.running.call('POST', path, { json }))).status, 201)
  one.link.cut()
  one.link.mend()
  await scene.until(two, 'shadow', 'LOST')
  for (let second = 0; second < 60; second++) await scene.pass(1_000)
  assert.deepEqual([await scene.role(two), await scene.state(two)], ['shadow', 'LOST'])
  const again = await scene.connect({})
  assert.deepEqual([again.status, again.json.type], [400, 'INVALID_REQUEST'])
  assert.match(again.json.message, /another certificate/)
  assert.equal((await scene.connect()).status, 204)
  await scene.until(two, 'shadow', 'READY')
  await scene.put(one, `${masterPath}/config`, { haEnabled: false })
  one.link.cut()
  one.link.mend()
  await scene.until(two, 'shadow', 'LOST')
  assert.match((await scene.get(two, `${shadowPath}/state`)).stateMessage, /not enabled/)
  for (let second = 0; second < 60; second++) await scene.pass(1_000)
  assert.equal(await scene.role(two), 'shadow')
})
