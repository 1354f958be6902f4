import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import { fromZip, toZip } from '../src/wire/zip.ts'
import { cloudPassword, cloudUser, type FakeRegion, regionHost, startFakeRegion } from './fake-region.ts'
import {
  configuration,
  form,
  id,
  type RunningConnector,
  restartLog,
  startConnector,
  subaccountPath,
} from './running-connector.ts'

const url = `${configuration}/backup`
const connectorUrl = `${configuration}/connector`
const mapping = {
  virtualHost: 'erp.corp',
  virtualPort: 'sapgw00',
  localHost: '10.0.0.5',
  localPort: 'sapgw01',
  protocol: 'RFC',
  backendType: 'abapSys',
  allowedClients: ['100'],
  blacklistedUsers: [{ client: '100', user: 'EVE' }],
}

/** Everything that clients can read, without what changes by itself. */
async function everything(connector: RunningConnector): Promise<unknown> {
  const paths = [
    connectorUrl,
    `${connectorUrl}/proxy`,
    `${connectorUrl}/onPremise/truststore`,
    `${connectorUrl}/onPremise/systemCertificate`,
    `${connectorUrl}/ui/uiCertificate`,
    `${configuration}/subaccounts`,
    `${subaccountPath}/systemMappings`,
    `${subaccountPath}/systemMappings/erp.corp:sapgw00/resources`,
    `${subaccountPath}/domainMappings`,
    `${subaccountPath}/channels`,
  ]
  const texts: string[] = []
  for (const path of paths) texts.push((await connector.call('GET', path)).text)
  return texts.map((text) => text.replaceAll(/https:\/\/127\.0\.0\.1:\d+/g, ''))
}

