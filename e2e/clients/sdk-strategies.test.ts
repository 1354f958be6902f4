import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { callJson, type RunningCommand, startPlatform, type TestPlatform, temporaryFolder } from '@landbridge/testkit'
import { createDestination, expose } from './support/administration.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { type Customer, customerToken, newCustomer, subscribeToDemo } from './support/customer.ts'
import { startLocatedConnector } from './support/located-connector.ts'
import { SdkApplication, type SdkCall } from './support/sdk-application.ts'
import { claimsOf, fetchToken, technicalToken, userToken } from './support/tokens.ts'

const folder = temporaryFolder()
let platform: TestPlatform
let own: Backend
let theirs: Backend
let customer: Customer
let stranger: Customer
let connector: RunningCommand
let sdk: SdkApplication
let customerJwt: string
let ownJwt: string

const places = [
  { place: 'provider-instance', of: 'provider', level: 'instance' },
  { place: 'provider-subaccount', of: 'provider', level: 'subaccount' },
  { place: 'subscriber-instance', of: 'subscriber', level: 'instance' },
  { place: 'subscriber-subaccount', of: 'subscriber', level: 'subaccount' },
] as const
type Place = (typeof places)[number]['place']

/** Which destination is where: every combination of levels that the strategies tell apart. */
const landscape: Readonly<Record<string, readonly Place[]>> = {
  everywhere: ['provider-instance', 'provider-subaccount', 'subscriber-instance', 'subscriber-subaccount'],
  'subaccounts-only': ['provider-subaccount', 'subscriber-subaccount'],
  'provider-only': ['provider-instance', 'provider-subaccount'],
  'subscriber-only': ['subscriber-instance', 'subscriber-subaccount'],
  'crossed-levels': ['provider-instance', 'subscriber-subaccount'],
}

before(async () => {
  ;[platform, own, theirs] = await Promise.all([startPlatform(), startBackend('provider'), startBackend('subscriber')])
  customer = await newCustomer(platform, 'customer')
  stranger = await newCustomer(platform, 'stranger')
  await subscribeToDemo(platform, customer)
  await expose(platform, { virtualHost: 'erp.virtual', backendPort: own.port })
  connector = await startLocatedConnector(platform, folder.path, {
    locationId: '',
    virtualHost: 'erp.virtual',
    backendPort: theirs.port,
    subaccount: { id: customer.id, administrator: customer.administrator },
  })
  for (const [Name, wanted] of Object.entries(landscape))
    for (const { place, of, level } of places)
      if (wanted.includes(place)) {
        const URL = `http://erp.virtual/${place}`
        const properties = { Name, URL, ProxyType: 'OnPremise', Authentication: 'NoAuthentication' }
        await createDestination(platform, properties, of === 'subscriber' ? customer.id : undefined, level)
      }
  customerJwt = await customerToken(platform, customer)
  ownJwt = await userToken(platform)
  sdk = await SdkApplication.start(platform)
})

after(async () => {
  await sdk?.[Symbol.asyncDispose]()
  await connector?.stop()
  await platform?.stop()
  await Promise.all([own, theirs].map((backend) => backend?.[Symbol.asyncDispose]()))
  folder[Symbol.dispose]()
})

/** Where the SDK found a destination; null when nowhere. */
async function place(call: Omit<SdkCall, 'action'>): Promise<string | null> {
  const { found, failure } = await sdk.call({ action: 'find', ...call })
  assert.equal(failure, undefined)
  return found === null ? null : found.url.replace('http://erp.virtual/', '')
}

/** What each strategy must find for a caller of the subscriber, by the SDK's documentation: instance before subaccount. */
const expected: Readonly<Record<string, readonly [provider: Place | null, subscriber: Place | null]>> = {
  everywhere: ['provider-instance', 'subscriber-instance'],
  'subaccounts-only': ['provider-subaccount', 'subscriber-subaccount'],
  'provider-only': ['provider-instance', null],
  'subscriber-only': [null, 'subscriber-instance'],
  'crossed-levels': ['provider-instance', 'subscriber-subaccount'],
}

const identities: readonly [string, () => Omit<SdkCall, 'destination'>][] = [
  ['a user token of the subscriber', () => ({ jwt: customerJwt })],
  ['the issuer of the subscriber', () => ({ lookup: { iss: claimsOf(customerJwt).iss } })],
  ['a user token of the subscriber, and a cache', () => ({ jwt: customerJwt, lookup: { useCache: true } })],
  ['the issuer of the subscriber, and a cache', () => ({ lookup: { iss: claimsOf(customerJwt).iss, useCache: true } })],
]

describe('the SAP Cloud SDK selects as each of its strategies says', () => {
  for (const [identity, given] of identities)
    test(`with ${identity} (CONN-212, RC-052, RC-054, RC-120)`, async () => {
      for (const round of [1, 2])
        for (const [destination, [provider, subscriber]] of Object.entries(expected)) {
          const look = (strategy: NonNullable<SdkCall['strategy']>) => place({ destination, strategy, ...given() })
          const at = `${destination}, round ${round}`
          assert.equal(await look('alwaysProvider'), provider, at)
          assert.equal(await look('alwaysSubscriber'), subscriber, at)
          assert.equal(await look('subscriberFirst'), subscriber ?? provider, at)
          assert.equal(await place({ destination, ...given() }), subscriber ?? provider, `${at}, the default`)
        }
    })

  test('without a token or with one of the provider, only the provider is asked', async () => {
    for (const [destination, [provider]] of Object.entries(expected))
      for (const given of [{}, { jwt: ownJwt }]) {
        assert.equal(await place({ destination, ...given }), provider, destination)
        assert.equal(await place({ destination, strategy: 'alwaysProvider', ...given }), provider, destination)
      }
    assert.equal(await place({ destination: 'subscriber-only', jwt: ownJwt, strategy: 'alwaysSubscriber' }), null)
  })
})

