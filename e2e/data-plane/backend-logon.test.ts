import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ConnectorOptions,
  DataPlane,
  type DataPlaneOptions,
  mapping,
  ntlmBegin,
  ntlmFinish,
  ntlmPassword,
  runChild,
  startHttpBackend,
  startNtlmBackend,
  type WireAnswer,
  type WireSocket,
} from '@landbridge/testkit'
import { maxPrefaceBytes, StreamKind, writePreface } from '@landbridge/tunnel'
import { send, sendCall } from './backend-calls.ts'

type Ask = (client: WireSocket, path: string, authorization?: string, ...lines: string[]) => Promise<WireAnswer>

async function withNtlm(
  options: ConnectorOptions = {},
  scheme: 'NTLM' | 'Negotiate' = 'NTLM',
  policy: DataPlaneOptions['policy'] = {},
) {
  const backend = await startNtlmBackend(scheme)
  /** What the connector was told of the client connection of each request. */
  const named: (string | undefined)[] = []
  const propagate: ConnectorOptions['propagate'] = (_system, preface) => {
    named.push(preface.clientConnection)
    return null
  }
  const mappings = [mapping('web', backend.port)]
  const plane = await DataPlane.start({ policy, connector: { mappings, propagate, ...options } })
  plane.defer(() => backend.close())
  const ask: Ask = (client, path, authorization, ...lines) => {
    const logon = authorization === undefined ? [] : [`Authorization: ${authorization}`]
    return send(plane, { url: `web:80${path}`, lines: [...logon, ...lines] }, client)
  }
  return { backend, plane, ask, named, [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose]() }
}

