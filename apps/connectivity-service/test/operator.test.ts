import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { newBinding, newTenant, operatorSecret, type Platform, startPlatform } from './platform.ts'
import { ConnectorLink, pair } from './test-connector.ts'

let platform: Platform
before(async () => {
  platform = await startPlatform()
})
after(() => platform.close())

type Row = Record<string, unknown>

test('a landscape is set up over REST: subaccount, instance, binding with credentials, environment (CONN-001, CONN-012, CONN-014)', async () => {
  const { operator } = platform
  const created = await operator({ path: '/api/v1/subaccounts', body: { subdomain: 'demo', displayName: 'Demo' } })
  assert.equal(created.status, 201)
  const path = `/api/v1/subaccounts/${String(created.json.id)}`
  assert.equal(created.headers.location, path)
  const instance = await operator({
    path: `${path}/serviceInstances`,
    body: { service: 'connectivity', plan: 'lite', name: 'conn' },
  })
  assert.equal(instance.status, 201)
  const binding = await operator({
    path: `/api/v1/serviceInstances/${String(instance.json.id)}/bindings`,
    body: { name: 'key' },
  })
  assert.equal(binding.status, 201)
  assert.equal(binding.headers['cache-control'], 'no-store')
  const credentials = binding.json.credentials as Row
  assert.equal(credentials.onpremise_proxy_http_port, '20003')
  assert.equal(credentials.token_service_url, 'https://demo.uaa.example.test')
  const again = await operator({ path: String(binding.headers.location) })
  assert.deepEqual(again.json, binding.json)
  const vcap = await operator({ path: `${path}/vcapServices` })
  assert.deepEqual((vcap.json.connectivity as Row[])[0]?.credentials, credentials)
  const listed = await operator({ path: `/api/v1/serviceInstances/${String(instance.json.id)}/bindings` })
  assert.equal(listed.text.includes(String(credentials.clientsecret)), false)
  assert.equal((await operator({ method: 'DELETE', path: String(binding.headers.location) })).status, 204)
  assert.equal((await operator({ path: String(binding.headers.location) })).json.code, 'BINDING_UNKNOWN')
})

test('a deleted subaccount takes its connectors with it', async () => {
  const tenant = await newTenant(platform)
  const connector = await pair(platform, tenant)
  const link = await ConnectorLink.open(platform, connector)
  await link.next()
  const path = `/api/v1/subaccounts/${tenant.subaccount.id}`
  assert.equal((await platform.operator({ method: 'DELETE', path })).status, 204)
  assert.equal((await link.next()).type, 'revoked')
  await link.closed
  assert.equal((await platform.operator({ path })).status, 404)
  const again = await ConnectorLink.open(platform, connector)
  assert.equal((await again.next()).code, 'CONNECTOR_CERTIFICATE_REVOKED')
  await again.closed
})

test('a tenant subscribes to an application of another, sees it, repeats it without effect and unsubscribes (CONN-042, RFC-136)', async () => {
  const { operator } = platform
  const [provider, subscriber] = [await newTenant(platform), await newTenant(platform)]
  const { instance } = await newBinding(platform, provider.subaccount.id, 'xsuaa', { xsappname: 'team/shop' })
  const path = `/api/v1/subaccounts/${subscriber.subaccount.id}/subscriptions`
  const created = await operator({ path, body: { xsappname: instance.xsappname } })
  assert.equal(created.status, 201)
  assert.equal(created.json.providerSubaccountId, provider.subaccount.id)
  assert.equal(created.headers.location, `${path}/${encodeURIComponent(instance.xsappname)}`)
  assert.deepEqual((await operator({ path })).json, [created.json])
  const again = await operator({ path, body: { xsappname: instance.xsappname } })
  assert.deepEqual([again.status, again.json], [200, created.json])
  assert.equal((await operator({ path, body: { application: 'x' } })).json.code, 'REQUEST_INVALID')
  assert.equal((await platform.region({ path, body: { xsappname: instance.xsappname } })).status, 401)
  const location = String(created.headers.location)
  assert.equal((await operator({ method: 'DELETE', path: location })).status, 204)
  assert.equal((await operator({ method: 'DELETE', path: location })).json.code, 'SUBSCRIPTION_UNKNOWN')
  assert.deepEqual((await operator({ path })).json, [])
})

