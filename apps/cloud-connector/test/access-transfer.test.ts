import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import { zipSync } from 'fflate'
import { fromZip, toZip } from '../src/wire/zip.ts'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import { type Answer, configuration, form, id, type RunningConnector, startConnector } from './running-connector.ts'

const other = '7f0c1f6e-0000-4000-8000-000000000002'
const pathOf = (subaccount: string): string => `${configuration}/subaccounts/${regionHost}/${subaccount}`
const [first, second] = [pathOf(id), pathOf(other)]

const erp = {
  virtualHost: 'ERP.virtual',
  virtualPort: '443',
  localHost: 'erp.corp',
  localPort: '44300',
  protocol: 'HTTPS',
  backendType: 'abapSys',
  authenticationMode: 'X509_GENERAL',
  hostInHeader: 'INTERNAL',
  sid: 'ERP',
  description: 'the one system – with ümlauts',
}
const rfc = {
  virtualHost: 'erp.virtual',
  virtualPort: 'sapgw00',
  localHost: '10.0.0.5',
  localPort: 'sapgw01',
  protocol: 'RFCS',
  backendType: 'abapSys',
  sncPartnerName: 'p:CN=ERP',
  sapRouter: '/H/router',
  allowedClients: ['100', '200'],
  blacklistedUsers: [{ client: '100', user: 'EVE' }],
}
const range = {
  virtualHost: 'db.virtual',
  virtualPort: '8000-8009',
  localHost: 'db.corp',
  localPort: '9000-9009',
  protocol: 'TCP',
  backendType: 'nonSAPsys',
}
const resources = [
  { id: '/sap/a+b-c', enabled: true, exactMatchOnly: true, websocketUpgradeAllowed: true, description: 'd' },
  { id: '/open', enabled: false, exactMatchOnly: false, websocketUpgradeAllowed: false },
]

