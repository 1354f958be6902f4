import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { repository, runChild, runLandbridge, startPlatform, temporaryFolder } from '@landbridge/testkit'
import { installExample } from './support/install-example.ts'

const example = join(repository, 'examples/cloud-app')

test('the example application runs as its README says, without and with a user (CONN-063, CONN-084, RC-174)', async (context) => {
  using folder = temporaryFolder()
  const platform = await startPlatform()
  try {
    const cwd = join(folder.path, 'app')
    context.diagnostic(await installExample('cloud-app', cwd))
    await runLandbridge(['env', '--data', platform.dataDirectory], { cwd })
    const { NODE_EXTRA_CA_CERTS } = platform.environment
    const run = (env: Readonly<Record<string, string>>) =>
      runChild('npm', ['start'], { cwd, env: { NODE_EXTRA_CA_CERTS, ...env } })
    const technical = await run({})
    assert.equal(technical.status, 0, technical.stderr)
    assert.deepEqual(linesOf(technical.stdout), documented(0))
    const { name, password } = platform.credentials.user
    const asUser = await run({ DEMO_USER: name, DEMO_PASSWORD: password })
    assert.equal(asUser.status, 0, asUser.stderr)
    assert.deepEqual(linesOf(asUser.stdout), documented(1))
  } finally {
    await platform.stop()
  }
})

test('the examples pin the versions that are tested here', () => {
  const read = (path: string) => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
  const tested = read(repository).devDependencies
  for (const folder of ['cloud-app', 'multi-tenant-app'])
    for (const [name, version] of Object.entries(read(join(repository, 'examples', folder)).dependencies))
      assert.equal(tested[name], version, `${folder}: ${name}`)
})

/** The lines of the application, without the log of the SDK. */
function linesOf(output: string): readonly string[] {
  return output.split('\n').filter((line) => /^(demo-backend|Logged on|Set DEMO_USER)/.test(line))
}

/** What the README shows. */
function documented(index: number): readonly string[] {
  const outputs = readFileSync(join(example, 'README.md'), 'utf8').matchAll(/^```\n(demo-backend[\s\S]*?)\n```$/gm)
  return [...outputs][index]?.[1]?.split('\n') ?? []
}
