import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type RunningCommand, startPlatform, type TestPlatform, temporaryFolder } from '@landbridge/testkit'
import { createDestination, expose } from './support/administration.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { startLocatedConnector } from './support/located-connector.ts'
import { SdkApplication } from './support/sdk-application.ts'
import { claimsOf, userToken } from './support/tokens.ts'

const folder = temporaryFolder()
let platform: TestPlatform
let application: SdkApplication
let backend: Backend
let plantBackend: Backend
let plantConnector: RunningCommand

before(async () => {
  ;[platform, backend, plantBackend] = await Promise.all([startPlatform(), startBackend('main'), startBackend('plant')])
  await expose(platform, { virtualHost: 'erp.virtual', backendPort: backend.port })
  plantConnector = await startLocatedConnector(platform, folder.path, {
    locationId: 'plant-7',
    virtualHost: 'erp.virtual',
    backendPort: plantBackend.port,
  })
  const { clientid = '', clientsecret = '', url } = platform.binding('xsuaa')
  const onPremise = { URL: 'http://erp.virtual', ProxyType: 'OnPremise' }
  const internet = { URL: backend.url, ProxyType: 'Internet' }
  const oauth = { tokenServiceURLType: 'Dedicated', clientId: clientid, clientSecret: clientsecret }
  for (const properties of [
    { Name: 'erp', Authentication: 'NoAuthentication', ...onPremise },
    { Name: 'erp-user', Authentication: 'PrincipalPropagation', ...onPremise },
    { Name: 'erp-plant', Authentication: 'NoAuthentication', CloudConnectorLocationId: 'plant-7', ...onPremise },
    { Name: 'erp-nowhere', Authentication: 'NoAuthentication', CloudConnectorLocationId: 'plant-8', ...onPremise },
    { Name: 'erp-basic', Authentication: 'BasicAuthentication', User: 'u', Password: 'p', ...onPremise },
    {
      Name: 'api-technical',
      Authentication: 'OAuth2ClientCredentials',
      tokenServiceURL: `${url}/oauth/token`,
      ...oauth,
      ...internet,
    },
    {
      Name: 'api-jwt',
      Authentication: 'OAuth2JWTBearer',
      tokenServiceURL: `${url}/oauth/token`,
      ...oauth,
      ...internet,
    },
    {
      Name: 'api-exchange',
      Authentication: 'OAuth2UserTokenExchange',
      tokenServiceURL: `${url}/oauth/token`,
      ...oauth,
      ...internet,
    },
  ])
    await createDestination(platform, properties)
  application = await SdkApplication.start(platform)
})

after(async () => {
  await application?.[Symbol.asyncDispose]()
  await plantConnector?.stop()
  await platform?.stop()
  await Promise.all([backend, plantBackend].map((one) => one?.[Symbol.asyncDispose]()))
  folder[Symbol.dispose]()
})

test('the SAP Cloud SDK finds an on-premise destination and the proxy of its binding (RC-001, RC-003, RC-005, RC-006, RC-020, RC-052, RC-053, RC-055, RC-057)', async () => {
  const { found, failure } = await application.call({ action: 'find', destination: 'demo-backend' })
  assert.equal(failure, undefined)
  const { connectivity } = { connectivity: platform.binding('connectivity') }
  assert.equal(found.url, 'http://demo-backend.virtual:8080')
  assert.equal(found.proxyType, 'OnPremise')
  assert.equal(found.proxy.host, connectivity.onpremise_proxy_host)
  assert.equal(String(found.proxy.port), connectivity.onpremise_proxy_http_port)
  assert.ok(found.proxy.headers.includes('Proxy-Authorization'))
})

test('the SAP Cloud SDK calls the demo backend by the name of its destination (CONN-049, CONN-084, RC-016, RC-111)', async () => {
  const { status, data } = await application.call({ destination: 'demo-backend', request: { url: '/hello' } })
  assert.equal(status, 200)
  assert.equal(data.message, 'Hello from the on-premise backend')
  assert.equal(data.host, 'demo-backend.virtual:8080')
})

test('the SAP Cloud SDK calls as a user, and the tokens stay within the platform (CONN-063, CONN-076, RC-118, RC-121)', async () => {
  const jwt = await userToken(platform)
  const request = { url: '/whoami', headers: { 'x-correlationid': 'c-1', 'sap-client': '100' } }
  const { status, data, failure } = await application.call({ destination: 'erp-user', jwt, request })
  assert.equal(failure, undefined)
  assert.deepEqual([status, data.system], [200, 'main'])
  const { headers } = backend.seen.findLast(({ path }) => path === '/whoami')!
  assert.equal(headers['x-correlationid'], 'c-1')
  assert.equal(headers['sap-client'], '100')
  const internal = Object.keys(headers).filter((name) => /^(proxy-|sap-connectivity-)/.test(name))
  assert.deepEqual(internal, [])
  assert.doesNotMatch(JSON.stringify(headers), /eyJ/)
})

