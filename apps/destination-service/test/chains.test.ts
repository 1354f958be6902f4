import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { onEveryDatabase } from './support/databases.ts'
import { granted, json } from './support/oauth-server.ts'
import { subscriberA, tenantClaims } from './support/service.ts'
import { TokenFixture } from './support/token-fixture.ts'

const chain = 'com.sap.iasGeneratedOAuth2SamlBearerAssertion'
const type = 'urn:ietf:params:oauth:token-type:access_token'
const assertion = Buffer.from('<saml:Assertion/>').toString('base64url')

await onEveryDatabase(async (newUrl) => {
  const at = await TokenFixture.start(newUrl)
  after(() => at.close())
  beforeEach(async () => {
    await at.renewOAuthServer()
    at.oauth.answer = (call, reply) =>
      json(reply, 200, granted(call.url.startsWith('/ias') ? assertion : `token-${at.oauth.calls.length}`))
  })
  const { put, token, failure, find } = at

  // Both as the vendor documents them, with the secrets of this test.
  const assertionProvider = (more: Record<string, string> = {}) =>
    put({
      Authentication: 'OAuth2TokenExchange',
      tokenServiceURLType: 'Dedicated',
      tokenServiceURL: `${at.oauth.url}/ias`,
      clientId: 'ias-client',
      clientSecret: 'ias-secret',
      'tokenServiceURL.queries.requested_token_type': 'urn:ietf:params:oauth:token-type:saml2',
      'tokenServiceURL.queries.resource': 'urn:sap:identity:application:provider:name:saml-app',
      ...more,
    })
  const consumer = (more: Record<string, string> = {}) =>
    put({
      Authentication: 'OAuth2SAMLBearerAssertion',
      tokenServiceURLType: 'Dedicated',
      tokenServiceURL: `${at.oauth.url}/oauth/token/alias/x`,
      clientKey: 'key',
      tokenServiceUser: 'user',
      tokenServicePassword: 'password',
      SAMLAssertionProvider: 'ClientProvided',
      ...more,
    })
  const headers = (providerName: string, more: Record<string, string> = {}) => ({
    'X-chain-name': chain,
    'X-chain-var-samlProviderDestinationName': providerName,
    'X-chain-var-subjectToken': 'the-user-token',
    'X-chain-var-subjectTokenType': type,
    ...more,
  })

  test('a chain exchanges the subject token for an assertion, and the assertion for the token of the destination', async () => {
    const [first, second] = [await assertionProvider(), await consumer()]
    const got = await token(second, { headers: headers(first) })
    assert.equal(got.value, 'token-2')
    const [exchange, bearer] = at.oauth.calls
    assert.match(exchange?.url ?? '', /^\/ias\?requested_token_type=urn%3A.*saml2&resource=urn%3A.*saml-app$/)
    assert.deepEqual(Object.fromEntries(exchange?.body ?? []), {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'the-user-token',
      subject_token_type: type,
      client_id: 'ias-client',
      client_secret: 'ias-secret',
    })
    assert.deepEqual(
      [bearer?.url, bearer?.body.get('grant_type'), bearer?.body.get('assertion')],
      ['/oauth/token/alias/x', 'urn:ietf:params:oauth:grant-type:saml2-bearer', assertion],
    )
    const path = `/v2/destinations/${second}@subaccount`
    const exact = await at.service.call('GET', path, { headers: headers(`${first}@subaccount`) })
    assert.equal((exact.body as { authTokens: { value: string }[] }).authTokens[0]?.value, 'token-3')
    // Another user gets another assertion.
    await token(second, { headers: headers(first, { 'X-chain-var-subjectToken': 'of-another-user' }) })
    assert.equal(at.oauth.calls.at(-2)?.body.get('subject_token'), 'of-another-user')
  })

  test('a fragment changes the provider of the assertion; a missing one is an error unless it is optional', async () => {
    const [first, second] = [await assertionProvider(), await consumer()]
    const body = { FragmentName: 'other-client', clientId: 'fragment-client' }
    await at.service.call('POST', '/subaccountDestinationFragments', { body })
    await token(second, { headers: headers(first, { 'X-chain-var-samlProviderFragmentName': 'other-client' }) })
    assert.equal(at.oauth.calls[0]?.body.get('client_id'), 'fragment-client')
    const missing = { 'X-chain-var-samlProviderFragmentName': 'absent' }
    assert.equal((await find(second, { headers: headers(first, missing) })).status, 404)
    const optional = { ...missing, 'X-chain-var-samlProviderFragmentOptional': 'true' }
    assert.equal((await find(second, { headers: headers(first, optional) })).status, 200)
  })

  test('without variables, with unknown ones or with a chain that does not exist the request is refused, and nobody is called', async () => {
    const [first, second] = [await assertionProvider(), await consumer()]
    const { 'X-chain-var-subjectToken': _token, ...noToken } = headers(first)
    const { 'X-chain-var-samlProviderDestinationName': _name, ...noProvider } = headers(first)
    for (const [sent, status, expected] of [
      [noToken, 400, /X-chain-var-subjectToken is missing/],
      [noProvider, 400, /X-chain-var-samlProviderDestinationName is missing/],
      [headers(first, { 'X-chain-var-subjectTokenType': 'x' }), 400, /subjectTokenType must be urn:/],
      [headers(first, { 'X-chain-var-other': 'x' }), 400, /x-chain-var-other is no variable/],
      [headers(first, { 'X-samlAssertion': 'x' }), 400, /X-samlAssertion must not/],
      [headers(first, { 'X-chain-name': 'my-chain' }), 400, /my-chain/],
      [headers('absent'), 404, /was not found/],
    ] as const) {
      const reply = await at.service.call('GET', `/destinations/${second}`, { headers: sent })
      assert.equal(reply.status, status, reply.text)
      assert.match(reply.text, expected)
    }
    assert.equal(at.oauth.calls.length, 0)
  })

  test('destinations that cannot form a chain, and a first step that fails, end as an error without tokens', async () => {
    const [first, second] = [await assertionProvider(), await consumer()]
    const plain = await at.clientCredentials()
    assert.match(await failure(plain, { headers: headers(first) }), /cannot end a chain/)
    const own = await consumer({ SAMLAssertionProvider: '', audience: 'a', authnContextClassRef: 'c' })
    assert.match(await failure(own, { headers: headers(first) }), /cannot end a chain/)
    assert.match(await failure(second, { headers: headers(plain) }), /cannot provide the assertion/)
    assert.equal(at.oauth.calls.length, 0)
    at.oauth.answer = (call, reply) =>
      json(reply, 400, {
        error_description: `refused ${call.body.get('subject_token')} ${call.body.get('client_secret')}`,
      })
    assert.equal(await failure(second, { headers: headers(first) }), 'refused *** ***')
    assert.equal(at.oauth.calls.length, 1)
    const skipped = await find(second, { headers: headers(first), query: '?$skipTokenRetrieval=true' })
    assert.deepEqual([skipped.authTokens, at.oauth.calls.length], [undefined, 1])
  })

  test("a subscriber's request never takes the provider's destinations into its chain", async () => {
    const [first, second] = [await assertionProvider(), await consumer()]
    const token = await at.service.token(tenantClaims(subscriberA))
    const body = (await at.service.call('GET', `/subaccountDestinations/${second}`)).body as object
    assert.equal((await at.service.call('POST', '/subaccountDestinations', { token, body })).status, 201)
    assert.equal((await find(second, { token, headers: headers(first) })).status, 404)
    const path = `/v2/destinations/${second}@subaccount`
    const mixed = await at.service.call('GET', path, { token, headers: headers(`${first}@provider_subaccount`) })
    assert.equal(mixed.status, 400)
    assert.equal(at.oauth.calls.length, 0)
  })
})
