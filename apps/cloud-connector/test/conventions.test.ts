import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { rsaWithChain, temporaryFolder } from '@landbridge/testkit'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import {
  type Call,
  configuration,
  form,
  id,
  type RunningConnector,
  startConnector,
  subaccountPath,
} from './running-connector.ts'

const c = `${configuration}/connector`
const erp = {
  virtualHost: 'erp.corp',
  virtualPort: 443,
  localHost: '10.0.0.5',
  localPort: '8443',
  protocol: 'HTTPS',
  backendType: 'abapSys',
}
const addressOf = (link: unknown): string => new URL(String(link)).pathname

describe('conventions of the configuration API', () => {
  const folder = temporaryFolder()
  let region: FakeRegion
  let connector: RunningConnector
  before(async () => {
    region = await startFakeRegion()
    connector = await startConnector(folder.path, region)
    await connector.call('POST', `${configuration}/subaccounts`, {
      json: { regionHost, subaccount: id, cloudUser, cloudPassword },
    })
  })
  after(async () => {
    await connector.close()
    await region.close()
    folder[Symbol.dispose]()
  })

  const call = (method: string, path: string, json?: unknown) =>
    connector.call(method, path, json === undefined ? {} : { json })

  test('what is created is found at its Location; changes and deletions answer 204 without a body (API1-025, API2-001, API2-014, API2-015)', async () => {
    const mapping = `${subaccountPath}/systemMappings`
    const changes: [string, object, object][] = [
      [mapping, erp, erp],
      [`${mapping}/erp.corp:443/resources`, { id: '/a' }, { enabled: true }],
      [
        `${subaccountPath}/domainMappings`,
        { internalDomain: 'i', virtualDomain: 'v' },
        { internalDomain: 'i', virtualDomain: 'w' },
      ],
      ...[
        ['K8S', { k8sCluster: 'c', k8sService: 's', port: 3000, connections: 1 }],
        ['ABAPCloud', { abapCloudTenantHost: 'h', instanceNumber: 1, connections: 1 }],
      ].map(([type, json]): [string, object, object] => [
        `${subaccountPath}/channels/${type}`,
        json as object,
        json as object,
      ]),
    ]
    const locations: string[] = []
    for (const [path, json, next] of changes) {
      const created = await call('POST', path, json)
      assert.deepEqual([created.status, created.text], [201, ''], path)
      const location = String(created.headers.location)
      assert.ok(location.startsWith(`${connector.app.url}/api/v1/configuration/`))
      assert.equal((await call('GET', addressOf(location))).status, 200)
      const changed = await call('PUT', addressOf(location), next)
      assert.deepEqual([changed.status, changed.text], [204, ''], path)
      locations.push(addressOf(location))
    }
    for (const location of locations.reverse()) {
      const deleted = await call('DELETE', location)
      assert.deepEqual([deleted.status, deleted.text], [204, ''], location)
    }
  })

  test('numbers, flags and texts have the types that typed clients expect (API1-023, API1-034, API2-019, API2-032, API2-041, API2-066, API1-196, API1-232, API1-233)', async () => {
    const mappings = `${subaccountPath}/systemMappings`
    assert.deepEqual((await call('GET', mappings)).json, [])
    await call('POST', mappings, erp)
    const [listed] = (await connector.call('GET', mappings, { headers: { accept: '*/*' } })).json
    const single = (await call('GET', `${mappings}/erp.corp:443`)).json
    assert.deepEqual(listed, single)
    assert.equal((await call('GET', `${mappings}/erp.corp:444`)).status, 404)
    assert.deepEqual([single.virtualPort, single.localPort], ['443', '8443'])
    assert.match(single.creationDate, /^\d{13}$/)
    assert.deepEqual([single.totalResourcesCount, single.enabledResourcesCount], [0, 0])
    const resource = { id: '/a', enabled: true, exactMatchOnly: true, websocketUpgradeAllowed: true, description: 'd' }
    await call('POST', `${mappings}/erp.corp:443/resources`, resource)
    const { creationDate, _links, ...read } = (await call('GET', `${mappings}/erp.corp:443/resources/-a`)).json
    assert.deepEqual(read, resource)
    await call('POST', `${subaccountPath}/channels/ABAPCloud`, {
      ...{ abapCloudTenantHost: 'h', instanceNumber: '07', connections: '2' },
    })
    const [channel] = (await call('GET', `${subaccountPath}/channels/ABAPCloud`)).json
    const { id: number, port, connections, instanceNumber, enabled } = channel
    assert.deepEqual([port, connections, instanceNumber, enabled], [3307, 2, 7, false])
    assert.ok(Number.isInteger(number))
    const { tunnel } = (await call('GET', subaccountPath)).json
    assert.deepEqual([tunnel.state, tunnel.applicationConnections, tunnel.serviceChannels], ['Connected', [], []])
    assert.ok(Number.isInteger(tunnel.connections))
    const { notBeforeTimeStamp, notAfterTimeStamp } = tunnel.subaccountCertificate
    for (const stamp of [tunnel.connectedSinceTimeStamp, notBeforeTimeStamp, notAfterTimeStamp])
      assert.ok(Number.isInteger(stamp) && stamp > 1_600_000_000_000)
    await call('DELETE', mappings)
    await call('DELETE', `${subaccountPath}/channels`)
  })

  test('nothing is found below an unknown subaccount, and the answer names it (API2-009, API2-010)', async () => {
    const unknown = subaccountPath.replace(id, 'no')
    const idEntry = { id: '/a' }
    for (const [path, json] of [
      ['', undefined],
      ['/systemMappings', erp],
      ['/systemMappings/a:1', undefined],
      ['/systemMappings/a:1/resources', idEntry],
      ['/systemMappings/a:1/allowedClients', []],
      ['/systemMapping/a:1/blockedClientUsers', []],
      ['/domainMappings', { internalDomain: 'a', virtualDomain: 'b' }],
      ['/channels', {}],
      ['/channels/K8S', {}],
      ['/trust/idps', undefined],
      ['/trust/apps', undefined],
      ['/trust/apps/1', undefined],
    ] as const)
      for (const method of json === undefined ? ['GET'] : ['GET', 'POST']) {
        const answer = await call(method, `${unknown}${path}`, method === 'GET' ? undefined : json)
        const message = `Subaccount with value 'no@${regionHost}' does not exist`
        assert.equal(answer.headers['content-type'], 'application/json')
        assert.deepEqual([answer.status, answer.json], [404, { type: 'NOT_FOUND', message }], `${method} ${path}`)
      }
  })

  test('text that is no JSON, other shapes and missing members are refused (API2-013)', async () => {
    const headers = { 'content-type': 'application/json' }
    await call('POST', `${subaccountPath}/systemMappings`, { ...erp, protocol: 'RFC' })
    const list = `${subaccountPath}/systemMappings/erp.corp:443/allowedClients`
    // What would end a header or an attribute of a cookie, or take more room than there is.
    const badDomains = ['a\r\nX: y', 'a;Path=/', 'a b', 'x'.repeat(254)].flatMap((domain) => [
      JSON.stringify({ internalDomain: 'corp', virtualDomain: domain }),
      JSON.stringify({ internalDomain: domain, virtualDomain: 'cloud' }),
    ])
    for (const [path, bodies] of [
      [`${subaccountPath}/systemMappings`, ['{', '[]', '"x"', '', '{}']],
      [`${subaccountPath}/domainMappings`, ['{"a"', '[]', '{}', ...badDomains]],
      [`${subaccountPath}/channels/K8S`, ['}', '[]', '{}']],
      [list, ['{', '{}', '"100"', '']],
    ] as const)
      for (const body of bodies) {
        const answer = await connector.call('POST', path, { body, headers })
        assert.deepEqual([answer.status, answer.json.type], [400, 'INVALID_REQUEST'], `${path} ${body}`)
      }
    await call('DELETE', `${subaccountPath}/systemMappings`)
  })

  test('null counts as absent (API2-175)', async () => {
    const nothing = { description: null, sncPartnerName: null, authenticationMode: null, hostInHeader: null, sid: null }
    assert.equal((await call('POST', `${subaccountPath}/systemMappings`, { ...erp, ...nothing })).status, 201)
    const { authenticationMode, hostInHeader } = (await call('GET', `${subaccountPath}/systemMappings/erp.corp:443`))
      .json
    assert.deepEqual([authenticationMode, hostInHeader], ['NONE', 'VIRTUAL'])
    const json = { k8sCluster: 'c', k8sService: 's', port: 1, connections: null, comment: null }
    assert.equal((await call('POST', `${subaccountPath}/channels/K8S`, json)).status, 201)
    await call('DELETE', `${subaccountPath}/systemMappings`)
    await call('DELETE', `${subaccountPath}/channels`)
  })

  test('RFC mappings keep SNC name and router route; other protocols ignore them (API2-039, API2-054, API1-249, API1-250, SCC-230)', async () => {
    const more = {
      sncPartnerName: 'p:CN=ERP',
      sapRouter: '/H/rt/S/3299',
      hostInHeader: 'INTERNAL',
      allowedClients: ['100'],
    }
    const mappings = `${subaccountPath}/systemMappings`
    for (const [protocol, port, expected] of [
      ['RFCS', '1', ['p:CN=ERP', '/H/rt/S/3299', undefined, ['100']]],
      ['RFC', '2', [undefined, '/H/rt/S/3299', undefined, ['100']]],
      ['TCP', '3', [undefined, undefined, undefined, []]],
      ['HTTP', '4', [undefined, undefined, 'INTERNAL', []]],
    ] as const) {
      assert.equal((await call('POST', mappings, { ...erp, ...more, protocol, virtualPort: port })).status, 201)
      const read = (await call('GET', `${mappings}/erp.corp:${port}`)).json
      assert.deepEqual([read.sncPartnerName, read.sapRouter, read.hostInHeader, read.allowedClients], expected)
    }
    assert.equal((await call('POST', mappings, { ...erp, protocol: 'RFCS', virtualPort: '5' })).status, 201)
    // An instance, its gateway's number, a system behind a message server, and the number of that one.
    for (const [at, localPort] of ['sapgw42', '3342', 'sapmsS4H', '3600'].entries())
      for (const router of [{}, { sapRouter: '/H/rt' }]) {
        const virtualPort = 'sapRouter' in router ? `sapgw1${at}` : `sapgw0${at}`
        const json = { ...erp, ...router, protocol: 'RFC', virtualPort, localPort }
        assert.equal((await call('POST', mappings, json)).status, 201, localPort)
        const read = (await call('GET', `${mappings}/erp.corp:${virtualPort}`)).json
        assert.deepEqual([read.localPort, read.sapRouter], [localPort, json.sapRouter])
      }
    await call('DELETE', mappings)
  })

  test('empty texts of a new subaccount are as good as none; a location ID fits into a URI (API1-189, API1-194)', async () => {
    const other = { regionHost, subaccount: id.replace(/1$/, '3'), cloudUser, cloudPassword }
    const path = subaccountPath.replace(/1$/, '3')
    const entities: unknown[] = []
    for (const more of [{}, { locationID: '', displayName: '', description: '' }]) {
      const { status, json } = await call('POST', `${configuration}/subaccounts`, { ...other, ...more })
      assert.equal(status, 201)
      const { tunnel, ...rest } = json
      entities.push(rest)
      await call('DELETE', path)
    }
    assert.deepEqual(entities[1], entities[0])
    for (const locationID of ['a b', 'a/b', 'ä', 'a?b', 'a%20b'])
      assert.equal((await call('POST', `${configuration}/subaccounts`, { ...other, locationID })).status, 400)
    assert.equal((await call('GET', path)).status, 404)
  })

  test('a WebSocket upgrade is never allowed on what is not HTTP (API1-273, API2-081)', async () => {
    const mappings = `${subaccountPath}/systemMappings`
    await call('POST', mappings, { ...erp, protocol: 'RFC' })
    const resource = { id: 'RFC_PING', enabled: true, websocketUpgradeAllowed: true }
    assert.equal((await call('POST', `${mappings}/erp.corp:443/resources`, resource)).status, 201)
    const read = async () => (await call('GET', `${mappings}/erp.corp:443/resources/RFC_PING`)).json
    assert.deepEqual([(await read()).enabled, (await read()).websocketUpgradeAllowed], [true, false])
    await call('PUT', `${mappings}/erp.corp:443/resources/RFC_PING`, resource)
    assert.equal((await read()).websocketUpgradeAllowed, false)
    await call('DELETE', mappings)
  })

  test('an operation without body needs no content type (API1-033)', async () => {
    assert.equal((await call('POST', `${subaccountPath}/trust`)).status, 204)
    assert.equal((await call('POST', `${c}/solutionManagement`)).status, 204)
    // There is none: the request was understood.
    assert.equal((await call('POST', `${subaccountPath}/recovery/takeover`)).status, 404)
  })

  test('other kinds of trust and unknown entries are not found; a form where JSON stands is 415 (API1-020, API1-227)', async () => {
    for (const path of ['apps/1', 'idps/1', 'other/1'])
      assert.equal((await call('PUT', `${subaccountPath}/trust/${path}`, { enabled: true })).status, 404)
    for (const [method, path] of [
      ['PUT', `${configuration}/backup`],
      ['PUT', `${c}/ui/uiCertificate`],
      ['PATCH', `${c}/onPremise/systemCertificate`],
      ['POST', `${c}/onPremise/truststore/certificates`],
    ] as const)
      assert.equal((await call(method, path, {})).status, 415)
  })

  test('links of entities are absolute and answer, also behind a reverse proxy (API1-026, API1-027, API1-210, API2-016, API2-017)', async () => {
    await call('POST', `${subaccountPath}/systemMappings`, erp)
    const { _links } = (await call('GET', subaccountPath)).json
    for (const name of [
      'self',
      'systemMappings',
      'domainMappings',
      'K8S-channels',
      'ABAPCloud-channels',
      'HANA-channels',
    ])
      assert.equal((await call('GET', addressOf(_links[name].href))).status, 200, name)
    assert.equal((await call('GET', addressOf(_links['VirtualMachine-channels'].href))).status, 200)
    assert.equal((await call('PUT', addressOf(_links.state.href), { connected: true })).status, 204)
    const renewal = { cloudUser, cloudPassword }
    assert.equal((await call('POST', addressOf(_links.validity.href), renewal)).status, 200)
    const [mapping] = (await call('GET', addressOf(_links.systemMappings.href))).json
    for (const link of Object.values(mapping._links as Record<string, { href: string }>))
      assert.equal((await call('GET', addressOf(link.href))).status, 200)
    const headers = { 'x-forwarded-host': 'proxy.test', 'x-forwarded-proto': 'https', 'x-forwarded-prefix': '/scc2' }
    const [behind] = (await connector.call('GET', `${subaccountPath}/systemMappings`, { headers })).json
    for (const name of ['self', 'resources'])
      assert.equal(behind._links[name].href, `https://proxy.test/scc2${addressOf(mapping._links[name].href)}`)
    await call('DELETE', `${subaccountPath}/systemMappings`)
  })
})

