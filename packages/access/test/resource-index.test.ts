import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from '@landbridge/testkit/properties'
import { type Resource, ResourceIndex } from '../src/index.ts'

const name = fc.string({ unit: fc.constantFrom('a', 'b', '/', '#'), maxLength: 6 }).map((text) => `/${text}`)

test('the resource of a path is the longest enabled one that admits it', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.record({ id: name, enabled: fc.boolean(), exactMatchOnly: fc.boolean() }), {
        selector: ({ id }) => id,
      }),
      name,
      fc.constantFrom('', '?', '?a=/b'),
      (entries, path, query) => {
        const resources: Resource[] = entries.map((entry) => ({
          ...entry,
          websocketUpgradeAllowed: false,
          createdAtMs: 0,
        }))
        const index = new ResourceIndex(resources)
        const longest = resources
          .filter(({ enabled, exactMatchOnly, id }) => enabled && (exactMatchOnly ? path === id : path.startsWith(id)))
          .toSorted((a, b) => b.id.length - a.id.length)[0]
        assert.equal(index.names[index.find(path + query)], longest?.id)
        // As a request has to write it.
        assert.equal(index.names[index.find(path.replaceAll('#', '%23') + query)], longest?.id)
      },
    ),
  )
})
