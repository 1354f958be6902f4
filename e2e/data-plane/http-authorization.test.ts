import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { ManualClock, systemClock } from '@landbridge/kernel'
import { mapping, startHttpBackend, TokenMint, type WireAnswer, type WireSocket } from '@landbridge/testkit'
import { get, type HttpSetup, httpSetup } from './http-setup.ts'

/** A data plane where each of these tenants and locations has a connector, whose `vhost` answers with its name. */
async function tenants(
  options: Parameters<typeof httpSetup>[0] = {},
  names: readonly (readonly [string, string])[] = [
    ['acme', ''],
    ['globex', ''],
  ],
): Promise<HttpSetup> {
  const setup = await httpSetup(options, { subaccountId: 'nobody' })
  for (const [subaccountId, locationId] of names) {
    const system = await startHttpBackend((_request, response) => response.end(`${subaccountId}|${locationId}`))
    setup.plane.defer(() => system.close())
    await setup.plane.connect({ subaccountId, locationId, mappings: [mapping('vhost', system.port)] })
  }
  return setup
}

async function ask(client: WireSocket, ...lines: readonly string[]): Promise<WireAnswer> {
  client.send(get('http://vhost/', ...lines))
  return client.readAnswer()
}

/** One request on an own connection: the name of the connector that it reached, or status and code of the refusal. */
async function outcome(setup: HttpSetup, ...lines: readonly string[]): Promise<string> {
  const client = await setup.plane.client()
  const answer = await ask(client, ...lines)
  client.end()
  if (answer.status === 200) return answer.body.toString()
  return `${answer.status} ${answer.header('x-landbridge-error')}`
}

const proxyBearer = (token: string): string => `Proxy-Authorization: Bearer ${token}`
const serviceBearer = (token: string): string => `SAP-CP-Connectivity-Service-Token: ${token}`
const location = (id: string): string => `SAP-Connectivity-SCC-Location_ID: ${id}`

