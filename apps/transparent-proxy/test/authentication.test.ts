import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startScene } from './scene.ts'
import { leadsTo, prepared, type StoredDestination } from './stand-in.ts'

const { platform, target, connectivityProxy, proxy, put, call } = await startScene({
  onPremise: (response, { headers }) => {
    if (headers['proxy-authorization'] === 'Bearer t1') response.writeHead(407).end('no')
    else response.end('on-premise')
  },
})

function authenticated(Authentication: string, ...authTokens: readonly object[]): StoredDestination {
  return { ...leadsTo(target.url, { Authentication, User: 'u', Password: 'p' }), authTokens }
}

const userToken = 'aGVhZA.eyJ6aWQiOiJvdGhlci10ZW5hbnQifQ.c2ln'

test("what needs nobody works without a caller's Authorization, and replaces one (TP-049, TP-051, TP-052, TP-053)", async () => {
  const basic = `Basic ${Buffer.from('u:p').toString('base64')}`
  for (const [stored, expected] of [
    [authenticated('BasicAuthentication'), basic],
    [authenticated('OAuth2ClientCredentials', prepared('cc')), 'Bearer cc'],
    [authenticated('OAuth2Password', prepared('pw')), 'Bearer pw'],
  ] as const) {
    assert.equal((await call(stored)).status, 200)
    assert.equal((await call(stored, 'Authorization', 'Bearer mine')).status, 200)
    assert.deepEqual(
      target.asked.splice(0).map(({ headers }) => headers.authorization),
      [expected, expected],
    )
  }
})

test('without authentication nothing is added and nothing is taken away (TP-050)', async () => {
  await call(authenticated('NoAuthentication', prepared('never')))
  await call(authenticated('NoAuthentication'), 'Authorization', 'Bearer mine')
  assert.deepEqual(
    target.asked.map(({ headers }) => headers.authorization),
    [undefined, 'Bearer mine'],
  )
})

test('the token of the user goes to the destination service and only what comes back goes to the target (TP-055, TP-056, TP-057, TP-058, TP-059)', async () => {
  const ticket = { type: 'MYSAPSSO2', value: 'ticket', http_header: { key: 'MYSAPSSO2', value: 'ticket' } }
  const saml = { type: 'SAML2.0', value: 'a', http_header: { key: 'Authorization', value: 'SAML2.0 a' } }
  for (const [authentication, token, header, value] of [
    ['OAuth2UserTokenExchange', prepared('x1'), 'authorization', 'Bearer x1'],
    ['OAuth2JWTBearer', prepared('x2'), 'authorization', 'Bearer x2'],
    ['OAuth2SAMLBearerAssertion', prepared('x3'), 'authorization', 'Bearer x3'],
    ['SAMLAssertion', saml, 'authorization', 'SAML2.0 a'],
    ['SAPAssertionSSO', ticket, 'mysapsso2', 'ticket'],
  ] as const) {
    platform.asked.length = 0
    const { status } = await call(authenticated(authentication, token), 'Authorization', `bearer ${userToken}`)
    assert.equal(status, 200, authentication)
    const [plain, find] = platform.finds
    assert.deepEqual([plain?.headers['x-user-token'], find?.headers['x-user-token']], [undefined, userToken])
    const asked = target.asked.at(-1)
    assert.equal(asked?.headers[header], value)
    assert.ok(!JSON.stringify(asked).includes(userToken))
  }
  // In the tenant of the binding, whatever tenant the token of the user names.
  assert.ok(platform.tokens.every(({ headers }) => headers['x-zid'] === undefined))
})

test('tokens for one user are never used for another (TP-146)', async () => {
  const stored = authenticated('OAuth2JWTBearer', prepared('of-alice'))
  platform.destinations.set('shared', stored)
  const as = (token: string) =>
    proxy.call('gateway.shop', '/', { headers: ['X-Destination-Name', 'shared', 'Authorization', `Bearer ${token}`] })
  await as('alice')
  platform.destinations.set('shared', { ...stored, authTokens: [prepared('of-bob')] })
  await as('bob')
  await as('alice')
  const seen = target.asked.map(({ headers }) => headers.authorization)
  assert.deepEqual(seen, ['Bearer of-alice', 'Bearer of-bob', 'Bearer of-alice'])
})

test('a code and a refresh token go to the destination service under their own names, and into no log (TP-060, TP-062, TP-149)', async () => {
  const redirect = ['X-Redirect-URI', 'https://app/cb', 'x-code-verifier', 'verifier1']
  await call(authenticated('OAuth2AuthorizationCode', prepared('x')), 'Authorization', 'Bearer code1', ...redirect)
  await call(authenticated('OAuth2RefreshToken', prepared('y')), 'Authorization', 'Bearer refresh1')
  const [, code, , refresh] = platform.finds
  assert.deepEqual(
    ['x-code', 'x-redirect-uri', 'x-code-verifier', 'x-user-token'].map((name) => code?.headers[name]),
    ['code1', 'https://app/cb', 'verifier1', undefined],
  )
  assert.equal(refresh?.headers['x-refresh-token'], 'refresh1')
  assert.deepEqual(
    target.asked.map(({ headers }) => headers.authorization),
    ['Bearer x', 'Bearer y'],
  )
  const logged = JSON.stringify(proxy.lines)
  for (const secret of ['code1', 'https://app/cb', 'verifier1', 'refresh1', userToken])
    assert.ok(!logged.includes(secret))
})

