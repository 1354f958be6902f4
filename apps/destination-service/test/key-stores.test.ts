import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { after, test } from 'node:test'
import { LocalCa, splitPemChain, writePkcs12 } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import { isSignedBy, javaKeyStore } from '@landbridge/testkit'
import { onEveryDatabase } from './support/databases.ts'
import { secureTokenServices } from './support/secure-token-service.ts'
import { subscriberA, tenantClaims } from './support/service.ts'
import { TokenFixture } from './support/token-fixture.ts'

// Key stores from their upload to their use: everything goes through the REST API.

const startSecure = secureTokenServices()
const servers = await LocalCa.create({ subject: { CN: 'Server CA' } })
const clients = await LocalCa.create({ subject: { CN: 'Client CA' } })
const pair = await servers.issueServer({ dnsNames: ['localhost'], days: 30 })
const client = await clients.issueClient({ subject: { CN: 'client' }, days: 30, rsaBits: 2048 })
const signer = await clients.issueClient({ subject: { CN: 'signer' }, days: 30, rsaBits: 2048 })
const mutual = await startSecure({
  cert: pair.cert,
  key: pair.key,
  ca: clients.certificatePem,
  requestCert: true,
  rejectUnauthorized: true,
})

const pkcs12 = ({ cert, key }: { cert: string; key: string }) =>
  writePkcs12({ chain: cert, key, alias: 'own', password: new Secret('store-password') })
const jks = ({ cert, key }: { cert: string; key: string }) =>
  javaKeyStore('store-password', {
    keys: [
      {
        key: createPrivateKey(key).export({ format: 'der', type: 'pkcs8' }),
        chain: splitPemChain(cert).map((pem) => new X509Certificate(pem).raw),
      },
    ],
  })

