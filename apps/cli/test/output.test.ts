import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PlatformError } from '@landbridge/kernel'
import { errorText } from '../src/output/error-text.ts'
import { createStyle } from '../src/output/style.ts'
import { table } from '../src/output/table.ts'

const plain = createStyle(false, {})

test('colours appear on a terminal only, and not when NO_COLOR is set', () => {
  assert.notEqual(createStyle(true, {}).good('x'), 'x')
  assert.equal(createStyle(true, { NO_COLOR: '1' }).good('x'), 'x')
  assert.equal(createStyle(true, { TERM: 'dumb' }).good('x'), 'x')
  assert.equal(createStyle(false, {}).good('x'), 'x')
})

test('columns align whatever is coloured, and no line ends in spaces', () => {
  const { good } = createStyle(true, {})
  const text = table([
    ['a', good('ready'), 'x'],
    ['long', 'no', ''],
  ])
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is removed here.
  const lines = text.replaceAll(/\u001b\[\d+m/g, '').split('\n')
  assert.deepEqual(lines, ['  a     ready  x', '  long  no'])
})

test('an error shows title, code, facts, every problem on a line of its own, and the remedy', () => {
  const text = errorText(new PlatformError('CONFIG_INVALID', { file: 'a.yaml', problems: ['one', 'two'] }), plain)
  assert.match(text, /^Error: The configuration is not valid\. \[CONFIG_INVALID\]\n {2}file: a\.yaml\n/)
  assert.match(text, /\n {4}- one\n {4}- two\n {2}What to do: Operator: correct each listed key/)
})
