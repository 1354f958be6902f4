import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { onEveryDatabase } from './support/databases.ts'
import { rfcSample } from './support/rfc-sample.ts'
import { brokenClient, checkedReply, clients, startService, type TestService } from './support/service.ts'

await onEveryDatabase(async (newUrl) => {
  let service: TestService
  before(async () => {
    service = await startService(await newUrl())
  })
  after(() => service.close())

  const valid = {
    Name: 'valid',
    Type: 'HTTP',
    URL: 'http://x.test',
    ProxyType: 'Internet',
    Authentication: 'NoAuthentication',
  }

  function message(reply: { body: unknown }): string {
    return (reply.body as { ErrorMessage: string }).ErrorMessage
  }

  test('a call without bearer token, or with an expired or foreign one, is answered 401 with a challenge (DEST-001, CONN-127)', async () => {
    const other = await startService(await newUrl())
    const tokens = [null, await service.token({ expired: true }), await other.token()]
    await other.close()
    for (const token of tokens)
      for (const path of [
        '/destinations/x',
        '/subaccountDestinations',
        '/instanceDestinations/x',
        '/instanceCertificates',
      ]) {
        const reply = await service.call('GET', path, { token })
        assert.equal(reply.status, 401)
        assert.equal(reply.headers.get('www-authenticate'), 'Bearer')
        assert.equal(typeof message(reply), 'string')
      }
    const basic = await service.call('GET', '/destinations/x', {
      token: null,
      headers: { authorization: 'Basic eDp5' },
    })
    assert.equal(basic.status, 401)
  })

  test('X-user-token alone does not authenticate a caller (CONN-202)', async () => {
    const reply = await service.call('GET', '/destinations/x', {
      token: null,
      headers: { 'x-user-token': await service.token({ user: 'jane' }) },
    })
    assert.equal(reply.status, 401)
  })

  test('a valid token of another service or of an unknown client or tenant is answered 403 (DEST-002, CONN-128)', async () => {
    for (const claims of [
      { clientId: clients.foreign.clientId },
      { clientId: 'sb-deleted!b1' },
      { zid: '99999999-9999-4999-8999-999999999999' },
    ]) {
      const reply = await service.call('GET', '/subaccountDestinations', { token: await service.token(claims) })
      assert.equal(reply.status, 403)
      assert.match(message(reply), /^Forbidden: /)
    }
  })

  test('the scheme of the Authorization header is matched in any case', async () => {
    const headers = { authorization: `bearer ${await service.token()}` }
    assert.equal((await service.call('GET', '/subaccountDestinations', { token: null, headers })).status, 200)
  })

  test('a bearer value that is no JWT is answered 400 with the text of the contract (DEST-012, RC-074)', async () => {
    for (const token of ['garbage', 'a.b.c', 'e30.e30', `${await service.token()}.x`]) {
      const reply = await service.call('GET', '/destinations/x', { token })
      assert.deepEqual(
        [reply.status, reply.body],
        [400, { ErrorMessage: 'Unable to parse the JWT in Authorization Header.' }],
      )
    }
  })

  test('an unknown name is answered 404 with exactly the text that clients compare (DEST-011, CONN-126, RC-054)', async () => {
    for (const name of ['nobody', 'No%20Body', 'n%C3%A4me', `${'x'.repeat(300)}`, '__proto__']) {
      const reply = await service.call('GET', `/destinations/${name}`)
      assert.deepEqual(
        [reply.status, reply.text],
        [404, '{"ErrorMessage":"Configuration with the specified name was not found"}'],
      )
    }
  })

  test('names are matched exactly, with regard to case (RC-055)', async () => {
    await service.call('POST', '/subaccountDestinations', { body: { ...valid, Name: 'CaseSensitive' } })
    assert.equal((await service.call('GET', '/destinations/casesensitive')).status, 404)
    assert.equal((await service.call('GET', '/destinations/CaseSensitive')).status, 200)
    assert.equal((await service.call('GET', '/destinations/%43aseSensitive')).status, 200)
  })

  test('a URI is refused beyond 4000 characters, or what is configured (DEST-017, CONN-175)', async (t) => {
    const uri = (length: number) => `/subaccountDestinations?x=${'y'.repeat(length)}`
    assert.equal((await service.call('GET', uri(4_000))).status, 414)
    const other = await startService(await newUrl(), { config: { longestUri: 8_000 } })
    t.after(() => other.close())
    assert.equal((await other.call('GET', uri(7_000))).status, 200)
    assert.match((await other.call('GET', uri(8_000))).text, /more than 8000 characters/)
  })

  test('a destination without Name, Type or what its type needs is refused, naming everything that is missing (DEST-038, CONN-166)', async () => {
    const refused = async (body: unknown) => {
      const reply = await service.call('POST', '/subaccountDestinations', { body })
      assert.equal(reply.status, 400)
      return message(reply)
    }
    assert.match(await refused({}), /Name is missing.*Type is missing/)
    assert.match(await refused({ ...valid, Name: '' }), /Name is missing/)
    assert.match(await refused({ ...valid, URL: 'erp:8000' }), /URL must be an absolute/)
    assert.match(
      await refused({ ...valid, Authentication: 'OAuth2ClientCredentials' }),
      /clientId is missing.*tokenServiceURL is missing/,
    )
    assert.match(await refused({ ...valid, URL: { nested: true } }), /URL must be a string/)
    assert.match(await refused('text'), /must be a JSON object/)
    assert.match(await refused(null), /JSON/)
    assert.deepEqual((await service.call('GET', '/subaccountDestinations/valid')).status, 404)
  })

  test('new names have 1 to 200 characters of letters, digits, underscore and hyphen (DEST-039)', async () => {
    for (const Name of ['a b', 'ä', 'a/b', "it's", 'x'.repeat(201)])
      assert.equal((await service.call('POST', '/subaccountDestinations', { body: { ...valid, Name } })).status, 400)
    for (const Name of ['x'.repeat(200), '-', 'A_b-9'])
      assert.equal((await service.call('POST', '/subaccountDestinations', { body: { ...valid, Name } })).status, 201)
  })

  test('the types HTTP, RFC, MAIL, LDAP and TCP are accepted, others refused (DEST-040, CONN-166)', async () => {
    for (const [Type, more] of [['RFC', rfcSample], ['MAIL'], ['LDAP'], ['TCP']] as const) {
      const body = { ...more, Name: `t-${Type}`, Type }
      assert.equal((await service.call('POST', '/subaccountDestinations', { body })).status, 201)
    }
    for (const Type of ['http', 'FTP'])
      assert.equal((await service.call('POST', '/subaccountDestinations', { body: { ...valid, Type } })).status, 400)
  })

  test('a ProxyType that the authentication type does not allow is refused (DEST-051, DEST-052, DEST-136)', async () => {
    const cases: [string, string, number][] = [
      ['PrincipalPropagation', 'Internet', 400],
      ['PrincipalPropagation', 'OnPremise', 201],
      ['OAuth2TechnicalUserPropagation', 'Internet', 400],
      ['NoAuthentication', 'PrivateLink', 201],
      ['BasicAuthentication', 'PrivateLink', 201],
      ['ClientCertificateAuthentication', 'PrivateLink', 201],
      ['SAMLAssertion', 'PrivateLink', 201],
      ['SAPAssertionSSO', 'PrivateLink', 201],
      ['OAuth2JWTBearer', 'PrivateLink', 400],
      ['ClientCertificateAuthentication', 'OnPremise', 400],
      ['NoAuthentication', 'Intranet', 400],
    ]
    for (const [Authentication, ProxyType, status] of cases) {
      const Name = `${Authentication}-${ProxyType}`
      const body = {
        ...valid,
        Name,
        Authentication,
        ProxyType,
        User: 'u',
        Password: 'p',
        clientId: 'c',
        tokenServiceURL: 'x',
        KeyStoreLocation: 'k.p12',
        audience: 'a',
        authnContextClassRef: 'x',
        IssuerSID: 'A',
        IssuerClient: '000',
        RecipientSID: 'B',
        RecipientClient: '100',
        Certificate: 'x',
        SigningKey: 'x',
      }
      const reply = await service.call('POST', '/subaccountDestinations', { body })
      assert.equal(reply.status, status, Name)
    }
  })

  test('numbers and booleans are stored as text, null and empty optional properties are absent (DEST-049, RC-056, RC-065)', async () => {
    const body = {
      ...valid,
      Name: 'scalars',
      number: 1,
      yes: true,
      none: null,
      CloudConnectorLocationId: '',
      'sap-client': '',
      User: '',
    }
    await service.call('POST', '/subaccountDestinations', { body })
    const stored = { ...valid, Name: 'scalars', number: '1', yes: 'true' }
    assert.deepEqual((await service.call('GET', '/subaccountDestinations/scalars')).body, stored)
    assert.deepEqual(
      ((await service.call('GET', '/destinations/scalars')).body as { destinationConfiguration: object })
        .destinationConfiguration,
      stored,
    )
  })

  test('an entity tag answers conditional reads; every write changes it (DEST-035, CONN-150)', async () => {
    const body = { ...valid, Name: 'tagged' }
    await service.call('POST', '/subaccountDestinations', { body })
    for (const path of ['/destinations/tagged', '/subaccountDestinations/tagged']) {
      const etag = (await service.call('GET', path)).headers.get('etag') ?? ''
      assert.match(etag, /^[0-9a-f]{64}$/)
      const same = await service.call('GET', path, { headers: { 'if-none-match': etag } })
      assert.deepEqual([same.status, same.text, same.headers.get('etag')], [304, '', etag])
      assert.equal((await service.call('GET', path, { headers: { 'if-none-match': `W/"x", "${etag}"` } })).status, 304)
      assert.equal((await service.call('GET', path, { headers: { 'if-none-match': 'other' } })).status, 200)
      assert.equal((await service.call('GET', path, { headers: { 'if-match': etag } })).status, 200)
      const other = await service.call('GET', path, { headers: { 'if-match': 'other' } })
      assert.deepEqual([other.status, other.text, other.headers.get('etag')], [412, '', etag])
      await service.call('PUT', '/subaccountDestinations', { body })
      assert.equal((await service.call('GET', path, { headers: { 'if-none-match': etag } })).status, 200)
    }
  })

  test('certificates are absent: an empty list, and 404 with the text that clients compare', async () => {
    for (const path of ['/subaccountCertificates', '/instanceCertificates']) {
      assert.equal((await service.call('GET', path)).text, '[]')
      const one = await service.call('GET', `${path}/trust.pem`)
      assert.deepEqual(
        [one.status, one.body],
        [404, { ErrorMessage: 'Configuration with the specified name was not found' }],
      )
    }
  })

  test('an internal failure is answered 500 without any detail of it (DEST-013, CONN-129)', async () => {
    const reply = await service.call('GET', '/destinations/x', {
      token: await service.token({ clientId: brokenClient }),
    })
    assert.deepEqual([reply.status, reply.body], [500, { ErrorMessage: 'Internal error' }])
  })

  test('malformed JSON, another content type and unknown paths are answered with an ErrorMessage', async () => {
    const path = '/v1/subaccountDestinations'
    const send = async (type: string, body: string) => {
      const headers = { authorization: `Bearer ${await service.token()}`, 'content-type': type }
      const url = `${service.app.url}/destination-configuration${path}`
      return checkedReply('POST', path, await fetch(url, { method: 'POST', headers, body }))
    }
    for (const [reply, status] of [
      [await send('application/json', '{"Name":'), 400],
      [await send('text/plain', 'x'), 400],
      [await send('application/xml', '<x/>'), 415],
      [await send('application/json', '{"__proto__":{"x":1}}'), 400],
      [await checkedReply('GET', '/nowhere', await fetch(`${service.app.url}/nowhere`)), 404],
    ] as const) {
      assert.equal(reply.status, status)
      assert.deepEqual(Object.keys(reply.body), ['ErrorMessage'])
    }
  })
})
