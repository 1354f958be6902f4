import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPlatformError } from '@landbridge/kernel'
import { anyCharacter } from '@landbridge/testkit'
import fc from '@landbridge/testkit/properties'
import { destinationTemplates, readDestinationFile, validateDestination, writeDestinationFile } from '../src/index.ts'

const read = (text: string) => readDestinationFile(Buffer.from(text, 'latin1').toString('latin1'))
const one = (text: string) => read(text)[0]?.properties

test('a file in the form of the guide gives its properties in their order (DEST-212)', () => {
  const text = `Name=OnPremiseDestination
Type=HTTP
URL= http://virtualhost:1234
Authentication=PrincipalPropagation
ProxyType=OnPremise
`
  assert.deepEqual(Object.entries(one(text) ?? {}), [
    ['Name', 'OnPremiseDestination'],
    ['Type', 'HTTP'],
    ['URL', 'http://virtualhost:1234'],
    ['Authentication', 'PrincipalPropagation'],
    ['ProxyType', 'OnPremise'],
  ])
})

test('escapes, separators, comments, continuations and line ends are those of Java properties (DEST-212)', () => {
  const text = [
    '# a comment \\',
    '! another one = no property',
    '   Name : a',
    'URL=https\\://host\\:443/a\\=b\\!c',
    'backslash=a\\\\b',
    'unicode=\\u00e9\\u20AC',
    'latin=\xe9',
    'spaced\\ key  value with  spaces ',
    'long=one \\\r\n      two',
    'tab=a\\tb',
    'other=\\q',
    'empty',
    'zero=',
  ].join('\r\n')
  assert.deepEqual(one(text), {
    Name: 'a',
    URL: 'https://host:443/a=b!c',
    backslash: 'a\\b',
    unicode: 'é€',
    latin: 'é',
    'spaced key': 'value with  spaces ',
    long: 'one two',
    tab: 'a\tb',
    other: 'q',
    empty: '',
    zero: '',
  })
})

test('whatever was exported is imported again unchanged, several destinations too (DEST-212)', () => {
  const text = fc.string({ unit: anyCharacter(fc), maxLength: 12 }).filter((value) => !value.includes('\0'))
  const key = text.filter((value) => value !== '' && value !== 'Name' && value !== '__proto__')
  const destination = fc.tuple(text, fc.dictionary(key, text, { noNullPrototype: true }))
  fc.assert(
    fc.property(fc.array(destination, { minLength: 1, maxLength: 4 }), (drawn) => {
      const destinations = drawn.map(([Name, more]) => ({ Name, ...more }))
      const written = writeDestinationFile(destinations)
      assert.match(written, /^[\x20-\x7e\n]*$/)
      assert.deepEqual(
        readDestinationFile(written).map(({ properties }) => ({ ...properties })),
        destinations,
      )
    }),
  )
})

test('garbage is read or refused with the line, never worse', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter(fc) }), (text) => {
      try {
        readDestinationFile(text)
      } catch (thrown) {
        assert.ok(isPlatformError(thrown, 'DESTINATION_IMPORT_REFUSED'))
      }
    }),
  )
})

test('an exported file has a comment in place of each secret, and says on import what is missing', () => {
  const secret = 'planted-secret'
  const first = { Name: 'a', Type: 'HTTP', User: 'u', Password: secret }
  const second = {
    Name: 'b',
    Type: 'HTTP',
    clientId: 'c',
    clientSecret: secret,
    'tokenService.KeyStorePassword': secret,
  }
  const text = writeDestinationFile([first, second])
  assert.ok(!text.includes(secret))
  assert.match(text, /^#Password=<< Existing password\/certificate removed on export >>$/m)
  assert.deepEqual(
    readDestinationFile(text).map(({ properties, withheld }) => [properties.Name, withheld]),
    [
      ['a', ['Password']],
      ['b', ['clientSecret', 'tokenService.KeyStorePassword']],
    ],
  )
  // Somebody who fills the value in and leaves the comment has given it.
  const filled = text.replace('Name=a', 'Name=a\nPassword=mine')
  assert.deepEqual(readDestinationFile(filled)[0]?.withheld, [])
})

test('a file that cannot be read names the lines', () => {
  const problems = (text: string) => {
    try {
      read(text)
      return []
    } catch (thrown) {
      assert.ok(isPlatformError(thrown, 'DESTINATION_IMPORT_REFUSED'))
      return thrown.facts.problems
    }
  }
  assert.deepEqual(problems(''), ['the file has no properties'])
  assert.deepEqual(problems('Name=a\nURL=\\u12'), ['line 2: \\u must be followed by four hexadecimal digits'])
  assert.deepEqual(problems('Name=a\nURL=1\nURL=2'), ['line 3: URL comes twice'])
  assert.deepEqual(problems('Name=a\nName=b'), ['line 2: Name comes twice'])
})

test('there is a template for every kind of destination, and each is accepted once it is filled in', () => {
  for (const { name, properties } of destinationTemplates) {
    const filled = Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [key, value.replace(/<[^>]*>/g, 'x')]),
    )
    assert.doesNotThrow(() => validateDestination(filled, true), name)
  }
  const authentications = new Set(destinationTemplates.map(({ properties }) => properties.Authentication))
  assert.ok(authentications.size >= 14)
})
