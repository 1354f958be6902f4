import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Finished, runCommand, temporaryFolder } from '@landbridge/testkit'
import { targetUrl } from '../src/call/send.ts'
import { ContractServices } from './contract-services.ts'

function call(services: ContractServices, args: readonly string[]): Promise<Finished> {
  using folder = temporaryFolder()
  return runCommand(['call', ...args], {
    cwd: '/',
    env: { VCAP_SERVICES: JSON.stringify(services.vcapServices), LANDBRIDGE_USER_PASSWORD: 'pw', TMPDIR: folder.path },
  })
}

const onPremise = {
  Name: 'demo',
  Type: 'HTTP',
  URL: 'http://virtual.example:8080/base',
  ProxyType: 'OnPremise',
  Authentication: 'NoAuthentication',
}

test('an on-premise destination is called through the proxy with a token of the connectivity client', async () => {
  await using services = await ContractServices.start()
  services.properties = { ...onPremise, CloudConnectorLocationId: 'plant1' }
  const { status, stdout } = await call(services, ['demo', '/hello?a=1', '-H', 'X-Own: yes'])
  assert.deepEqual([status, stdout], [0, '{"ok":true}'])
  const [sent] = services.of('proxy')
  assert.equal(sent?.method, 'GET')
  assert.equal(sent?.url, 'http://virtual.example:8080/base/hello?a=1')
  assert.equal(sent?.headers.host, 'virtual.example:8080')
  assert.equal(sent?.headers['proxy-authorization'], 'Bearer conn:technical')
  assert.equal(sent?.headers['sap-connectivity-scc-location_id'], 'plant1')
  assert.equal(sent?.headers['x-own'], 'yes')
  assert.equal(services.of('destination')[0]?.headers.authorization, 'Bearer dest:technical')
  assert.equal(services.of('destination')[0]?.url, '/destination-configuration/v1/destinations/demo')
})

test('a user is logged in by the application and travels in the exchanged proxy token', async () => {
  await using services = await ContractServices.start()
  services.properties = onPremise
  const { status } = await call(services, ['demo', '--user', 'alice', '--location', 'plant2'])
  assert.equal(status, 0)
  assert.equal(services.of('destination')[0]?.headers['x-user-token'], 'app:alice')
  const [sent] = services.of('proxy')
  assert.equal(sent?.headers['proxy-authorization'], 'Bearer conn:app:alice')
  assert.equal(sent?.headers['sap-connectivity-scc-location_id'], 'plant2')
})

test('an Internet destination is called directly with the header of its token', async () => {
  await using services = await ContractServices.start()
  services.properties = { Type: 'HTTP', ProxyType: 'Internet', URL: services.internetOrigin, 'URL.headers.x-a': '1' }
  services.authTokens = [{ http_header: { key: 'Authorization', value: 'Bearer fetched' } }]
  const { status } = await call(services, ['demo', '/x', '-d', '{"a":1}'])
  assert.equal(status, 0)
  const [sent] = services.of('internet')
  assert.deepEqual([sent?.method, sent?.url, sent?.body], ['POST', '/x', '{"a":1}'])
  assert.equal(sent?.headers.authorization, 'Bearer fetched')
  assert.equal(sent?.headers['x-a'], '1')
  assert.equal(sent?.headers['content-type'], 'application/json')
  assert.equal(services.of('proxy').length, 0)
})

test('an answer outside 2xx is printed and ends with status 1', async () => {
  await using services = await ContractServices.start()
  services.properties = onPremise
  services.status = 503
  const { status, stdout, stderr } = await call(services, ['demo', '-i'])
  assert.equal(status, 1)
  assert.match(stdout, /^HTTP\/1\.1 503\r\n[\s\S]*content-type: application\/json\r\n[\s\S]*\r\n\r\n\{"ok":true\}$/)
  assert.match(stderr, /status 503/)
})

