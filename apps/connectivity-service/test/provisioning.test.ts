import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, beforeEach, test } from 'node:test'
import type { Subaccount } from '@landbridge/registry'
import fc, { runs } from '@landbridge/testkit/properties'
import { newBinding, newTenant, type Platform, startPlatform } from './platform.ts'

interface Seen {
  readonly call: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

type Reply = { readonly status?: number; readonly body?: string; readonly hang?: boolean; readonly location?: string }

const descriptor = {
  'tenant-mode': 'shared',
  'role-templates': [
    { name: 'MultitenancyCallbackRoleTemplate', description: '', 'scope-references': ['$XSAPPNAME.Callback'] },
  ],
  scopes: [
    {
      name: '$XSAPPNAME.Callback',
      'grant-as-authority-to-apps': ['$XSAPPNAME(application,sap-provisioning,tenant-onboarding)'],
    },
    { name: '$XSAPPNAME.access' },
    {
      name: 'other!t9.Admin',
      'grant-as-authority-to-apps': ['$XSAPPNAME(application,sap-provisioning,tenant-onboarding)'],
    },
  ],
}

let platform: Platform
let application: Server
let origin: string
let provider: Subaccount
let subscriber: Subaccount
let xsappname: string
let provisioning: string
/** What the application answers, by method. */
let replies: Readonly<Record<string, Reply>> = {}
let seen: Seen[] = []
let names = 0

before(async () => {
  platform = await startPlatform({ config: { applicationCallbackMs: 3_000 } })
  application = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    seen.push({ call: `${method} ${url}`, headers, body: await text(request) })
    const { status = 200, body = '', hang = false, location } = replies[method] ?? {}
    if (hang) return
    response.writeHead(status, location === undefined ? {} : { location }).end(body)
  })
  await once(application.listen(0, '127.0.0.1'), 'listening')
  origin = `http://127.0.0.1:${(application.address() as AddressInfo).port}`
})
after(async () => {
  application.closeAllConnections()
  application.close()
  await platform.close()
})

beforeEach(async () => {
  replies = { GET: { body: '[]' }, PUT: { body: 'https://tenant.shop.example/\n' } }
  seen = []
  const [one, two] = [await newTenant(platform), await newTenant(platform)]
  provider = one.subaccount
  subscriber = two.subaccount
  names += 1
  const app = await newBinding(platform, provider.id, 'xsuaa', { xsappname: `shop${names}`, ...descriptor })
  xsappname = app.instance.xsappname
  provisioning = (await newProvisioning()).json.id as string
})

const parameters = () => ({
  xsappname: `shop${names}`,
  appName: 'Shop',
  appUrls: { getDependencies: `${origin}/dependencies`, onSubscription: `${origin}/tenants/{tenantId}` },
})
const newProvisioning = (given: object = parameters(), service = 'provisioning') =>
  platform.operator({
    path: `/api/v1/subaccounts/${provider.id}/serviceInstances`,
    body: { service, plan: 'application', name: `saas-${++names}`, parameters: given },
  })
const subscriptions = () => `/api/v1/subaccounts/${subscriber.id}/subscriptions`
const subscribe = () => platform.operator({ path: subscriptions(), body: { xsappname } })
const unsubscribe = () =>
  platform.operator({ method: 'DELETE', path: `${subscriptions()}/${encodeURIComponent(xsappname)}` })
const listed = async () => (await platform.operator({ path: subscriptions() })).json as unknown as readonly object[]

