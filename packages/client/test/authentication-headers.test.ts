import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createSecureContext, type TLSSocket } from 'node:tls'
import { tlsOptionsOf } from '@landbridge/client'
import { LocalCa } from '@landbridge/identity'
import { ManualClock } from '@landbridge/kernel'
import { rsaWithChain } from '@landbridge/testkit'
import { found, startStandIn } from './stand-in.ts'

/** Of the key stores in the test kit. */
const password = 'secret'

function bearer(value: string, more: object = {}): object {
  const http_header = { key: 'Authorization', value: `Bearer ${value}` }
  return { type: 'Bearer', value, expires_in: '3600', http_header, ...more }
}

test('the header of a client credentials destination is one, those of SAML bearer are a list (CONN-261, CONN-262)', async () => {
  await using platform = await startStandIn()
  await using client = platform.client()
  platform.answer(found('OAuth2ClientCredentials', [bearer('a')]), found('OAuth2SAMLBearerAssertion', [bearer('b')]))
  const provider = client.headerProvider
  const credentials = await client.findDestination('credentials')
  const saml = await client.findDestination('saml')
  assert.deepEqual(await provider.getOAuth2ClientCredentialsHeader(credentials), {
    name: 'Authorization',
    value: 'Bearer a',
  })
  assert.deepEqual(await provider.getOAuth2SAMLBearerAssertionHeaders(saml), [
    { name: 'Authorization', value: 'Bearer b' },
  ])
  const wrong = provider.getOAuth2ClientCredentialsHeader(saml)
  await assert.rejects(wrong, { code: 'CLIENT_DESTINATION_INVALID', message: /OAuth2SAMLBearerAssertion, not/ })
})

test('the token of a destination is renewed shortly before it expires, and the old one serves if that fails (CONN-263)', async () => {
  await using platform = await startStandIn()
  const clock = new ManualClock()
  await using client = platform.client({ clock, retry: { retries: 0 }, cache: { ttlMs: 3_600_000 } })
  platform.answer(found('OAuth2ClientCredentials', [bearer('first')]))
  const kept = await client.findDestination('crm')
  const header = async () => (await client.headerProvider.getOAuth2ClientCredentialsHeader(kept)).value
  clock.advance(3_539_000)
  assert.equal(await header(), 'Bearer first')
  assert.equal(platform.finds.length, 1)
  clock.advance(2_000)
  platform.answer(503)
  assert.equal(await header(), 'Bearer first')
  platform.answer(found('OAuth2ClientCredentials', [bearer('second')]))
  assert.equal(await header(), 'Bearer second')
  platform.answer(503)
  clock.advance(3_600_000)
  await assert.rejects(header(), { code: 'CLIENT_SERVICE_FAILED' })
})

test('fields that nobody knows yet change nothing (CONN-267)', async () => {
  await using platform = await startStandIn()
  await using client = platform.client()
  const certificates = [{ Name: 'a.pem', Type: 'CERTIFICATE', Content: 'QUJD', Colour: 'red', Nested: { x: [1] } }]
  platform.answer({
    ...found('OAuth2ClientCredentials', [bearer('a', { colour: 'red', nested: { x: [1] } })]),
    certificates,
    somethingNew: true,
  })
  const destination = await client.findDestination('crm')
  assert.deepEqual(await client.authenticationHeaders(destination), [{ name: 'Authorization', value: 'Bearer a' }])
  assert.equal(destination.certificates[0]?.content.toString(), 'ABC')
})

test('a token that the destination service could not get is told with its reason, and asked for again', async () => {
  await using platform = await startStandIn()
  await using client = platform.client()
  const failed = { type: '', value: '', error: 'Retrieval of OAuthToken failed due to: no route', expires_in: '0' }
  platform.answer(found('OAuth2ClientCredentials', [failed]))
  await assert.rejects(client.fetch('crm', '/'), { code: 'CLIENT_DESTINATION_TOKEN_FAILED', message: /no route/ })
  platform.answer(found('OAuth2ClientCredentials', [bearer('a')]))
  const destination = await client.findDestination('crm')
  assert.equal((await client.authenticationHeaders(destination))[0]?.value, 'Bearer a')
})

