import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import { type LandbridgeClient, openClient, readBindings } from '@landbridge/client'
import { createLog } from '@landbridge/kernel'
import { callJson, type RunningCommand, startPlatform, type TestPlatform, temporaryFolder } from '@landbridge/testkit'
import { createDestination, expose } from './support/administration.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { type Customer, customerToken, newCustomer, subscribeToDemo } from './support/customer.ts'
import { startLocatedConnector } from './support/located-connector.ts'
import { claimsOf, technicalToken, userToken } from './support/tokens.ts'

const folder = temporaryFolder()
let platform: TestPlatform
let own: Backend
let theirs: Backend
let customer: Customer
let connector: RunningCommand
let client: LandbridgeClient
let customerJwt: string
let ownJwt: string
let VCAP_SERVICES: string

before(async () => {
  ;[platform, own, theirs] = await Promise.all([startPlatform(), startBackend('provider'), startBackend('subscriber')])
  customer = await newCustomer(platform, 'customer')
  await subscribeToDemo(platform, customer)
  await expose(platform, { virtualHost: 'erp.virtual', backendPort: own.port })
  connector = await startLocatedConnector(platform, folder.path, {
    locationId: '',
    virtualHost: 'erp.virtual',
    backendPort: theirs.port,
    subaccount: { id: customer.id, administrator: customer.administrator },
  })
  for (const tenant of [undefined, customer.id])
    for (const level of ['subaccount', 'instance'] as const) {
      const target = { ProxyType: 'OnPremise', Authentication: 'NoAuthentication' }
      const URL = `http://erp.virtual/${level}`
      await createDestination(platform, { Name: 'erp', URL, ...target }, tenant, level)
      if (level === 'subaccount') await createDestination(platform, { Name: 'low', URL, ...target }, tenant, level)
    }
  customerJwt = await customerToken(platform, customer)
  ownJwt = await userToken(platform)
  VCAP_SERVICES = platform.environment.VCAP_SERVICES
  client = newClient()
})

after(async () => {
  await client?.close()
  await connector?.stop()
  await platform?.stop()
  await Promise.all([own, theirs].map((backend) => backend?.[Symbol.asyncDispose]()))
  folder[Symbol.dispose]()
})

const newClient = (more: Parameters<typeof openClient>[0] = {}) =>
  openClient({ bindings: readBindings({ environment: { VCAP_SERVICES } }), ca: platform.ca, ...more })

test('an entry of the instance or of the subscription comes before the one of the subaccount (CONN-257)', async () => {
  for (const options of [{}, { tenant: customer.id }, { userToken: customerJwt }, { userToken: ownJwt }]) {
    const found = await client.findDestination('erp', options)
    assert.equal(found.getProperty('URL'), 'http://erp.virtual/instance')
    assert.equal(found.owner.instanceId, platform.binding('destination').instanceid)
    const low = await client.findDestination('low', options)
    assert.equal(low.getProperty('URL'), 'http://erp.virtual/subaccount')
  }
})

test('without a user everything belongs to the provider, with one to the tenant of the user, and the application sees no token of a service (RFC-016, RFC-017, RFC-018)', async () => {
  const provider = platform.binding('xsuaa').subaccountid
  for (const [options, tenant, system] of [
    [{}, provider, 'provider'],
    [{ userToken: ownJwt }, provider, 'provider'],
    [{ userToken: customerJwt }, customer.id, 'subscriber'],
  ] as const) {
    const found = await client.findDestination('erp', options)
    assert.equal(found.owner.subaccountId, tenant)
    const answer = await client.fetch(found, '/who')
    assert.equal(((await answer.json()) as { system: string }).system, system)
    const backend = system === 'provider' ? own : theirs
    assert.doesNotMatch(JSON.stringify(backend.seen.at(-1)?.headers), /eyJ/)
  }
  const { host } = platform.address('token-service')
  const claims = claimsOf(await client.proxy.token({ tenant: customer.id }))
  assert.equal(claims.iss, `https://${customer.subdomain}.${host}/oauth/token`)
  assert.equal(claims.client_id, platform.binding('connectivity').clientid)
})

