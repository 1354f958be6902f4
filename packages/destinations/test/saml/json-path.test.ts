import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from '@landbridge/testkit/properties'
import { valuesAt } from '../../src/saml/json-path.ts'

const json = {
  'xs.system.attributes': { 'xs.saml.groups': ['a', 'b'] },
  a: { b: [{ c: 'x' }, { c: 'y', d: { c: 'z' } }] },
  "it's": { 'back\\slash': 1 },
  mail_1: 'm',
  'über-name': 'u',
  $: 'dollar',
  empty: null,
}

test('a JSONPath of names, indexes and wildcards finds what RFC 9535 says', () => {
  const cases: [string, unknown[]][] = [
    ['$', [json]],
    ["$.['xs.system.attributes']['xs.saml.groups']", [['a', 'b']]],
    ['$["xs.system.attributes"]["xs.saml.groups"][1]', ['b']],
    ['$.a.b[0].c', ['x']],
    ['$.a.b[-1].c', ['y']],
    ['$.a.b[*].c', ['x', 'y']],
    ['$.a.b.*.c', ['x', 'y']],
    ['$..c', ['x', 'y', 'z']],
    ['$.a..d', [{ c: 'z' }]],
    [String.raw`$['it\'s']['back\\slash']`, [1]],
    ['$.mail_1', ['m']],
    ['$.über-name', ['u']],
    ['$.$', ['dollar']],
    ['$.empty', [null]],
    ['$.empty.x', []],
    ['$.nothing', []],
    ['$.a.b[9]', []],
    ['$.a[0]', []],
    ['$.a.b.length', []],
    ['$.constructor', []],
    ['$.__proto__', []],
    ['$.mail_1.length', []],
  ]
  for (const [path, expected] of cases) assert.deepEqual(valuesAt(json, path), expected, path)
})

test('what would run code or take long is no path', () => {
  for (const path of [
    '',
    'a',
    '$a',
    '$.',
    '$..',
    '$[',
    '$[]',
    "$['a",
    '$.a.',
    "$[?(@.c=='x')]",
    '$[(@.length-1)]',
    '$[0,0]',
    '$[0:2]',
    '$..a..b',
    '$.a^',
    '$.a~',
    `$.${'a'.repeat(1_000)}`,
  ])
    assert.equal(valuesAt(json, path), undefined, path)
})

test('any text is answered at once, also for a value that is nested very deeply', () => {
  let deep: unknown = 'end'
  for (let depth = 0; depth < 100_000; depth++) deep = { a: [deep] }
  assert.deepEqual(valuesAt(deep, '$..b'), [])
  assert.equal(valuesAt(deep, '$..a')?.length, 100_000)
  const piece = fc.constantFrom('$', '.', '..', '[', ']', "'", '"', '*', 'a', '0', ',', ':', '?', '(', '\\', '`', ' ')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.jsonValue(), (pieces, value) => {
      valuesAt(value, `$${pieces.join('')}`)
    }),
  )
})

test('every member of any object is found under its quoted name', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 50 }), (name) => {
      assert.deepEqual(valuesAt(Object.fromEntries([[name, 1]]), `$['${name.replaceAll(/['\\]/g, '\\$&')}']`), [1])
    }),
  )
})
