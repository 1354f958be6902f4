import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPlatformError } from '@landbridge/kernel'
import fc, { runs } from '@landbridge/testkit/properties'
import { matchesSubject, overlap, parseSubjectPattern } from '../src/index.ts'

const subject = (text: string) => parseSubjectPattern(text.replaceAll('*', '')) // a name has no wildcards here
const fits = (pattern: string, name: string) => matchesSubject(parseSubjectPattern(pattern), subject(name))

test('a pattern fits subjects with the same attributes in the same order, without regard to case', () => {
  for (const [pattern, name, expected] of [
    ['CN=*.erp.test,O=Acme', 'CN=a.erp.test,O=Acme', true],
    ['cn=*.ERP.test,o=acme', 'CN=A.erp.TEST,O=Acme', true],
    ['CN=*.erp.test,O=Acme', 'CN=erp.test,O=Acme', false],
    ['CN=*.erp.test,O=Acme', 'CN=a.erp.test.evil,O=Acme', false],
    ['CN=*,O=Acme', 'CN=x,O=Acme Inc', false],
    ['CN=*,O=Acme', 'CN=x', false],
    ['CN=*,O=Acme', 'CN=x,O=Acme,C=DE', false],
    ['CN=*,O=Acme', 'O=Acme,CN=x', false],
    ['CN=*\\,O\\=Acme', 'CN=x\\,O\\=Acme', true],
    ['CN=*\\,O\\=Acme', 'CN=x,O=Acme', false],
    ['E=*@acme.test', 'EMAILADDRESS=a@acme.test', true],
    ['CN=a*b*c', 'CN=aXbbYc', true],
    ['CN=a*b*c', 'CN=acb', false],
  ] as const)
    assert.equal(fits(pattern, name), expected, `${pattern} and ${name}`)
})

test('a pattern that says nothing or too much is refused with the reason', () => {
  for (const [text, reason] of [
    ['', /empty/],
    ['CN=', /empty/],
    ['erp.test', /no "="/],
    ['FOO=x', /not known/],
    [`CN=${'x'.repeat(129)}`, /longer than 128/],
    [Array.from({ length: 21 }, () => 'OU=x').join(','), /more than 20/],
    ['x'.repeat(2_001), /longer than 2000/],
  ] as const)
    assert.throws(
      () => parseSubjectPattern(text),
      (thrown) => isPlatformError(thrown, 'SUBJECT_PATTERN_INVALID') && reason.test(String(thrown.facts.reason)),
      text,
    )
})

test('two patterns overlap exactly when some subject fits both', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 5 })
  // Whatever two patterns with so few fixed letters have in common, a text of at most ten letters shows it.
  const names = Array.from({ length: 10 }, (_, length) => texts(length + 1)).flat()
  fc.assert(
    fc.property(letters, letters, (one, other) => {
      const [first, second] = [parseSubjectPattern(`CN=${one}`), parseSubjectPattern(`CN=${other}`)]
      const found = names.some((name) => {
        const known = [{ type: 'CN', value: name }]
        return matchesSubject(first, known) && matchesSubject(second, known)
      })
      assert.equal(overlap(first, second), found, `${one} and ${other}`)
      assert.equal(overlap(second, first), found)
    }),
    runs(300),
  )
  const [ou, o] = [parseSubjectPattern('CN=*,OU=*'), parseSubjectPattern('CN=*,O=*')]
  assert.equal(overlap(ou, o), false)
})

test('matching stays quick for patterns and subjects that are made to be slow', () => {
  const pattern = parseSubjectPattern(`CN=${'a*'.repeat(60)}b`)
  assert.equal(matchesSubject(pattern, [{ type: 'CN', value: 'a'.repeat(10_000) }]), false)
  const other = parseSubjectPattern(`CN=${'*a'.repeat(60)}c`)
  assert.equal(overlap(pattern, other), false)
})

function texts(length: number): readonly string[] {
  return Array.from({ length: 2 ** length }, (_, bits) =>
    bits.toString(2).padStart(length, '0').replaceAll('0', 'a').replaceAll('1', 'b'),
  )
}
