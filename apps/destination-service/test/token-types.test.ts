import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { onEveryDatabase } from './support/databases.ts'
import { granted, json } from './support/oauth-server.ts'
import { subscriberA, tenantClaims } from './support/service.ts'
import { TokenFixture } from './support/token-fixture.ts'

await onEveryDatabase(async (newUrl) => {
  const at = await TokenFixture.start(newUrl)
  after(() => at.close())
  beforeEach(() => at.renewOAuthServer())
  const { put, clientCredentials, find, token, failure, only } = at

  const typed = (Authentication: string, more: Record<string, string> = {}) =>
    clientCredentials({ Authentication, ...more })
  const client = { client_id: 'sb-app!b1|x!b2', client_secret: 's3cr3t-value' }
  const technical = (more: Record<string, string> = {}) =>
    typed('OAuth2TechnicalUserPropagation', { ProxyType: 'OnPremise', ...more })

  test('OAuth2Password posts user and password, keeps the token and takes the URL as it is (DEST-140, DEST-141)', async () => {
    const name = await typed('OAuth2Password', {
      User: 'tech',
      Password: 'p ä&=',
      scope: 's',
      tokenServiceURLType: 'Common',
      tokenServiceURL: `${at.oauth.url}/{tenant}/token`,
    })
    assert.equal((await token(name)).value, 'token-1')
    assert.equal((await token(name)).value, 'token-1')
    assert.equal(decodeURI(only().url), '/{tenant}/token')
    const form = { grant_type: 'password', username: 'tech', password: 'p ä&=', scope: 's', ...client }
    assert.deepEqual(Object.fromEntries(only().body), form)
  })

  test('a password that the token service echoes is not passed on', async () => {
    const name = await typed('OAuth2Password', { User: 'tech', Password: 'pass-word-1' })
    at.oauth.answer = (_call, reply) => json(reply, 401, { error_description: 'bad credentials tech/pass-word-1' })
    assert.equal(await failure(name), 'bad credentials tech/***')
  })

  test('OAuth2RefreshToken sends X-refresh-token each time and returns the rotated one (DEST-163, DEST-164, DEST-165, RC-072)', async () => {
    const name = await typed('OAuth2RefreshToken')
    assert.match(await failure(name), /X-refresh-token/)
    assert.match(await failure(name, { headers: { 'x-refresh-token': '' } }), /X-refresh-token/)
    assert.equal(at.oauth.calls.length, 0)
    at.oauth.answer = (_call, reply) => json(reply, 200, granted('t', { refresh_token: `rt-${at.oauth.calls.length}` }))
    const headers = { 'x-refresh-token': 'rt-0-secret' }
    assert.equal((await token(name, { headers })).refresh_token, 'rt-1')
    assert.equal((await token(name, { headers })).refresh_token, 'rt-2')
    const form = { grant_type: 'refresh_token', refresh_token: 'rt-0-secret', ...client }
    assert.deepEqual(Object.fromEntries(at.oauth.calls[0]!.body), form)
    at.oauth.answer = (_call, reply) => json(reply, 400, { error_description: 'Invalid refresh token: rt-0-secret' })
    assert.equal(await failure(name, { headers }), 'Invalid refresh token: ***')
  })

  test('OAuth2AuthorizationCode sends the code once, with redirect URI and verifier only when they were sent (DEST-166, DEST-167, DEST-168)', async () => {
    const name = await typed('OAuth2AuthorizationCode')
    assert.match(await failure(name), /X-code/)
    assert.equal((await token(name, { headers: { 'x-code': 'c1' } })).value, 'token-1')
    assert.deepEqual(Object.fromEntries(only().body), { grant_type: 'authorization_code', code: 'c1', ...client })
    const headers = { 'x-code': 'c2', 'x-redirect-uri': 'https://app.test/cb?a=1', 'x-code-verifier': 'v'.repeat(43) }
    assert.equal((await token(name, { headers })).value, 'token-2')
    assert.deepEqual(Object.fromEntries(at.oauth.calls[1]!.body), {
      grant_type: 'authorization_code',
      code: 'c2',
      redirect_uri: 'https://app.test/cb?a=1',
      code_verifier: 'v'.repeat(43),
      ...client,
    })
    at.oauth.answer = (_call, reply) => reply.destroy()
    assert.match(await failure(name, { headers }), /closed the connection/)
    assert.equal(at.oauth.calls.length, 3)
  })

  test('OAuth2TechnicalUserPropagation asks directly, although it is on-premise, and names its own header (DEST-169, DEST-170, DEST-171, CONN-133)', async () => {
    const name = await technical()
    assert.deepEqual(await token(name), {
      type: 'Bearer',
      value: 'token-1',
      http_header: { key: 'SAP-Connectivity-Technical-Authentication', value: 'Bearer token-1' },
      expires_in: '3600',
    })
    assert.deepEqual(Object.fromEntries(only().body), { grant_type: 'client_credentials', ...client })
    at.service.clock.advance(3_000_000)
    assert.equal((await token(name)).value, 'token-1')
    at.service.clock.advance(400_000)
    assert.equal((await token(name)).value, 'token-2')
  })

  test("a Common URL takes X-tenant or the caller's subdomain where no user decides (DEST-108)", async () => {
    const common = { tokenServiceURLType: 'Common', tokenServiceURL: `${at.oauth.url}/{tenant}/oauth/token` }
    const called = () => at.oauth.calls.at(-1)?.url
    const name = await technical(common)
    await token(name)
    assert.equal(called(), '/provider/oauth/token')
    assert.equal((await token(name, { headers: { 'x-tenant': 't1' } })).value, 'token-2')
    assert.equal(called(), '/t1/oauth/token')
    assert.match(await failure(name, { headers: { 'x-tenant': 'a.b' } }), /not a valid subdomain/)
    await token(await typed('OAuth2RefreshToken', common), { headers: { 'x-refresh-token': 'rt-1234' } })
    assert.equal(called(), '/provider/oauth/token')
    await token(await typed('OAuth2AuthorizationCode', common), { headers: { 'x-code': 'c' } })
    assert.equal(called(), '/provider/oauth/token')
  })

  test('OAuth2TokenExchange exchanges the tokens of the headers, and keeps what it got for exactly these (DEST-240)', async () => {
    const name = await typed('OAuth2TokenExchange', {
      tokenServiceURLType: 'Common',
      scope: 's',
      'tokenService.body.audience': 'target',
      'tokenService.body.subject_token': 'not this one',
    })
    const type = 'urn:ietf:params:oauth:token-type:access_token'
    const headers = { 'x-subject-token': 'subject-1', 'x-subject-token-type': type }
    assert.match(await failure(name), /X-subject-token header/)
    assert.match(await failure(name, { headers: { 'x-subject-token': 'subject-1' } }), /X-subject-token-type/)
    const half = { ...headers, 'x-actor-token': 'actor-1' }
    assert.match(await failure(name, { headers: half }), /X-actor-token and X-actor-token-type together/)
    assert.equal(at.oauth.calls.length, 0)
    at.oauth.answer = (_call, reply) =>
      json(reply, 200, granted(`t-${at.oauth.calls.length}`, { issued_token_type: type, token_type: 'Bearer' }))
    const first = await token(name, { headers })
    assert.deepEqual([first.value, first.issued_token_type], ['t-1', type])
    assert.deepEqual(Object.fromEntries(only().body), {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'subject-1',
      subject_token_type: type,
      scope: 's',
      audience: 'target',
      ...client,
    })
    assert.equal((await token(name, { headers })).value, 't-1')
    const acting = { ...headers, 'x-actor-token': 'actor-1', 'x-actor-token-type': type }
    assert.equal((await token(name, { headers: acting })).value, 't-2')
    assert.equal(at.oauth.calls[1]?.body.get('actor_token'), 'actor-1')
    assert.equal((await token(name, { headers: { ...headers, 'x-subject-token': 'subject-2' } })).value, 't-3')
  })

  test('ClientCertificateAuthentication delivers its key store and whom it trusts, and no token (DEST-029, DEST-132, DEST-135, CONN-140, CONN-142, CONN-143, RC-064)', async () => {
    const authority = await LocalCa.create({ subject: { CN: 'CA' } })
    await at.certificates.put('own.p12', Buffer.from([1, 2, 3]))
    await at.certificates.put('ca.pem', authority.certificatePem)
    const properties = { Authentication: 'ClientCertificateAuthentication', KeyStorePassword: 'store-password' }
    const name = await put({ ...properties, KeyStoreLocation: 'own.p12', TrustStoreLocation: 'ca.pem' })
    const found = await find(name)
    assert.deepEqual(found.certificates, [
      { Name: 'own.p12', Content: Buffer.from([1, 2, 3]).toString('base64'), Type: 'CERTIFICATE' },
      { Name: 'ca.pem', Content: Buffer.from(authority.certificatePem).toString('base64'), Type: 'CERTIFICATE' },
    ])
    assert.deepEqual([found.authTokens, found.configuration.KeyStorePassword], [undefined, 'store-password'])
    const missing = await find(await put({ ...properties, KeyStoreLocation: 'absent.p12' }))
    assert.deepEqual([missing.status, missing.certificates], [200, undefined])
    assert.match(missing.authTokens?.[0]?.error ?? '', /certificates that were not found: absent\.p12$/)
    assert.ok(at.service.log.some((line) => line.includes('destination.certificate.missing')))
  })

  test('a caller with an own key store names none and gets none; other sources are refused (DEST-133, DEST-134)', async () => {
    const own = { Authentication: 'ClientCertificateAuthentication', 'KeyStore.Source': 'ClientProvided' }
    await at.certificates.put('own.p12', 'x')
    assert.equal((await find(await put(own))).certificates, undefined)
    assert.equal((await find(await put({ ...own, KeyStoreLocation: 'own.p12' }))).certificates, undefined)
    const named = { ...own, 'KeyStore.Source': 'DestinationService', KeyStoreLocation: 'own.p12' }
    assert.equal((await find(await put(named))).certificates?.length, 1)
    for (const wrong of [{ 'KeyStore.Source': 'Elsewhere' }, { 'KeyStore.Source': 'DestinationService' }]) {
      const body = { Name: 'wrong', Type: 'HTTP', URL: 'https://x.test', ...own, ...wrong }
      assert.equal((await at.service.call('POST', '/subaccountDestinations', { body })).status, 400)
    }
  })

  test('every type delivers its trust store; the key store for the token service only without token retrieval (DEST-034)', async () => {
    await at.certificates.put('ca.pem', (await LocalCa.create({ subject: { CN: 'CA' } })).certificatePem)
    await at.certificates.put('client.p12', 'key store')
    const trusting = await find(await put({ Authentication: 'NoAuthentication', TrustStoreLocation: 'ca.pem' }))
    assert.deepEqual(
      trusting.certificates?.map(({ Name }) => Name),
      ['ca.pem'],
    )
    const mutual = await clientCredentials({ 'tokenService.KeyStoreLocation': 'client.p12', TrustAll: 'TRUE' })
    assert.equal((await find(mutual)).certificates, undefined)
    const skipped = await find(mutual, { query: '?$skipTokenRetrieval=true' })
    assert.deepEqual(
      skipped.certificates?.map(({ Name }) => Name),
      ['client.p12'],
    )
  })

  test("a certificate of the destination's own level comes before the subaccount's, and another tenant's never", async () => {
    const at1 = (kind: 'instance' | 'subaccount' | 'subscription', subaccountId: string, instanceId = '') => ({
      kind,
      subaccountId,
      instanceId,
    })
    const provider = '11111111-1111-4111-8111-111111111111'
    await at.certificates.put('c.pem', 'subaccount')
    await at.certificates.put('only-subaccount.pem', 'subaccount')
    await at.certificates.put('c.pem', 'instance', at1('instance', provider, 'instance-1'))
    const named = async (Name: string, TrustStoreLocation: string, bearer?: string) => {
      const call = bearer === undefined ? {} : { token: bearer }
      const body = { Name, Type: 'HTTP', URL: 'https://x.test', TrustStoreLocation }
      assert.equal((await at.service.call('POST', '/instanceDestinations', { body, ...call })).status, 201)
      const [certificate] = (await find(Name, call)).certificates ?? []
      return certificate === undefined ? undefined : Buffer.from(certificate.Content, 'base64').toString()
    }
    assert.equal(await named('level-1', 'c.pem'), 'instance')
    assert.equal(await named('level-2', 'only-subaccount.pem'), 'subaccount')
    assert.equal(await named('level-3', 'c.pem', await at.service.token(tenantClaims(subscriberA))), undefined)
  })
})
