import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alignTable, markdownTable } from '../../bench/report/table.ts'

test('columns are as wide as their widest cell, figures to the right', () => {
  const table = alignTable(
    ['', 'req/s'],
    [
      ['direct', '169,000'],
      ['ssh', '4'],
    ],
  )
  assert.equal(table, ['          req/s', '------  -------', 'direct  169,000', 'ssh           4'].join('\n'))
})

test('a Markdown table marks the figures as right-aligned', () => {
  const table = markdownTable(['', 'up'], [['ssh', '4']])
  assert.equal(table, ['|     |  up |', '|-----|----:|', '| ssh |   4 |'].join('\n'))
})
