import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { anyCharacter } from '@landbridge/testkit'
import fc, { runs } from '@landbridge/testkit/properties'
import { onEveryDatabase } from './support/databases.ts'
import { startService, type TestService } from './support/service.ts'

const token = ['clientId', 'tokenServiceURL']
/** What each authentication type needs besides name, type and URL, and the ways that it must not go (guide, tables of the types). */
const types: readonly (readonly [name: string, required: readonly string[], forbidden: readonly string[]])[] = [
  ['NoAuthentication', [], []],
  ['BasicAuthentication', ['User', 'Password'], []],
  ['ClientCertificateAuthentication', ['KeyStoreLocation'], ['OnPremise']],
  ['PrincipalPropagation', [], ['Internet', 'PrivateLink']],
  ['OAuth2ClientCredentials', token, []],
  ['OAuth2Password', [...token, 'User', 'Password'], []],
  ['OAuth2UserTokenExchange', token, ['PrivateLink']],
  ['OAuth2JWTBearer', token, ['PrivateLink']],
  ['OAuth2SAMLBearerAssertion', ['audience', 'clientKey', 'tokenServiceURL', 'authnContextClassRef'], ['PrivateLink']],
  ['SAMLAssertion', ['audience', 'authnContextClassRef'], []],
  [
    'SAPAssertionSSO',
    ['IssuerSID', 'IssuerClient', 'RecipientSID', 'RecipientClient', 'Certificate', 'SigningKey'],
    [],
  ],
  ['OAuth2RefreshToken', token, ['PrivateLink']],
  ['OAuth2AuthorizationCode', token, ['PrivateLink']],
  ['OAuth2TechnicalUserPropagation', token, ['Internet', 'PrivateLink']],
  ['OAuth2TokenExchange', token, ['PrivateLink']],
]
const ways = ['Internet', 'OnPremise', 'PrivateLink']

