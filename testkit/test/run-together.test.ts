import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runChild, temporaryFolder } from '../src/index.ts'
import { groupFiles } from '../test-groups.mjs'

const runner = new URL('../run-together.mjs', import.meta.url).href

/** Runs files in one process and returns what the runner of Node writes in TAP. */
async function runGroup(sources: Readonly<Record<string, string>>): Promise<{ status: number | null; stdout: string }> {
  using folder = temporaryFolder()
  const files = Object.entries(sources).map(([name, source]) => {
    const path = join(folder.path, `${name}.test.mjs`)
    writeFileSync(path, `import { after, beforeEach, test } from 'node:test'\n${source}\n`)
    return path
  })
  const group = join(folder.path, 'group.mjs')
  writeFileSync(group, `import { runTogether } from '${runner}'\nawait runTogether(${JSON.stringify(files)})\n`)
  return await runChild(process.execPath, ['--test-reporter=tap', group], { cwd: folder.path })
}

test('files of one process run one after the other, and the hooks of one end with it', async () => {
  const { status, stdout } = await runGroup({
    first: `beforeEach(() => console.log('hook of first')); after(() => console.log('end of first'))
      await new Promise(setImmediate); test('one', () => console.log('one'))`,
    second: `console.log('start of second'); test('two', () => console.log('two'))`,
  })
  assert.equal(status, 0, stdout)
  const order = ['hook of first', 'one', 'end of first', 'start of second', 'two']
  assert.deepEqual(
    stdout.split('\n').filter((line) => order.includes(line)),
    order,
  )
  assert.match(stdout, /^# tests 2$/m)
})

test('a file that fails, cannot be loaded or leaves its process changed is counted, named, and hides no other', async () => {
  const { status, stdout } = await runGroup({
    broken: `import './missing.mjs'`,
    careless: `test('leaves a variable', () => { process.env.LEFT = 'x' }); process.on('SIGHUP', () => {})`,
    failing: `test('fails', () => { throw new Error('as it should') })`,
    last: `test('runs all the same', () => {})`,
  })
  assert.equal(status, 1)
  assert.match(stdout, /^ +not ok 1 - the file can be loaded$/m)
  assert.match(stdout, /^not ok 3 - careless\.test\.mjs leaves the process as it was$/m)
  assert.match(stdout, /handlers of SIGHUP, the variable LEFT/)
  assert.match(stdout, /^ +not ok 1 - fails$/m)
  assert.match(stdout, /^ +ok 1 - runs all the same$/m)
  assert.match(stdout, /^# fail 3$/m)
})

test('what measures its process is alone, its neighbours are together', () => {
  const path = (name: string): string => `packages/socks5/test/${name}.test.ts`
  const files = ['socks5-handshake', 'socks5-client', 'handshake-phase'].map(path)
  assert.deepEqual(groupFiles(files), [['handshake-phase', 'socks5-client'].map(path), [path('socks5-handshake')]])
})

test('a process that a failed test keeps alive is ended in time, and says what kept it', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'leaking.test.mjs')
  writeFileSync(
    file,
    `import { createServer } from 'node:net'; import { test } from 'node:test'
    test('fails', async () => { await new Promise((listening) => createServer().listen(0, listening)); throw new Error('before its end') })`,
  )
  // From its last test on: the time that a process takes to start is nobody's promise.
  const limit = new URL('../end-in-time.mjs?hooks=500', import.meta.url).href
  const { status, stdout, stderr } = await runChild(process.execPath, [
    `--import=${limit}`,
    '--test-reporter=tap',
    file,
  ])
  assert.equal(status, 1)
  assert.match(stdout, /^not ok 1 - fails$/m)
  assert.match(stderr, /^leaking\.test\.mjs is ended 0\.5 s after its last test: it is kept alive by .*TCPServerWrap/m)
})
