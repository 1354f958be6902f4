import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { defaultCircuitPolicy, defaultRetryPolicy } from '@landbridge/client'
import { repository } from '@landbridge/testkit'
import { defaultCachePolicy } from '../src/destination/destination-finder.ts'

const page = readFileSync(join(repository, 'docs/how-to/use-the-client-library.md'), 'utf8')
const rows = page.split('\n').filter((line) => line.startsWith('|'))

test('the documentation lists every setting of resilience with its default (RFC-163)', () => {
  const settings = {
    ...prefixed('cache', defaultCachePolicy),
    ...prefixed('retry', defaultRetryPolicy),
    ...prefixed('circuit', defaultCircuitPolicy),
    connectTimeoutMs: 2_000,
    readTimeoutMs: 30_000,
  }
  for (const [option, value] of Object.entries(settings)) {
    const row = rows.find((line) => line.includes(`\`${option}\``))
    assert.ok(row?.includes(value.toLocaleString('en')), `${option}=${value}: ${row ?? 'not documented'}`)
  }
})

function prefixed(name: string, policy: object): Record<string, number> {
  return Object.fromEntries(Object.entries(policy).map(([key, value]) => [`${name}.${key}`, value as number]))
}