test('a subscription asks the application for its dependencies, then tells it about the subscriber, and shows the address that it answers (RFC-025, RFC-125, RFC-126, RFC-128, RFC-130, RFC-131, RFC-136)', async () => {
  replies = { ...replies, GET: { body: JSON.stringify([{ appName: 'connectivity', appId: 'connectivity!b1' }]) } }
  const created = await subscribe()
  assert.equal(created.status, 201, created.text)
  assert.equal(created.json.url, 'https://tenant.shop.example/')
  assert.equal(created.json.state, 'subscribed')
  assert.deepEqual(created.json.dependencies, ['connectivity!b1'])
  assert.deepEqual(
    seen.map(({ call }) => call),
    ['GET /dependencies', `PUT /tenants/${subscriber.id}`],
  )
  for (const { headers } of seen)
    assert.deepEqual(scopesOf(headers), [`${xsappname}.Callback`], 'a scope of somebody else is not shown')
  assert.equal(seen[1]?.headers['content-type'], 'application/json')
  assert.deepEqual(JSON.parse(seen[1]?.body ?? ''), {
    subscriptionAppName: 'Shop',
    subscriptionAppId: xsappname,
    subscribedTenantId: subscriber.id,
    subscribedSubaccountId: subscriber.id,
    subscribedSubdomain: subscriber.subdomain,
    subscriptionAppPlan: 'default',
    subscriptionAppAmount: 1,
    dependantServiceInstanceAppIds: ['connectivity!b1'],
    additionalInformation: {},
  })
  const again = await subscribe()
  assert.deepEqual([again.status, again.json], [200, created.json])
  assert.equal(seen.length, 4)
  assert.deepEqual(await listed(), [created.json])
})

test('an application that refuses leaves a failed subscription with its status, and the subscription can be repeated (RFC-129, RFC-132)', async () => {
  const refusals: readonly [Readonly<Record<string, Reply>>, object, RegExp][] = [
    [{ GET: { status: 403 } }, { callback: 'getDependencies', status: 403 }, /expected status 200/],
    [{ GET: { body: '<html>' } }, { callback: 'getDependencies', status: 200 }, /not JSON/],
    [{ GET: { body: '{}' } }, { callback: 'getDependencies', status: 200 }, /not a list/],
    [{ GET: { body: '[{"appName":"x"}]' } }, { callback: 'getDependencies', status: 200 }, /no "appId"/],
    [{ GET: { body: 'x'.repeat(70_000) } }, { callback: 'getDependencies' }, /more than 65536 bytes/],
    [{ GET: { body: '[]' }, PUT: { status: 500 } }, { callback: 'onSubscription', status: 500 }, /expected status/],
    [
      { GET: { status: 302, location: `${origin}/elsewhere` } },
      { callback: 'getDependencies', status: 302 },
      /expected status/,
    ],
    [{ GET: { body: '[]' }, PUT: { hang: true } }, { callback: 'onSubscription' }, /no answer within 3000 ms/],
  ]
  for (const [answers, expected, reason] of refusals) {
    replies = answers
    const refused = await subscribe()
    assert.equal(refused.status, 502, refused.text)
    assert.equal(refused.json.code, 'SUBSCRIPTION_CALLBACK_FAILED')
    assert.match(String(refused.json.remedy), /grant the scope Callback/)
    const [entry, ...more] = await listed()
    const { state, failure } = entry as { state: string; failure: { reason: string } }
    assert.deepEqual([state, more.length], ['subscribe-failed', 0])
    assert.match(failure.reason, reason)
    assert.deepEqual({ ...failure, reason: '' }, { ...expected, reason: '' })
  }
  assert.ok(!seen.some(({ call }) => call.includes('elsewhere')))
  replies = { GET: { body: '[]' }, PUT: { body: 'no address' } }
  const repaired = await subscribe()
  assert.deepEqual([repaired.status, repaired.json.state, repaired.json.url], [201, 'subscribed', undefined])
  assert.equal(repaired.json.failure, undefined)
  replies = { GET: { status: 500 } }
  assert.equal((await subscribe()).status, 502)
  assert.deepEqual(await listed(), [repaired.json], 'a subscriber stays one when only the repetition failed')
})

test('an application that does not listen is told as such', async () => {
  const body = { parameters: { appUrls: { getDependencies: 'http://127.0.0.1:1/', onSubscription: `${origin}/` } } }
  const changed = await platform.operator({ method: 'PATCH', path: `/api/v1/serviceInstances/${provisioning}`, body })
  assert.equal(changed.status, 200, changed.text)
  const refused = await subscribe()
  assert.equal(refused.json.callback, 'getDependencies')
  assert.match(String(refused.json.reason), /no answer: ECONNREFUSED/)
})

