import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import type { CloudConnectorConfig } from '../src/index.ts'
import { fromZip } from '../src/wire/zip.ts'
import { configuration, type RunningConnector, startConnector, subaccountPath } from './running-connector.ts'
import { suiteConnector } from './suite-connector.ts'

const c = `${configuration}/connector`
const master = `${c}/ha/master`
const shadow = `${c}/ha/shadow`
const solution = `${c}/solutionManagement`

describe('high availability of a single master', () => {
  const connector = suiteConnector()

  const get = async (path: string) => (await connector.call('GET', path)).json
  const outcome = async (method: string, path: string, json?: object) => {
    const answer = await connector.call(method, path, json === undefined ? {} : { json })
    return [answer.status, answer.json?.type]
  }

  test('the settings start closed, are changed in part and reset (API1-063, API1-064, API1-065, API1-072)', async () => {
    assert.deepEqual(await get(`${master}/config`), { haEnabled: false, allowedShadowHost: '' })
    const changed = await connector.call('PUT', `${master}/config`, { json: { haEnabled: 'true' } })
    assert.deepEqual([changed.status, changed.text], [204, ''])
    await connector.call('PUT', `${master}/config`, { json: { allowedShadowHost: 'cc2.corp.example' } })
    const both = { haEnabled: true, allowedShadowHost: 'cc2.corp.example' }
    assert.deepEqual(await get(`${master}/config`), both)
    for (const json of [{ allowedShadowHost: 'no host' }, { allowedShadowHost: 'a/b' }, { haEnabled: 'maybe' }, []])
      assert.deepEqual(await outcome('PUT', `${master}/config`, json), [400, 'INVALID_REQUEST'])
    await connector.restart()
    assert.deepEqual(await get(`${master}/config`), both)
    assert.deepEqual(await outcome('DELETE', `${master}/state`), [204, undefined])
    assert.deepEqual(await get(`${master}/config`), { haEnabled: false, allowedShadowHost: '' })
  })

  test('a master without shadow is alone and cannot switch (API1-068, API1-071)', async () => {
    assert.deepEqual(await get(`${master}/state`), { state: 'ALONE', shadowHost: '' })
    for (const json of [{}, { op: 'JUMP' }, { op: 'switch' }])
      assert.deepEqual(await outcome('POST', `${master}/state`, json), [400, 'INVALID_REQUEST'])
    for (const op of ['SWITCH', 'FORCE_SWITCH'])
      assert.deepEqual(await outcome('POST', `${master}/state`, { op }), [409, 'ILLEGAL_STATE'])
    assert.equal((await get(c)).ha, 'master')
  })

  test('what concerns shadows is forbidden on a master (API1-075)', async () => {
    for (const [method, path] of [
      ['GET', 'config'],
      ['PUT', 'config'],
      ['GET', 'state'],
      ['POST', 'state'],
      ['DELETE', 'state'],
    ] as const)
      assert.deepEqual(await outcome(method, `${shadow}/${path}`, {}), [403, 'FORBIDDEN_REQUEST'])
  })

  test('settings for a monitoring product are kept and shown (API1-165, API1-166, API1-167, API1-168, API1-169, API2-170)', async () => {
    assert.deepEqual(await get(solution), { hostAgentPath: '', isEnabled: false, enabled: false, dsrEnabled: false })
    assert.deepEqual(await outcome('POST', solution, { hostAgentPath: '/usr/sap/agent', dsrEnabled: 'true' }), [
      204,
      undefined,
    ])
    assert.deepEqual(await outcome('DELETE', solution), [204, undefined])
    const kept = { hostAgentPath: '/usr/sap/agent', dsrEnabled: true }
    assert.deepEqual(await get(solution), { ...kept, isEnabled: false, enabled: false })
    assert.deepEqual(await outcome('POST', solution), [204, undefined])
    assert.deepEqual(await get(solution), { ...kept, isEnabled: true, enabled: true })
    await connector.call('PUT', c, { json: { description: 'a <b> & "c"' } })
    const file = await connector.call('GET', `${solution}/registrationFile`)
    assert.equal(file.headers['content-type'], 'application/zip')
    const model = (await fromZip(Buffer.from(file.text, 'latin1'))).get('lmdbModel.xml')
    assert.match(model ?? '', /description="a &lt;b&gt; &amp; &quot;c&quot;"/)
  })
})

