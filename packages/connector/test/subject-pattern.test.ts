import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import {
  certificateFacts,
  formatDistinguishedName,
  parseDistinguishedName,
  UserCertificateAuthority,
} from '@landbridge/identity'
import { isPlatformError } from '@landbridge/kernel'
import fc, { runs } from '@landbridge/testkit/properties'
import { attributesOf, type SubjectCondition, type SubjectPatternRule, SubjectPatterns } from '../src/index.ts'
import { testCertificates, testClock } from './propagating-connector.ts'

function subject(
  rules: readonly SubjectPatternRule[],
  claims: object,
  userType: 'Business' | 'Technical' = 'Business',
) {
  return formatDistinguishedName(new SubjectPatterns(rules).subjectOf(attributesOf(claims as never, userType)))
}

function refusedAs(code: 'PROPAGATION_SUBJECT' | 'PROPAGATION_PATTERN_INVALID', reason: RegExp) {
  return (failure: unknown) => isPlatformError(failure, code) && reason.test(String(failure.facts.reason))
}

const byCondition = (condition: SubjectCondition): SubjectPatternRule[] => [
  { condition, subject: 'CN=first' },
  { subject: 'CN=last' },
]

test('the name of a user is the first present claim of user_name, email, mail, user_uuid and sub (SCC-167)', () => {
  const claims = { user_name: 'u', email: 'e@x', mail: 'm@x', user_uuid: 'id', sub: 's' }
  const order = ['user_name', 'email', 'mail', 'user_uuid', 'sub'] as const
  const left: Record<string, string> = { ...claims }
  for (const claim of order) {
    assert.equal(subject([{ subject: 'CN=${name}' }], left), `CN=${claims[claim]}`)
    delete left[claim]
  }
  assert.equal(subject([{ subject: 'CN=${name}' }], { user_name: '', email: 'e@x' }), 'CN=e@x')
})

test('the first rule whose condition holds decides, the last one always does (SCC-155, SCC-156)', () => {
  const rules: SubjectPatternRule[] = [
    { condition: { variable: 'email', operator: 'exists' }, subject: 'CN=${email}' },
    { condition: { variable: 'name', operator: 'exists' }, subject: 'CN=${name},OU=second' },
    { subject: 'CN=nobody' },
  ]
  assert.equal(subject(rules, { email: 'a@b', user_name: 'n' }), 'CN=a@b')
  assert.equal(subject(rules, { user_name: 'n' }), 'CN=n,OU=second')
  assert.equal(subject(rules, {}), 'CN=nobody')
})

test('the four operators decide on present and absent attributes as the guide says (SCC-158, SCC-159, SCC-160, SCC-161)', () => {
  const present = { department: 'sales' }
  const cases: readonly (readonly [SubjectCondition, object, string])[] = [
    [{ variable: 'department', operator: 'exists' }, present, 'CN=first'],
    [{ variable: 'department', operator: 'exists' }, {}, 'CN=last'],
    [{ variable: 'department', operator: 'does not exist' }, present, 'CN=last'],
    [{ variable: 'department', operator: 'does not exist' }, {}, 'CN=first'],
    [{ variable: 'department', operator: 'is', value: 'sales' }, present, 'CN=first'],
    [{ variable: 'department', operator: 'is', value: 'Sales' }, present, 'CN=last'],
    [{ variable: 'department', operator: 'is', value: 'sales' }, {}, 'CN=last'],
    [{ variable: 'department', operator: 'is not', value: 'it' }, present, 'CN=first'],
    [{ variable: 'department', operator: 'is not', value: 'sales' }, present, 'CN=last'],
    [{ variable: 'department', operator: 'is not', value: 'sales' }, {}, 'CN=last'],
  ]
  for (const [condition, claims, expected] of cases)
    assert.equal(subject(byCondition(condition), claims), expected, JSON.stringify([condition, claims]))
})

test('conditions take the variables that are offered and any other, as claims or attributes of the user (SCC-162)', () => {
  const claims = {
    user_name: 'ann',
    mail: 'a@m',
    email: 'a@e',
    display_name: 'Ann A.',
    login_name: 'ann1',
    plant: 'P1',
  }
  const offered = { user_type: 'Business', name: 'ann', mail: 'a@m', email: 'a@e', display_name: 'Ann A.' }
  for (const [variable, value] of Object.entries({ ...offered, login_name: 'ann1', plant: 'P1' })) {
    const is = byCondition({ variable, operator: 'is', value })
    assert.equal(subject(is, claims), 'CN=first', variable)
    assert.equal(subject(byCondition({ variable, operator: 'is not', value }), claims), 'CN=last', variable)
    if (variable === 'user_type') continue
    assert.equal(subject(is, { sub: 'x' }), 'CN=last', variable)
    assert.equal(subject(byCondition({ variable, operator: 'exists' }), {}), 'CN=last', variable)
    if (variable !== 'name') assert.equal(subject(is, { 'xs.user.attributes': { [variable]: [value] } }), 'CN=first')
  }
})

test('the kind of user is known by the way its token came, whatever claims it has (SCC-163)', () => {
  const rules = byCondition({ variable: 'user_type', operator: 'is', value: 'Technical' })
  assert.equal(subject(rules, { user_type: 'Technical' }, 'Business'), 'CN=last')
  assert.equal(subject(rules, {}, 'Technical'), 'CN=first')
  const wrong = byCondition({ variable: 'user_type', operator: 'is', value: 'Robot' })
  assert.throws(() => new SubjectPatterns(wrong), refusedAs('PROPAGATION_PATTERN_INVALID', /Technical or Business/))
})

