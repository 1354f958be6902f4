import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc, { runs } from '@landbridge/testkit/properties'
import { ShortTexts } from '../src/index.ts'

test('whatever bytes come in whatever order, each is read as the latin1 text that it is', () => {
  const texts = new ShortTexts((raw) => raw.toLowerCase())
  // Few letters and lengths: many texts want the same place.
  const piece = fc
    .uint8Array({ maxLength: 70 })
    .map((bytes) => bytes.map((byte) => (byte < 128 ? 0x41 + (byte & 1) : byte)))
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 20 }), fc.nat(5), (pieces, lead) => {
      for (const piece of [...pieces, ...pieces]) {
        const source = Buffer.concat([Buffer.alloc(lead, 'x'), piece, Buffer.from('behind')])
        const expected = Buffer.from(piece).toString('latin1').toLowerCase()
        assert.equal(texts.read(source, lead, lead + piece.length), expected)
      }
    }),
    runs(300),
  )
})

test('a text that comes again is made once, until another one takes its place; a long one is made each time', () => {
  const made: string[] = []
  const texts = new ShortTexts((raw) => {
    made.push(raw)
    return raw
  })
  const read = (text: string): string => texts.read(Buffer.from(text), 0, text.length)
  for (let times = 0; times < 3; times++) read('erp.virtual')
  assert.deepEqual(made, ['erp.virtual'])
  // A thousand others do not fit beside it; memory stays as it is, and nothing is taken for another.
  for (let i = 0; i < 1000; i++) assert.equal(read(`host-${i}.virtual`), `host-${i}.virtual`)
  made.length = 0
  const long = 'x'.repeat(65)
  read(long)
  read(long)
  assert.deepEqual(made, [long, long])
})
