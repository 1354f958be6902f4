import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs, { openSync } from 'node:fs'
import { createServer } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { mock, test } from 'node:test'
import { PlatformError } from '@landbridge/kernel'
import { temporaryFolder } from '@landbridge/testkit'
import { createAgent } from '../src/http/agent.ts'
import { refusal } from '../src/http/refusal.ts'
import { errorText } from '../src/output/error-text.ts'
import { fileFailure } from '../src/output/file-failure.ts'
import { createStyle } from '../src/output/style.ts'
import { table } from '../src/output/table.ts'
import { writeFileWhole } from '../src/state/write-file.ts'
import { probeComponents } from '../src/status/probe.ts'

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

test('a file that the system refuses is told by its own name and in words, and nothing else is taken for one', () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'absent', 'x.zip')
  const thrown = catchSync(() => writeFileWhole(path, ''))
  const failure = fileFailure(thrown)
  assert.deepEqual(failure?.facts, { path, reason: 'there is no such file or folder' })
  assert.deepEqual(fileFailure(catchSync(() => writeFileWhole(folder.path, '')))?.facts.path, folder.path)
  // A write names no file, other than the opening.
  mock.method(fs, 'writeFileSync', () => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  })
  syncBuiltinESMExports()
  const full = join(folder.path, 'x')
  const isFull = catchSync(() => writeFileWhole(full, ''))
  mock.restoreAll()
  syncBuiltinESMExports()
  assert.deepEqual(fileFailure(isFull)?.facts, { path: full, reason: 'the disk is full' })
  assert.equal(fileFailure(Object.assign(new Error('write'), { code: 'ENOSPC' }))?.code, 'STORE_FULL')
  assert.equal(fileFailure(new Error('path')), undefined)
  assert.equal(fileFailure(Object.assign(new Error('x'), { code: 'ECONNREFUSED', path: '/x' })), undefined)
})

test('what a service answers is shown in words, whichever form it has', () => {
  assert.equal(refusal('{"ErrorMessage":"Configuration was not found"}'), 'Configuration was not found')
  assert.equal(
    refusal('{"error":"unauthorized","error_description":"The password is not right"}'),
    'The password is not right',
  )
  assert.equal(refusal('{"title":"Not valid","field":"a","reason":"b","remedy":"Do c."}'), 'Not valid; a; b. Do c.')
  assert.equal(refusal('<html>'), '<html>')
})

function catchSync(work: () => void): unknown {
  try {
    work()
  } catch (thrown) {
    return thrown
  }
  return assert.fail('nothing was thrown')
}

test('output that nobody takes ends a command, and never what was started to serve', async () => {
  const terminal = new URL('../src/terminal.ts', import.meta.url).href
  const script = `const { processTerminal } = await import(${JSON.stringify(terminal)})
    const terminal = processTerminal()
    if (process.argv[1] === 'serves') terminal.onStop(() => {})
    for (let line = 0; line < 3; line++) {
      terminal.print('line')
      terminal.note('line')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    process.exit(7)`
  const run = async (kind: string, out: number | 'pipe'): Promise<unknown> => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, kind], { stdio: ['ignore', out, out] })
    child.stdout?.destroy()
    child.stderr?.destroy()
    return (await once(child, 'exit'))[0]
  }
  assert.deepEqual(await Promise.all([run('serves', 'pipe'), run('asks', 'pipe')]), [7, 0])
  if (process.platform !== 'linux') return
  const full = openSync('/dev/full', 'w')
  assert.deepEqual(await Promise.all([run('serves', full), run('asks', full)]), [7, 1])
})

test('status repeats why a component says that it is not ready, in one line of plain text', async (t) => {
  const answers = ['{"status":"STARTING","reason":"worker 2: it does\\u001b answer\\nnot"}', '<html>']
  const server = createServer((_request, response) => response.writeHead(503).end(answers.shift()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const agent = createAgent({ caFiles: [], hostNames: [], address: '127.0.0.1' })
  t.after(async () => {
    await agent.destroy()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health/ready`
  const reasons: string[] = []
  for (const name of ['told', 'untold'])
    for (const { reason } of await probeComponents([{ name, url, readyUrl: url }], agent)) reasons.push(reason)
  assert.deepEqual(reasons, ['answers 503 (worker 2: it does  answer not)', 'answers 503'])
})
