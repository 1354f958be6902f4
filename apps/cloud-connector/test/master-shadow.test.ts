import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectorPath, masterPath, PairScene } from './pair-scene.ts'
import { configuration, subaccountPath } from './running-connector.ts'

const mapping = (virtualHost: string) => ({
  ...{ virtualHost, virtualPort: '443', localHost: 'erp.corp', localPort: '443' },
  ...{ protocol: 'HTTPS', backendType: 'abapSys', authenticationMode: 'NONE' },
})

test('a shadow that connects gets the whole configuration, then every change, and changes nothing itself (API1-083, API1-088, API1-285, API2-006, API2-029, OPS-136, OPS-137)', async () => {
  await using scene = await PairScene.start()
  await scene.pairSubaccount()
  const { one, two } = scene
  await scene.put(one, connectorPath, { description: 'plant' })
  await scene.put(one, `${connectorPath}/proxy`, { host: 'proxy', port: 8080, user: 'u', password: 'p' })
  await scene.during(one.running.call('POST', `${subaccountPath}/systemMappings`, { json: mapping('a.virtual') }))
  assert.deepEqual(await scene.get(one, `${masterPath}/state`), { state: 'ALONE', shadowHost: '' })
  await scene.join()
  assert.equal(await scene.state(two), 'READY')
  await scene.until(one, 'master', 'CONNECTED')
  assert.deepEqual(await scene.get(one, `${masterPath}/state`), { state: 'CONNECTED', shadowHost: two.address })
  const paths = [
    `${connectorPath}/proxy`,
    `${configuration}/subaccounts`,
    `${subaccountPath}/systemMappings`,
    `${connectorPath}/onPremise/truststore`,
  ]
  const same = async (path: string): Promise<void> => {
    const strip = (value: unknown) => JSON.stringify(value).replaceAll(/https:\/\/127\.0\.0\.1:\d+/g, '')
    assert.equal(strip(await scene.get(two, path)), strip(await scene.get(one, path)), path)
  }
  for (const path of paths) await same(path)
  assert.equal((await scene.get(two, connectorPath)).description, 'plant')
  await scene.during(one.running.call('POST', `${subaccountPath}/systemMappings`, { json: mapping('b.virtual') }))
  await scene.during(
    one.running.call('POST', `${subaccountPath}/systemMappings/b.virtual:443/resources`, { json: { id: '/b' } }),
  )
  await scene.eventually(
    async () => (await scene.get(two, `${subaccountPath}/systemMappings/b.virtual:443/resources`)).length === 1,
  )
  await scene.during(one.running.call('DELETE', `${subaccountPath}/systemMappings/a.virtual:443`))
  await scene.eventually(async () => (await scene.get(two, `${subaccountPath}/systemMappings`)).length === 1)
  for (const path of paths) await same(path)
  for (const [method, path] of [
    ['POST', `${subaccountPath}/systemMappings`],
    ['DELETE', `${subaccountPath}/systemMappings/b.virtual:443`],
    ['PUT', `${subaccountPath}/state`],
  ] as const) {
    const answer = await scene.during(two.running.call(method, path, { json: mapping('c.virtual') }))
    assert.deepEqual([answer.status, answer.json.type], [403, 'FORBIDDEN_REQUEST'])
  }
  await same(`${subaccountPath}/systemMappings`)
})
