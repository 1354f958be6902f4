import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { after, beforeEach, test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { freePort } from '@landbridge/testkit'
import { onEveryDatabase } from './support/databases.ts'
import { granted, json, startOAuthServer, type TokenCall } from './support/oauth-server.ts'
import { rfcSample } from './support/rfc-sample.ts'
import { startService } from './support/service.ts'
import { TokenFixture } from './support/token-fixture.ts'

await onEveryDatabase(async (newUrl) => {
  const at = await TokenFixture.start(newUrl)
  after(() => at.close())
  beforeEach(() => at.renewOAuthServer())
  const { put, clientCredentials, find, token, failure, only } = at

  test('types without tokens have no member authTokens at all (DEST-020, DEST-127, DEST-131, CONN-139, RC-061)', async () => {
    for (const properties of [
      { Authentication: 'NoAuthentication' },
      { Authentication: 'PrincipalPropagation', ProxyType: 'OnPremise', CloudConnectorLocationId: 'loc' },
      { Authentication: 'ClientCertificateAuthentication', 'KeyStore.Source': 'ClientProvided' },
    ]) {
      const name = await put(properties)
      const reply = await at.service.call('GET', `/destinations/${name}`)
      assert.deepEqual(Object.keys(reply.body), ['owner', 'destinationConfiguration'])
      assert.partialDeepStrictEqual(reply.body, { destinationConfiguration: properties })
    }
  })

  test('BasicAuthentication gives a ready header in UTF-8 without any call (DEST-021, DEST-128, DEST-129, DEST-130, CONN-131, RC-060, RC-063)', async () => {
    const name = await put({
      Authentication: 'BasicAuthentication',
      User: 'jürgen',
      Password: 'p:ä',
      Preemptive: 'FALSE',
    })
    const value = Buffer.from('jürgen:p:ä', 'utf8').toString('base64')
    const found = await find(name)
    assert.deepEqual(found.authTokens, [
      { type: 'Basic', value, http_header: { key: 'Authorization', value: `Basic ${value}` } },
    ])
    assert.equal(found.configuration.Preemptive, 'FALSE')
  })

  test('an HTTP destination is answered with the defaults of ProxyType and Authentication (DEST-050, RC-066)', async () => {
    await at.service.call('POST', '/subaccountDestinations', {
      body: { Name: 'bare', Type: 'HTTP', URL: 'http://x.test' },
    })
    const { configuration } = await find('bare')
    assert.deepEqual([configuration.ProxyType, configuration.Authentication], ['Internet', 'NoAuthentication'])
  })

  test('OAuth2ClientCredentials posts a form and returns the bearer token with its lifetime as text (DEST-021, DEST-022, DEST-098, DEST-099, DEST-104, DEST-114, DEST-117, DEST-122, DEST-137, CONN-132, RC-058, RC-059, RC-060)', async () => {
    const name = await clientCredentials()
    assert.deepEqual(await token(name), {
      type: 'Bearer',
      value: 'token-1',
      http_header: { key: 'Authorization', value: 'Bearer token-1' },
      expires_in: '3600',
    })
    const call = only()
    assert.deepEqual([call.method, call.url], ['POST', '/oauth/token'])
    assert.equal(call.headers['content-type'], 'application/x-www-form-urlencoded')
    assert.equal(call.headers.authorization, undefined)
    assert.deepEqual(Object.fromEntries(call.body), {
      grant_type: 'client_credentials',
      client_id: 'sb-app!b1|x!b2',
      client_secret: 's3cr3t-value',
    })
  })

  test('scope, refresh token, extra headers, queries and form parameters are passed on (DEST-024, DEST-025, DEST-099, DEST-100, DEST-101, DEST-102, DEST-103, CONN-135)', async () => {
    at.oauth.answer = (_call, reply) =>
      json(reply, 200, granted('t', { scope: 'a b', refresh_token: 'r', token_type: 'BEARER' }))
    const name = await clientCredentials({
      tokenServiceURL: `${at.oauth.url}/oauth/token?company_id=a%20b&x`,
      scope: 'read write',
      'tokenServiceURL.headers.X-Api-Key': 'key',
      'tokenServiceURL.headers.Accept': 'text/json',
      'tokenServiceURL.queries.q 1': 'v&1',
      'tokenService.body.resource': 'urn:x',
      'tokenService.body.grant_type': 'password',
    })
    const answer = await token(name)
    assert.deepEqual([answer.type, answer.scope, answer.refresh_token], ['Bearer', 'a b', 'r'])
    const call = only()
    assert.equal(call.url, '/oauth/token?company_id=a%20b&x&q%201=v%261')
    assert.deepEqual([call.headers['x-api-key'], call.headers.accept], ['key', 'text/json'])
    assert.equal(call.body.get('scope'), 'read write')
    assert.equal(call.body.get('resource'), 'urn:x')
    assert.equal(call.body.get('grant_type'), 'client_credentials')
    assert.equal((await find(name)).configuration['tokenService.body.resource'], 'urn:x')
  })

  test('client credentials travel in body or header as configured (DEST-115, DEST-116, DEST-117)', async () => {
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
    const inHeader = { 'tokenService.addClientCredentialsInBody': 'false' }
    const technical = { tokenServiceUser: 'tech', tokenServicePassword: 'pw' }
    const seen = async (properties: Record<string, string>) => {
      await token(await clientCredentials(properties))
      const call = at.oauth.calls.at(-1)!
      return [call.headers.authorization, call.body.get('client_id'), call.body.get('client_secret')]
    }
    assert.deepEqual(await seen(inHeader), [basic('sb-app!b1|x!b2:s3cr3t-value'), null, null])
    assert.deepEqual(await seen(technical), [basic('tech:pw'), 'sb-app!b1|x!b2', 's3cr3t-value'])
    assert.deepEqual(await seen({ ...technical, ...inHeader }), [basic('tech:pw'), null, null])
  })

  test('a token is fetched once for simultaneous requests, reused, and renewed before it expires (DEST-023, DEST-126, DEST-138, DEST-139, CONN-134, RC-080)', async () => {
    const name = await clientCredentials()
    const all = await Promise.all(Array.from({ length: 10 }, () => token(name)))
    assert.deepEqual(new Set(all.map((one) => one.value)), new Set(['token-1']))
    only()
    at.service.clock.advance(3_200_000)
    assert.deepEqual([(await token(name)).value, (await token(name)).expires_in], ['token-1', '400'])
    at.service.clock.advance(60_000)
    assert.deepEqual([(await token(name)).value, at.oauth.calls.length], ['token-2', 2])
  })

  test('while a token is still good, a failing renewal goes unnoticed; after that it is an error (DEST-139)', async () => {
    const name = await clientCredentials()
    await token(name)
    at.oauth.answer = (_call, reply) => json(reply, 500, { error: 'server_error' })
    at.service.clock.advance(3_500_000)
    assert.deepEqual([(await token(name)).value, (await token(name)).expires_in], ['token-1', '100'])
    at.service.clock.advance(100_000)
    assert.equal(await failure(name), 'server_error')
  })

  test('a change of the destination takes effect at once, also on its cached token (DEST-055, DEST-056)', async () => {
    const name = await clientCredentials()
    await token(name)
    const stored = (await find(name, { query: '?$skipTokenRetrieval=true' })).configuration
    await at.service.call('PUT', '/subaccountDestinations', { body: { ...stored, clientSecret: 'changed' } })
    assert.equal((await token(name)).value, 'token-2')
    assert.equal(at.oauth.calls.at(-1)?.body.get('client_secret'), 'changed')
  })

  test('a failing token service leaves the answer at 200, with configuration and reason (DEST-026, DEST-027, DEST-028, DEST-121, CONN-136, RC-062, RC-075)', async () => {
    const name = await clientCredentials()
    at.oauth.answer = (_call, reply) =>
      json(reply, 401, { error: 'unauthorized', error_description: 'Unable to map issuer, got s3cr3t-value' })
    assert.equal(await failure(name), 'Unable to map issuer, got ***')
    assert.equal((await find(name)).configuration.clientSecret, 's3cr3t-value')
    const bad: readonly (readonly [(reply: ServerResponse) => void, RegExp])[] = [
      [(reply) => reply.writeHead(503).end('busy'), /^busy$/],
      [(reply) => json(reply, 200, { token_type: 'bearer' }), /no usable access_token/],
      [(reply) => reply.writeHead(200).end('<html>'), /not a JSON object/],
      [(reply) => json(reply, 200, granted('bad\r\nX-Injected: 1')), /no usable access_token/],
      [(reply) => json(reply, 200, granted('t', { expires_in: 'soon' })), /no number of seconds/],
      [(reply) => json(reply, 200, granted('t', { expires_in: -1 })), /no number of seconds/],
      [(reply) => json(reply, 200, granted('t', { expires_in: '-60' })), /no number of seconds/],
      [(reply) => json(reply, 200, granted('t', { expires_in: 1e300 })), /no number of seconds/],
      [(reply) => reply.writeHead(302, { location: `${at.oauth.url}/elsewhere` }).end(), /status 302/],
      [(reply) => reply.end('x'.repeat(2 * 1024 * 1024)), /too large/],
      [(reply) => reply.destroy(), /closed the connection/],
      [(reply) => reply.socket?.end('SSH-2.0-OpenSSH\r\n'), /does not speak HTTP/],
    ]
    for (const [answer, expected] of bad) {
      // A failure is repeated for a second.
      at.service.clock.advance(1_000)
      at.oauth.answer = (_call, reply) => answer(reply)
      assert.match(await failure(name), expected)
    }
    assert.equal(at.oauth.calls.filter((call) => call.url === '/elsewhere').length, 0)
  })

  test('a token service may write the lifetime as text', async () => {
    at.oauth.answer = (_call, reply) => json(reply, 200, granted('t', { expires_in: '120' }))
    assert.equal((await token(await clientCredentials())).expires_in, '120')
  })

  test('an answer that trickles ends at the read timeout (DEST-119, DEST-120)', async () => {
    const begun = new Promise<void>((resolve) => {
      at.oauth.answer = (_call, reply) => {
        reply.writeHead(200).write('{"access_token":')
        resolve()
      }
    })
    const answer = failure(await clientCredentials())
    await begun
    at.service.clock.advance(10_000)
    assert.match(await answer, /did not answer in time/)
  })

  test('a failure is repeated for a second, so that a token service that is down is spared (DEST-126)', async () => {
    const name = await clientCredentials()
    at.oauth.answer = (_call, reply) => json(reply, 500, { error: 'down' })
    for (let i = 0; i < 3; i++) assert.equal(await failure(name), 'down')
    assert.equal(at.oauth.calls.length, 1)
    at.service.clock.advance(1_000)
    await failure(name)
    assert.equal(at.oauth.calls.length, 2)
  })

  test('an unreachable token service is an error entry (CONN-136)', async () => {
    const port = await freePort()
    assert.match(
      await failure(await clientCredentials({ tokenServiceURL: `http://127.0.0.1:${port}/` })),
      /refuses connections/,
    )
  })

  test('a token service that never answers ends in an error entry after the read timeout (DEST-119, DEST-120)', async () => {
    for (const [configured, limitMs] of [
      [undefined, 10_000],
      ['2', 2_000],
      ['601', 10_000],
      ['-1', 10_000],
      ['soon', 10_000],
    ] as const) {
      const key = 'tokenServiceURL.SocketReadTimeoutInSeconds'
      const name = await clientCredentials(configured === undefined ? {} : { [key]: configured })
      const asked = new Promise<TokenCall>((resolve) => {
        at.oauth.answer = (call) => resolve(call)
      })
      let done = false
      const answer = failure(name).finally(() => {
        done = true
      })
      await asked
      at.service.clock.advance(limitMs - 1)
      assert.equal(done, false)
      at.service.clock.advance(1)
      assert.match(await answer, /did not answer in time/)
    }
  })

  test('tokenServiceURLType Common puts the tenant of X-tenant into the URL (DEST-105, DEST-109, DEST-110, DEST-111, DEST-113, CONN-154, RC-070)', async () => {
    const common = { tokenServiceURLType: 'Common', tokenServiceURL: `${at.oauth.url}/tenant/{tenant}/oauth/token` }
    const name = await clientCredentials(common)
    assert.equal(
      await failure(name),
      'You must send the X-tenant header when the tokenServiceURLType property is Common',
    )
    assert.match(await failure(name, { headers: { 'x-tenant': 'evil.test/x' } }), /not a valid subdomain/)
    assert.equal(at.oauth.calls.length, 0)
    assert.equal((await token(name, { headers: { 'x-tenant': 't1' } })).value, 'token-1')
    assert.equal((await token(name, { headers: { 'x-tenant': 't2' } })).value, 'token-2')
    assert.equal((await token(name, { headers: { 'x-tenant': 't1' } })).value, 'token-1')
    assert.deepEqual(
      at.oauth.calls.map((call) => call.url),
      ['/tenant/t1/oauth/token', '/tenant/t2/oauth/token'],
    )
    const dedicated = await clientCredentials()
    assert.match(await failure(dedicated, { headers: { 'x-tenant': 't1' } }), /Dedicated/)
  })

  test('X-tenant together with X-user-token is refused; an irrelevant or empty header has no effect (DEST-112, DEST-172, CONN-154, RC-069)', async () => {
    const name = await put({ Authentication: 'BasicAuthentication', User: 'u', Password: 'p' })
    const user = await at.service.token({ user: 'jane' })
    const both = await at.service.call('GET', `/destinations/${name}`, {
      headers: { 'x-tenant': 't1', 'x-user-token': user },
    })
    assert.equal(both.status, 400)
    assert.equal((await token(name, { headers: { 'x-tenant': 't1', 'x-user-token': '' } })).type, 'Basic')
    assert.equal((await token(name, { headers: { 'x-user-token': 'garbage', 'x-code': 'c' } })).type, 'Basic')
  })

  test('$skipTokenRetrieval calls no token service, however the dollar is written (DEST-034, CONN-148, RC-057)', async () => {
    const name = await clientCredentials()
    for (const query of ['?$skipTokenRetrieval=true', '?%24skipTokenRetrieval=true']) {
      const found = await find(name, { query })
      assert.deepEqual([found.status, found.authTokens], [200, undefined])
      assert.equal(found.configuration.clientSecret, 's3cr3t-value')
    }
    assert.equal(at.oauth.calls.length, 0)
    assert.equal((await find(name, { query: '?$skipTokenRetrieval=maybe' })).status, 400)
  })

  test('$skipCredentials leaves out every secret and still delivers the token (DEST-033, CONN-149)', async () => {
    const secrets = {
      clientSecret: 's1',
      Password: 's2',
      tokenServicePassword: 's3',
      KeyStorePassword: 's4',
      'tokenService.KeyStorePassword': 's5',
      SigningKey: 's6',
      'jco.client.passwd': 's7',
      'jco.destination.repository.passwd': 's8',
      'mail.password': 's9',
    }
    const name = await clientCredentials({ ...secrets, other: 'kept' })
    const found = await find(name, { query: '?$skipCredentials=true' })
    for (const key of Object.keys(secrets)) assert.ok(!(key in found.configuration), key)
    assert.deepEqual([found.configuration.other, found.configuration.clientId], ['kept', 'sb-app!b1|x!b2'])
    assert.equal(found.authTokens?.[0]?.value, 'token-1')
  })

  test('TrustAll accepts any certificate and ignores the trust store; without it the certificate is checked (DEST-093, DEST-094)', async () => {
    const authority = await LocalCa.create({ subject: { CN: 'Unknown CA' } })
    const secure = await startOAuthServer(await authority.issueServer({ dnsNames: ['elsewhere.test'], days: 1 }))
    const tokenServiceURL = `${secure.url}/oauth/token`
    const trusting = { tokenServiceURL, TrustAll: 'true', TrustStoreLocation: 'absent.pem', HostnameVerifier: 'Strict' }
    assert.equal((await token(await clientCredentials(trusting))).value, 'token-1')
    for (const checking of [{ tokenServiceURL }, { tokenServiceURL, TrustAll: 'FALSE' }])
      assert.match(await failure(await clientCredentials(checking)), /not trusted/)
    assert.equal(secure.calls.length, 1)
    await secure.close()
  })

  test('what cannot lead to a token is stored all the same and answered with an error entry, and the secret is not sent (DEST-053, DEST-096, DEST-125, DEST-176, DEST-177)', async () => {
    for (const [properties, expected] of [
      [{ Authentication: 'Whatever' }, /type is unknown/],
      [{ 'tokenService.KeyStoreLocation': 'absent.p12' }, /tokenService.KeyStoreLocation was not found/],
      [{ 'clientAssertion.destinationName': 'absent' }, /client assertion, was not found/],
      [{ TrustStoreLocation: 'absent.pem' }, /trust store named by TrustStoreLocation was not found/],
      [{ TLSVersion: 'SSLv3' }, /TLSVersion must be one of/],
      [{ ProxyType: 'OnPremise' }, /Cloud Connector/],
      [{ ProxyType: 'OnPremise', tokenServiceURL: 'https://virtual.test/' }, /must begin with http:/],
      [{ 'tokenServiceURL.headers.X': 'a\r\nY: b' }, /no valid header/],
      [{ tokenServiceURL: 'ftp://x' }, /not an absolute/],
      [{ tokenServiceURL: 'http://u:p@x' }, /must not contain credentials/],
    ] as const)
      assert.match(await failure(await clientCredentials(properties)), expected)
    assert.equal(at.oauth.calls.length, 0)
  })

  test('a MAIL destination gets tokens like an HTTP one, an RFC destination none (DEST-031, DEST-032)', async () => {
    assert.equal((await token(await clientCredentials({ Type: 'MAIL' }))).type, 'Bearer')
    const rfc = await put({ ...rfcSample, 'jco.client.passwd': 'x' })
    const found = await find(rfc)
    assert.equal(found.authTokens, undefined)
    assert.equal(found.configuration['jco.client.passwd'], 'x')
  })

  test('a missing fragment is an error unless it is optional (CONN-152)', async () => {
    const name = await put({ Authentication: 'NoAuthentication' })
    const headers = { 'x-fragment-name': 'f' }
    assert.equal((await find(name, { headers })).status, 404)
    assert.equal((await find(name, { headers: { ...headers, 'x-fragment-optional': 'true' } })).status, 200)
  })

  test('closing the service while a token request hangs leaves no connection behind', async () => {
    const other = await startService(await newUrl())
    const hanging = new Promise<void>((resolve) => {
      at.oauth.answer = (_call, reply) => {
        reply.on('close', resolve)
        other.clock.advance(10_000)
      }
    })
    await other.call('POST', '/subaccountDestinations', {
      body: {
        Name: 'hangs',
        Type: 'HTTP',
        URL: 'http://x.test',
        Authentication: 'OAuth2ClientCredentials',
        clientId: 'c',
        tokenServiceURL: at.oauth.url,
      },
    })
    await Promise.all([other.call('GET', '/destinations/hangs'), hanging])
    await other.close()
  })
})
