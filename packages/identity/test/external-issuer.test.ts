import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPlatformError } from '@landbridge/kernel'
import {
  type CalledInstance,
  defaultClaimPaths,
  type ExternalDirectory,
  type ExternalRules,
  interpretExternal,
  readExternalRules,
  type TokenClaims,
  toVerifiedToken,
} from '../src/index.ts'

const plant = { id: '11111111-1111-4111-8111-111111111111', subdomain: 'plant' }
const office = { id: '22222222-2222-4222-8222-222222222222', subdomain: 'office' }
const connectivity: CalledInstance = { id: 'instance-1', subaccountId: plant.id, service: 'connectivity' }

const directory: ExternalDirectory = {
  tenant: async (name) => [plant, office].find(({ id, subdomain }) => name === id || name === subdomain),
  instance: async (name) => (name === 'instance-1' || name === 'plant/conn' ? connectivity : undefined),
  mayActIn: async () => false,
}

function rules(change: Partial<ExternalRules> = {}): ExternalRules {
  return { issuer: 'https://idp.test', audience: ['us'], claims: defaultClaimPaths, clients: {}, ...change }
}

function read(claims: TokenClaims, by: ExternalRules = rules(), known?: ExternalDirectory) {
  const all = { iss: 'https://idp.test', aud: 'us', exp: 2_000_000_000, ...claims }
  return interpretExternal(by, toVerifiedToken('raw', all), known)
}

function refused(code: string) {
  return (thrown: unknown) => isPlatformError(thrown) && thrown.code === code
}

test('the tokens of a UAA are read without any mapping', async () => {
  const claims = {
    zid: plant.id,
    client_id: 'sb-app',
    user_name: 'alice',
    ext_attr: { serviceinstanceid: 'instance-1', zdn: 'plant' },
  }
  const token = await read(claims, rules({ clients: { 'sb-app': {} } }), directory)
  const { tenantId, subdomain, clientId, instanceId, service, userName } = token
  assert.deepEqual(
    [tenantId, subdomain, clientId, instanceId, service, userName],
    [plant.id, 'plant', 'sb-app', 'instance-1', 'connectivity', 'alice'],
  )
})

test('a client that is not configured never passes for one of the same name elsewhere', async () => {
  const token = await read({ zid: plant.id, client_id: 'sb-clone1!b1|connectivity!b1' })
  assert.equal(token.clientId, 'sb-clone1!b1|connectivity!b1@https://idp.test')
  const inherited = await read({ zid: plant.id, client_id: 'constructor' })
  assert.equal(inherited.clientId, 'constructor@https://idp.test')
})

test('a claim is found by its whole name, also with dots, and by a path; nothing inherited is found', async () => {
  const paths = { ...defaultClaimPaths, tenant: ['https://claims.test/tenant', 'org.id', 'org.constructor.name'] }
  const by = rules({ claims: paths })
  assert.equal((await read({ 'https://claims.test/tenant': plant.id, org: { id: office.id } }, by)).tenantId, plant.id)
  assert.equal((await read({ org: { id: office.id } }, by)).tenantId, office.id)
  await assert.rejects(read({ org: {} }, by), refused('TOKEN_TENANT_UNKNOWN'))
})

test('the audience decides first, in both of its forms', async () => {
  for (const aud of ['them', ['them', 'others'], [], undefined])
    await assert.rejects(read({ zid: plant.id, aud: aud as string[] }), refused('TOKEN_AUDIENCE'))
  assert.equal((await read({ zid: plant.id, aud: ['them', 'us'] })).tenantId, plant.id)
})

test('with a list of tenants no other is accepted, not even one that is named like a subaccount', async () => {
  const by = rules({ tenants: { acme: 'plant' } })
  assert.equal((await read({ zid: 'acme' }, by, directory)).tenantId, plant.id)
  for (const zid of [plant.id, office.id, 'plant', 'toString'])
    await assert.rejects(read({ zid }, by, directory), refused('TOKEN_TENANT_UNKNOWN'))
})

test('a token without a tenant is of the subaccount of its client, of the issuer, or of its instance, in this order', async () => {
  const clients = { a: { subaccount: 'office' }, b: { instance: 'plant/conn' }, c: {} }
  const tenantOf = async (azp: string, by: ExternalRules) => (await read({ azp }, by, directory)).subdomain
  assert.equal(await tenantOf('a', rules({ clients, subaccount: 'plant' })), 'office')
  assert.equal(await tenantOf('c', rules({ clients, subaccount: 'plant' })), 'plant')
  assert.equal(await tenantOf('b', rules({ clients })), 'plant')
  await assert.rejects(tenantOf('c', rules({ clients })), refused('TOKEN_TENANT_UNKNOWN'))
})

test('a client that is bound to a subaccount speaks for no other, and its instance only where it is subscribed', async () => {
  const clients = { a: { subaccount: 'plant' }, b: { instance: 'instance-1' }, c: { instance: 'gone' } }
  const as = (azp: string, known = directory) => read({ azp, zid: office.id }, rules({ clients }), known)
  await assert.rejects(as('a'), refused('TOKEN_TENANT_UNKNOWN'))
  await assert.rejects(as('b'), refused('OAUTH_TENANT_FORBIDDEN'))
  await assert.rejects(as('c'), refused('TOKEN_INSTANCE_UNKNOWN'))
  assert.equal((await as('b', { ...directory, mayActIn: async () => true })).tenantId, office.id)
})

test('where nothing can be looked up, tenants are IDs and the configuration names the service', async () => {
  const by = rules({ clients: { a: { instance: 'plant/conn', service: 'connectivity' } } })
  const token = await read({ azp: 'a', zid: plant.id.toUpperCase() }, by)
  assert.deepEqual([token.tenantId, token.service], [plant.id, 'connectivity'])
  await assert.rejects(read({ azp: 'a', zid: 'plant' }, by), refused('TOKEN_TENANT_UNKNOWN'))
})

test('a token whose user is its client belongs to no user', async () => {
  const claims = { ...defaultClaimPaths, user: ['sub'] }
  assert.equal((await read({ zid: plant.id, azp: 'job', sub: 'job' }, rules({ claims }))).userName, '')
  assert.equal((await read({ zid: plant.id, azp: 'job', sub: 'bob' }, rules({ claims }))).userName, 'bob')
})

test('rules that came damaged let nothing in', async () => {
  for (const damaged of [{}, { audience: 'us' }, { audience: ['us'], claims: null, tenants: 3, clients: [7] }]) {
    const by = readExternalRules('https://idp.test', damaged)
    await assert.rejects(read({ zid: plant.id, azp: 'a' }, by), (thrown) => isPlatformError(thrown))
  }
  const whole = rules({ tenants: { acme: plant.id }, clients: { a: { subaccount: plant.id } }, subaccount: plant.id })
  assert.deepEqual(readExternalRules('https://idp.test', JSON.parse(JSON.stringify(whole))), whole)
})
