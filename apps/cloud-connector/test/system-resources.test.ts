import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from '@landbridge/testkit/properties'
import { decodeResourceId, resourceSegment } from '../src/wire/resource-id.ts'
import { erp, mappingScene, mappings, one } from './mapping-scene.ts'

describe('resources of system mappings', () => {
  const scene = mappingScene()
  const { post, get } = scene

  test('a resource that only has an ID exposes nothing (API1-263, API1-264, API1-265, API1-270, API2-065, API2-069)', async () => {
    await post(erp)
    const created = await scene.connector.call('POST', `${one}/resources`, { json: { id: '/a-b+c/d' } })
    assert.deepEqual([created.status, created.text], [201, ''])
    assert.equal(created.headers.location, `${scene.connector.app.url}${one}/resources/-a+2Db+2Bc-d`)
    const [resource] = await get(`${one}/resources`)
    assert.deepEqual(Object.keys(resource), [
      ...['id', 'enabled', 'exactMatchOnly', 'websocketUpgradeAllowed', 'creationDate', '_links'],
    ])
    assert.deepEqual(
      [resource.id, resource.enabled, resource.exactMatchOnly, resource.websocketUpgradeAllowed, resource._links],
      ['/a-b+c/d', false, false, false, {}],
    )
    for (const encoded of ['-a+2Db+2Bc-d', '-a%2B2Db%2B2Bc-d']) {
      const single = await get(`${one}/resources/${encoded}`)
      assert.equal(single.id, '/a-b+c/d')
      assert.equal(single._links.self.href, created.headers.location)
    }
  })

  test('an ID that no address could name is refused', async () => {
    await post(erp)
    const add = (id: string) => scene.connector.call('POST', `${one}/resources`, { json: { id } })
    for (const id of ['/a\n', '/\u007f', '/a\0', `/${'x'.repeat(1_000)}`, `/${'ä'.repeat(500)}`]) {
      const refused = await add(id)
      assert.deepEqual([refused.status, refused.json.type], [400, 'INVALID_REQUEST'], JSON.stringify(id.slice(0, 5)))
    }
    assert.deepEqual(await get(`${one}/resources`), [])
    // The longest ones, in the longest spelling, are found where their address says.
    for (const id of [`/${'+'.repeat(999)}`, `/${'-'.repeat(999)}`, `/${'ä'.repeat(499)}`]) {
      const { location } = (await add(id)).headers
      assert.equal((await get(String(location).slice(scene.connector.app.url.length))).id, id)
    }
    const tooLong = await scene.connector.call('GET', `${one}/resources/-${'x'.repeat(5_000)}`)
    assert.deepEqual([tooLong.status, tooLong.json.type], [400, 'INVALID_REQUEST'])
  })

  test('flags are booleans on the way out and also texts on the way in; unknown members are ignored (RC-144, RC-160, API1-030, API1-032, API2-018, API2-020)', async () => {
    await post({ ...erp, _links: {}, creationDate: '1', totalResourcesCount: 9 })
    const flags = { enabled: 'true', exactMatchOnly: 'false', websocketUpgradeAllowed: 'true' }
    const json = { id: '/', ...flags, description: 'd', webSocketUpgradeAllowed: true }
    assert.equal((await scene.connector.call('POST', `${one}/resources`, { json })).status, 201)
    const resource = await get(`${one}/resources/-`)
    assert.deepEqual(
      [resource.enabled, resource.exactMatchOnly, resource.websocketUpgradeAllowed, resource.description],
      [true, false, true, 'd'],
    )
    for (const enabled of ['yes', 1, [], 'TRUE'])
      assert.equal(
        (await scene.connector.call('POST', `${one}/resources`, { json: { id: '/x', enabled } })).status,
        400,
      )
  })

  test('a resource is replaced as a whole, keeps its date and is counted (API1-267, API1-271, API1-272, API1-279, API2-052, API2-071, API2-072, API2-073, API2-074, RC-143)', async () => {
    await post(erp)
    await scene.connector.call('POST', `${one}/resources`, { json: { id: '/', enabled: true, description: 'd' } })
    assert.equal((await get(one)).enabledResourcesCount, 1)
    const before = await get(`${one}/resources/-`)
    const put = await scene.connector.call('PUT', `${one}/resources/-`, {
      json: { exactMatchOnly: true, id: '/other' },
    })
    assert.deepEqual([put.status, put.text], [204, ''])
    const { _links, ...after } = await get(`${one}/resources/-`)
    assert.deepEqual(after, {
      id: '/',
      enabled: false,
      exactMatchOnly: true,
      websocketUpgradeAllowed: false,
      creationDate: before.creationDate,
    })
    const { totalResourcesCount, enabledResourcesCount } = await get(one)
    assert.deepEqual([totalResourcesCount, enabledResourcesCount], [1, 0])
    assert.equal((await scene.connector.call('DELETE', `${one}/resources/-`)).status, 204)
    for (const [method, json] of [['GET'], ['PUT', {}], ['DELETE']] as const)
      assert.equal(
        (await scene.connector.call(method, `${one}/resources/-`, json === undefined ? {} : { json })).status,
        404,
      )
  })

  test('duplicate, nameless and misplaced resources are refused (API1-266, API2-064, API2-067, API2-075, API2-076, API2-082)', async () => {
    await post(erp)
    const add = async (path: string, json: object) =>
      (await scene.connector.call('POST', `${path}/resources`, { json })).status
    assert.deepEqual(
      [await add(one, { id: '/' }), await add(one, { id: '/' }), await add(one, {}), await add(one, { id: 'x' })],
      [201, 409, 400, 400],
    )
    await post({ ...erp, virtualPort: '9', localPort: '9', protocol: 'TCP', authenticationMode: 'NONE' })
    const tcp = `${mappings}/erp.corp:9`
    assert.equal(await add(tcp, { id: '/' }), 400)
    assert.deepEqual(await get(`${tcp}/resources`), [])
    assert.equal(await add(`${mappings}/erp.corp:10`, { id: '/' }), 404)
    assert.equal((await scene.connector.call('GET', `${mappings}/erp.corp:10/resources`)).status, 404)
    assert.equal((await scene.connector.call('DELETE', `${one}/resources`)).status, 204)
    assert.deepEqual(await get(`${one}/resources`), [])
  })

  test('resource IDs round-trip through a path (API1-268, API1-269, API2-068, API2-070)', () => {
    assert.deepEqual(['/', '/sap/opu/odata', '/my-app/v1', '/a+b', '/x+2Dy', '/BIC/Z-FN'].map(resourceSegment), [
      '-',
      '-sap-opu-odata',
      '-my+2Dapp-v1',
      '-a+2Bb',
      '-x+2B2Dy',
      '-BIC-Z+2DFN',
    ])
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('/', '-', '+', '2', 'B', 'D', 'a', ' ', '%') }), (text) => {
        const segment = decodeURIComponent(resourceSegment(text))
        assert.equal(decodeResourceId(segment), text)
        assert.equal(segment.includes('/'), false)
      }),
    )
  })
})
