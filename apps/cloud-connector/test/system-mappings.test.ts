import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { regionHost } from './fake-region.ts'
import { erp, mappingScene, mappings, one, other } from './mapping-scene.ts'
import { id, subaccountPath } from './running-connector.ts'

describe('system mappings', () => {
  const scene = mappingScene()
  const { post, get } = scene

  test('creating one answers 201, empty, with its address; the mapping reads as recorded (RC-131, RC-140, RC-141, API1-234, API1-235, API1-261, API2-034, API2-057)', async () => {
    const created = await scene.connector.call('POST', mappings, { json: { ...erp, sid: 'ERP', description: 'd' } })
    assert.deepEqual([created.status, created.text, created.headers['content-length']], [201, '', '0'])
    assert.equal(created.headers.location, `${scene.connector.app.url}${one}`)
    assert.equal(created.headers['content-type'], undefined)
    const { creationDate, _links, ...rest } = await get(one)
    assert.match(creationDate, /^\d{13}$/)
    assert.equal(
      JSON.stringify(rest),
      '{"virtualHost":"erp.corp","virtualPort":"8000","localHost":"10.0.0.5","localPort":"8001","protocol":"HTTP",' +
        '"backendType":"abapSys","hostInHeader":"VIRTUAL","sid":"ERP","totalResourcesCount":0,' +
        '"enabledResourcesCount":0,"authenticationMode":"KERBEROS","description":"d","allowedClients":[],' +
        '"blacklistedUsers":[],"blacklistedClientUsers":[]}',
    )
    assert.deepEqual(_links, {
      self: { href: `${scene.connector.app.url}${one}` },
      resources: { href: `${scene.connector.app.url}${one}/resources` },
    })
  })

  test('after a minimal request lists are empty, no sid or description appears and the host in the header is virtual; a description may be added later and is shown (RC-140, RC-141, SCC-185, SCC-210, API2-037)', async () => {
    const { authenticationMode, hostInHeader, ...minimal } = erp
    await post({ ...minimal, authenticationMode: '', virtualPort: 8000, localPort: 8001 })
    const mapping = await get(one)
    assert.deepEqual(
      [mapping.authenticationMode, mapping.hostInHeader, mapping.virtualPort, mapping.localPort],
      ['NONE', 'VIRTUAL', '8000', '8001'],
    )
    assert.equal('sid' in mapping || 'description' in mapping, false)
    assert.deepEqual(await get(mappings), [mapping])
    const json = { ...mapping, description: 'Orders & <stock> – ümlauts' }
    assert.equal((await scene.connector.call('PUT', one, { json })).status, 204)
    assert.equal((await get(one)).description, json.description)
  })

  test('every documented combination of protocol, mode and backend type is accepted (RC-142, API2-042, API2-043, API2-055, API2-063)', async () => {
    const combinations: [string, string, string, string][] = [
      ...['NONE', 'KERBEROS'].map((mode): [string, string, string, string] => ['HTTP', mode, 'nonSAPsys', '80']),
      ...['NONE', 'NONE_RESTRICTED', 'X509_GENERAL', 'X509_RESTRICTED', 'KERBEROS'].map(
        (mode): [string, string, string, string] => ['HTTPS', mode, 'hana', '443'],
      ),
      ['RFC', 'NONE', 'abapSys', 'sapgw42'],
      ['RFC', 'NONE', 'netweaverGW', 'sapmsERP'],
      ['RFCS', 'X509_GENERAL', 'abapSys', 'sapgw42s'],
      ['RFCWS', 'X509_GENERAL', 'abapSys', '443'],
      ['LDAP', 'NONE', 'nonSAPsys', '389'],
      ['LDAPS', 'NONE', 'nonSAPsys', '636'],
      ['TCP', 'NONE', 'otherSAPsys', '3000-3010'],
      ['TCPS', 'NONE', 'hana', '4000'],
      ['HTTP', 'X509_GENERAL', 'PI', '8080'],
    ]
    for (const [index, [protocol, authenticationMode, backendType, port]] of combinations.entries()) {
      const virtualHost = `host-${index}`
      await post({ ...erp, virtualHost, virtualPort: port, localPort: port, protocol, authenticationMode, backendType })
      const mapping = await get(`${mappings}/${virtualHost}:${port}`)
      assert.deepEqual(
        [mapping.protocol, mapping.authenticationMode, mapping.virtualPort],
        [protocol, authenticationMode, port],
      )
      assert.equal('hostInHeader' in mapping, protocol.startsWith('HTTP'))
    }
    assert.equal((await get(mappings)).length, combinations.length)
  })

  test('values outside their lists and missing ones are refused (API1-236, API1-237, API1-238, API1-239, API1-241, API1-243, API1-244, API1-246, API2-035, API2-036, API2-038, API2-040, API2-044)', async () => {
    const wrong: object[] = [
      { protocol: 'http' },
      { protocol: 'SMTP' },
      { backendType: 'ABAPSYS' },
      { authenticationMode: 'X509_CERTIFICATE' },
      { hostInHeader: 'Virtual' },
      { virtualPort: '0' },
      { virtualPort: '65536' },
      { virtualPort: 'vport' },
      { virtualPort: '80-90', localPort: '80-90' },
      { protocol: 'TCP', virtualPort: '90-80', localPort: '90-80' },
      { protocol: 'TCP', virtualPort: '80-90', localPort: '80-95' },
      { protocol: 'TCP', virtualPort: '80-90', localPort: '80' },
      { protocol: 'RFC', virtualPort: 'sapgw1', localPort: 'sapgw01' },
      { protocol: 'RFC', allowedClients: ['1000'], virtualPort: 'sapgw01', localPort: 'sapgw01' },
      { virtualHost: 'a/b' },
      { virtualHost: 'a:b' },
      { virtualHost: 'a b' },
      { virtualHost: '' },
      { localHost: '' },
      ...['virtualHost', 'virtualPort', 'localHost', 'localPort', 'protocol', 'backendType'].map((name) => ({
        [name]: undefined,
      })),
    ]
    for (const change of wrong) {
      const refused = await scene.connector.call('POST', mappings, { json: { ...erp, ...change } })
      assert.equal(refused.status, 400, JSON.stringify(change))
      assert.equal(refused.json.type, 'INVALID_REQUEST')
    }
    assert.deepEqual(await get(mappings), [])
    for (const hostInHeader of ['internal', 'virtual', 'INTERNAL', 'VIRTUAL']) {
      await post({ ...erp, hostInHeader })
      assert.equal((await get(one)).hostInHeader, hostInHeader.toUpperCase())
      await scene.connector.call('DELETE', one)
    }
  })

  test('a virtual address exists once per subaccount, whatever its case, and ranges do not overlap (SCC-181, API1-242, API1-244, API2-045, API2-062)', async () => {
    await post(erp)
    await post({ ...erp, virtualHost: 'ERP.corp', localHost: 'else' }, 409)
    assert.equal((await get(one)).localHost, '10.0.0.5')
    await post({ ...erp, protocol: 'TCP', virtualPort: '7990-8010', localPort: '1-21' }, 409)
    await post({ ...erp, virtualHost: 'same-local-system' })
    const elsewhere = await scene.connector.call('POST', mappings.replace(id, other), { json: erp })
    assert.equal(elsewhere.status, 201)
  })

  test('replacing keeps date and resources, never the virtual address (SCC-183, SCC-184, API1-251, API1-252, API1-254, API2-046, API2-047, API2-048, RC-141)', async () => {
    await post({ ...erp, description: 'd' })
    await scene.connector.call('POST', `${one}/resources`, { json: { id: '/', enabled: true } })
    const before = await get(one)
    const put = await scene.connector.call('PUT', one, {
      json: { ...erp, protocol: 'HTTPS', localHost: 'new', localPort: '1' },
    })
    assert.deepEqual([put.status, put.text], [204, ''])
    const after = await get(one)
    assert.deepEqual(
      [after.creationDate, after.totalResourcesCount, after.protocol, after.localHost, after.description],
      [before.creationDate, 1, 'HTTPS', 'new', undefined],
    )
    for (const change of [{ virtualHost: 'x' }, { virtualPort: '1' }])
      assert.equal((await scene.connector.call('PUT', one, { json: { ...erp, ...change } })).status, 400)
    assert.equal((await scene.connector.call('PUT', `${mappings}/erp.corp:1`, { json: erp })).status, 404)
  })

  test('lists of an RFC mapping stay when absent, go when empty, and have two names (API1-247, API1-253, API2-049, API2-056, API2-105, API2-175)', async () => {
    const rfc = { ...erp, protocol: 'RFC', authenticationMode: 'NONE', virtualPort: 'sapgw00', localPort: 'sapgw00' }
    const path = `${mappings}/erp.corp:sapgw00`
    await post({ ...rfc, allowedClients: ['100', '200'], blacklistedUsers: [{ client: '100', user: 'EVE' }] })
    const lists = async () => {
      const { allowedClients, blacklistedUsers, blacklistedClientUsers } = await get(path)
      assert.deepEqual(blacklistedUsers, blacklistedClientUsers)
      return [allowedClients.length, blacklistedUsers.length]
    }
    assert.deepEqual(await lists(), [2, 1])
    // An empty list of clients admits them all: only who says so gets it, and it is on record.
    for (const none of [{}, { allowedClients: null, blacklistedUsers: null, blacklistedClientUsers: null }]) {
      assert.equal((await scene.connector.call('PUT', path, { json: { ...rfc, ...none } })).status, 204)
      assert.deepEqual(await lists(), [2, 1])
    }
    const recorded = async () => (await get('/api/v1/landbridge/audit?limit=1'))[0]
    assert.deepEqual((await recorded()).details ?? {}, {})
    await scene.connector.call('PUT', path, { json: { ...rfc, blacklistedClientUsers: [], allowedClients: [] } })
    assert.deepEqual(await lists(), [0, 0])
    const { category, action, object, details } = await recorded()
    assert.deepEqual([category, action, object], ['BackendMapping', 'update', 'erp.corp:sapgw00'])
    assert.deepEqual(details, { opensToAllClients: true })
    const both = { blacklistedUsers: [], blacklistedClientUsers: [{ client: '100', user: 'EVE' }] }
    assert.equal((await scene.connector.call('PUT', path, { json: { ...rfc, ...both } })).status, 400)
  })

  test('deleting removes a mapping with its resources; unknown ones are 404 (SCC-193, API1-255, API1-256, API2-033, API2-050, API2-051)', async () => {
    await post(erp)
    await scene.connector.call('POST', `${one}/resources`, { json: { id: '/' } })
    assert.equal((await scene.connector.call('DELETE', one)).status, 204)
    assert.equal((await scene.connector.call('DELETE', one)).status, 404)
    await post(erp)
    assert.deepEqual(await get(`${one}/resources`), [])
    assert.equal((await get(mappings.replace(id, other))).length, 1)
  })

  test('the address may be percent-encoded and its host in any case', async () => {
    await post(erp)
    for (const address of ['erp.corp%3A8000', 'ERP.CORP:8000'])
      assert.equal((await get(`${mappings}/${address}`)).virtualHost, 'erp.corp')
  })

  test('parallel creations all succeed (RC-163, API2-025)', async () => {
    await post(erp)
    const answers = await Promise.all([
      ...Array.from({ length: 10 }, (_, n) =>
        scene.connector.call('POST', mappings, { json: { ...erp, virtualHost: `h${n}` } }),
      ),
      ...Array.from({ length: 10 }, (_, n) =>
        scene.connector.call('POST', `${one}/resources`, { json: { id: `/r${n}` } }),
      ),
    ])
    assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [201])
    assert.equal((await get(mappings)).length, 11)
    assert.equal((await get(`${one}/resources`)).length, 10)
  })

  test('an administrator is told why a request would be denied', async () => {
    await post(erp)
    await scene.connector.call('POST', `${one}/resources`, { json: { id: '/orders', enabled: false } })
    const ask = async (query: string) =>
      get(`/api/v1/landbridge/subaccounts/${regionHost}/${id}/access?${new URLSearchParams(query)}`)
    const suspended = await ask('host=ERP.corp&port=8000&path=/orders/1')
    assert.deepEqual([suspended.allowed, suspended.denial], [false, 'NO_RESOURCE'])
    assert.equal(suspended.resources[0].effect, 'would admit the path, but is suspended')
    assert.equal(
      (await ask('host=erp.corp&port=8001&path=/')).reason,
      'The virtual host erp.corp is mapped, but only with the ports 8000.',
    )
    assert.equal((await ask('host=erp.corp&port=8000&path=/a/%252e%252e/b')).denial, 'BAD_PATH')
    assert.equal((await ask('host=erp.corp&port=8000')).denial, 'WRONG_PROTOCOL')
    await scene.connector.call('PUT', `${one}/resources/-orders`, { json: { enabled: true } })
    assert.equal((await ask('host=erp.corp&port=8000&path=/orders/1?x')).allowed, true)
    assert.equal((await ask('host=erp.corp&port=8000&path=/orders/1&websocket=true')).denial, 'NO_WEBSOCKET')
  })

  test('domain mappings are addressed by their internal domain, which may change (API2-106..115)', async () => {
    const domains = `${subaccountPath}/domainMappings`
    const mapping = { virtualDomain: 'cloud.test', internalDomain: 'corp.test' }
    const created = await scene.connector.call('POST', domains, { json: mapping })
    assert.deepEqual(
      [created.status, created.headers.location],
      [201, `${scene.connector.app.url}${domains}/corp.test`],
    )
    assert.equal((await scene.connector.call('POST', domains, { json: mapping })).status, 409)
    assert.equal((await scene.connector.call('POST', domains, { json: { virtualDomain: 'x' } })).status, 400)
    const self = { self: { href: `${scene.connector.app.url}${domains}/corp.test` } }
    assert.deepEqual(await get(domains), [{ ...mapping, _links: self }])
    await scene.connector.call('POST', domains, { json: { virtualDomain: 'v', internalDomain: 'second.test' } })
    const rename = (internalDomain: string) =>
      scene.connector.call('PUT', `${domains}/corp.test`, { json: { ...mapping, internalDomain } })
    assert.equal((await rename('second.test')).status, 409)
    assert.equal((await rename('new.test')).status, 204)
    assert.equal((await rename('newer.test')).status, 404)
    assert.equal((await get(`${domains}/new.test`)).virtualDomain, 'cloud.test')
    assert.equal((await scene.connector.call('DELETE', `${domains}/corp.test`)).status, 404)
    assert.equal((await scene.connector.call('DELETE', `${domains}/new.test`)).status, 204)
    assert.equal((await scene.connector.call('DELETE', domains)).status, 204)
    assert.deepEqual(await get(domains), [])
  })

  test('changes of mappings, resources and lists are in the audit trail once, with their category; refused ones are not (SCC-194, API1-280, API2-026)', async () => {
    const rfc = { ...erp, virtualPort: 'sapgw00', localPort: 'sapgw00', protocol: 'RFC', authenticationMode: 'NONE' }
    const system = `${mappings}/erp.corp:sapgw00`
    const steps = [
      ['POST', mappings, erp, 'BackendMapping', 'create', 'erp.corp:8000'],
      ['PUT', one, erp, 'BackendMapping', 'update', 'erp.corp:8000'],
      ['POST', `${one}/resources`, { id: '/' }, 'AllowedResource', 'create', 'erp.corp:8000 /'],
      ['PUT', `${one}/resources/-`, { enabled: true }, 'AllowedResource', 'update', 'erp.corp:8000 /'],
      ['DELETE', `${one}/resources/-`, undefined, 'AllowedResource', 'delete', 'erp.corp:8000 /'],
      ['DELETE', one, undefined, 'BackendMapping', 'delete', 'erp.corp:8000'],
      ['POST', mappings, rfc, 'BackendMapping', 'create', 'erp.corp:sapgw00'],
      ['POST', `${system}/allowedClients`, ['100'], 'BackendAuthority', 'update', 'erp.corp:sapgw00 allowedClients'],
      ...[[`${system}/blockedClientUsers`, [{ client: '100', user: 'X' }], 'BackendAuthority', 'update'] as const].map(
        ([path, body, category, action]) =>
          ['POST', path, body, category, action, 'erp.corp:sapgw00 blockedClientUsers'] as const,
      ),
    ] as const
    const newest = async () => (await get('/api/v1/landbridge/audit?limit=1'))[0]
    for (const [method, path, json, ...expected] of steps) {
      const before = (await newest()).sequence
      // What is refused leaves no trace of a change.
      const wrong = method === 'DELETE' ? `${path}x` : path
      const refused = await scene.connector.call(method, wrong, method === 'DELETE' ? {} : { json: 'nonsense' })
      assert.ok([400, 404].includes(refused.status), `${method} ${wrong} ${refused.status}`)
      assert.equal((await newest()).sequence, before)
      assert.ok(
        (await scene.connector.call(method, path, json === undefined ? {} : { json })).status < 300,
        `${method} ${path}`,
      )
      const { sequence, actor, category, action, object, subaccount } = await newest()
      assert.deepEqual([sequence, actor, subaccount], [before + 1, 'Administrator', `${id}@${regionHost}`])
      assert.deepEqual([category, action, object], expected)
    }
    assert.deepEqual(await get('/api/v1/landbridge/audit/verification'), { intact: true })
  })

  test('a refused request reaches the audit trail once with its number (SCC-192)', async () => {
    const denied = {
      subaccountId: id,
      virtualHost: 'erp.corp',
      virtualPort: 8000,
      path: '/x',
      reason: 'NO_RESOURCE',
    } as const
    for (let n = 0; n < 3; n++) scene.connector.app.recordAccess(denied)
    const find = async (): Promise<{ details?: unknown } | undefined> =>
      (await get('/api/v1/landbridge/audit')).find((entry: { category: string }) => entry.category === 'Denied')
    let entry = await find()
    while (entry === undefined) entry = await find()
    assert.deepEqual(entry.details, { reason: 'NO_RESOURCE', count: 3 })
  })
})
