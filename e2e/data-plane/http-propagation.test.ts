import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock, systemClock } from '@landbridge/kernel'
import { mapping, startHttpBackend, TokenMint, type WireAnswer } from '@landbridge/testkit'
import type { Preface } from '@landbridge/tunnel'
import { get, type HttpSetup, httpSetup } from './http-setup.ts'

interface Propagation extends HttpSetup {
  /** Header lines that reached the backend with the last request, in lower case names. */
  readonly headers: Record<string, unknown>
}

/** A data plane with a backend that answers everything. */
async function propagation(options: Parameters<typeof httpSetup>[0] = {}): Promise<Propagation> {
  const headers: Record<string, unknown> = {}
  const system = await startHttpBackend((request, response) => {
    for (const name of Object.keys(headers)) delete headers[name]
    Object.assign(headers, request.headers)
    response.end('ok')
  })
  const setup = await httpSetup(options)
  setup.plane.connector.expose([mapping('vhost', system.port)])
  setup.plane.defer(() => system.close())
  return { ...setup, headers }
}

async function ask(setup: HttpSetup, ...lines: readonly string[]): Promise<WireAnswer> {
  const client = await setup.plane.client()
  client.send(get('http://vhost/', ...lines))
  const answer = await client.readAnswer()
  client.end()
  return answer
}

/** What the connector was told about a request that passed. */
async function told(setup: Propagation, ...lines: readonly string[]): Promise<Preface> {
  const before = setup.prefaces.length
  assert.equal((await ask(setup, ...lines)).status, 200)
  assert.equal(setup.prefaces.length, before + 1)
  const control = Object.keys(setup.headers).filter((name) => /^(sap-|proxy-)/.test(name))
  assert.deepEqual(control, [])
  return setup.prefaces.at(-1) as Preface
}

const user = (token: string): string => `SAP-Connectivity-Authentication: Bearer ${token}`
const technical = (token: string): string => `SAP-Connectivity-Technical-Authentication: Bearer ${token}`
const service = (token: string): string => `SAP-CP-Connectivity-Service-Token: ${token}`

test('a client-credentials token alone propagates no user, only the name of the client (CONN-065, CP-101)', async () => {
  await using setup = await propagation()
  assert.deepEqual(await told(setup, setup.auth), {
    kind: 1,
    virtualHost: 'vhost',
    virtualPort: 80,
    userToken: '',
    technicalToken: '',
    traceId: '',
    clientId: 'sb-client',
    receivedUser: null,
    receivedTechnical: null,
  })
})

test('a user token in Proxy-Authorization authorises the call and propagates its user (CONN-064, CP-099)', async () => {
  await using setup = await propagation()
  const token = await setup.plane.token({ userName: 'anna' })
  const preface = await told(setup, `Proxy-Authorization: Bearer ${token}`)
  assert.equal(preface.userToken, token)
  assert.equal(preface.technicalToken, '')
})

test('a user token beside a technical token is propagated, unread by the proxy and unseen by the backend (CONN-063, CP-096, CP-100)', async () => {
  await using setup = await propagation()
  const token = await setup.plane.token({ userName: 'anna' })
  assert.equal((await told(setup, setup.auth, user(token))).userToken, token)
  // The connector verifies it: whatever the caller sent arrives there.
  const expired = await setup.plane.token({ userName: 'anna', lifeSeconds: -120 })
  const foreign = await (await TokenMint.create(systemClock)).token({ userName: 'anna', issuer: 'https://ias.example' })
  for (const other of [expired, foreign, 'nonsense'])
    assert.equal((await told(setup, setup.auth, user(other))).userToken, other)
})

