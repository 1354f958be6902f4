import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { callJson } from '@landbridge/testkit'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { onEveryDatabase } from './support/databases.ts'
import { TokenFixture } from './support/token-fixture.ts'

// These tests run against oidc-provider: a certified authorization server that knows nothing of this project.

const authority = await LocalCa.create({ subject: { CN: 'CA' } })
const clients = await LocalCa.create({ subject: { CN: 'Client CA' } })
const own = await clients.issueClient({ subject: { CN: 'mutual' }, days: 1 })
const stranger = await clients.issueClient({ subject: { CN: 'stranger' }, days: 1 })
const asserting = await generateKeyPair('ES256', { extractable: true })
const SETTINGS = JSON.stringify({
  ...(await authority.issueServer({ dnsNames: ['localhost'], days: 1 })),
  clientCa: clients.certificatePem,
  assertingKey: { ...(await exportJWK(asserting.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' },
})
const child = spawn(process.execPath, [`${import.meta.dirname}/programs/authorization-server.mjs`], {
  env: { ...process.env, SETTINGS },
  stdio: ['ignore', 'pipe', 'pipe'],
})
const exited = once(child, 'exit')
after(async () => {
  child.kill()
  await exited
})
const failed = text(child.stderr)
const line = await Promise.race([once(createInterface(child.stdout), 'line'), exited.then(() => undefined)])
if (line === undefined) throw new Error(await failed)
const { issuer } = JSON.parse(String(line[0])) as { issuer: string }

await onEveryDatabase(async (newUrl) => {
  const at = await TokenFixture.start(newUrl)
  after(() => at.close())
  const { token, failure } = at
  await at.certificates.put('ca.pem', authority.certificatePem)
  await at.certificates.put('own.pem', own.cert + own.key)
  await at.certificates.put('stranger.pem', stranger.cert + stranger.key)

  function destination(clientId: string, more: Record<string, string> = {}): Promise<string> {
    return at.put({
      Authentication: 'OAuth2ClientCredentials',
      clientId,
      tokenServiceURL: `${issuer}/token`,
      TrustStoreLocation: 'ca.pem',
      ...more,
    })
  }

  const post = { clientSecret: 'post-secret-value' }

  test('client credentials in the body and in the header are accepted, wrong ones are an error entry (DEST-098, DEST-114, DEST-115, DEST-137)', async () => {
    const inBody = await token(await destination('post', { ...post, scope: 'api:read api:write' }))
    assert.deepEqual([inBody.type, inBody.expires_in, inBody.scope], ['Bearer', '300', 'api:read api:write'])
    const header = { 'tokenService.addClientCredentialsInBody': 'false' }
    const inHeader = await token(await destination('basic', { clientSecret: 'basic-secret-value', ...header }))
    assert.equal(inHeader.error, undefined)
    const reason = await failure(await destination('post', { clientSecret: 'wrong-secret-value' }))
    assert.match(reason, /client authentication failed/)
  })

  test('a code with its verifier becomes tokens once; the refresh token is rotated (DEST-163, DEST-165, DEST-166, DEST-168)', async () => {
    const verifier = randomBytes(32).toString('base64url')
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    const newCode = async () =>
      (await callJson({ url: `${issuer}/test/code?challenge=${challenge}`, ca: authority.certificatePem })).text
    const byCode = await destination('post', { ...post, Authentication: 'OAuth2AuthorizationCode' })
    const headers = { 'x-code': await newCode(), 'x-redirect-uri': 'https://app.test/cb', 'x-code-verifier': verifier }
    const first = await token(byCode, { headers })
    assert.ok(first.value !== '' && first.refresh_token !== undefined, first.error)
    const byRefresh = await destination('post', { ...post, Authentication: 'OAuth2RefreshToken' })
    const second = await token(byRefresh, { headers: { 'x-refresh-token': first.refresh_token } })
    assert.ok(second.refresh_token !== undefined && second.refresh_token !== first.refresh_token, second.error)
    const exchanging = await destination('post', { ...post, Authentication: 'OAuth2TokenExchange' })
    const type = 'urn:ietf:params:oauth:token-type:access_token'
    const subject = { 'x-subject-token': second.value, 'x-subject-token-type': type }
    const exchanged = await token(exchanging, { headers: subject })
    assert.equal(exchanged.issued_token_type, type, exchanged.error)
    assert.match(await failure(exchanging, { headers: { ...subject, 'x-subject-token': 'made-up' } }), /unknown/)
    // A code that comes again makes the server revoke what it gave for it.
    assert.match(await failure(byCode, { headers }), /grant request is invalid/)
    const wrong = { ...headers, 'x-code': await newCode(), 'x-code-verifier': 'w'.repeat(43) }
    assert.match(await failure(byCode, { headers: wrong }), /grant request is invalid/)
  })

  test('a signed assertion proves the client, and only to the audience that it names (DEST-179)', async () => {
    const signed = (audience: string) =>
      new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .setIssuer('asserting')
        .setSubject('asserting')
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime('1m')
        .sign(asserting.privateKey)
    const headers = async (audience: string) => ({
      'x-client-assertion': await signed(audience),
      'x-client-assertion-type': 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    const name = await destination('asserting', { clientSecret: 'must-not-be-sent' })
    assert.equal((await token(name, { headers: await headers(issuer) })).error, undefined)
    assert.match(
      await failure(name, { headers: await headers('https://elsewhere.test') }),
      /client authentication failed/,
    )
  })

  test('a client certificate proves the client, and only the right one (DEST-173, DEST-097)', async () => {
    const mutual = (location: string) => destination('mutual', { 'tokenService.KeyStoreLocation': location })
    assert.equal((await token(await mutual('own.pem'))).error, undefined)
    assert.match(await failure(await mutual('stranger.pem')), /client authentication failed/)
    assert.match(await failure(await destination('mutual')), /client authentication failed/)
  })
})
