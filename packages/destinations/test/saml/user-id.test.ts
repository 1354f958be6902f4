import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TokenClaims } from '@landbridge/identity'
import { isPlatformError } from '@landbridge/kernel'
import { assertionAttributes } from '../../src/saml/user-attributes.ts'
import { propagatedUserId } from '../../src/saml/user-id.ts'

const format = (name: string) => `urn:oasis:names:tc:SAML:1.1:nameid-format:${name}`
const claims = {
  user_name: 'jane',
  email: 'jane@corp.test',
  employee: 4711,
  'a.b': 'dotted',
  empty: '',
  ext: { login: { id: 'deep' }, list: ['first', 'second'] },
  'xs.system.attributes': { 'xs.saml.groups': ['Admins', 'Users'] },
  user_attributes: { 'xs.saml.groups': ['Users', 'More'] },
}

function failure(run: () => unknown): string {
  let reason = ''
  assert.throws(run, (thrown) => {
    if (!isPlatformError(thrown, 'DESTINATION_TOKEN_FAILED')) return false
    reason = String(thrown.facts.reason)
    return true
  })
  return reason
}

test('a plain userIdSource is the exact name of a root claim, a JSONPath reaches further down (DEST-194, CONN-185, CONN-186)', () => {
  const id = (userIdSource: string) => propagatedUserId({ userIdSource }, claims, undefined)
  assert.equal(id('employee'), '4711')
  assert.equal(id('a.b'), 'dotted')
  assert.equal(id('$.ext.login.id'), 'deep')
  assert.equal(id("$.['ext']['login']['id']"), 'deep')
  assert.equal(id("$['a.b']"), 'dotted')
  assert.equal(id('$.ext.list[1]'), 'second')
  assert.equal(id('$.ext.list'), 'first')
  assert.equal(id('$..id'), 'deep')
  for (const source of ['User_Name', 'ext', 'toString', '__proto__', 'empty', '$.ext.nothing'])
    assert.match(
      failure(() => id(source)),
      /^user ID could not be determined/,
      source,
    )
})

test('a userIdSource decides whatever the format says (DEST-194)', () => {
  const properties = { userIdSource: 'user_name', nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent' }
  assert.equal(propagatedUserId(properties, claims, undefined), 'jane')
})

test('a JSONPath that holds code is refused', () => {
  for (const userIdSource of ["$.ext[?(@.id=='deep')]", '$[(@.length-1)]', `$.${'a'.repeat(2_000)}`])
    assert.match(
      failure(() => propagatedUserId({ userIdSource }, claims, {})),
      /no usable JSONPath/,
    )
})

test('without userIdSource the format chooses email or user_name, and nothing else is tried (DEST-195, DEST-196, DEST-197, CONN-188, CONN-189, CONN-190)', () => {
  const id = (nameIdFormat: string, from: TokenClaims = claims) =>
    propagatedUserId({ nameIdFormat }, from, { email: 'other', user_name: 'other' })
  assert.equal(id(format('emailAddress')), 'jane@corp.test')
  assert.equal(id(format('unspecified')), 'jane')
  assert.equal(propagatedUserId({}, claims, undefined), 'jane')
  assert.equal(propagatedUserId({ nameIdFormat: '' }, claims, undefined), 'jane')
  assert.match(
    failure(() => id('urn:oasis:names:tc:SAML:2.0:nameid-format:persistent')),
    /nameIdFormat/,
  )
  assert.match(
    failure(() => id('toString')),
    /nameIdFormat/,
  )
  assert.match(
    failure(() => id(format('emailAddress'), { user_name: 'jane' })),
    /no claim email/,
  )
  assert.match(
    failure(() => id(format('unspecified'), { email: 'jane@corp.test' })),
    /no claim user_name/,
  )
})

test('what the token does not hold is looked for in the custom attributes, in the same two ways (DEST-198, CONN-187, CONN-191, CONN-192)', () => {
  const custom = { costcenter: 'c1', user_attributes: { login: ['jdoe'] } }
  const id = (userIdSource: string, from: typeof custom | undefined) => propagatedUserId({ userIdSource }, claims, from)
  assert.equal(id('costcenter', custom), 'c1')
  assert.equal(id('$.user_attributes.login', custom), 'jdoe')
  assert.equal(id('email', { ...custom, email: 'other' } as never), 'jane@corp.test')
  assert.equal(
    failure(() => id('nothing', custom)),
    'user ID could not be determined',
  )
  assert.match(
    failure(() => id('costcenter', undefined)),
    /scope user_attributes/,
  )
})

test('groups of the token become Groups, those of the identity server attributes of their own (DEST-200, DEST-201, DEST-202, CONN-193, CONN-194, CONN-195)', () => {
  const custom = {
    sub: 'id-1',
    number: 7,
    roles: ['a', 'b'],
    nothing: null,
    address: { city: 'Ulm' },
    user_attributes: { cost: ['1', '2'], 'xs.saml.groups': ['G'] },
  }
  assert.deepEqual(Object.fromEntries(assertionAttributes({}, claims, custom)), {
    sub: ['id-1'],
    number: ['7'],
    roles: ['a', 'b'],
    address: ['{"city":"Ulm"}'],
    'user_attributes.cost': ['1', '2'],
    'user_attributes.xs.saml.groups': ['G'],
    Groups: ['Admins', 'Users', 'More'],
  })
  const skipped = assertionAttributes({ skipUserAttributesPrefixInSAMLAttributes: 'true' }, {}, custom)
  assert.deepEqual([...skipped.keys()], ['sub', 'number', 'roles', 'address', 'cost', 'xs.saml.groups'])
  assert.deepEqual([...assertionAttributes({}, {}, undefined)], [])
})

test('what the destination says about its client wins over a user attribute of that name', () => {
  const attributes = assertionAttributes(
    { apiKey: 'key-1', clientKey: 'client-1' },
    {},
    { client_id: 'mine', api_key: 'x' },
  )
  assert.deepEqual(Object.fromEntries(attributes), { client_id: ['client-1'], api_key: ['key-1'] })
})