describe("the programs of the guide's sample client", () => {
  const folder = temporaryFolder()
  let region: FakeRegion
  let connector: RunningConnector
  before(async () => {
    region = await startFakeRegion()
    const fresh: object = { initialPassword: undefined, haRole: 'undefined' }
    connector = await startConnector(folder.path, region, fresh)
  })
  after(async () => {
    await connector.close()
    await region.close()
    folder[Symbol.dispose]()
  })

  const call = (method: string, path: string, more: Call = {}) =>
    connector.call(method, path, {
      password: 'N3w-pass',
      ...more,
      insecure: true,
      headers: { connection: 'close', ...more.headers },
    })
  const text = (body: string): Call => ({ body, headers: { 'content-type': 'text/plain; charset=UTF-8' } })

  test('the first configuration runs from the initial password to both certificates (API1-047, API2-159, API2-160, API2-161, API2-162, API2-163)', async () => {
    const change = text('{"oldPassword":"manage","newPassword":"N3w-pass"}')
    assert.equal((await call('GET', c, { password: 'manage' })).status, 403)
    const changed = await call('PUT', `${c}/authentication/basic`, { ...change, password: 'manage' })
    assert.equal(changed.status, 204, changed.text)
    assert.equal((await call('GET', c, { password: 'manage' })).status, 401)
    assert.equal((await call('PUT', `${c}/haRole`, text('master'))).status, 204)
    const described = await call('PUT', c, text('{"description":"demo"}'))
    assert.deepEqual([described.status, described.json], [200, { ha: 'master', description: 'demo' }])
    const parts = form({ password: 'secret', keyPassword: 'secret', pkcs12: rsaWithChain })
    for (const path of ['ui/uiCertificate', 'onPremise/systemCertificate'])
      assert.equal((await call('PUT', `${c}/${path}`, parts)).status, 204)
    assert.deepEqual((await call('GET', `${c}/authentication`)).json, { type: 'basic' })
    assert.equal((await call('GET', c, { user: 'other' })).status, 401)
  })

  test('a subaccount with mapping and resource follows only addresses that the answers name (API2-164, API2-165, API2-167)', async () => {
    const wanted = { regionHost, subaccount: id, cloudUser, cloudPassword, locationId: 'plant7', displayName: 'Demo' }
    const created = await call('POST', `${configuration}/subaccounts`, { json: wanted })
    assert.deepEqual([created.status, created.json.locationID], [201, 'plant7'])
    assert.equal((await call('GET', addressOf(created.headers.location))).status, 200)
    const { validity, systemMappings } = created.json._links
    const renewed = await call('POST', addressOf(validity.href), { json: { cloudUser, cloudPassword } })
    assert.deepEqual([renewed.status, renewed.json.subaccount], [200, id])
    const sent = { ...erp, hostInHeader: 'INTERNAL', authenticationMode: 'NONE', description: '', _links: {} }
    for (const [json, resource] of [
      [sent, { id: '/', enabled: true, exactMatchOnly: false, webSocketUpgradeAllowed: true, description: '' }],
      [
        { ...sent, protocol: 'RFCS', virtualPort: '444' },
        { id: 'RFC_SYSTEM_INFO', enabled: true, exactMatchOnly: true },
      ],
    ] as const) {
      const mapping = await call('POST', addressOf(systemMappings.href), { json })
      const read = await call('GET', addressOf(mapping.headers.location))
      const exposed = await call('POST', addressOf(read.json._links.resources.href), { json: resource })
      assert.deepEqual([mapping.status, read.status, exposed.status], [201, 200, 201])
      const kept = (await call('GET', addressOf(exposed.headers.location))).json
      assert.deepEqual([kept.id, kept.enabled, kept.websocketUpgradeAllowed], [resource.id, true, false])
    }
  })
})
