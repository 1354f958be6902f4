import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, before, test } from 'node:test'
import { certificateFacts } from '@landbridge/identity'
import { ManualClock } from '@landbridge/kernel'
import { basic, idp, newCa, newTenant, type Platform, password, startPlatform } from './platform.ts'
import { newSigningRequest } from './signing-request.ts'
import { pair } from './test-connector.ts'

let platform: Platform
before(async () => {
  platform = await startPlatform({ config: { tunnelHosts: ['connectivitytunnel.region-002.test'] } })
})
after(() => platform.close())

test('a connector downloads its configuration, with tunnel hosts that do not follow from the region host', async () => {
  const { subaccount, basic: authorization } = await newTenant(platform)
  const answer = await platform.region({ path: `/api/v1/subaccounts/${subaccount.id}/configuration`, authorization })
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.json, {
    subaccountId: subaccount.id,
    subdomain: subaccount.subdomain,
    displayName: subaccount.displayName,
    regionHost: 'landbridge.localhost',
    notificationHost: 'connectivitynotification.landbridge.localhost',
    certSigningHost: 'connectivitycertsigning.landbridge.localhost',
    tunnelHosts: ['connectivitytunnel.region-002.test'],
  })
})

test('the certificate is signed for the key of the connector and names subaccount and connector, not the user (SCC-058)', async () => {
  const tenant = await newTenant(platform)
  const { key, csr } = newSigningRequest()
  const answer = await platform.region({
    path: `/api/v1/subaccounts/${tenant.subaccount.id}/certificates`,
    authorization: tenant.basic,
    body: { csr, locationId: 'north', connectorId: 'c-1', description: 'cellar' },
  })
  assert.equal(answer.status, 201)
  assert.deepEqual(Object.keys(answer.json), ['certificate', 'ca', 'initiatedBy'])
  const leaf = new X509Certificate(String(answer.json.certificate))
  const { createPrivateKey } = await import('node:crypto')
  assert.equal(leaf.checkPrivateKey(createPrivateKey(key)), true)
  assert.equal(leaf.checkIssued(new X509Certificate(String(answer.json.ca))), true)
  const { subject, fingerprint } = certificateFacts(leaf)
  assert.equal(subject, `CN=${tenant.subaccount.id},L=landbridge.localhost,OU=c-1,O=Landbridge`)
  const listed = await platform.operator({ path: `/api/v1/subaccounts/${tenant.subaccount.id}/connectorCertificates` })
  const [stored] = listed.json as unknown as { fingerprint: string; initiatedBy: string; revoked: null }[]
  assert.equal(stored?.fingerprint, fingerprint)
  assert.match(stored?.initiatedBy ?? '', /^admin@/)
  assert.equal(stored?.revoked, null)
})

test('a wrong password, a missing role, a wrong ID and a name in place of the ID each have their own answer (SCC-052, SCC-054, CONN-274)', async () => {
  const { subaccount, basic: authorization } = await newTenant(platform)
  const configuration = (id: string, credentials?: string) =>
    platform.region({
      path: `/api/v1/subaccounts/${id}/configuration`,
      ...(credentials === undefined ? {} : { authorization: credentials }),
    })
  const wrong = await configuration(subaccount.id, basic('nobody@example.test', 'x'))
  assert.equal(wrong.status, 401)
  assert.equal(wrong.json.code, 'PAIRING_CREDENTIALS_WRONG')
  assert.match(String(wrong.headers['www-authenticate']), /^Basic /)
  assert.equal((await configuration(subaccount.id)).status, 401)

  await platform.service.users.createUser({ subaccountId: subaccount.id, userName: 'guest@example.test', password })
  const guest = await configuration(subaccount.id, basic('guest@example.test', password))
  assert.equal(guest.status, 403)
  assert.equal(guest.json.code, 'PAIRING_ROLE_MISSING')
  assert.match(String(guest.json.remedy), /Cloud Connector Administrator/)

  const unknown = await configuration('8a1e3c0f-6d1b-4c52-9a2e-0f4b7d9c1e55', authorization)
  assert.equal(unknown.status, 404)
  assert.equal(unknown.json.code, 'SUBACCOUNT_UNKNOWN')
  const named = await configuration(subaccount.subdomain, authorization)
  assert.equal(named.status, 400)
  assert.equal(named.json.code, 'SUBACCOUNT_NOT_AN_ID')
})

