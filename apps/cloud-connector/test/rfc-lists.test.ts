import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import { configuration, id, type RunningConnector, startConnector, subaccountPath } from './running-connector.ts'

const erp = {
  virtualHost: 'erp.corp',
  virtualPort: 'sapgw00',
  localHost: '10.0.0.5',
  localPort: 'sapgw01',
  protocol: 'RFC',
  backendType: 'abapSys',
}
const one = `${subaccountPath}/systemMappings/erp.corp:sapgw00`
const clients = `${one}/allowedClients`
const users = `${one}/blockedClientUsers`
const singular = (path: string): string => path.replace('systemMappings', 'systemMapping')

describe('RFC clients and users of a system mapping', () => {
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
  beforeEach(async () => {
    await connector.call('DELETE', `${subaccountPath}/systemMappings`)
    assert.equal((await connector.call('POST', `${subaccountPath}/systemMappings`, { json: erp })).status, 201)
  })
  after(async () => {
    await connector.close()
    await region.close()
    folder[Symbol.dispose]()
  })

  const status = async (method: string, path: string, json?: unknown): Promise<number> =>
    (await connector.call(method, path, json === undefined ? {} : { json })).status
  const get = async (path: string) => (await connector.call('GET', path)).json

  test('clients are replaced by POST, added by PATCH without repetitions, and read as texts or as objects (API2-083, API2-084, API2-085, API2-086, API2-087)', async () => {
    assert.deepEqual(await get(clients), [])
    const replaced = await connector.call('POST', clients, { json: ['100', '200', '100'] })
    assert.deepEqual([replaced.status, replaced.text], [201, ''])
    assert.equal(replaced.headers.location, `${connector.app.url}${clients}`)
    assert.deepEqual(await get(clients), ['100', '200'])
    assert.deepEqual(await get(singular(clients)), [{ client: '100' }, { client: '200' }])
    assert.equal(await status('PATCH', singular(clients), ['300', '100', { client: '001' }]), 204)
    assert.deepEqual(await get(clients), ['100', '200', '300', '001'])
    assert.equal(await status('POST', singular(clients), ['400']), 201)
    assert.deepEqual(await get(clients), ['400'])
  })

  test('one bad client refuses the whole list (API2-088, SCC-237)', async () => {
    await status('POST', clients, ['100'])
    for (const json of [['200', '1'], ['200', '1000'], ['200', 200], ['200', {}], { client: '200' }, '200', []])
      if (!Array.isArray(json) || json.length > 0)
        for (const method of ['POST', 'PATCH']) assert.equal(await status(method, clients, json), 400)
    assert.deepEqual(await get(clients), ['100'])
  })

  test('clients are removed one by one or all; whoever empties the list is on record for opening the system (API2-089, API2-090, API2-105)', async () => {
    await status('POST', clients, ['100', '200'])
    assert.equal(await status('DELETE', `${clients}/100`), 204)
    const missing = await connector.call('DELETE', `${clients}/100`)
    assert.deepEqual([missing.status, missing.json.type], [404, 'NOT_FOUND'])
    assert.equal(await status('DELETE', clients), 204)
    assert.equal(await status('DELETE', clients), 204)
    assert.deepEqual(await get(clients), [])
    const [, last, idle] = (await get('/api/v1/landbridge/audit?limit=3')) as { category: string; details: object }[]
    assert.deepEqual([last?.category, last?.details], ['BackendAuthority', { opensToAllClients: true }])
    assert.deepEqual(idle?.details ?? {}, {})
  })

  test('users are replaced by POST and added by PATCH; half an entry refuses the whole list (API2-085, API2-091, API2-092, API2-093, API2-094, SCC-237)', async () => {
    assert.equal(await status('POST', users, [{ client: '100', user: 'EVE' }]), 201)
    const more = [
      { client: '100', user: 'eve' },
      { client: '200', user: 'EVE' },
    ]
    assert.equal(await status('PATCH', singular(users), more), 204)
    const both = [
      { client: '100', user: 'EVE' },
      { client: '200', user: 'EVE' },
    ]
    assert.deepEqual(await get(users), both)
    for (const entry of [{ client: '100' }, { user: 'X' }, { client: '10', user: 'X' }, 'X'])
      for (const method of ['POST', 'PATCH'])
        assert.equal(await status(method, users, [{ client: '300', user: 'OK' }, entry]), 400)
    assert.deepEqual(await get(singular(users)), both)
    assert.equal(await status('POST', users, [{ client: '300', user: 'BOB' }]), 201)
    assert.deepEqual(await get(users), [{ client: '300', user: 'BOB' }])
  })

  test('users are removed by pair, by client and by user (API2-095, API2-096, API2-097, API2-098, API2-099)', async () => {
    const all = ['100:A', '100:B', '200:A', '200:B', '300:A'].map((pair) => {
      const [client, user] = pair.split(':')
      return { client, user }
    })
    await status('POST', users, all)
    const rest = async () => (await get(users)).map(({ client, user }: Record<string, string>) => `${client}:${user}`)
    assert.equal(await status('DELETE', `${users}/100:A`), 204)
    assert.equal(await status('DELETE', `${users}/100:A`), 404)
    assert.equal(await status('DELETE', `${users}/client/200:B`), 204)
    assert.equal(await status('DELETE', `${users}/client/200:B`), 404)
    assert.deepEqual(await rest(), ['100:B', '200:A', '300:A'])
    assert.equal(await status('DELETE', `${singular(users)}/client/100`), 204)
    assert.equal(await status('DELETE', `${users}/client/100`), 404)
    assert.equal(await status('DELETE', `${users}/user/A`), 204)
    assert.equal(await status('DELETE', `${users}/user/A`), 404)
    assert.deepEqual(await rest(), [])
    await status('POST', users, all)
    assert.equal(await status('DELETE', users), 204)
    assert.deepEqual(await rest(), [])
  })

  test('user names with special characters are addressed percent-encoded (API2-100)', async () => {
    const names = ['a:b', 'a/b', 'ä b?#%']
    await status(
      'POST',
      users,
      names.map((user) => ({ client: '100', user })),
    )
    assert.equal(await status('DELETE', `${users}/100:${encodeURIComponent('a:b')}`), 204)
    assert.equal(await status('DELETE', `${users}/client/${encodeURIComponent('100:a/b')}`), 204)
    assert.equal(await status('DELETE', `${users}/user/${encodeURIComponent('ä b?#%')}`), 204)
    assert.deepEqual(await get(users), [])
  })

  test('the lists are those of the mapping itself, both ways (API2-101)', async () => {
    await status('POST', clients, ['100'])
    await status('POST', users, [{ client: '100', user: 'EVE' }])
    const mapping = await get(one)
    assert.deepEqual(mapping.allowedClients, ['100'])
    assert.deepEqual(mapping.blacklistedUsers, [{ client: '100', user: 'EVE' }])
    const changed = { ...erp, allowedClients: ['200'], blacklistedUsers: [] }
    assert.equal(await status('PUT', one, changed), 204)
    assert.deepEqual([await get(clients), await get(users)], [['200'], []])
  })

  test('a mapping that speaks another protocol for a while has its resources and both lists again with RFC (API2-046, API2-049)', async () => {
    const base = `${subaccountPath}/systemMappings/erp.corp:3301`
    const rfc = { ...erp, virtualPort: '3301', localPort: '3301' }
    const blacklistedUsers = [{ client: '100', user: 'EVE' }]
    await status('POST', `${subaccountPath}/systemMappings`, { ...rfc, allowedClients: ['100'], blacklistedUsers })
    await status('POST', `${base}/resources`, { id: 'BAPI_', enabled: true, exactMatchOnly: false })
    const held = async () => {
      const mapping = await get(base)
      return [mapping.allowedClients, mapping.blacklistedUsers, mapping.totalResourcesCount]
    }
    // A known client sends the lists that it has read with every change.
    for (const lists of [{}, { allowedClients: [], blacklistedUsers: [] }]) {
      assert.equal(await status('PUT', base, { ...rfc, ...lists, protocol: 'HTTP' }), 204)
      assert.deepEqual(await held(), [[], [], 1])
      assert.deepEqual([await get(`${base}/allowedClients`), await get(`${base}/blockedClientUsers`)], [[], []])
    }
    assert.equal(await status('PUT', base, rfc), 204)
    assert.deepEqual(await held(), [['100'], blacklistedUsers, 1])
    // Said with RFC, nothing means nothing, and is on record.
    assert.equal(await status('PUT', base, { ...rfc, allowedClients: [], blacklistedUsers: [] }), 204)
    assert.deepEqual(await held(), [[], [], 1])
  })

  test('mappings of other protocols have empty lists that cannot be written; unknown mappings have none (API2-102, SCC-238)', async () => {
    const http = { ...erp, virtualPort: '80', localPort: '80', protocol: 'HTTP' }
    await status('POST', `${subaccountPath}/systemMappings`, http)
    const base = `${subaccountPath}/systemMappings/erp.corp:80`
    assert.deepEqual([await get(`${base}/allowedClients`), await get(`${base}/blockedClientUsers`)], [[], []])
    assert.equal(await status('POST', `${base}/allowedClients`, ['100']), 400)
    assert.equal(await status('PATCH', `${base}/blockedClientUsers`, [{ client: '100', user: 'A' }]), 400)
    for (const path of [`${subaccountPath}/systemMappings/no:80/allowedClients`, users.replace(id, 'no')])
      for (const method of ['GET', 'POST', 'DELETE'])
        assert.equal(await status(method, path, method === 'POST' ? [] : undefined), 404)
  })
})
