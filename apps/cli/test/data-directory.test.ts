import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs, { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { mock, test } from 'node:test'
import { isPlatformError } from '@landbridge/kernel'
import { temporaryFolder } from '@landbridge/testkit'
import { openDataDirectory } from '../src/state/data-directory.ts'
import { lockDirectory } from '../src/state/lock.ts'
import { writeFileWhole } from '../src/state/write-file.ts'

test('a new data directory belongs to its owner alone and can be opened again', () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'a/b')
  assert.equal(openDataDirectory(path, '0.1.0'), path)
  assert.equal(statSync(path).mode & 0o777, 0o700)
  assert.equal(openDataDirectory(path, '0.2.0'), path)
})

test('a data directory of a newer version is refused and left as it is', () => {
  using folder = temporaryFolder()
  const marker = join(folder.path, 'format.json')
  writeFileSync(marker, '{"format":2,"writtenBy":"9.0.0"}')
  assert.throws(
    () => openDataDirectory(folder.path, '0.1.0'),
    (thrown) => isPlatformError(thrown, 'STORE_NEWER') && thrown.facts.found === 'format 2',
  )
  assert.deepEqual(readdirSync(folder.path), ['format.json'])
  assert.match(readFileSync(marker, 'utf8'), /9\.0\.0/)
})

test('a data directory that is a file, holds a damaged marker or files of somebody else is refused with the reason', () => {
  using folder = temporaryFolder()
  writeFileSync(join(folder.path, 'file'), '')
  mkdirSync(join(folder.path, 'bad'))
  mkdirSync(join(folder.path, 'foreign/file'), { recursive: true })
  writeFileSync(join(folder.path, 'bad/format.json'), '{}')
  for (const [name, reason] of [
    ['file', /^it is a file$/],
    ['file/below', /^a part of its path is no folder$/],
    ['bad', /^format\.json is damaged: it names no format$/],
    ['foreign', /^it holds files that are not ours$/],
  ] as const)
    assert.throws(
      () => openDataDirectory(join(folder.path, name), '0.1.0'),
      (thrown) => isPlatformError(thrown, 'CLI_DATA_UNUSABLE') && reason.test(String(thrown.facts.reason)),
      name,
    )
})

test('a place where no folder can be made is refused at once', {
  skip: process.platform === 'linux' ? false : 'only Linux has such a place',
}, () => {
  for (const path of ['/proc/landbridge', '/proc/landbridge/data'])
    assert.throws(
      () => openDataDirectory(path, '0.1.0'),
      (thrown) => isPlatformError(thrown, 'CLI_DATA_UNUSABLE') && thrown.facts.reason !== '',
    )
})

test('a start that a full disk stopped leaves nothing behind, and the next one succeeds', () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'data')
  const onFullDisk = (start: () => void): void => {
    mock.method(fs, 'writeFileSync', (file: string | number) => {
      // What a full disk leaves: the file, without its content.
      if (typeof file === 'string') fs.closeSync(fs.openSync(file, 'w'))
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    })
    syncBuiltinESMExports()
    try {
      start()
    } finally {
      mock.restoreAll()
      syncBuiltinESMExports()
    }
  }
  assert.throws(
    () => onFullDisk(() => openDataDirectory(path, '0.1.0')),
    (thrown) => isPlatformError(thrown, 'CLI_DATA_UNUSABLE') && thrown.facts.reason === 'the disk is full',
  )
  openDataDirectory(path, '0.1.0')
  assert.throws(() => onFullDisk(() => lockDirectory(path)), /ENOSPC/)
  assert.deepEqual(readdirSync(path), ['format.json'])
})

test('a second process is kept out while the first runs, and told its process ID', () => {
  using folder = temporaryFolder()
  const lock = lockDirectory(folder.path)
  assert.throws(
    () => lockDirectory(folder.path),
    (thrown) => isPlatformError(thrown, 'CLI_DATA_IN_USE') && thrown.facts.pid === process.pid,
  )
  lock.release()
  lock.release()
  lockDirectory(folder.path).release()
  assert.deepEqual(readdirSync(folder.path), [])
})

test('the lock of a killed process is taken over, also when its process ID was reused', async () => {
  using folder = temporaryFolder()
  const lockFile = new URL('../src/state/lock.ts', import.meta.url).href
  const script = `const { lockDirectory } = await import(${JSON.stringify(lockFile)}); lockDirectory(process.argv[1]); process.kill(process.pid, 'SIGKILL')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder.path])
  await once(child, 'exit')
  assert.ok(existsSync(join(folder.path, 'lock')))
  lockDirectory(folder.path).release()
  writeFileSync(join(folder.path, 'lock'), `${process.pid} 1`)
  lockDirectory(folder.path).release()
})

test('of many processes that find the lock of a killed one at once, exactly one takes it over', async () => {
  using folder = temporaryFolder()
  writeFileSync(join(folder.path, 'lock'), '1 long-ago')
  const lockFile = new URL('../src/state/lock.ts', import.meta.url).href
  const script = `const { lockDirectory } = await import(${JSON.stringify(lockFile)})
    process.stdout.write('here ')
    await new Promise((go) => process.stdin.once('data', go))
    try { lockDirectory(process.argv[1]); process.stdout.write('locked') } catch (e) { process.stdout.write(e.code) }
    process.stdin.once('end', () => process.exit()).resume()`
  const children = Array.from({ length: 5 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script, folder.path]),
  )
  await Promise.all(children.map((child) => once(child.stdout, 'data')))
  const answers = children.map((child) => once(child.stdout, 'data'))
  for (const child of children) child.stdin.write('go')
  const said = (await Promise.all(answers)).map(([chunk]) => String(chunk)).sort()
  for (const child of children) child.stdin.end()
  await Promise.all(children.map((child) => once(child, 'exit')))
  assert.deepEqual(said, [...Array.from({ length: 4 }, () => 'CLI_DATA_IN_USE'), 'locked'])
})

test('a file is replaced as a whole, readable by its owner only, and nothing is left behind on failure', () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'state.json')
  writeFileWhole(path, 'one')
  writeFileWhole(path, 'two')
  assert.equal(readFileSync(path, 'utf8'), 'two')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  mkdirSync(join(folder.path, 'folder/full'), { recursive: true })
  assert.throws(() => writeFileWhole(join(folder.path, 'folder'), 'x'))
  assert.deepEqual(readdirSync(folder.path).sort(), ['folder', 'state.json'])
  chmodSync(path, 0o600)
})
