import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect } from 'node:tls'
import { temporaryFolder } from '@landbridge/testkit'
import { cloudPassword, cloudUser, regionHost, startFakeRegion } from './fake-region.ts'
import { configuration, id, startConnector, subaccountPath } from './running-connector.ts'
import { testIssuer } from './test-issuer.ts'

const api = '/api/v1/landbridge'
const region = await startFakeRegion()
const folder = temporaryFolder()
const regions = {
  [regionHost]: { name: 'Europe', address: '127.0.0.1', port: region.port, ca: region.ca.certificatePem },
}
const start = () => startConnector(folder.path, region, { regions })
let connector = await start()

describe('what the pages are drawn from', () => {
  const get = async (path: string) => (await connector.call('GET', path)).json

  test('the regions of the configuration are offered, and custom ones are added, edited and removed (SCC-045, SCC-047)', async () => {
    const predefined = { name: 'Europe', regionHost, isCustom: false }
    assert.deepEqual(await get(`${api}/regions`), [predefined])
    const moon = { name: 'Moon', regionHost: 'cf.moon.example.test' }
    const added = await connector.call('POST', `${api}/regions`, { json: moon })
    assert.deepEqual([added.status, added.json], [201, { ...moon, isCustom: true }])
    assert.deepEqual(await get(`${api}/regions`), [predefined, { ...moon, isCustom: true }])
    const again = await connector.call('POST', `${api}/regions`, {
      json: { ...moon, regionHost: 'CF.MOON.example.test' },
    })
    assert.equal(again.status, 409)
    const mars = { name: 'Mars', regionHost: 'cf.mars.example.test:8443' }
    const edited = await connector.call('PUT', `${api}/regions/${moon.regionHost}`, { json: mars })
    assert.equal(edited.status, 200, edited.text)
    for (const wrong of [{}, { name: 'x' }, { name: ' ', regionHost: 'a.b' }, { name: 'x', regionHost: 'https://a' }])
      assert.equal((await connector.call('POST', `${api}/regions`, { json: wrong })).status, 400, JSON.stringify(wrong))
    assert.equal((await connector.call('PUT', `${api}/regions/${regionHost}`, { json: mars })).status, 404)
    await connector.close()
    connector = await start()
    assert.deepEqual(await get(`${api}/regions`), [predefined, { ...mars, isCustom: true }])
    // The selection only fills in the region host: pairing takes any.
    const json = { regionHost: mars.regionHost, subaccount: id, cloudUser, cloudPassword }
    assert.match((await connector.call('POST', `${configuration}/subaccounts`, { json })).json.message, /cf\.mars/)
    assert.equal((await connector.call('DELETE', `${api}/regions/${mars.regionHost}`)).status, 204)
    assert.equal((await connector.call('DELETE', `${api}/regions/${mars.regionHost}`)).status, 404)
    assert.deepEqual(await get(`${api}/regions`), [predefined])
  })

  test('the dashboard lists every subaccount with its state, filters by it and tells who exposes nothing (SCC-081, SCC-082)', async () => {
    const other = '7f0c1f6e-0000-4000-8000-000000000002'
    for (const subaccount of [id, other]) {
      const json = { regionHost, subaccount, cloudUser, cloudPassword, displayName: `name of ${subaccount}` }
      assert.equal((await connector.call('POST', `${configuration}/subaccounts`, { json })).status, 201)
    }
    await connector.call('PUT', `${configuration}/subaccounts/${regionHost}/${other}/state`, {
      json: { connected: false },
    })
    const shown = await get(`${api}/subaccounts`)
    const brief = shown.map((one: Record<string, unknown>) => [one.subaccount, one.state, one.hasActiveResources])
    assert.deepEqual(brief, [
      [id, 'connected', false],
      [other, 'disconnected', false],
    ])
    assert.deepEqual([shown[0].displayName, shown[0].regionHost.status], [`name of ${id}`, 'green'])
    const states = { all: 2, connected: 1, disconnected: 1, connecting: 0, failed: 0 }
    for (const [state, count] of Object.entries(states))
      assert.equal((await get(`${api}/subaccounts?state=${state}`)).length, count, state)
    assert.equal((await connector.call('GET', `${api}/subaccounts?state=x`)).status, 400)
    await connector.call('POST', `${subaccountPath}/systemMappings`, {
      json: {
        virtualHost: 'erp',
        virtualPort: '80',
        localHost: 'erp.test',
        localPort: '80',
        protocol: 'HTTP',
        backendType: 'nonSAPsys',
        authenticationMode: 'NONE',
      },
    })
    const resource = `${subaccountPath}/systemMappings/erp:80/resources`
    await connector.call('POST', resource, { json: { id: '/', enabled: true, exactMatchOnly: false } })
    assert.equal((await get(`${api}/subaccounts`))[0].hasActiveResources, true)
  })

  test('a trusted identity provider is shown with type, switch and the details of its keys (SCC-128)', async () => {
    region.idps = [{ ...testIssuer, name: 'Corporate', description: 'of the plant', issuer: 'https://idp.test' }]
    assert.equal((await connector.call('POST', `${subaccountPath}/trust`)).status, 204)
    const [entry] = await get(`${api}/subaccounts/${regionHost}/${id}/trust`)
    const { certificates, ...facts } = entry
    assert.deepEqual(facts, {
      id: 1,
      name: 'Corporate',
      description: 'of the plant',
      type: 'IDP',
      trusted: true,
      issuer: 'https://idp.test',
    })
    const [{ sha256, ...key }] = certificates
    assert.deepEqual(key, { kid: 'one', keyType: 'ec', size: 'prime256v1' })
    assert.match(sha256, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
    await connector.call('PUT', `${subaccountPath}/trust/idps/1`, { json: { enabled: false } })
    assert.equal((await get(`${api}/subaccounts/${regionHost}/${id}/trust`))[0].trusted, false)
  })

  test('the security status has general rows and one per subaccount, each with its settings and a remedy (SCC-260)', async () => {
    const { general, subaccounts } = await get(`${api}/securityStatus`)
    const risks = Object.fromEntries(general.map((row: Record<string, string>) => [row.topic, row.status]))
    assert.deepEqual(risks, {
      administrator: 'ok',
      authentication: 'risk',
      uiCertificate: 'risk',
      cipherSuites: risks.cipherSuites,
      truststore: 'ok',
      auditLog: 'ok',
      highAvailability: 'risk',
    })
    assert.match(
      general.find((row: Record<string, string>) => row.topic === 'truststore').finding,
      /no internal system/,
    )
    for (const row of [...general, ...subaccounts]) {
      assert.equal(row.remedy === '', row.status === 'ok', row.topic)
      const settings = await connector.call('GET', row.link)
      assert.equal(settings.status, 200, row.link)
    }
    assert.deepEqual(
      subaccounts.map((row: Record<string, string>) => row.status),
      ['risk', 'ok'],
    )
    assert.match(subaccounts[0].finding, /Everything of erp:80 is exposed/)
    await connector.call('PATCH', `${configuration}/connector/onPremise/truststore`, {
      json: { trustAllBackends: true },
    })
    const trust = (await get(`${api}/securityStatus`)).general.find(
      ({ topic }: { topic: string }) => topic === 'truststore',
    )
    assert.equal(trust.status, 'risk')
  })

  test('the cipher table shows what holds now and after a restart, what fits the certificate, and an assessment (SCC-262)', async () => {
    const table = async () => {
      const rows: Record<string, string>[] = await get(`${api}/cipherSuites`)
      return new Map(rows.map(({ name = '', ...row }) => [name, row]))
    }
    const [kept, dropped] = ['TLS_AES_256_GCM_SHA384', 'TLS_AES_128_GCM_SHA256']
    const before = await table()
    assert.deepEqual([before.get(dropped)?.current, before.get(dropped)?.next], ['enabled', 'enabled'])
    assert.equal(before.get('TLS_RSA_WITH_AES_128_CBC_SHA256')?.assessment ?? 'weak', 'weak')
    assert.equal(before.get('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256')?.assessment, 'recommended')
    assert.notEqual(
      before.get('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256')?.isCompatible,
      before.get('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256')?.isCompatible,
    )
    const changed = await connector.call('POST', `${configuration}/connector/ui/cipherSuites`, { json: [kept] })
    assert.equal(changed.status, 204)
    const planned = await table()
    assert.deepEqual([planned.get(dropped)?.current, planned.get(dropped)?.next], ['enabled', 'disabled'])
    assert.deepEqual([planned.get(kept)?.current, planned.get(kept)?.next], ['enabled', 'enabled'])
    assert.equal(await agreedWith(dropped), dropped)
    await connector.close()
    connector = await start()
    assert.deepEqual(
      [(await table()).get(dropped)?.current, (await table()).get(dropped)?.next],
      ['disabled', 'disabled'],
    )
    await assert.rejects(agreedWith(dropped))
    assert.equal(await agreedWith(kept), kept)
    await connector.close()
    await region.close()
    folder[Symbol.dispose]()
  })
})

/** The suite that the administration port agrees to when it is offered one. */
function agreedWith(suite: string): Promise<string> {
  const { port } = new URL(connector.app.url)
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(port), host: '127.0.0.1', ciphers: suite, ca: connector.app.uiCa }, () => {
      resolve(socket.getCipher().standardName)
      socket.destroy()
    })
    socket.once('error', reject)
  })
}
