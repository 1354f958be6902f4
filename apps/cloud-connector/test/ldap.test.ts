import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { freePort, type LdapEntry, type LdapServer, startLdapServer, temporaryFolder } from '@landbridge/testkit'
import { configuration, form, type RunningConnector, restartLog, startConnector } from './running-connector.ts'

const c = `${configuration}/connector`
const url = `${c}/authentication`
const people = 'ou=people,dc=corp'
const groups = 'ou=groups,dc=corp'
const person = (name: string, more: Readonly<Record<string, readonly string[]>> = {}): LdapEntry => ({
  dn: `uid=${name},${people}`,
  password: `${name}-pass`,
  attributes: { uid: [name], ...more },
})
const group = (name: string, ...members: string[]): LdapEntry => ({
  dn: `cn=${name},${groups}`,
  attributes: { cn: [name], member: members.map((member) => `uid=${member},${people}`) },
})
const entries = [
  { dn: 'cn=reader,dc=corp', password: 'reader-pass', attributes: {} },
  person('ann'),
  person('dan'),
  person('sue', { title: ['sccsupport'] }),
  person('eve'),
  person('pat'),
  group('sccadmin', 'ann'),
  group('sccdisplay', 'dan'),
  group('cc-admins', 'pat'),
]
const config =
  `userBase="${people}" userSearch="(uid={0})" userSubtree="true" userRoleName="title" ` +
  `roleBase="${groups}" roleName="cn" roleSearch="(member={0})" roleSubtree="true" connectionTimeout="2000"`
const searcher = { user: 'cn=reader,dc=corp', password: 'reader-pass' }

