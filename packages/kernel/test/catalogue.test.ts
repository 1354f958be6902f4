import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { catalogue } from '../src/index.ts'

test('every error code stands in one file only: a second row would silently replace the first', () => {
  const folder = new URL('../src/errors/', import.meta.url)
  const codes = readdirSync(folder).flatMap((file) =>
    Array.from(
      readFileSync(new URL(file, folder), 'utf8').matchAll(/^ {2}([A-Z][A-Z0-9_]+): \{$/gm),
      ([, code]) => code,
    ),
  )
  const twice = codes.filter((code, index) => codes.indexOf(code) !== index)
  assert.deepEqual(twice, [])
  assert.deepEqual(codes.toSorted(), Object.keys(catalogue).toSorted())
})