test('who leaves is let go by the application first: done, unknown and not supported end the subscription, anything else may be repeated (RFC-135)', async () => {
  for (const status of [200, 204, 404, 405, 501]) {
    replies = { GET: { body: '[]' }, DELETE: { status } }
    assert.equal((await subscribe()).status, 201)
    assert.equal((await unsubscribe()).status, 204)
    assert.equal(seen.at(-1)?.call, `DELETE /tenants/${subscriber.id}`)
    assert.deepEqual(scopesOf(seen.at(-1)!.headers), [`${xsappname}.Callback`])
    assert.deepEqual(await listed(), [])
  }
  assert.equal((await subscribe()).status, 201)
  for (const status of [500, 403]) {
    replies = { DELETE: { status } }
    assert.equal((await unsubscribe()).json.callbackStatus, status)
    assert.deepEqual(
      (await listed()).map((entry) => (entry as { state: string }).state),
      ['unsubscribe-failed'],
    )
  }
  replies = {}
  assert.equal((await unsubscribe()).status, 204)
  assert.equal((await unsubscribe()).json.code, 'SUBSCRIPTION_UNKNOWN')
})

test('two changes of one subscription do not cross (RFC-136)', async () => {
  replies = { GET: { hang: true } }
  const asked = once(application, 'request')
  const first = subscribe()
  const [, hanging] = await asked
  const second = await subscribe()
  assert.deepEqual([second.status, second.json.code], [409, 'SUBSCRIPTION_BUSY'])
  hanging.writeHead(500).end()
  assert.equal((await first).status, 502)
})

test('without its provisioning instance an application can be left without being asked', async () => {
  assert.equal((await subscribe()).status, 201)
  const path = `/api/v1/serviceInstances/${provisioning}`
  assert.equal((await platform.operator({ method: 'DELETE', path })).status, 204)
  const before = seen.length
  assert.equal((await unsubscribe()).status, 204)
  assert.equal(seen.length, before)
})

test('parameters that are missing, unknown or not safe to call are refused by name (RFC-125)', async () => {
  const { appUrls, ...rest } = parameters()
  const good = { ...rest, xsappname, appUrls }
  const wrong: readonly [object, string][] = [
    [{ ...good, xsappname: undefined }, 'xsappname'],
    [{ ...good, xsappname: 'nothing' }, 'xsappname'],
    [{ ...good, appName: '' }, 'appName'],
    [{ ...good, appUrls: undefined }, 'appUrls'],
    [{ ...good, appUrls: { ...appUrls, getDependencies: undefined } }, 'appUrls.getDependencies'],
    [{ ...good, appUrls: { ...appUrls, onSubscription: 'ftp://x/' } }, 'appUrls.onSubscription'],
    [{ ...good, appUrls: { ...appUrls, onSubscription: 'http://u:p@x/' } }, 'appUrls.onSubscription'],
    [good, 'xsappname'],
  ]
  for (const [given, field] of wrong) {
    const refused = await newProvisioning(given, 'saas-registry')
    assert.deepEqual([refused.status, refused.json.field], [400, `parameters.${field}`], refused.text)
  }
})

test('any answer of an application ends in a subscription or in a failed one', async () => {
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    fc.array(fc.record({ appId: fc.string() })).map((l) => JSON.stringify(l)),
  )
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 200, max: 599 }), body, body, async (status, first, second) => {
      replies = { GET: { body: first }, PUT: { status: [204, 205, 304].includes(status) ? 200 : status, body: second } }
      const answer = await subscribe()
      assert.ok([200, 201, 502].includes(answer.status), answer.text)
      const [entry] = (await listed()) as readonly { state: string; url?: string }[]
      if (answer.status !== 502) assert.equal(entry?.state, 'subscribed')
      if (entry?.url !== undefined) assert.match(entry.url, /^https?:/i)
    }),
    runs(60),
  )
})

function scopesOf({ authorization = '' }: IncomingHttpHeaders): unknown {
  return JSON.parse(Buffer.from(authorization.replace('Bearer ', ''), 'base64url').toString())
}
