import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from '@landbridge/testkit/properties'
import type { Stream } from '../src/stream.ts'
import { StreamTable } from '../src/stream-table.ts'

/** The table asks a stream for its number only. */
const numbered = (id: number): Stream => ({ id }) as Stream

test('the table of streams finds what a Map finds, whatever comes and goes', () => {
  const step = fc.record({ add: fc.boolean(), id: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.nat(0xffff_ffff)) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const table = new StreamTable()
      const model = new Map<number, Stream>()
      for (const { add, id } of steps) {
        const known = model.get(id)
        assert.equal(table.get(id), known ?? null)
        if (add && known === undefined) {
          const stream = numbered(id)
          table.add(stream)
          model.set(id, stream)
        } else if (!add) {
          table.delete(known ?? numbered(id))
          model.delete(id)
        }
        assert.equal(table.size, model.size)
      }
      for (const [id, stream] of model) assert.equal(table.get(id), stream)
      assert.deepEqual(new Set(table.all()), new Set(model.values()))
    }),
  )
})

test('streams that stay open do not get in the way of those that come and go in their thousands', () => {
  const table = new StreamTable()
  const staying = Array.from({ length: 10_000 }, (_, index) => numbered(index * 2 + 1))
  for (const stream of staying) table.add(stream)
  for (let id = 20_001; id < 120_001; id += 2) {
    const stream = numbered(id)
    table.add(stream)
    assert.equal(table.get(id), stream)
    table.delete(stream)
    assert.equal(table.get(id), null)
  }
  for (const stream of staying) assert.equal(table.get(stream.id), stream)
  table.clear()
  assert.equal(table.size, 0)
  assert.equal(table.get(1), null)
})
