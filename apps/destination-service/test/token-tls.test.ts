import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { after, test } from 'node:test'
import type { PeerCertificate } from 'node:tls'
import { LocalCa } from '@landbridge/identity'
import { ecWithoutChain, javaKeyStore, rsaLegacy, rsaWithChain, selfSignedCertificate } from '@landbridge/testkit'
import { checkBrowserCompatible } from '../src/host-names.ts'
import { onEveryDatabase } from './support/databases.ts'
import { secureTokenServices } from './support/secure-token-service.ts'
import { TokenFixture } from './support/token-fixture.ts'

const startSecure = secureTokenServices()

const authority = await LocalCa.create({ subject: { CN: 'Token service CA' } })
const clients = await LocalCa.create({ subject: { CN: 'Client CA' } })
const serverPair = await authority.issueServer({ dnsNames: ['localhost'], days: 30 })
const { cert, key } = await clients.issueClient({ subject: { CN: 'client' }, days: 30, rsaBits: 2048 })
const leafOf = (pem: string) => new X509Certificate(pem)
const der = createPrivateKey(key).export({ format: 'der', type: 'pkcs8' })

const server = await startSecure({ ...serverPair })
const mutual = await startSecure({
  ...serverPair,
  ca: clients.certificatePem,
  requestCert: true,
  rejectUnauthorized: false,
})

