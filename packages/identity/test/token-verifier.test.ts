import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { isPlatformError, ManualClock } from '@landbridge/kernel'
import fc, { runs } from '@landbridge/testkit/properties'
import { exportSPKI, importJWK } from 'jose'
import {
  acceptsAnyOf,
  audienceOf,
  bearerToken,
  keySourcePerIssuer,
  scopesOf,
  staticKeySource,
  TokenVerifier,
} from '../src/index.ts'
import { type TestIssuer, testIssuer } from './issuer.ts'

const issuerUrl = 'https://demo.uaa.test/oauth/token'
const rsa = await testIssuer('rsa-1', 'RS256')
const ec = await testIssuer('ec-1')
const keys = staticKeySource({ keys: [rsa.jwk, ec.jwk] })

function setUp(options: { cacheSize?: number } = {}) {
  const clock = new ManualClock()
  const verifier = new TokenVerifier({ keys, clock, acceptIssuer: (iss) => iss === issuerUrl, ...options })
  const seconds = clock.now() / 1000
  const claims = {
    iss: issuerUrl,
    iat: seconds,
    exp: seconds + 600,
    zid: 'tenant-1',
    client_id: 'sb-a',
    cid: 'sb-a',
    azp: 'sb-a',
    aud: ['sb-a'],
    grant_type: 'client_credentials',
    ext_attr: { zdn: 'demo', serviceinstanceid: 'inst-1' },
  }
  return { clock, verifier, claims, seconds }
}

async function refuses(verifier: TokenVerifier, token: string, code: Parameters<typeof isPlatformError>[1]) {
  await assert.rejects(verifier.verify(token), (thrown) => {
    assert.ok(isPlatformError(thrown, code), `${code} expected, got ${String(thrown)}`)
    if (token.length > 20) assert.ok(!JSON.stringify(thrown.facts).includes(token), 'no token in the facts')
    return true
  })
  assert.equal(verifier.cached(token), undefined)
}

for (const issuer of [rsa, ec])
  test(`a token signed with ${issuer.jwk.alg} verifies offline and yields tenant, client and instance`, async () => {
    const { verifier, claims } = setUp()
    const verified = await verifier.verify(await issuer.sign(claims))
    assert.equal(verified.tenantId, 'tenant-1')
    assert.equal(verified.subdomain, 'demo')
    assert.equal(verified.clientId, 'sb-a')
    assert.equal(verified.instanceId, 'inst-1')
    assert.equal(verified.userName, '')
    assert.equal(verified.expiresAtMs, claims.exp * 1000)
  })

test('a user token names its user, and client and tenant come from the fallback claims', async () => {
  const { verifier, claims } = setUp()
  const { client_id: _a, cid: _b, zid: _c, ...rest } = claims
  const token = await rsa.sign({ ...rest, zone_uuid: 'tenant-2', grant_type: 'password', email: 'ann@example.test' })
  const verified = await verifier.verify(token)
  assert.equal(verified.userName, 'ann@example.test')
  assert.equal(verified.clientId, 'sb-a')
  assert.equal(verified.tenantId, 'tenant-2')
})

test('a verified token is found synchronously until it expires, and the cache is bounded', async () => {
  const { verifier, clock, claims } = setUp({ cacheSize: 2 })
  const tokens = await Promise.all([1, 2, 3].map((n) => rsa.sign({ ...claims, jti: String(n) })))
  for (const token of tokens) await verifier.verify(token)
  assert.equal(verifier.cached(tokens[0]!), undefined)
  assert.equal(verifier.cached(tokens[2]!)?.claims.jti, '3')
  assert.equal(await verifier.verify(tokens[2]!), verifier.cached(tokens[2]!))
  clock.advance(659_999)
  assert.notEqual(verifier.cached(tokens[2]!), undefined)
  clock.advance(1)
  await refuses(verifier, tokens[2]!, 'TOKEN_EXPIRED')
})

test('sixty seconds of clock difference are tolerated at exp and nbf, no more (RC-047)', async () => {
  const { verifier, claims, seconds } = setUp()
  await verifier.verify(await rsa.sign({ ...claims, exp: seconds - 59, nbf: seconds + 60 }))
  await refuses(verifier, await rsa.sign({ ...claims, exp: seconds - 60 }), 'TOKEN_EXPIRED')
  await refuses(verifier, await rsa.sign({ ...claims, nbf: seconds + 61 }), 'TOKEN_NOT_YET_VALID')
})

test('a token without a positive numeric exp is refused (RC-047)', async () => {
  const { verifier, claims } = setUp()
  for (const exp of ['tomorrow', 0, -5, null])
    await refuses(verifier, await rsa.sign({ ...claims, exp }), 'TOKEN_CLAIMS')
})

test('no token, garbage and oversized texts are refused with a code of their own', async () => {
  const { verifier } = setUp()
  await refuses(verifier, '', 'TOKEN_MISSING')
  for (const text of ['a', 'a.b.c', '..', 'e30.e30.', `${'x'.repeat(70_000)}`])
    await refuses(verifier, text, 'TOKEN_MALFORMED')
})

