import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import { configuration, id, type RunningConnector, startConnector, subaccountPath } from './running-connector.ts'

const mappings = `${subaccountPath}/systemMappings`
const mapping = {
  ...{ virtualHost: 'erp.virtual', virtualPort: '443', localHost: 'erp.corp', localPort: '443' },
  ...{ protocol: 'HTTPS', backendType: 'abapSys', authenticationMode: 'NONE' },
}
const rfc = { ...mapping, virtualHost: 'rfc.virtual', virtualPort: 'sapgw00', localPort: 'sapgw00', protocol: 'RFC' }

/** One kind of object that is managed one by one. */
interface Entity {
  readonly name: string
  readonly collection: string
  readonly body: object
  /** Where the object of `body` is; `{id}` is the number that it gets. */
  readonly one: string
  readonly update: object
  /** What a read shows after the update. */
  readonly updated: object
  /** Members that a creation cannot do without. */
  readonly required: readonly string[]
  /** A member with a value of another type. */
  readonly wrong: object
  /** Status of a second creation; the type of 409 is INVALID_CONFIGURATION. */
  readonly again: 201 | 409
  readonly missing: string
}

const entities: readonly Entity[] = [
  {
    name: 'system mapping',
    collection: mappings,
    body: mapping,
    one: `${mappings}/erp.virtual:443`,
    update: { ...mapping, localHost: 'other.corp' },
    updated: { localHost: 'other.corp' },
    required: ['virtualHost', 'virtualPort', 'localHost', 'localPort', 'protocol', 'backendType'],
    wrong: { localHost: ['a'] },
    again: 409,
    missing: `${mappings}/none.virtual:1`,
  },
  {
    name: 'resource',
    collection: `${mappings}/h.virtual:443/resources`,
    body: { id: '/sap/a-b' },
    one: `${mappings}/h.virtual:443/resources/-sap-a+2Db`,
    update: { enabled: 'true' },
    updated: { id: '/sap/a-b', enabled: true },
    required: ['id'],
    wrong: { enabled: 'maybe' },
    again: 409,
    missing: `${mappings}/h.virtual:443/resources/-none`,
  },
  {
    name: 'domain mapping',
    collection: `${subaccountPath}/domainMappings`,
    body: { virtualDomain: 'v.test', internalDomain: 'i.test' },
    one: `${subaccountPath}/domainMappings/i.test`,
    update: { virtualDomain: 'w.test', internalDomain: 'i.test' },
    updated: { virtualDomain: 'w.test' },
    required: ['virtualDomain', 'internalDomain'],
    wrong: { virtualDomain: {} },
    again: 409,
    missing: `${subaccountPath}/domainMappings/none.test`,
  },
  ...(
    [
      ['HANA', { hanaInstanceName: 'db', instanceNumber: 7, connections: 1 }, ['hanaInstanceName', 'instanceNumber']],
      ['VirtualMachine', { name: 'vm', endpointId: 'e', port: 2200, connections: 1 }, ['name', 'endpointId', 'port']],
      [
        'ABAPCloud',
        { abapCloudTenantHost: 'a.test', instanceNumber: 7, connections: 1 },
        ['abapCloudTenantHost', 'instanceNumber'],
      ],
      [
        'K8S',
        { k8sCluster: 'c:443', k8sService: 's', port: 3000, connections: 1 },
        ['k8sCluster', 'k8sService', 'port'],
      ],
    ] as const
  ).map(
    ([type, body, required]): Entity => ({
      name: `service channel ${type}`,
      collection: `${subaccountPath}/channels/${type}`,
      body,
      one: `${subaccountPath}/channels/${type}/{id}`,
      update: { ...body, connections: '3' },
      updated: { connections: 3, type },
      required,
      wrong: { connections: 'many' },
      // Two channels may lead to the same place.
      again: 201,
      missing: `${subaccountPath}/channels/${type}/99999`,
    }),
  ),
]