test('a subject uses all seven attributes with text and variables, in the order written (SCC-164, SCC-165)', () => {
  const pattern = 'CN=${name} (${login_name}),EMAIL=${mail},L=Berlin,O=${company},OU=A ${display_name},ST=B,C=DE'
  const claims = { user_name: 'Ann', login_name: 'ann1', mail: 'ann@x.test', company: 'Acme', display_name: 'Ann B' }
  assert.equal(
    subject([{ subject: pattern }], claims),
    'CN=Ann (ann1),EMAIL=ann@x.test,L=Berlin,O=Acme,OU=A Ann B,ST=B,C=DE',
  )
  assert.throws(
    () => new SubjectPatterns([{ subject: 'UID=${name}' }]),
    refusedAs('PROPAGATION_PATTERN_INVALID', /UID is not one of/),
  )
})

test('attributes below xs.user.attributes have names like claims, a list of one gives its element (SCC-166)', () => {
  const claims = { 'xs.user.attributes': { costCenter: ['4711'], groups: ['a', 'b'] } }
  assert.equal(subject([{ subject: 'CN=${costCenter}' }], claims), 'CN=4711')
  assert.throws(
    () => subject([{ subject: 'CN=${groups}' }], claims),
    refusedAs('PROPAGATION_SUBJECT', /several values of groups/),
  )
})

test('a missing variable refuses the user instead of giving an empty or partial name (SCC-169)', () => {
  for (const pattern of ['CN=${email}', 'CN=${name},OU=${department}', 'CN=x${constructor}', 'CN=${__proto__}'])
    assert.throws(
      () => subject([{ subject: pattern }], { user_name: 'n' }),
      refusedAs('PROPAGATION_SUBJECT', /the token has no/),
    )
})

test('rules without a final rule that always holds, and other nonsense, are refused (SCC-156)', () => {
  const wrong: readonly (readonly SubjectPatternRule[])[] = [
    [],
    [{ condition: { variable: 'a', operator: 'exists' }, subject: 'CN=a' }],
    [{ subject: 'CN=a' }, { subject: 'CN=b' }],
    [{ subject: '' }],
    [{ subject: 'CN=' }],
    [{ subject: 'CN=${name' }],
    [{ subject: 'CN=${}' }],
    [{ subject: 'CN=a,C=Germany' }],
    [{ subject: 'CN=a+OU=b' }],
    byCondition({ variable: 'a', operator: 'is' }),
    byCondition({ variable: 'a', operator: 'exists', value: 'x' }),
    byCondition({ variable: '', operator: 'exists' }),
    byCondition({ variable: 'a', operator: 'contains' as never }),
  ]
  for (const rules of wrong)
    assert.throws(
      () => new SubjectPatterns(rules),
      refusedAs('PROPAGATION_PATTERN_INVALID', /./),
      JSON.stringify(rules),
    )
})

test('values that a certificate cannot hold as they are, are refused instead of changed (SCC-168)', () => {
  const wrong: readonly (readonly [string, string])[] = [
    ['CN=${v}', 'admin\0.example'],
    ['CN=${v}', 'two\nlines'],
    ['CN=${v}', '\ud800'],
    ['CN=${v}', 'x'.repeat(256)],
    // In an IA5String, U+0161 would become "a": another user.
    ['EMAIL=${v}', '\u0161dmin@x.test'],
    ['C=${v}', 'DEU'],
  ]
  for (const [pattern, v] of wrong)
    assert.throws(() => subject([{ subject: pattern }], { v }), refusedAs('PROPAGATION_SUBJECT', /would/), v)
})

test('no claim adds, removes or changes an attribute of the issued certificate (SCC-149, SCC-168)', async () => {
  const clock = testClock()
  const { authority } = await testCertificates(clock)
  const ca = UserCertificateAuthority.load(authority.cert, authority.key)
  const patterns = new SubjectPatterns([{ subject: 'CN=${name},OU=Users ${department},O=Corp' }])
  const nasty = fc.oneof(
    fc.constantFrom(
      'admin,O=Other',
      'a+O=b',
      '"quoted"',
      '\\2c',
      '#0401',
      ' lead',
      'trail ',
      'a;b',
      '<x>',
      'CN=x',
      '${email}',
    ),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => !/\p{Cc}/u.test(text)),
  )
  await fc.assert(
    fc.asyncProperty(nasty, nasty, async (name, department) => {
      const dn = patterns.subjectOf(attributesOf({ user_name: name, department, email: 'e' }, 'Business'))
      const expected = [
        { type: 'CN', value: name },
        { type: 'OU', value: `Users ${department}` },
        { type: 'O', value: 'Corp' },
      ]
      assert.deepEqual(dn, expected)
      assert.deepEqual(parseDistinguishedName(formatDistinguishedName(dn)), expected)
      const now = clock.now()
      const { der } = await ca.issue({ subject: dn, notBeforeMs: now, notAfterMs: now + 60_000 })
      assert.deepEqual(certificateFacts(der).subjectAttributes, expected)
      assert.ok(new X509Certificate(der).verify(new X509Certificate(authority.cert).publicKey))
    }),
    runs(60),
  )
})
