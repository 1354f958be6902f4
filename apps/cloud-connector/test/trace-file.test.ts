import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pinoLog } from '@landbridge/http-api'
import { temporaryFolder } from '@landbridge/testkit'
import { RotatingFile } from '../src/trace/rotating-file.ts'
import { openTraceFile } from '../src/trace/trace-file.ts'

test('the general trace is ljs_trace.log, closed to others, and goes on after its file was deleted or closed (SCC-011)', () => {
  using folder = temporaryFolder()
  const file = openTraceFile(join(folder.path, 'log'), assert.fail)
  const log = pinoLog('info', file)
  log.info('first')
  const path = join(folder.path, 'log/ljs_trace.log')
  assert.match(readFileSync(path, 'utf8'), /^\{"level":"info","time":"[^"]+","event":"first"\}\n$/)
  assert.deepEqual([statSync(path).mode & 0o777, statSync(join(folder.path, 'log')).mode & 0o777], [0o600, 0o700])
  rmSync(path)
  file.close()
  log.info('second')
  assert.match(readFileSync(path, 'utf8'), /"second"/)
  file.close()
})

test('a full disk is told once and costs the lines only; the first line after it says how many (SCC-011)', () => {
  using folder = temporaryFolder()
  const told: string[] = []
  const path = join(folder.path, 'ljs_trace.log')
  symlinkSync('/dev/full', path)
  const file = openTraceFile(folder.path, (text) => told.push(text))
  for (let line = 0; line < 5; line++) file.write('lost\n')
  assert.equal(told.length, 1)
  assert.match(told[0] ?? '', /ljs_trace\.log cannot be written: ENOSPC.*goes on without it\. Make room/)
  rmSync(path)
  file.write('kept\n')
  file.write('more\n')
  const lines = readFileSync(path, 'utf8').split('\n')
  assert.deepEqual([lines[0], lines[2]], ['kept', 'more'])
  assert.match(lines[1] ?? '', /"event":"trace\.resumed","lostLines":5\}$/)
  file.close()
})

test('files are bounded in size and number: the newest stay', () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'trace.trc')
  const file = new RotatingFile({ path, maxBytes: 20, keep: 2, failed: () => assert.fail() })
  for (let line = 1; line <= 9; line++) file.write(`line ${line}\n`)
  assert.deepEqual(readdirSync(folder.path).sort(), ['trace.1.trc', 'trace.2.trc', 'trace.trc'])
  assert.equal(readFileSync(path, 'utf8'), 'line 9\n')
  assert.equal(readFileSync(join(folder.path, 'trace.1.trc'), 'utf8'), 'line 7\nline 8\n')
  assert.equal(readFileSync(join(folder.path, 'trace.2.trc'), 'utf8'), 'line 5\nline 6\n')
  file.close()
  // Another process goes on with the size that it finds.
  const next = new RotatingFile({ path, maxBytes: 20, keep: 2, failed: () => assert.fail() })
  next.write('a line that is longer than all files may be\n')
  assert.equal(readFileSync(join(folder.path, 'trace.1.trc'), 'utf8'), 'line 9\n')
  next.close()
})

test('a folder that cannot be made is a failure like a full disk', () => {
  using folder = temporaryFolder()
  mkdirSync(join(folder.path, 'real'))
  symlinkSync('/dev/null', join(folder.path, 'log'))
  const told: string[] = []
  const file = openTraceFile(join(folder.path, 'log'), (text) => told.push(text))
  file.write('lost\n')
  file.write('lost\n')
  assert.equal(told.length, 1)
})
