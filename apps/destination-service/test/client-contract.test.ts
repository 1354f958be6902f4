import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { subaccountLevel } from '@landbridge/destinations'
import { LocalCa } from '@landbridge/identity'
import { onEveryDatabase } from './support/databases.ts'
import { granted, json } from './support/oauth-server.ts'
import { provider, subscriberA, tenantClaims } from './support/service.ts'
import { TokenFixture } from './support/token-fixture.ts'

// What client libraries rely on across operations, beyond what the tests of single operations show.

await onEveryDatabase(async (newUrl) => {
  const at = await TokenFixture.start(newUrl)
  after(() => at.close())
  beforeEach(() => at.renewOAuthServer())
  const { service, put, find, token, clientCredentials } = at

  test('names of older days with blanks, slashes and other characters are found when they are percent-encoded, on every path (CONN-130, RC-078)', async () => {
    const level = subaccountLevel({ subaccountId: provider.id })
    for (const Name of ['a b', 'a%20b', 'Käse & Brot', 'x/y', '?#[]@!$&()*+,;=', '日本', "it's", '%']) {
      const stored = {
        Name,
        Type: 'HTTP',
        URL: 'http://x.test',
        ProxyType: 'Internet',
        Authentication: 'NoAuthentication',
      }
      await service.destinations.create(level, stored)
      const name = encodeURIComponent(Name)
      const found = await service.call('GET', `/destinations/${name}`)
      assert.deepEqual((found.body as { destinationConfiguration: object }).destinationConfiguration, stored, Name)
      assert.equal((await service.call('GET', `/v2/destinations/${name}@subaccount`)).status, 200, Name)
      assert.deepEqual((await service.call('GET', `/subaccountDestinations/${name}`)).body, stored)
      assert.equal(
        (await service.call('PUT', '/subaccountDestinations', { body: { ...stored, more: '1' } })).status,
        200,
      )
      assert.equal((await service.call('DELETE', `/subaccountDestinations/${name}`)).status, 200)
    }
    assert.equal((await service.call('GET', '/destinations/a+b')).status, 404)
  })

  test('writing what is deprecated works and says so in a header, on creation, replacement and in bulk (DEST-162)', async () => {
    const bearer = {
      Type: 'HTTP',
      URL: 'http://x.test',
      Authentication: 'OAuth2SAMLBearerAssertion',
      audience: 'a',
      clientKey: 'k',
      authnContextClassRef: 'c',
      tokenServiceURL: 'http://t.test',
    }
    const required = ['IssuerSID', 'IssuerClient', 'RecipientSID', 'RecipientClient', 'Certificate', 'SigningKey']
    const sso = {
      Type: 'HTTP',
      URL: 'http://x.test',
      Authentication: 'SAPAssertionSSO',
      ...Object.fromEntries(required.map((key) => [key, 'x'])),
    }
    const warning = async (method: string, body: unknown) => {
      const reply = await service.call(method, '/subaccountDestinations', { body })
      assert.ok(reply.status < 300, reply.text)
      return reply.headers.get('warning')
    }
    assert.equal(await warning('POST', { ...bearer, Name: 'current' }), null)
    assert.match(
      (await warning('POST', { ...bearer, Name: 'old', SystemUser: 's' })) ?? '',
      /^299 - "SystemUser is deprecated/,
    )
    assert.match((await warning('PUT', { ...sso, Name: 'old' })) ?? '', /^299 - "SAPAssertionSSO is deprecated/)
    const bulk = await warning('POST', [
      { ...sso, Name: 'b1' },
      { ...sso, Name: 'b2' },
      { ...bearer, Name: 'b3', SystemUser: 's' },
    ])
    assert.equal(bulk?.match(/299/g)?.length, 2)
  })

  test('the trust store that a destination names comes with it, whatever the authentication type (CONN-141)', async () => {
    const authority = await LocalCa.create({ subject: { CN: 'CA' } })
    await at.certificates.put('partners.pem', authority.certificatePem)
    await service.call('POST', '/saml2Metadata/certificate')
    const saml = {
      Authentication: 'OAuth2SAMLBearerAssertion',
      audience: 'a',
      clientKey: 'k',
      authnContextClassRef: 'c',
      tokenServiceURL: `${at.oauth.url}/oauth/token`,
    }
    const bearer = await service.token({ user: 'jane' })
    const named = await find(await put({ ...saml, TrustStoreLocation: 'partners.pem' }), { token: bearer })
    assert.equal(named.authTokens?.[0]?.error, undefined)
    const content = Buffer.from(authority.certificatePem).toString('base64')
    assert.deepEqual(named.certificates, [{ Name: 'partners.pem', Content: content, Type: 'CERTIFICATE' }])
    assert.equal((await find(await put(saml), { token: bearer })).certificates, undefined)
  })

  test('technical and business users, with destinations of provider and subscriber: all four scenarios of the guide work (CONN-197)', async () => {
    for (const tenant of [provider, subscriberA]) {
      const technical = await service.token(tenantClaims(tenant))
      const business = await service.token({ ...tenantClaims(tenant), user: 'jane' })
      await service.call('POST', '/saml2Metadata/certificate', { token: technical })
      const base = {
        Type: 'HTTP',
        URL: 'http://x.test',
        Authentication: 'OAuth2SAMLBearerAssertion',
        audience: 'a',
        clientKey: 'k',
        authnContextClassRef: 'c',
        tokenServiceURL: `${at.oauth.url}/of-${tenant.subdomain}`,
      }
      for (const [name, more, bearer, subject] of [
        ['technical', { SystemUser: 'technical-user' }, technical, 'technical-user'],
        ['business', {}, business, 'jane'],
      ] as const) {
        const Name = `scenario-${name}-${tenant.subdomain}`
        const body = { ...base, ...more, Name }
        assert.equal((await service.call('POST', '/subaccountDestinations', { token: technical, body })).status, 201)
        assert.equal((await token(Name, { token: bearer })).type, 'Bearer')
        const call = at.oauth.calls.at(-1)
        assert.equal(call?.url, `/of-${tenant.subdomain}`)
        const xml = Buffer.from(call?.body.get('assertion') ?? '', 'base64url').toString()
        assert.match(xml, new RegExp(`>${subject}</`))
        assert.match(xml, new RegExp(`cfapps.test/${tenant.id}`))
      }
    }
  })

  test("a subscriber's user token is exchanged with a destination of the provider or of the subscriber, as Authorization says (CONN-206, CONN-207)", async () => {
    const userToken = await service.token({ ...tenantClaims(subscriberA), user: 'jane' })
    const subscriber = await service.token(tenantClaims(subscriberA))
    const Name = await clientCredentials({ Authentication: 'OAuth2JWTBearer', clientId: 'of-the-provider' })
    const stored = (await service.call('GET', `/subaccountDestinations/${Name}`)).body as object
    const body = { ...stored, clientId: 'of-the-subscriber' }
    await service.call('POST', '/subaccountDestinations', { token: subscriber, body })
    for (const [options, clientId] of [
      [{}, 'of-the-provider'],
      [{ token: subscriber }, 'of-the-subscriber'],
    ] as const) {
      await token(Name, { ...options, headers: { 'x-user-token': userToken } })
      const call = at.oauth.calls.at(-1)
      assert.deepEqual([call?.body.get('client_id'), call?.body.get('assertion')], [clientId, userToken])
    }
  })

  test('a token is reused by later finds of the same user, tenant and destination, and by nobody else (CONN-198, RC-080)', async () => {
    const name = await clientCredentials({ Authentication: 'OAuth2JWTBearer' })
    const jane = await service.token({ user: 'jane' })
    const values = []
    for (const bearer of [jane, jane, jane, await service.token({ user: 'bob' }), jane])
      values.push((await token(name, { token: bearer })).value)
    assert.deepEqual(values, ['token-1', 'token-1', 'token-1', 'token-2', 'token-1'])
  })

  test('forty finds at once, each with a token request of its own, are answered within the time that clients wait (RC-079)', async () => {
    const names = await Promise.all(Array.from({ length: 40 }, () => clientCredentials()))
    at.oauth.answer = (_call, reply) => setTimeout(() => json(reply, 200, granted('t')), 100)
    const authorization = `Bearer ${await service.token()}`
    const answers = await Promise.all(
      names.map(async (name) => {
        const url = `${service.app.url}/destination-configuration/v1/destinations/${name}`
        // As the SAP Cloud SDK does: it gives up after 10 s.
        const answer = await fetch(url, { headers: { authorization }, signal: AbortSignal.timeout(10_000) })
        return ((await answer.json()) as { authTokens: { value: string }[] }).authTokens[0]?.value
      }),
    )
    assert.deepEqual(new Set(answers), new Set(['t']))
  })
})
