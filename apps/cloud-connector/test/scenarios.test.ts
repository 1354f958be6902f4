import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import { fromZip, toZip } from '../src/wire/zip.ts'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import {
  type Answer,
  configuration,
  form,
  id,
  type RunningConnector,
  startConnector,
  subaccountPath,
} from './running-connector.ts'

const mappings = `${subaccountPath}/systemMappings`
const mapping = (virtualHost: string, protocol: string) => ({
  ...{ virtualHost, virtualPort: '443', localHost: 'erp.corp', localPort: '443' },
  ...{ protocol, backendType: 'abapSys' },
})
const [source, target] = [`${mappings}/dev:443`, `${mappings}/prod:443`]
const plain = { enabled: true, exactMatchOnly: false, websocketUpgradeAllowed: false }
type Shown = { id: string; enabled: boolean; scenarios?: string[]; fromScenario?: boolean }

describe('several resources at once, and scenarios', () => {
  const folder = temporaryFolder()
  let region: FakeRegion
  let connector: RunningConnector
  const call = (method: string, path: string, json?: object): Promise<Answer> =>
    connector.call(method, path, json === undefined ? {} : { json })
  const ok = async (method: string, path: string, json?: object): Promise<Answer> => {
    const answer = await call(method, path, json)
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
    return answer
  }
  before(async () => {
    region = await startFakeRegion()
    connector = await startConnector(folder.path, region)
    await ok('POST', `${configuration}/subaccounts`, { regionHost, subaccount: id, cloudUser, cloudPassword })
  })
  beforeEach(async () => {
    await ok('DELETE', mappings)
    for (const [host, protocol] of [
      ['dev', 'HTTPS'],
      ['prod', 'HTTP'],
      ['rfc', 'RFC'],
      ['ldap', 'LDAP'],
    ] as const)
      await ok('POST', mappings, mapping(host, protocol))
    for (const one of ['/a', '/b+-', '/c']) await ok('POST', `${source}/resources`, { id: one, ...plain })
  })
  after(async () => {
    await connector.close()
    await region.close()
    folder[Symbol.dispose]()
  })

  const archiveOf = async (name: string, resources: readonly string[]): Promise<Buffer> => {
    const answer = await ok('POST', `${source}/scenarios/export`, { name, resources })
    assert.equal(answer.headers['content-type'], 'application/zip')
    return Buffer.from(answer.text, 'latin1')
  }
  const take = (path: string, archive: Buffer) => connector.call('POST', `${path}/scenarios`, form({ archive }))
  const shown = async (path = target): Promise<Record<string, Shown>> => {
    const list: Shown[] = (await ok('GET', `${path}/resources`)).json
    return Object.fromEntries(list.map((entry) => [entry.id, entry]))
  }
  const audited = async (count: number): Promise<string[]> =>
    (await ok('GET', `/api/v1/landbridge/audit?limit=${count}`)).json.map(
      ({ category, action, object, details }: Record<string, unknown>) =>
        `${category} ${action} ${object} ${JSON.stringify(details)}`,
    )

  test('several resources are activated, suspended and allowed to upgrade in one action, or none is (SCC-205)', async () => {
    const flags = async () =>
      Object.values(await shown(source)).map(({ enabled, ...rest }) => [
        enabled,
        Reflect.get(rest, 'websocketUpgradeAllowed'),
      ])
    await ok('PATCH', `${source}/resources`, { ids: ['/a', '/c'], enabled: false })
    assert.deepEqual(await flags(), [
      [false, false],
      [true, false],
      [false, false],
    ])
    assert.deepEqual(await audited(2), [
      'AllowedResource update dev:443 /a {"enabled":false}',
      'AllowedResource update dev:443 /c {"enabled":false}',
    ])
    await ok('PATCH', `${source}/resources`, {
      ids: ['/a', '/b+-', '/c'],
      enabled: 'true',
      websocketUpgradeAllowed: true,
    })
    assert.deepEqual(await flags(), [
      [true, true],
      [true, true],
      [true, true],
    ])
    for (const [path, json, status] of [
      [source, { ids: ['/a', '/none'], enabled: false }, 404],
      [source, { ids: [], enabled: false }, 400],
      [source, { ids: [1], enabled: false }, 400],
      [source, { ids: '/a', enabled: false }, 400],
      [source, { ids: ['/a'] }, 400],
      [source, { enabled: false }, 400],
      [`${mappings}/rfc:443`, { ids: ['X'], websocketUpgradeAllowed: true }, 400],
      [`${mappings}/none:443`, { ids: ['X'], enabled: true }, 404],
    ] as const)
      assert.equal((await call('PATCH', `${path}/resources`, json)).status, status, JSON.stringify(json))
    assert.deepEqual(await flags(), [
      [true, true],
      [true, true],
      [true, true],
    ])
  })

  test('chosen resources leave a mapping as an archive under a name (SCC-256)', async () => {
    const [entry] = await fromZip(await archiveOf(' Orders ', ['/c', '/b+-']))
    const { version, ...document } = JSON.parse(entry?.[1] ?? '')
    assert.deepEqual(document, {
      ...{ product: 'landbridge-cloud-connector', kind: 'scenario', formatVersion: 1 },
      ...{ name: 'Orders', protocol: 'HTTP' },
      resources: [
        { id: '/c', ...plain },
        { id: '/b+-', ...plain },
      ],
    })
    for (const [path, json, status] of [
      [source, { name: 'n', resources: ['/none'] }, 404],
      [source, { name: 'n', resources: [] }, 400],
      [source, { name: ' ', resources: ['/a'] }, 400],
      [source, { name: 'a\u0000', resources: ['/a'] }, 400],
      [source, { name: 'x'.repeat(101), resources: ['/a'] }, 400],
      [`${mappings}/ldap:443`, { name: 'n', resources: ['/a'] }, 400],
    ] as const)
      assert.equal((await call('POST', `${path}/scenarios/export`, json)).status, status, JSON.stringify(json))
  })

  test('an import adds what is missing, marks all with the name, and leaves known resources as they were set (SCC-257)', async () => {
    await ok('POST', `${target}/resources`, { id: '/a', enabled: false, description: 'mine' })
    const answer = await take(target, await archiveOf('Orders', ['/a', '/b+-']))
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(answer.json, { name: 'Orders', created: ['/b+-'], kept: ['/a'] })
    const { '/a': known, '/b+-': added } = await shown()
    const { creationDate, _links, ...rest } = known as Shown & Record<string, unknown>
    assert.deepEqual(rest, {
      ...{ id: '/a', enabled: false, exactMatchOnly: false, websocketUpgradeAllowed: false, description: 'mine' },
      ...{ scenarios: ['Orders'], fromScenario: false },
    })
    assert.deepEqual([added?.enabled, added?.scenarios, added?.fromScenario], [true, ['Orders'], true])
    assert.deepEqual((await ok('GET', `${target}/scenarios`)).json, [{ name: 'Orders', resources: ['/a', '/b+-'] }])
    assert.deepEqual(await audited(2), [
      'AllowedResource update prod:443 /a {"scenario":"Orders"}',
      'AllowedResource create prod:443 /b+- {"scenario":"Orders"}',
    ])
    assert.deepEqual(Object.keys((await shown(source))['/a'] ?? {}).includes('scenarios'), false)
    // An administrator may change what a scenario brought; it belongs to it all the same.
    await ok('PUT', `${target}/resources/-b+2B+2D`, { ...plain, enabled: false })
    const changed = (await shown())['/b+-']
    assert.deepEqual([changed?.enabled, changed?.scenarios, changed?.fromScenario], [false, ['Orders'], true])
  })

  test('removing a scenario deletes what it brought and nobody else needs; what was there stays (SCC-258, SCC-259)', async () => {
    await ok('POST', `${target}/resources`, { id: '/a', ...plain })
    await take(target, await archiveOf('One', ['/a', '/b+-', '/c']))
    await take(target, await archiveOf('Two, & more/?', ['/a', '/c']))
    assert.deepEqual((await shown())['/c']?.scenarios, ['One', 'Two, & more/?'])
    assert.deepEqual((await shown())['/a']?.scenarios, ['One', 'Two, & more/?'])
    await ok('DELETE', `${target}/scenarios/One`)
    assert.deepEqual(Object.keys(await shown()), ['/a', '/c'])
    assert.deepEqual((await shown())['/c']?.scenarios, ['Two, & more/?'])
    assert.deepEqual((await audited(3)).sort(), [
      'AllowedResource delete prod:443 /b+- {"scenario":"One"}',
      'AllowedResource update prod:443 /a {"scenario":"One"}',
      'AllowedResource update prod:443 /c {"scenario":"One"}',
    ])
    await ok('DELETE', `${target}/scenarios/${encodeURIComponent('Two, & more/?')}`)
    const left = await shown()
    assert.deepEqual(Object.keys(left), ['/a'])
    assert.equal(left['/a']?.scenarios, undefined)
    const gone = await call('DELETE', `${target}/scenarios/One`)
    assert.deepEqual([gone.status, gone.json.type], [404, 'NOT_FOUND'])
  })

  test('scenarios survive a restart and go along with a copy of the access control', async () => {
    await take(target, await archiveOf('Orders', ['/a']))
    const archive = Buffer.from((await ok('GET', `${subaccountPath}/accessControl/export`)).text, 'latin1')
    await connector.close()
    connector = await startConnector(folder.path, region)
    assert.deepEqual((await shown())['/a']?.scenarios, ['Orders'])
    await ok('DELETE', mappings)
    const copied = await connector.call('POST', `${subaccountPath}/accessControl/import`, form({ archive }))
    assert.equal(copied.status, 200, copied.text)
    await ok('DELETE', `${target}/scenarios/Orders`)
    assert.deepEqual(await shown(), {})
  })

  test('a scenario that is damaged, of another kind or wrong in one resource is refused and changes nothing', async () => {
    const archive = await archiveOf('Orders', ['/a', '/b+-'])
    const [entry] = await fromZip(archive)
    const document = JSON.parse(entry?.[1] ?? '')
    const zipped = (change: object): Buffer =>
      toZip(new Map([['scenario.json', JSON.stringify({ ...document, ...change })]]))
    for (const [path, bytes, reason] of [
      [`${mappings}/rfc:443`, archive, /is for HTTP systems, and the mapping has protocol RFC/],
      [`${mappings}/ldap:443`, archive, /protocol LDAP has no resources/],
      [target, zipped({ protocol: 'TCP' }), /must be HTTP or RFC/],
      [target, zipped({ name: '' }), /name is required/],
      [target, zipped({ resources: [] }), /must not be empty/],
      [target, zipped({ resources: [{ id: '/x' }, { id: 'y' }] }), /y: id must start with \//],
      [target, zipped({ resources: [{ id: '/x' }, { id: '/x' }] }), /\/x twice/],
      [target, zipped({ resources: [{ id: '/x', enabled: 7 }] }), /resources\[0\]/],
      [target, zipped({ kind: 'accessControl' }), /not an export of this product of the kind scenario/],
      [target, Buffer.from('PK'), /is not a ZIP file/],
    ] as const) {
      const answer = await take(path, bytes)
      assert.deepEqual([answer.status, answer.json.type], [400, 'INVALID_REQUEST'], `${reason} ${answer.text}`)
      assert.match(answer.json.message, reason)
    }
    assert.equal((await call('POST', `${target}/scenarios`, {})).status, 415)
    assert.deepEqual(await shown(), {})
  })
})