describe('users of a directory', () => {
  const folder = temporaryFolder()
  const restarts = restartLog()
  let server: LdapServer
  let secure: LdapServer
  let ca: LocalCa
  let connector: RunningConnector
  before(async () => {
    ca = await LocalCa.create({ subject: { CN: 'Directory CA' } })
    server = await startLdapServer(entries)
    secure = await startLdapServer(entries, await ca.issueServer({ dnsNames: ['localhost'], days: 1 }))
    connector = await startConnector(folder.path, undefined, {}, restarts.log)
  })
  after(async () => {
    await connector.close()
    await server.close()
    await secure.close()
    folder[Symbol.dispose]()
  })

  const as = (user: string, method: string, path: string, json?: unknown) =>
    connector.call(method, path, { user, password: `${user}-pass`, ...(json === undefined ? {} : { json }) })
  const plain = () => [{ host: '127.0.0.1', port: String(server.port), isSecure: false }]
  const local = (method: string, path: string, json?: unknown) =>
    connector.call(method, path, json === undefined ? {} : { json })

  test('settings that cannot be read are refused, and the local user stays (API1-101, API1-110, API1-114)', async () => {
    assert.deepEqual((await local('GET', url)).json, { type: 'basic' })
    const hosts = plain()
    for (const configuration of [
      undefined,
      {},
      { hosts },
      { config },
      { config, hosts: [] },
      { config, hosts: [{ port: 1 }] },
      { config, hosts: [{ host: 'a', port: 0 }] },
      { config: 'userBase=people', hosts },
      { config: `userBase="${people}"`, hosts },
      { config: 'userBase="a" userSearch="(uid={0})" roleSearch="(member={0})"', hosts },
    ]) {
      const answer = await local('PUT', `${url}/ldap`, { enable: true, configuration })
      assert.deepEqual([answer.status, answer.json.type], [400, 'INVALID_REQUEST'], JSON.stringify(configuration))
    }
    assert.equal((await local('PUT', `${url}/ldap`, { configuration: { config, hosts } })).status, 400)
    assert.deepEqual((await local('GET', url)).json, { type: 'basic' })
  })

  test('a server that does not respond is a conflict, and nothing is stored (API1-111, API1-113)', async () => {
    const hosts = [{ host: '127.0.0.1', port: await freePort() }]
    const answer = await local('PUT', `${url}/ldap`, { enable: true, configuration: { config, hosts } })
    assert.deepEqual([answer.status, answer.json.type], [409, 'INVALID_CONFIGURATION'])
    const noPort = { enable: true, configuration: { config, hosts: [{ host: 'no-such-host.invalid' }] } }
    assert.match((await local('PUT', `${url}/ldap`, noPort)).json.message, /no-such-host\.invalid:389\b/)
    assert.deepEqual((await local('GET', url)).json, { type: 'basic' })
  })

  test('with a directory its users log in with their roles, the local one no longer (SCC-029, API1-102, API1-112, API1-113, API1-284, SCC-125)', async () => {
    const login = await local('GET', c)
    const cookie = String(login.headers['set-cookie']).split(';')[0] ?? ''
    const hosts = [
      { host: '127.0.0.1', port: await freePort() },
      { host: '127.0.0.1', port: String(server.port) },
    ]
    const enabled = await local('PUT', `${url}/ldap`, { enable: true, configuration: { config, hosts, ...searcher } })
    assert.deepEqual([enabled.status, enabled.text], [204, ''])
    await restarts.restarted()
    assert.equal((await local('GET', c)).status, 401)
    const expired = await connector.call('GET', c, { login: false, headers: { cookie } })
    assert.deepEqual([expired.status, expired.headers['content-type']], [200, 'text/html; charset=utf-8'])
    const shown = (await as('ann', 'GET', url)).json
    assert.equal(shown.type, 'ldap')
    assert.deepEqual([shown.configuration.config, shown.configuration.user], [config, searcher.user])
    assert.equal(JSON.stringify(shown).includes('reader-pass'), false)
    const json = { description: 'by ann' }
    assert.equal((await as('ann', 'PUT', c, json)).status, 200)
    assert.equal((await as('dan', 'PUT', c, json)).status, 403)
    assert.equal((await as('dan', 'GET', c)).status, 200)
    assert.equal((await as('sue', 'POST', `${c}/solutionManagement`)).status, 204)
    assert.equal((await as('eve', 'GET', c)).status, 403)
    for (const [user, password] of [
      ['ann', 'wrong'],
      ['ann', ''],
      ['*', 'ann-pass'],
      ['nobody', 'nobody-pass'],
    ] as const)
      assert.equal((await connector.call('GET', c, { user, password })).status, 401, user)
    // No system mapping leads to the directory, nor is there a subaccount that could have one.
    assert.deepEqual((await as('ann', 'GET', '/api/v1/configuration/subaccounts')).json, [])
    const [entry] = (await as('ann', 'GET', '/api/v1/landbridge/audit?limit=2')).json
    assert.equal(entry.actor, 'ann')
  })

  test('a session keeps the roles of its user (API1-041)', async () => {
    const login = await as('dan', 'GET', c)
    const headers = {
      cookie: String(login.headers['set-cookie']).split(';')[0] ?? '',
      'x-csrf-token': String(login.headers['x-csrf-token']),
    }
    assert.equal((await connector.call('GET', c, { login: false, headers })).status, 200)
    assert.equal((await connector.call('PUT', c, { login: false, headers, json: { description: '' } })).status, 403)
  })

  test('it all survives a restart and a backup, with the password of the searcher sealed', async () => {
    await connector.close()
    connector = await startConnector(folder.path, undefined, {}, restarts.log)
    const made = await as('ann', 'POST', `${configuration}/backup`, { password: 'b' })
    assert.equal(made.text.includes('reader-pass'), false)
    const archive = form({ password: 'b', backup: Buffer.from(made.text, 'latin1') })
    const restored = await connector.call('PUT', `${configuration}/backup`, {
      ...{ ...archive, user: 'ann', password: 'ann-pass' },
    })
    assert.equal(restored.status, 204, restored.text)
    await restarts.restarted()
    assert.equal((await as('ann', 'GET', c)).status, 200)
    assert.ok(server.binds.includes(searcher.user))
  })

  test('a custom role takes the place of the standard one, over LDAPS with an authority of the truststore (API1-113, API1-115)', async () => {
    const wanted = {
      enable: 'true',
      configuration: {
        ...{ config, ...searcher, customAdminRole: 'cc-admins' },
        hosts: [{ host: 'localhost', port: secure.port, isSecure: true }],
      },
    }
    const { certificatePem } = ca
    const trusted = await connector.call('POST', `${c}/onPremise/truststore/certificates`, {
      ...{ ...form({ certificate: certificatePem }), user: 'ann', password: 'ann-pass' },
    })
    assert.equal(trusted.status, 201)
    assert.equal((await as('ann', 'PUT', `${url}/ldap`, wanted)).status, 204)
    await restarts.restarted()
    assert.equal((await as('pat', 'GET', c)).status, 200)
    assert.equal((await as('ann', 'GET', c)).status, 403)
    assert.ok(secure.binds.includes(searcher.user))
  })

  test('settings that do not work leave the local user in charge; so does switching off (API1-111, API1-116)', async () => {
    const hosts = [{ host: '127.0.0.1', port: await freePort() }]
    const wrong = { enable: true, configuration: { config, hosts } }
    assert.equal((await as('pat', 'PUT', `${url}/ldap`, wrong)).status, 409)
    assert.deepEqual((await local('GET', url)).json, { type: 'basic' })
    const right = { enable: true, configuration: { config, hosts: plain(), ...searcher } }
    assert.equal((await local('PUT', `${url}/ldap`, right)).status, 204)
    await restarts.restarted()
    assert.equal((await as('ann', 'PUT', `${url}/ldap`, { enable: false })).status, 204)
    await restarts.restarted()
    assert.deepEqual((await local('GET', url)).json, { type: 'basic' })
  })

  test('whoever is locked out starts the connector with the local user (API1-117)', async () => {
    const settings = { enable: true, configuration: { config, hosts: plain(), ...searcher } }
    assert.equal((await local('PUT', `${url}/ldap`, settings)).status, 204)
    await restarts.restarted()
    await server.close()
    const down = await as('ann', 'GET', c)
    assert.deepEqual([down.status, down.json.type], [500, 'RUNTIME_FAILURE'])
    await connector.close()
    connector = await startConnector(folder.path, undefined, { useLocalUser: true })
    assert.deepEqual((await local('GET', url)).json, { type: 'basic' })
    server = await startLdapServer(entries)
  })
})
