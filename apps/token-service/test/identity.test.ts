import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { after, test } from 'node:test'
import { Browser } from './browser.ts'
import { identityClient } from './identity-client.ts'
import {
  type Ask,
  ann,
  claimsOf,
  headerOf,
  password,
  startTestService,
  tenants,
  testClients,
  testConfig,
} from './test-service.ts'

const app = identityClient()
const other = identityClient({ clientId: 'c4f5b3c9-5a52-4d43-8f0c-1d1d0f6f0002', instanceId: 'inst-other' })
const clients = [...testClients(), app, other]
const isAllowed = { mayActIn: true }
const service = await startTestService({ clients, mayActIn: async () => isAllowed.mayActIn })
after(() => service.close())
const { identityDomain, uaaDomain } = service.app
const host = `sub1.${identityDomain}`
const issuer = `https://${host}`
const callback = 'https://app.test/login/callback'

type Form = Readonly<Record<string, string>>

function token(form: Form, given: Ask = {}) {
  const sent = { client_id: app.clientId, client_secret: 'ids', ...form }
  return service.post('/oauth2/token', { host, ...given, form: sent })
}

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const login = (form: Form = {}) => token({ grant_type: 'password', username: ann.userName, password, ...form })

test('the discovery document and the key set stand on the host of the tenant, whatever a verifier says about the token (RC-049, RC-050)', async () => {
  const { status, json } = await service.get('/.well-known/openid-configuration', { host })
  assert.equal(status, 200)
  assert.equal(json.issuer, issuer)
  assert.equal(json.token_endpoint, `${issuer}/oauth2/token`)
  assert.equal(json.jwks_uri, `${issuer}/oauth2/certs`)
  for (const grant of ['client_credentials', 'authorization_code', 'refresh_token', 'password', jwtBearer])
    assert.ok(json.grant_types_supported.includes(grant), grant)
  const headers = {
    'x-client_id': app.clientId,
    'x-app_tid': tenants[0]!.id,
    'x-azp': app.clientId,
    'x-azp_app_tid': tenants[0]!.id,
    'x-client_cert': 'MIIB',
  }
  const { access_token } = (await token({ grant_type: 'client_credentials' })).json
  const keys = (await service.get('/oauth2/certs', { host, headers })).json.keys
  const key = keys.find((one: { kid: string }) => one.kid === headerOf(access_token).kid)
  const [head, payload, signature = ''] = access_token.split('.')
  const publicKey = createPublicKey({ key, format: 'jwk' })
  assert.ok(
    verify('sha256', Buffer.from(`${head}.${payload}`), publicKey, Buffer.from(signature, 'base64url')),
    'signed with a published key',
  )
  const unknown = { host: `nobody.${identityDomain}` }
  assert.equal((await service.get('/.well-known/openid-configuration', unknown)).status, 400)
})

test('a technical token says that no user stands behind it', async () => {
  const { json } = await token({ grant_type: 'client_credentials', app_tid: '' })
  const { jti, iat, exp, ...claims } = claimsOf(json.access_token)
  assert.equal(exp - iat, 43_200)
  assert.match(jti, /^[0-9a-f-]{36}$/)
  assert.deepEqual(claims, {
    sub: app.clientId,
    sap_id_type: 'app',
    iss: issuer,
    aud: app.clientId,
    azp: app.clientId,
    app_tid: tenants[0]!.id,
    zone_uuid: tenants[0]!.id,
  })
})

