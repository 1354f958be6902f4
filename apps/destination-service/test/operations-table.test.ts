import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { compatibilityPage, withOperationsTable } from './support/operations-table.ts'

test('the page on compatibility names every operation and parameter of the contract, and the tests as they are', () => {
  const page = readFileSync(compatibilityPage, 'utf8')
  assert.equal(page, withOperationsTable(page), 'run: npm run docs:operations')
})
