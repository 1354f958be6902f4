import assert from 'node:assert/strict'
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  repository,
  runChild,
  runLandbridge,
  startPlatform,
  type TestPlatform,
  temporaryFolder,
} from '@landbridge/testkit'
import { installClient } from './support/install-example.ts'

const example = join(repository, 'examples/client-library')
const folder = temporaryFolder()
let platform: TestPlatform

before(async () => {
  platform = await startPlatform()
  for (const file of ['app.mjs', 'package.json']) copyFileSync(join(example, file), join(folder.path, file))
  await installClient(folder.path)
  const env = await runLandbridge(['env', '--data', platform.dataDirectory], { cwd: folder.path })
  assert.equal(env.status, 0, env.stderr)
})
after(async () => {
  await platform?.stop()
  folder[Symbol.dispose]()
})

/** The first Node on the path that is older than the one of the tests, and new enough for the library. */
async function olderNode(): Promise<string | undefined> {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const node = join(directory, 'node')
    const major = Number(
      /^v(\d+)/.exec((await runChild(node, ['--version']).catch(() => ({ stdout: '' }))).stdout)?.[1],
    )
    if (major >= 20 && major < 24) return node
  }
}
const older = await olderNode()

/** The fetch that Node has itself, of another undici than the one of the library, and node:http. */
const agents = `import { get } from 'node:http'
import { openClient } from '@landbridge/client'
const client = openClient()
const url = 'http://demo-backend.virtual:8080/hello'
const answer = await fetch(url, { dispatcher: client.dispatcher() })
console.log(answer.status, (await answer.json()).message)
const status = await new Promise((resolve, reject) =>
  get(url, { agent: client.httpAgent() }, (response) => resolve(response.resume().statusCode)).on('error', reject))
console.log(status)
await fetch('https://demo-backend.virtual/', { dispatcher: client.dispatcher() }).catch((error) => console.log(error.cause.code))
await client.close()
`

for (const { name, node } of [
  { name: 'the Node of the platform', node: process.execPath },
  { name: 'Node 20 or 22', node: older },
])
  test(`the packed library runs its example as the README says, on ${name} (RFC-193)`, {
    skip: node === undefined && 'no older Node is installed',
  }, async (context) => {
    const { stdout: version } = await runChild(node!, ['--version'])
    context.diagnostic(`Node ${version.trim()}`)
    const { NODE_EXTRA_CA_CERTS } = platform.environment
    const run = await runChild(node!, ['app.mjs'], { cwd: folder.path, env: { NODE_EXTRA_CA_CERTS } })
    assert.equal(run.status, 0, run.stderr)
    assert.equal(run.stdout.trim(), documented())
    writeFileSync(join(folder.path, 'agents.mjs'), agents)
    const used = await runChild(node!, ['agents.mjs'], { cwd: folder.path, env: { NODE_EXTRA_CA_CERTS } })
    assert.equal(used.stdout.trim(), '200 Hello from the on-premise backend\n200\nCLIENT_PROXY_NEEDS_HTTP', used.stderr)
  })

test('the packed library is one package with one dependency, and holds no source and no test', () => {
  const modules = join(folder.path, 'node_modules')
  const installed = readdirSync(modules).filter((name) => !name.startsWith('.'))
  assert.deepEqual(installed.sort(), ['@landbridge', 'undici'])
  assert.deepEqual(readdirSync(join(modules, '@landbridge')), ['client'])
  const files = readdirSync(join(modules, '@landbridge/client'), { recursive: true, encoding: 'utf8' })
  assert.deepEqual(
    files.filter((file) => /\.ts$/.test(file) && !/\.d\.ts$/.test(file)),
    [],
  )
  assert.ok(!files.some((file) => /test/.test(file)))
  for (const file of files.filter((name) => /\.(js|d\.ts)$/.test(name)))
    assert.doesNotMatch(
      readFileSync(join(modules, '@landbridge/client', file), 'utf8'),
      /from ['"](@landbridge|.*\.ts['"])/,
    )
})

test('the packed library has types that a strict application compiles against, errors included', async () => {
  const application = `import { openClient, PlatformError, type Destination } from '@landbridge/client'
const client = openClient({ cache: { ttlMs: 1_000 } })
const found: Destination = await client.findDestination('erp', { tenant: 'customer' })
const text: string | undefined = found.getProperty('URL')
try { const { status }: { status: number } = await client.fetch(found, '/x'); console.log(status, text) }
catch (error) { if (error instanceof PlatformError && error.code === 'CLIENT_DESTINATION_NOT_FOUND') throw error }
`
  const compile = async (name: string, source: string) => {
    writeFileSync(join(folder.path, name), source)
    const compiler = join(repository, 'node_modules/typescript/bin/tsc')
    const types = ['--types', 'node', '--typeRoots', join(repository, 'node_modules/@types')]
    const settings = ['--strict', '--exactOptionalPropertyTypes', '--target', 'es2022', '--module', 'nodenext']
    return runChild(process.execPath, [compiler, '--noEmit', ...settings, ...types, name], { cwd: folder.path })
  }
  const good = await compile('good.mts', application)
  assert.equal(good.status, 0, good.stdout)
  const bad = await compile('bad.mts', application.replace('ttlMs: 1_000', "ttlMs: 'soon'"))
  assert.notEqual(bad.status, 0)
  assert.match(bad.stdout, /ttlMs|not assignable/)
})

/** What the README shows. */
function documented(): string {
  return /^```\n(demo-backend[\s\S]*?)\n```$/m.exec(readFileSync(join(example, 'README.md'), 'utf8'))?.[1] ?? ''
}
