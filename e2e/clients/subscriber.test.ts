import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type RunningCommand, startPlatform, type TestPlatform, temporaryFolder } from '@landbridge/testkit'
import { createDestination, operate } from './support/administration.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { startLocatedConnector } from './support/located-connector.ts'
import { SdkApplication } from './support/sdk-application.ts'
import { claimsOf, fetchToken, technicalToken } from './support/tokens.ts'

const folder = temporaryFolder()
const administrator = { name: 'admin@customer.example', password: 'only-for-this-test-1' }
const user = { name: 'bob@customer.example', password: 'only-for-this-test-2' }
let platform: TestPlatform
let backend: Backend
let application: SdkApplication
let connector: RunningCommand
let customerId: string
let jwt: string

before(async () => {
  ;[platform, backend] = await Promise.all([startPlatform(), startBackend('customer')])
  customerId = (await operate(platform, 'POST', '/subaccounts', { subdomain: 'customer' })).id
  for (const { name, password, roleCollections } of [
    { ...administrator, roleCollections: ['Subaccount Administrator'] },
    { ...user, roleCollections: [] },
  ])
    await operate(platform, 'POST', `/subaccounts/${customerId}/users`, { userName: name, password, roleCollections })
  const { xsappname } = platform.binding('xsuaa')
  await operate(platform, 'POST', `/subaccounts/${customerId}/subscriptions`, { xsappname })
  connector = await startLocatedConnector(platform, folder.path, {
    locationId: '',
    virtualHost: 'erp.virtual',
    backendPort: backend.port,
    subaccount: { id: customerId, administrator },
  })
  const target = { Authentication: 'NoAuthentication', URL: 'http://erp.virtual', ProxyType: 'OnPremise' }
  await createDestination(platform, { Name: 'of-the-provider', ...target })
  await createDestination(platform, { Name: 'of-the-subscriber', ...target }, customerId)
  const login = { grant_type: 'password', username: user.name, password: user.password }
  jwt = await fetchToken(platform, 'xsuaa', login, customerId)
  application = await SdkApplication.start(platform)
})

after(async () => {
  await application?.[Symbol.asyncDispose]()
  await connector?.stop()
  await platform?.stop()
  await backend?.[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

test('the same credentials give a token of the subscriber by its ID (CONN-042, RC-020, RC-042, RC-043)', async () => {
  const { host } = platform.address('token-service')
  const [own, subscriber] = [
    claimsOf(await technicalToken(platform, 'connectivity')),
    claimsOf(await technicalToken(platform, 'connectivity', customerId)),
  ]
  assert.equal(own.iss, `https://demo.${host}/oauth/token`)
  assert.equal(subscriber.iss, `https://customer.${host}/oauth/token`)
  assert.equal(subscriber.zid, customerId)
  assert.equal(subscriber.client_id, own.client_id)
})

test('for a user of a subscriber the SAP Cloud SDK takes the destination of the subscriber and reaches its connector (RC-120, RC-172, CONN-232)', async () => {
  const request = { url: '/subscriber' }
  const { status, data, failure } = await application.call({ destination: 'of-the-subscriber', jwt, request })
  assert.deepEqual([status, data?.system], [200, 'customer'], failure)
})

test('a destination that only the provider has is found for a user of a subscriber, and its call reaches the connector of the subscriber (RC-054, RC-120, RC-172)', async () => {
  const request = { url: '/fallback' }
  const { status, data, failure } = await application.call({ destination: 'of-the-provider', jwt, request })
  assert.deepEqual([status, data?.system], [200, 'customer'], failure)
})

test('without a user of the subscriber neither its destination nor its connector is reached (CONN-078)', async () => {
  const before = backend.seen.length
  assert.equal((await application.call({ action: 'find', destination: 'of-the-subscriber' })).found, null)
  const own = await application.call({ destination: 'of-the-provider', request: { url: '/' } })
  assert.equal(own.status, 403, own.failure)
  assert.equal(backend.seen.length, before)
})