test('the token endpoint takes the parameters of identity clients: resource, app_tid, token_format and refresh_expiry (RC-051)', async () => {
  const resource = `urn:sap:identity:application:provider:clientid:${app.clientId}`
  const taken = await login({ resource, app_tid: tenants[0]!.id, token_format: 'jwt', refresh_expiry: '0' })
  assert.equal(taken.status, 200)
  assert.equal(claimsOf(taken.json.access_token).aud, app.clientId)
  assert.equal('refresh_token' in taken.json, false)
  assert.equal(typeof (await login()).json.refresh_token, 'string')
  for (const foreign of [
    `urn:sap:identity:application:provider:clientid:${other.clientId}`,
    'urn:sap:identity:application:provider:name:backend',
    `${resource}:apptid:${tenants[1]!.id}`,
  ]) {
    const refused = await login({ resource: foreign })
    assert.deepEqual([refused.status, refused.json.error], [400, 'invalid_request'], foreign)
  }
})

test('a client gets tokens of another tenant by app_tid or its host, where it may act there, and of no unknown one', async () => {
  const inSecond = { grant_type: 'client_credentials', app_tid: tenants[1]!.id }
  const byHost = await token({ grant_type: 'client_credentials' }, { host: `sub2.${identityDomain}` })
  for (const { json } of [await token(inSecond), byHost]) {
    assert.equal(claimsOf(json.access_token).app_tid, tenants[1]!.id)
    assert.equal(claimsOf(json.access_token).iss, `https://sub2.${identityDomain}`)
  }
  assert.equal((await token({ ...inSecond, app_tid: 'nobody' })).status, 400)
  isAllowed.mayActIn = false
  const forbidden = await token(inSecond)
  isAllowed.mayActIn = true
  assert.deepEqual([forbidden.status, forbidden.json.error], [401, 'unauthorized_client'])
})

test('the two issuers share neither endpoints nor clients', async () => {
  for (const [path, at] of [
    ['/oauth2/token', `sub1.${uaaDomain}`],
    ['/oauth2/token', uaaDomain],
    ['/oauth/token', host],
  ] as const)
    assert.equal((await service.post(path, { host: at, form: { grant_type: 'client_credentials' } })).status, 404)
  for (const path of ['/token_keys', '/oauth/authorize', '/userinfo', '/passcode', '/saml/metadata'])
    assert.equal((await service.get(path, { host })).status, 404, path)
  const application = { client_id: 'sb-app!t1', client_secret: 's1+/=', grant_type: 'client_credentials' }
  assert.equal((await token(application)).json.error, 'invalid_client')
  const identity = { client_id: app.clientId, client_secret: 'ids' }
  assert.equal((await service.token({ grant_type: 'client_credentials', ...identity })).json.error, 'invalid_client')
})

test('an application lets a browser log in, redeems the code, refreshes and logs off', async () => {
  const browser = new Browser(service, host)
  const query = { response_type: 'code', client_id: app.clientId, redirect_uri: callback, state: 's', nonce: 'n1' }
  const path = `/oauth2/authorize?${new URLSearchParams({ ...query, scope: 'openid groups' })}`
  const page = await browser.get(path)
  assert.equal(page.status, 200)
  const posted = await browser.submit(page.text, { username: ann.userName, password })
  assert.match(posted.headers.location ?? '', /^\/oauth2\/authorize\?/)
  const back = new URL((await browser.get(posted.headers.location ?? '')).headers.location ?? '')
  assert.equal(back.origin + back.pathname, callback)
  const basic = `Basic ${Buffer.from(`${app.clientId}:ids`).toString('base64')}`
  const code = { grant_type: 'authorization_code', code: back.searchParams.get('code') ?? '', redirect_uri: callback }
  const redeem = () => service.post('/oauth2/token', { host, form: code, headers: { authorization: basic } })
  const { json } = await redeem()
  const { nonce, aud, email, user_uuid, iss } = claimsOf(json.id_token)
  assert.deepEqual([nonce, aud, email, user_uuid, iss], ['n1', app.clientId, ann.email, ann.id, issuer])
  assert.deepEqual(claimsOf(json.access_token).groups, ['staff'])
  assert.equal((await redeem()).json.error, 'invalid_grant')
  const refreshed = await token({ grant_type: 'refresh_token', refresh_token: json.refresh_token, app_tid: '' })
  assert.equal(claimsOf(refreshed.json.access_token).scim_id, ann.id)
  assert.equal(typeof refreshed.json.refresh_token, 'string')

  const logout = (to: string) =>
    browser.get(
      `/oauth2/logout?${new URLSearchParams({ post_logout_redirect_uri: to, id_token_hint: json.id_token, state: 'x' })}`,
    )
  assert.equal((await logout('https://evil.test/bye')).status, 200)
  const off = await logout('https://app.test/bye')
  assert.deepEqual([off.status, off.headers.location], [302, 'https://app.test/bye?state=x'])
  assert.equal((await browser.get(path)).status, 200)
})

