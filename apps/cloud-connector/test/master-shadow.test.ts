import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '@landbridge/kernel'
import { temporaryFolder } from '@landbridge/testkit'
import { connectorPath, masterPath, PairScene, portOf, shadowPath } from './pair-scene.ts'
import { configuration, password, startConnector, subaccountPath } from './running-connector.ts'

const mapping = (virtualHost: string) => ({
  ...{ virtualHost, virtualPort: '443', localHost: 'erp.corp', localPort: '443' },
  ...{ protocol: 'HTTPS', backendType: 'abapSys', authenticationMode: 'NONE' },
})

test('a shadow that connects gets the whole configuration, then every change, and changes nothing itself (API1-083, API1-088, API1-285, API2-006, API2-029, OPS-136, OPS-137, OPS-141, OPS-159)', async () => {
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
  const { peer } = await scene.get(one, '/api/v1/landbridge/ha')
  assert.deepEqual([peer.checkIntervalInSeconds, peer.takeoverDelayInSeconds], [3, 5])
  // Both have a proxy now that does not exist: what follows comes all the same.
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

test('what each instance has for itself is not copied: users, certificate of the port, own settings, audit trail (API1-089, OPS-153, OPS-154)', async () => {
  await using scene = await PairScene.start()
  const { one, two } = scene
  const certificates = async () => [
    (await scene.get(one, `${connectorPath}/ui/uiCertificate`)).serialNumber,
    (await scene.get(two, `${connectorPath}/ui/uiCertificate`)).serialNumber,
  ]
  const before = await certificates()
  assert.notEqual(before[0], before[1])
  await scene.join()
  await scene.put(one, `${connectorPath}/authentication/basic`, { oldPassword: password, newPassword: 'Another-1' })
  const put = (json: object) =>
    scene.during(one.running.call('PUT', connectorPath, { json, user: 'Administrator', password: 'Another-1' }))
  assert.equal((await put({ description: 'after the password' })).status, 200)
  await scene.eventually(async () => (await scene.get(two, connectorPath)).description === 'after the password')
  const own = await scene.get(two, `${shadowPath}/config`)
  assert.deepEqual([own.masterHost, own.checkIntervalInSeconds], [one.address, 3])
  const suites = ['TLS_AES_128_GCM_SHA256']
  await scene.during(two.running.call('POST', `${connectorPath}/ui/cipherSuites`, { json: suites }))
  assert.deepEqual(await scene.get(two, `${connectorPath}/ui/cipherSuites`), suites)
  const trail = (await scene.get(two, '/api/v1/landbridge/audit')) as { actor: string; object: string }[]
  assert.deepEqual(
    trail.filter(({ object }) => object === 'authentication' || object === 'connector').map(({ actor }) => actor),
    ['system'],
  )
  assert.deepEqual(await scene.get(two, '/api/v1/landbridge/audit/verification'), { intact: true })
})

test('a master takes no shadow unless it may: switched off, from another host, with a wrong password (API1-066, API1-067, API1-081, API1-082, API1-084, API1-085, OPS-134, PLAT-182, PLAT-185)', async () => {
  await using scene = await PairScene.start()
  const { one, two } = scene
  const shadowState = () => scene.get(two, `${shadowPath}/state`)
  const refused = async (status: number, type: string, text: RegExp, json?: object): Promise<void> => {
    const answer = await scene.connect(json)
    assert.deepEqual([answer.status, answer.json.type], [status, type], answer.text)
    assert.match(answer.json.message, text)
  }
  assert.deepEqual(Object.keys(await shadowState()), ['state', 'ownHosts'])
  await refused(400, 'INVALID_REQUEST', /masterHost/)
  await scene.put(two, `${shadowPath}/config`, { masterHost: one.address, masterPort: '1' })
  await refused(500, 'RUNTIME_FAILURE', /ECONNREFUSED/)
  const failed = await shadowState()
  assert.deepEqual([Object.keys(failed), failed.state], [['state', 'ownHosts', 'stateMessage'], 'INITIAL'])
  await scene.put(two, `${shadowPath}/config`, { masterPort: portOf(one.running) })
  await refused(400, 'INVALID_REQUEST', /password/, { user: 'Administrator' })
  await refused(400, 'INVALID_REQUEST', /required/, {})
  await refused(400, 'INVALID_REQUEST', /does not accept user and password/, { user: 'Administrator', password: 'x' })
  await refused(400, 'INVALID_REQUEST', /does not accept user and password/, { user: 'A user', password: 'x y' })
  await refused(409, 'ILLEGAL_STATE', /not enabled/, undefined)
  await scene.put(one, `${masterPath}/config`, { haEnabled: 'true', allowedShadowHost: '127.0.0.99' })
  await refused(409, 'ILLEGAL_STATE', /does not allow a shadow on 127\.0\.0\.1\b/)
  await scene.put(one, `${masterPath}/config`, { allowedShadowHost: 'unknown.invalid' })
  await refused(409, 'ILLEGAL_STATE', /does not allow/)
  await refused(400, 'INVALID_REQUEST', /another certificate/, {
    ...{ user: 'Administrator', password },
    masterFingerprint: 'ab'.repeat(32),
  })
  assert.equal((await shadowState()).masterVersions, undefined)
  assert.equal(await scene.state(one), 'ALONE')
  await scene.put(one, `${masterPath}/config`, { allowedShadowHost: '127.0.0.1' })
  assert.equal((await scene.connect()).status, 204)
  const ready = await shadowState()
  assert.deepEqual([Object.keys(ready), ready.state], [['state', 'ownHosts', 'masterVersions'], 'READY'])
  assert.equal(ready.masterVersions.ok, true)
  assert.equal((await scene.connect()).status, 409)
})

test('a shadow disconnects, connects again without a password, and is reset; both ends reset only alone (API1-073, API1-085, API1-086, API1-087, OPS-135, OPS-139, OPS-150)', async () => {
  await using scene = await PairScene.start()
  const { one, two } = scene
  await scene.pairSubaccount()
  await scene.join()
  await scene.until(one, 'master', 'CONNECTED')
  const ask = async (instance: typeof one, method: string, path: string, json?: object) => {
    const answer = await scene.during(instance.running.call(method, path, json === undefined ? {} : { json }))
    return [answer.status, answer.json?.type]
  }
  assert.deepEqual(await ask(one, 'DELETE', `${masterPath}/state`), [409, 'ILLEGAL_STATE'])
  assert.deepEqual(await ask(two, 'DELETE', `${shadowPath}/state`), [409, 'ILLEGAL_STATE'])
  assert.deepEqual(await ask(two, 'POST', `${shadowPath}/state`, { op: 'DISCONNECT' }), [204, undefined])
  assert.deepEqual([await scene.state(one), await scene.state(two)], ['ALONE', 'DISCONNECTED'])
  assert.ok((await scene.get(two, `${shadowPath}/state`)).masterVersions.ok)
  await scene.put(one, connectorPath, { description: 'while disconnected' })
  assert.equal((await scene.get(two, connectorPath)).description, '')
  assert.deepEqual(await ask(two, 'POST', `${shadowPath}/state`, { op: 'DISCONNECT' }), [409, 'ILLEGAL_STATE'])
  assert.equal((await scene.connect({})).status, 204)
  assert.equal((await scene.get(two, connectorPath)).description, 'while disconnected')
  await scene.until(one, 'master', 'CONNECTED')
  await ask(two, 'POST', `${shadowPath}/state`, { op: 'DISCONNECT' })
  assert.deepEqual(await ask(two, 'DELETE', `${shadowPath}/state`), [204, undefined])
  const { masterHost, masterPort, checkIntervalInSeconds } = await scene.get(two, `${shadowPath}/config`)
  assert.deepEqual([masterHost, masterPort, checkIntervalInSeconds], ['', '', 30])
  assert.equal(await scene.state(two), 'INITIAL')
  assert.deepEqual(await scene.get(two, `${configuration}/subaccounts`), [])
  assert.equal((await scene.get(two, connectorPath)).description, '')
  assert.deepEqual(await ask(one, 'DELETE', `${masterPath}/state`), [204, undefined])
  assert.deepEqual(await scene.get(one, `${masterPath}/config`), { haEnabled: false, allowedShadowHost: '' })
})

test('one shadow only: another one is declined until the first has been silent for three intervals (API1-092, OPS-140)', async () => {
  await using scene = await PairScene.start()
  await scene.join()
  const { one, two } = scene
  using folder = temporaryFolder()
  const third = await startConnector(folder.path, scene.region, { haRole: 'shadow' }, silentLog, scene.clock)
  const config = { masterHost: one.address, masterPort: portOf(one.running) }
  await scene.during(third.call('PUT', `${shadowPath}/config`, { json: config }))
  const connect = () =>
    scene.during(
      third.call('POST', `${shadowPath}/state`, { json: { op: 'CONNECT', user: 'Administrator', password } }),
    )
  const declined = await connect()
  assert.deepEqual([declined.status, declined.json.type], [409, 'ILLEGAL_STATE'])
  assert.match(declined.json.message, /another shadow/)
  await scene.stop(two)
  await scene.until(one, 'master', 'BROKEN')
  assert.equal((await connect()).status, 409)
  await scene.until(one, 'master', 'ALONE')
  assert.equal((await connect()).status, 204)
  two.link.mend()
  await scene.restart(two)
  await scene.until(two, 'shadow', 'LOST')
  assert.match((await scene.get(two, `${shadowPath}/state`)).stateMessage, /does not accept the certificate/)
  await scene.until(one, 'master', 'CONNECTED')
  await scene.during(third.close())
})

test('whoever has not proven to be the other instance gets nothing', async () => {
  await using scene = await PairScene.start()
  await scene.join()
  const { one } = scene
  const peer = '/api/v1/landbridge/ha/peer'
  const status = { role: 'shadow', term: { number: 99, isHandedOver: true }, version: '0.1.0' }
  for (const [operation, json] of [
    ['status', status],
    ['watch', {}],
    ['leave', {}],
    ['register', { ...status, protocol: 1, certificate: one.running.app.uiCa }],
  ] as const)
    for (const headers of [{}, { 'landbridge-ha-proof': Buffer.alloc(256).toString('base64url') }]) {
      const call = { json, headers, login: false } as const
      const answer = await scene.during(one.running.call('POST', `${peer}/${operation}`, call))
      assert.ok(answer.status === 401 || (operation === 'register' && answer.status === 400), answer.text)
      // A password alone is no proof.
      const known = await scene.during(one.running.call('POST', `${peer}/${operation}`, { json, headers }))
      assert.ok(known.status === 401 || (operation === 'register' && known.status === 400), known.text)
    }
  assert.equal((await scene.during(one.running.call('POST', `${peer}/other`, { login: false, json: {} }))).status, 404)
  await scene.until(one, 'master', 'CONNECTED')
})
