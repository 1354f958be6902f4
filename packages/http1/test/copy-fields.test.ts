import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc, { runs } from '@landbridge/testkit/properties'
import { copyFields, H, leaveOut } from '../src/index.ts'
import { accept, head } from './parse-head.ts'

const filter = leaveOut([H.host, H.cookie, H.via])
const leftOut = ['host', 'cookie', 'via']
const first = 'GET http://h/ HTTP/1.1\r\n'

interface Field {
  readonly name: string
  readonly value: string
}

const field = fc.record({
  name: fc.constantFrom('Cookie', 'Via', 'Accept', 'X-Listed', 'X-Correlation-ID'),
  // On either side of the length from which on a copy is left to Node.
  value: fc.integer({ min: 0, max: 60 }).map((length) => 'v'.repeat(length)),
})

const lineOf = ({ name, value }: Field): string => `${name}: ${value}\r\n`

test('exactly the lines that neither the filter nor Connection names are copied, in order, the first line with them if wanted', () => {
  fc.assert(
    fc.property(
      fc.array(field, { maxLength: 8 }),
      fc.nat(8),
      fc.boolean(),
      fc.boolean(),
      (fields, at, listed, whole) => {
        const all: Field[] = [...fields]
        all.splice(at, 0, { name: 'Host', value: 'h' })
        if (listed) all.push({ name: 'Connection', value: 'X-Listed' })
        const source = accept(`${first}${all.map(lineOf).join('')}\r\n`)
        const target = Buffer.alloc(2_000, '.')
        const begin = source.indexOf(first)
        const end = whole
          ? copyFields(source, head, filter, target, 5, begin)
          : copyFields(source, head, filter, target, 5)
        const kept = all.filter(({ name }) => !leftOut.includes(name.toLowerCase()) && !(listed && name === 'X-Listed'))
        const expected = (whole ? first : '') + kept.map(lineOf).join('')
        assert.equal(target.toString('latin1', 5, end), expected)
        assert.equal(target.toString('latin1', 0, 5), '.....')
        assert.equal(target[end], '.'.charCodeAt(0))
      },
    ),
    runs(300),
  )
})

test('a head without lines is its first line', () => {
  const source = accept('GET http://h/ HTTP/1.0\r\n\r\n')
  const target = Buffer.alloc(100)
  assert.equal(copyFields(source, head, filter, target, 0), 0)
  const end = copyFields(source, head, filter, target, 0, head.methodStart)
  assert.equal(target.toString('latin1', 0, end), 'GET http://h/ HTTP/1.0\r\n')
})
