import assert from 'node:assert/strict'
import { lookup } from 'node:dns/promises'
import { test } from 'node:test'
import { tokenServiceAddress } from '../src/compose/tenant-host.ts'

test('bindings name the tenant in the token URL wherever the name leads to the platform', async () => {
  assert.deepEqual(await tokenServiceAddress('demo', 'uaa.example.test:8081'), {})
  const resolves = await lookup('demo.localhost').then(
    () => true,
    () => false,
  )
  const expected = resolves ? {} : { tokenServiceUrl: 'https://localhost:8081' }
  assert.deepEqual(await tokenServiceAddress('demo', 'localhost:8081'), expected)
})
