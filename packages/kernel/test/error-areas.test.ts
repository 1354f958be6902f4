import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { catalogue } from '../src/index.ts'

test('an error code is defined in one area only, and every area is part of the catalogue', () => {
  // Read as text: once the areas are merged, a code that stands in two of them looks like one.
  const folder = join(import.meta.dirname, '../src/errors')
  const codes = globSync('*.ts', { cwd: folder }).flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/^ {2}([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+): \{$/gm)].map(
      (match) => match[1] ?? '',
    ),
  )
  const twice = codes.filter((code, index) => codes.indexOf(code) !== index)
  assert.deepEqual(twice, [])
  assert.deepEqual(codes.sort(), Object.keys(catalogue).sort())
})