test('the time of every step, status and headers are shown with -v and given in the JSON document', async () => {
  await using services = await ContractServices.start()
  services.properties = onPremise
  const steps = ['user token', 'token', 'find', 'connectivity token', 'first byte', 'body']
  const verbose = await call(services, ['demo', '-v', '--user', 'alice'])
  const shown = verbose.stderr.split('\n').filter((line) => line.startsWith('*'))
  assert.deepEqual(
    shown.map((line) => /^\* (.+?) {2,}\d+\.\d ms/.exec(line)?.[1]),
    steps,
  )
  assert.match(verbose.stderr, /^\* first byte .*\n< HTTP\/1\.1 200\n(< .*\n)*< content-type: application\/json\n/m)
  assert.equal(verbose.stdout, '{"ok":true}')
  assert.doesNotMatch(verbose.stderr, /app:alice|secret/)
  const json = JSON.parse((await call(services, ['demo', '--json', '--user', 'alice'])).stdout)
  assert.equal(json.status, 200)
  assert.deepEqual(
    json.legs.map((leg: { name: string }) => leg.name),
    steps,
  )
})

test('a step that is refused names itself, its status and the answer', async () => {
  await using services = await ContractServices.start()
  const missing = await call(services, ['missing'])
  assert.equal(missing.status, 1)
  assert.match(missing.stderr, /step: find destination/)
  assert.match(missing.stderr, /status: 404/)
  assert.match(missing.stderr, /was not found/)
  const login = await call(services, ['demo', '--user', 'alice:wrong'])
  assert.match(login.stderr, /step: token for xsuaa[\s\S]*status: 401/)
  assert.doesNotMatch(login.stderr, /wrong|secret/)
})

test('a destination that cannot be called says why', async () => {
  await using services = await ContractServices.start()
  services.properties = { Type: 'RFC' }
  assert.match((await call(services, ['demo'])).stderr, /its type is RFC/)
  services.properties = { ...onPremise, URL: 'nonsense' }
  assert.match((await call(services, ['demo'])).stderr, /its URL is not valid: nonsense/)
  services.properties = onPremise
  services.authTokens = [{ error: 'token service refused' }]
  assert.match((await call(services, ['demo'])).stderr, /no token: token service refused/)
})

test('bindings that are missing, damaged or incomplete are named', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'default-env.json')
  const run = async (content: string): Promise<string> => {
    writeFileSync(file, content)
    const { status, stderr } = await runCommand(['call', 'demo'], { cwd: folder.path })
    assert.equal(status, 1)
    assert.ok(stderr.includes(file))
    return stderr
  }
  assert.match(await run('{'), /not JSON/)
  assert.match(await run('{}'), /no VCAP_SERVICES/)
  assert.match(await run('{"VCAP_SERVICES":{"destination":1}}'), /destination is not a list/)
  assert.match(await run('{"VCAP_SERVICES":{}}'), /CLI_BINDING_MISSING[\s\S]*service: destination/)
  assert.match(await run('{"VCAP_SERVICES":{"destination":[{"credentials":{}}]}}'), /no text url or token_service_url/)
})

test('a service that does not answer is named with the step and the reason', async () => {
  await using services = await ContractServices.start()
  services.vcapServices.destination![0]!.credentials.url = 'http://127.0.0.1:1'
  const { status, stderr } = await call(services, ['demo'])
  assert.equal(status, 1)
  assert.match(stderr, /step: token for destination[\s\S]*nothing listens there \(ECONNREFUSED\)/)
})

test('a token is printed for a technical client and for a user', async () => {
  await using services = await ContractServices.start()
  const env = { VCAP_SERVICES: JSON.stringify(services.vcapServices) }
  const technical = await runCommand(['token', 'connectivity'], { cwd: '/', env })
  const user = await runCommand(['token', 'connectivity', '--user', 'bob:pw'], { cwd: '/', env })
  assert.deepEqual([technical.stdout, user.stdout], ['conn:technical\n', 'conn:app:bob\n'])
})

test('path and query of a call extend those of the destination', () => {
  const destination = (url: string): Parameters<typeof targetUrl>[0] => ({
    name: 'd',
    url: new URL(url),
    isOnPremise: true,
    authentication: '',
    locationId: '',
    headers: {},
    tls: {},
  })
  const cases = [
    ['http://h/', '', 'http://h/'],
    ['http://h', '/a', 'http://h/a'],
    ['http://h/base/', 'a/b?c=1', 'http://h/base/a/b?c=1'],
    ['http://h/base?k=1', '/a?c=2#frag', 'http://h/base/a?k=1&c=2'],
    ['http://h/base?k=1', '?c=2', 'http://h/base?k=1&c=2'],
  ] as const
  for (const [url, path, expected] of cases) assert.equal(targetUrl(destination(url), path).href, expected)
})
