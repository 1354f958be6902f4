import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { runCommand, runLandbridge, temporaryFolder } from '@landbridge/testkit'
import { startUp, suitePlatform, until } from './started.ts'

const run = promisify(execFile)
const none = { cwd: '/' }

/** A connection on which no more than this is said; its end is that of the other side. */
async function saying(text: string, port: number): Promise<{ end: Promise<unknown> }> {
  const socket = connect(port, '127.0.0.1')
  const end = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve))
  await once(socket, 'connect')
  socket.resume().write(text)
  return { end }
}

interface Credentials {
  readonly [name: string]: string
}

async function bindings(data: string): Promise<Readonly<Record<string, Credentials>>> {
  const { stdout } = await runCommand(['env', '--stdout', '--data', data], none)
  const services = Object.entries(JSON.parse(stdout).VCAP_SERVICES as Record<string, { credentials: Credentials }[]>)
  return Object.fromEntries(services.map(([service, entries]) => [service, entries[0]!.credentials]))
}

describe('a platform that one command started', () => {
  const platform = suitePlatform()
  const { data } = platform

  test('one command starts a platform on which a request goes from the cloud to the backend (CONN-001, CONN-002, CONN-003, CONN-005, CONN-006, CONN-007, CONN-049)', async () => {
    const ready = await runCommand(['status', '--json', '--data', data], none)
    assert.equal(ready.status, 0, ready.stdout)
    const { xsuaa, destination, connectivity } = await bindings(data)
    assert.ok(xsuaa !== undefined && destination !== undefined && connectivity !== undefined)
    assert.equal(connectivity.onpremise_proxy_http_port, new URL(platform.up.urlOf('HTTP proxy')).port)
    assert.equal(connectivity.onpremise_socks5_proxy_port, platform.up.urlOf('SOCKS5 proxy').split(':').at(-1))
    // With the name of the tenant where this machine resolves it.
    const { host } = new URL(platform.up.urlOf('token-service'))
    assert.ok([`https://demo.${host}`, `https://${host}`].includes(connectivity.token_service_url ?? ''))
    assert.equal(destination.uri, platform.up.urlOf('destination-service'))
    const call = await runLandbridge(['call', 'demo-backend', '/hello', '--json', '--data', data], none)
    assert.equal(call.status, 0, call.stderr)
    const answer = JSON.parse(call.stdout)
    assert.equal(answer.destination.proxyType, 'OnPremise')
    assert.match(answer.body, /Hello from the on-premise backend/)
    const { name, password } = platform.up.announcement.credentials.user
    const asUser = await runCommand(
      ['call', 'demo-backend', '/echo', '-d', '{"a":1}', '--user', `${name}:${password}`, '--data', data],
      none,
    )
    assert.deepEqual([asUser.status, asUser.stdout], [0, '{"a":1}'], asUser.stderr)
    const [file, folderOfConnector] = JSON.parse(ready.stdout).files as { path: string }[]
    assert.deepEqual([file?.path, folderOfConnector?.path], [join(data, 'landbridge.log'), join(data, 'log')])
    const shown = await runCommand(['status', '--data', data], none)
    assert.match(shown.stdout, /\/log: traces and audit files of the Cloud Connector$/m)
  })

  test('the commands that up prints work as they are', async (t) => {
    const curl = await run('curl', ['--version']).catch(() => undefined)
    if (curl === undefined) return t.skip('curl is not installed')
    const { stdout: token } = await runLandbridge(['token', 'connectivity', '--data', data], none)
    const proxy = platform.up.urlOf('HTTP proxy')
    const header = `Proxy-Authorization: Bearer ${token.trim()}`
    const hello = await run('curl', ['-sS', '-x', proxy, '-H', header, 'http://demo-backend.virtual:8080/hello'])
    assert.match(hello.stdout, /Hello from the on-premise backend/)
    const { name, password } = platform.up.announcement.credentials.connector
    const api = `${platform.up.urlOf('cloud-connector')}/api/v1/configuration/subaccounts`
    const ca = join(data, 'connector-ca.pem')
    const subaccounts = await run('curl', ['-sS', '--cacert', ca, '-u', `${name}:${password}`, api])
    assert.equal(JSON.parse(subaccounts.stdout)[0].regionHost, 'landbridge.localhost')
  })

  test('secrets in the data directory are for the owner only, and the log holds none', async () => {
    await runCommand(['call', 'demo-backend', '/hello', '--data', data], none)
    assert.equal(statSync(data).mode & 0o777, 0o700)
    for (const name of [
      'credentials.json',
      'state.json',
      'sealing.key',
      'connector.key',
      'broker-password',
      'cloud.db',
      'landbridge.log',
      'log',
      'log/ljs_trace.log',
    ])
      assert.equal(statSync(join(data, name)).mode & 0o077, 0, name)
    const { connectivity } = await bindings(data)
    const log = readFileSync(join(data, 'landbridge.log'), 'utf8')
    const { administrator, user, connector } = platform.up.announcement.credentials
    const secrets = [connectivity?.clientsecret, administrator.password, user.password, connector.password]
    for (const secret of secrets) assert.ok(secret !== undefined && !log.includes(secret))
    assert.doesNotMatch(log, /eyJ[\w-]{20,}/)
  })

  test('a second process on the same data directory is refused with the first one named', async () => {
    const { status, stderr } = await runCommand(['up', '--data', data], none)
    assert.equal(status, 1)
    assert.match(stderr, /CLI_DATA_IN_USE[\s\S]*pid: \d+/)
  })

  test('the operator lists the connectors and revokes one: its tunnels end, it stays out, and the status says so with the next command', async () => {
    const json = async (...args: string[]) =>
      JSON.parse((await runCommand([...args, '--json', '--data', data], none)).stdout)
    const [connector] = await json('connectors', 'list')
    assert.deepEqual([connector.locationId, connector.description], ['', 'Set up by landbridge up'])
    const id = connector.connectorId
    const listed = await runCommand(['connectors', 'list', '--subaccount', 'demo', '--data', data], none)
    assert.match(
      listed.stdout,
      new RegExp(`^demo +\\(default\\) +${id} +0\\.\\d+\\.\\d+ +20.*Z +127\\.0\\.0\\.1 `, 'm'),
    )
    const unknown = await runCommand(['connectors', 'revoke', 'nobody', '--reason', 'x', '--data', data], none)
    assert.match(unknown.stderr, /status: 404[\s\S]*There is no connector with this ID/)
    const revoked = await runCommand(['connectors', 'revoke', id, '--reason', 'stolen laptop', '--data', data], none)
    assert.match(revoked.stdout, new RegExp(`^Revoked 1 certificate of ${id}\\.\n.*refresh-connector`))
    const call = await runCommand(['call', 'demo-backend', '/hello', '--data', data], none)
    assert.deepEqual([call.status, call.stderr.trim()], [1, 'The answer has status 503.'])
    // Its own end of the tunnel learns why when it tries to come back.
    const refused = await until(async () => {
      const status = await runCommand(['status', '--json', '--data', data], none)
      const { ready, components, subaccounts } = JSON.parse(status.stdout)
      assert.deepEqual([status.status, ready], [1, false])
      assert.ok(components.every((component: { ready: boolean }) => component.ready))
      return subaccounts[0].state === 'failed' ? subaccounts[0] : undefined
    })
    assert.equal(refused.code, 'CONNECTOR_CERTIFICATE_REVOKED')
    assert.match(refused.next, /^landbridge certificates refresh-connector --data \S+ --region landbridge\.localhost /)
    const told = await runCommand(['status', '--data', data], none)
    assert.match(told.stdout, /^subaccount \S+@landbridge\.localhost: failed\n {2}why: .+\n {2}next: landbridge cert/m)
    const [certificate] = await json('connectors', 'certificates')
    assert.deepEqual([certificate.connectorId, certificate.revoked.reason], [id, 'stolen laptop'])
    assert.match((await runCommand(['connectors', 'list', '--data', data], none)).stdout, /^No Cloud Connector is/)
  })

  test('it ends with status 0 when it is asked to, whoever is connected and says nothing, and leaves its log, and traces and audit files of the connector', async () => {
    // The proxies for SOCKS5 and RFC give who is connected some seconds to finish.
    const { socks, rfc, ...ports } = JSON.parse(readFileSync(join(data, 'ports.json'), 'utf8'))
    assert.ok(Object.keys(ports).length >= 9)
    const closed = await Promise.all(
      Object.values<number>(ports).flatMap((port) => ['', '\x16'].map((text) => saying(text, port))),
    )
    assert.equal(await platform.up.stop(), 0)
    await Promise.all(closed.map(({ end }) => end))
    const log = readFileSync(join(data, 'landbridge.log'), 'utf8')
    assert.match(log, /^\[AUDIT-EVENT\] \{.*tunnel handshake success/m)
    const trace = readFileSync(join(data, 'log/ljs_trace.log'), 'utf8').trimEnd().split('\n')
    assert.ok(trace.every((line) => JSON.parse(line).component === 'connector' && log.includes(line)))
    assert.match(trace.join(), /"event":"cloud-connector.started"/)
    const audited = readdirSync(join(data, 'log/audit'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.csv'))
      .map((name) => readFileSync(join(data, 'log/audit', name), 'utf8'))
    assert.match(audited.join(''), /,"BackendMapping","create",/)
  })
})

test('a second start finds everything as it was, also after the first was killed, and serves while the disk of its log is full', async () => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  const first = await startUp(data)
  const before = await bindings(data)
  assert.equal(await first.stop('SIGINT'), 0)
  assert.ok(!existsSync(join(data, 'state.json')))
  const second = await startUp(data)
  assert.deepEqual(second.announcement.credentials, first.announcement.credentials)
  await second.stop('SIGKILL')
  // The disk of the log is full from now on: it costs the lines, and nothing else.
  rmSync(join(data, 'landbridge.log'))
  if (process.platform === 'linux') symlinkSync('/dev/full', join(data, 'landbridge.log'))
  await using third = await startUp(data)
  const after = await bindings(data)
  assert.equal(after.connectivity?.clientid, before.connectivity?.clientid)
  assert.equal(after.connectivity?.clientsecret, before.connectivity?.clientsecret)
  assert.equal(after.xsuaa?.tenantid, before.xsuaa?.tenantid)
  const call = await runCommand(['call', 'demo-backend', '/hello', '--data', data], none)
  assert.equal(call.status, 0, call.stderr)
  assert.equal(await third.stop(), 0)
  if (process.platform === 'linux')
    assert.match(await third.log, /The log \S+landbridge\.log cannot be written: ENOSPC/)
})

test('a port that was asked for and is taken ends the start with the option named', async () => {
  using folder = temporaryFolder()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    const run = await runLandbridge(['up', '--data', join(folder.path, 'data'), '--port-proxy', String(port)], none)
    assert.equal(run.status, 1)
    assert.match(run.stderr, new RegExp(`PORT_IN_USE[\\s\\S]*port: ${port}[\\s\\S]*setting: --port-proxy`))
  } finally {
    server.close()
  }
})

test('data of a newer version is refused, be it the directory or a database in it', async () => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  const up = await startUp(data)
  await up.stop()
  const database = new DatabaseSync(join(data, 'cloud.db'))
  database.exec("INSERT INTO landbridge_migration (name, timestamp) VALUES ('9999-future', '2099-01-01')")
  database.close()
  const newerDatabase = await runCommand(['up', '--data', data], none)
  assert.equal(newerDatabase.status, 1)
  assert.match(newerDatabase.stderr, /STORE_NEWER[\s\S]*found: 9999-future/)
  writeFileSync(join(data, 'format.json'), '{"format":2}')
  const newerFolder = await runCommand(['up', '--data', data], none)
  assert.match(newerFolder.stderr, /STORE_NEWER[\s\S]*found: format 2/)
})

test('a bad setting of up is told before anything starts', async () => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  for (const port of [
    ['--port-proxy', 'high'],
    ['--set', 'ports.proxy=high'],
  ]) {
    const { status, stderr } = await runCommand(['up', '--data', data, ...port], none)
    assert.equal(status, 1)
    assert.match(stderr, /command line: ports\.proxy: expected an integer from 0 to 65535, found "high"/)
  }
  assert.ok(!existsSync(data))
  const nowhere = await runCommand(['up', '--data', data, '--config', '/nowhere.yaml'], none)
  assert.match(nowhere.stderr, /readable YAML file/)
})