test('a missing or other Authorization is refused with 400 where a user is needed (TP-063)', async () => {
  for (const authentication of [
    'OAuth2JWTBearer',
    'PrincipalPropagation',
    'OAuth2AuthorizationCode',
    'OAuth2RefreshToken',
  ])
    for (const headers of [[], ['Authorization', 'Basic dTpw'], ['Authorization', 'Bearer']]) {
      const answer = await call(authenticated(authentication, prepared('x')), ...headers)
      assert.equal(answer.status, 400)
      assert.match(String(answer.headers['x-error-message']), /must be 'Bearer <token>'.*Authentication: /)
    }
  const answer = await call(authenticated('OAuth2TokenExchange', prepared('x')), 'Authorization', 'Bearer s')
  assert.match(String(answer.headers['x-error-message']), /^"x-subject-token-type" request header is required/)
  assert.equal(target.asked.length, 0)
})

test('a token that could not be fetched is an invalid destination, never a request without it (TP-064)', async () => {
  const failed = { type: '', value: '', error: 'unknown client', http_header: { key: '', value: '' } }
  for (const authTokens of [[failed], []]) {
    const answer = await call(authenticated('OAuth2ClientCredentials', ...authTokens))
    assert.equal(answer.status, 500)
    assert.equal(answer.body, 'Invalid destination configuration. Contact the destination administrator.')
    assert.match(String(answer.headers['x-error-message']), /^Invalid OAuth configuration in destination/)
    assert.equal(answer.headers['x-error-origin'], 'Destination Service')
  }
  assert.equal(target.asked.length, 0)
})

test('a code or a refresh token that is used up is told to who sent it, with 400, and is neither kept nor sent again by itself (TP-064)', async () => {
  const error = 'Retrieval of OAuthToken failed due to: invalid_grant: the code is unknown, expired or used'
  const failed = { type: '', value: '', error, http_header: { key: '', value: '' } }
  for (const [authentication, header, advice] of [
    ['OAuth2AuthorizationCode', 'x-code', 'A code works once and for a short time: get a new one'],
    ['OAuth2RefreshToken', 'x-refresh-token', 'A refresh token may work once only'],
  ] as const) {
    const name = put(authenticated(authentication, prepared('first')))
    const ask = () =>
      proxy.call('gateway.shop', '/', { headers: ['X-Destination-Name', name, 'Authorization', 'Bearer one-time'] })
    assert.equal((await ask()).status, 200)
    platform.destinations.set(name, authenticated(authentication, failed))
    const again = await ask()
    assert.equal(again.status, 400)
    assert.equal(again.headers['x-error-origin'], 'Destination Service')
    const message = String(again.headers['x-error-message'])
    assert.match(message, /^Check the 'authorization' request header, or the OAuth configuration in destination 'd/)
    assert.ok(message.includes(`(${error}). ${advice}`), message)
    assert.equal(platform.finds.filter(({ headers }) => headers[header] === 'one-time').length, 2)
  }
  assert.equal(target.asked.length, 2)
})

const onPremise = (Authentication: string, ...authTokens: readonly object[]): StoredDestination => ({
  ...leadsTo('http://erp.virtual:1234/sap', {
    Authentication,
    ProxyType: 'OnPremise',
    CloudConnectorLocationId: 'plant 1',
  }),
  authTokens,
})

test('an on-premise destination is asked for at the connectivity proxy, with a token that it takes, and the location (TP-039, TP-066, TP-147)', async () => {
  const answer = await call(onPremise('NoAuthentication'))
  assert.deepEqual([answer.status, answer.body], [200, 'on-premise'])
  const asked = connectivityProxy.asked.at(-1)
  assert.deepEqual([asked?.url, asked?.headers.host], ['http://erp.virtual:1234/sap', 'erp.virtual:1234'])
  assert.match(String(asked?.headers['proxy-authorization']), /^Bearer t/)
  assert.equal(asked?.headers['sap-connectivity-scc-location_id'], 'plant 1')
  await call(onPremise('NoAuthentication'), 'SAP-Connectivity-SCC-Location_ID', 'plant2')
  assert.equal(connectivityProxy.asked.at(-1)?.headers['sap-connectivity-scc-location_id'], 'plant2')
})

test('users travel to the connectivity proxy in the headers that it knows, and not as Authorization (TP-054, TP-065)', async () => {
  await call(onPremise('PrincipalPropagation'), 'Authorization', `Bearer ${userToken}`)
  const { headers } = connectivityProxy.asked.at(-1)!
  assert.deepEqual(
    [headers['sap-connectivity-authentication'], headers.authorization],
    [`Bearer ${userToken}`, undefined],
  )
  assert.ok(platform.finds.every((find) => find.headers['x-user-token'] === undefined))
  const technical = prepared('tech', 'SAP-Connectivity-Technical-Authentication')
  await call(onPremise('OAuth2TechnicalUserPropagation', technical), 'Authorization', 'Bearer mine')
  const last = connectivityProxy.asked.at(-1)!.headers
  assert.deepEqual([last['sap-connectivity-technical-authentication'], last.authorization], ['Bearer tech', undefined])
})
