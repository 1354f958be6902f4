import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { SystemMapping } from '@landbridge/access'
import { findSlapd, mapping, selfSignedCertificate, startLdapServer, startSlapd } from '@landbridge/testkit'
import { Client, InvalidCredentialsError } from 'ldapts'
import { functionModule, RfcScene, rfcMapping } from './scene.ts'

/** A mapping of `directory.virtual` to a directory of this machine. */
function ldapMapping(port: number, changes: Partial<SystemMapping> = {}): SystemMapping {
  return mapping('directory.virtual', port, { virtualPort: '389', protocol: 'LDAP', resources: [], ...changes })
}

/** A port of this machine that leads through the RFC and LDAP proxy: the client library dials addresses only. */
async function forwarded(scene: RfcScene, port: number): Promise<string> {
  const server = createServer({ pauseOnConnect: true }, async (local) => {
    local.on('error', () => {})
    const { status, socket } = await scene.connect({ host: 'directory.virtual', port })
    const remote = socket.socket
    if (status !== 0) return void local.destroy()
    remote.removeAllListeners('data').on('close', () => local.destroy())
    local.on('close', () => remote.destroy())
    local.pipe(remote)
    remote.pipe(local)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  scene.plane.defer(() => server.close())
  const address = server.address()
  return `ldap://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

const entries = [
  { dn: 'cn=reader,dc=corp', password: 'reader-pass', attributes: {} },
  { dn: 'uid=ann,ou=people,dc=corp', password: 'ann-pass', attributes: { uid: ['ann'], mail: ['ann@corp.test'] } },
]

for (const protocol of ['LDAP', 'LDAPS'] as const) {
  test(`a directory behind a mapping of ${protocol} is bound and searched through the tunnel (CP-090, SCC-244, SCC-124, RFC-074)`, async () => {
    const { certificate, key } = await selfSignedCertificate(['localhost'])
    const directory = await startLdapServer(entries, protocol === 'LDAPS' ? { cert: certificate, key } : undefined)
    await using scene = await RfcScene.start({ trust: { trustAllBackends: false, certificates: [certificate] } })
    scene.plane.defer(() => directory.close())
    const virtualPort = protocol === 'LDAPS' ? '636' : '389'
    scene.plane.connector.expose([
      ldapMapping(directory.port, { protocol, virtualPort, internalHost: 'localhost' }),
      rfcMapping(scene.gateway, [functionModule('STFC_CONNECTION')]),
    ])
    const client = new Client({ url: await forwarded(scene, Number(virtualPort)), timeout: 10_000 })
    await client.bind('cn=reader,dc=corp', 'reader-pass')
    const { searchEntries } = await client.search('dc=corp', { filter: '(uid=ann)' })
    assert.deepEqual(
      searchEntries.map(({ dn, mail }) => [dn, mail]),
      [['uid=ann,ou=people,dc=corp', 'ann@corp.test']],
    )
    // RFC goes on beside it, on the same port.
    const { exports } = await (await scene.loggedOn()).call('STFC_CONNECTION', { REQUTEXT: 'x' })
    assert.equal(exports.get('ECHOTEXT'), 'x')
    await client.unbind()
    await assert.rejects(client.bind('cn=reader,dc=corp', 'wrong'), InvalidCredentialsError)
    await client.unbind()
  })
}

const files = findSlapd()
const reason = 'OpenLDAP (slapd) is not installed: the small directory of the testkit stood in for it'

for (const protocol of ['LDAP', 'LDAPS'] as const) {
  test(`OpenLDAP behind a mapping of ${protocol} is written and searched through the tunnel (CP-090, SCC-244, SCC-245)`, {
    skip: files === undefined ? reason : false,
  }, async () => {
    assert.ok(files !== undefined)
    const certificate = await selfSignedCertificate(['localhost'])
    const directory = await startSlapd(files, certificate)
    await using scene = await RfcScene.start({
      trust: { trustAllBackends: false, certificates: [certificate.certificate] },
    })
    scene.plane.defer(() => directory.stop())
    const port = protocol === 'LDAPS' ? directory.securePort : directory.port
    scene.plane.connector.expose([ldapMapping(port, { protocol, internalHost: 'localhost' })])
    const client = new Client({ url: await forwarded(scene, 389), timeout: 10_000 })
    await client.bind(directory.administrator.dn, directory.administrator.password)
    await client.add('dc=corp', { objectClass: ['dcObject', 'organization'], dc: 'corp', o: 'Corp' })
    for (let i = 0; i < 200; i++)
      await client.add(`cn=person ${i},dc=corp`, {
        objectClass: 'inetOrgPerson',
        sn: String(i),
        description: 'x'.repeat(1_000),
      })
    const { searchEntries } = await client.search('dc=corp', { filter: '(&(objectClass=inetOrgPerson)(sn=1*))' })
    assert.equal(searchEntries.length, 111)
    await client.unbind()
  })
}

test('a directory whose certificate is not trusted is not spoken to (SCC-245)', async () => {
  const { certificate, key } = await selfSignedCertificate(['localhost'])
  const directory = await startLdapServer(entries, { cert: certificate, key })
  await using scene = await RfcScene.start()
  scene.plane.defer(() => directory.close())
  scene.plane.connector.expose([ldapMapping(directory.port, { protocol: 'LDAPS', internalHost: 'localhost' })])
  assert.notEqual((await scene.connect({ host: 'directory.virtual', port: 389 })).status, 0)
  assert.deepEqual(directory.binds, [])
})

test('a directory without a mapping, or behind one of TCP, is not reached through this port (CP-090)', async () => {
  await using scene = await RfcScene.start()
  assert.equal((await scene.connect({ host: 'directory.virtual', port: 389 })).status, 2)
  scene.plane.connector.expose([ldapMapping(1, { protocol: 'TCP' })])
  assert.equal((await scene.connect({ host: 'directory.virtual', port: 389 })).status, 2)
})
