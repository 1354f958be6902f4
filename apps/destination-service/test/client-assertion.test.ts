import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { onEveryDatabase } from './support/databases.ts'
import { granted, json, startOAuthServer } from './support/oauth-server.ts'
import { TokenFixture } from './support/token-fixture.ts'

await onEveryDatabase(async (newUrl) => {
  const at = await TokenFixture.start(newUrl)
  after(() => at.close())
  let identityProvider = await startOAuthServer()
  beforeEach(async () => {
    await at.renewOAuthServer()
    await identityProvider.close()
    identityProvider = await startOAuthServer()
    identityProvider.answer = (_call, reply) =>
      json(reply, 200, granted(`assertion-${identityProvider.calls.length}`, { expires_in: 600 }))
  })
  after(() => identityProvider.close())
  const { put, clientCredentials, token, failure, only } = at

  const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  const given = { 'x-client-assertion': 'signed-by-caller', 'x-client-assertion-type': jwtBearer }
  const clientId = { client_id: 'sb-app!b1|x!b2' }

  const provider = (more: Record<string, string> = {}) =>
    put({
      Authentication: 'OAuth2ClientCredentials',
      clientId: 'provider-client',
      clientSecret: 'provider-secret',
      tokenServiceURL: `${identityProvider.url}/token`,
      'clientAssertion.type': jwtBearer,
      ...more,
    })
  const consumer = (name: string, more: Record<string, string> = {}) =>
    clientCredentials({ 'clientAssertion.destinationName': name, ...more })

  test('the assertion of the headers replaces every secret (DEST-179)', async () => {
    const more = {
      tokenServiceUser: 'u',
      tokenServicePassword: 'p',
      'tokenService.addClientCredentialsInBody': 'false',
    }
    await token(await clientCredentials(more), { headers: given })
    const form = {
      grant_type: 'client_credentials',
      ...clientId,
      client_assertion_type: jwtBearer,
      client_assertion: 'signed-by-caller',
    }
    assert.deepEqual(Object.fromEntries(only().body), form)
    assert.equal(only().headers.authorization, undefined)
  })

  test('every OAuth type takes the assertion of the headers, and an echo of it is not passed on (DEST-179)', async () => {
    const user = await at.service.token({ user: 'jane' })
    for (const [Authentication, more, headers] of [
      ['OAuth2Password', { User: 'u', Password: 'p' }, {}],
      ['OAuth2JWTBearer', {}, { 'x-user-token': user }],
      ['OAuth2RefreshToken', {}, { 'x-refresh-token': 'rt-1' }],
      ['OAuth2AuthorizationCode', {}, { 'x-code': 'code-1' }],
      ['OAuth2TechnicalUserPropagation', { ProxyType: 'OnPremise' }, {}],
    ] as const) {
      const name = await clientCredentials({ Authentication, ...more })
      await token(name, { headers: { ...given, ...headers } })
      const { body } = at.oauth.calls.at(-1)!
      assert.deepEqual([body.get('client_assertion'), body.get('client_secret')], ['signed-by-caller', null])
    }
    at.oauth.answer = (_call, reply) => json(reply, 401, { error_description: 'bad assertion signed-by-caller' })
    assert.equal(await failure(await clientCredentials(), { headers: given }), 'bad assertion ***')
  })

  test('other assertions get other tokens', async () => {
    const name = await clientCredentials()
    assert.equal((await token(name, { headers: given })).value, 'token-1')
    assert.equal((await token(name, { headers: { ...given, 'x-client-assertion': 'another' } })).value, 'token-2')
    assert.equal((await token(name, { headers: given })).value, 'token-1')
    assert.equal((await token(name)).value, 'token-3')
  })

  test('headers that exclude or need each other are refused with 400 (DEST-180, DEST-186)', async () => {
    const name = await clientCredentials()
    const { 'x-client-assertion': value, 'x-client-assertion-type': type } = given
    for (const headers of [
      { 'x-client-assertion': value },
      { 'x-client-assertion-type': type },
      { ...given, 'x-client-assertion-destination-name': 'p' },
    ] as Record<string, string>[])
      assert.equal((await at.service.call('GET', `/destinations/${name}`, { headers })).status, 400)
    assert.equal(at.oauth.calls.length, 0)
  })

  test('a provider destination delivers the assertion, for exactly the four consumer types (DEST-181, DEST-183)', async () => {
    const user = await at.service.token({ user: 'jane' })
    const name = await provider()
    for (const [Authentication, more, headers, isConsumer] of [
      ['OAuth2ClientCredentials', {}, {}, true],
      ['OAuth2Password', { User: 'u', Password: 'p' }, {}, true],
      ['OAuth2AuthorizationCode', {}, { 'x-code': 'c' }, true],
      ['OAuth2TechnicalUserPropagation', { ProxyType: 'OnPremise' }, {}, true],
      ['OAuth2JWTBearer', {}, { 'x-user-token': user }, false],
      ['OAuth2RefreshToken', {}, { 'x-refresh-token': 'rt-1' }, false],
    ] as const) {
      at.service.log.length = 0
      await token(await consumer(name, { Authentication, ...more }), { headers })
      const { body } = at.oauth.calls.at(-1)!
      const sent = ['client_assertion', 'client_assertion_type', 'client_secret'].map((key) => body.get(key))
      assert.deepEqual(
        sent,
        isConsumer ? ['assertion-1', jwtBearer, null] : [null, null, 's3cr3t-value'],
        Authentication,
      )
      assert.equal(
        at.service.log.some((line) => line.includes('destination.assertion.ignored')),
        !isConsumer,
      )
    }
    const [asked] = identityProvider.calls
    assert.equal(identityProvider.calls.length, 1)
    assert.deepEqual(Object.fromEntries(asked!.body), {
      grant_type: 'client_credentials',
      client_id: 'provider-client',
      client_secret: 'provider-secret',
    })
  })

  test('the header names another provider than the property; an assertion in the headers wins over both (DEST-185, DEST-186)', async () => {
    const saml = 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer'
    const [first, second] = [await provider(), await provider({ 'clientAssertion.type': saml })]
    const name = await consumer(first)
    await token(name, { headers: { 'x-client-assertion-destination-name': second } })
    assert.equal(only().body.get('client_assertion_type'), saml)
    await token(name, { headers: given })
    assert.equal(at.oauth.calls[1]?.body.get('client_assertion'), 'signed-by-caller')
    assert.equal(identityProvider.calls.length, 1)
    const plain = await clientCredentials()
    await token(plain, { headers: { 'x-client-assertion-destination-name': first } })
    assert.equal(at.oauth.calls[2]?.body.get('client_assertion_type'), jwtBearer)
  })

  test('a provider that cannot serve is an error entry of the consumer, and the secret is not sent instead (DEST-182, DEST-184, DEST-187)', async () => {
    const instance = { Name: 'instance-provider', Type: 'HTTP', URL: 'https://x.test', clientId: 'c' }
    const body = {
      ...instance,
      Authentication: 'OAuth2ClientCredentials',
      tokenServiceURL: `${identityProvider.url}/token`,
      'clientAssertion.type': jwtBearer,
    }
    assert.equal((await at.service.call('POST', '/instanceDestinations', { body })).status, 201)
    const good = await provider()
    const nested = await provider({ 'clientAssertion.destinationName': good })
    for (const [name, expected] of [
      ['absent', /absent.*was not found/],
      ['instance-provider', /was not found/],
      [
        await put({ Authentication: 'BasicAuthentication', User: 'u', Password: 'p' }),
        /must use OAuth2ClientCredentials/,
      ],
      [await provider({ 'clientAssertion.type': '' }), /clientAssertion.type/],
      [await provider({ 'clientAssertion.type': 'urn:other' }), /clientAssertion.type/],
      [nested, /needs one itself/],
    ] as const)
      assert.match(await failure(await consumer(name)), expected)
    assert.deepEqual([at.oauth.calls.length, identityProvider.calls.length], [0, 0])
  })

  test("the provider's failure is the consumer's, in the provider's words", async () => {
    identityProvider.answer = (_call, reply) =>
      json(reply, 401, { error_description: 'no such client: provider-secret' })
    assert.equal(await failure(await consumer(await provider())), 'no such client: ***')
    assert.equal(at.oauth.calls.length, 0)
  })

  test('an assertion that is about to expire is renewed before it is used (DEST-188)', async () => {
    at.oauth.answer = (_call, reply) => json(reply, 200, granted('short', { expires_in: 300 }))
    const name = await consumer(await provider())
    const used = () => at.oauth.calls.map((call) => call.body.get('client_assertion'))
    await token(name)
    at.service.clock.advance(300_000)
    await token(name)
    assert.deepEqual(used(), ['assertion-1', 'assertion-1'])
    at.service.clock.advance(300_000)
    await token(name)
    assert.deepEqual(used(), ['assertion-1', 'assertion-1', 'assertion-2'])
  })

  test('a changed provider is used at once; its X-tenant is that of the request', async () => {
    const common = { tokenServiceURLType: 'Common', tokenServiceURL: `${identityProvider.url}/{tenant}/token` }
    const name = await provider(common)
    const using = await consumer(name)
    assert.match(await failure(using), /X-tenant/)
    const commonConsumer = await consumer(name, {
      tokenServiceURLType: 'Common',
      tokenServiceURL: `${at.oauth.url}/{tenant}/`,
    })
    await token(commonConsumer, { headers: { 'x-tenant': 't1' } })
    assert.deepEqual([identityProvider.calls[0]?.url, only().url], ['/t1/token', '/t1/'])
    const changed = { Name: name, Type: 'HTTP', URL: 'https://x.test', Authentication: 'OAuth2ClientCredentials' }
    const body = {
      ...changed,
      clientId: 'c2',
      tokenServiceURL: `${identityProvider.url}/moved`,
      'clientAssertion.type': jwtBearer,
    }
    assert.equal((await at.service.call('PUT', '/subaccountDestinations', { body })).status, 200)
    await token(using)
    assert.equal(identityProvider.calls.at(-1)?.url, '/moved')
  })

  test('assertion and client certificate go together', async () => {
    const authority = await LocalCa.create({ subject: { CN: 'CA' } })
    const secure = await startOAuthServer(await authority.issueServer({ dnsNames: ['localhost'], days: 1 }))
    const own = await authority.issueClient({ subject: { CN: 'client' }, days: 1 })
    await at.certificates.put('own.pem', own.cert + own.key)
    await at.certificates.put('ca.pem', authority.certificatePem)
    const mutual = { 'tokenService.KeyStoreLocation': 'own.pem', TrustStoreLocation: 'ca.pem' }
    const name = await clientCredentials({ tokenServiceURL: `https://localhost:${secure.port}/`, ...mutual })
    await token(name, { headers: given })
    assert.equal(secure.calls[0]?.body.get('client_assertion'), 'signed-by-caller')
    await secure.close()
  })
})
