import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { ManualClock } from '@landbridge/kernel'
import type { BoundService } from '@landbridge/registry'
import { type Backend, startBackend } from './backend.ts'
import { Cloud, type Tenant } from './cloud.ts'
import { bearer, startProxy, type TestProxy } from './proxy.ts'
import { httpMapping, RealConnector } from './real-connector.ts'

let cloud: Cloud
let acme: Tenant
let paired: BoundService
let erp: Backend
let connector: RealConnector

before(async () => {
  cloud = await Cloud.start()
  acme = await cloud.newTenant()
  paired = await cloud.bind((await cloud.newTenant()).subaccount, 'connectivity_proxy')
  erp = await startBackend('erp')
  connector = await RealConnector.connect(cloud, acme, { mappings: [httpMapping(erp.port)] })
})
after(async () => {
  await connector.close()
  await erp.close()
  await cloud.close()
})

const settings = { tenantMode: 'shared', 'landbridge.acceptConnectivityBindings': true }
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const decode = (part: string | undefined) => JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'))
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

/** The token with changes to header and claims, signed by somebody else. */
function forged(token: string, header: object, claims: object = {}, key: KeyObject = stranger): string {
  const [first, second] = token.split('.')
  const text = `${encode({ ...decode(first), ...header })}.${encode({ ...decode(second), ...claims })}`
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
}

const fetches = (proxy: TestProxy) => proxy.logged.filter((line) => line.includes('identity.keys.')).length

test('a token with a modified payload is refused (CP-044)', async () => {
  const proxy = await startProxy(cloud, { pairedBy: paired, settings })
  const token = await cloud.token(acme.connectivity)
  const [header, payload, signature] = token.split('.')
  const modified = `${header}.${encode({ ...decode(payload), zid: 'another' })}.${signature}`
  for (const wrong of [modified, forged(token, {})]) {
    const answer = await proxy.get(bearer(wrong))
    assert.deepEqual([answer.status, answer.error], [407, 'TOKEN_SIGNATURE'])
  }
  assert.equal((await proxy.get(bearer(token))).status, 200)
  await proxy.close()
})

test('unsigned tokens and tokens with a symmetric signature are refused (CP-049)', async () => {
  const proxy = await startProxy(cloud, { pairedBy: paired, settings })
  const [first, second] = (await cloud.token(acme.connectivity)).split('.')
  const none = `${encode({ ...decode(first), alg: 'none' })}.${second}.`
  const text = `${encode({ ...decode(first), alg: 'HS256' })}.${second}`
  const key = await cloud.tokenService.verificationKey()
  const symmetric = `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
  for (const wrong of [none, symmetric]) {
    const answer = await proxy.get(bearer(wrong))
    assert.deepEqual([answer.status, answer.error], [407, 'TOKEN_ALGORITHM'])
  }
  await proxy.close()
})

test('a token is accepted until it expires and refused from then on (CP-047)', async () => {
  const verifierClock = new ManualClock(Date.now())
  const proxy = await startProxy(cloud, { pairedBy: paired, settings, verifierClock })
  const token = await cloud.token(acme.connectivity)
  const expiresAtMs = decode(token.split('.')[1]).exp * 1_000
  assert.equal((await proxy.get(bearer(token))).status, 200)
  verifierClock.advance(expiresAtMs - verifierClock.now() - 1_000)
  assert.equal((await proxy.get(bearer(token))).status, 200)
  // Clocks may differ by a minute.
  verifierClock.advance(62_000)
  const answer = await proxy.get(bearer(token))
  assert.deepEqual([answer.status, answer.error], [407, 'TOKEN_EXPIRED'])
  await proxy.close()
})

test('a token that points to keys elsewhere is refused, and nobody is asked for them (CP-046)', async () => {
  let asked = 0
  const elsewhere = createServer((_request, response) => {
    asked++
    response.end('{"keys":[]}')
  })
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`
  const proxy = await startProxy(cloud, { pairedBy: paired, settings })
  const token = await cloud.token(acme.connectivity)
  const jku = `${origin}/token_keys`
  for (const iss of [`${origin}/oauth/token`, `https://acme.${cloud.tokenService.uaaDomain}.evil.test/oauth/token`]) {
    const answer = await proxy.get(bearer(forged(token, { jku }, { iss })))
    assert.deepEqual([answer.status, answer.error], [407, 'TOKEN_ISSUER'])
  }
  assert.equal(fetches(proxy), 0)
  const ownIssuer = await proxy.get(bearer(forged(token, { jku, kid: 'theirs' })))
  assert.deepEqual([ownIssuer.status, ownIssuer.error], [407, 'TOKEN_KEY_UNKNOWN'])
  assert.equal(asked, 0)
  await proxy.close()
  await new Promise((resolve) => elsewhere.close(resolve))
})

test('known keys serve while the token service is down; unknown key IDs cause one refresh, not one each (CP-045)', async () => {
  const mortal = await Cloud.start()
  const tenant = await mortal.newTenant()
  const agent = await RealConnector.connect(mortal, tenant, { mappings: [httpMapping(erp.port)] })
  const verifierClock = new ManualClock(Date.now())
  const pairedBy = await mortal.bind(tenant.subaccount, 'connectivity_proxy')
  const proxy = await startProxy(mortal, { pairedBy, settings, verifierClock })
  const first = await mortal.token(tenant.connectivity)
  const later = await mortal.token(tenant.connectivity)
  assert.equal((await proxy.get(bearer(first))).status, 200)
  assert.equal(fetches(proxy), 1)
  verifierClock.advance(60_000)
  for (const kid of ['a', 'b', 'c'])
    assert.equal((await proxy.get(bearer(forged(first, { kid })))).error, 'TOKEN_KEY_UNKNOWN')
  assert.equal(fetches(proxy), 2)
  await mortal.tokenService.close()
  verifierClock.advance(60_000)
  assert.equal((await proxy.get(bearer(later))).status, 200)
  assert.equal((await proxy.get(bearer(forged(first, { kid: 'd' })))).status, 407)
  assert.equal(fetches(proxy), 3)
  assert.equal((await proxy.get(bearer(first))).status, 200)
  await proxy.close()
  await agent.close()
  await mortal.close()
})