test('on one connection each request propagates its own user (CONN-063, RC-113)', async () => {
  await using setup = await propagation()
  const [anna, berta] = [await setup.plane.token({ userName: 'anna' }), await setup.plane.token({ userName: 'berta' })]
  const client = await setup.plane.client()
  for (const lines of [[user(anna)], [user(berta)], [user(berta)], [], [user(anna)]]) {
    client.send(get('http://vhost/', setup.auth, ...lines))
    assert.equal((await client.readAnswer()).status, 200)
  }
  assert.deepEqual(
    setup.prefaces.map((preface) => preface.userToken),
    [anna, berta, berta, '', anna],
  )
})

test('a technical user is propagated beside a client-credentials token, apart from business users (CONN-073)', async () => {
  await using setup = await propagation()
  const token = await setup.plane.token({ clientId: 'sb-technical' })
  const preface = await told(setup, setup.auth, technical(token))
  assert.equal(preface.technicalToken, token)
  assert.equal(preface.userToken, '')
})

test('user tokens of the client of the application and of the destination service are accepted (RC-118)', async () => {
  const policies = [{}, { userTokenNamesTenant: true }]
  for (const policy of policies) {
    await using setup = await propagation({ policy })
    for (const clientId of ['sb-application', 'sb-destination']) {
      const token = await setup.plane.token({ clientId, userName: 'anna' })
      assert.equal((await told(setup, setup.auth, user(token))).userToken, token)
    }
  }
})

test('a user token of a foreign issuer (IAS, OIDC) is forwarded, and does not authorise a call (CONN-067, CONN-068, CONN-069)', async () => {
  await using setup = await propagation({ policy: { userTokenNamesTenant: true } })
  const mint = await TokenMint.create(systemClock)
  const ias = await mint.token({ userName: 'anna', tenant: 'globex', issuer: 'https://acme.accounts.example' })
  assert.equal((await told(setup, setup.auth, user(ias))).userToken, ias)
  const refused = await ask(setup, `Proxy-Authorization: Bearer ${ias}`)
  assert.equal(refused.status, 407)
  assert.equal(refused.header('x-landbridge-error'), 'TOKEN_ISSUER')
})

test('users who take turns on a connection are each checked as on one of their own (CONN-063, CONN-066, CONN-078)', async () => {
  await using setup = await propagation({ policy: { userTokenNamesTenant: true, mayActFor: () => true } })
  const { plane } = setup
  const system = await startHttpBackend((_request, response) => response.end('globex'))
  plane.defer(() => system.close())
  await plane.connect({ subaccountId: 'globex', mappings: [mapping('vhost', system.port)] })
  const of = (tenant: string, userName: string) => plane.token({ tenant, userName })
  const [anna, berta, carla] = [await of('acme', 'anna'), await of('globex', 'berta'), await of('acme', 'carla')]
  const own = `Proxy-Authorization: Bearer ${await plane.token({ userName: 'dora' })}`
  const client = await plane.client()
  const send = async (...lines: readonly string[]): Promise<string> => {
    client.send(get('http://vhost/', ...lines))
    const answer = await client.readAnswer()
    return answer.status === 200 ? answer.body.toString() : String(answer.header('x-landbridge-error'))
  }
  for (const _round of [1, 2]) {
    assert.equal(await send(setup.auth, user(anna)), 'ok')
    assert.equal(await send(setup.auth, user(berta)), 'globex')
    assert.equal(await send(setup.auth, user(carla)), 'ok')
    assert.equal(await send(setup.auth), 'ok')
    assert.equal(await send(own), 'ok')
  }
  assert.equal(await send(own, user(anna)), 'USER_IN_TWO_HEADERS')
})

test('a connection that carried an empty user header takes no user from the next one unseen (CONN-066)', async () => {
  await using setup = await propagation()
  const own = `Proxy-Authorization: Bearer ${await setup.plane.token({ userName: 'dora' })}`
  const client = await setup.plane.client()
  client.send(get('http://vhost/', own, 'SAP-Connectivity-Authentication:'))
  assert.equal((await client.readAnswer()).status, 200)
  client.send(get('http://vhost/', own, user(await setup.plane.token({ userName: 'anna' }))))
  assert.equal((await client.readAnswer()).header('x-landbridge-error'), 'USER_IN_TWO_HEADERS')
})

