import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCommand, temporaryFolder } from '@landbridge/testkit'
import { componentNames } from '../src/config/component-names.ts'

test('a bad configuration names file and line, key, what is expected and what was found, for every problem', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'up.yaml')
  writeFileSync(file, 'ports:\n  proxy: high\n  sock: 1\nhots: x\n')
  const run = await runCommand(['config', 'verify', 'up', '--config', file, '--set', 'ports.token=-1'])
  assert.equal(run.status, 1)
  assert.match(run.stderr, /The configuration is not valid/)
  assert.ok(run.stderr.includes(`${file}:2: ports.proxy: expected an integer from 0 to 65535, found "high"`))
  assert.ok(run.stderr.includes(`${file}:3: ports.sock: expected a known key of ports`))
  assert.ok(run.stderr.includes('did you mean socks?'))
  assert.ok(run.stderr.includes(`${file}:4: hots: expected a known key, found unknown key hots (did you mean host?)`))
  assert.ok(run.stderr.includes('command line: ports.token: expected an integer from 0 to 65535, found -1'))
})

test('a good configuration is printed with the origin of every value', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'up.yaml')
  writeFileSync(file, 'ports:\n  proxy: 1234\n')
  const env = { LANDBRIDGE_LOG_LEVEL: 'debug', LANDBRIDGE_USER_PASSWORD: 'not a setting' }
  const args = ['up', '--config', file, '--set', 'host=127.0.0.2']
  const run = await runCommand(['config', 'print', ...args], { env })
  assert.equal(run.status, 0, run.stderr)
  assert.match(run.stdout, /^ {2}host +"127\.0\.0\.2" +command line$/m)
  assert.match(run.stdout, /^ {2}logLevel +"debug" +environment LANDBRIDGE_LOG_LEVEL$/m)
  assert.match(run.stdout, /^ {2}ports\.proxy +1234 +\S+up\.yaml:2$/m)
  assert.match(run.stdout, /^ {2}ports\.socks +20004 +default$/m)
  const json = await runCommand(['config', 'verify', '--json', ...args], { env })
  assert.equal(JSON.parse(json.stdout).valid, true)
})

test('the sample of every component is well-formed and changes nothing', async () => {
  using folder = temporaryFolder()
  for (const name of componentNames) {
    const file = join(folder.path, `${name}.yaml`)
    writeFileSync(file, (await runCommand(['config', 'sample', name])).stdout)
    const [sample, nothing] = await Promise.all([
      runCommand(['config', 'print', name, '--config', file]),
      runCommand(['config', 'print', name]),
    ])
    assert.equal(sample.stdout, nothing.stdout)
  }
})
