import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { ca, claimsOf, startTestService, tenants } from './test-service.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const keys = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'ias-1', alg: 'ES256', use: 'sig' }] }
const provider = createServer(await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 }))
let asked = 0
provider.on('request', (_request, response) => {
  asked++
  response.end(JSON.stringify(keys))
})
provider.listen(0, '127.0.0.1')
await once(provider, 'listening')
const service = await startTestService({
  config: {
    trustedIssuers: [
      {
        issuer: 'https://my.ias.test',
        keysUrl: `https://127.0.0.1:${(provider.address() as AddressInfo).port}/oauth2/certs`,
        subaccountId: tenants[0]!.id,
        origin: 'my-ias',
        audience: 'app-in-ias',
        ca: ca.certificatePem,
      },
    ],
  },
})
after(async () => {
  await service.close()
  provider.close()
})

function iasToken(change: Record<string, unknown> = {}, header: Record<string, unknown> = {}): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const seconds = Math.floor(service.clock.now() / 1000)
  const claims = {
    iss: 'https://my.ias.test',
    aud: 'app-in-ias',
    sub: 'P000001',
    mail: 'bob@corp.test',
    given_name: 'Bob',
    groups: ['staff'],
    origin: 'sap.default',
    'xs.system.attributes': { 'xs.rolecollections': ['Subaccount Administrator'] },
    exp: seconds + 600,
    ...change,
  }
  const signed = `${encode({ alg: 'ES256', kid: 'ias-1', ...header })}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

async function exchange(assertion: string, host = `sub1.${service.app.uaaDomain}`) {
  const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
  return service.token({ grant_type: grant, assertion }, { host })
}

test('a user token of a trusted identity provider becomes one of ours, without the roles it claims (RC-029)', async () => {
  const { status, json } = await exchange(iasToken())
  assert.equal(status, 200)
  const claims = claimsOf(json.access_token)
  assert.equal(claims.user_name, 'bob@corp.test')
  assert.equal(claims.user_id, 'P000001')
  assert.equal(claims.origin, 'my-ias')
  assert.equal(claims.zid, tenants[0]!.id)
  assert.deepEqual(claims['xs.system.attributes'], { 'xs.rolecollections': [], 'xs.saml.groups': ['staff'] })
})

test('its tokens count in its subaccount, for its audience and by its configured keys only', async () => {
  const elsewhere = await exchange(iasToken(), `sub2.${service.app.uaaDomain}`)
  assert.equal(elsewhere.json.error, 'invalid_grant')
  for (const token of [
    iasToken({ aud: 'another-app' }),
    iasToken({ iss: 'https://evil.test' }),
    iasToken({ iss: service.app.issuerOf('sub1'), zid: tenants[0]!.id, scope: ['uaa.user'], user_name: 'root' }),
    iasToken({ sub: undefined, mail: undefined }),
    iasToken({}, { kid: 'other' }),
  ])
    assert.equal((await exchange(token)).json.error, 'invalid_grant')
})

test('a key address inside a token is never called', async () => {
  const before = asked
  const url = `https://127.0.0.1:${(provider.address() as AddressInfo).port}/evil`
  await exchange(iasToken({ iss: 'https://evil.test' }, { jku: url, x5u: url }))
  assert.equal(asked, before)
})