test('alg none and HMAC with the public key as secret are refused', async () => {
  const { verifier, claims } = setUp()
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  await refuses(verifier, `${encode({ alg: 'none', kid: 'rsa-1' })}.${encode(claims)}.`, 'TOKEN_ALGORITHM')
  const pem = await exportSPKI((await importJWK({ ...rsa.jwk, alg: 'RS256' })) as import('jose').CryptoKey)
  const body = `${encode({ alg: 'HS256', kid: 'rsa-1' })}.${encode(claims)}`
  const signature = createHmac('sha256', pem).update(body).digest('base64url')
  await refuses(verifier, `${body}.${signature}`, 'TOKEN_ALGORITHM')
})

test('a key serves only the algorithm it names, and a foreign key or issuer is refused', async () => {
  const { verifier, claims } = setUp()
  const impostor = await testIssuer('rsa-1', 'RS256')
  await refuses(verifier, await impostor.sign(claims), 'TOKEN_SIGNATURE')
  await refuses(verifier, await rsa.sign(claims, { kid: 'other' }), 'TOKEN_KEY_UNKNOWN')
  await refuses(verifier, await rsa.sign(claims, { kid: undefined }), 'TOKEN_MALFORMED')
  await refuses(verifier, await rsa.sign({ ...claims, iss: 'https://evil.test' }), 'TOKEN_ISSUER')
  const other = await testIssuer('ec-1', 'RS256')
  await refuses(verifier, await other.sign(claims), 'TOKEN_KEY_UNKNOWN')
})

test('with several issuers, a key of one never verifies a token of the other', async () => {
  const { clock, claims } = setUp()
  const trust = (issuer: TestIssuer, url: string) => ({
    accepts: (iss: string) => iss === url,
    keys: staticKeySource({ keys: [issuer.jwk] }),
  })
  const issuers = [trust(rsa, issuerUrl), trust(ec, 'https://ias.test')]
  const verifier = new TokenVerifier({ keys: keySourcePerIssuer(issuers), clock, acceptIssuer: acceptsAnyOf(issuers) })
  await verifier.verify(await rsa.sign(claims))
  await verifier.verify(await ec.sign({ ...claims, iss: 'https://ias.test' }))
  await refuses(verifier, await ec.sign(claims), 'TOKEN_KEY_UNKNOWN')
  await refuses(verifier, await rsa.sign({ ...claims, iss: 'https://ias.test' }), 'TOKEN_KEY_UNKNOWN')
})

test('a token changed in any single character never verifies, although the good one is remembered', async () => {
  const { verifier, claims } = setUp()
  const token = await rsa.sign(claims)
  await verifier.verify(token)
  const original = JSON.stringify(claims)
  await fc.assert(
    fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...'ABCxyz019-_.='), async (at, char) => {
      const changed = token.slice(0, at) + char + token.slice(at + 1)
      fc.pre(changed !== token)
      // The last character of a base64url text may differ in bits that carry nothing: then the bytes are the same.
      const outcome = await verifier.verify(changed).catch((thrown: unknown) => thrown)
      if (outcome instanceof Error) assert.ok(isPlatformError(outcome))
      else assert.equal(JSON.stringify((outcome as { claims: unknown }).claims), original)
      if (at < token.lastIndexOf('.')) assert.ok(outcome instanceof Error)
    }),
    runs(300),
  )
})

test('claims swapped under a good signature never verify, although the good token is remembered', async () => {
  const { verifier, claims } = setUp()
  const token = await rsa.sign(claims)
  await verifier.verify(token)
  const [header, , signature] = token.split('.')
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.constantFrom('zid', 'client_id', 'exp', 'user_name'), fc.anything()),
      async (change) => {
        const body = Buffer.from(JSON.stringify({ ...claims, ...change, forged: 1 })).toString('base64url')
        await assert.rejects(verifier.verify(`${header}.${body}.${signature}`))
      },
    ),
    runs(100),
  )
})

test('the bearer token is read whatever the case of the scheme', () => {
  assert.equal(bearerToken('Bearer a.b.c'), 'a.b.c')
  assert.equal(bearerToken('bearer  a.b.c '), 'a.b.c')
  for (const header of [undefined, '', 'Bearer', 'Bearer ', 'Basic abc', 'Bearera.b.c'])
    assert.equal(bearerToken(header), '')
})

test('scope and audience are read as lists in either form', () => {
  assert.deepEqual(scopesOf({ scope: 'openid  uaa.user' }), ['openid', 'uaa.user'])
  assert.deepEqual(scopesOf({ scope: ['uaa.resource'] }), ['uaa.resource'])
  assert.deepEqual(audienceOf({ aud: 'sb a' }), ['sb a'])
  assert.deepEqual(audienceOf({}), [])
})