describe('the life of every kind of object', () => {
  const folders = [temporaryFolder(), temporaryFolder()] as const
  let region: FakeRegion
  let connector: RunningConnector
  let shadow: RunningConnector
  before(async () => {
    region = await startFakeRegion()
    connector = await startConnector(folders[0].path, region)
    shadow = await startConnector(folders[1].path, region, { haRole: 'shadow' })
    const pairing = { regionHost, subaccount: id, cloudUser, cloudPassword }
    for (const [path, json] of [
      [`${configuration}/subaccounts`, pairing],
      [mappings, { ...mapping, virtualHost: 'h.virtual' }],
      [mappings, rfc],
    ] as const)
      assert.equal((await connector.call('POST', path, { json })).status, 201)
  })
  after(async () => {
    await connector.close()
    await shadow.close()
    await region.close()
    for (const folder of folders) folder[Symbol.dispose]()
  })

  const outcome = async (method: string, path: string, json?: object, at = connector) => {
    const answer = await at.call(method, path, json === undefined ? {} : { json })
    return [answer.status, answer.json?.type]
  }
  const count = async (path: string): Promise<number> => (await connector.call('GET', path)).json.length

  for (const entity of entities)
    test(`${entity.name}: created, read, listed, changed, refused twice or in parts, deleted and gone`, async () => {
      const { collection, body, update, updated, required, wrong, again, missing } = entity
      const before = await count(collection)
      for (const name of required)
        assert.deepEqual(
          await outcome('POST', collection, Object.fromEntries(Object.entries(body).filter(([key]) => key !== name))),
          [400, 'INVALID_REQUEST'],
          `without ${name}`,
        )
      assert.deepEqual(await outcome('POST', collection, { ...body, ...wrong }), [400, 'INVALID_REQUEST'])
      assert.deepEqual(await outcome('POST', collection, body, shadow), [403, 'FORBIDDEN_REQUEST'])
      assert.equal(await count(collection), before)
      const created = await connector.call('POST', collection, { json: body })
      assert.equal(created.status, 201, created.text)
      const location = new URL(String(created.headers.location)).pathname
      const one = entity.one.replace('{id}', location.split('/').at(-1) ?? '')
      assert.equal(decodeURIComponent(location), decodeURIComponent(one))
      const read = (await connector.call('GET', one)).json
      assert.equal(new URL(read._links.self.href).pathname, location)
      assert.equal(await count(collection), before + 1)
      assert.deepEqual(
        await outcome('POST', collection, body),
        again === 409 ? [409, 'INVALID_CONFIGURATION'] : [201, undefined],
      )
      assert.deepEqual(await outcome('PUT', one, { ...update, ...wrong }), [400, 'INVALID_REQUEST'])
      assert.deepEqual((await connector.call('GET', one)).json, read)
      assert.deepEqual(await outcome('PUT', one, update), [204, undefined])
      const changed = (await connector.call('GET', one)).json
      for (const [name, value] of Object.entries(updated)) assert.deepEqual(changed[name], value, name)
      for (const method of ['GET', 'PUT', 'DELETE'])
        assert.deepEqual(
          await outcome(method, missing, method === 'PUT' ? update : undefined),
          [404, 'NOT_FOUND'],
          method,
        )
      assert.deepEqual(await outcome('DELETE', one, undefined, shadow), [403, 'FORBIDDEN_REQUEST'])
      assert.deepEqual(await outcome('DELETE', one), [204, undefined])
      assert.deepEqual(await outcome('DELETE', one), [404, 'NOT_FOUND'])
      assert.deepEqual(await outcome('GET', one), [404, 'NOT_FOUND'])
      assert.deepEqual(await outcome('DELETE', collection), [204, undefined])
      assert.equal(await count(collection), 0)
      // The first kind took the system of the second one along.
      if (collection === mappings)
        await connector.call('POST', mappings, { json: { ...mapping, virtualHost: 'h.virtual' } })
    })

  test('subaccount: a second one of the same name is refused, an unknown one is not there', async () => {
    const collection = `${configuration}/subaccounts`
    const body = { regionHost, subaccount: id, cloudUser, cloudPassword }
    assert.deepEqual(await outcome('POST', collection, body), [409, 'INVALID_CONFIGURATION'])
    for (const name of Object.keys(body))
      assert.deepEqual(
        await outcome('POST', collection, Object.fromEntries(Object.entries(body).filter(([key]) => key !== name))),
        [400, 'INVALID_REQUEST'],
      )
    assert.deepEqual(await outcome('PUT', subaccountPath, { description: 'new' }), [200, undefined])
    assert.deepEqual(await outcome('DELETE', subaccountPath), [204, undefined])
    for (const method of ['GET', 'PUT', 'DELETE'])
      assert.deepEqual(await outcome(method, subaccountPath, method === 'PUT' ? {} : undefined), [404, 'NOT_FOUND'])
  })
})
