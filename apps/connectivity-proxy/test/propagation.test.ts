import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { BoundService } from '@landbridge/registry'
import type { Preface } from '@landbridge/tunnel'
import { type Backend, startBackend } from './backend.ts'
import { Cloud, type Tenant } from './cloud.ts'
import { OpenConnector } from './open-connector.ts'
import { bearer, startProxy, type TestProxy } from './proxy.ts'
import { httpMapping } from './real-connector.ts'

let cloud: Cloud
let acme: Tenant
let paired: BoundService
let erp: Backend
let connector: OpenConnector
/** A token of a business user that the application got at his login. */
let loginToken: string

const proxies: Record<string, TestProxy> = {}
const modes = ['single-tenant trusted', 'single-tenant non-trusted', 'multi-tenant trusted', 'multi-tenant non-trusted']

before(async () => {
  cloud = await Cloud.start()
  acme = await cloud.newTenant()
  paired = await cloud.bind((await cloud.newTenant()).subaccount, 'connectivity_proxy')
  erp = await startBackend('erp')
  connector = await OpenConnector.connect(cloud, acme, [httpMapping(erp.port)])
  loginToken = await cloud.userToken(acme.xsuaa, acme)
  for (const mode of modes)
    proxies[mode] = await startProxy(cloud, {
      pairedBy: paired,
      settings: {
        'landbridge.acceptConnectivityBindings': true,
        ...(mode.startsWith('multi')
          ? { tenantMode: 'shared' }
          : { subaccountId: acme.subaccount.id, subaccountSubdomain: acme.subaccount.subdomain }),
        ...(mode.endsWith('non-trusted') ? {} : { 'servers.proxy.http.enableProxyAuthorization': false }),
      },
    })
})
after(async () => {
  for (const proxy of Object.values(proxies)) await proxy.close()
  connector.close()
  await erp.close()
  await cloud.close()
})

/** What the caller shows of itself in a mode, with a technical token. */
async function credentials(mode: string): Promise<Record<string, string>> {
  switch (mode) {
    case 'single-tenant trusted':
      return {}
    case 'multi-tenant trusted':
      return { 'sap-cp-connectivity-service-token': await cloud.token(paired, acme.subaccount) }
    default:
      return bearer(await cloud.token(acme.connectivity))
  }
}

/** Calls and returns what the connector and the backend saw. */
async function call(mode: string, headers: Record<string, string>) {
  const answer = await proxies[mode]!.get(headers)
  assert.equal(answer.status, 200, answer.text)
  return { preface: connector.prefaces.at(-1) as Preface, backend: erp.seen.at(-1)!.headers }
}

const carriers = [
  'proxy-authorization',
  'sap-connectivity-authentication',
  'sap-connectivity-technical-authentication',
  'sap-cp-connectivity-service-token',
]

for (const mode of modes)
  describe(mode, () => {
    test('a token in SAP-Connectivity-Authentication is the user that the connector sees, unread by the proxy; no carrier reaches the backend (CP-096, CP-097, CP-098, CP-100)', async () => {
      const given = await credentials(mode)
      for (const user of [loginToken, 'anything.but-a.token']) {
        const { preface, backend } = await call(mode, {
          ...given,
          'sap-connectivity-authentication': `Bearer ${user}`,
        })
        assert.equal(preface.userToken, user)
        assert.equal(preface.technicalToken, '')
        assert.equal(preface.receivedUser?.text, user)
        for (const name of carriers) assert.equal(backend[name], undefined, name)
      }
    })

    test('a technical token has its own way, and the token of the caller is nobody (CP-105)', async () => {
      const given = await credentials(mode)
      const alone = await call(mode, given)
      assert.deepEqual([alone.preface.userToken, alone.preface.technicalToken], ['', ''])
      const { preface, backend } = await call(mode, {
        ...given,
        'sap-connectivity-technical-authentication': 'Bearer technical.user.token',
      })
      assert.deepEqual([preface.userToken, preface.technicalToken], ['', 'technical.user.token'])
      for (const name of carriers) assert.equal(backend[name], undefined, name)
    })

    if (mode.endsWith('non-trusted')) {
      test('an exchanged token in Proxy-Authorization carries its user without another header (CP-099)', async () => {
        const exchanged = await cloud.exchange(acme.connectivity, loginToken)
        const { preface } = await call(mode, bearer(exchanged))
        assert.equal(preface.userToken, exchanged)
      })

      test('a client-credentials token in Proxy-Authorization propagates no user (CP-101)', async () => {
        const { preface } = await call(mode, await credentials(mode))
        assert.equal(preface.userToken, '')
        assert.equal(preface.clientId, acme.connectivity.binding.clientId)
      })

      test('a user in both carriers is refused instead of guessed (CONN-066)', async () => {
        const exchanged = await cloud.exchange(acme.connectivity, loginToken)
        const headers = { ...bearer(exchanged), 'sap-connectivity-authentication': `Bearer ${loginToken}` }
        const refused = await proxies[mode]!.get(headers)
        assert.deepEqual([refused.status, refused.error], [400, 'USER_IN_TWO_HEADERS'])
      })

      test('a token of another identity provider is propagated from its header and refused in Proxy-Authorization (CP-103)', async () => {
        const token = foreignToken()
        const { preface } = await call(mode, {
          ...(await credentials(mode)),
          'sap-connectivity-authentication': `Bearer ${token}`,
        })
        assert.equal(preface.userToken, token)
        const refused = await proxies[mode]!.get(bearer(token))
        assert.deepEqual([refused.status, refused.error], [407, 'TOKEN_ISSUER'])
      })
    }
  })

test('a connector that does not know numbers of tokens gets the tokens with each request', async () => {
  const tenant = await cloud.newTenant()
  const older = await OpenConnector.connect(cloud, tenant, [httpMapping(erp.port)])
  older.refersToTokens = false
  try {
    const headers = {
      ...bearer(await cloud.token(tenant.connectivity)),
      'sap-connectivity-authentication': 'Bearer a.b.c',
      'sap-connectivity-technical-authentication': 'Bearer d.e.f',
    }
    for (let i = 0; i < 2; i++) assert.equal((await proxies['multi-tenant non-trusted']!.get(headers)).status, 200)
    for (const { userToken, technicalToken, receivedUser } of older.prefaces)
      assert.deepEqual([userToken, technicalToken, receivedUser], ['a.b.c', 'd.e.f', null])
    assert.equal(older.prefaces.length, 2)
  } finally {
    older.close()
  }
})

/** As an IAS tenant issues it: signed well, by nobody that the proxy trusts. */
function foreignToken(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { iss: 'https://acme.accounts.example.test', sub: 'P1', exp: Math.floor(Date.now() / 1_000) + 600 }
  const text = `${part({ alg: 'RS256', kid: 'ias', typ: 'JWT' })}.${part(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`
}
