import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startScene } from './scene.ts'
import { leadsTo, prepared } from './stand-in.ts'

const { platform, target, proxy } = await startScene({
  settings: { destinationCacheSeconds: 0 },
  destinations: [
    {
      name: 'erp',
      namespace: 'shop',
      destinationRef: { name: 'ERP', level: 'subaccount' },
      fragmentRef: { name: 'test', level: 'instance', optional: true },
      chainRef: {
        name: 'c1',
        variables: [
          { name: 'samlProviderDestinationName', value: 'ias' },
          { name: 'other', value: 'o' },
        ],
      },
    },
  ],
})

const exchange = { Authentication: 'OAuth2TokenExchange' }

test('a gateway understands all headers of the dynamic lookup, in the spelling of the Python client (RC-171)', async () => {
  platform.destinations.set('crm', { ...leadsTo(target.url, exchange), authTokens: [prepared('for-target')] })
  const sent: readonly (readonly [string, string])[] = [
    ['X-destination-name', 'crm'],
    ['x-fragment-name', 'test'],
    ['x-fragment-optional', 'true'],
    ['x-destination-level', 'provider_subaccount'],
    ['x-fragment-level', 'instance'],
    ['x-tenant-subdomain', 'acme'],
    ['x-token-service-tenant', 'acme'],
    ['x-client-assertion', 'assertion'],
    ['x-client-assertion-type', 'jwt-bearer'],
    ['x-client-assertion-destination-name', 'ias'],
    ['x-subject-token-type', 'jwt'],
    ['x-actor-token', 'actor'],
    ['x-actor-token-type', 'access_token'],
    ['x-chain-name', 'chain'],
    ['x-chain-var-subjectTokenType', 'token'],
    ['x-chain-var-samlProviderDestinationName', 'saml'],
    ['Authorization', 'Bearer subject'],
  ]
  const upper = sent.map(([name, value]) => [name.toUpperCase(), value] as const)
  for (const headers of [sent, upper]) {
    platform.asked.length = 0
    const { status, headers: answer } = await proxy.call('gateway.shop', '/', { headers: headers.flat() })
    assert.equal(status, 200, String(answer['x-error-message']))
    const [plain, find] = platform.finds
    assert.equal(
      plain?.url,
      '/destination-configuration/v2/destinations/crm@provider_subaccount?$skipTokenRetrieval=true',
    )
    assert.equal(plain?.headers['x-subject-token'], undefined)
    assert.equal(find?.url, '/destination-configuration/v2/destinations/crm@provider_subaccount')
    const expected: Readonly<Record<string, string>> = {
      'x-fragment-name': 'test@instance',
      'x-fragment-optional': 'true',
      'x-tenant': 'acme',
      'x-client-assertion': 'assertion',
      'x-client-assertion-type': 'jwt-bearer',
      'x-client-assertion-destination-name': 'ias',
      'x-subject-token': 'subject',
      'x-subject-token-type': 'jwt',
      'x-actor-token': 'actor',
      'x-actor-token-type': 'access_token',
      'x-chain-name': 'chain',
      'x-chain-var-subjecttokentype': 'token',
      'x-chain-var-samlproviderdestinationname': 'saml',
    }
    for (const [name, value] of Object.entries(expected)) assert.equal(find?.headers[name], value, name)
    assert.equal(target.asked.at(-1)?.headers.authorization, 'Bearer for-target')
  }
})

test('what a gateway is told wrongly is answered with 400 and the text of the original', async () => {
  const long = 'x'.repeat(201)
  const cases: readonly (readonly [headers: readonly string[], message: RegExp])[] = [
    [[], /'x-destination-name' header is missing but required/],
    [['X-Destination-Name', long], /'x-destination-name' exceeds the maximum allowed length of 200/],
    [['X-Destination-Name', 'a/../b'], /'x-destination-name' contains characters that are not allowed/],
    [['X-Destination-Name', 'a', 'x-destination-name', 'b'], /\[x-destination-name\] should be passed only once/],
    [['X-Destination-Name', 'a', 'X-Destination-Level', 'all'], /^Destination level is invalid .*provider_subaccount/],
    [['X-Destination-Name', 'a', 'X-Fragment-Name', 'b', 'X-Fragment-Level', 'x'], /^Fragment level is invalid/],
    [['X-Destination-Name', 'a', 'X-Fragment-Level', 'instance'], /'x-fragment-level' header is not supported when/],
    [['X-Destination-Name', 'a', 'X-Fragment-Optional', 'yes'], /'x-fragment-optional' should be "true" or "false"/],
    [['X-Destination-Name', 'a', 'X-Fragment-Name', 'ä b'], /'x-fragment-name' contains characters/],
  ]
  for (const [headers, message] of cases) {
    const answer = await proxy.call('gateway.shop', '/', {
      headers: headers.map((text) => Buffer.from(text).toString('latin1')),
    })
    assert.equal(answer.status, 400, headers.join(' '))
    assert.match(String(answer.headers['x-error-message']), message)
    assert.equal(answer.headers['x-error-origin'], 'Transparent Proxy')
  }
  assert.equal(platform.asked.length, 0)
})

test('an entry of its own takes no destination from headers, but chains are overridden by them', async () => {
  for (const name of [
    'X-Destination-Name',
    'X-Fragment-Name',
    'x-fragment-optional',
    'X-Destination-Level',
    'x-fragment-level',
  ]) {
    const { status, headers } = await proxy.call('erp.shop', '/', { headers: [name, 'instance'] })
    assert.equal(status, 400)
    assert.match(
      String(headers['x-error-message']),
      new RegExp(`bound to a concrete destination.*'${name.toLowerCase()}'`),
    )
  }
  const saml = { Authentication: 'OAuth2SAMLBearerAssertion', SAMLAssertionProvider: 'ClientProvided' }
  platform.destinations.set('ERP', { ...leadsTo(target.url, saml), authTokens: [prepared('chained')] })
  const chain = ['X-Chain-Name', 'c2', 'X-Chain-Var-OTHER', 'mine', 'Authorization', 'Bearer of-the-user']
  assert.equal((await proxy.call('erp.shop', '/', { headers: chain })).status, 200)
  const { url, headers } = platform.finds.at(-1)!
  assert.equal(url, '/destination-configuration/v2/destinations/ERP@subaccount')
  assert.deepEqual(
    ['x-chain-name', 'x-chain-var-other', 'x-chain-var-samlproviderdestinationname', 'x-chain-var-subjecttoken'].map(
      (name) => headers[name],
    ),
    ['c2', 'mine', 'ias', 'of-the-user'],
  )
  assert.deepEqual([headers['x-user-token'], headers['x-fragment-name']], [undefined, 'test@instance'])
})