describe('export, import and copy', () => {
  const folder = temporaryFolder()
  let region: FakeRegion
  let connector: RunningConnector
  const ok = async (method: string, path: string, json?: object): Promise<Answer> => {
    const answer = await connector.call(method, path, json === undefined ? {} : { json })
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
    return answer
  }
  before(async () => {
    region = await startFakeRegion()
    connector = await startConnector(folder.path, region)
    for (const subaccount of [id, other])
      await ok('POST', `${configuration}/subaccounts`, { regionHost, subaccount, cloudUser, cloudPassword })
    for (const mapping of [erp, rfc, range]) await ok('POST', `${first}/systemMappings`, mapping)
    for (const resource of resources) await ok('POST', `${first}/systemMappings/ERP.virtual:443/resources`, resource)
    await ok('POST', `${first}/systemMappings/erp.virtual:sapgw00/resources`, { id: 'RFC_', enabled: true })
    await ok('POST', `${first}/domainMappings`, { internalDomain: 'corp', virtualDomain: 'cloud' })
    await ok('POST', `${first}/channels/K8S`, { k8sCluster: 'c', k8sService: 's', port: 3000, connections: 2 })
    await ok('POST', `${first}/channels/HANA`, { hanaInstanceName: 'h', instanceNumber: 7, comment: 'x' })
  })
  beforeEach(async () => {
    for (const kind of ['systemMappings', 'domainMappings', 'channels']) await ok('DELETE', `${second}/${kind}`)
  })
  after(async () => {
    await connector.close()
    await region.close()
    folder[Symbol.dispose]()
  })

  /** Mappings with resources, cookie domains and channels, without dates, IDs and addresses. */
  const content = async (path: string): Promise<unknown> => {
    const mappings = (await ok('GET', `${path}/systemMappings`)).json
    const lists: unknown[] = [mappings]
    for (const { virtualHost, virtualPort } of mappings)
      lists.push((await ok('GET', `${path}/systemMappings/${virtualHost}:${virtualPort}/resources`)).json)
    for (const kind of ['domainMappings', 'channels/K8S', 'channels/HANA'])
      lists.push((await ok('GET', `${path}/${kind}`)).json)
    const changing = new Set(['creationDate', '_links'])
    const isChannelId = (name: string, value: unknown): boolean => name === 'id' && typeof value === 'number'
    return JSON.parse(
      JSON.stringify(lists, (name, value) => (changing.has(name) || isChannelId(name, value) ? undefined : value)),
    )
  }
  const exported = async (path: string): Promise<Buffer> => {
    const answer = await ok('GET', path)
    assert.equal(answer.headers['content-type'], 'application/zip')
    assert.match(String(answer.headers['content-disposition']), /^attachment;filename="[a-z-]+\.zip"$/)
    return Buffer.from(answer.text, 'latin1')
  }
  const upload = (path: string, archive: Buffer, more: Readonly<Record<string, string>> = {}) =>
    connector.call('POST', path, form({ archive: { file: archive }, ...more }))
  const documentOf = async (archive: Buffer) => {
    const [entry, ...others] = await fromZip(archive)
    assert.equal(others.length, 0)
    return { name: entry?.[0] ?? '', json: JSON.parse(entry?.[1] ?? '') }
  }

  test('access control leaves as a ZIP and arrives in another subaccount as it was, from the file and directly (SCC-186)', async () => {
    const archive = await exported(`${first}/accessControl/export`)
    const { name, json } = await documentOf(archive)
    assert.deepEqual([name, json.kind, json.formatVersion], ['access-control.json', 'accessControl', 1])
    const before = (await content(first)) as unknown[]
    const wanted = [...before.slice(0, -3), [], [], []]
    for (const take of [
      () => upload(`${second}/accessControl/import`, archive),
      () => connector.call('POST', `${second}/accessControl/import`, { json: { regionHost, subaccount: id } }),
    ]) {
      const answer = await take()
      assert.equal(answer.status, 200, answer.text)
      const created = ['ERP.virtual:443', 'erp.virtual:sapgw00', 'db.virtual:8000-8009']
      assert.deepEqual(answer.json, { systemMappings: { created, replaced: [], kept: [] } })
      assert.deepEqual(await content(second), wanted)
      await ok('DELETE', `${second}/systemMappings`)
    }
  })

  test('an import keeps what is there, or replaces it with Overwrite, by virtual host and port (SCC-187)', async () => {
    const archive = await exported(`${first}/accessControl/export`)
    await ok('POST', `${second}/systemMappings`, { ...erp, virtualHost: 'erp.VIRTUAL', localHost: 'old.corp' })
    await ok('POST', `${second}/systemMappings/erp.virtual:443/resources`, { id: '/old', enabled: true })
    const kept = await upload(`${second}/accessControl/import`, archive)
    assert.deepEqual(kept.json.systemMappings.kept, ['ERP.virtual:443'])
    const read = async () => {
      const mapping = (await ok('GET', `${second}/systemMappings/erp.virtual:443`)).json
      const list = (await ok('GET', `${second}/systemMappings/erp.virtual:443/resources`)).json
      return [mapping.virtualHost, mapping.localHost, list.map((resource: { id: string }) => resource.id)]
    }
    assert.deepEqual(await read(), ['erp.VIRTUAL', 'old.corp', ['/old']])
    const replaced = await upload(`${second}/accessControl/import`, archive, { overwrite: 'true' })
    assert.deepEqual(replaced.json.systemMappings, {
      created: [],
      replaced: ['ERP.virtual:443'],
      kept: ['erp.virtual:sapgw00', 'db.virtual:8000-8009'],
    })
    assert.deepEqual(await read(), ['erp.VIRTUAL', 'erp.corp', ['/sap/a+b-c', '/open']])
  })

  test('without Include Resources imported mappings expose nothing; resources come along unless told otherwise (SCC-188)', async () => {
    const archive = await exported(`${first}/accessControl/export`)
    const counts = async (): Promise<number[]> =>
      (await ok('GET', `${second}/systemMappings`)).json.map(
        (m: { totalResourcesCount: number }) => m.totalResourcesCount,
      )
    assert.equal((await upload(`${second}/accessControl/import`, archive, { includeResources: 'false' })).status, 200)
    assert.deepEqual(await counts(), [0, 0, 0])
    const json = { regionHost, subaccount: id, overwrite: true }
    await ok('POST', `${second}/accessControl/import`, json)
    assert.deepEqual(await counts(), [2, 1, 0])
    await ok('POST', `${second}/accessControl/import`, { ...json, includeResources: false })
    assert.deepEqual(await counts(), [0, 0, 0])
  })

  test('a subaccount leaves as a ZIP with both directions and is reproduced elsewhere, its channels switched off (SCC-101, SCC-102)', async () => {
    const archive = await exported(`${first}/export`)
    const { name, json } = await documentOf(archive)
    assert.equal(name, 'subaccount.json')
    assert.equal(json.cloudToOnPremise.systemMappings.length, 3)
    assert.deepEqual(json.cloudToOnPremise.domainMappings, [{ virtualDomain: 'cloud', internalDomain: 'corp' }])
    assert.equal(json.onPremiseToCloud.channels.length, 2)
    for (const take of [
      () => upload(`${second}/import`, archive),
      () => connector.call('POST', `${second}/import`, { json: { regionHost, subaccount: id } }),
    ]) {
      const answer = await take()
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(await content(second), await content(first))
      const again = await take()
      const lists = Object.values(again.json) as { created: string[]; replaced: string[] }[]
      assert.deepEqual(
        lists.flatMap(({ created, replaced }) => [...created, ...replaced]),
        [],
      )
      const ids = [first, second].map(async (path) =>
        (await ok('GET', `${path}/channels`)).json.map((c: { id: number }) => c.id),
      )
      const all = (await Promise.all(ids)).flat()
      assert.equal(new Set(all).size, all.length)
      for (const kind of ['systemMappings', 'domainMappings', 'channels']) await ok('DELETE', `${second}/${kind}`)
    }
  })

  test('an export holds nothing of trust and identity, and an import leaves those of its target alone (SCC-103)', async () => {
    region.idps = [{ id: '1', name: 'idp', description: '', issuer: 'https://idp', jwks: { keys: [] } }]
    for (const path of [first, second]) await ok('POST', `${path}/trust`)
    const [provider] = (await ok('GET', `${second}/trust/idps`)).json
    await ok('PUT', `${second}/trust/idps/${provider.id}`, { enabled: false })
    const propagation = `${configuration}/connector/onPremise/principalPropagation`
    const own = async (): Promise<string[]> => {
      const { tunnel } = (await ok('GET', second)).json
      const texts = [(await ok('GET', `${second}/trust/idps`)).text, (await ok('GET', propagation)).text]
      return [...texts, JSON.stringify(tunnel.subaccountCertificate)]
    }
    const before = await own()
    const archive = await exported(`${first}/export`)
    const { json } = await documentOf(archive)
    const { product, kind, formatVersion, version, ...sections } = json
    assert.deepEqual(Object.keys(sections), ['cloudToOnPremise', 'onPremiseToCloud'])
    assert.deepEqual(Object.keys(json.cloudToOnPremise), ['systemMappings', 'domainMappings'])
    for (const secret of ['PRIVATE KEY', 'CERTIFICATE', 'jwks', id, cloudUser])
      assert.ok(!JSON.stringify(sections).includes(secret), secret)
    assert.equal((await upload(`${second}/import`, archive, { overwrite: 'true' })).status, 200)
    assert.deepEqual(await own(), before)
  })

  test('every entry that an import changed is in the audit trail, in one chain', async () => {
    await ok('POST', `${second}/import`, { regionHost, subaccount: id })
    const trail = (await ok('GET', '/api/v1/landbridge/audit?limit=6')).json
    assert.deepEqual(
      trail.map(({ category, action, object }: Record<string, string>) => `${category} ${action} ${object}`),
      [
        'BackendMapping create ERP.virtual:443',
        'BackendMapping create erp.virtual:sapgw00',
        'BackendMapping create db.virtual:8000-8009',
        'DomainMapping create corp',
        'ServiceChannelConfiguration create K8S c/s (port 3000)',
        'ServiceChannelConfiguration create HANA h/7 (port 30715)',
      ],
    )
    for (const { subaccount, details, actor } of trail)
      assert.deepEqual(
        [subaccount, details, actor],
        [`${other}@${regionHost}`, { from: `${id}@${regionHost}` }, 'Administrator'],
      )
    assert.deepEqual((await ok('GET', '/api/v1/landbridge/audit/verification')).json, { intact: true })
  })

  test('an archive that is none, a bomb, doubled, foreign or wrong in one entry is refused with its fault, and nothing is changed', async () => {
    const archive = await exported(`${first}/accessControl/export`)
    const { name, json } = await documentOf(archive)
    const zipped = (change: object): Buffer => toZip(new Map([[name, JSON.stringify({ ...json, ...change })]]))
    const entry = (change: object): Buffer => {
      const [head, ...rest] = json.systemMappings
      return zipped({ systemMappings: [...rest, { ...head, ...change }] })
    }
    const doubled = Buffer.from(zipSync({ 'access-control.jsox': Buffer.from('{}'), [name]: Buffer.from('{}') }))
    for (let at = doubled.indexOf('jsox'); at >= 0; at = doubled.indexOf('jsox')) doubled.write('json', at)
    const broken = Buffer.from(archive)
    const at = broken.indexOf(name) + name.length + 40
    broken[at] = (broken[at] ?? 0) ^ 0x55
    const lying = Buffer.from(toZip(new Map([[name, ' '.repeat(1_000_000)]])))
    lying.writeUInt32LE(10, lying.lastIndexOf('PK\u0001\u0002') + 24)
    const refused: readonly (readonly [Buffer, RegExp])[] = [
      [Buffer.from('no ZIP'), /is not a ZIP file/],
      [Buffer.alloc(0), /is not a ZIP file/],
      [archive.subarray(0, archive.length - 30), /is not a ZIP file/],
      [broken, /is damaged/],
      [lying, /is damaged/],
      [toZip(new Map([[name, ' '.repeat(65 * 1024 * 1024)]])), /too large once unpacked/],
      [doubled, /more than 1 entries/],
      [toZip(new Map([['../../etc/passwd', '{}']])), /lead elsewhere/],
      [toZip(new Map([['scenario.json', '{}']])), /must hold access-control\.json/],
      [toZip(new Map([[name, 'null']])), /does not hold a JSON object/],
      [toZip(new Map([[name, '{"product": 1']])), /does not hold a JSON object/],
      [Buffer.from(zipSync({ [name]: Buffer.from([0xff, 0xfe, 0x00]) })), /not text in UTF-8/],
      [zipped({ product: 'another' }), /not an export of this product/],
      [zipped({ kind: 'subaccount' }), /not an export of this product/],
      [zipped({ formatVersion: 2 }), /has format 2; this connector reads format 1/],
      [zipped({ systemMappings: {} }), /systemMappings must be a list/],
      [zipped({ systemMappings: [null] }), /systemMappings\[0\] must be an object/],
      [zipped({ systemMappings: Array(20_001).fill(erp) }), /not hold more than 20000 entries/],
      [zipped({ systemMappings: [erp, { ...erp, virtualHost: 'erp.VIRTUAL' }] }), /erp\.VIRTUAL:443 twice/],
      [entry({ protocol: 'FTP' }), /ERP\.virtual:443: protocol must be one of/],
      [entry({ localHost: 'a b' }), /ERP\.virtual:443: localHost must be/],
      [entry({ virtualPort: 0 }), /virtualPort must be a port/],
      [entry({ backendType: '' }), /systemMappings\[2\] cannot be used: backendType is required/],
      [entry({ resources: [{ id: 'no-slash' }] }), /no-slash: id must start with \//],
      [entry({ resources: [{ id: '/a' }, { id: '/a' }] }), /resource \/a of ERP\.virtual:443 twice/],
      [entry({ resources: [{ id: '/a', enabled: 'yes' }] }), /systemMappings\[2\] .*resources\[0\] .*enabled/],
    ]
    await ok('POST', `${second}/systemMappings`, { ...range, virtualPort: '1', localPort: '1' })
    const before = await content(second)
    for (const [bytes, reason] of refused) {
      const answer = await upload(`${second}/accessControl/import`, bytes, { overwrite: 'true' })
      assert.deepEqual([answer.status, answer.json.type], [400, 'INVALID_REQUEST'], `${reason} ${answer.text}`)
      assert.match(answer.json.message, reason)
    }
    const flag = await upload(`${second}/accessControl/import`, archive, { overwrite: 'perhaps' })
    assert.match(flag.json.message, /overwrite must be true or false/)
    await ok('POST', `${second}/systemMappings`, { ...range, virtualPort: '8005', localPort: '1' })
    const overlap = await upload(`${second}/accessControl/import`, archive)
    assert.deepEqual([overlap.status, overlap.json.type], [409, 'INVALID_CONFIGURATION'], overlap.text)
    assert.match(overlap.json.message, /8000-8009/)
    await ok('DELETE', `${second}/systemMappings/db.virtual:8005`)
    for (const [json, status] of [
      [{ regionHost, subaccount: other }, 400],
      [{ regionHost, subaccount: 'none' }, 404],
      [{ subaccount: id }, 400],
    ] as const)
      assert.equal((await connector.call('POST', `${second}/accessControl/import`, { json })).status, status)
    assert.deepEqual(await content(second), before)
  })
})
