import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { BoundService } from '@landbridge/registry'
import { type Backend, startBackend } from './backend.ts'
import { Cloud, type Tenant } from './cloud.ts'
import { bearer, socksAuthentication, startProxy, type TestProxy } from './proxy.ts'
import { httpMapping, RealConnector } from './real-connector.ts'

let cloud: Cloud
let acme: Tenant
let umbra: Tenant
let paired: BoundService
let acmeErp: Backend
let umbraErp: Backend
const connectors: RealConnector[] = []
const started: TestProxy[] = []

before(async () => {
  cloud = await Cloud.start()
  acme = await cloud.newTenant()
  umbra = await cloud.newTenant()
  paired = await cloud.bind((await cloud.newTenant()).subaccount, 'connectivity_proxy')
  acmeErp = await startBackend('erp of acme')
  umbraErp = await startBackend('erp of umbra')
  connectors.push(
    await RealConnector.connect(cloud, acme, { mappings: [httpMapping(acmeErp.port)] }),
    await RealConnector.connect(cloud, umbra, { mappings: [httpMapping(umbraErp.port)] }),
  )
})
after(async () => {
  for (const proxy of started) await proxy.close()
  for (const connector of connectors) await connector.close()
  await acmeErp.close()
  await umbraErp.close()
  await cloud.close()
})

async function newProxy(settings: Record<string, unknown>): Promise<TestProxy> {
  const proxy = await startProxy(cloud, { pairedBy: paired, settings })
  started.push(proxy)
  return proxy
}

const allowed = (bound: BoundService) => ({
  'servers.proxy.authorization.oauth.allowedClientId': bound.binding.clientId,
})
const trusted = {
  'servers.proxy.http.enableProxyAuthorization': false,
  'servers.proxy.socks5.enableProxyAuthorization': false,
}
const dedicated = (tenant: Tenant) => ({
  tenantMode: 'dedicated',
  subaccountId: tenant.subaccount.id,
  subaccountSubdomain: tenant.subaccount.subdomain,
})

test('single-tenant trusted: a request without any token reaches the connector of the configured subaccount (CP-036, CP-038)', async () => {
  const proxy = await newProxy({ ...dedicated(acme), ...trusted })
  assert.deepEqual(await proxy.get().then(({ status, text }) => [status, text]), [200, 'erp of acme'])
})

test('single-tenant non-trusted: a valid token is wanted, and its tenant must be the configured one (CP-036, CP-039, CP-051)', async () => {
  const proxy = await newProxy({ ...dedicated(acme), 'landbridge.acceptConnectivityBindings': true })
  const missing = await proxy.get()
  assert.deepEqual([missing.status, missing.error], [407, 'PROXY_AUTHORIZATION_MISSING'])
  const invalid = await proxy.get(bearer('not.a.token'))
  assert.deepEqual([invalid.status, invalid.error], [407, 'TOKEN_MALFORMED'])
  const own = await proxy.get(bearer(await cloud.token(acme.connectivity)))
  assert.deepEqual([own.status, own.text], [200, 'erp of acme'])
  const foreign = await proxy.get(bearer(await cloud.token(umbra.connectivity)))
  assert.deepEqual([foreign.status, foreign.error], [407, 'PROXY_TENANT_MISMATCH'])
})

test('multi-tenant non-trusted: the tenant of the token selects the connector; configured subaccounts mean nothing (CP-015, CP-036, CP-040, CONN-078)', async () => {
  const ignored = { subaccountId: umbra.subaccount.id, subaccountSubdomain: umbra.subaccount.subdomain }
  const proxy = await newProxy({ tenantMode: 'shared', ...ignored, 'landbridge.acceptConnectivityBindings': true })
  for (let round = 0; round < 2; round++)
    for (const [tenant, backend] of [
      [acme, acmeErp],
      [umbra, umbraErp],
    ] as const)
      assert.equal((await proxy.get(bearer(await cloud.token(tenant.connectivity)))).text, backend.name)
  const third = await cloud.newTenant()
  const nobody = await proxy.get(bearer(await cloud.token(third.connectivity)))
  assert.deepEqual([nobody.status, nobody.error], [503, 'CONNECTOR_NOT_CONNECTED'])
})

