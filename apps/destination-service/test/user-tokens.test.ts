import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { after, beforeEach, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { onEveryDatabase } from './support/databases.ts'
import { granted, json, type OAuthServer, startOAuthServer, type TokenCall } from './support/oauth-server.ts'
import { subscriberA, tenantClaims } from './support/service.ts'
import { testTokens } from './support/test-tokens.ts'
import { TokenFixture } from './support/token-fixture.ts'

await onEveryDatabase(async (newUrl) => {
  const at = await TokenFixture.start(newUrl)
  after(() => at.close())
  beforeEach(() => at.renewOAuthServer())
  const { clientCredentials, find, token, failure, only } = at

  function userType(Authentication: string, more: Record<string, string> = {}): Promise<string> {
    return clientCredentials({ Authentication, ...more })
  }

  test('OAuth2JWTBearer sends the user token as assertion and nothing that is not configured (DEST-147, CONN-200, RC-067)', async () => {
    const name = await userType('OAuth2JWTBearer')
    const user = await at.service.token({ user: 'jane' })
    assert.equal((await token(name, { token: user })).value, 'token-1')
    assert.deepEqual(Object.fromEntries(only().body), {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: user,
      client_id: 'sb-app!b1|x!b2',
      client_secret: 's3cr3t-value',
    })
  })

  test('OAuth2UserTokenExchange gets a refresh token for the user and exchanges it (DEST-142, DEST-022)', async () => {
    at.oauth.answer = (call, reply) =>
      json(reply, 200, call.body.get('grant_type') === 'user_token' ? { refresh_token: 'rt-1' } : granted('final'))
    const name = await userType('OAuth2UserTokenExchange', { scope: 's' })
    const user = await at.service.token({ user: 'jane' })
    assert.equal((await token(name, { headers: { 'x-user-token': user } })).value, 'final')
    const [first, second] = at.oauth.calls
    assert.equal(first?.headers.authorization, `Bearer ${user}`)
    assert.deepEqual(Object.fromEntries(first!.body), {
      grant_type: 'user_token',
      client_id: 'sb-app!b1|x!b2',
      response_type: 'token',
      scope: 's',
    })
    assert.equal(second?.headers.authorization, undefined)
    assert.deepEqual(Object.fromEntries(second!.body), {
      grant_type: 'refresh_token',
      refresh_token: 'rt-1',
      client_id: 'sb-app!b1|x!b2',
      client_secret: 's3cr3t-value',
    })
  })

  test("a refused first step of OAuth2UserTokenExchange carries the token service's text, without the token (DEST-143)", async () => {
    const user = await at.service.token({ user: 'jane' })
    at.oauth.answer = (_call, reply) => json(reply, 403, { error_description: `scope uaa.user missing in ${user}` })
    assert.equal(
      await failure(await userType('OAuth2UserTokenExchange'), { token: user }),
      'Unable to fetch refresh token from the specified token service URL. Response was: scope uaa.user missing in ***',
    )
    at.oauth.answer = (_call, reply) => json(reply, 200, {})
    assert.match(
      await failure(await userType('OAuth2UserTokenExchange'), { token: user }),
      /^Unable to fetch refresh token from the specified token service URL\. Response was: /,
    )
  })

  test('two long tokens in one request are read', async () => {
    const name = await userType('OAuth2JWTBearer')
    const long = 'x'.repeat(20_000)
    const found = await find(name, {
      token: await at.service.token({ user: long }),
      headers: { 'x-user-token': await at.service.token({ user: long }) },
    })
    assert.equal(found.authTokens?.[0]?.value, 'token-1')
  })

  for (const type of ['OAuth2UserTokenExchange', 'OAuth2JWTBearer']) {
    const sentToken = (call: TokenCall | undefined) =>
      call?.body.get('assertion') ?? call?.headers.authorization?.replace('Bearer ', '')
    const exchanging = () => {
      at.oauth.answer = (_call, reply) =>
        json(reply, 200, granted(`t-${at.oauth.calls.length}`, { refresh_token: 'r' }))
    }

    test(`${type}: X-user-token wins over Authorization, empty counts as absent (DEST-144, CONN-199, CONN-200, RC-068)`, async () => {
      exchanging()
      const [jane, joe] = [await at.service.token({ user: 'jane' }), await at.service.token({ user: 'joe' })]
      const name = await userType(type)
      await token(name, { token: jane, headers: { 'x-user-token': joe } })
      assert.equal(sentToken(at.oauth.calls[0]), joe)
      at.oauth.calls.length = 0
      await token(name, { token: jane, headers: { 'x-user-token': '' } })
      assert.equal(sentToken(at.oauth.calls[0]), jane)
    })

    test(`${type}: without a user there is an error entry and no request (DEST-145, CONN-201)`, async () => {
      const name = await userType(type)
      assert.match(await failure(name), /belongs to no user/)
      assert.match(await failure(name, { headers: { 'x-user-token': await at.service.token() } }), /belongs to no user/)
      assert.equal(at.oauth.calls.length, 0)
    })

    test(`${type}: a user token that does not verify is never sent on (DEST-189, DEST-192, CONN-205)`, async () => {
      const name = await userType(type)
      const [head, body] = (await at.service.token({ user: 'jane' })).split('.')
      for (const bad of [
        'garbage',
        await at.service.token({ user: 'jane', expired: true }),
        `${head}.${body}.AAAA`,
        `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`,
      ])
        assert.match(await failure(name, { headers: { 'x-user-token': bad } }), /X-user-token is not valid/)
      assert.equal(at.oauth.calls.length, 0)
    })

    test(`${type}: users never get each other's tokens (DEST-148)`, async () => {
      exchanging()
      const name = await userType(type)
      const users = await Promise.all(['jane', 'joe', 'kim'].map((user) => at.service.token({ user })))
      const first = await Promise.all(users.map(async (user) => (await token(name, { token: user })).value))
      assert.equal(new Set(first).size, 3)
      const again = await Promise.all(users.map(async (user) => (await token(name, { token: user })).value))
      assert.deepEqual(again, first)
    })

    test(`${type}: the user token's tenant fills a Common URL, and a subscriber's user may use the provider's destination (DEST-107, DEST-146, CONN-203, CONN-204)`, async () => {
      exchanging()
      const name = await userType(type, {
        tokenServiceURLType: 'Common',
        tokenServiceURL: `${at.oauth.url}/{tenant}/oauth/token`,
      })
      const user = await at.service.token({ ...tenantClaims(subscriberA), user: 'jane' })
      assert.equal((await token(name, { headers: { 'x-user-token': user } })).error, undefined)
      assert.deepEqual(new Set(at.oauth.calls.map((call) => call.url)), new Set(['/subscriber-a/oauth/token']))
    })
  }

  test("a foreign issuer's user token is accepted with the destination's own key set, and only then (DEST-190, DEST-192, RC-071, CONN-205)", async () => {
    const foreign = await testTokens(at.service.clock, 'https://idp.foreign.test')
    const user = await foreign.sign({ zid: '', subdomain: '', clientId: 'foreign', user: 'jane' })
    const jwks = (keys: object[]) => ({
      'x_user_token.jwks': Buffer.from(JSON.stringify({ keys })).toString('base64'),
    })
    const headers = { 'x-user-token': user }
    assert.match(await failure(await userType('OAuth2JWTBearer'), { headers }), /X-user-token is not valid/)
    const other = await testTokens(at.service.clock, 'https://idp.foreign.test')
    for (const bad of [jwks([]), jwks([other.publicKey])])
      assert.match(await failure(await userType('OAuth2JWTBearer', bad), { headers }), /X-user-token is not valid/)
    assert.match(
      await failure(await userType('OAuth2JWTBearer', { 'x_user_token.jwks': 'e30=' }), { headers }),
      /no base64-encoded key set/,
    )
    assert.equal(at.oauth.calls.length, 0)
    const name = await userType('OAuth2JWTBearer', jwks([foreign.publicKey]))
    assert.equal((await token(name, { headers })).value, 'token-1')
    assert.equal(only().body.get('assertion'), user)
    const expired = await foreign.sign({ zid: '', subdomain: '', clientId: 'foreign', user: 'jane', expired: true })
    assert.match(await failure(name, { headers: { 'x-user-token': expired } }), /X-user-token is not valid/)
  })

  const webs: OAuthServer[] = []
  after(() => Promise.all(webs.map((web) => web.close())))

  /** A key set on the web, and a user of its issuer. */
  async function foreignIssuer() {
    const issuer = await testTokens(at.service.clock, `https://idp-${Math.random()}.test`)
    const web = await startOAuthServer()
    webs.push(web)
    web.answer = (_call, reply) => json(reply, 200, { keys: [issuer.publicKey] })
    const user = (name = 'jane') => issuer.sign({ zid: '', subdomain: '', clientId: 'foreign', user: name })
    return { issuer, web, user, property: { 'x_user_token.jwks_uri': `${web.url}/keys` } }
  }

  test('the key set behind x_user_token.jwks_uri is fetched once and again for an unknown key, not for every made-up one (DEST-191)', async () => {
    const { web, user, property } = await foreignIssuer()
    const name = await userType('OAuth2JWTBearer', property)
    for (const who of ['jane', 'joe']) await token(name, { headers: { 'x-user-token': await user(who) } })
    assert.deepEqual([web.calls.length, web.calls[0]?.method, web.calls[0]?.url], [1, 'GET', '/keys'])
    const next = await testTokens(at.service.clock, 'https://rotated.test')
    const rotated = await next.sign({ zid: '', subdomain: '', clientId: 'foreign', user: 'kim' })
    web.answer = (_call, reply) => json(reply, 200, { keys: [next.publicKey] })
    assert.match(await failure(name, { headers: { 'x-user-token': rotated } }), /not valid/)
    assert.equal(web.calls.length, 1)
    at.service.clock.advance(30_000)
    assert.match((await token(name, { headers: { 'x-user-token': rotated } })).value, /^token-/)
    assert.equal(web.calls.length, 2)
  })

  test('an issuer that is down or lies about its keys is an error entry, and no token request is sent (DEST-192)', async () => {
    const { web, user, property } = await foreignIssuer()
    const headers = { 'x-user-token': await user() }
    for (const [answer, expected] of [
      [(reply: ServerResponse) => reply.writeHead(503).end(), /status 503/],
      [(reply: ServerResponse) => reply.writeHead(302, { location: web.url }).end(), /status 302/],
      [(reply: ServerResponse) => reply.end('<html>'), /no key set/],
      [(reply: ServerResponse) => reply.end('{"keys":[null,1,{}]}'), /not valid/],
    ] as const) {
      web.answer = (_call, reply) => void answer(reply)
      assert.match(await failure(await userType('OAuth2JWTBearer', property), { headers }), expected)
    }
    for (const uri of ['http://idp.example.test/keys', 'ftp://x', 'https://u:p@idp.test/', 'nothing'])
      assert.match(
        await failure(await userType('OAuth2JWTBearer', { 'x_user_token.jwks_uri': uri }), { headers }),
        /jwks_uri must be an https URL/,
      )
    assert.equal(at.oauth.calls.length, 0)
  })

  test('x_user_token.jwks wins over jwks_uri, and a token of another kind is no user token (DEST-190, DEST-192)', async () => {
    const { issuer, web, user, property } = await foreignIssuer()
    const jwks = Buffer.from(JSON.stringify({ keys: [issuer.publicKey] })).toString('base64')
    const both = { ...property, 'x_user_token.jwks': jwks }
    const headers = { 'x-user-token': await user() }
    await token(await userType('OAuth2JWTBearer', both), { headers })
    assert.equal(web.calls.length, 0)
    const other = { ...both, 'x_user_token.header.typ': 'at+jwt' }
    assert.match(await failure(await userType('OAuth2JWTBearer', other), { headers }), /not of the type at\+jwt/)
  })

  test('a key set on a private address is refused unless the installation allows it (DEST-193)', async () => {
    const { web, user, property } = await foreignIssuer()
    const strict = await TokenFixture.start(newUrl, { config: { privateTokenServices: 'deny' } })
    try {
      const type = { Authentication: 'OAuth2JWTBearer', tokenServiceURL: 'https://idp.example.test/' }
      const name = await strict.clientCredentials({ ...type, ...property })
      assert.match(await strict.failure(name, { headers: { 'x-user-token': await user() } }), /private network/)
      assert.equal(web.calls.length, 0)
    } finally {
      await strict.close()
    }
  })

  test('a token of an identity service without a user name stands for its subject, a token of the service itself for nobody (DEST-190, DEST-145)', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256')
    const jwk = { ...(await exportJWK(publicKey)), kid: 'ias', alg: 'RS256' }
    const property = { 'x_user_token.jwks': Buffer.from(JSON.stringify({ keys: [jwk] })).toString('base64') }
    const signed = (claims: object) =>
      new SignJWT({ app_tid: 'tenant-1', azp: 'application', ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'ias', typ: 'JWT' })
        .setIssuer('https://tenant.accounts.example.test')
        .setExpirationTime(Math.floor(at.service.clock.now() / 1_000) + 600)
        .sign(privateKey)
    const name = await userType('OAuth2JWTBearer', { ...property, 'tokenService.body.resource': 'urn:sap:identity:x' })
    const jane = await signed({ sub: 'P000001', user_uuid: 'u-1' })
    assert.equal((await token(name, { headers: { 'x-user-token': jane } })).value, 'token-1')
    assert.deepEqual([only().body.get('assertion'), only().body.get('resource')], [jane, 'urn:sap:identity:x'])
    for (const claims of [
      { sub: 'application' },
      { sub: 's', sap_id_type: 'app' },
      { sub: 's', grant_type: 'client_credentials' },
    ])
      assert.match(await failure(name, { headers: { 'x-user-token': await signed(claims) } }), /belongs to no user/)
    assert.equal(at.oauth.calls.length, 1)
  })
})
