import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { callJson, startPlatform, type TestPlatform, temporaryFolder } from '@landbridge/testkit'
import { administrate, regionHost } from '../clients/support/administration.ts'
import { claimsOf, technicalToken } from '../clients/support/tokens.ts'
import { IdentityProvider, resource, tenantClaim } from './identity-provider.ts'
import { callThrough } from './proxied-call.ts'

const folder = temporaryFolder()
let first: IdentityProvider
let second: IdentityProvider
let platform: TestPlatform

before(async () => {
  const ca = await LocalCa.create({ subject: { CN: 'CA of the identity providers' } })
  first = await IdentityProvider.start(ca, { app: 'acme' })
  second = await IdentityProvider.start(ca, { app: 'acme' })
  const external = (provider: IdentityProvider, instance: string): object => ({
    issuer: provider.issuer,
    ca: ca.certificatePem,
    audience: [resource],
    claims: { tenant: [tenantClaim] },
    tenants: { acme: 'demo' },
    clients: { app: { instance } },
  })
  const configuration = {
    identity: { external: [external(first, 'demo/demo-connectivity'), external(second, 'demo/demo-destination')] },
  }
  const file = join(folder.path, 'up.yaml')
  writeFileSync(file, JSON.stringify(configuration))
  platform = await startPlatform('--config', file)
})

after(async () => {
  await platform?.stop()
  await first?.[Symbol.asyncDispose]()
  await second?.[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

function ask(token: string): Promise<string> {
  return callThrough(platform, 'demo-backend.virtual:8080', token)
}

async function lookUp(token: string): Promise<number> {
  const url = `${platform.binding('destination').uri}/destination-configuration/v1/subaccountDestinations`
  return (await callJson({ url, headers: { authorization: `Bearer ${token}` } })).status
}

test('clients of one name at two issuers are two clients, and those of the platform stay what they are', async () => {
  const connectivity = await first.token({ clientId: 'app' })
  const destination = await second.token({ clientId: 'app' })
  assert.match(await ask(connectivity), /^200 /)
  assert.equal(await lookUp(destination), 200)
  assert.match(await ask(destination), / PROXY_CLIENT_NOT_ALLOWED /)
  assert.equal(await lookUp(connectivity), 403)
  assert.match(await ask(await technicalToken(platform, 'connectivity')), /^200 /)
  assert.equal(await lookUp(await technicalToken(platform, 'destination')), 200)
})

test('a key of one issuer signs nothing for another, nor for the platform', async () => {
  const claims = { client_id: 'app', [tenantClaim]: 'acme' }
  assert.match(await ask(await second.forge({ ...claims, iss: first.issuer })), /^407 TOKEN_KEY_UNKNOWN /)
  const own = claimsOf(await technicalToken(platform, 'connectivity'))
  assert.match(await ask(await second.forge(own)), /^407 TOKEN_KEY_UNKNOWN /)
  // A client ID of the platform in a token of somebody else opens nothing.
  const { clientid = '', tenantid = '' } = platform.binding('connectivity')
  const posing = await first.forge({ client_id: clientid, cid: clientid, zid: tenantid, [tenantClaim]: 'acme' })
  assert.match(await ask(posing), / PROXY_CLIENT_NOT_ALLOWED /)
})

test('connectors learn all issuers of their subaccount', async () => {
  const path = `/subaccounts/${regionHost}/${platform.binding('xsuaa').subaccountid}/trust`
  await administrate(platform, 'POST', path)
  const { json } = await administrate(platform, 'GET', `${path}/idps`)
  const issuers = json.map(({ issuer }: { issuer: string }) => issuer)
  assert.equal(issuers.length, 3)
  assert.deepEqual(issuers.slice(1), [first.issuer, second.issuer])
})
