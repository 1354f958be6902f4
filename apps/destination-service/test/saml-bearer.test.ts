import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { isSignedBy, readAssertion } from '@landbridge/testkit'
import { onEveryDatabase } from './support/databases.ts'
import { json } from './support/oauth-server.ts'
import { provider, subscriberA, subscriberB, tenantClaims } from './support/service.ts'
import { testTokens } from './support/test-tokens.ts'
import { TokenFixture } from './support/token-fixture.ts'

const format = (name: string) => `urn:oasis:names:tc:SAML:1.1:nameid-format:${name}`
await onEveryDatabase(async (newUrl) => {
  const userInfo = { calls: [] as IncomingHttpHeaders[], status: 200, body: '{}' }
  const userInfoServer = createServer((request, reply) => {
    userInfo.calls.push(request.headers)
    reply.writeHead(userInfo.status, { 'content-type': 'application/json' }).end(userInfo.body)
  })
  await new Promise<void>((resolve) => userInfoServer.listen(0, '127.0.0.1', resolve))
  const at = await TokenFixture.start(newUrl, {
    userInfoUrl: `http://127.0.0.1:${(userInfoServer.address() as AddressInfo).port}/userinfo`,
  })
  after(async () => {
    await at.close()
    await new Promise((resolve) => {
      userInfoServer.close(resolve)
      userInfoServer.closeAllConnections()
    })
  })
  const { put, find, token, failure, only } = at
  const trust = '/saml2Metadata/certificate'
  const certificates = new Map<string, string>()

  async function renewTrust(tenant: { id: string; subdomain: string }, path = trust): Promise<string> {
    const reply = await at.service.call('POST', path, { token: await at.service.token(tenantClaims(tenant)) })
    return (reply.body as { certificate: string }).certificate
  }

  before(async () => {
    for (const tenant of [provider, subscriberA]) certificates.set(tenant.id, await renewTrust(tenant))
  })
  beforeEach(async () => {
    await at.renewOAuthServer()
    Object.assign(userInfo, { calls: [], status: 200, body: '{}' })
  })

  function samlBearer(more: Record<string, string> = {}): Promise<string> {
    return put({
      Authentication: 'OAuth2SAMLBearerAssertion',
      audience: 'www.successfactors.com',
      clientKey: 'api-key-1',
      authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PreviousSession',
      tokenServiceURL: `${at.oauth.url}/oauth/token`,
      ...more,
    })
  }

  const jane = (more: Record<string, unknown> = {}) =>
    at.service.token({ user: 'jane', more: { email: 'jane@corp.test', ...more } })

  /** The assertion of the last token request. */
  const sentXml = () => Buffer.from(at.oauth.calls.at(-1)?.body.get('assertion') ?? '', 'base64url').toString()
  const sent = () => readAssertion(sentXml())

  test('OAuth2SAMLBearerAssertion exchanges an assertion signed with the active trust key for a token (DEST-149, DEST-206, CONN-176, CONN-177, CONN-196)', async () => {
    const name = await samlBearer({ scope: 'a b' })
    const found = await find(name, { headers: { 'x-user-token': await jane() } })
    assert.equal(found.authTokens?.[0]?.value, 'token-1')
    assert.deepEqual(found.authTokens[0].http_header, { key: 'Authorization', value: 'Bearer token-1' })
    assert.equal(found.configuration.URL, 'https://erp.example.test')
    const { body, headers } = only()
    assert.deepEqual([...body.keys()].sort(), ['assertion', 'client_id', 'grant_type', 'scope'])
    assert.equal(body.get('grant_type'), 'urn:ietf:params:oauth:grant-type:saml2-bearer')
    assert.equal(body.get('client_id'), 'api-key-1')
    assert.match(body.get('assertion') ?? '', /^[\w-]+$/)
    assert.equal(headers.authorization, undefined)
    const downloaded = (await at.service.call('GET', trust)).body as { certificate: string }
    assert.equal(await isSignedBy(sentXml(), downloaded.certificate), true)
    assert.equal(await isSignedBy(sentXml(), certificates.get(subscriberA.id)!), false)
  })

  test('the properties of the destination stand in the assertion, and defaults where they are missing (DEST-203, DEST-204, DEST-205, CONN-179, CONN-180)', async () => {
    await token(await samlBearer(), { token: await jane() })
    const plain = sent()
    assert.equal(plain.issuer, `cfapps.test/${provider.id}`)
    assert.equal(plain.audience, 'www.successfactors.com')
    assert.equal(plain.recipient, `${at.oauth.url}/oauth/token`)
    assert.equal(plain.authnContextClassRef, 'urn:oasis:names:tc:SAML:2.0:ac:classes:PreviousSession')
    assert.equal(plain.nameIdFormat, format('unspecified'))
    assert.equal(plain.nameQualifier, null)
    assert.deepEqual(plain.attributes, { client_id: ['api-key-1'] })
    const set = {
      assertionIssuer: 'my-issuer',
      assertionRecipient: 'https://recipient.test/acs',
      nameIdFormat: format('emailAddress'),
      nameQualifier: 'corp',
      apiKey: 'key-2',
    }
    await token(await samlBearer(set), { token: await jane() })
    const full = sent()
    assert.equal(full.issuer, 'my-issuer')
    assert.equal(full.recipient, 'https://recipient.test/acs')
    assert.equal(full.nameIdFormat, format('emailAddress'))
    assert.equal(full.nameQualifier, 'corp')
    assert.equal(full.nameId, 'jane@corp.test')
    assert.deepEqual(full.attributes.api_key, ['key-2'])
  })

  test("the recipient is the token service of the user's tenant, with the query that its URL has and without added ones (DEST-204, CONN-182)", async () => {
    const tokenServiceURL = `${at.oauth.url.replace('127.0.0.1', 'localhost')}/{tenant}/token?company_id=A`
    const name = await samlBearer({ tokenServiceURL, tokenServiceURLType: 'Common', 'tokenServiceURL.queries.x': '1' })
    const user = await at.service.token({ ...tenantClaims(subscriberB), user: 'jane' })
    await token(name, { headers: { 'x-user-token': user } })
    assert.equal(sent().recipient, tokenServiceURL.replace('{tenant}', subscriberB.subdomain))
    assert.equal(only().url, `/${subscriberB.subdomain}/token?company_id=A&x=1`)
  })

  test('tokenServiceUser and tokenServicePassword become the Basic header, and a clientId never replaces the clientKey (DEST-150)', async () => {
    const name = await samlBearer({ tokenServiceUser: 'us:er', tokenServicePassword: 'pä', clientId: 'other' })
    await token(name, { token: await jane() })
    assert.equal(only().headers.authorization, `Basic ${Buffer.from('us:er:pä').toString('base64')}`)
    assert.equal(only().body.get('client_id'), 'api-key-1')
  })

  test('companyId is sent as company_id unless the URL has one (DEST-151)', async () => {
    await token(await samlBearer({ companyId: 'C1' }), { token: await jane() })
    assert.equal(only().body.get('company_id'), 'C1')
    await at.renewOAuthServer()
    const tokenServiceURL = `${at.oauth.url}/oauth/token?company_id=C2`
    await token(await samlBearer({ companyId: 'C1', tokenServiceURL }), { token: await jane() })
    assert.equal(only().body.has('company_id'), false)
    assert.equal(only().url, '/oauth/token?company_id=C2')
  })

  test('an assertion is sent in plain base64, and with its certificate, where the destination says so', async () => {
    const name = await samlBearer({ samlAssertionEncoding: 'base64', includeSigningCertificateInSAMLAssertion: 'true' })
    await token(name, { token: await jane() })
    const assertion = only().body.get('assertion') ?? ''
    assert.equal(Buffer.from(assertion, 'base64').toString('base64'), assertion)
    const xml = Buffer.from(assertion, 'base64').toString()
    assert.equal(readAssertion(xml).keyInfoCertificates.length, 1)
    assert.equal(await isSignedBy(xml, certificates.get(provider.id)!), true)
  })

  test('without a user there is an error entry and no request, also with X-user-token of nobody (CONN-184)', async () => {
    const name = await samlBearer()
    assert.match(await failure(name), /the token belongs to no user/)
    assert.match(await failure(name, { headers: { 'x-user-token': await at.service.token() } }), /belongs to no user/)
    assert.equal(at.oauth.calls.length, 0)
  })

  test('SystemUser is the NameID, needs no user token and brings no groups of anybody, and leaves a warning (DEST-154, CONN-183)', async () => {
    const name = await samlBearer({
      SystemUser: 'TECH',
      nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
    })
    await token(name)
    assert.equal(sent().nameId, 'TECH')
    const user = await jane({ 'xs.system.attributes': { 'xs.saml.groups': ['Admins'] } })
    await token(name, { headers: { 'x-user-token': user } })
    assert.equal(sent().nameId, 'TECH')
    assert.deepEqual(sent().attributes, { client_id: ['api-key-1'] })
    assert.ok(at.service.log.some((line) => line.includes('destination.deprecated') && line.includes('SystemUser')))
  })

  test("a Common URL of a destination with SystemUser gets the caller's tenant, or that of a user token", async () => {
    const tokenServiceURL = `${at.oauth.url.replace('127.0.0.1', 'localhost')}/{tenant}/token`
    const name = await samlBearer({ SystemUser: 'TECH', tokenServiceURL, tokenServiceURLType: 'Common' })
    await token(name)
    assert.equal(at.oauth.calls.at(-1)?.url, `/${provider.subdomain}/token`)
    const user = await at.service.token({ ...tenantClaims(subscriberA), user: 'jane' })
    await token(name, { headers: { 'x-user-token': user } })
    assert.equal(at.oauth.calls.at(-1)?.url, `/${subscriberA.subdomain}/token`)
  })

  test('SystemUser works for a destination of the subscriber and of the provider (DEST-146)', async () => {
    const name = await samlBearer({ SystemUser: 'TECH' })
    const subscriber = await at.service.token(tenantClaims(subscriberA))
    const body = {
      Name: 'of-subscriber',
      Type: 'HTTP',
      URL: 'https://erp.example.test',
      Authentication: 'OAuth2SAMLBearerAssertion',
      audience: 'a',
      clientKey: 'k',
      authnContextClassRef: 'x',
      SystemUser: 'TECH',
      tokenServiceURL: at.oauth.url,
    }
    assert.equal((await at.service.call('POST', '/subaccountDestinations', { token: subscriber, body })).status, 201)
    await token('of-subscriber', { token: subscriber })
    assert.equal(sent().issuer, `cfapps.test/${subscriberA.id}`)
    assert.equal(await isSignedBy(sentXml(), certificates.get(subscriberA.id)!), true)
    await token(name)
    assert.equal(sent().issuer, `cfapps.test/${provider.id}`)
  })

  test('the user ID comes from the claim that userIdSource or the format names (DEST-194, DEST-195, DEST-197, CONN-185, CONN-186, CONN-188, CONN-189)', async () => {
    const user = { token: await jane({ login: { short: 'jd' }, employee: 'E1' }) }
    for (const [more, expected] of [
      [{}, 'jane'],
      [{ nameIdFormat: format('emailAddress') }, 'jane@corp.test'],
      [{ userIdSource: 'employee' }, 'E1'],
      [{ userIdSource: '$.login.short', nameIdFormat: format('emailAddress') }, 'jd'],
    ] as const) {
      await token(await samlBearer(more), user)
      assert.equal(sent().nameId, expected)
    }
    const calls = at.oauth.calls.length
    const noMail = { token: await at.service.token({ user: 'jane' }) }
    assert.match(await failure(await samlBearer({ nameIdFormat: format('emailAddress') }), noMail), /no claim email/)
    assert.equal(at.oauth.calls.length, calls)
  })

  test('custom attributes are read from the token service with the scope user_attributes only (DEST-198, DEST-199, DEST-200, DEST-201, CONN-187, CONN-191, CONN-192, CONN-193, CONN-194)', async () => {
    userInfo.body = JSON.stringify({ cost: 'c1', user_attributes: { short: ['jd'] } })
    const name = await samlBearer({ userIdSource: '$.user_attributes.short' })
    assert.match(await failure(name, { token: await jane() }), /scope user_attributes/)
    assert.equal(userInfo.calls.length, 0)
    const user = await jane({ scope: ['openid', 'user_attributes'] })
    await token(name, { token: user })
    assert.equal(sent().nameId, 'jd')
    assert.equal(userInfo.calls[0]?.authorization, `Bearer ${user}`)
    assert.deepEqual(sent().attributes, { cost: ['c1'], 'user_attributes.short': ['jd'], client_id: ['api-key-1'] })
    await token(await samlBearer({ skipUserAttributesPrefixInSAMLAttributes: 'true' }), { token: user })
    assert.deepEqual(sent().attributes.short, ['jd'])
    const calls = at.oauth.calls.length
    assert.equal(
      await failure(await samlBearer({ userIdSource: 'none' }), { token: user }),
      'user ID could not be determined',
    )
    for (const [status, body] of [
      [500, '{}'],
      [200, 'no JSON'],
      [200, '[]'],
    ] as const) {
      Object.assign(userInfo, { status, body })
      assert.match(
        await failure(await samlBearer(), { token: user }),
        /custom attributes of the user could not be read/,
      )
    }
    assert.equal(at.oauth.calls.length, calls)
  })

  test('groups of the user token become the attribute Groups (DEST-202, CONN-195)', async () => {
    const user = await jane({
      'xs.system.attributes': { 'xs.saml.groups': ['A<&>', 'B'] },
      user_attributes: { 'xs.saml.groups': ['C'] },
    })
    await token(await samlBearer(), { token: user })
    assert.deepEqual(sent().attributes.Groups, ['A<&>', 'B', 'C'])
  })

  test("the token of another issuer is never shown to the platform's token service", async () => {
    const foreign = await testTokens(at.service.clock, 'https://idp.foreign.test')
    const user = await foreign.sign({
      zid: '',
      subdomain: '',
      clientId: 'x',
      user: 'zoe',
      more: { scope: 'user_attributes' },
    })
    const keys = Buffer.from(JSON.stringify({ keys: [foreign.publicKey] })).toString('base64')
    await token(await samlBearer({ 'x_user_token.jwks': keys }), { headers: { 'x-user-token': user } })
    assert.equal(sent().nameId, 'zoe')
    assert.equal(userInfo.calls.length, 0)
  })

  test('tokens are cached per user, never mixed, and fetched anew when the key or the destination changes (DEST-148, DEST-084, CONN-209, CONN-213)', async () => {
    const name = await samlBearer()
    const [user, other] = [await jane(), await at.service.token({ user: 'john' })]
    assert.equal((await token(name, { token: user })).value, 'token-1')
    assert.equal((await token(name, { token: user })).value, 'token-1')
    assert.equal((await token(name, { token: other })).value, 'token-2')
    const before = certificates.get(provider.id)!
    const passive = await renewTrust(provider, `${trust}/passive`)
    assert.equal((await token(name, { token: user })).value, 'token-1')
    assert.equal((await at.service.call('POST', '/saml2Metadata/rotateCertificate')).status, 200)
    assert.equal((await token(name, { token: user })).value, 'token-3')
    assert.equal(await isSignedBy(sentXml(), passive), true)
    assert.equal(await isSignedBy(sentXml(), before), false)
    const renewed = await renewTrust(provider)
    certificates.set(provider.id, renewed)
    assert.equal((await token(name, { token: user })).value, 'token-4')
    assert.equal(await isSignedBy(sentXml(), renewed), true)
  })

  test('a token request that fails ends as an error without assertion and user token', async () => {
    const user = await jane()
    at.oauth.answer = (call, reply) =>
      json(reply, 400, { error: 'invalid_grant', error_description: `bad ${call.body.get('assertion')} of ${user}` })
    assert.equal(await failure(await samlBearer(), { token: user }), 'bad *** of ***')
  })

  test('without a trust key pair the error says how to get one, and none is made in silence (DEST-153)', async () => {
    const caller = await at.service.token(tenantClaims(subscriberB))
    const body = {
      Name: 'no-trust',
      Type: 'HTTP',
      URL: 'https://erp.example.test',
      Authentication: 'SAMLAssertion',
      audience: 'a',
      authnContextClassRef: 'x',
    }
    await at.service.call('POST', '/subaccountDestinations', { token: caller, body })
    const user = await at.service.token({ ...tenantClaims(subscriberB), user: 'jane' })
    assert.match(await failure('no-trust', { token: user }), /generate it with POST \/v1\/saml2Metadata\/certificate/)
    assert.equal((await at.service.call('GET', trust, { token: caller })).status, 404)
  })

  test('a key store that is not there is an error, and the trust key does not sign instead', async () => {
    assert.match(
      await failure(await samlBearer({ KeyStoreLocation: 'own.pem' }), { token: await jane() }),
      /KeyStoreLocation was not found/,
    )
    assert.equal(at.oauth.calls.length, 0)
  })

  test('a client may bring the assertion itself, each time a request of its own (DEST-241)', async () => {
    const name = await samlBearer({ SAMLAssertionProvider: 'ClientProvided' })
    assert.match(await failure(name, { token: await jane() }), /X-samlAssertion/)
    assert.match(await failure(name, { headers: { 'X-samlAssertion': ' ' } }), /X-samlAssertion/)
    assert.equal(at.oauth.calls.length, 0)
    for (const expected of ['token-1', 'token-2']) {
      assert.equal((await token(name, { headers: { 'X-samlAssertion': 'PHNhbWwvPg' } })).value, expected)
      assert.equal(at.oauth.calls.at(-1)?.body.get('assertion'), 'PHNhbWwvPg')
    }
    await token(await samlBearer(), { token: await jane(), headers: { 'X-samlAssertion': 'PHNhbWwvPg' } })
    assert.equal(sent().nameId, 'jane')
  })

  test('a destination without its required properties is refused when written', async () => {
    const body = { Name: 'bad', Type: 'HTTP', URL: 'https://x.test', Authentication: 'OAuth2SAMLBearerAssertion' }
    const reply = await at.service.call('POST', '/subaccountDestinations', { body })
    assert.equal(reply.status, 400)
    for (const property of ['audience', 'clientKey', 'tokenServiceURL', 'authnContextClassRef'])
      assert.match(reply.text, new RegExp(`property ${property} is missing`))
  })
})