test('the password reaches the check unchanged, colons and one-time codes included', async () => {
  const { subaccount } = await newTenant(platform)
  const odd = 'a:b c%20Ü"204815'
  await platform.service.users.createUser({
    subaccountId: subaccount.id,
    userName: 'odd@example.test',
    password: odd,
    roleCollections: ['Subaccount Administrator'],
  })
  const authorization = basic('odd@example.test', odd)
  const answer = await platform.region({ path: `/api/v1/subaccounts/${subaccount.id}/configuration`, authorization })
  assert.equal(answer.status, 200)
})

test('a bad location ID or request is refused at pairing (SCC-067)', async () => {
  const { subaccount, basic: authorization } = await newTenant(platform)
  const { csr } = newSigningRequest()
  const attempt = async (body: object) => {
    const path = `/api/v1/subaccounts/${subaccount.id}/certificates`
    return (await platform.region({ path, authorization, body })).json.code
  }
  assert.equal(await attempt({ csr, connectorId: 'c', locationId: 'a b' }), 'LOCATION_ID_INVALID')
  assert.equal(await attempt({ csr: 'nonsense', connectorId: 'c' }), 'CERTIFICATE_REQUEST_INVALID')
  const forged = csr.replace(/(\n.{20})(.)/, (_all, head: string, c: string) => `${head}${c === 'A' ? 'B' : 'A'}`)
  assert.equal(await attempt({ csr: forged, connectorId: 'c' }), 'CERTIFICATE_REQUEST_INVALID')
  assert.equal(await attempt({ csr, connectorId: 'a/b' }), 'CONNECTOR_HELLO_INVALID')
  assert.equal(await attempt({ connectorId: 'c' }), 'REQUEST_INVALID')
})

test('repeated wrong passwords are answered 429 with a time to wait, and the right one is taken after it', async () => {
  const clock = new ManualClock(Date.now())
  const limited = await startPlatform({ clock })
  const { subaccount, basic: authorization } = await newTenant(limited)
  const userName = Buffer.from(authorization.slice(6), 'base64').toString().split(':')[0] ?? ''
  const path = `/api/v1/subaccounts/${subaccount.id}/configuration`
  for (let i = 0; i < 6; i++) await limited.region({ path, authorization: basic(userName, `wrong ${i}`) })
  const answer = await limited.region({ path, authorization })
  assert.equal(answer.status, 429)
  assert.equal(answer.headers['retry-after'], '1')
  clock.advance(1_000)
  assert.equal((await limited.region({ path, authorization })).status, 200)
  await limited.close()
})

test('trust is handed out for a certificate of the subaccount, and for no other', async () => {
  const tenant = await newTenant(platform)
  const other = await newTenant(platform)
  const { certificate } = await pair(platform, tenant)
  const trust = (id: string, clientCertificate?: { cert: string; key: string }) =>
    platform.region({
      path: `/api/v1/subaccounts/${id}/trust`,
      ...(clientCertificate === undefined ? {} : { clientCertificate }),
    })
  const answer = await trust(tenant.subaccount.id, certificate)
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.json, { idps: [idp] })
  assert.equal((await trust(other.subaccount.id, certificate)).json.code, 'CONNECTOR_IDENTITY_MISMATCH')
  assert.equal((await trust(tenant.subaccount.id)).json.code, 'CONNECTOR_CERTIFICATE_MISSING')
  const foreign = await (await newCa()).issueClient({ subject: { CN: tenant.subaccount.id }, days: 1 })
  assert.equal((await trust(tenant.subaccount.id, foreign)).json.code, 'CONNECTOR_CERTIFICATE_UNTRUSTED')
  const unlisted = await platform.ca.issueClient({ subject: { CN: tenant.subaccount.id }, days: 1 })
  assert.equal((await trust(tenant.subaccount.id, unlisted)).json.code, 'CONNECTOR_CERTIFICATE_UNKNOWN')
})

test('the CA list is a PEM file that anybody may fetch', async () => {
  const answer = await platform.region({ path: '/api/v1/CAs' })
  assert.equal(answer.status, 200)
  assert.equal(
    new X509Certificate(answer.text).fingerprint256,
    new X509Certificate(platform.ca.certificatePem).fingerprint256,
  )
})