const embedded = 'xs.system.attributes/ias-corporate-idp-token'

test('the token of a corporate identity provider inside a user token goes to the connector instead, with one header and with two (CONN-070, CONN-071, CP-104)', async () => {
  await using setup = await propagation({ policy: { embeddedTokenClaims: [embedded, 'plain'] } })
  const { plane } = setup
  const mint = await TokenMint.create(systemClock)
  const corporate = await mint.token({ userName: 'anna@corp.example', issuer: 'https://idp.corp.example' })
  const attributes = (value: unknown) => ({ 'xs.system.attributes': { 'ias-corporate-idp-token': value } })
  const outer = (claims: Readonly<Record<string, unknown>>) => plane.token({ userName: 'anna', claims })
  for (const claims of [attributes([corporate]), attributes(corporate), { plain: corporate }]) {
    const token = await outer(claims)
    assert.equal((await told(setup, `Proxy-Authorization: Bearer ${token}`)).userToken, corporate)
    // Once more over a connection of its own, when the token is known.
    assert.equal((await told(setup, `Proxy-Authorization: Bearer ${token}`)).userToken, corporate)
    assert.equal((await told(setup, setup.auth, user(token))).userToken, corporate)
  }
  // A foreign token may be the outer one too: the connector verifies what arrives.
  const foreign = await mint.token({ issuer: 'https://ias.example', claims: attributes([corporate]) })
  assert.equal((await told(setup, setup.auth, user(foreign))).userToken, corporate)
  const others = [attributes(['no token']), attributes([corporate, corporate]), attributes(null), { other: corporate }]
  for (const claims of others) {
    const token = await outer(claims)
    assert.equal((await told(setup, setup.auth, user(token))).userToken, token)
  }
  for (const text of ['nonsense', 'a.b.c', '.e30.', `x.${Buffer.from('[1]').toString('base64url')}.y`])
    assert.equal((await told(setup, setup.auth, user(text))).userToken, text)
})

test('an inner token authorises nothing: the outer one must be good (CONN-070)', async () => {
  await using setup = await propagation({ policy: { embeddedTokenClaims: ['inner'] } })
  const good = await setup.plane.token({ userName: 'anna' })
  const expired = await setup.plane.token({ userName: 'anna', lifeSeconds: -120, claims: { inner: good } })
  assert.equal((await ask(setup, `Proxy-Authorization: Bearer ${expired}`)).status, 407)
  const foreign = await (await TokenMint.create(systemClock)).token({ userName: 'anna', claims: { inner: good } })
  assert.equal((await ask(setup, `Proxy-Authorization: Bearer ${foreign}`)).status, 407)
  assert.equal(setup.prefaces.length, 0)
})

test('Authorization beside a propagated user reaches the backend as it was sent, and the user the connector (CONN-075)', async () => {
  await using setup = await propagation()
  const token = await setup.plane.token({ userName: 'anna' })
  for (const value of ['Basic YTpi', 'Bearer of-the-application', 'Negotiate YII']) {
    assert.equal((await told(setup, setup.auth, user(token), `Authorization: ${value}`)).userToken, token)
    assert.equal(setup.headers.authorization, value)
  }
})