async function logOn(
  ask: Ask,
  client: WireSocket,
  user: string,
  scheme: 'NTLM' | 'Negotiate' = 'NTLM',
): Promise<WireAnswer> {
  const challenged = await ask(client, '/', ntlmBegin(scheme))
  assert.equal(challenged.status, 401)
  return ask(client, '/', ntlmFinish(challenged.header('WWW-Authenticate') ?? '', user))
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

for (const scheme of ['NTLM', 'Negotiate'] as const)
  test(`nobody gets a backend connection on which another caller has begun to log on with ${scheme}`, async () => {
    await using setup = await withNtlm({}, scheme)
    const { backend, plane, ask } = setup
    const [ann, bob] = [await plane.client(), await plane.client()]
    const last = await logOn(ask, ann, 'ann', scheme)
    assert.equal((await ask(bob, '/open')).body.toString(), 'nobody')
    assert.equal((await ask(ann, '/open')).body.toString(), 'nobody')
    assert.equal(last.status, 401)
    assert.equal(backend.accepted, 3)
  })

test('a connection serves the next caller unless somebody may be logged on for all of it', async () => {
  let accepted = 0
  const backend = await startHttpBackend((request, response) => {
    const challenge = String(request.headers['x-answer'] ?? '')
    response.writeHead(challenge === '' ? 200 : 401, challenge === '' ? {} : { 'WWW-Authenticate': challenge })
    response.end('answer')
  })
  backend.server.on('connection', () => accepted++)
  await using plane = await DataPlane.start({ connector: { mappings: [mapping('web', backend.port)] } })
  plane.defer(() => backend.close())
  const cases: readonly [boolean, ...string[]][] = [
    [true],
    [true, 'Authorization: Basic bnRsbTpuZWdvdGlhdGU='],
    [true, 'Authorization: Bearer NTLM'],
    [true, 'X-Answer: Basic realm="ntlm"'],
    [false, 'Authorization: NTLM TlRMTVNTUAAB'],
    [false, 'authorization:ntlm'],
    [false, 'Authorization: Negotiate YII='],
    [false, 'Authorization: Nego2 YII='],
    [false, 'Authorization: Kerberos YII='],
    [false, 'Authorization: Basic eDp5', 'Authorization: Negotiate YII='],
    [false, 'X-Answer: NTLM'],
    [false, 'X-Answer: Basic realm="x", negotiate'],
  ]
  for (const [isShared, ...lines] of cases) {
    await send(plane, { url: 'web:80/', lines })
    const before = accepted
    await send(plane, { url: 'web:80/' })
    assert.equal(accepted === before, isShared, lines.join(' and '))
  }
})

for (const scheme of ['NTLM', 'Negotiate'] as const)
  test(`with connections of their own, clients log on with ${scheme} through the whole chain, each for itself (SCC-226)`, async () => {
    await using setup = await withNtlm({ bindsClients: true }, scheme)
    const { backend, plane, ask } = setup
    const [ann, bob, eve] = [await plane.client(), await plane.client(), await plane.client()]
    const offered = await ask(ann, '/')
    assert.deepEqual(
      [offered.status, offered.header('WWW-Authenticate'), offered.header('Proxy-Support')],
      [401, scheme, 'Session-Based-Authentication'],
    )
    const answers = await Promise.all([logOn(ask, ann, 'ann', scheme), logOn(ask, bob, 'bob', scheme)])
    assert.deepEqual(
      answers.map(({ body }) => body.toString()),
      ['ann', 'bob'],
    )
    for (let i = 0; i < 3; i++)
      for (const [client, user] of [
        [ann, 'ann'],
        [bob, 'bob'],
        [eve, 'nobody'],
      ] as const)
        assert.equal((await ask(client, '/open')).body.toString(), user)
    assert.equal(backend.accepted, 3)
    // What a client has is closed together with its connection, and only that.
    ann.end()
    while (backend.open > 2) await nextTurn()
    assert.equal((await ask(bob, '/')).body.toString(), 'bob')
    bob.reset()
    while (backend.open > 1) await nextTurn()
    assert.equal((await ask(eve, '/open')).body.toString(), 'nobody')
    plane.connector.disconnect()
    while (backend.open > 0) await nextTurn()
    assert.deepEqual([backend.accepted, plane.connector.context.backends.clients.size], [3, 0])
  })

test('requests of one client connection keep to the tunnel where its backend connection is', async () => {
  await using setup = await withNtlm({ bindsClients: true, tunnels: 2 })
  const { backend, plane, ask } = setup
  const [ann, bob] = [await plane.client(), await plane.client()]
  assert.equal((await logOn(ask, ann, 'ann')).body.toString(), 'ann')
  while (plane.connector.links.size < 2) await nextTurn()
  // Somebody else keeps that tunnel busy: whoever is new takes the other one.
  await sendCall(plane, bob, { method: 'POST', url: 'web:80/open', lines: ['Content-Length: 1'] })
  while (backend.open < 2) await nextTurn()
  const eve = await plane.client()
  assert.equal((await ask(eve, '/open')).body.toString(), 'nobody')
  const busy = [...plane.connector.links].filter(({ session }) => session.streamCount > 0)
  assert.equal(busy.length, 1)
  assert.equal((await ask(ann, '/open')).body.toString(), 'ann')
  assert.equal(backend.accepted, 3)
})

test('the proxy names client connections to connectors that want to know them, and to no other', async () => {
  for (const bindsClients of [false, true]) {
    await using setup = await withNtlm({ bindsClients })
    const { plane, ask, named } = setup
    const [ann, bob] = [await plane.client(), await plane.client()]
    for (const client of [ann, bob, ann]) await ask(client, '/open')
    const [first, second, third] = named
    assert.deepEqual([named.length, third], [3, first])
    assert.deepEqual([first === undefined, first === second], [!bindsClients, !bindsClients])
  }
})

test('another application over the same client connection is nobody', async () => {
  await using setup = await withNtlm({ bindsClients: true }, 'NTLM', { acceptClient: () => true })
  const { plane, ask } = setup
  const shared = await plane.client()
  assert.equal((await logOn(ask, shared, 'ann')).body.toString(), 'ann')
  const other = await plane.authorization({ clientId: 'sb-other' })
  shared.send(`GET http://web:80/open HTTP/1.1\r\nHost: web:80\r\n${other}\r\n\r\n`)
  assert.equal((await shared.readAnswer()).body.toString(), 'nobody')
  assert.equal((await ask(shared, '/open')).body.toString(), 'ann')
  shared.end()
  while (setup.backend.open > 0) await nextTurn()
})

test('with connections of their own, a client connection is over when its backend connection is (CP-066, OPS-083)', async () => {
  await using setup = await withNtlm({ bindsClients: true })
  const { backend, plane, ask } = setup
  const [ann, bob] = [await plane.client(), await plane.client()]
  assert.equal((await logOn(ask, ann, 'ann')).body.toString(), 'ann')
  assert.equal((await ask(ann, '/')).body.toString(), 'ann')
  assert.equal(backend.accepted, 1)
  backend.hangUp()
  assert.equal((await ann.readToEnd()).length, 0)
  assert.equal(ann.isBroken, false)
  // One that is in use ends with its answer.
  assert.equal((await ask(bob, '/open', undefined, 'X-Close: now')).body.toString(), 'nobody')
  assert.equal((await bob.readToEnd()).length, 0)
  while (backend.open > 0) await nextTurn()
  // And the other way round.
  const eve = await plane.client()
  await ask(eve, '/open')
  eve.end()
  while (backend.open > 0) await nextTurn()
  assert.deepEqual([backend.accepted, plane.connector.context.backends.clients.size], [3, 0])
})

test('a stream that tells the end of a client connection ends it for the connector, and carries nothing else', async () => {
  await using setup = await withNtlm({ bindsClients: true })
  const { backend, plane, ask, named } = setup
  const ann = await plane.client()
  await logOn(ask, ann, 'ann')
  const [tunnel] = plane.table.tunnels()
  assert.ok(tunnel)
  const tell = (clientConnection: string, payload: string) =>
    new Promise<string>((resolve) => {
      const heard = { streamData: () => resolve('data'), streamDrain() {} }
      const stream = tunnel.session.open({
        ...heard,
        streamEnd: () => resolve('ended'),
        streamReset: () => resolve('reset'),
      })
      const nobody = { virtualHost: '', virtualPort: 0, userToken: '', technicalToken: '', traceId: '', clientId: '' }
      const bytes = Buffer.alloc(maxPrefaceBytes)
      const end = writePreface(bytes, 0, { ...nobody, kind: StreamKind.closed, clientConnection })
      stream.end(Buffer.concat([bytes.subarray(0, end), Buffer.from(payload)]))
    })
  const name = named[0] ?? ''
  assert.equal(await tell('never heard of', ''), 'ended')
  for (const [wrong, payload] of [
    [name, 'GET / HTTP/1.1'],
    ['', ''],
    ['x'.repeat(33), ''],
  ] as const)
    assert.equal(await tell(wrong, payload), 'reset')
  assert.equal((await ask(ann, '/')).body.toString(), 'ann')
  assert.equal(await tell(name, ''), 'ended')
  while (backend.open > 0) await nextTurn()
  assert.equal((await ask(ann, '/open')).body.toString(), 'nobody')
})

const version = await runChild('curl', ['--version']).catch(() => undefined)
const skip = version?.stdout.includes(' NTLM') ? false : 'there is no curl that knows NTLM'

test('curl logs on with NTLM through the proxy, and is told so where connections are shared', { skip }, async () => {
  for (const bindsClients of [true, false]) {
    await using setup = await withNtlm({ bindsClients })
    const { plane } = setup
    const proxy = ['-x', `http://127.0.0.1:${plane.httpPort}`, '--proxy-header', await plane.authorization()]
    const { stdout } = await runChild('curl', [
      ...['-s', '--max-time', '20', '--ntlm', '-u', `ann:${ntlmPassword}`, '-w', ' %{http_code}'],
      ...proxy,
      ...['http://web:80/', 'http://web:80/again'],
    ])
    assert.equal(stdout, bindsClients ? 'ann 200ann 200' : ' 401 401')
  }
})