test('one client of a provider reaches each subscriber with a token of that subscriber, and no other tenant (CONN-042, CONN-078, RC-022)', async () => {
  const provider = await cloud.newTenant()
  const proxy = await newProxy({ tenantMode: 'shared', ...allowed(provider.connectivity) })
  const form = { grant_type: 'client_credentials' }
  const refused = await cloud.askToken(provider.connectivity, acme.subaccount.id, form)
  assert.equal(refused.status, 401)
  assert.equal(refused.json.error, 'unauthorized_client')
  const { subscriptions } = cloud.service
  await subscriptions.subscribe(acme.subaccount.id, provider.xsuaa.instance.xsappname)
  const token = await cloud.token(provider.connectivity, acme.subaccount)
  assert.equal((await proxy.get(bearer(token))).text, 'erp of acme')
  assert.equal((await cloud.askToken(provider.connectivity, umbra.subaccount.id, form)).status, 401)
  const unknown = await cloud.askToken(provider.connectivity, 'nobody', form)
  assert.equal(unknown.status, 400)
  assert.deepEqual(Object.keys(unknown.json), ['error', 'error_description'])
  await subscriptions.unsubscribe(acme.subaccount.id, provider.xsuaa.instance.xsappname)
  assert.equal((await cloud.askToken(provider.connectivity, acme.subaccount.id, form)).status, 401)
})

test('multi-tenant trusted: the service token selects the tenant, with and without the word Bearer (CP-036, CP-042, CP-043)', async () => {
  const proxy = await newProxy({ tenantMode: 'shared', ...trusted })
  const header = 'sap-cp-connectivity-service-token'
  for (const [tenant, backend] of [
    [acme, acmeErp],
    [umbra, umbraErp],
  ] as const) {
    const token = await cloud.token(paired, tenant.subaccount)
    assert.equal((await proxy.get({ [header]: token })).text, backend.name)
    assert.equal((await proxy.get({ [header]: `Bearer ${token}` })).text, backend.name)
  }
  const missing = await proxy.get()
  assert.deepEqual([missing.status, missing.error], [407, 'SERVICE_TOKEN_MISSING'])
  const unreadable = await proxy.get({ [header]: 'x' })
  assert.deepEqual([unreadable.status, unreadable.error], [407, 'TOKEN_MALFORMED'])
  const elsewhere = await proxy.get(bearer(await cloud.token(acme.connectivity)))
  assert.deepEqual([elsewhere.status, elsewhere.error], [407, 'SERVICE_TOKEN_MISSING'])
})

test('a service token counts only when it is of the instance that pairs the proxy', async () => {
  const proxy = await newProxy({ tenantMode: 'shared', ...trusted })
  const another = await cloud.bind(acme.subaccount, 'connectivity_proxy')
  for (const bound of [another, acme.connectivity, acme.xsuaa]) {
    const answer = await proxy.get({ 'sap-cp-connectivity-service-token': await cloud.token(bound) })
    assert.deepEqual([answer.status, answer.error], [407, 'PROXY_CLIENT_NOT_ALLOWED'])
  }
})

test("all bindings of connectivity instances pass where the operator says so; a proxy's own and an application's do not", async () => {
  const proxy = await newProxy({ tenantMode: 'shared', 'landbridge.acceptConnectivityBindings': true })
  const second = await cloud.service.registry.createBinding({
    instanceId: acme.connectivity.instance.id,
    name: 'second',
  })
  for (const bound of [acme.connectivity, second])
    assert.equal((await proxy.get(bearer(await cloud.token(bound)))).status, 200)
  const destination = await cloud.bind(acme.subaccount, 'destination')
  for (const bound of [paired, acme.xsuaa, destination]) {
    const answer = await proxy.get(bearer(await cloud.token(bound, acme.subaccount).catch(() => cloud.token(bound))))
    assert.deepEqual([answer.status, answer.error], [407, 'PROXY_CLIENT_NOT_ALLOWED'])
  }
})

test('only the configured OAuth client passes, of whatever service it is (CP-048, CP-052)', async () => {
  const proxy = await newProxy({ tenantMode: 'shared', ...allowed(acme.xsuaa) })
  assert.equal((await proxy.get(bearer(await cloud.token(acme.xsuaa)))).text, 'erp of acme')
  const other = await proxy.get(bearer(await cloud.token(acme.connectivity)))
  assert.deepEqual([other.status, other.error], [407, 'PROXY_CLIENT_NOT_ALLOWED'])
})