await onEveryDatabase((newUrl) => {
  let service: TestService
  let next = 0
  before(async () => {
    service = await startService(await newUrl())
  })
  after(() => service.close())

  const write = async (body: object, method = 'POST') => {
    const reply = await service.call(method, '/subaccountDestinations', { body })
    return {
      status: reply.status,
      message: reply.status < 300 ? '' : (reply.body as { ErrorMessage: string }).ErrorMessage,
    }
  }

  for (const [Authentication, required, forbidden] of types)
    test(`${Authentication}: every missing or empty property and every wrong way is refused with name and reason (DEST-038, DEST-052)`, async () => {
      const ProxyType = ways.find((way) => !forbidden.includes(way))!
      const given = Object.fromEntries(
        required.map((key) => [key, key === 'tokenServiceURL' ? 'https://t.test/' : 'x']),
      )
      const whole = { Type: 'HTTP', URL: 'http://x.test', ProxyType, Authentication, ...given }
      const complete = { ...whole, Name: `whole-${++next}` }
      assert.deepEqual(await write(complete), { status: 201, message: '' })
      for (const key of ['Type', 'URL', ...required])
        for (const value of [undefined, '', null]) {
          const refused = await write({ ...whole, Name: 'refused', [key]: value })
          assert.equal(refused.status, 400, `${key} ${value}`)
          assert.match(refused.message, new RegExp(`property ${key} is missing`))
          // A replacement is checked as well, and changes nothing.
          assert.equal((await write({ ...complete, [key]: value }, 'PUT')).status, 400)
        }
      for (const way of [...forbidden, 'Anywhere', 'internet']) {
        const refused = await write({ ...whole, Name: 'refused', ProxyType: way })
        assert.equal(refused.status, 400, way)
        assert.match(refused.message, /property ProxyType must be /)
      }
      assert.equal((await service.call('GET', '/subaccountDestinations/refused')).status, 404)
      assert.deepEqual((await service.call('GET', `/subaccountDestinations/${complete.Name}`)).body, complete)
    })

  test('bodies that are no flat objects of texts are refused with the member, on every path (DEST-038, DEST-049)', async () => {
    const fine = { Name: 'odd', Type: 'HTTP', URL: 'http://x.test' }
    for (const [body, expected] of [
      [{ ...fine, nested: { a: 1 } }, /property nested must be a string/],
      [{ ...fine, list: ['a'] }, /property list must be a string/],
      [{ ...fine, 'a\0b': 'x' }, /NUL/],
      [{ ...fine, text: 'a\0b' }, /NUL/],
      [{ ...fine, Name: { toString: 'x' } }, /property Name must be a string/],
      [{ ...fine, Name: '../../etc/passwd' }, /property Name must have/],
      ['text', /object/],
      [7, /object/],
      [null, /object|body/i],
      [true, /object/],
    ] as const) {
      const reply = await service.call('POST', '/subaccountDestinations', { body })
      assert.equal(reply.status, 400, JSON.stringify(body))
      assert.match(reply.text, expected)
    }
    // Names of members that every object inherits are names like any other; the one that could change an object is not.
    assert.equal((await write({ ...fine, ...JSON.parse('{"__proto__":"own"}') })).status, 400)
    const names = { constructor: 'own', toString: 'own', hasOwnProperty: 'own', valueOf: 'own' }
    assert.equal((await write({ ...fine, ...names })).status, 201)
    const kept = (await service.call('GET', '/subaccountDestinations/odd')).body as Record<string, unknown>
    for (const key of Object.keys(names)) assert.equal(Object.getOwnPropertyDescriptor(kept, key)?.value, 'own', key)
  })

  test('whatever JSON arrives, whatever the path and method, the answer is one of the contract and never a failure of ours', async () => {
    const key = fc.oneof(
      fc.constantFrom('Name', 'Type', 'URL', 'FragmentName', 'Content', 'Attributes', 'key', 'values'),
      fc.string(),
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.string({ unit: anyCharacter(fc) }),
        fc.constantFrom('HTTP', 'RFC', 'MAIL', null, true, 0, -1, 1e308, '', '\0'),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 6, noNullPrototype: true }),
      ),
    }))
    const kinds = ['Destinations', 'DestinationFragments', 'Certificates']
    const path = fc.oneof(
      fc.tuple(fc.constantFrom('/subaccount', '/instance'), fc.constantFrom(...kinds)).map((parts) => parts.join('')),
      fc.tuple(fc.constantFrom(...kinds), fc.string({ minLength: 1 })).map(([kind, name]) => {
        const text = encodeURIComponent(name.toWellFormed())
        return `/subaccount${kind}/${text === '.' || text === '..' ? '%2E' : text}/labels`
      }),
    )
    await fc.assert(
      fc.asyncProperty(path, fc.constantFrom('POST', 'PUT', 'PATCH'), value, async (where, method, body) => {
        const { status, text } = await service.call(method, where, { body })
        assert.ok(status < 500, `${method} ${where} ${JSON.stringify(body)}: ${status} ${text}`)
      }),
      runs(150),
    )
  })

  test('too much is refused before it is read: a body, a URI, a number of labels', async () => {
    const big = { Name: 'big', Type: 'HTTP', URL: 'http://x.test', text: 'x'.repeat(8 * 1024 * 1024) }
    const answer = await service
      .call('POST', '/subaccountDestinations', { body: big })
      .catch((failure: Error) => failure)
    // The connection may end before the client has sent everything.
    if (!(answer instanceof Error)) assert.equal(answer.status, 413)
    assert.equal((await service.call('GET', `/subaccountDestinations?$filter=${'x'.repeat(5_000)}`)).status, 414)
    await write({ Name: 'labelled', Type: 'HTTP', URL: 'http://x.test' })
    const labels = Array.from({ length: 11 }, (_, index) => ({ key: `k${index}`, values: ['v'] }))
    const refused = await service.call('PUT', '/subaccountDestinations/labelled/labels', { body: labels })
    assert.equal(refused.status, 400)
  })
})
