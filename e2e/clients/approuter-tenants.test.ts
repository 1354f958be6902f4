import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { type RunningCommand, startPlatform, type TestPlatform, temporaryFolder } from '@landbridge/testkit'
import { createDestination, expose } from './support/administration.ts'
import { type Approuter, startApprouter } from './support/approuter.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { type Customer, newCustomer, subscribeToDemo } from './support/customer.ts'
import { JarClient } from './support/jar-client.ts'
import { startLocatedConnector } from './support/located-connector.ts'
import { claimsOf } from './support/tokens.ts'

const folder = temporaryFolder()
let platform: TestPlatform
let own: Backend
let theirs: Backend
let customer: Customer
let connector: RunningCommand
let router: Approuter

/** The approuter takes `uaadomain` for a host name: tenants need a token service at the port of https. */
const unavailable = await new Promise<string | false>((resolve) => {
  const listener = createServer()
  listener.once('error', ({ message }) => resolve(message))
  listener.listen(443, '127.0.0.1', () => listener.close(() => resolve(false)))
})

before(async () => {
  if (typeof unavailable === 'string') return
  platform = await startPlatform('--port-token', '443')
  ;[own, theirs] = await Promise.all([startBackend('provider'), startBackend('subscriber')])
  customer = await newCustomer(platform, 'customer')
  await subscribeToDemo(platform, customer)
  const changes = { 'tenant-mode': 'shared', 'oauth2-configuration': { 'redirect-uris': ['http://*.localhost:*/**'] } }
  const updated = await platform.command('service', 'update', 'demo-uaa', '-c', JSON.stringify(changes))
  assert.equal(updated.status, 0, updated.stderr)
  await expose(platform, { virtualHost: 'erp.virtual', backendPort: own.port })
  connector = await startLocatedConnector(platform, folder.path, {
    locationId: '',
    virtualHost: 'erp.virtual',
    backendPort: theirs.port,
    subaccount: { id: customer.id, administrator: customer.administrator },
  })
  const erp = { Name: 'erp', Authentication: 'NoAuthentication', URL: 'http://erp.virtual:80', ProxyType: 'OnPremise' }
  const forward = { Name: 'forward', Authentication: 'NoAuthentication', forwardAuthToken: 'true' }
  for (const tenant of [undefined, customer.id]) {
    await createDestination(platform, erp, tenant)
    await createDestination(platform, { ...forward, URL: own.url, ProxyType: 'Internet' }, tenant)
  }
  router = await startApprouter(platform, { TENANT_HOST_PATTERN: '^(.*).localhost', VCAP_SERVICES: await bindings() })
})

after(async () => {
  await router?.[Symbol.asyncDispose]()
  await connector?.stop()
  await platform?.stop()
  await Promise.all([own, theirs].map((backend) => backend?.[Symbol.asyncDispose]()))
  folder[Symbol.dispose]()
})

/** The bindings after the changes above. */
async function bindings(): Promise<string> {
  const { status, stdout, stderr } = await platform.command('env', '--stdout', '--subaccount', 'demo')
  assert.equal(status, 0, stderr)
  return JSON.stringify(JSON.parse(stdout).VCAP_SERVICES)
}

test('the host of a request is the tenant where its user logs on, and whose network the routes lead into (RFC-124, RC-033, RC-120)', {
  skip: unavailable,
}, async () => {
  const { host } = platform.address('token-service')
  for (const [subdomain, user, tenant, system] of [
    ['customer', customer.user, customer.id, 'subscriber'],
    ['demo', platform.credentials.user, platform.binding('xsuaa').subaccountid, 'provider'],
  ] as const) {
    const browser = new JarClient(platform.ca)
    const origin = `http://${subdomain}.localhost:${router.port}`
    const { authorize } = await router.logOn(browser, `${origin}/erp/who`, user)
    assert.equal(authorize.host, `${subdomain}.${host}`)
    const page = await browser.visit(`${origin}/erp/who`)
    assert.equal(page.status, 200, page.text + router.output())
    assert.equal(JSON.parse(page.text).system, system)
    const forwarded = await browser.visit(`${origin}/forward/token-of-${subdomain}`)
    assert.equal(forwarded.status, 200, forwarded.text + router.output())
    const seen = own.seen.findLast(({ path }) => path === `/token-of-${subdomain}`)
    const claims = claimsOf(String(seen?.headers.authorization).replace(/^Bearer /i, ''))
    assert.deepEqual([claims.zid, claims.user_name], [tenant, user.name])
  }
})

test('a tenant that has not subscribed cannot log on (CONN-233)', { skip: unavailable }, async () => {
  const stranger = await newCustomer(platform, 'stranger')
  const browser = new JarClient(platform.ca)
  const address = `http://stranger.localhost:${router.port}/erp/who`
  const outcome = await router.logOn(browser, address, stranger.user).then(
    ({ back }) => back.status,
    (failure: unknown) => String(failure),
  )
  const page = await browser.visit(address)
  assert.ok(!page.text.includes('"system"'), `${outcome} ${page.text}`)
})
