import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '@landbridge/kernel'
import { type AccessPolicy, Authorizer, type Credentials } from '@landbridge/proxy'
import { TokenMint, type TokenOptions } from '@landbridge/testkit'

const clock = new ManualClock()
const mint = await TokenMint.create(clock)
const verifier = await mint.verifier()

const tokens = {
  app: {},
  otherApp: { clientId: 'sb-other' },
  globexApp: { tenant: 'globex' },
  anna: { userName: 'anna' },
  globexAnna: { tenant: 'globex', userName: 'anna' },
  service: { clientId: 'sb-proxy' },
  globexService: { clientId: 'sb-proxy', tenant: 'globex' },
  expired: { lifeSeconds: -3_600 },
  expiredAnna: { userName: 'anna', lifeSeconds: -3_600 },
  foreignAnna: { userName: 'anna', issuer: 'https://ias.example' },
} as const satisfies Record<string, TokenOptions>
type Name = keyof typeof tokens

const texts: Record<string, string> = {}
for (const [name, options] of Object.entries(tokens)) texts[name] = await mint.token(options)

interface Row {
  readonly mode: string
  /** Tokens of Proxy-Authorization, of the user header and of the service token header. */
  readonly caller?: Name
  readonly user?: Name
  readonly service?: Name
  readonly policy?: Partial<AccessPolicy>
  /** Subaccount and user token, or the code of the refusal. */
  readonly expected: readonly [subaccount: string, user: Name | '', client: string] | string
}

const cloud: Partial<AccessPolicy> = { userTokenNamesTenant: true }
const subscribed: Partial<AccessPolicy> = { ...cloud, mayActFor: (_, tenant) => tenant === 'globex' }

const modes: Readonly<Record<string, Partial<AccessPolicy>>> = {
  'multi-tenant non-trusted': {},
  'single-tenant non-trusted': { tenantMode: 'dedicated', subaccountId: 'acme' },
  'multi-tenant trusted': { authorization: false },
  'single-tenant trusted': { authorization: false, tenantMode: 'dedicated', subaccountId: 'acme' },
}

const table: readonly Row[] = [
  { mode: 'multi-tenant non-trusted', expected: 'PROXY_AUTHORIZATION_MISSING' },
  { mode: 'multi-tenant non-trusted', service: 'service', expected: 'PROXY_AUTHORIZATION_MISSING' },
  { mode: 'multi-tenant non-trusted', caller: 'app', expected: ['acme', '', 'sb-client'] },
  { mode: 'multi-tenant non-trusted', caller: 'globexApp', expected: ['globex', '', 'sb-client'] },
  { mode: 'multi-tenant non-trusted', caller: 'app', service: 'globexService', expected: ['acme', '', 'sb-client'] },
  { mode: 'multi-tenant non-trusted', caller: 'otherApp', expected: 'PROXY_CLIENT_NOT_ALLOWED' },
  { mode: 'multi-tenant non-trusted', caller: 'expired', expected: 'TOKEN_EXPIRED' },
  { mode: 'multi-tenant non-trusted', caller: 'foreignAnna', expected: 'TOKEN_ISSUER' },
  { mode: 'multi-tenant non-trusted', caller: 'anna', expected: ['acme', 'anna', 'sb-client'] },
  { mode: 'multi-tenant non-trusted', caller: 'app', user: 'anna', expected: ['acme', 'anna', 'sb-client'] },
  {
    mode: 'multi-tenant non-trusted',
    caller: 'app',
    user: 'foreignAnna',
    expected: ['acme', 'foreignAnna', 'sb-client'],
  },
  {
    mode: 'multi-tenant non-trusted',
    caller: 'app',
    user: 'globexAnna',
    expected: ['acme', 'globexAnna', 'sb-client'],
  },
  { mode: 'multi-tenant non-trusted', caller: 'anna', user: 'anna', expected: 'USER_IN_TWO_HEADERS' },
  { mode: 'multi-tenant non-trusted', caller: 'anna', user: 'foreignAnna', expected: 'USER_IN_TWO_HEADERS' },
  {
    mode: 'multi-tenant non-trusted',
    policy: cloud,
    caller: 'app',
    user: 'anna',
    expected: ['acme', 'anna', 'sb-client'],
  },
  {
    mode: 'multi-tenant non-trusted',
    policy: cloud,
    caller: 'app',
    user: 'globexAnna',
    expected: 'USER_TENANT_MISMATCH',
  },
  {
    mode: 'multi-tenant non-trusted',
    policy: cloud,
    caller: 'app',
    user: 'expiredAnna',
    expected: 'USER_TOKEN_INVALID',
  },
  {
    mode: 'multi-tenant non-trusted',
    policy: cloud,
    caller: 'app',
    user: 'foreignAnna',
    expected: ['acme', 'foreignAnna', 'sb-client'],
  },
  {
    mode: 'multi-tenant non-trusted',
    policy: subscribed,
    caller: 'app',
    user: 'globexAnna',
    expected: ['globex', 'globexAnna', 'sb-client'],
  },
  { mode: 'single-tenant non-trusted', expected: 'PROXY_AUTHORIZATION_MISSING' },
  { mode: 'single-tenant non-trusted', caller: 'app', expected: ['acme', '', 'sb-client'] },
  { mode: 'single-tenant non-trusted', caller: 'globexApp', expected: 'PROXY_TENANT_MISMATCH' },
  { mode: 'single-tenant non-trusted', caller: 'otherApp', expected: 'PROXY_CLIENT_NOT_ALLOWED' },
  {
    mode: 'single-tenant non-trusted',
    policy: subscribed,
    caller: 'app',
    user: 'globexAnna',
    expected: ['acme', 'globexAnna', 'sb-client'],
  },
  { mode: 'single-tenant non-trusted', caller: 'anna', user: 'anna', expected: 'USER_IN_TWO_HEADERS' },
  { mode: 'multi-tenant trusted', expected: 'SERVICE_TOKEN_MISSING' },
  { mode: 'multi-tenant trusted', caller: 'app', expected: 'SERVICE_TOKEN_MISSING' },
  { mode: 'multi-tenant trusted', service: 'service', expected: ['acme', '', 'sb-proxy'] },
  { mode: 'multi-tenant trusted', service: 'globexService', expected: ['globex', '', 'sb-proxy'] },
  { mode: 'multi-tenant trusted', service: 'app', expected: 'PROXY_CLIENT_NOT_ALLOWED' },
  { mode: 'multi-tenant trusted', service: 'expired', expected: 'TOKEN_EXPIRED' },
  { mode: 'multi-tenant trusted', service: 'service', user: 'anna', expected: ['acme', 'anna', 'sb-proxy'] },
  { mode: 'multi-tenant trusted', service: 'service', caller: 'anna', expected: ['acme', '', 'sb-proxy'] },
  { mode: 'single-tenant trusted', expected: ['acme', '', ''] },
  { mode: 'single-tenant trusted', caller: 'globexAnna', service: 'globexService', expected: ['acme', '', ''] },
  { mode: 'single-tenant trusted', user: 'foreignAnna', expected: ['acme', 'foreignAnna', ''] },
]