await onEveryDatabase(async (newUrl) => {
  const at = await TokenFixture.start(newUrl)
  after(() => at.close())
  const { put, find, token, failure } = at

  async function upload(Name: string, content: Buffer, method = 'POST', claims = {}): Promise<void> {
    const body = { Name, Content: content.toString('base64') }
    const reply = await at.service.call(method, '/subaccountCertificates', {
      body,
      token: await at.service.token(claims),
    })
    assert.ok(reply.status < 300, reply.text)
  }

  const clientFile = await pkcs12(client)
  await upload('client.p12', clientFile)
  await upload('client.jks', jks(client))
  await upload('signer.p12', await pkcs12(signer))
  await upload(
    'trust.jks',
    javaKeyStore('trust-password', { trusted: [new X509Certificate(servers.certificatePem).raw] }),
  )

  const trusting = { TrustStoreLocation: 'trust.jks', TrustStorePassword: 'trust-password' }
  const presenting = {
    'tokenService.KeyStoreLocation': 'client.p12',
    'tokenService.KeyStorePassword': 'store-password',
  }
  const clientCredentials = { Authentication: 'OAuth2ClientCredentials', clientId: 'c', tokenServiceURL: mutual.url }

  test('an uploaded key store reaches the caller of a ClientCertificateAuthentication destination byte by byte (DEST-132)', async () => {
    const name = await put({
      Authentication: 'ClientCertificateAuthentication',
      KeyStoreLocation: 'client.p12',
      KeyStorePassword: 'store-password',
    })
    const found = await find(name)
    assert.deepEqual(found.certificates, [
      { Name: 'client.p12', Content: clientFile.toString('base64'), Type: 'CERTIFICATE' },
    ])
    assert.equal(found.authTokens, undefined)
  })

  test('uploaded key store and JKS trust store open a token service that demands a certificate (DEST-173, DEST-092)', async () => {
    assert.match((await token(await put({ ...clientCredentials, ...trusting, ...presenting }))).value, /^t-/)
    const seen = mutual.seen.at(-1)
    assert.equal(seen?.peer, 'CN=client')
    assert.deepEqual([...(seen?.form.keys() ?? [])].sort(), ['client_id', 'grant_type'])
    assert.match(await failure(await put({ ...clientCredentials, ...presenting })), /not trusted/)
    const before = mutual.seen.length
    await failure(await put({ ...clientCredentials, ...trusting }))
    assert.equal(mutual.seen.length, before)
  })

  test('a replaced key store is used with the next token request, also when a token was kept', async () => {
    await upload('changing.p12', await pkcs12(client))
    const keyStore = { ...presenting, 'tokenService.KeyStoreLocation': 'changing.p12' }
    const name = await put({ ...clientCredentials, ...trusting, ...keyStore })
    const first = await token(name)
    assert.equal((await token(name)).value, first.value)
    await upload('changing.p12', await pkcs12(signer), 'PUT')
    assert.notEqual((await token(name)).value, first.value)
    assert.equal(mutual.seen.at(-1)?.peer, 'CN=signer')
  })

  test('OAuth2SAMLBearerAssertion: one key store signs, another one proves the client, each in its own format (DEST-152, DEST-206)', async () => {
    const keyStores = {
      KeyStoreLocation: 'signer.p12',
      KeyStorePassword: 'store-password',
      'tokenService.KeyStoreLocation': 'client.jks',
      'tokenService.KeyStorePassword': 'store-password',
    }
    const name = await put({
      Authentication: 'OAuth2SAMLBearerAssertion',
      audience: 'partner',
      clientKey: 'api-key',
      authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PreviousSession',
      tokenServiceURL: mutual.url,
      ...trusting,
      ...keyStores,
    })
    const user = {
      headers: { 'x-user-token': await at.service.token({ user: 'jane', more: { email: 'jane@corp.test' } }) },
    }
    assert.match((await token(name, user)).value, /^t-/)
    const { peer, form } = mutual.seen.at(-1)!
    assert.deepEqual([peer, form.get('client_id')], ['CN=client', 'api-key'])
    const xml = Buffer.from(form.get('assertion') ?? '', 'base64url').toString()
    assert.equal(await isSignedBy(xml, splitPemChain(signer.cert)[0]!), true)
    assert.equal(await isSignedBy(xml, splitPemChain(client.cert)[0]!), false)
  })

  test('the answer holds the key store of ClientCertificateAuthentication, and the trust store of every type, SAML included (DEST-030)', async () => {
    const names = async (properties: Record<string, string>) =>
      (await find(await put(properties))).certificates?.map(({ Name }) => Name)
    const ownKey = { Authentication: 'ClientCertificateAuthentication', KeyStoreLocation: 'client.p12' }
    const saml = {
      Authentication: 'OAuth2SAMLBearerAssertion',
      audience: 'partner',
      clientKey: 'api-key',
      authnContextClassRef: 'x',
      tokenServiceURL: mutual.url,
      SystemUser: 'batch',
      KeyStoreLocation: 'signer.p12',
      KeyStorePassword: 'store-password',
    }
    assert.deepEqual(await names(ownKey), ['client.p12'])
    assert.deepEqual(await names({ ...ownKey, ...trusting }), ['client.p12', 'trust.jks'])
    assert.equal(await names(saml), undefined)
    assert.deepEqual(await names({ ...saml, ...trusting }), ['trust.jks'])
    assert.deepEqual(await names({ Authentication: 'NoAuthentication', ...trusting }), ['trust.jks'])
  })

  test('SAMLAssertion is signed with an uploaded key store, and the subaccount needs no trust key pair (DEST-206)', async () => {
    const name = await put({
      Authentication: 'SAMLAssertion',
      audience: 'partner',
      authnContextClassRef: 'x',
      KeyStoreLocation: 'signer.p12',
      KeyStorePassword: 'store-password',
    })
    const { value } = await token(name, { token: await at.service.token({ user: 'jane' }) })
    assert.equal(await isSignedBy(Buffer.from(value, 'base64').toString(), splitPemChain(signer.cert)[0]!), true)
  })

  test('a key store that the service generated proves the client to whoever trusts its authority', async () => {
    const Attributes = { CN: 'generated', Password: 'store-password' }
    await at.service.call('POST', '/subaccountCertificates', { body: { Name: 'generated.p12', Attributes } })
    const { body } = await at.service.call('GET', '/subaccountCertificates/generated.p12/publicKeys')
    const [chain] = body as { Content: string }[]
    const own = await startSecure({
      cert: pair.cert,
      key: pair.key,
      ca: splitPemChain(chain?.Content ?? '').slice(1),
      requestCert: true,
      rejectUnauthorized: true,
    })
    const keyStore = { ...presenting, 'tokenService.KeyStoreLocation': 'generated.p12' }
    await token(await put({ ...clientCredentials, tokenServiceURL: own.url, ...trusting, ...keyStore }))
    assert.match(own.seen[0]?.peer ?? '', /CN=generated/)
  })

  test('the key store of one tenant is out of reach of the destinations of another', async () => {
    await upload('theirs.p12', await pkcs12(client), 'POST', tenantClaims(subscriberA))
    const theirs = { ...presenting, 'tokenService.KeyStoreLocation': 'theirs.p12' }
    const before = mutual.seen.length
    assert.match(await failure(await put({ ...clientCredentials, ...trusting, ...theirs })), /was not found/)
    assert.equal(mutual.seen.length, before)
  })
})