test('a logout with a hint that is no token ends the session and leads nowhere', async () => {
  for (const hint of ['', 'x', 'a.bnVsbA.c', `a.${Buffer.from('{"azp":1}').toString('base64url')}.c`]) {
    const query = new URLSearchParams({ post_logout_redirect_uri: 'https://app.test/bye', id_token_hint: hint })
    const answer = await service.get(`/oauth2/logout?${query}`, { host })
    assert.equal(answer.status, 200, hint)
    assert.match(String(answer.headers['set-cookie']), /Max-Age=0/)
  }
})

test('only a user token of this issuer that was issued for the client is exchanged', async () => {
  const exchange = async (assertion: string, form: Form = {}) =>
    (await token({ grant_type: jwtBearer, assertion, ...form })).json
  const own = (await login()).json.access_token
  assert.equal(claimsOf((await exchange(own)).access_token).user_uuid, ann.id)
  const refusals: Readonly<Record<string, object>> = {
    'of the XSUAA': await exchange(
      (await service.token({ grant_type: 'password', username: ann.userName, password })).json.access_token,
    ),
    'of another application': await exchange((await login({ client_id: other.clientId })).json.access_token),
    'without a user': await exchange((await token({ grant_type: 'client_credentials' })).json.access_token),
    'of another tenant': await exchange(own, { app_tid: tenants[1]!.id }),
    tampered: await exchange(`${own.slice(0, -8)}AAAAAAAA`),
  }
  for (const [what, answer] of Object.entries(refusals))
    assert.equal((answer as { error?: string }).error, 'invalid_grant', what)
})

test('the XSUAA exchanges a user token of the identity issuer in the same tenant, with the roles that the user holds', async () => {
  const { access_token: assertion, id_token } = (await login()).json
  for (const sent of [assertion, id_token]) {
    const { json } = await service.token({ grant_type: jwtBearer, assertion: sent })
    const claims = claimsOf(json.access_token)
    assert.equal(claims.user_name, ann.userName)
    assert.equal(claims.iss, `https://sub1.${uaaDomain}/oauth/token`)
    assert.deepEqual(claims['xs.system.attributes'], { 'xs.rolecollections': ['Viewer'], 'xs.saml.groups': ['staff'] })
  }
  const elsewhere = await service.token({ grant_type: jwtBearer, assertion, zid: tenants[1]!.id })
  assert.equal(elsewhere.json.error, 'invalid_grant')
  const headers = { authorization: `Bearer ${assertion}` }
  assert.equal((await service.get('/userinfo', { host: `sub1.${uaaDomain}`, headers })).status, 401)
})

test('the identity domain may be anywhere but where the other issuer is', async () => {
  const config = { uaaDomain: 'auth.example.test', identityDomain: 'ids.example.test:8443' }
  const apart = await startTestService({ clients, config })
  after(() => apart.close())
  const { json } = await apart.get('/.well-known/openid-configuration', { host: 'sub2.ids.example.test:8443' })
  assert.equal(json.issuer, 'https://sub2.ids.example.test:8443')
  for (const identityDomain of ['auth.example.test', 'Example.test:1'])
    await assert.rejects(
      startTestService({ config: { ...testConfig(), uaaDomain: 'auth.example.test', identityDomain } }),
      {
        code: 'CONFIG_INVALID',
      },
    )
})
