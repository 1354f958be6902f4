import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Finished, runChild, startPlatform, type TestPlatform, temporaryFolder } from '@landbridge/testkit'
import { expose } from './support/administration.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { technicalToken } from './support/tokens.ts'

const version = await runChild('curl', ['--version']).catch(() => undefined)
const skip = version?.status === 0 ? false : 'curl is not installed'
const folder = temporaryFolder()
let platform: TestPlatform
let backend: Backend
let token: string

before(async () => {
  if (skip) return
  ;[platform, backend] = await Promise.all([startPlatform(), startBackend('plant')])
  await expose(platform, { virtualHost: 'plant.virtual', backendPort: backend.port, paths: ['/open'] })
  token = await technicalToken(platform, 'connectivity')
})

after(async () => {
  await platform?.stop()
  await backend?.[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

/** curl through the proxy of the binding. */
function curl(...args: readonly string[]): Promise<Finished> {
  const { onpremise_proxy_host: host, onpremise_proxy_http_port: port } = platform.binding('connectivity')
  return runChild('curl', ['-sS', '--max-time', '20', '--proxy', `http://${host}:${port}`, ...args])
}

function bearer(scheme = 'Bearer'): readonly string[] {
  return ['--proxy-header', `Proxy-Authorization: ${scheme} ${token}`]
}

const statusLine = ['-o', '/dev/null', '-w', '%{http_code}']

test('curl with a Bearer header for the proxy gets the answer of the backend (CONN-049, CONN-051, CONN-084, CONN-085)', {
  skip,
}, async () => {
  for (const scheme of ['Bearer', 'bearer']) {
    const { status, stdout, stderr } = await curl(...bearer(scheme), 'http://plant.virtual/open/a%2Fb?x=%20')
    assert.equal(status, 0, stderr)
    assert.deepEqual(JSON.parse(stdout), { system: 'plant', method: 'GET', path: '/open/a%2Fb?x=%20', body: '' })
  }
  assert.equal(backend.seen.at(-1)?.headers['proxy-authorization'], undefined)
})

test('curl with the token as user of the proxy gets the same (CONN-050)', { skip }, async () => {
  const { status, stdout } = await curl('--proxy-user', `${token}:`, 'http://plant.virtual/open')
  assert.equal(status, 0)
  assert.equal(JSON.parse(stdout).system, 'plant')
})

test('curl posts with a known length and in chunks (CONN-081)', { skip }, async () => {
  const file = join(folder.path, 'body')
  writeFileSync(file, 'landbridge '.repeat(100_000))
  for (const framing of [[], ['-H', 'Transfer-Encoding: chunked']]) {
    const { stdout } = await curl(...bearer(), ...framing, '--data-binary', `@${file}`, 'http://plant.virtual/open')
    const { method, body } = JSON.parse(stdout)
    assert.equal(method, 'POST')
    assert.ok(body === 'landbridge '.repeat(100_000))
  }
})

test('curl asks with HEAD and gets the head only (CONN-081, RC-112)', { skip }, async () => {
  const { status, stdout } = await curl(...bearer(), '--head', '-H', 'x-csrf-token: Fetch', 'http://plant.virtual/open')
  assert.equal(status, 0)
  assert.match(stdout, /^HTTP\/1\.1 200 [\s\S]*x-csrf-token: issued-1\r\n/i)
  assert.equal(stdout.match(/^set-cookie: /gim)?.length, 2)
})

test('two requests of one curl share a connection and are both answered (RC-113)', { skip }, async () => {
  const { stdout } = await curl(
    ...bearer(),
    ...['-w', '\n%{num_connects}\n', 'http://plant.virtual/open/1', 'http://plant.virtual/open/2'],
  )
  const [first, connects, second, more] = stdout.trim().split('\n')
  assert.equal(JSON.parse(first ?? '').path, '/open/1')
  assert.equal(JSON.parse(second ?? '').path, '/open/2')
  assert.deepEqual([connects, more], ['1', '0'])
})

test('curl sees why it may not pass: no token, a broken one, a path or a host that is not exposed, CONNECT (CONN-052, CONN-053, CONN-054, CONN-079, CONN-080, RC-116, RC-124)', {
  skip,
}, async () => {
  const broken = `Proxy-Authorization: Bearer ${token.slice(0, -6)}AAAAAA`
  const open = 'http://plant.virtual/open'
  assert.equal((await curl(...statusLine, open)).stdout, '407')
  assert.equal((await curl(...statusLine, '--proxy-header', broken, open)).stdout, '407')
  assert.equal((await curl(...statusLine, ...bearer(), 'http://plant.virtual/closed')).stdout, '403')
  assert.equal(
    (await curl(...statusLine, ...bearer(), 'http://plant.virtual/open/../closed', '--path-as-is')).stdout,
    '403',
  )
  assert.equal((await curl(...statusLine, ...bearer(), 'http://hidden.virtual/open')).stdout, '403')
  const tunnel = await curl(...bearer(), '-w', '%{http_connect}', '--proxytunnel', open)
  assert.match(tunnel.stdout, /405/)
  assert.ok(!backend.seen.some(({ path }) => path.includes('closed')))
})
