import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort, runCommand, temporaryFolder } from '@landbridge/testkit'
import { type PlatformState, writeState } from '../src/state/state-file.ts'

const xsenv = createRequire(import.meta.url)('@sap/xsenv') as {
  loadEnv(file: string): void
  getServices(query: object): Record<string, Record<string, unknown>>
}

function state(folder: string, components: PlatformState['components']): PlatformState {
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, '')
  const credentials = { clientid: 'c', clientsecret: "it's", uri: 'http://127.0.0.1:8082' }
  return {
    format: 1,
    version: '0.1.0',
    pid: process.pid,
    startedAt: '2026-01-01T00:00:00Z',
    components,
    caFile,
    componentCaFiles: [],
    hostNames: ['demo.localhost'],
    address: '127.0.0.1',
    vcapServices: { destination: [{ label: 'destination', name: 'dest', tags: ['destination'], credentials }] },
  }
}

async function withHealth(status: () => number, run: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((_request, response) => void response.writeHead(status()).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

test('the status is success only when every component is ready', async () => {
  using folder = temporaryFolder()
  let health = 200
  await withHealth(
    () => health,
    async (url) => {
      const part = (name: string, base: string): PlatformState['components'][number] => ({
        name,
        url: base,
        readyUrl: `${base}/health/ready`,
      })
      writeState(folder.path, state(folder.path, [part('token-service', url)]))
      const ready = await runCommand(['status', '--data', folder.path])
      assert.equal(ready.status, 0)
      assert.match(ready.stdout, /^ {2}token-service {2}ready {2}http:\/\/127/)
      health = 503
      const starting = await runCommand(['status', '--data', folder.path])
      assert.equal(starting.status, 1)
      assert.match(starting.stdout, /not ready .* answers 503/)
      health = 200
      const gone = part('proxy', `http://127.0.0.1:${await freePort()}`)
      writeState(folder.path, state(folder.path, [part('token-service', url), gone]))
      const json = await runCommand(['status', '--json', '--data', folder.path])
      assert.equal(json.status, 1)
      const document = JSON.parse(json.stdout)
      assert.equal(document.ready, false)
      assert.deepEqual(
        document.components.map((one: { ready: boolean }) => one.ready),
        [true, false],
      )
      assert.match(document.components[1].reason, /ECONNREFUSED/)
    },
  )
})

test('the state of a platform is readable by its owner only', () => {
  using folder = temporaryFolder()
  writeState(folder.path, state(folder.path, []))
  assert.equal(statSync(join(folder.path, 'state.json')).mode & 0o777, 0o600)
})

test('env writes a default-env.json that @sap/xsenv reads, for its owner only', async () => {
  using folder = temporaryFolder()
  writeState(folder.path, state(folder.path, []))
  const { status, stdout } = await runCommand(['env', '--data', folder.path], { cwd: folder.path })
  assert.equal(status, 0)
  assert.match(stdout, /export NODE_EXTRA_CA_CERTS=\/\S*\/ca\.pem/)
  const file = join(folder.path, 'default-env.json')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  xsenv.loadEnv(file)
  try {
    assert.equal(xsenv.getServices({ dest: { label: 'destination' } }).dest?.clientsecret, "it's")
  } finally {
    delete process.env.VCAP_SERVICES
  }
})

test('env in dotenv format gives a shell the same bindings and the CA', async () => {
  using folder = temporaryFolder()
  writeState(folder.path, state(folder.path, []))
  const { stdout } = await runCommand(['env', '--stdout', '--format', 'dotenv', '--data', folder.path])
  const script = `set -a\n${stdout}\nset +a\nprintf '%s\\n%s' "$NODE_EXTRA_CA_CERTS" "$VCAP_SERVICES"`
  const [ca, vcap] = execFileSync('sh', ['-s'], { input: script, encoding: 'utf8' }).split('\n')
  assert.equal(ca, join(folder.path, 'ca.pem'))
  assert.equal(JSON.parse(vcap ?? '').destination[0].credentials.clientsecret, "it's")
  await runCommand(['env', '--format', 'dotenv', '--data', folder.path], { cwd: folder.path })
  assert.equal(readFileSync(join(folder.path, '.env'), 'utf8').trim(), stdout.trim())
})

test('hosts prints the names of the platform for a hosts file', async () => {
  using folder = temporaryFolder()
  writeState(folder.path, state(folder.path, []))
  assert.equal((await runCommand(['hosts', '--data', folder.path])).stdout, '127.0.0.1\tdemo.localhost\n')
})

test('a data directory that is named wins over bindings that another one left in the folder or the environment', async () => {
  using folder = temporaryFolder()
  writeState(folder.path, state(folder.path, []))
  const stale = JSON.stringify({ destination: [{ name: 'stale', credentials: {} }] })
  writeFileSync(join(folder.path, 'default-env.json'), `{"VCAP_SERVICES":${stale}}`)
  const token = (...args: string[]) =>
    runCommand(['token', 'xsuaa', ...args], { cwd: folder.path, env: { VCAP_SERVICES: stale } })
  assert.match((await token('--data', folder.path)).stderr, new RegExp(`path: ${folder.path}\n`))
  assert.match((await token()).stderr, /path: VCAP_SERVICES/)
})