test('what was found is called in the network of the tenant that asks, by user token and by issuer (CONN-232, RC-172)', async () => {
  const request = { url: '/orders' }
  const asks = [{ jwt: customerJwt }, { lookup: { iss: claimsOf(customerJwt).iss } }]
  for (const given of asks) {
    const { status, data, failure } = await sdk.call({ destination: 'everywhere', request, ...given })
    assert.deepEqual([status, data?.system, data?.path], [200, 'subscriber', '/subscriber-instance/orders'], failure)
  }
  const provider = await sdk.call({ destination: 'everywhere', request })
  assert.deepEqual([provider.data?.system, provider.data?.path], ['provider', '/provider-instance/orders'])
  const first = await sdk.call({ destination: 'everywhere', request, jwt: customerJwt, strategy: 'alwaysProvider' })
  assert.deepEqual(
    [first.data?.system, first.data?.path],
    ['subscriber', '/provider-instance/orders'],
    'a destination of the provider, called for the subscriber, leads into the network of the subscriber',
  )
})

test('a tenant that has not subscribed gets no token, so neither its destinations nor its connectors are within reach (CONN-233)', async () => {
  const body = { grant_type: 'client_credentials' }
  for (const service of ['destination', 'connectivity', 'xsuaa'] as const)
    await assert.rejects(fetchToken(platform, service, body, stranger.id), /401|403|OAUTH_TENANT_FORBIDDEN|forbidden/i)
  const iss = String(claimsOf(customerJwt).iss).replace('customer', 'stranger')
  const lookup = { iss }
  const strategy = 'alwaysSubscriber'
  const { found, failure } = await sdk.call({ action: 'find', destination: 'everywhere', lookup, strategy })
  assert.ok(found === null || failure !== undefined, JSON.stringify(found))
})

/** Find as an application without a library calls it. */
async function find(name: string, token: string, headers: Readonly<Record<string, string>> = {}) {
  const url = `${platform.binding('destination').uri}/destination-configuration/v1/destinations/${name}`
  return callJson({ url, headers: { authorization: `Bearer ${token}`, ...headers } })
}

test('the owner of a destination of a subscription is the subaccount of the subscriber with the instance of the provider (CONN-234)', async () => {
  const { instanceid } = platform.binding('destination')
  const { json } = await find('everywhere', await technicalToken(platform, 'destination', customer.id))
  assert.deepEqual(json.owner, { SubaccountId: customer.id, InstanceId: instanceid })
  const inSubaccount = await find('subaccounts-only', await technicalToken(platform, 'destination', customer.id))
  assert.deepEqual(inSubaccount.json.owner, { SubaccountId: customer.id, InstanceId: null })
})

describe('users of subscriber and provider by destinations of either', () => {
  before(async () => {
    const { clientid = '', clientsecret = '', uaadomain } = platform.binding('xsuaa')
    for (const [Authentication, prefix] of [
      ['OAuth2UserTokenExchange', 'exchange'],
      ['OAuth2JWTBearer', 'jwt'],
    ] as const) {
      const oauth = { clientId: clientid, clientSecret: clientsecret }
      const properties = { Authentication, URL: own.url, ProxyType: 'Internet', ...oauth }
      // One destination for all tenants: the tenant of the user comes before the domain.
      const common = { tokenServiceURLType: 'Common', tokenServiceURL: `https://${uaadomain}/oauth/token` }
      await createDestination(platform, { Name: `${prefix}-provider`, ...properties, ...common })
      const tokenServiceURL = `https://${customer.subdomain}.${uaadomain}/oauth/token`
      const dedicated = { tokenServiceURLType: 'Dedicated', tokenServiceURL }
      await createDestination(platform, { Name: `${prefix}-subscriber`, ...properties, ...dedicated }, customer.id)
    }
  })

  for (const type of ['exchange', 'jwt'])
    test(`${type}: a user token of the subscriber goes with a token of the provider to a destination of the provider, and with one of the subscriber to its own (CONN-206, CONN-207)`, async () => {
      const headers = { 'x-user-token': customerJwt }
      for (const [name, tenant] of [
        [`${type}-provider`, undefined],
        [`${type}-subscriber`, customer.id],
      ] as const) {
        const { status, json } = await find(name, await technicalToken(platform, 'destination', tenant), headers)
        assert.equal(status, 200)
        const [token] = json.authTokens as unknown as readonly { value: string; error?: string }[]
        assert.ok(token)
        assert.equal(token.error, undefined)
        const claims = claimsOf(token.value)
        assert.deepEqual([claims.user_name, claims.zid], [customer.user.name, customer.id], name)
      }
    })
})