function unsigned(token: string, header: object, sign: (text: string) => string): string {
  const text = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${token.split('.')[1]}`
  return `${text}.${sign(text)}`
}

test('Bearer and Basic with the token as user are the same, whatever the case of the scheme (CONN-050, CONN-051, CP-050)', async () => {
  await using setup = await tenants()
  const token = await setup.plane.token()
  const basic = Buffer.from(`${token}:`).toString('base64')
  for (const value of [`Bearer ${token}`, `bearer ${token}`, `BEARER  ${token}`, `Basic ${basic}`, `basic ${basic}`])
    assert.equal(await outcome(setup, `Proxy-Authorization: ${value}`), 'acme|')
  const withPassword = Buffer.from(`${token}:password`).toString('base64')
  for (const value of [token, 'Bearer', 'Bearer ', `Basic ${withPassword}`, 'Basic !', `Digest ${token}`])
    assert.equal(await outcome(setup, `Proxy-Authorization: ${value}`), '407 PROXY_AUTHORIZATION_MALFORMED')
})

test('expired, malformed, changed, unsigned and foreign tokens are answered 407, a living one passes (CONN-053, CP-044, CP-047, CP-049, RC-124)', async () => {
  await using setup = await tenants()
  const { plane } = setup
  const good = await plane.token()
  const [head = '', , signature = ''] = good.split('.')
  const [, otherPayload = ''] = (await plane.token({ tenant: 'globex' })).split('.')
  const foreign = await TokenMint.create(systemClock)
  const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string }
  const hmac = (text: string): string => createHmac('sha256', 'key').update(text).digest('base64url')
  const cases: readonly (readonly [string, string])[] = [
    [await plane.token({ lifeSeconds: -120 }), 'TOKEN_EXPIRED'],
    ['nonsense', 'TOKEN_MALFORMED'],
    [`${head}.${otherPayload}.${signature}`, 'TOKEN_SIGNATURE'],
    [unsigned(good, { alg: 'none', kid }, () => ''), 'TOKEN_ALGORITHM'],
    [unsigned(good, { alg: 'HS256', kid }, hmac), 'TOKEN_ALGORITHM'],
    [await foreign.token(), 'TOKEN_KEY_UNKNOWN'],
    [await plane.token({ issuer: 'https://elsewhere.example/oauth/token' }), 'TOKEN_ISSUER'],
  ]
  for (const [token, code] of cases) assert.equal(await outcome(setup, proxyBearer(token)), `407 ${code}`)
  assert.equal(plane.requests.length, 0)
  assert.equal(await outcome(setup, proxyBearer(good)), 'acme|')
  assert.equal(await outcome(setup, proxyBearer(await plane.token({ lifeSeconds: 5 }))), 'acme|')
})

test('a 407 names its reason without the token, and no log line contains a token either (CP-053, CP-054)', async () => {
  await using setup = await tenants()
  const { plane } = setup
  const expired = await plane.token({ lifeSeconds: -120 })
  const client = await plane.client()
  const answer = await ask(client, proxyBearer(expired))
  assert.match(answer.body.toString(), /^The token has expired .*\nCaller: fetch a new token/)
  const user = await plane.token({ userName: 'anna' })
  const lines = [
    setup.auth,
    `SAP-Connectivity-Authentication: Bearer ${user}`,
    serviceBearer(user),
    location('nowhere'),
  ]
  assert.match(await outcome(setup, ...lines), /^503 /)
  assert.equal(await outcome(setup, ...lines.slice(0, 3)), 'acme|')
  const good = setup.auth.split(' ')[2] ?? ''
  const told = [answer.body.toString(), ...answer.lines, ...plane.logged].join('\n')
  assert.ok(plane.logged.length > 0)
  for (const token of [expired, user, good]) {
    assert.ok(!told.includes(token))
    assert.ok(!told.includes(token.split('.')[1] ?? token))
  }
})

test('a token of another OAuth client is answered 407, one of a configured client passes (CP-048, CP-052)', async () => {
  await using setup = await tenants({ policy: { acceptClient: (token) => token.clientId === 'sb-login' } })
  assert.equal(await outcome(setup, setup.auth), '407 PROXY_CLIENT_NOT_ALLOWED')
  assert.equal(await outcome(setup, await setup.plane.authorization({ clientId: 'sb-login' })), 'acme|')
})

test('each request of a connection is authorised for itself, with its own token, tenant and location (RC-113, CONN-078)', async () => {
  await using setup = await tenants({}, [
    ['acme', ''],
    ['acme', 'south'],
    ['globex', ''],
  ])
  const { plane } = setup
  const globex = await plane.authorization({ tenant: 'globex' })
  const client = await plane.client()
  const steps: readonly (readonly [readonly string[], string])[] = [
    [[setup.auth], 'acme|'],
    [[globex], 'globex|'],
    [[setup.auth, location('south')], 'acme|south'],
    [[setup.auth], 'acme|'],
    [[setup.auth, location('south')], 'acme|south'],
    [[globex], 'globex|'],
  ]
  for (const [lines, expected] of steps) {
    assert.equal((await ask(client, ...lines)).body.toString(), expected)
  }
  assert.equal((await ask(client)).status, 407)
  assert.equal((await client.readToEnd()).length, 0)
  const other = await plane.client()
  assert.equal((await ask(other, globex)).body.toString(), 'globex|')
  // The same location with the other tenant's token: nothing of the request before is used.
  assert.equal((await ask(other, globex, location('south'))).status, 503)
})

test('a token that expires is refused on a connection where it was accepted before (CP-047, RC-113)', async () => {
  const clock = new ManualClock()
  await using setup = await tenants({ clock, timeouts: { idleMs: 3_600_000 } })
  const client = await setup.plane.client()
  const auth = await setup.plane.authorization({ lifeSeconds: 100 })
  assert.equal((await ask(client, auth)).status, 200)
  clock.advance(200_000)
  const answer = await ask(client, auth)
  assert.equal(answer.status, 407)
  assert.equal(answer.header('x-landbridge-error'), 'TOKEN_EXPIRED')
})

test('the location header selects the Cloud Connector literally, without a fallback (CONN-059, CONN-060, CONN-061, CONN-062, CP-061, RC-119)', async () => {
  await using setup = await tenants({}, [
    ['acme', ''],
    ['acme', 'south'],
    ['acme', 'North'],
  ])
  assert.equal(await outcome(setup, setup.auth), 'acme|')
  assert.equal(await outcome(setup, setup.auth, location('')), 'acme|')
  assert.equal(await outcome(setup, setup.auth, location('south')), 'acme|south')
  assert.equal(await outcome(setup, setup.auth, location('North')), 'acme|North')
  const base64 = Buffer.from('south').toString('base64')
  for (const unknown of ['South', 'north', 'sout', 'south1', base64, '%73outh'])
    assert.equal(await outcome(setup, setup.auth, location(unknown)), '503 CONNECTOR_NOT_CONNECTED')
})

test('without a connector of the default location a request without location header is answered 503 (CONN-059)', async () => {
  await using setup = await tenants({}, [['acme', 'south']])
  assert.equal(await outcome(setup, setup.auth), '503 CONNECTOR_NOT_CONNECTED')
})

test('multi-tenant, non-trusted: the tenant of the token selects the Cloud Connector (CP-036, CP-040, CONN-078, RC-120)', async () => {
  await using setup = await tenants()
  const { plane } = setup
  for (const tenant of ['acme', 'globex'])
    assert.equal(await outcome(setup, await plane.authorization({ tenant })), `${tenant}|`)
  // Nothing that the caller writes beside its token changes the tenant.
  const globex = await plane.token({ tenant: 'globex' })
  const user = await plane.token({ tenant: 'globex', userName: 'anna' })
  const more = [
    serviceBearer(globex),
    `SAP-Connectivity-Authentication: Bearer ${user}`,
    'SAP-Connectivity-ConsumerAccount: globex',
  ]
  assert.equal(await outcome(setup, setup.auth, ...more), 'acme|')
  assert.equal(await outcome(setup, await plane.authorization({ tenant: 'initech' })), '503 CONNECTOR_NOT_CONNECTED')
  assert.equal(await outcome(setup, serviceBearer(globex)), '407 PROXY_AUTHORIZATION_MISSING')
})

test('single-tenant, non-trusted: only tokens of the configured subaccount pass (CP-036, CP-039, CP-051)', async () => {
  await using setup = await tenants({ policy: { tenantMode: 'dedicated', subaccountId: 'acme' } })
  const { plane } = setup
  assert.equal(await outcome(setup, setup.auth), 'acme|')
  assert.equal(await outcome(setup), '407 PROXY_AUTHORIZATION_MISSING')
  assert.equal(await outcome(setup, proxyBearer('nonsense')), '407 TOKEN_MALFORMED')
  const globex = await plane.authorization({ tenant: 'globex' })
  assert.equal(await outcome(setup, globex), '407 PROXY_TENANT_MISMATCH')
  assert.deepEqual([...new Set(plane.requests.map(({ message }) => message.subaccountId))], ['acme'])
})

test('single-tenant, trusted: no token is needed, and one that is sent is neither checked nor used (CP-036, CP-038, CP-055)', async () => {
  const policy = { authorization: false, tenantMode: 'dedicated', subaccountId: 'acme' } as const
  await using setup = await tenants({ policy })
  const globex = await setup.plane.token({ tenant: 'globex' })
  assert.equal(await outcome(setup), 'acme|')
  assert.equal(await outcome(setup, proxyBearer('nonsense')), 'acme|')
  assert.equal(await outcome(setup, proxyBearer(globex), serviceBearer(globex)), 'acme|')
  // The proxy asks for the tunnel with its own credentials.
  assert.deepEqual(
    setup.plane.requests.map(({ message, callerToken }) => [message.subaccountId, callerToken]),
    [['acme', '']],
  )
})

test('a Proxy-Authorization that a trusted proxy ignores does not reach the backend (CP-055, CP-064)', async () => {
  const policy = { authorization: false, tenantMode: 'dedicated', subaccountId: 'acme' } as const
  await using setup = await httpSetup({ policy })
  const client = await setup.plane.client()
  client.send(get('http://vhost/', 'Proxy-Authorization: Bearer nonsense', serviceBearer('nonsense')))
  const system = await setup.backend.accept()
  assert.equal(await system.readHead(), 'GET / HTTP/1.1\r\nHost: vhost\r\n\r\n')
})

test('multi-tenant, trusted: the service token selects the tenant and asks for the tunnel (CP-036, CP-041, CP-043)', async () => {
  await using setup = await tenants({ policy: { authorization: false } })
  const { plane } = setup
  for (const tenant of ['acme', 'globex']) {
    const token = await plane.token({ tenant, clientId: 'sb-proxy' })
    assert.equal(await outcome(setup, serviceBearer(token)), `${tenant}|`)
    assert.equal(await outcome(setup, serviceBearer(`Bearer ${token}`)), `${tenant}|`)
    const asked = plane.requests.at(-1)
    assert.equal(asked?.message.subaccountId, tenant)
    assert.equal(asked?.callerToken, token)
  }
  assert.equal(plane.requests.length, 2)
})

test('multi-tenant, trusted: without a readable service token there is no tenant (CP-036, CP-042)', async () => {
  await using setup = await tenants({ policy: { authorization: false, subaccountId: 'acme' } })
  const { plane } = setup
  assert.equal(await outcome(setup), '407 SERVICE_TOKEN_MISSING')
  assert.equal(await outcome(setup, setup.auth), '407 SERVICE_TOKEN_MISSING')
  assert.equal(await outcome(setup, serviceBearer('')), '407 SERVICE_TOKEN_MISSING')
  assert.equal(await outcome(setup, serviceBearer('nonsense')), '407 TOKEN_MALFORMED')
  const expired = await plane.token({ clientId: 'sb-proxy', lifeSeconds: -120 })
  assert.equal(await outcome(setup, serviceBearer(expired)), '407 TOKEN_EXPIRED')
  assert.equal(await outcome(setup, serviceBearer(await plane.token())), '407 PROXY_CLIENT_NOT_ALLOWED')
  assert.equal(plane.requests.length, 0)
})

test('authorization is switched per proxy: HTTP without token, SOCKS5 only with one (CP-037)', async () => {
  const open = { authorization: false, tenantMode: 'dedicated', subaccountId: 'acme' } as const
  await using setup = await tenants({ policy: open, socksPolicy: { authorization: true } })
  assert.equal(await outcome(setup), 'acme|')
  const client = await setup.plane.socksClient()
  client.send(Buffer.from([5, 1, 0]))
  assert.deepEqual([...(await client.read(2))], [5, 0xff])
})
