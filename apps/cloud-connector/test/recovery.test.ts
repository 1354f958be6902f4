import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { LocalCa } from '@landbridge/identity'
import { ManualClock } from '@landbridge/kernel'
import { temporaryFolder } from '@landbridge/testkit'
import {
  cloudPassword,
  cloudUser,
  type FakeRegion,
  otherRegionHost,
  regionHost,
  startFakeRegion,
} from './fake-region.ts'
import {
  type Answer,
  configuration,
  form,
  id,
  type RunningConnector,
  restartLog,
  startConnector,
  subaccountPath,
} from './running-connector.ts'

const collection = `${configuration}/subaccounts`
const recovery = `${subaccountPath}/recovery`
const otherPath = `${collection}/${otherRegionHost}/${id}`
const wanted = { regionHost: otherRegionHost, cloudUser, cloudPassword }
const dayMs = 86_400_000
const original = { regionHost, subaccount: id, cloudUser, cloudPassword, locationID: 'plant' }

describe('a recovery subaccount', () => {
  const folder = temporaryFolder()
  const log = restartLog()
  let [first, second]: FakeRegion[] = []
  let connector: RunningConnector
  const regions = () => [first, second] as [FakeRegion, FakeRegion]
  const start = async (): Promise<void> => {
    const [one, two] = regions()
    const at = (region: FakeRegion) => ({ address: '127.0.0.1', port: region.port, ca: region.ca.certificatePem })
    const regionsByHost = { [regionHost]: at(one), [otherRegionHost]: at(two) }
    connector = await startConnector(folder.path, undefined, { regions: regionsByHost }, log.log)
  }
  const call = (method: string, path: string, json?: object): Promise<Answer> =>
    connector.call(method, path, json === undefined ? {} : { json })
  const outcome = async (method: string, path: string, json?: object) => {
    const answer = await call(method, path, json)
    return answer.status < 300 ? answer.status : [answer.status, answer.json.type]
  }
  const read = async (path = subaccountPath) => (await call('GET', path)).json
  const newest = async () => (await call('GET', '/api/v1/landbridge/audit?limit=1')).json[0]
  before(async () => {
    first = await startFakeRegion()
    second = await startFakeRegion()
    await start()
    assert.equal(await outcome('POST', collection, original), 201)
    const mapping = { virtualHost: 'erp', virtualPort: 80, localHost: 'a', localPort: 1, protocol: 'HTTP' }
    await call('POST', `${subaccountPath}/systemMappings`, { ...mapping, backendType: 'nonSAPsys' })
    await call('POST', `${subaccountPath}/systemMappings/erp:80/resources`, { id: '/', enabled: true })
    await call('POST', `${subaccountPath}/channels/K8S`, { k8sCluster: 'c', k8sService: 's', port: 3001 })
  })
  after(async () => {
    await connector.close()
    for (const region of regions()) await region.close()
    folder[Symbol.dispose]()
  })

  test('it is created once, in another region, and shown; what is wrong stores nothing (API1-186, API1-214, API1-215)', async () => {
    for (const [method, path, json] of [
      ['DELETE', recovery, undefined],
      ['PUT', `${recovery}/state`, { active: true }],
      ['POST', `${recovery}/validity`, { user: cloudUser, password: cloudPassword }],
      ['POST', `${recovery}/takeover`, undefined],
    ] as const)
      assert.deepEqual(await outcome(method, path, json), [404, 'NOT_FOUND'], `${method} ${path}`)
    for (const name of Object.keys(wanted))
      assert.deepEqual(await outcome('POST', recovery, { ...wanted, [name]: undefined }), [400, 'INVALID_REQUEST'])
    for (const change of [{ regionHost }, { regionHost: regionHost.toUpperCase() }, { cloudPassword: 'wrong' }])
      assert.deepEqual(await outcome('POST', recovery, { ...wanted, ...change }), [400, 'INVALID_REQUEST'])
    assert.equal('recoveryAccountState' in (await read()), false)

    assert.equal(await outcome('POST', recovery, wanted), 201)
    const { category, action, details } = await newest()
    assert.deepEqual([category, action], ['RecoveryAccount', 'create'])
    assert.deepEqual(details, { regionHost: otherRegionHost, initiatedBy: cloudUser })
    const { recoveryAccountState, tunnel } = await read()
    const { subaccountCertificate, ...state } = recoveryAccountState
    assert.deepEqual(state, { isActive: false, regionHost: otherRegionHost, user: cloudUser })
    assert.notEqual(subaccountCertificate.serialNumber, tunnel.subaccountCertificate.serialNumber)
    const [monitored] = (await call('GET', '/api/monitoring/subaccounts')).json.subaccounts
    assert.equal(monitored.recoveryAccountState.isActive, false)
    assert.deepEqual(await outcome('POST', recovery, wanted), [409, 'ILLEGAL_STATE'])
    // As a regular subaccount it would be there twice.
    assert.deepEqual(await outcome('POST', collection, { ...original, regionHost: otherRegionHost }), [
      ...[409, 'INVALID_CONFIGURATION'],
    ])
    assert.equal(regions()[1].hellos.length, 0)
  })

  test('active, it is connected in the place of the original, with its location and all else; and back (API1-218, API1-221)', async () => {
    const [one, two] = regions()
    const known = one.hellos.length
    const { channel } = one.controls.at(-1) ?? assert.fail()
    const left = new Promise<void>((resolve) => {
      channel.onClose = () => resolve()
    })
    assert.deepEqual(await outcome('POST', `${recovery}/takeover`), [409, 'ILLEGAL_STATE'])
    for (const json of [{}, { active: 'maybe' }, []])
      assert.deepEqual(await outcome('PUT', `${recovery}/state`, json), [400, 'INVALID_REQUEST'])
    for (const active of ['true', true]) assert.equal(await outcome('PUT', `${recovery}/state`, { active }), 204)
    assert.deepEqual([two.hellos.length, two.hellos[0]?.locationId], [1, 'plant'])
    const { tunnel, recoveryAccountState } = await read()
    assert.deepEqual([tunnel.state, recoveryAccountState.isActive], ['Connected', true])
    assert.deepEqual(tunnel.subaccountCertificate, recoveryAccountState.subaccountCertificate)
    await left
    two.idps = [{ id: '1', name: 'of two', description: '', issuer: 'https://two', jwks: { keys: [] } }]
    assert.equal(await outcome('POST', `${subaccountPath}/trust`), 204)
    assert.deepEqual(
      (await read(`${subaccountPath}/trust/idps`)).map(({ name }: { name: string }) => name),
      ['of two'],
    )
    // The next start finds it so.
    await connector.close()
    await start()
    await call('PUT', `${subaccountPath}/state`, { connected: true })
    assert.deepEqual([(await read()).tunnel.state, two.hellos.length, one.hellos.length], ['Connected', 2, known])
    assert.equal(await outcome('PUT', `${recovery}/state`, { active: 'false' }), 204)
    assert.deepEqual([(await read()).recoveryAccountState.isActive, one.hellos.length], [false, known + 1])
  })

  test('its certificate is renewed with credentials of its region (API1-217)', async () => {
    const before = (await read()).recoveryAccountState.subaccountCertificate.serialNumber
    assert.deepEqual(await outcome('POST', `${recovery}/validity`, { user: cloudUser }), [400, 'INVALID_REQUEST'])
    const wrong = { user: cloudUser, password: 'wrong' }
    assert.deepEqual(await outcome('POST', `${recovery}/validity`, wrong), [400, 'INVALID_REQUEST'])
    const renewed = await call('POST', `${recovery}/validity`, { user: cloudUser, password: cloudPassword })
    assert.equal(renewed.status, 200)
    assert.notEqual(renewed.json.recoveryAccountState.subaccountCertificate.serialNumber, before)
  })

  test('its certificate is renewed without a user, active or not, where the administrator wants that (API1-212, CERT-012)', async () => {
    const [one, two] = regions()
    // Issued 350 days ago: fifteen are left.
    two.signer = LocalCa.load(two.ca.certificatePem, two.ca.keyPem.reveal(), new ManualClock(Date.now() - 350 * dayMs))
    const ends = async () => (await read()).recoveryAccountState.subaccountCertificate.notAfterTimeStamp as number
    const renewals = ({ asked }: FakeRegion) => asked.filter(({ url }) => url.endsWith('/renewal')).length
    for (const active of [false, true]) {
      await call('PUT', subaccountPath, { autoCertRenewal: false })
      await call('PUT', `${recovery}/state`, { active })
      await call('POST', `${recovery}/validity`, { user: cloudUser, password: cloudPassword })
      assert.ok((await ends()) < Date.now() + 16 * dayMs)
      const known = renewals(two)
      await call('PUT', subaccountPath, { autoCertRenewal: true })
      await connector.close()
      await start()
      const deadlineMs = Date.now() + 10_000
      while ((await ends()) < Date.now() + 300 * dayMs && Date.now() < deadlineMs) await setTimeout(10)
      assert.deepEqual([renewals(two), renewals(one), two.asked.at(-1)?.authorized], [known + 1, 0, true])
    }
    const { certificates } = (await call('GET', '/api/v1/landbridge/certificates')).json
    const shown = certificates.filter(({ kind }: { kind: string }) => kind === 'tunnel')
    assert.deepEqual(shown.map(({ name, renewedBy }: Record<string, string>) => `${name} ${renewedBy}`).toSorted(), [
      ...[`${id}@${regionHost} connector`, `${id}@${otherRegionHost} connector`].toSorted(),
    ])
    two.signer = undefined
    await call('PUT', `${recovery}/state`, { active: false })
  })

  test('it goes, and the original is connected again if it was not; a backup brings it back (API1-216)', async () => {
    const backup = await call('POST', `${configuration}/backup`, { password: 'b' })
    const before = (await read()).recoveryAccountState
    const known = regions()[0].hellos.length
    await call('PUT', `${recovery}/state`, { active: true })
    assert.equal(await outcome('DELETE', recovery), 204)
    assert.deepEqual(await outcome('DELETE', recovery), [404, 'NOT_FOUND'])
    const { tunnel, ...rest } = await read()
    assert.deepEqual(['recoveryAccountState' in rest, tunnel.state], [false, 'Connected'])
    assert.equal(regions()[0].hellos.length, known + 1)
    const parts = form({ password: 'b', backup: Buffer.from(backup.text, 'latin1') })
    assert.equal((await connector.call('PUT', `${configuration}/backup`, parts)).status, 204)
    await log.restarted()
    assert.deepEqual((await read()).recoveryAccountState, before)
  })

  test('taking over, it is the subaccount of its region for good, with all mappings; the original is gone (API1-219, API1-220)', async () => {
    assert.deepEqual(await outcome('POST', `${recovery}/takeover`), [409, 'ILLEGAL_STATE'])
    await call('PUT', `${recovery}/state`, { active: true })
    assert.equal(await outcome('POST', `${recovery}/takeover`), 204)
    assert.equal((await call('GET', subaccountPath)).status, 404)
    const state = async () => {
      const { tunnel, recoveryAccountState, locationID } = await read(otherPath)
      const [mapping] = await read(`${otherPath}/systemMappings`)
      const [channel] = await read(`${otherPath}/channels/K8S`)
      return [tunnel.state, recoveryAccountState, locationID, mapping.enabledResourcesCount, channel.port]
    }
    assert.deepEqual(await state(), ['Connected', undefined, 'plant', 1, 3001])
    await connector.close()
    await start()
    await call('PUT', `${otherPath}/state`, { connected: true })
    assert.deepEqual(await state(), ['Connected', undefined, 'plant', 1, 3001])
    // The former one may now stand by.
    assert.equal(await outcome('POST', `${otherPath}/recovery`, { ...wanted, regionHost }), 201)
  })
})