describe('backup and restore', () => {
  const folder = temporaryFolder()
  let region: FakeRegion
  let connector: RunningConnector
  const restarts = restartLog()
  before(async () => {
    region = await startFakeRegion()
    connector = await startConnector(folder.path, region, {}, restarts.log)
    const post = async (path: string, json: object): Promise<void> => {
      const { status, text } = await connector.call('POST', path, { json })
      assert.equal(status, 201, text)
    }
    await post(`${configuration}/subaccounts`, { regionHost, subaccount: id, cloudUser, cloudPassword })
    await post(`${subaccountPath}/systemMappings`, mapping)
    await post(`${subaccountPath}/systemMappings/erp.corp:sapgw00/resources`, { id: 'RFC_PING', enabled: true })
    await post(`${subaccountPath}/domainMappings`, { internalDomain: 'corp', virtualDomain: 'cloud' })
    await post(`${subaccountPath}/channels/K8S`, { k8sCluster: 'c', k8sService: 's', port: 3000 })
    const own = { type: 'selfsigned', keySize: 2048, subjectDN: 'CN=system' }
    await post(`${connectorUrl}/onPremise/systemCertificate`, own)
    const proxy = { host: 'proxy.test', port: 1, user: 'u', password: 'proxy-secret' }
    await connector.call('PUT', `${connectorUrl}/proxy`, { json: proxy })
    // The region is on this host: the tunnel needs no proxy until the next connection.
  })
  after(async () => {
    await connector.close()
    await region.close()
    folder[Symbol.dispose]()
  })

  const backup = async (password = 'backup-pass'): Promise<Buffer> => {
    const answer = await connector.call('POST', url, { json: { password } })
    assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'application/zip'])
    return Buffer.from(answer.text, 'latin1')
  }
  const restore = (file: Buffer | { file: Buffer }, password = 'backup-pass') =>
    connector.call('PUT', url, form({ backup: file, password }))

  test('a backup is a ZIP in which no secret is legible (API1-171, API1-172, API1-281)', async () => {
    const archive = await backup()
    assert.equal(archive.subarray(0, 4).toString('latin1'), 'PK\u0003\u0004')
    const texts = [...(await fromZip(archive)).values()].join('\n')
    assert.match(texts, /"erp\.corp"/)
    for (const secret of ['PRIVATE KEY', 'proxy-secret', 'backup-pass', 'scrypt$'])
      assert.equal(texts.includes(secret), false, secret)
  })

  test('without a password there is no backup (API1-173)', async () => {
    for (const json of [{}, { password: '' }, { password: null }]) {
      const answer = await connector.call('POST', url, { json })
      assert.deepEqual([answer.status, answer.json.type], [400, 'INVALID_REQUEST'])
    }
  })

  test('restoring brings back the state of the backup, after a restart that ends all sessions (API1-174, API1-283, API1-284, API2-028, API2-163, API2-169)', async () => {
    const before = await everything(connector)
    const archive = await backup()
    const login = await connector.call('GET', connectorUrl)
    const cookie = String(login.headers['set-cookie']).split(';')[0] ?? ''
    for (const file of [archive, { file: archive }]) {
      await connector.call('PUT', connectorUrl, { json: { description: 'changed' } })
      await connector.call('DELETE', `${connectorUrl}/proxy`)
      await connector.call('DELETE', `${connectorUrl}/onPremise/systemCertificate`)
      await connector.call('DELETE', `${subaccountPath}/channels`)
      await connector.call('DELETE', subaccountPath)
      const restored = await restore(file)
      assert.deepEqual([restored.status, restored.text], [204, ''])
      await restarts.restarted()
      assert.deepEqual(await everything(connector), before)
    }
    const expired = await connector.call('GET', connectorUrl, { login: false, headers: { cookie } })
    assert.deepEqual([expired.status, expired.headers['content-type']], [200, 'text/html; charset=utf-8'])
    const [entry] = (await connector.call('GET', '/api/v1/landbridge/audit?limit=1')).json
    assert.deepEqual([entry.category, entry.details], ['Configuration', { how: 'restore' }])
  })

  test('a restored path that does not exist on this host falls back to its default, and SNC settings without their library are left out; what exists stays (API1-179, SCC-119)', async () => {
    const solution = `${connectorUrl}/solutionManagement`
    const snc = `${connectorUrl}/onPremise/snc`
    const library = join(folder.path, 'libsnc.so')
    for (const [hostAgentPath, restoredPath, status, details] of [
      ['/there/is/no/agent', '', 404, { how: 'restore', withoutSnc: library }],
      [process.execPath, process.execPath, 200, { how: 'restore' }],
    ] as const) {
      writeFileSync(library, '')
      await connector.call('POST', solution, { json: { hostAgentPath } })
      const put = await connector.call('PUT', snc, { json: { libraryName: library, qualityOfProtection: 8 } })
      assert.equal(put.status, 204)
      const archive = await backup()
      await connector.call('POST', solution, { json: { hostAgentPath: '/other' } })
      await connector.call('DELETE', snc)
      if (status === 404) rmSync(library)
      assert.equal((await restore(archive)).status, 204)
      await restarts.restarted()
      assert.equal((await connector.call('GET', solution)).json.hostAgentPath, restoredPath)
      assert.equal((await connector.call('GET', snc)).status, status)
      const [entry] = (await connector.call('GET', '/api/v1/landbridge/audit?limit=1')).json
      assert.deepEqual(entry.details, details)
    }
  })

  test('what is no backup, damaged, newer or of another password is refused and changes nothing (API1-175, API1-176)', async () => {
    const before = await everything(connector)
    const archive = await backup()
    const entries = new Map(await fromZip(archive))
    const changed = new Map(entries).set('subaccounts.json', '[]')
    const manifest = JSON.parse(entries.get('manifest.json') ?? '{}')
    const newer = new Map(entries).set('manifest.json', JSON.stringify({ ...manifest, version: '99.0.0' }))
    const older = new Map(entries).set('manifest.json', JSON.stringify({ ...manifest, version: '0.0.9' }))
    for (const answer of [
      await restore(archive, 'wrong'),
      await restore(archive, ''),
      await restore(Buffer.from('no ZIP')),
      await restore(toZip(new Map([['a.txt', 'b']]))),
      await restore(toZip(changed)),
      await restore(toZip(newer)),
      await connector.call('PUT', url, form({ password: 'backup-pass' })),
      await connector.call('PUT', url, form({ backup: archive })),
    ])
      assert.deepEqual([answer.status, answer.json.type], [400, 'INVALID_REQUEST'], answer.text)
    assert.equal((await connector.call('PUT', url, { json: {} })).status, 415)
    assert.deepEqual(await everything(connector), before)
    assert.equal((await restore(toZip(older))).status, 204)
    await restarts.restarted()
    assert.deepEqual(await everything(connector), before)
  })

  test('a new installation takes over subaccounts with their certificates and connects without cloud credentials (API1-177, API1-178)', async () => {
    await connector.call('DELETE', `${connectorUrl}/proxy`)
    const archive = await backup()
    const own = temporaryFolder()
    const log = restartLog()
    const second = await startConnector(own.path, region, { initialPassword: 'other' }, log.log)
    const { hellos } = region
    const known = hellos.length
    try {
      const answer = await second.call('PUT', url, {
        ...form({ backup: archive, password: 'backup-pass' }),
        password: 'other',
      })
      assert.equal(answer.status, 204, answer.text)
      await log.restarted()
      assert.equal((await second.call('GET', connectorUrl, { password: 'other' })).status, 401)
      assert.deepEqual(await everything(second), await everything(connector))
      const state = await second.call('PUT', `${subaccountPath}/state`, { json: { connected: true } })
      assert.equal(state.status, 204)
      assert.equal((await second.call('GET', subaccountPath)).json.tunnel.state, 'Connected')
      assert.ok(hellos.length > known)
    } finally {
      await second.close()
      own[Symbol.dispose]()
    }
  })
})