test('where user tokens name the tenant, theirs decides, for callers that may act for it only (CONN-077, CONN-078)', async () => {
  const asked: string[] = []
  await using setup = await propagation({
    policy: {
      userTokenNamesTenant: true,
      mayActFor: (token, tenant) => {
        asked.push(`${token.tenantId} for ${tenant}`)
        return tenant === 'globex'
      },
    },
  })
  const { plane } = setup
  const system = await startHttpBackend((_request, response) => response.end('globex'))
  plane.defer(() => system.close())
  await plane.connect({ subaccountId: 'globex', mappings: [mapping('vhost', system.port)] })
  const of = (tenant: string): Promise<string> => plane.token({ tenant, userName: 'anna' })
  assert.equal((await ask(setup, setup.auth)).body.toString(), 'ok')
  assert.equal((await ask(setup, setup.auth, user(await of('acme')))).body.toString(), 'ok')
  assert.equal((await ask(setup, setup.auth, user(await of('globex')))).body.toString(), 'globex')
  const refused = await ask(setup, setup.auth, user(await of('initech')))
  assert.equal(refused.status, 403)
  assert.equal(refused.header('x-landbridge-error'), 'USER_TENANT_MISMATCH')
  const expired = await plane.token({ tenant: 'globex', userName: 'anna', lifeSeconds: -120 })
  const invalid = await ask(setup, setup.auth, user(expired))
  assert.equal(invalid.status, 403)
  assert.equal(invalid.header('x-landbridge-error'), 'USER_TOKEN_INVALID')
  assert.deepEqual(asked, ['acme for globex', 'acme for initech'])
  assert.deepEqual(
    plane.requests.map(({ message }) => message.subaccountId),
    ['acme', 'globex'],
  )
})

test('a user token that names the tenant stops doing so when it expires, on a connection that used it before too (CONN-077)', async () => {
  const clock = new ManualClock()
  const policy = { userTokenNamesTenant: true, mayActFor: () => true }
  await using setup = await propagation({ clock, policy, timeouts: { idleMs: 3_600_000 } })
  const token = await setup.plane.token({ userName: 'anna', lifeSeconds: 100 })
  const client = await setup.plane.client()
  client.send(get('http://vhost/', setup.auth, user(token)))
  assert.equal((await client.readAnswer()).status, 200)
  // In steps, so that the tunnel lives on: a new one would mean a new decision.
  const other = await setup.plane.client()
  for (let ms = 0; ms < 200_000; ms += 10_000) {
    clock.advance(10_000)
    other.send(get('http://vhost/', setup.auth))
    assert.equal((await other.readAnswer()).status, 200)
  }
  assert.equal(setup.plane.requests.length, 1)
  client.send(get('http://vhost/', setup.auth, user(token)))
  const answer = await client.readAnswer()
  assert.equal(answer.status, 403)
  assert.equal(answer.header('x-landbridge-error'), 'USER_TOKEN_INVALID')
})

test('single-tenant, trusted: SAP-Connectivity-Authentication alone propagates the user (CP-097)', async () => {
  const policy = { authorization: false, tenantMode: 'dedicated', subaccountId: 'acme' } as const
  await using setup = await propagation({ policy })
  const token = await setup.plane.token({ userName: 'anna' })
  const preface = await told(setup, user(token))
  assert.equal(preface.userToken, token)
  assert.equal(preface.clientId, '')
  assert.equal((await told(setup, `Proxy-Authorization: Bearer ${token}`)).userToken, '')
})

test('multi-tenant, trusted: the user comes from its header and the tenant from the service token, never the user from it (CP-098)', async () => {
  await using setup = await propagation({ policy: { authorization: false } })
  const token = await setup.plane.token({ userName: 'anna' })
  assert.equal((await ask(setup, user(token))).status, 407)
  const own = await setup.plane.token({ clientId: 'sb-proxy' })
  assert.equal((await told(setup, service(own), user(token))).userToken, token)
  const named = await setup.plane.token({ clientId: 'sb-proxy', userName: 'berta' })
  assert.equal((await told(setup, service(named))).userToken, '')
  assert.equal((await told(setup, service(named), user(token))).userToken, token)
})

test('tokens as long as a header line may be reach the connector (CP-096)', async () => {
  await using setup = await propagation()
  const longest = 'x'.repeat(8192 - user('').length)
  const technicalUser = 'y'.repeat(8192 - technical('').length)
  const preface = await told(setup, setup.auth, user(longest), technical(technicalUser))
  assert.equal(preface.userToken, longest)
  assert.equal(preface.technicalToken, technicalUser)
})