test('each kind of prepared token goes in the header that it came with', async () => {
  await using platform = await startStandIn()
  await using client = platform.client()
  const headers = async (type: string, token: object) => {
    platform.answer(found(type, [token]))
    return client.authenticationHeaders(await client.findDestination(type))
  }
  const technical = { key: 'SAP-Connectivity-Technical-Authentication', value: 'Bearer t' }
  assert.deepEqual(await headers('OAuth2TechnicalUserPropagation', bearer('t', { http_header: technical })), [
    { name: technical.key, value: technical.value },
  ])
  assert.deepEqual(await headers('SAMLAssertion', { type: 'SAML2.0', value: 'PD94' }), [
    { name: 'Authorization', value: 'SAML2.0 PD94' },
    { name: 'x-sap-security-session', value: 'create' },
  ])
  assert.deepEqual(await headers('SAPAssertionSSO', { type: 'MYSAPSSO2', value: 'ticket' }), [
    { name: 'MYSAPSSO2', value: 'ticket' },
  ])
  assert.deepEqual(await headers('ClientCertificateAuthentication', {}), [])
})

test('key store and trust store come decoded and log on at a target that asks for a certificate (CONN-259)', async () => {
  const authority = await LocalCa.create({ subject: { CN: 'Authority of the target' } })
  const server = await authority.issueServer({ dnsNames: [], ipAddresses: ['127.0.0.1'], days: 1 })
  const user = await authority.issueClient({ subject: { CN: 'application' }, days: 1 })
  const target = createServer(
    { ...server, ca: authority.certificatePem, requestCert: true, rejectUnauthorized: true },
    (request, response) => response.end((request.socket as TLSSocket).getPeerX509Certificate()?.subject),
  )
  await once(target.listen(0, '127.0.0.1'), 'listening')
  try {
    await using platform = await startStandIn()
    await using client = platform.client()
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    const properties = {
      URL: `https://127.0.0.1:${(target.address() as AddressInfo).port}`,
      KeyStoreLocation: 'user.pem',
      TrustStoreLocation: 'trust.pem',
    }
    platform.answer({
      ...found('ClientCertificateAuthentication', [], properties),
      certificates: [
        { Name: 'user.pem', Type: 'CERTIFICATE', Content: base64(`${user.cert}\n${user.key}`) },
        { Name: 'trust.pem', Type: 'CERTIFICATE', Content: base64(authority.certificatePem) },
      ],
    })
    assert.equal((await client.findDestination('target')).getKeyStore()?.format, 'pem')
    assert.equal(await (await client.fetch('target', '/')).text(), 'CN=application')
    platform.answer(found('ClientCertificateAuthentication', [], properties))
    const bare = client.fetch('bare', '/')
    await assert.rejects(bare, { code: 'CLIENT_KEY_STORE_UNUSABLE', message: /store=.*did not deliver it/ })
  } finally {
    target.closeAllConnections()
    target.close()
  }
})

test('a PKCS#12 key store opens with its password; a Java key store is refused with advice (CONN-259)', async () => {
  await using platform = await startStandIn()
  await using client = platform.client()
  const find = async (name: string, content: Buffer) => {
    const properties = { KeyStoreLocation: name, KeyStorePassword: password }
    const certificates = [{ Name: name, Type: 'CERTIFICATE', Content: content.toString('base64') }]
    platform.answer({ ...found('ClientCertificateAuthentication', [], properties), certificates })
    return client.findDestination(name)
  }
  const pkcs12 = await find('store.p12', rsaWithChain)
  assert.equal(pkcs12.getKeyStore()?.password, password)
  assert.ok(createSecureContext(tlsOptionsOf(pkcs12)))
  const jks = await find('store.jks', Buffer.from('feedfeed00000002', 'hex'))
  assert.throws(() => tlsOptionsOf(jks), { code: 'CLIENT_KEY_STORE_UNUSABLE', message: /upload it.*PKCS#12/ })
})
