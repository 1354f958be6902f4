import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { onEveryDatabase } from './support/databases.ts'
import { clients, provider, subscriberA, tenantClaims } from './support/service.ts'
import { TokenFixture } from './support/token-fixture.ts'

await onEveryDatabase(async (newUrl) => {
  let fixture: TokenFixture
  before(async () => {
    fixture = await TokenFixture.start(newUrl)
  })
  beforeEach(() => fixture.renewOAuthServer())
  after(() => fixture.close())

  const notFound = { ErrorMessage: 'Configuration with the specified name was not found' }
  const call = (...args: Parameters<TokenFixture['service']['call']>) => fixture.service.call(...args)

  interface Found {
    readonly destinationConfiguration: Record<string, unknown>
    readonly authTokens?: readonly { value: string }[]
    readonly owner?: object
  }

  async function find(path: string, headers: Record<string, string> = {}, token?: string) {
    const reply = await call('GET', path, token === undefined ? { headers } : { headers, token })
    return { status: reply.status, headers: reply.headers, text: reply.text, body: reply.body as unknown as Found }
  }

  for (const path of ['/subaccountDestinationFragments', '/instanceDestinationFragments'])
    test(`${path}: create once, read, replace wholly, list, delete (DEST-238, RC-097, CONN-174)`, async () => {
      const token = await fixture.service.token({ clientId: clients.second.clientId })
      const on = (method: string, more = '', body?: unknown) =>
        call(method, path + more, body === undefined ? { token } : { token, body })
      const fragment = { FragmentName: 'life', URL: 'http://a.test', extra: 'yes' }
      assert.deepEqual((await on('GET')).body, [])
      const created = await on('POST', '', fragment)
      assert.deepEqual([created.status, created.text], [201, ''])
      const again = await on('POST', '', fragment)
      assert.deepEqual([again.status, again.body], [409, { ErrorMessage: 'Duplicate key' }])
      const read = await on('GET', '/life')
      assert.deepEqual(read.body, fragment)
      assert.match(read.headers.get('etag') ?? '', /^[0-9a-f]{64}$/)
      assert.deepEqual((await on('GET')).body, [fragment])
      assert.deepEqual((await on('PUT', '', { FragmentName: 'life', only: '1' })).body, { Count: 1 })
      assert.deepEqual((await on('GET', '/life')).body, { FragmentName: 'life', only: '1' })
      const unknown = await on('PUT', '', { FragmentName: 'nobody' })
      assert.deepEqual([unknown.status, unknown.body], [404, notFound])
      assert.deepEqual((await on('GET', '/nobody')).body, notFound)
      assert.deepEqual((await on('DELETE', '/life')).body, { Count: 1 })
      assert.deepEqual((await on('DELETE', '/life')).body, { Count: 0 })
    })

  test('a fragment needs a name and must not have Name or Type (RC-097, CONN-174)', async () => {
    for (const [body, word] of [
      [{ URL: 'x' }, 'FragmentName'],
      [{ FragmentName: 'a b' }, 'FragmentName'],
      [{ FragmentName: 'ok', Name: 'x' }, 'Name'],
      [{ FragmentName: 'ok', Type: 'HTTP' }, 'Type'],
      [{ FragmentName: 'ok', nested: {} }, 'nested'],
      [[{ FragmentName: 'ok' }], 'object'],
    ] as const) {
      const reply = await call('POST', '/subaccountDestinationFragments', { body })
      assert.equal(reply.status, 400)
      assert.ok((reply.body as { ErrorMessage: string }).ErrorMessage.includes(word), reply.text)
    }
  })

  test("a fragment's values win, the answer names it, and tokens are fetched for the mixture (DEST-238, CONN-151)", async () => {
    const name = await fixture.clientCredentials({ extra: 'kept' })
    const body = { FragmentName: 'override', clientId: 'other-client', URL: 'https://other.test' }
    await call('POST', '/subaccountDestinationFragments', { body })
    const plain = await find(`/destinations/${name}`)
    const mixed = await find(`/destinations/${name}`, { 'X-fragment-name': 'override' })
    assert.equal(mixed.body.destinationConfiguration.FragmentName, 'override')
    assert.equal(mixed.body.destinationConfiguration.URL, 'https://other.test')
    assert.equal(mixed.body.destinationConfiguration.extra, 'kept')
    assert.equal(mixed.body.destinationConfiguration.Name, name)
    assert.equal(plain.body.destinationConfiguration.FragmentName, undefined)
    assert.deepEqual(
      fixture.oauth.calls.map((request) => request.body.get('client_id')),
      ['sb-app!b1|x!b2', 'other-client'],
    )
    assert.notEqual(mixed.body.authTokens?.[0]?.value, plain.body.authTokens?.[0]?.value)
    assert.notEqual(mixed.headers.get('etag'), plain.headers.get('etag'))
    // The stored destination is untouched.
    const stored = (await call('GET', `/subaccountDestinations/${name}`)).body as Record<string, string>
    assert.equal(stored.URL, 'https://erp.example.test')
  })

  test('the entity tag of a mixture changes with the fragment, and conditions work on it (DEST-035, DEST-238)', async () => {
    const name = await fixture.put({ Authentication: 'NoAuthentication' })
    const write = (method: string, value: string) =>
      call(method, '/subaccountDestinationFragments', { body: { FragmentName: 'tagged', value } })
    await write('POST', '1')
    const headers = { 'X-fragment-name': 'tagged' }
    const etag = (await find(`/destinations/${name}`, headers)).headers.get('etag') ?? ''
    assert.equal((await find(`/destinations/${name}`, { ...headers, 'If-None-Match': etag })).status, 304)
    assert.equal((await find(`/destinations/${name}`, { 'If-None-Match': etag })).status, 200)
    await write('PUT', '2')
    assert.equal((await find(`/destinations/${name}`, { ...headers, 'If-None-Match': etag })).status, 200)
    assert.equal((await find(`/destinations/${name}`, { ...headers, 'If-Match': etag })).status, 412)
  })

  test('an unknown fragment is an error that names it, unless it is optional (RC-098)', async () => {
    const name = await fixture.put({ Authentication: 'NoAuthentication' })
    const missing = await find(`/destinations/${name}`, { 'X-fragment-name': 'nobody' })
    assert.equal(missing.status, 404)
    assert.match(missing.text, /fragment.*nobody/)
    assert.ok(!missing.text.includes(notFound.ErrorMessage), 'clients would take the destination for absent')
    const optional = await find(`/destinations/${name}`, { 'X-fragment-name': 'nobody', 'X-fragment-optional': 'true' })
    assert.equal(optional.status, 200)
    assert.equal(optional.body.destinationConfiguration.FragmentName, undefined)
  })

  test('a fragment is looked for on the level of the destination only; several are laid over in their order (DEST-238, CONN-151, CONN-153)', async () => {
    const name = await fixture.put({ Authentication: 'NoAuthentication' })
    await call('POST', '/instanceDestinationFragments', { body: { FragmentName: 'inner' } })
    assert.equal((await find(`/destinations/${name}`, { 'X-fragment-name': 'inner' })).status, 404)
    for (const [FragmentName, value] of [
      ['first', '1'],
      ['second', '2'],
    ])
      await call('POST', '/subaccountDestinationFragments', { body: { FragmentName, value, [FragmentName!]: 'x' } })
    const { body } = await find(`/destinations/${name}`, { 'X-fragment-name': 'first, second' })
    const { value, first, second, FragmentName } = body.destinationConfiguration
    assert.deepEqual([value, first, second, FragmentName], ['2', 'x', 'x', 'first,second'])
  })

  test('consume reads exactly one level, the instance level without one, and shows no owner (DEST-239, RC-105, RC-107, CONN-155)', async () => {
    const destination = { Name: 'levels', Type: 'HTTP', URL: 'https://subaccount.test' }
    await call('POST', '/subaccountDestinations', { body: destination })
    const absent = await find('/v2/destinations/levels')
    assert.deepEqual([absent.status, absent.body], [404, notFound])
    const subaccount = await find('/v2/destinations/levels@subaccount')
    assert.deepEqual(Object.keys(subaccount.body), ['destinationConfiguration'])
    assert.equal(subaccount.body.destinationConfiguration.URL, 'https://subaccount.test')
    assert.match(subaccount.headers.get('etag') ?? '', /^[0-9a-f]{64}$/)
    await call('POST', '/instanceDestinations', { body: { ...destination, URL: 'https://instance.test' } })
    for (const path of ['levels', 'levels@instance', 'levels%40instance', 'levels@provider_instance'])
      assert.equal((await find(`/v2/destinations/${path}`)).body.destinationConfiguration.URL, 'https://instance.test')
    const wrong = await find('/v2/destinations/levels@nowhere')
    assert.equal(wrong.status, 400)
    assert.match(wrong.text, /level/)
  })

  test("a subscriber reads the provider's levels only by name; its own subaccount level is not mixed with others (DEST-239, RC-105)", async () => {
    const token = await fixture.service.token(tenantClaims(subscriberA))
    const destination = { Name: 'shared', Type: 'HTTP', URL: 'https://provider.test' }
    await call('POST', '/subaccountDestinations', { body: destination })
    await call('POST', '/subaccountDestinations', { token, body: { ...destination, URL: 'https://a.test' } })
    await call('POST', '/instanceDestinations', { token, body: { ...destination, URL: 'https://a-subscription.test' } })
    const url = async (path: string) => (await find(path, {}, token)).body.destinationConfiguration?.URL
    assert.equal(await url('/v2/destinations/shared'), 'https://a-subscription.test')
    assert.equal(await url('/v2/destinations/shared@subaccount'), 'https://a.test')
    assert.equal(await url('/v2/destinations/shared@provider_subaccount'), 'https://provider.test')
    assert.equal((await find('/v2/destinations/shared@provider_instance', {}, token)).status, 404)
    const headers = { 'X-fragment-name': 'any@instance', 'X-fragment-optional': 'true' }
    assert.equal((await find('/v2/destinations/shared@subaccount', headers, token)).status, 400)
    const provided = { 'X-fragment-name': 'any@provider_instance', 'X-fragment-optional': 'true' }
    assert.equal((await find('/v2/destinations/shared@instance', provided, token)).status, 200)
  })

  test('consume lays a fragment of a named level over the destination, and tells all owners when asked (DEST-239, RC-106)', async () => {
    const destination = { Name: 'mixed', Type: 'HTTP', URL: 'https://x.test', TrustStoreLocation: 'trusted.pem' }
    await call('POST', '/instanceDestinations', { body: destination })
    await fixture.certificates.put('trusted.pem', 'a certificate')
    await call('POST', '/subaccountDestinationFragments', { body: { FragmentName: 'far', value: 'sub' } })
    await call('POST', '/instanceDestinationFragments', { body: { FragmentName: 'far', value: 'inst' } })
    const value = async (reference: string) =>
      (await find('/v2/destinations/mixed', { 'X-fragment-name': reference })).body.destinationConfiguration.value
    assert.equal(await value('far'), 'inst')
    assert.equal(await value('far@instance'), 'inst')
    assert.equal(await value('far@subaccount'), 'sub')
    const found = await find('/v2/destinations/mixed?$includeMetadata=owner', { 'X-fragment-name': 'far@subaccount' })
    assert.deepEqual(found.body.destinationConfiguration.$metadata, {
      owner: {
        destinations: [{ Name: 'mixed', SubaccountId: provider.id, InstanceId: 'instance-1' }],
        certificates: [{ Name: 'trusted.pem', SubaccountId: provider.id, InstanceId: null }],
        fragments: [{ Name: 'far', SubaccountId: provider.id, InstanceId: null }],
      },
    })
    assert.equal((await find('/v2/destinations/mixed?$includeMetadata=etag')).status, 400)
  })

  test('consume fetches tokens, tolerates X-tenant where it has no meaning, and honours skip parameters and conditions (RC-106, DEST-239)', async () => {
    const destination = {
      Name: 'tokens',
      Type: 'HTTP',
      URL: 'https://x.test',
      Authentication: 'OAuth2ClientCredentials',
      clientId: 'c',
      clientSecret: 'planted',
      tokenServiceURL: `${fixture.oauth.url}/token`,
    }
    await call('POST', '/instanceDestinations', { body: destination })
    const found = await find('/v2/destinations/tokens?$skipCredentials=true')
    assert.equal(found.body.authTokens?.[0]?.value, 'token-1')
    assert.ok(!found.text.includes('planted'))
    const skipped = await find('/v2/destinations/tokens?$skipTokenRetrieval=true')
    assert.equal(skipped.body.authTokens, undefined)
    assert.equal(fixture.oauth.calls.length, 1)
    const etag = found.headers.get('etag') ?? ''
    assert.equal((await find('/v2/destinations/tokens', { 'If-None-Match': etag })).status, 304)
    assert.equal((await find('/v2/destinations/tokens', { 'If-Match': 'other' })).status, 412)
    await call('POST', '/instanceDestinations', { body: { Name: 'none', Type: 'HTTP', URL: 'https://x.test' } })
    assert.equal((await find('/v2/destinations/none', { 'X-tenant': 'some-tenant' })).status, 200)
    const both = await find('/v2/destinations/none', { 'X-tenant': 'a', 'X-user-token': 'b' })
    assert.equal(both.status, 400)
  })
})