test('a destination for users is not called without one (CONN-063)', async () => {
  const { failure } = await application.call({ destination: 'erp-user', request: { url: '/without-user' } })
  assert.match(failure, /[Jj]wt|JWT|user token/)
  assert.ok(!backend.seen.some(({ path }) => path === '/without-user'))
})

test('a location ID in the destination leads to the connector of that location, in a process of its own (CONN-059, CONN-060, CONN-061, RC-119)', async () => {
  const [plant, main] = [
    await application.call({ destination: 'erp-plant', request: { url: '/where' } }),
    await application.call({ destination: 'erp', request: { url: '/where' } }),
  ]
  assert.equal(plant.data.system, 'plant')
  assert.equal(main.data.system, 'main')
})

test('an unknown location is answered 503 and never by another connector (CONN-058, CONN-062)', async () => {
  const { status, data } = await application.call({ destination: 'erp-nowhere', request: { url: '/nowhere' } })
  assert.equal(status, 503)
  assert.match(JSON.stringify(data), /plant-8|Cloud Connector/)
  assert.ok(![...backend.seen, ...plantBackend.seen].some(({ path }) => path === '/nowhere'))
})

test('a host that no connector exposes is denied (CONN-079)', async () => {
  await createDestination(platform, {
    Name: 'hidden',
    Authentication: 'NoAuthentication',
    URL: 'http://hidden.virtual',
    ProxyType: 'OnPremise',
  })
  const { status, data } = await application.call({ destination: 'hidden', request: { url: '/' } })
  assert.equal(status, 403)
  assert.match(String(data), /[Aa]ccess denied/)
})

test('user and password of a destination reach the backend unchanged (CONN-074)', async () => {
  const { status } = await application.call({ destination: 'erp-basic', request: { url: '/basic' } })
  assert.equal(status, 200)
  const { headers } = backend.seen.findLast(({ path }) => path === '/basic')!
  assert.equal(headers.authorization, `Basic ${Buffer.from('u:p').toString('base64')}`)
})

test('the SAP Cloud SDK fetches a CSRF token with its cookies before it changes something (CONN-081, RC-112)', async () => {
  const request = { method: 'post', url: '/orders', data: { item: 7 } }
  const { status, data, failure } = await application.call({ destination: 'erp', request })
  assert.equal(failure, undefined)
  assert.equal(status, 201)
  assert.equal(data.body, '{"item":7}')
  const [fetched, changed] = backend.seen.filter(({ path }) => path.startsWith('/orders')).slice(-2)
  assert.equal(fetched?.method, 'HEAD')
  assert.equal(changed?.headers['x-csrf-token'], 'issued-1')
  assert.equal(changed?.headers.cookie, 'session=s1;zone=z1')
})

test('all methods go through, with and without a body (CONN-081, RC-112)', async () => {
  for (const method of ['get', 'put', 'patch', 'delete', 'options', 'post']) {
    const request = { method, url: `/any/${method}`, ...(method === 'get' ? {} : { data: 'text' }) }
    const { status, data } = await application.call({
      destination: 'erp',
      request: { ...request, headers: { 'content-type': 'text/plain' } },
      options: { fetchCsrfToken: false },
    })
    assert.deepEqual([status, data.method], [200, method.toUpperCase()])
    assert.equal(data.body, method === 'get' ? '' : 'text')
  }
})

test('the destination service gets a technical token for an API and the SDK sends it (RC-058, RC-059, RC-060)', async () => {
  const { status, failure } = await application.call({ destination: 'api-technical', request: { url: '/technical' } })
  assert.equal(failure, undefined)
  assert.equal(status, 200)
  const claims = sentClaims('/technical')
  assert.equal(claims.client_id, platform.binding('xsuaa').clientid)
  assert.equal(claims.user_name, undefined)
})

for (const destination of ['api-jwt', 'api-exchange'])
  test(`${destination}: the destination service exchanges the token of the user and the SDK sends it (CONN-038, CONN-039, CONN-040, RC-029, RC-030)`, async () => {
    const jwt = await userToken(platform)
    const path = `/${destination}`
    const { status, failure } = await application.call({ destination, jwt, request: { url: path } })
    assert.equal(failure, undefined)
    assert.equal(status, 200)
    const [sent, own] = [sentClaims(path), claimsOf(jwt)]
    for (const claim of ['user_name', 'email', 'user_id', 'origin', 'zid']) assert.equal(sent[claim], own[claim], claim)
  })

test('the SAP Cloud SDK knows a missing destination as missing (RC-054)', async () => {
  assert.equal((await application.call({ action: 'find', destination: 'no-such' })).found, null)
  const { failure } = await application.call({ destination: 'no-such', request: { url: '/' } })
  assert.match(failure, /no-such/)
})

function sentClaims(path: string): Readonly<Record<string, unknown>> {
  const { headers } = backend.seen.findLast((request) => request.path === path)!
  return claimsOf(String(headers.authorization).replace(/^Bearer /i, ''))
}