await onEveryDatabase(async (newUrl) => {
  const at = await TokenFixture.start(newUrl)
  after(() => at.close())
  const { clientCredentials, token, failure, put } = at
  await at.certificates.put('ca.pem', authority.certificatePem)
  await at.certificates.put('ca.der', leafOf(authority.certificatePem).raw)
  await at.certificates.put('ca.jks', javaKeyStore('secret', { trusted: [leafOf(authority.certificatePem).raw] }))
  await at.certificates.put('client-ca.pem', clients.certificatePem)
  await at.certificates.put('client.pem', cert + clients.certificatePem + key)
  await at.certificates.put('client.jks', javaKeyStore('secret', { keys: [{ key: der, chain: [leafOf(cert).raw] }] }))
  await at.certificates.put('broken.jks', javaKeyStore('secret', { trusted: [] }).subarray(0, 20))
  await at.certificates.put('plain.pem', 'hello')

  test('only an authority that TrustStoreLocation names is trusted, in every format, and only for its destination (DEST-091, DEST-092, DEST-094, DEST-097)', async () => {
    const to = (more: Record<string, string>) => clientCredentials({ tokenServiceURL: server.url, ...more })
    const jks = { TrustStoreLocation: 'ca.jks', TrustStorePassword: 'secret' }
    for (const trusting of [{ TrustStoreLocation: 'ca.pem' }, { TrustStoreLocation: 'ca.der' }, jks])
      assert.match((await token(await to(trusting))).value, /^t-/)
    const before = server.seen.length
    for (const distrusting of [{}, { TrustStoreLocation: 'client-ca.pem' }, { TrustAll: 'FALSE' }])
      assert.match(await failure(await to(distrusting)), /not trusted/)
    assert.match(
      await failure(await to({ ...jks, TrustStorePassword: 'wrong' })),
      /password of the key store is .* wrong/,
    )
    assert.match(await failure(await to({ TrustStoreLocation: 'ca.jks' })), /password of the key store is missing/)
    assert.match(
      await failure(await to({ TrustStoreLocation: 'broken.jks', TrustStorePassword: 'secret' })),
      /cannot be read/,
    )
    assert.match(await failure(await to({ TrustStoreLocation: 'plain.pem' })), /cannot be read/)
    assert.equal(server.seen.length, before)
  })

  test('a token that came over a trusted connection does not outlive the trust', async () => {
    await at.certificates.put('changing.pem', authority.certificatePem)
    const name = await clientCredentials({ tokenServiceURL: server.url, TrustStoreLocation: 'changing.pem' })
    await token(name)
    await at.certificates.put('changing.pem', clients.certificatePem)
    assert.match(await failure(name), /not trusted/)
  })

  test('HostnameVerifier decides how far a wildcard reaches, unless all are trusted (DEST-093, DEST-095)', async () => {
    const wildcard = await startSecure(await authority.issueServer({ dnsNames: ['*.foo.test'], days: 30 }))
    const to = (more: Record<string, string>) =>
      clientCredentials({ tokenServiceURL: wildcard.url, TrustStoreLocation: 'ca.pem', ...more })
    for (const HostnameVerifier of ['Strict', 'BrowserCompatible', ''])
      assert.match(await failure(await to({ HostnameVerifier })), /for another host/)
    assert.match((await token(await to({ TrustAll: 'TRUE', HostnameVerifier: 'Strict' }))).value, /^t-/)
    const named = await selfSignedCertificate(['elsewhere.test'])
    const byCommonName = await startSecure({ cert: named.certificate, key: named.key })
    await at.certificates.put('named.pem', named.certificate)
    const byName = (HostnameVerifier: string) =>
      clientCredentials({ tokenServiceURL: byCommonName.url, TrustStoreLocation: 'named.pem', HostnameVerifier })
    assert.match(await failure(await byName('Strict')), /for another host/)
    assert.match((await token(await byName('BrowserCompatible'))).value, /^t-/)
    const names = (subjectaltname: string, CN = 'x') =>
      ({ subject: { CN }, subjectaltname }) as unknown as PeerCertificate
    for (const [host, certificate, accepted] of [
      ['a.foo.test', names('DNS:*.foo.test'), true],
      ['a.b.foo.test', names('DNS:*.foo.test'), true],
      ['A.B.FOO.TEST', names('DNS:*.foo.test'), true],
      ['foo.test', names('DNS:*.foo.test'), false],
      ['evilfoo.test', names('DNS:*.foo.test'), false],
      ['a.test', names('DNS:*.test'), false],
      ['cn.test', names('DNS:other.test', 'cn.test'), true],
      ['127.0.0.1', names('IP Address:127.0.0.1'), true],
      ['b.test', names('DNS:a.test, DNS:b.test'), true],
      ['c.test', names('DNS:a.test, DNS:b.test'), false],
    ] as const)
      assert.equal(checkBrowserCompatible(host, certificate) === undefined, accepted, host)
  })

  test('TLS is 1.2 or newer unless TLSVersion names another (DEST-096)', async () => {
    const old = await startSecure({
      ...serverPair,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    })
    const to = (url: string, more: Record<string, string> = {}) =>
      clientCredentials({ tokenServiceURL: url, TrustStoreLocation: 'ca.pem', ...more })
    const protocol = async (url: string, more: Record<string, string>) => {
      await token(await to(url, more))
      return (url === old.url ? old : server).seen.at(-1)?.protocol
    }
    assert.match(await failure(await to(old.url)), /no TLS version or cipher in common/)
    assert.equal(await protocol(old.url, { TLSVersion: 'TLSv1.1' }), 'TLSv1.1')
    assert.equal(await protocol(server.url, {}), 'TLSv1.3')
    assert.equal(await protocol(server.url, { TLSVersion: 'TLSv1.2' }), 'TLSv1.2')
    assert.match(await failure(await to(server.url, { TLSVersion: 'TLSv1.1' })), /token service/)
  })

  const user = await at.service.token({ user: 'jane' })
  const secretless = { TrustStoreLocation: 'ca.pem', tokenServiceUser: 'u', tokenServicePassword: 'p' }
  for (const [Authentication, more, headers] of [
    ['OAuth2ClientCredentials', {}, {}],
    ['OAuth2Password', { User: 'u', Password: 'p' }, {}],
    ['OAuth2UserTokenExchange', {}, { 'x-user-token': user }],
    ['OAuth2JWTBearer', {}, { 'x-user-token': user }],
    ['OAuth2RefreshToken', {}, { 'x-refresh-token': 'rt-1' }],
    ['OAuth2AuthorizationCode', {}, { 'x-code': 'code-1' }],
    ['OAuth2TechnicalUserPropagation', { ProxyType: 'OnPremise' }, {}],
    ['OAuth2TokenExchange', {}, { 'x-subject-token': 's', 'x-subject-token-type': 't' }],
  ] as const)
    test(`${Authentication}: with a key store the token service sees the certificate and no secret (DEST-173, DEST-178)`, async () => {
      mutual.seen.length = 0
      const keyStore = { 'tokenService.KeyStoreLocation': 'client.pem' }
      const name = await clientCredentials({
        Authentication,
        tokenServiceURL: mutual.url,
        ...secretless,
        ...keyStore,
        ...more,
      })
      assert.match((await token(name, { headers })).value, /^t-/)
      for (const { peer, form } of mutual.seen) {
        assert.equal(peer, leafOf(cert).subject)
        assert.deepEqual([form.get('client_id'), form.get('client_secret')], ['sb-app!b1|x!b2', null])
      }
      assert.ok(mutual.seen.length > 0)
    })

  test('the key store may be PEM, JKS or PKCS#12 with old and new ciphers (DEST-175)', async () => {
    await at.certificates.put('new.p12', rsaWithChain)
    await at.certificates.put('old.pfx', rsaLegacy)
    await at.certificates.put('ec.p12', ecWithoutChain)
    for (const location of ['client.pem', 'client.jks', 'new.p12', 'old.pfx', 'ec.p12']) {
      mutual.seen.length = 0
      const keyStore = { 'tokenService.KeyStoreLocation': location, 'tokenService.KeyStorePassword': 'secret' }
      await token(await clientCredentials({ tokenServiceURL: mutual.url, TrustStoreLocation: 'ca.pem', ...keyStore }))
      assert.equal(mutual.seen.length, 1)
      assert.match(mutual.seen[0]!.peer, location.startsWith('client') ? /^CN=client$/ : /CN=/, location)
    }
  })

  test('a key store that cannot be used is an error entry, and nothing is sent (DEST-176, DEST-177)', async () => {
    mutual.seen.length = 0
    await at.certificates.put('no-key.pem', cert)
    const to = (location: string, more: Record<string, string> = {}) =>
      clientCredentials({
        tokenServiceURL: mutual.url,
        TrustStoreLocation: 'ca.pem',
        'tokenService.KeyStoreLocation': location,
        ...more,
      })
    const password = (text: string) => ({ 'tokenService.KeyStorePassword': text })
    for (const [name, expected] of [
      [await to('client.jks'), /password of the key store is missing/],
      [await to('client.jks', password('wrong-password')), /password of the key store is missing or wrong/],
      [await to('broken.jks', password('secret')), /cannot be read/],
      [await to('absent.p12', password('secret')), /was not found/],
      [await to('no-key.pem'), /holds no private key/],
      [await to('client.pem', { ProxyType: 'OnPremise' }), /needs the proxy type Internet/],
      [await to('client.pem', { tokenServiceURL: 'http://127.0.0.1:1/' }), /with https/],
    ] as const) {
      const reason = await failure(name)
      assert.match(reason, expected)
      assert.ok(!reason.includes('wrong-password'))
    }
    assert.equal(mutual.seen.length, 0)
  })

  test('without tokenService.KeyStoreLocation the secret is used, also when a password is left (DEST-174)', async () => {
    mutual.seen.length = 0
    const left = { 'tokenService.KeyStorePassword': 'secret', TrustStoreLocation: 'ca.pem' }
    await token(await clientCredentials({ tokenServiceURL: mutual.url, ...left }))
    assert.deepEqual([mutual.seen[0]?.peer, mutual.seen[0]?.form.get('client_secret')], ['', 's3cr3t-value'])
  })

  test('a token service that demands another certificate is an error entry that says so (DEST-176)', async () => {
    const strict = await startSecure({
      ...serverPair,
      ca: authority.certificatePem,
      requestCert: true,
      rejectUnauthorized: true,
    })
    const to = (more: Record<string, string>) =>
      clientCredentials({ tokenServiceURL: strict.url, TrustStoreLocation: 'ca.pem', ...more })
    assert.match(await failure(await to({})), /demands a client certificate|closed the connection/)
    const wrong = await to({ 'tokenService.KeyStoreLocation': 'client.pem' })
    assert.match(await failure(wrong), /does not accept the client certificate|closed the connection/)
    assert.equal(strict.seen.length, 0)
  })

  test('connections are never shared: the certificate of one destination does not serve another', async () => {
    mutual.seen.length = 0
    const base = { tokenServiceURL: mutual.url, TrustStoreLocation: 'ca.pem' }
    const [own, other] = [
      await clientCredentials({ ...base, 'tokenService.KeyStoreLocation': 'client.pem' }),
      await clientCredentials(base),
    ]
    await Promise.all([
      token(own),
      token(other),
      token(await put({ Authentication: 'OAuth2Password', User: 'u', Password: 'p', clientId: 'c', ...base })),
    ])
    assert.deepEqual(mutual.seen.map(({ peer }) => peer).sort(), ['', '', leafOf(cert).subject])
  })

  test('an expired certificate is named before the token service only hangs up', async () => {
    await at.certificates.put('aging.pem', cert + key)
    const keyStore = { 'tokenService.KeyStoreLocation': 'aging.pem', TrustStoreLocation: 'ca.pem' }
    const name = await clientCredentials({ tokenServiceURL: mutual.url, ...keyStore })
    await token(name)
    at.service.clock.advance(Date.parse(leafOf(cert).validTo) - at.service.clock.now() + 1_000)
    assert.match(await failure(name), /^the certificate in the key store aging\.pem expired on \d{4}-\d\d-\d\d$/)
  })
})