test('a declared shadow starts as one, whatever state is declared for a master', async () => {
  using folder = temporaryFolder()
  const subaccount = { regionHost: 'r.invalid', subaccount: 's', user: 'u', password: 'p' }
  const bootstrap = { subaccounts: [subaccount] } as unknown as NonNullable<CloudConnectorConfig['bootstrap']>
  const connector = await startConnector(folder.path, undefined, { haRole: 'shadow', bootstrap })
  assert.equal((await connector.call('GET', `${c}/haRole`)).json, 'shadow')
  assert.deepEqual((await connector.call('GET', `${configuration}/subaccounts`)).json, [])
  await connector.close()
})

describe('a shadow', () => {
  const folder = temporaryFolder()
  let connector: RunningConnector
  before(async () => {
    connector = await startConnector(folder.path, undefined, { haRole: 'undefined' })
    const headers = { 'content-type': 'text/plain' }
    assert.equal((await connector.call('POST', `${c}/haRole`, { body: 'shadow', headers })).status, 204)
  })
  after(async () => {
    await connector.close()
    folder[Symbol.dispose]()
  })

  const get = async (path: string) => (await connector.call('GET', path)).json
  const outcome = async (method: string, path: string, json?: object) => {
    const answer = await connector.call(method, path, json === undefined ? {} : { json })
    return [answer.status, answer.json?.type]
  }

  test('its settings have defaults, are changed in part, checked and reset (API1-076, API1-077, API1-078, API1-079)', async () => {
    const initial = {
      masterHost: '',
      masterPort: '',
      ownHost: '',
      checkIntervalInSeconds: 30,
      takeoverDelayInSeconds: 10,
      connectTimeoutInMillis: 1000,
      requestTimeoutInMillis: 12_000,
    }
    const { _links, ...read } = await get(`${shadow}/config`)
    assert.deepEqual([read, Object.keys(_links)], [initial, ['self', 'state']])
    const wish = { masterHost: 'cc1.corp', masterPort: 8443, ownHost: 'cc2.corp' }
    const changed = await connector.call('PUT', `${shadow}/config`, { json: wish })
    assert.deepEqual([changed.status, changed.json], [200, { ...initial, ...wish, masterPort: '8443' }])
    const again = await connector.call('PUT', `${shadow}/config`, {
      json: { masterPort: '8444', checkIntervalInSeconds: '60' },
    })
    const kept = { ...initial, ...wish, masterPort: '8444', checkIntervalInSeconds: 60 }
    assert.deepEqual(again.json, kept)
    for (const json of [
      { checkIntervalInSeconds: -1 },
      { takeoverDelayInSeconds: 'soon' },
      { connectTimeoutInMillis: 1.5 },
      { requestTimeoutInMillis: '-5' },
      { masterPort: 65_536 },
      { masterHost: 'no host' },
    ])
      assert.deepEqual(await outcome('PUT', `${shadow}/config`, json), [400, 'INVALID_REQUEST'], JSON.stringify(json))
    const { _links: _again, ...still } = await get(`${shadow}/config`)
    assert.deepEqual(still, kept)
    assert.deepEqual(await outcome('DELETE', `${shadow}/state`), [204, undefined])
    assert.equal((await get(`${shadow}/config`)).masterHost, '')
  })

  test('its state is initial, and it says why it does not connect (API1-080, API1-085)', async () => {
    const state = await get(`${shadow}/state`)
    assert.deepEqual([Object.keys(state), state.state], [['state', 'ownHosts'], 'INITIAL'])
    assert.ok(state.ownHosts.length > 0)
    assert.deepEqual(await outcome('POST', `${shadow}/state`, { op: 'JOIN' }), [400, 'INVALID_REQUEST'])
    assert.deepEqual(await outcome('POST', `${shadow}/state`, { op: 'CONNECT' }), [400, 'INVALID_REQUEST'])
    assert.deepEqual(await outcome('POST', `${shadow}/state`, { op: 'DISCONNECT' }), [409, 'ILLEGAL_STATE'])
    const connect = { op: 'CONNECT', user: 'Administrator', password: 'x' }
    assert.deepEqual(await outcome('POST', `${shadow}/state`, connect), [400, 'INVALID_REQUEST'])
    await connector.call('PUT', `${shadow}/config`, { json: { masterHost: 'cc1.invalid', masterPort: 8443 } })
    assert.deepEqual(await outcome('POST', `${shadow}/state`, connect), [500, 'RUNTIME_FAILURE'])
    assert.match((await get(`${shadow}/state`)).stateMessage, /./)
    assert.equal((await get(`${shadow}/state`)).state, 'INITIAL')
  })

  test('what is for masters only is refused and changes nothing, in the ways of the guide (SCC-024, SCC-196, API1-048, API1-054, API1-061, API1-074, API1-098, API1-145, API1-181, API1-257, API2-007)', async () => {
    const one = `${subaccountPath}/systemMappings/a:80`
    const forbidden: [string, string][] = [
      ['PUT', c],
      ['PUT', `${c}/proxy`],
      ['DELETE', `${c}/proxy`],
      ...['systemCertificate', 'ppCaCertificate'].flatMap((kind) =>
        ['POST', 'PATCH', 'PUT', 'DELETE'].map((method): [string, string] => [method, `${c}/onPremise/${kind}`]),
      ),
      ['PUT', `${c}/onPremise/kerberos`],
      ['PATCH', `${c}/onPremise/truststore`],
      ['POST', `${c}/onPremise/truststore/certificates`],
      ['DELETE', `${c}/onPremise/truststore/certificates`],
      ['DELETE', `${c}/onPremise/truststore/certificates/a`],
      ['DELETE', solution],
      ['POST', `${configuration}/backup`],
      ['PUT', `${configuration}/backup`],
      ['POST', `${configuration}/subaccounts`],
      ['PUT', subaccountPath],
      ['DELETE', subaccountPath],
      ['PUT', `${subaccountPath}/state`],
      ['POST', `${subaccountPath}/validity`],
      ['POST', `${subaccountPath}/trust`],
      ['PUT', `${subaccountPath}/trust/idps/1`],
      ...['systemMappings', 'domainMappings', 'channels'].flatMap((kind): [string, string][] => [
        ['POST', `${subaccountPath}/${kind}`],
        ['DELETE', `${subaccountPath}/${kind}`],
      ]),
      ['PUT', one],
      ['DELETE', one],
      ...['resources', 'allowedClients', 'blockedClientUsers'].map((list): [string, string] => [
        'POST',
        `${one}/${list}`,
      ]),
      ['PATCH', `${one}/allowedClients`],
      ['PATCH', `${one}/resources`],
      ['POST', `${one}/scenarios`],
      ['DELETE', `${one}/scenarios/a`],
      ['POST', `${subaccountPath}/import`],
      ['POST', `${subaccountPath}/accessControl/import`],
      ['PUT', `${one}/resources/-`],
      ['DELETE', `${one}/resources/-`],
      ['POST', `${subaccountPath}/channels/K8S`],
      ['PUT', `${subaccountPath}/channels/1`],
      ['PUT', `${subaccountPath}/channels/K8S/1/state`],
    ]
    for (const [method, path] of forbidden)
      assert.deepEqual(await outcome(method, path, {}), [403, 'FORBIDDEN_REQUEST'], `${method} ${path}`)
    for (const [method, path] of [
      ['GET', 'config'],
      ['PUT', 'config'],
      ['GET', 'state'],
      ['POST', 'state'],
      ['DELETE', 'state'],
    ] as const)
      assert.deepEqual(await outcome(method, `${master}/${path}`, {}), [400, 'INVALID_REQUEST'])
    assert.deepEqual(await outcome('POST', `${c}/haRole`, 'master' as unknown as object), [409, 'ILLEGAL_STATE'])
    assert.deepEqual(await get(c), { ha: 'shadow', description: '' })
    assert.deepEqual(await get(`${configuration}/subaccounts`), [])
  })

  test('what each instance has for itself can be changed (API1-130, API1-167, SCC-119)', async () => {
    const json = {
      type: 'selfsigned',
      keySize: 2048,
      subjectDN: 'CN=cc2',
      subjectAltNames: [{ type: 'IP', value: '127.0.0.1' }],
    }
    assert.deepEqual(await outcome('POST', `${c}/ui/uiCertificate`, json), [201, undefined])
    assert.equal((await get(`${c}/ui/uiCertificate`)).subjectDN, 'CN=cc2')
    assert.deepEqual(await outcome('POST', solution, { hostAgentPath: '/agent' }), [204, undefined])
    const { hostAgentPath, isEnabled } = await get(solution)
    assert.deepEqual([hostAgentPath, isEnabled], ['/agent', false])
    const suites = ['TLS_AES_128_GCM_SHA256']
    assert.deepEqual(await outcome('POST', `${c}/ui/cipherSuites`, suites), [204, undefined])
    assert.deepEqual(await get(`${c}/ui/cipherSuites`), suites)
    const snc = { libraryName: process.execPath, myName: '', qualityOfProtection: 9 }
    assert.deepEqual(await outcome('PUT', `${c}/onPremise/snc`, snc), [204, undefined])
    assert.equal((await get(`${c}/onPremise/snc`)).qualityOfProtection, 9)
  })
})