test('authorization is switched for each proxy: HTTP without a token beside SOCKS5 with one (CP-037)', async () => {
  const proxy = await newProxy({
    ...dedicated(acme),
    'servers.proxy.http.enableProxyAuthorization': false,
    'landbridge.acceptConnectivityBindings': true,
  })
  assert.equal((await proxy.get()).status, 200)
  assert.notEqual(await socksAuthentication(proxy.socks5Port, ''), 0)
  assert.equal(await socksAuthentication(proxy.socks5Port, await cloud.token(acme.connectivity)), 0)
})

test('where nobody is asked for a token, Proxy-Authorization is not looked at and goes no further (CP-055)', async () => {
  const proxy = await newProxy({ ...dedicated(acme), ...trusted })
  assert.equal((await proxy.get(bearer('rubbish'))).status, 200)
  assert.equal(acmeErp.seen.at(-1)?.headers['proxy-authorization'], undefined)
})

test('Basic with the token as user name is as good as Bearer (CP-050)', async () => {
  const proxy = await newProxy({ tenantMode: 'shared', 'landbridge.acceptConnectivityBindings': true })
  const basic = Buffer.from(`${await cloud.token(acme.connectivity)}:`).toString('base64')
  assert.equal((await proxy.get({ 'proxy-authorization': `Basic ${basic}` })).text, 'erp of acme')
})

test('a refused token is answered with challenge and reason, and appears in no answer, log line or backend request (CP-053, CP-054)', async () => {
  const proxy = await newProxy({ tenantMode: 'shared', ...allowed(acme.connectivity) })
  const refused = await cloud.token(umbra.connectivity)
  const answer = await proxy.get(bearer(refused))
  assert.equal(answer.status, 407)
  assert.match(String(answer.headers['proxy-authenticate']), /^Bearer realm=/)
  assert.match(answer.text, /OAuth client/)
  assert.equal(answer.text.includes(refused), false)
  const accepted = await cloud.token(acme.connectivity)
  assert.equal((await proxy.get(bearer(accepted))).status, 200)
  const { headers } = acmeErp.seen.at(-1)!
  assert.equal(headers['proxy-authorization'], undefined)
  for (const token of [refused, accepted])
    for (const line of proxy.logged) assert.equal(line.includes(token.split('.')[2]!), false, line.slice(0, 60))
})

test('the tenant of a user token decides where the proxy is that of the cloud, within subscriptions only (CONN-077, CONN-078)', async () => {
  const provider = await cloud.newTenant()
  const proxy = await startProxy(cloud, {
    pairedBy: paired,
    settings: { tenantMode: 'shared', 'landbridge.acceptConnectivityBindings': true },
    userTokenNamesTenant: true,
  })
  started.push(proxy)
  const { subscriptions } = cloud.service
  const { xsappname } = provider.xsuaa.instance
  await subscriptions.subscribe(acme.subaccount.id, xsappname)
  await subscriptions.subscribe(umbra.subaccount.id, xsappname)
  const users = {
    acme: await cloud.userToken(provider.xsuaa, acme),
    umbra: await cloud.userToken(provider.xsuaa, umbra),
  }
  const call = (token: string, user: string) =>
    proxy.get({ ...bearer(token), 'sap-connectivity-authentication': `Bearer ${user}` })
  const own = await cloud.token(provider.connectivity)
  assert.equal((await call(own, users.acme)).text, 'erp of acme')
  assert.equal((await call(own, users.umbra)).text, 'erp of umbra')
  const forAcme = await cloud.token(provider.connectivity, acme.subaccount)
  assert.equal((await call(forAcme, users.acme)).text, 'erp of acme')
  assert.equal((await proxy.get(bearer(forAcme))).text, 'erp of acme', 'without a user the proxy token decides')
  for (const token of [forAcme, await cloud.token(acme.connectivity)]) {
    const mixed = await call(token, users.umbra)
    assert.deepEqual([mixed.status, mixed.error], [403, 'USER_TENANT_MISMATCH'])
  }
})
