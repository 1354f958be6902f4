import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'

const folder = new URL('../src/errors/', import.meta.url)

test('every error code has one row: no area silently replaces the row of another', async () => {
  const rows = new Map<string, object>()
  for (const file of readdirSync(folder)) {
    const module = (await import(new URL(file, folder).href)) as Readonly<
      Record<string, Readonly<Record<string, object>>>
    >
    const areas = Object.entries(module).filter(([name]) => name.endsWith('Errors'))
    for (const [code, row] of areas.flatMap(([, area]) => Object.entries(area))) {
      assert.ok((rows.get(code) ?? row) === row, `${code} has a second row in ${file}`)
      rows.set(code, row)
    }
  }
  assert.ok(rows.size > 0)
})