test('users are created, given roles and passwords, and deleted; passwords never come back', async () => {
  const { subaccount } = await newTenant(platform)
  const created = await platform.operator({
    path: `/api/v1/subaccounts/${subaccount.id}/users`,
    body: { userName: 'ann@example.test', password: 'password-1', givenName: 'Ann' },
  })
  assert.equal(created.status, 201)
  assert.equal(created.text.includes('password'), false)
  const path = `/api/v1/users/${String(created.json.id)}`
  const changed = await platform.operator({
    method: 'PATCH',
    path,
    body: { roleCollections: ['Subaccount Administrator'], password: 'password-2' },
  })
  assert.deepEqual(changed.json.roleCollections, ['Subaccount Administrator'])
  const unknown = await platform.operator({ method: 'PATCH', path, body: { roleCollections: ['Kings'] } })
  assert.equal(unknown.json.code, 'USER_INVALID')
  assert.equal((await platform.operator({ method: 'DELETE', path })).status, 204)
  assert.equal((await platform.operator({ path })).status, 404)
})

test('a custom role collection is enough to pair (SCC-055)', async () => {
  const { subaccount } = await newTenant(platform)
  const collections = `/api/v1/subaccounts/${subaccount.id}/roleCollections`
  const put = await platform.operator({
    method: 'PUT',
    path: `${collections}/Plumbers`,
    body: { roles: ['Cloud Connector Administrator'] },
  })
  assert.equal(put.status, 200)
  await platform.operator({
    path: `/api/v1/subaccounts/${subaccount.id}/users`,
    body: { userName: 'bob@example.test', password: 'password-1', roleCollections: ['Plumbers'] },
  })
  const basic = `Basic ${Buffer.from('bob@example.test:password-1').toString('base64')}`
  const connector = await pair(platform, { subaccount, basic })
  assert.match(connector.certificate.cert, /BEGIN CERTIFICATE/)
})

test('operator endpoints want the operator: no token, a wrong secret, another client are refused', async () => {
  const path = '/api/v1/subaccounts'
  assert.equal((await platform.region({ path })).status, 401)
  const wrong = await platform.region({ path, authorization: `Bearer ${operatorSecret}x` })
  assert.equal(wrong.json.code, 'OPERATOR_FORBIDDEN')
  assert.equal(wrong.text.includes(operatorSecret), false)
  const stranger = await platform.region({ path, authorization: `Bearer ${platform.tokenFor('sb-someone')}` })
  assert.equal(stranger.status, 403)
  const operator = await platform.region({ path, authorization: `Bearer ${platform.tokenFor('sb-operator')}` })
  assert.equal(operator.status, 200)
})

test('what does not exist is named in the answer', async () => {
  const { operator } = platform
  const id = randomUUID()
  for (const [path, code] of [
    [`/api/v1/subaccounts/${id}`, 'SUBACCOUNT_UNKNOWN'],
    ['/api/v1/subaccounts/demo', 'SUBACCOUNT_NOT_AN_ID'],
    [`/api/v1/serviceInstances/${id}`, 'INSTANCE_UNKNOWN'],
    [`/api/v1/bindings/${id}`, 'BINDING_UNKNOWN'],
    [`/api/v1/users/${id}`, 'USER_UNKNOWN'],
  ] as const)
    assert.equal((await operator({ path })).json.code, code)
  const revoke = (path: string) => operator({ path, body: { reason: 'test' } })
  assert.equal((await revoke(`/api/v1/connectors/${id}/revoke`)).json.code, 'CONNECTOR_UNKNOWN')
  const unknown = await revoke(`/api/v1/connectorCertificates/${'ab'.repeat(32)}/revoke`)
  assert.equal(unknown.json.code, 'CONNECTOR_CERTIFICATE_UNKNOWN')
})

test('the service says that it is alive and ready', async () => {
  assert.equal((await platform.region({ path: '/isAlive' })).status, 200)
  assert.equal((await platform.region({ path: '/health/ready' })).status, 200)
})

test('a change of a user that is refused in one part changes no other part', async () => {
  const { operator, service } = platform
  const user = await service.users.createUser({ userName: 'half@platform.test', password: 'first password' })
  const path = `/api/v1/users/${user.id}`
  const change = (body: object) => operator({ method: 'PATCH', path, body })
  const before = (await operator({ path })).json
  const refused = await change({ password: 'second password', roleCollections: ['No such collection'] })
  assert.equal(refused.json.code, 'USER_INVALID')
  const alsoRefused = await change({ password: '', roleCollections: ['Cloud Connector Administrator'] })
  assert.equal(alsoRefused.json.code, 'USER_INVALID')
  assert.deepEqual((await operator({ path })).json, before)
  assert.equal((await change({ password: 'third password', roleCollections: [] })).status, 200)
  assert.deepEqual((await operator({ path })).json.roleCollections, [])
})
