import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPlatformError } from '@landbridge/kernel'
import fc from '@landbridge/testkit/properties'
import { filtered, parseFilter } from '../src/index.ts'

const kinds = ['names', 'startswith', 'endswith', 'modifiedwithin', 'labels'] as const
const entry = (name: string) => ({ name, modifiedAtMs: 0, labels: [{ key: name, values: [name] }] })
const percent = (name: string) => `'${encodeURIComponent(name).replaceAll("'", '%27')}'`
const quote = (text: string) => `'${text.replaceAll("'", "''")}'`
const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('\0'))

test('whatever a name contains, an in-list of encoded names finds it and only it (DEST-061)', () => {
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), name, (wanted, other) => {
      const filter = parseFilter(`Name in (${wanted.map(percent).join(', ')})`, kinds)
      assert.deepEqual(filter, { kind: 'names', names: wanted })
      const found = filtered([...wanted, other].map(entry), filter, 0).map((one) => one.name)
      assert.deepEqual(new Set(found), new Set(wanted))
    }),
  )
})

test('whatever a text contains, doubling its quotes is all that beginnings, ends and labels need (DEST-062, RC-100)', () => {
  fc.assert(
    fc.property(name, (text) => {
      for (const filter of [`startswith(Name, ${quote(text)})`, `endswith(Name,${quote(text)})`])
        assert.equal(filtered([entry(text)], parseFilter(filter, kinds), 0).length, 1, filter)
      const label = parseFilter(`Label[${quote(text)}] HAS (${quote(text)}, 'other')`, kinds)
      assert.equal(filtered([entry(text)], label, 0).length, 1)
    }),
  )
})

test('any other text is refused as a query that is not valid, and quickly', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 300 }),
      fc.constantFrom('', 'Name in (', "Label['", "startswith(Name,'"),
      (text, start) => {
        try {
          parseFilter(start + text, kinds)
        } catch (failure) {
          assert.ok(isPlatformError(failure, 'DESTINATION_QUERY_INVALID'))
        }
      },
    ),
  )
  for (const long of [
    "Label['a'] HAS ('b'".padEnd(4_000),
    `Name in (${"''".repeat(1_900)}`,
    `Label['${"''".repeat(1_900)}`,
  ])
    assert.throws(() => parseFilter(long, kinds))
})
