import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createLog, ManualClock } from '@landbridge/kernel'
import { ConnectorStore } from '@landbridge/store'
import { temporaryFolder } from '@landbridge/testkit'
import { StreamKind } from '@landbridge/tunnel'
import { firstSettings } from '../src/first-settings.ts'
import { isPermitted } from '../src/login/permissions.ts'
import { PayloadTraces } from '../src/trace/payload-traces.ts'
import { type FakeTunnel, openExchange } from './fake-cloud-proxy.ts'
import { regionHost } from './fake-region.ts'
import { idleRuntime } from './idle-runtime.ts'
import { cheapHash, id, openConnectorStore, subaccountPath, testConfig } from './running-connector.ts'
import { Scene } from './scene.ts'

const switchPath = `${subaccountPath}/payloadTrace`
const viewPath = subaccountPath.replace('configuration', 'landbridge')
const name = `traffic_trace_${id}_on_${regionHost}.trc`
const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJib2IifQ.c2lnbmF0dXJlLW9mLWl0'

describe('payload trace', () => {
  const events: string[] = []
  const backend = createServer((request, response) => {
    response.setHeader('set-cookie', 'SAP_SESSIONID=cookie-secret; path=/')
    if (request.url?.startsWith('/packed')) {
      response.setHeader('content-encoding', 'gzip')
      return response.end(gzipSync(JSON.stringify({ packed: 'told', refresh_token: 'packed-secret' })))
    }
    if (request.url === '/slow') return request.resume().once('end', () => response.end('late'))
    if (request.url?.startsWith('/binary')) return response.end(Buffer.from([0, 1, 2, 3]))
    response.write('{"order":"4711","access_to')
    response.end(`ken":"chunk-secret","jwt":"${jwt}"}\n=== forged\u009b31m`)
  })
  let scene: Scene
  let tunnel: FakeTunnel
  let file: string
  before(async () => {
    scene = await Scene.start(
      {},
      createLog((_level, event) => void events.push(event), 'info'),
    )
    await scene.pair()
    await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
    const path = await scene.expose(80, (backend.address() as AddressInfo).port, 'HTTP')
    await scene.connector.call('POST', `${path}/resources`, { json: { id: '/', enabled: true } })
    tunnel = await scene.openTunnel()
    file = join(scene.folder, 'log', name)
  })
  after(async () => {
    await scene[Symbol.asyncDispose]()
    backend.closeAllConnections()
    backend.close()
  })

  const turn = (json: object) => scene.connector.call('PUT', switchPath, { json })
  async function ask(target: string, fields: readonly string[] = [], body = '', user = jwt): Promise<string> {
    const lines = [`POST ${target} HTTP/1.1`, 'Host: erp.virtual:80', `Content-Length: ${body.length}`, ...fields]
    const text = `${lines.join('\r\n')}\r\n\r\n${body}`
    return (await openExchange(tunnel, StreamKind.http, 'erp.virtual', 80, text, user).ended).toString()
  }

  test('is off after installation; switched on, it has request and answer of each call, and it is in the audit trail (SCC-011, SCC-012, OPS-168, OPS-171, OPS-172)', async () => {
    assert.deepEqual((await scene.connector.call('GET', switchPath)).json, { enabled: false })
    assert.match(await ask('/before'), /^HTTP\/1\.1 200 /)
    assert.equal(existsSync(file), false)
    assert.equal((await turn({ enabled: true, minutes: 5 })).status, 204)
    const { json } = await scene.connector.call('GET', switchPath)
    assert.ok(json.enabled && Date.parse(json.endsAt) - Date.now() <= 300_000)
    // A user who was not there before: the token comes by itself, and is no exchange.
    await ask('/orders?sort=up', ['X-Plain: shown'], '{"item":"pump"}', `${jwt}-of-another`)
    assert.equal((await turn({ enabled: false })).status, 204)
    assert.match(await ask('/after'), /^HTTP\/1\.1 200 /)
    const text = readFileSync(file, 'utf8')
    assert.match(
      text,
      /^=== \S+ #1 request to HTTP erp\.virtual:80, client sb-test\n> POST \/orders\?sort=up HTTP\/1\.1\n/,
    )
    assert.match(text, /> X-Plain: shown\n> \n> \{"item":"pump"\}\n/)
    assert.match(text, /=== \S+ #1 response, complete after \d+ ms, [^\n]+\n< HTTP\/1\.1 200 OK\n/)
    assert.match(text, /< \{"order":"4711",/)
    assert.doesNotMatch(text, /before|after HTTP|\/after/)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const trail = (await scene.connector.call('GET', '/api/v1/landbridge/audit')).json
    const told = trail.filter(({ category }: { category: string }) => category === 'PayloadTrace')
    assert.deepEqual(
      told.map(({ actor, details, subaccount }: Record<string, unknown>) => [actor, details, subaccount]),
      [
        ['Administrator', { enabled: true, minutes: 5 }, `${id}@${regionHost}`],
        ['Administrator', { enabled: false }, `${id}@${regionHost}`],
      ],
    )
  })

  test('has no tokens, cookies and passwords, in heads, queries, forms, JSON, chunks and packed bodies, and nobody forges its lines', async () => {
    rmSync(file, { force: true })
    await turn({ enabled: true })
    await ask(
      '/login?access_token=query-secret&page=2',
      [
        `Authorization: Bearer ${jwt}`,
        'Cookie: a=cookie-secret',
        'X-API-Key: key-secret',
        'X-CSRF-Token: csrf-secret',
        'Referer: https://bob:url-secret@erp.example/',
        'Content-Type: application/x-www-form-urlencoded',
      ],
      `user=bob&password=form-secret&client_assertion=${jwt}`,
    )
    await ask('/packed')
    await ask('/binary')
    await turn({ enabled: false })
    const text = readFileSync(file, 'utf8')
    assert.doesNotMatch(text, /secret|eyJ|c2lnbmF0dXJl/)
    for (const shown of [
      'page=2',
      'user=bob',
      '"order":"4711"',
      '"packed":"told"',
      'Cookie: ***',
      'Authorization: ***',
    ])
      assert.ok(text.includes(shown), shown)
    assert.match(text, /< \(4 bytes that are no text\)/)
    assert.match(text, /^< === forged\\x9b31m$/m)
    assert.doesNotMatch(text, /^=== forged/m)
  })

  test('an exchange under way when it ends is written as far as it came, and goes on (OPS-171)', async () => {
    rmSync(file, { force: true })
    await turn({ enabled: true })
    const head = 'POST /slow HTTP/1.1\r\nHost: erp.virtual:80\r\nContent-Length: 4\r\n\r\nab'
    const exchange = openExchange(tunnel, StreamKind.http, 'erp.virtual', 80, head)
    await ask('/fence')
    await turn({ enabled: false })
    exchange.stream.write(Buffer.from('cd'))
    assert.match((await exchange.ended).toString(), /^HTTP\/1\.1 200 /)
    assert.match(readFileSync(file, 'utf8'), /> POST \/slow[\s\S]*response, not to its end: the trace was switched off/)
  })

  test('of a TCP connection sizes are told and no byte of it', async () => {
    rmSync(file, { force: true })
    const echo = createTcpServer((socket) => void socket.pipe(socket))
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
    await scene.expose(9000, (echo.address() as AddressInfo).port, 'TCP')
    await turn({ enabled: true })
    const exchange = openExchange(tunnel, StreamKind.tcp, 'erp.virtual', 9000, 'bytes of a password')
    await exchange.received(20)
    exchange.stream.end()
    assert.equal((await exchange.ended).toString('latin1', 1), 'bytes of a password')
    await turn({ enabled: false })
    const text = readFileSync(file, 'utf8')
    assert.match(text, /#1 request to TCP erp\.virtual:9000/)
    assert.match(text, /#1 response, complete after \d+ ms, 19 bytes received and 20 bytes sent\n/)
    assert.doesNotMatch(text, /password/)
    echo.close()
  })

  test('a full disk costs the trace and no request, and is told once (SCC-011)', async () => {
    rmSync(file, { force: true })
    symlinkSync('/dev/full', file)
    await turn({ enabled: true })
    for (const target of ['/one', '/two', '/three']) assert.match(await ask(target), /^HTTP\/1\.1 200 /)
    assert.equal(events.filter((event) => event === 'payload-trace.failed').length, 1)
    rmSync(file)
    assert.match(await ask('/four'), /^HTTP\/1\.1 200 /)
    assert.match(readFileSync(file, 'utf8'), /\/four/)
    assert.equal(events.filter((event) => event === 'payload-trace.resumed').length, 1)
    await turn({ enabled: false })
  })

  test('the view of a subaccount has its own traces and audit entries and those of the connector, nobody else’s (SCC-092)', async () => {
    const log = join(scene.folder, 'log')
    writeFileSync(join(log, 'ljs_trace.log'), '{"event":"general"}\n')
    writeFileSync(join(log, `traffic_trace_other_on_${regionHost}.trc`), 'of another subaccount')
    writeFileSync(join(log, `traffic_trace_${id}_on_${regionHost}2.trc`), 'of another region')
    const { json } = await scene.connector.call('GET', `${viewPath}/traces`)
    assert.deepEqual(
      json.map((entry: { name: string; isGeneral: boolean }) => [entry.name, entry.isGeneral]).sort(),
      [
        ['ljs_trace.log', true],
        [name, false],
      ].sort(),
    )
    const general = await scene.connector.call('GET', `${viewPath}/traces/ljs_trace.log`)
    assert.deepEqual([general.status, general.text], [200, '{"event":"general"}\n'])
    assert.equal(general.headers['content-type'], 'text/plain; charset=utf-8')
    for (const foreign of ['traffic_trace_other_on_x.trc', '..%2Fconnector.db', '%2e%2e%2fconnector.db', 'audit'])
      assert.equal((await scene.connector.call('GET', `${viewPath}/traces/${foreign}`)).status, 404, foreign)

    const entries = (await scene.connector.call('GET', `${viewPath}/audit?limit=1000`)).json
    const subaccounts = new Set(entries.map(({ subaccount }: { subaccount?: string }) => subaccount))
    assert.deepEqual(subaccounts, new Set([undefined, `${id}@${regionHost}`]))
    assert.equal((await scene.connector.call('GET', `${viewPath}/audit?limit=0`)).status, 400)
  })

  test('only an administrator switches it, for up to a day; support may read traces, others may not (OPS-168)', async () => {
    for (const json of [{}, { enabled: 'maybe' }, { enabled: true, minutes: 0 }, { enabled: true, minutes: 1441 }])
      assert.equal((await turn(json)).status, 400, JSON.stringify(json))
    assert.deepEqual((await scene.connector.call('GET', switchPath)).json, { enabled: false })
    for (const [method, path, role, isAllowed] of [
      ['PUT', switchPath, 'Administrator', true],
      ['PUT', switchPath, 'SubaccountAdministrator', false],
      ['PUT', switchPath, 'Support', false],
      ['GET', switchPath, 'Display', true],
      ['GET', `${viewPath}/traces`, 'Support', true],
      ['GET', `${viewPath}/traces/ljs_trace.log`, 'Display', false],
      ['GET', `${viewPath}/traces/ljs_trace.log`, 'SubaccountAdministrator', false],
      ['GET', `${viewPath}/traces`, 'Monitoring', false],
    ] as const)
      assert.equal(isPermitted(method, path, [role]), isAllowed, `${method} ${path} ${role}`)
  })

  test('it is refused where the file writeHexDump of this very user is there, with its name and the reason (OPS-169, OPS-170)', async () => {
    const file = join(scene.folder, 'writeHexDump')
    for (const content of ['allowed=false', 'allowed=true']) {
      writeFileSync(file, content)
      const refused = await turn({ enabled: true })
      assert.equal(refused.status, 409)
      assert.equal(refused.json.type, 'ILLEGAL_STATE')
      assert.ok(refused.json.message.includes(file), refused.json.message)
      assert.match(refused.json.message, /it belongs to the user of this process/)
    }
    assert.deepEqual((await scene.connector.call('GET', switchPath)).json, { enabled: false })
    rmSync(file)
    assert.equal((await turn({ enabled: true })).status, 204)
    assert.equal((await turn({ enabled: false })).status, 204)
  })
})

test('with a file of another user the trace may be switched on while it says so, without a restart (OPS-169, OPS-170)', {
  skip: process.getuid?.() !== 0 && 'files of another user can be made by root only',
}, () => {
  using folder = temporaryFolder()
  chmodSync(folder.path, 0o755)
  const file = join(folder.path, 'writeHexDump')
  const module = join(import.meta.dirname, '../src/trace/trace-permission.ts')
  const program = `import { requireTracePermission } from ${JSON.stringify(module)}
    try { requireTracePermission(${JSON.stringify(folder.path)}); console.log('allowed') }
    catch (failure) { console.log(failure.code, failure.facts.reason) }`
  const outcomes = [
    ['allowed=false\n', 0o644],
    ['allowed=true\n', 0o644],
    ['allowed=true\nallowed=false\n', 0o644],
    ['ALLOWED=TRUE\n', 0o644],
    ['allowed=true\n', 0o666],
    ['allowed=true\n', 0o600],
  ].map(([content, mode]) => {
    writeFileSync(file, content as string)
    chmodSync(file, mode as number)
    const options = { uid: 65_534, gid: 65_534, encoding: 'utf8' } as const
    return spawnSync(process.execPath, ['--input-type=module', '-e', program], options).stdout.trim()
  })
  const refused = 'CONNECTOR_TRACE_FORBIDDEN'
  assert.deepEqual(outcomes, [
    `${refused} it does not say allowed=true`,
    'allowed',
    `${refused} it does not say allowed=true`,
    `${refused} it does not say allowed=true`,
    `${refused} the user of this process can write to it`,
    `${refused} it cannot be read`,
  ])
})

test('a forgotten trace ends after its time, and with its subaccount (OPS-172)', async () => {
  using folder = temporaryFolder()
  const clock = new ManualClock()
  const opened = await openConnectorStore(folder.path, clock)
  const store = await ConnectorStore.open(opened, await firstSettings(testConfig, cheapHash))
  const traced: boolean[] = []
  const runtime = {
    ...idleRuntime,
    trace: (_id: string, _host: string, trace: object | null) => void traced.push(trace !== null),
  }
  const log = createLog(() => {})
  mkdirSync(join(folder.path, 'log'))
  const traces = new PayloadTraces({
    ...{ store, trail: store, runtime, clock, log },
    ...{ logDirectory: join(folder.path, 'log'), configDirectory: folder.path },
  })
  const subaccount = { subaccountId: id, regionHost } as Parameters<typeof traces.start>[1]
  await traces.start('bob', subaccount, 10)
  clock.advance(9 * 60_000)
  await traces.start('bob', subaccount, 10)
  clock.advance(9 * 60_000)
  assert.deepEqual(traced, [true])
  clock.advance(60_000)
  assert.deepEqual(traced, [true, false])
  assert.equal(traces.endOf(subaccount), undefined)
  await traces.start('bob', subaccount, 10)
  // The configuration has no such subaccount: any change of it ends the trace.
  await store.change('bob', (current) => ({
    next: { ...current },
    audit: { category: 'Configuration', action: 'update', object: 'x' },
    result: undefined,
  }))
  assert.deepEqual(traced, [true, false, true, false])
  traces.close()
  await opened.close()
})
