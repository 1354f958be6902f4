import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCommand, runLandbridge, temporaryFolder } from '@landbridge/testkit'
import { startersOf } from '../../../bin/starters.mjs'

test('help names every command, and each command explains itself with examples', async () => {
  const { status, stdout } = await runLandbridge(['--help'])
  assert.equal(status, 0)
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) [[<]/gm)].map((match) => match[1] ?? '')
  for (const expected of ['env', 'call', 'status', 'hosts', 'completion', 'version'])
    assert.ok(commands.includes(expected), expected)
  const helps = await Promise.all(
    commands.filter((name) => name !== 'help').map((name) => runCommand([name, '--help'])),
  )
  for (const help of helps) {
    assert.equal(help.status, 0)
    assert.match(help.stdout, /Examples:\n {2}\S/)
    assert.match(help.stdout, /--json/)
  }
})

test('wrong usage ends with status 2 and says what was meant', async () => {
  const runs = await Promise.all([
    runLandbridge(['statsu']),
    runCommand(['status', '--jsno']),
    runCommand(['call']),
    runCommand(['completion', 'tcsh']),
    runCommand([]),
    runCommand(['certificate', '--out', 'x']),
    runCommand(['call', 'x', '-H', 'no header']),
    runCommand(['transparent-proxy', 'ERP_PROD']),
  ])
  assert.deepEqual(
    runs.map((run) => run.status),
    [2, 2, 2, 2, 2, 2, 2, 2],
  )
  assert.match(runs[0]?.stderr ?? '', /Did you mean status\?/)
  assert.match(runs[1]?.stderr ?? '', /Did you mean --json\?/)
  assert.match(runs[3]?.stderr ?? '', /Allowed choices are bash, zsh, fish/)
  assert.match(runs[5]?.stderr ?? '', /required option '--name <host>'/)
  assert.match(runs[6]?.stderr ?? '', /expected "Name: value"/)
  assert.match(runs[7]?.stderr ?? '', /write name=DESTINATION, for example erp=ERP_PROD/)
})

test('a failure says what happened, why, and the next command, with status 1', async () => {
  using folder = temporaryFolder()
  for (const command of [['status'], ['env'], ['hosts'], ['call', 'demo-backend']]) {
    const { status, stdout, stderr } = await runCommand([...command, '--data', folder.path], { cwd: folder.path })
    assert.equal(status, 1)
    assert.equal(stdout, '')
    assert.match(stderr, /No running Landbridge was found/)
    assert.match(stderr, /landbridge up/)
  }
  const { stderr } = await runLandbridge(['status', '--json', '--data', folder.path])
  assert.equal(JSON.parse(stderr).code, 'CLI_NOT_RUNNING')
})

test('the version is that of the product, and Node 24 runs it', async () => {
  const { stdout } = await runLandbridge(['version', '--json'])
  const version = JSON.parse(stdout)
  assert.equal(version.landbridge, '0.1.0')
  assert.ok(Number.parseInt(version.node, 10) >= 24)
})

test('a state file that is damaged is named with the reason', async () => {
  using folder = temporaryFolder()
  writeFileSync(join(folder.path, 'state.json'), '{"format":1}')
  const { status, stderr } = await runCommand(['status', '--data', folder.path])
  assert.equal(status, 1)
  assert.match(stderr, /state\.json/)
  assert.match(stderr, /\/version/)
})

test('completion scripts are accepted by the shells that are installed', async (t) => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { status, stdout } = await runCommand(['completion', shell])
    assert.equal(status, 0)
    assert.match(stdout, /landbridge/)
    if (spawnSync(shell, ['-c', 'true']).error !== undefined) {
      t.diagnostic(`${shell} is not installed: its script was not parsed`)
      continue
    }
    execFileSync(shell, ['-n'], { input: stdout })
  }
})

test('bash completes commands, options and fixed values', async () => {
  const { stdout: script } = await runCommand(['completion', 'bash'])
  const complete = (words: readonly string[]): readonly string[] =>
    execFileSync('bash', ['-s'], {
      encoding: 'utf8',
      input: `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}\n_landbridge\nprintf '%s\\n' "\${COMPREPLY[@]}"`,
    })
      .split('\n')
      .filter((word) => word !== '')
  assert.deepEqual(complete(['landbridge', 'sta']), ['status'])
  assert.deepEqual(complete(['landbridge', 'call', '--max']), ['--max-time'])
  assert.deepEqual(complete(['landbridge', 'completion', 'z']), ['zsh'])
})

test('without a terminal no output carries escape sequences', async () => {
  using folder = temporaryFolder()
  mkdirSync(join(folder.path, 'data'))
  const { stderr } = await runLandbridge(['status', '--data', folder.path])
  assert.ok(!stderr.includes('\u001b'))
})

test('only what npm start has started ends with npm and its shell, not what somebody put into the background', () => {
  const node = process.execPath
  const byNpm = { npm_lifecycle_event: 'start', npm_package_json: '/lb/package.json', npm_node_execpath: node }
  const startersIn = (environment: NodeJS.ProcessEnv, processes: Readonly<Record<number, readonly [string, number]>>) =>
    startersOf(environment, '/lb/package.json', 30, (pid: number) => {
      const [program, parent] = processes[pid] ?? []
      return program === undefined ? undefined : { program, parent: parent ?? 0 }
    })
  const throughShell = { 30: ['/usr/bin/dash', 20], 20: [node, 10], 10: ['/usr/bin/bash', 1] } as const
  assert.deepEqual(startersIn(byNpm, throughShell), [30, 20])
  // A shell that replaced itself by the command: the terminal above npm is no starter of ours.
  assert.deepEqual(startersIn(byNpm, { 30: [node, 20], 20: ['/usr/bin/bash', 1] }), [30])
  assert.deepEqual(startersIn(byNpm, {}), [30])
  for (const other of [
    {},
    { npm_lifecycle_event: 'start' },
    { ...byNpm, npm_lifecycle_event: 'dev' },
    { ...byNpm, npm_package_json: '/app/package.json' },
  ])
    assert.deepEqual(startersIn(other, throughShell), [])
})