function credentialsOf(row: Row): Credentials {
  const bearer = (name: Name | undefined) => (name === undefined ? '' : `Bearer ${texts[name]}`)
  return {
    proxyAuthorization: bearer(row.caller),
    userAuthentication: bearer(row.user),
    technicalAuthentication: 'Bearer technical',
    serviceToken: bearer(row.service),
  }
}

function authorizer(row: Row): Authorizer {
  const policy: AccessPolicy = {
    authorization: true,
    tenantMode: 'shared',
    subaccountId: '',
    acceptClient: (token) => token.clientId === 'sb-client',
    acceptServiceClient: (token) => token.clientId === 'sb-proxy',
    userTokenNamesTenant: false,
    mayActFor: () => false,
    ...modes[row.mode],
    ...row.policy,
  }
  return new Authorizer(policy, verifier)
}

for (const row of table) {
  const shown = [row.caller, row.user, row.service].map((name) => name ?? 'nothing').join(', ')
  const where = row.policy === undefined ? '' : row.policy === cloud ? ' in the cloud' : ' with a subscription'
  const id = row.expected === 'USER_IN_TWO_HEADERS' ? ' (CONN-066)' : ''
  test(`${row.mode}${where}: caller, user and service token ${shown} lead to ${row.expected}${id}`, async () => {
    const decision = authorizer(row).authorize(credentialsOf(row))
    if (typeof row.expected === 'string') return assert.rejects(decision, { code: row.expected })
    const { subaccountId, userToken, clientId, technicalToken } = await decision
    const user = Object.keys(texts).find((name) => texts[name] === userToken) ?? ''
    assert.deepEqual([subaccountId, user, clientId], row.expected)
    assert.equal(technicalToken, 'technical')
  })
}

for (const row of table)
  test(`the decision without waiting is the same or none: ${JSON.stringify(row)}`, async () => {
    const one = authorizer(row)
    const credentials = credentialsOf(row)
    const waited = await one.authorize(credentials).catch(() => null)
    const known = one.known(credentials)
    if (known !== null) assert.deepEqual(known, waited)
    const isUsual = row.mode.endsWith('non-trusted') && row.policy === undefined && waited !== null
    if (isUsual) assert.notEqual(known, null)
  })

test('a decision lives as long as the first of the tokens that led to it, and without tokens forever', async () => {
  const short = await mint.token({ userName: 'anna', tenant: 'globex', lifeSeconds: 60 })
  const row: Row = { mode: 'multi-tenant non-trusted', policy: subscribed, caller: 'app', expected: '' }
  const both = await authorizer(row).authorize({ ...credentialsOf(row), userAuthentication: `Bearer ${short}` })
  assert.ok(both.expiresAtMs <= clock.now() + 60_000)
  const alone = await authorizer(row).authorize(credentialsOf(row))
  assert.ok(alone.expiresAtMs > clock.now() + 60_000)
  const nobody: Row = { mode: 'single-tenant trusted', expected: '' }
  assert.equal((await authorizer(nobody).authorize(credentialsOf(nobody))).expiresAtMs, Number.POSITIVE_INFINITY)
})
