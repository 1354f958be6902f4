import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestRecord, SubaccountTraffic } from '@landbridge/connector'
import { socks5AuthRequest, socks5ConnectRequest, socks5Greeting } from '@landbridge/socks5'
import { ClassicClient, demoUser, mapping, WireSocket } from '@landbridge/testkit'
import { functionModule, RfcScene } from './scene.ts'

function trafficOf(scene: RfcScene): SubaccountTraffic {
  const { traffic } = scene.plane.connector.context
  assert.ok(traffic !== undefined)
  return traffic
}

/** The system has ended the call when its reply is there; the connector has counted it a moment later. */
async function until<T>(find: () => T | undefined): Promise<T> {
  for (;;) {
    const found = find()
    if (found !== undefined) return found
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('calls appear with their function module in buckets, lists and usage, denied ones do not (RFC-094, RFC-095)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('STFC_CONNECTION'), functionModule('Z_', { exactMatchOnly: false })])
  const traffic = trafficOf(scene)
  const client = await scene.loggedOn()
  await client.call('STFC_CONNECTION', { REQUTEXT: 'hello' })
  await assert.rejects(client.call('RFC_SYSTEM_INFO'))
  await client.call('Z_COUNT')
  await client.call('Z_FILL', { BYTES: '200000' })
  const recent = await until(() => (traffic.recentRequests().length < 4 ? undefined : traffic.recentRequests()))
  const facts = ({ protocol, resource, user, virtualBackend }: RequestRecord) => [
    ...[protocol, resource, user, virtualBackend],
  ]
  const common = ['TECHUSER', 'abap.virtual:sapgw42']
  assert.deepEqual(recent.map(facts), [
    ['RFC', 'Z_FILL', ...common],
    ['RFC', 'Z_COUNT', ...common],
    ['RFC', 'STFC_CONNECTION', ...common],
    ['RFC', 'RFCPING', ...common],
  ])
  assert.equal(traffic.topTimeConsumers().length, 4)
  const [measured] = traffic.performance()
  assert.deepEqual(
    [measured?.virtualHost, measured?.virtualPort, measured?.protocol],
    ['abap.virtual', 'sapgw42', 'RFC'],
  )
  assert.equal(
    measured?.buckets.reduce((sum, { calls }) => sum + calls, 0),
    4,
  )
  const usage = traffic.systems.get('abap.virtual:sapgw42')?.usage
  const z = usage?.get('Z_')?.read()
  assert.deepEqual([usage?.get('STFC_CONNECTION')?.read().calls, z?.calls], [1, 2])
  assert.ok(z !== undefined && z.bytesSent > 200_000 && z.bytesReceived > 0 && z.mostRecentAccessMs > 0)
})

test('an open RFC connection counts as active until it is closed (OPS-023)', async () => {
  await using scene = await RfcScene.start()
  scene.expose()
  const system = () => trafficOf(scene).systems.get('abap.virtual:sapgw42')
  const client = await scene.loggedOn()
  assert.equal(system()?.openConnections, 1)
  client.close()
  await until(() => (system()?.openConnections === 0 ? true : undefined))
})

test('at level All every allowed call is told with its function module (RFC-093)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('STFC_CONNECTION'), functionModule('Z_COUNT')])
  const client = await scene.loggedOn()
  for (const name of ['STFC_CONNECTION', 'Z_COUNT', 'STFC_CONNECTION']) await client.call(name)
  await assert.rejects(client.call('RFC_SYSTEM_INFO'))
  assert.deepEqual(
    scene.plane.connector.allowed.map(({ resource, virtualHost, virtualPort }) => [resource, virtualHost, virtualPort]),
    ['RFCPING', 'STFC_CONNECTION', 'Z_COUNT', 'STFC_CONNECTION'].map((name) => [name, 'abap.virtual', 'sapgw42']),
  )
})

test('a connection that breaks while a reply is awaited fails that call, and neither other calls nor the next one (RFC-065)', async () => {
  await using scene = await RfcScene.start()
  scene.expose([functionModule('Z_', { exactMatchOnly: false })])
  const other = await scene.loggedOn()
  const broken = await scene.loggedOn()
  const [, socket] = scene.gateway.connections
  const waiting = assert.rejects(broken.call('Z_SLEEP', { MILLISECONDS: '50000' }), /connection/)
  await until(() => scene.gateway.calls.find((call) => call.function === 'Z_SLEEP'))
  socket?.resetAndDestroy()
  await waiting
  assert.equal((await other.call('Z_COUNT')).exports.get('COUNT'), '1')
  const next = await scene.loggedOn()
  assert.equal((await next.call('Z_COUNT')).exports.get('COUNT'), '1')
  const { resource } = await until(() =>
    trafficOf(scene)
      .topTimeConsumers()
      .find((call) => call.resource === 'Z_SLEEP'),
  )
  assert.equal(resource, 'Z_SLEEP')
})

test('RFC passes a TCP mapping unseen through the SOCKS5 proxy: no list of functions, clients or users counts (RFC-073)', async () => {
  await using scene = await RfcScene.start()
  scene.plane.connector.expose([
    mapping('abap.virtual', scene.gateway.port, {
      ...{ virtualPort: '3342', protocol: 'TCP' },
      ...{ allowedClients: ['999'], blockedUsers: [{ client: '000', user: 'TECHUSER' }] },
    }),
  ])
  const socket = await WireSocket.connect(scene.plane.socksPort)
  scene.plane.defer(() => socket.destroy())
  const token = await scene.plane.token()
  socket.send(Buffer.concat([socks5Greeting(), socks5AuthRequest(token), socks5ConnectRequest('abap.virtual', 3342)]))
  assert.equal((await socket.read(14))[5], 0)
  const client = new ClassicClient(socket.socket)
  await client.logOn(demoUser)
  const { exports } = await client.call('STFC_CONNECTION', { REQUTEXT: 'unseen' })
  assert.equal(exports.get('ECHOTEXT'), 'unseen')
})
