// Service channels of a pair of master and shadow. Each has an address of its own, so that their ports can be told apart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort } from '@landbridge/testkit'
import { echoed } from './echoed.ts'
import { masterPath, PairScene } from './pair-scene.ts'
import { subaccountPath } from './running-connector.ts'

test('only the master has the ports of channels open; the new master opens the same ones, after a failure and after a switch (API2-153, OPS-048)', async () => {
  await using scene = await PairScene.start({ channelBindAddress: '127.0.0.12' })
  const { one, two, region } = scene
  region.services.add('orders')
  await scene.pairSubaccount()
  await scene.join()
  await scene.until(one, 'master', 'CONNECTED')
  const port = await freePort()
  const channel = { k8sCluster: 'gw.test', k8sService: 'orders', port, connections: 1 }
  const created = await scene.during(one.running.call('POST', `${subaccountPath}/channels/K8S`, { json: channel }))
  assert.equal(created.status, 201)
  const path = `${subaccountPath}/channels/K8S/1`
  await scene.put(one, `${path}/state`, { enabled: true })
  await scene.eventually(async () => (await scene.get(two, path)).enabled === true)
  assert.deepEqual([await echoed(port, '127.0.0.1'), await echoed(port, '127.0.0.12')], ['hello', 'ECONNREFUSED'])
  assert.equal((await scene.get(two, path)).state.connected, false)
  const watched = await scene.during(two.running.call('GET', '/api/monitoring/connections/serviceChannels'))
  assert.deepEqual([watched.status, watched.json.type], [400, 'INVALID_REQUEST'])

  const switched = await scene.during(one.running.call('POST', `${masterPath}/state`, { json: { op: 'SWITCH' } }))
  assert.ok(switched.status < 300, switched.text)
  await scene.eventually(async () => (await scene.get(two, path)).state.connected === true)
  assert.deepEqual([await echoed(port, '127.0.0.1'), await echoed(port, '127.0.0.12')], ['ECONNREFUSED', 'hello'])

  await scene.until(two, 'master', 'CONNECTED')
  await scene.stop(two)
  await scene.eventually(async () => (await scene.role(one)) === 'master')
  await scene.eventually(async () => (await scene.get(one, path)).state.connected === true)
  assert.equal(await echoed(port, '127.0.0.1'), 'hello')
})