test('a token of the one service is refused by the other (RFC-015)', async () => {
  const findWith = async (service: 'destination' | 'connectivity') =>
    callJson({
      url: `${platform.binding('destination').uri}/destination-configuration/v1/destinations/erp`,
      headers: { authorization: `Bearer ${await technicalToken(platform, service)}` },
    })
  assert.equal((await findWith('destination')).status, 200)
  const swapped = await findWith('connectivity')
  assert.ok([401, 403].includes(swapped.status), `${swapped.status} ${swapped.text}`)
  const { host, httpPort } = client.proxy
  const callWith = async (service: 'destination' | 'connectivity') => {
    const { request } = await import('node:http')
    const headers = { 'proxy-authorization': `Bearer ${await technicalToken(platform, service)}`, host: 'erp.virtual' }
    return new Promise<number>((resolve, reject) => {
      request({ host, port: httpPort, path: 'http://erp.virtual/', headers, agent: false }, (answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      })
        .on('error', reject)
        .end()
    })
  }
  assert.equal(await callWith('connectivity'), 200)
  assert.ok([401, 403, 407].includes(await callWith('destination')))
})

test('tokens and secrets are in no log, in no error and in nothing that prints the client (RFC-161)', async () => {
  const { clientsecret: first = '' } = platform.binding('destination')
  const { clientsecret: second = '' } = platform.binding('connectivity')
  await createDestination(platform, {
    Name: 'with-password',
    URL: 'http://erp.virtual',
    ProxyType: 'OnPremise',
    Authentication: 'BasicAuthentication',
    User: 'u',
    Password: 'planted-password',
  })
  const printed: string[] = []
  const log = createLog((level, event, facts, thrown) => printed.push(inspect([level, event, facts, thrown], deep)))
  await using chatty = newClient({ log })
  const found = await chatty.findDestination('with-password', { userToken: ownJwt })
  assert.equal((await chatty.fetch(found, '/')).status, 200)
  const token = await chatty.proxy.token({})
  for (const fail of [
    () => chatty.findDestination('nothing', { userToken: customerJwt }),
    () => chatty.findDestination('erp', { tenant: '00000000-0000-4000-8000-000000000000' }),
    () => chatty.connectSocks5({ host: 'hidden.virtual', port: 1 }),
    () => chatty.fetch('nothing', '/'),
  ])
    await fail().then(
      () => assert.fail('expected a failure'),
      (failure: unknown) => printed.push(inspect(failure, deep), JSON.stringify(failure), String(failure)),
    )
  printed.push(inspect(chatty, deep), JSON.stringify(chatty), inspect(found, deep), JSON.stringify(found))
  const all = printed.join('\n')
  for (const secret of [first, second, token, ownJwt, customerJwt, 'planted-password', token.slice(0, 60)])
    assert.ok(!all.includes(secret), `${secret.slice(0, 12)}… is in ${all.slice(0, 2_000)}`)
})

test('a list of more than one page is complete and without duplicates (RFC-157)', async () => {
  const names = Array.from({ length: 230 }, (_, index) => `many-${String(index).padStart(3, '0')}`)
  const entry = { Type: 'HTTP', URL: 'http://many.example', ProxyType: 'Internet', Authentication: 'NoAuthentication' }
  const answer = await callJson({
    method: 'POST',
    url: `${platform.binding('destination').uri}/destination-configuration/v1/subaccountDestinations`,
    headers: { authorization: `Bearer ${await technicalToken(platform, 'destination', customer.id)}` },
    body: names.map((Name) => ({ Name, ...entry })),
  })
  assert.ok([201, 207].includes(answer.status), answer.text)
  const listed = await client.listDestinations({ tenant: customer.id })
  const found = listed.map(({ Name }) => Name).filter((name) => name?.startsWith('many-'))
  assert.deepEqual(found.toSorted(), names)
})

const deep = { depth: null, showHidden: true, maxStringLength: null, maxArrayLength: null }
