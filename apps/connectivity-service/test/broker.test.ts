import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { instanceLevel, subaccountLevel } from '@landbridge/destinations'
import type { Answer } from './https-call.ts'
import { basic, brokerUser, newTenant, type Platform, startPlatform } from './platform.ts'

let platform: Platform
before(async () => {
  platform = await startPlatform()
})
after(() => platform.close())

interface OsbCall {
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const headers = { 'x-broker-api-version': '2.17' }
const authorization = basic(brokerUser.name, brokerUser.password)

function osb(method: string, path: string, call: OsbCall = {}): Promise<Answer> {
  const query = call.query === undefined ? '' : `?${new URLSearchParams(call.query)}`
  return platform.region({
    method,
    path: `${path}${query}`,
    authorization,
    headers: { ...headers, ...call.headers },
    ...(call.body === undefined ? {} : { body: call.body }),
  })
}

interface Catalog {
  services: { id: string; name: string; bindable: boolean; plans: { id: string; name: string; free: boolean }[] }[]
}

async function plan(service: string, name?: string): Promise<{ service_id: string; plan_id: string }> {
  const { services } = (await osb('GET', '/v2/catalog')).json as unknown as Catalog
  const found = services.find((offered) => offered.name === service)!
  const chosen = found.plans.find((offered) => name === undefined || offered.name === name)!
  return { service_id: found.id, plan_id: chosen.id }
}

/** The body of a provision request for an instance in a new subaccount. */
async function order(
  service: string,
  parameters?: object,
): Promise<{ subaccountId: string; body: object; path: string }> {
  const { subaccount } = await newTenant(platform)
  const body = {
    ...(await plan(service)),
    organization_guid: randomUUID(),
    space_guid: randomUUID(),
    context: { platform: 'sapcp', subaccount_id: subaccount.id, instance_name: 'mine' },
    ...(parameters === undefined ? {} : { parameters }),
  }
  return { subaccountId: subaccount.id, body, path: `/v2/service_instances/${randomUUID()}` }
}

const destination = {
  Name: 'erp',
  Type: 'HTTP',
  URL: 'http://erp.virtual:443',
  ProxyType: 'OnPremise',
  Authentication: 'PrincipalPropagation',
}

test('the catalog offers the six services with IDs that never come twice', async () => {
  const { status, json } = await osb('GET', '/v2/catalog')
  assert.equal(status, 200)
  const { services } = json as unknown as Catalog
  assert.deepEqual(services.map(({ name }) => name).sort(), [
    'connectivity',
    'connectivity_proxy',
    'destination',
    'identity',
    'provisioning',
    'xsuaa',
  ])
  const ids = services.flatMap((service) => [service.id, ...service.plans.map(({ id }) => id)])
  assert.equal(new Set(ids).size, ids.length)
  for (const id of ids) assert.match(id, /^[0-9a-f-]{36}$/)
  assert.ok(services.every((service) => service.bindable && service.plans.every(({ free }) => free)))
})

test('the broker asks for its user and for a version that it speaks', async () => {
  const path = '/v2/catalog'
  const wrong = [undefined, basic('platform', 'x'), basic('other', brokerUser.password), 'Bearer abc', 'Basic !']
  for (const given of wrong) {
    const refused = await platform.region({ path, headers, ...(given === undefined ? {} : { authorization: given }) })
    assert.equal(refused.status, 401, String(given))
    assert.match(String(refused.headers['www-authenticate']), /^Basic realm=/)
    assert.equal(typeof refused.json.description, 'string')
  }
  for (const version of [undefined, '1.9', '3.0', '2', 'two'])
    assert.equal(
      (
        await platform.region({
          path,
          authorization,
          ...(version === undefined ? {} : { headers: { 'x-broker-api-version': version } }),
        })
      ).status,
      412,
      String(version),
    )
  const identity = { 'x-broker-api-request-identity': 'e26cee84-6b38-4456-b34e-d1a9f002c956' }
  const answer = await osb('GET', path, { headers: identity })
  assert.equal(answer.headers['x-broker-api-request-identity'], identity['x-broker-api-request-identity'])
})

test('an instance is provisioned, read, updated, bound, unbound and removed', async () => {
  const { path, body, subaccountId } = await order('destination', { HTML5Runtime_enabled: 'true' })
  const ids = await plan('destination')
  const created = await osb('PUT', path, { body })
  assert.deepEqual([created.status, created.json], [201, {}])
  assert.deepEqual((await osb('GET', path)).json, { ...ids, parameters: { HTML5Runtime_enabled: true } })
  assert.deepEqual((await osb('GET', `${path}/last_operation`)).json, { state: 'succeeded' })
  const updated = await osb('PATCH', path, { body: { ...ids, parameters: { HTML5Runtime_enabled: false } } })
  assert.deepEqual([updated.status, updated.json], [200, {}])
  assert.deepEqual((await osb('GET', path)).json.parameters, { HTML5Runtime_enabled: false })
  const [instance] = await platform.service.registry.listInstances(subaccountId)
  assert.equal(instance?.name, 'mine')
  const shown = await platform.operator({ path: `/api/v1/serviceInstances/${instance.id}` })
  assert.equal('requestDigest' in shown.json, false)

  const binding = `${path}/service_bindings/${randomUUID()}`
  const bound = await osb('PUT', binding, { body: ids })
  assert.equal(bound.status, 201)
  assert.equal(bound.headers['cache-control'], 'no-store')
  const credentials = bound.json.credentials as Record<string, unknown>
  assert.equal(credentials.uri, 'http://destination.example.test')
  assert.equal(credentials.instanceid, path.split('/').at(-1))
  assert.deepEqual((await osb('GET', binding)).json, bound.json)
  assert.deepEqual((await osb('GET', `${binding}/last_operation`)).json, { state: 'succeeded' })
  assert.equal((await osb('DELETE', path, { query: ids })).status, 409)
  assert.deepEqual((await osb('DELETE', binding, { query: ids })).json, {})
  for (const gone of [await osb('DELETE', binding, { query: ids }), await osb('GET', `${binding}/last_operation`)])
    assert.deepEqual([gone.status, gone.json], [410, {}])
  assert.equal((await osb('GET', binding)).status, 404)
  const removed = await osb('DELETE', path, { query: ids, headers: { 'content-type': 'application/json' } })
  assert.deepEqual([removed.status, removed.json], [200, {}])
  for (const gone of [await osb('DELETE', path, { query: ids }), await osb('GET', `${path}/last_operation`)])
    assert.deepEqual([gone.status, gone.json], [410, {}])
  assert.equal((await osb('GET', path)).status, 404)
})

test('a repeated request is answered with 200, another one for the same ID with 409', async () => {
  const { path, body } = await order('xsuaa', { xsappname: 'shop' })
  assert.equal((await osb('PUT', path, { body })).status, 201)
  assert.equal((await osb('PUT', path, { body })).status, 200)
  const reordered = Object.fromEntries(Object.entries(body).reverse())
  assert.equal((await osb('PUT', path, { body: reordered })).status, 200)
  const other = await osb('PUT', path, { body: { ...body, parameters: { xsappname: 'market' } } })
  assert.equal(other.status, 409)
  assert.equal(typeof other.json.description, 'string')
  const ids = await plan('xsuaa')
  const binding = `${path}/service_bindings/${randomUUID()}`
  const first = await osb('PUT', binding, { body: ids })
  const again = await osb('PUT', binding, { body: ids })
  assert.deepEqual([first.status, again.status], [201, 200])
  assert.deepEqual(again.json, first.json)
  const changed = { ...ids, parameters: { xsuaa: { 'credential-type': 'x509' } } }
  assert.equal((await osb('PUT', binding, { body: changed })).status, 409)
})

test('requests for the same instance at the same time make one instance, and the others wait or see it', async () => {
  const { path, body, subaccountId } = await order('destination')
  const answers = await Promise.all([1, 2, 3, 4].map(() => osb('PUT', path, { body })))
  assert.equal(answers.filter(({ status }) => status === 201).length, 1)
  for (const { status, json } of answers)
    if (status === 422) assert.equal(json.error, 'ConcurrencyError')
    else assert.ok(status === 200 || status === 201, String(status))
  assert.equal((await platform.service.registry.listInstances(subaccountId)).length, 1)
})

test('an X.509 binding has certificate and key and no secret, a self-managed one no key either (CONN-016, CONN-017, CONN-018, DEST-231)', async () => {
  const { path, body } = await order('destination')
  await osb('PUT', path, { body })
  const ids = await plan('destination')
  const bind = async (parameters?: object) => {
    const order = { ...ids, ...(parameters === undefined ? {} : { parameters }) }
    const answer = await osb('PUT', `${path}/service_bindings/${randomUUID()}`, { body: order })
    return { ...answer, credentials: answer.json.credentials as Record<string, string> }
  }
  const plain = (await bind()).credentials
  assert.deepEqual([plain['credential-type'], plain.certificate, plain.key], ['binding-secret', undefined, undefined])
  assert.ok((plain.clientsecret ?? '').length > 20)
  const managed = (await bind({ xsuaa: { 'credential-type': 'x509', x509: { validity: 2 } }, other: 1 })).credentials
  assert.deepEqual([managed['credential-type'], managed.clientsecret], ['x509', undefined])
  assert.match(managed.certificate ?? '', /BEGIN CERTIFICATE/)
  assert.match(managed.key ?? '', /PRIVATE KEY/)
  assert.ok(managed.certurl)
  const own = { 'credential-type': 'x509', x509: { certificate: managed.certificate } }
  const selfManaged = (await bind({ xsuaa: own })).credentials
  assert.deepEqual([selfManaged.key, selfManaged.clientsecret], [undefined, undefined])
  const shared = { xsuaa: { 'credential-type': 'instance-secret' } }
  const pair = [(await bind(shared)).credentials, (await bind(shared)).credentials]
  assert.equal(pair[0]?.['credential-type'], 'instance-secret')
  assert.deepEqual([pair[0]?.clientid, pair[0]?.clientsecret], [pair[1]?.clientid, pair[1]?.clientsecret])
  const wrong = await bind({ xsuaa: { 'credential-type': 'magic' } })
  assert.equal(wrong.status, 400)
  assert.match(String(wrong.json.description), /parameters\.xsuaa\.credential-type/)
})

test('init_data of a new instance fills both levels, and goes with the instance (CONN-022)', async () => {
  const init_data = {
    subaccount: { destinations: [{ ...destination, Name: 'shared' }] },
    instance: { destinations: [destination] },
  }
  const { path, body, subaccountId } = await order('destination', { HTML5Runtime_enabled: true, init_data })
  assert.equal((await osb('PUT', path, { body })).status, 201)
  const instanceId = path.split('/').at(-1) ?? ''
  const levels = {
    subaccount: subaccountLevel({ subaccountId }),
    instance: instanceLevel({ subaccountId, instanceId, instanceSubaccountId: subaccountId }),
  }
  assert.deepEqual((await platform.destinations.find(levels.instance, 'erp'))?.properties, destination)
  assert.deepEqual((await osb('GET', path)).json.parameters, { HTML5Runtime_enabled: true })

  const ids = await plan('destination')
  const change = { init_data: { instance: { destinations: [{ ...destination, Name: 'more' }] } } }
  assert.equal((await osb('PATCH', path, { body: { ...ids, parameters: change } })).status, 200)
  assert.deepEqual(
    (await platform.destinations.list(levels.instance)).map((one) => one.name),
    ['erp', 'more'],
  )
  assert.equal((await osb('PATCH', path, { body: { ...ids, parameters: change } })).status, 400)

  assert.equal((await osb('DELETE', path, { query: ids })).status, 200)
  assert.deepEqual(await platform.destinations.list(levels.instance), [])
  assert.equal((await platform.destinations.list(levels.subaccount)).length, 1)
  await platform.operator({ method: 'DELETE', path: `/api/v1/subaccounts/${subaccountId}` })
  assert.deepEqual(await platform.destinations.list(levels.subaccount), [])
})

test('init_data that fails leaves no instance, with the text that the guide prints (CONN-029, CONN-030, DEST-228)', async () => {
  const twice = { subaccount: { destinations: [destination] }, instance: { destinations: [destination, destination] } }
  const { path, body, subaccountId } = await order('destination', { init_data: twice })
  const failed = await osb('PUT', path, { body })
  assert.equal(failed.status, 400)
  assert.equal(
    failed.json.description,
    'Failed to create all provided configurations. Will delete all on instance level, for configurations on subaccount level you can set policies to handle duplicates: "existing_destinations_policy" with value "update|fail|ignore" and "existing_certificates_policy" with value "fail|ignore".',
  )
  assert.deepEqual(failed.json.problems, ['init_data.instance.destinations[1] (erp): the name exists on this level'])
  assert.equal((await osb('GET', path)).status, 404)
  assert.deepEqual(await platform.destinations.list(subaccountLevel({ subaccountId })), [])
  const fixed = { instance: { existing_destinations_policy: 'update', destinations: [destination, destination] } }
  assert.equal((await osb('PUT', path, { body: { ...body, parameters: { init_data: fixed } } })).status, 201)
})

test('what an order lacks is named, and a mix-up removes nothing', async () => {
  const { path, body } = await order('destination')
  const refused = async (change: object, field: RegExp) => {
    const answer = await osb('PUT', path, { body: { ...body, ...change } })
    assert.equal(answer.status, 400)
    assert.match(String(answer.json.description), field)
  }
  await refused({ service_id: 'none' }, /service_id/)
  await refused({ service_id: undefined }, /service_id/)
  await refused({ plan_id: 'none' }, /plan_id/)
  await refused({ context: {} }, /organization_guid/)
  await refused({ context: { subaccount_id: 'demo' } }, /context\.subaccount_id/)
  await refused({ parameters: { HTML5Runtime_enabled: 'yes' } }, /HTML5Runtime_enabled/)
  const odd = await osb('PUT', '/v2/service_instances/a%20b', { body })
  assert.match(String(odd.json.description), /instance_id/)
  assert.equal((await osb('PUT', path, { body })).status, 201)
  const other = await plan('xsuaa')
  assert.equal((await osb('DELETE', path, { query: other })).status, 400)
  assert.equal((await osb('DELETE', path)).status, 400)
  assert.equal((await osb('PUT', `${path}/service_bindings/b1`, { body: other })).status, 400)
  assert.equal((await osb('PATCH', path, { body: { ...(await plan('destination')), plan_id: 'x' } })).status, 400)
  assert.equal((await osb('GET', path)).status, 200)
})

test('the address below a subaccount needs no context and shows no other subaccount', async () => {
  const { body, subaccountId, path } = await order('destination')
  const other = await newTenant(platform)
  const { context: _unknown, ...kubernetes } = body as { context: unknown }
  const scoped = `/broker/${subaccountId}${path}`
  assert.equal((await osb('PUT', scoped, { body: kubernetes })).status, 201)
  assert.equal((await osb('GET', scoped)).status, 200)
  const foreign = `/broker/${other.subaccount.id}${path}`
  assert.equal((await osb('GET', foreign)).status, 404)
  assert.equal((await osb('DELETE', foreign, { query: await plan('destination') })).status, 410)
  const unknown = await osb('PUT', `/broker/${randomUUID()}${path}`, { body: kubernetes })
  assert.equal(unknown.status, 400)
})

test('names that a platform uses in two spaces do not collide', async () => {
  const { body, subaccountId } = await order('destination')
  const context = { platform: 'cloudfoundry', subaccount_id: subaccountId, instance_name: 'same' }
  const ids = [randomUUID(), randomUUID()]
  for (const id of ids)
    assert.equal((await osb('PUT', `/v2/service_instances/${id}`, { body: { ...body, context } })).status, 201)
  const names = (await platform.service.registry.listInstances(subaccountId)).map(({ name }) => name)
  assert.deepEqual(names.sort(), ['same', ids[1] ?? ''].sort())
})

test('a proxy ordered here serves its own subaccount only, and one for all subaccounts does not exist here', async () => {
  const { path, body, subaccountId } = await order('connectivity_proxy')
  assert.equal((await osb('PUT', path, { body })).status, 201)
  assert.deepEqual((await osb('GET', path)).json.parameters, { tenantMode: 'dedicated' })
  const ids = await plan('connectivity_proxy')
  const shared = { tenantMode: 'shared' }
  assert.equal((await osb('PATCH', path, { body: { ...ids, parameters: shared } })).status, 400)
  const another = `/v2/service_instances/${randomUUID()}`
  assert.equal((await osb('PUT', another, { body: { ...body, parameters: shared } })).status, 400)
  const { id } = await platform.service.registry.createInstance({
    subaccountId,
    service: 'connectivity_proxy',
    name: 'platform-wide',
  })
  assert.equal((await osb('GET', `/v2/service_instances/${id}`)).status, 404)
  const bind = await osb('PUT', `/v2/service_instances/${id}/service_bindings/b`, { body: ids })
  assert.equal(bind.status, 404)
})

test('an instance of the operator is updated through the broker, with and without parameters (PLAT-009)', async () => {
  const { subaccount } = await newTenant(platform)
  const { json } = await platform.operator({
    path: `/api/v1/subaccounts/${subaccount.id}/serviceInstances`,
    body: { service: 'destination', name: 'by-hand', parameters: { HTML5Runtime_enabled: true } },
  })
  const path = `/v2/service_instances/${String(json.id)}`
  const ids = await plan('destination')
  assert.equal((await osb('PATCH', path, { body: ids })).status, 200)
  assert.equal((await osb('PATCH', path, { body: { ...ids, parameters: { colour: 1 } } })).status, 200)
  assert.deepEqual((await osb('GET', path)).json.parameters, { HTML5Runtime_enabled: true, colour: 1 })
})

test('nothing that an order or a binding keeps secret is readable in the database', async () => {
  const secret = 'planted-secret-of-an-order'
  const entry = { ...destination, Authentication: 'BasicAuthentication', User: 'u', Password: secret }
  const { path, body } = await order('destination', { init_data: { instance: { destinations: [entry] } } })
  assert.equal((await osb('PUT', path, { body })).status, 201)
  const bound = await osb('PUT', `${path}/service_bindings/${randomUUID()}`, { body: await plan('destination') })
  const { clientsecret } = bound.json.credentials as { clientsecret: string }
  const { db } = platform.store
  const rows = JSON.stringify([
    await db.selectFrom('service_instance').selectAll().execute(),
    await db.selectFrom('service_binding').selectAll().execute(),
    await db
      .selectFrom('destination' as never)
      .selectAll()
      .execute(),
  ])
  assert.ok(rows.includes('request_digest'))
  for (const planted of [secret, clientsecret]) assert.ok(!rows.includes(planted))
})
