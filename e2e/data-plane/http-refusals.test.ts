import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '@landbridge/kernel'
import { mapping, resource, type WireAnswer } from '@landbridge/testkit'
import { get, type HttpSetup, httpSetup, okAnswer, requestBytes } from './http-setup.ts'

/** The answer to bytes on a connection of their own, which the proxy has to end behind it. */
async function refusal(setup: HttpSetup, bytes: string, method = 'GET'): Promise<WireAnswer> {
  const client = await setup.plane.client()
  client.send(bytes)
  const answer = await client.readAnswer(method)
  assert.equal((await client.readToEnd()).length, 0, 'nothing follows the answer')
  assert.equal(client.isBroken, false)
  assert.equal(answer.header('connection'), 'close')
  return answer
}

const lineOf = (answer: WireAnswer): string => answer.body.toString().split('\n')[0] ?? ''

test('a missing token is answered 407 with challenges and a text that says what to send (CONN-052, CP-053)', async () => {
  await using setup = await httpSetup()
  const answer = await refusal(setup, get('http://vhost/'))
  assert.equal(answer.statusLine, 'HTTP/1.1 407 Proxy Authentication Required')
  assert.deepEqual(answer.lines, [
    'Proxy-Authenticate: Bearer realm="connectivity"',
    'Proxy-Authenticate: Basic realm="connectivity"',
    'X-Content-Type-Options: nosniff',
    'X-Landbridge-Error: PROXY_AUTHORIZATION_MISSING',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${answer.body.length}`,
    'Connection: close',
  ])
  assert.equal(
    answer.body.toString(),
    'The request carries no Proxy-Authorization.\n' +
      'Caller: send "Proxy-Authorization: Bearer <token of the connectivity service binding>".\n',
  )
  assert.equal(setup.plane.requests.length, 0)
})

test('https:// targets and CONNECT are answered 405 with the hint to use http://, to authorised callers only (CONN-054, CP-059, RC-116)', async () => {
  await using setup = await httpSetup()
  for (const request of [
    get('https://vhost/', setup.auth),
    requestBytes('CONNECT', 'vhost:443', [setup.auth]),
    requestBytes('POST', 'https://vhost/', [setup.auth, 'Content-Length: 3'], 'abc'),
  ]) {
    const answer = await refusal(setup, request)
    assert.equal(answer.statusLine, 'HTTP/1.1 405 Method Not Allowed')
    assert.equal(answer.header('allow'), 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS')
    assert.equal(answer.header('x-landbridge-error'), 'HTTPS_TARGET')
    assert.match(answer.body.toString(), /^Only http:\/\/ targets are supported: .*\nCaller: use http:\/\//)
  }
  for (const request of [get('https://vhost/'), requestBytes('CONNECT', 'vhost:443', [])])
    assert.equal((await refusal(setup, request)).status, 407)
  assert.equal(setup.plane.requests.length, 0)
})

test('a later request of a connection is refused for its https:// target although the first one passed (CONN-054)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(get('http://vhost/', setup.auth))
  const system = await setup.backend.accept()
  await system.readHead()
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).status, 200)
  client.send(requestBytes('CONNECT', 'vhost:80', [setup.auth]))
  assert.equal((await client.readAnswer()).status, 405)
})

test('without a connected Cloud Connector the answer is 503 and names subaccount and location (CONN-058, CP-060)', async () => {
  await using setup = await httpSetup({}, { subaccountId: 'other' })
  const header = 'SAP-Connectivity-SCC-Location_ID: south'
  for (const [lines, location] of [
    [[], ''],
    [[header], 'south'],
  ] as const) {
    const auth = await setup.plane.authorization({ tenant: 'lonely' })
    const answer = await refusal(setup, get('http://vhost/', auth, ...lines))
    assert.equal(answer.statusLine, 'HTTP/1.1 503 Service Unavailable')
    assert.equal(answer.header('x-landbridge-error'), 'CONNECTOR_NOT_CONNECTED')
    assert.equal(
      lineOf(answer),
      `There is no SAP Cloud Connector (SCC) connected to your subaccount matching the requested tunnel for subaccount "lonely" and SCC location ID "${location}". Check the configuration on SCC and cloud side.`,
    )
  }
})

test('an unexposed system and an unexposed path are refused with the text of the Cloud Connector (CONN-079, CONN-080, CP-062)', async () => {
  await using setup = await httpSetup()
  const resources = [resource('/open'), resource('/exact', { exactMatchOnly: true })]
  setup.plane.connector.expose([mapping('vhost', setup.backend.port, { resources })])
  const client = await setup.plane.client()
  const cases = [
    [
      'http://nothere:81/x?q=secret',
      'NO_SYSTEM',
      'Access denied to system nothere:81: If this was a valid request, make sure you expose the system correctly in your Cloud Connector.',
    ],
    [
      'http://vhost/closed?q=secret',
      'NO_RESOURCE',
      'Access denied to resource /closed on system vhost:80: If this was a valid request, make sure you expose the resource correctly in your Cloud Connector.',
    ],
    [
      'http://vhost/exact/below',
      'NO_RESOURCE',
      'Access denied to resource /exact/below on system vhost:80: If this was a valid request, make sure you expose the resource correctly in your Cloud Connector.',
    ],
  ]
  for (const [target = '', code = '', text = ''] of cases) {
    client.send(get(target, setup.auth))
    const answer = await client.readAnswer()
    assert.equal(answer.status, 403)
    assert.equal(answer.header('x-landbridge-error'), code)
    assert.equal(answer.body.toString(), `${text}\n`)
  }
  assert.deepEqual(
    setup.plane.connector.denied.map((entry) => entry.path),
    ['/x', '/closed', '/exact/below'],
  )
  assert.equal(setup.backend.accepted, 0)
})

test('targets that are not absolute, have no host or another scheme are answered 400 (CP-073)', async () => {
  await using setup = await httpSetup()
  const cases: readonly (readonly [string, string])[] = [
    [get('/path', setup.auth), 'TARGET_NOT_ABSOLUTE'],
    [requestBytes('OPTIONS', '*', [setup.auth]), 'TARGET_NOT_ABSOLUTE'],
    [get('http://', setup.auth), 'BAD_TARGET'],
    [get('http:///path', setup.auth), 'BAD_TARGET'],
    [get('http://:80/', setup.auth), 'BAD_TARGET'],
    [get('http://vhost:65536/', setup.auth), 'BAD_TARGET'],
    [get('http://user:pass@vhost/', setup.auth), 'BAD_TARGET'],
    [get('vhost/path', setup.auth), 'BAD_TARGET'],
    [get('ftp://vhost/', setup.auth), 'SCHEME_UNKNOWN'],
    [get(`http://${'h'.repeat(256)}/`, setup.auth), 'HOST_TOO_LONG'],
    [`GET http://vhost/ HTTP/1.1\r\n${setup.auth}\r\n\r\n`, 'HOST_MISSING'],
    [get('http://vhost/', setup.auth, 'Host: again'), 'HOST_REPEATED'],
    ['nonsense\r\n\r\n', 'BAD_REQUEST_LINE'],
    [get('http://vhost/', setup.auth, setup.auth), 'CREDENTIAL_REPEATED'],
    [get('http://vhost/', setup.auth, 'Content-Length: 1', 'Transfer-Encoding: chunked'), 'LENGTH_AND_CODING'],
  ]
  for (const [bytes, code] of cases) {
    const answer = await refusal(setup, bytes)
    assert.equal(answer.status, 400, code)
    assert.equal(answer.header('x-landbridge-error'), code)
    assert.ok(answer.body.length > 1)
  }
  assert.equal((await refusal(setup, 'GET http://vhost/ HTTP/2.0\r\n\r\n')).status, 505)
  assert.equal((await refusal(setup, get('http://vhost/', setup.auth, 'Transfer-Encoding: gzip'))).status, 501)
  assert.equal(setup.backend.accepted, 0)
})

test('a virtual host of 255 characters passes, and one more is refused although the caller is known already (CP-073)', async () => {
  await using setup = await httpSetup()
  const longest = 'h'.repeat(255)
  setup.plane.connector.expose([mapping(longest, setup.backend.port)])
  const client = await setup.plane.client()
  client.send(get(`http://${longest}/`, setup.auth))
  const system = await setup.backend.accept()
  await system.readHead()
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).status, 200)
  client.send(get(`http://${longest}h/`, setup.auth))
  const answer = await client.readAnswer()
  assert.equal(answer.status, 400)
  assert.equal(answer.header('x-landbridge-error'), 'HOST_TOO_LONG')
})

test('a TLS ClientHello is answered with a text about plain HTTP (CP-069)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(Buffer.from('160301020001000001fc0303', 'hex'))
  const answer = await client.readAnswer()
  assert.equal(answer.status, 400)
  assert.equal(answer.header('x-landbridge-error'), 'TLS_CLIENT_HELLO')
  assert.match(lineOf(answer), /^This port speaks plain HTTP/)
  assert.equal((await client.readToEnd()).length, 0)
})

test('a request line of 8192 bytes passes and one of 8193 is answered 414, whole or in pieces (CONN-055, CP-065)', async () => {
  await using setup = await httpSetup()
  const line = (bytes: number): string => {
    const [begin, end] = ['http://vhost/', ' HTTP/1.1']
    return begin + 'p'.repeat(bytes - 'GET '.length - begin.length - end.length)
  }
  const client = await setup.plane.client()
  client.send(get(line(8192), setup.auth))
  const system = await setup.backend.accept()
  const [received = ''] = (await system.readHead()).split('\r\n')
  assert.equal(received.length, 8192 - 'http://vhost'.length)
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).status, 200)
  const tooLong = get(line(8193), setup.auth)
  client.send(tooLong)
  assert.equal((await client.readAnswer()).statusLine, 'HTTP/1.1 414 URI Too Long')
  const slow = await setup.plane.client()
  slow.send(tooLong.slice(0, 8000))
  slow.send(tooLong.slice(8000, 8195))
  assert.equal((await slow.readAnswer()).header('x-landbridge-error'), 'REQUEST_LINE_TOO_LONG')
  assert.equal(system.waiting.length, 0)
})

test('a header line of 8192 bytes passes and one of 8193 is answered 431 (CONN-056, CP-065)', async () => {
  await using setup = await httpSetup()
  const line = (bytes: number): string => `X-Long: ${'v'.repeat(bytes - 8)}`
  const client = await setup.plane.client()
  client.send(get('http://vhost/', setup.auth, line(8192)))
  const system = await setup.backend.accept()
  assert.ok((await system.readHead()).includes(`\r\n${line(8192)}\r\n`))
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).status, 200)
  const answer = await refusal(setup, get('http://vhost/', setup.auth, line(8193)))
  assert.equal(answer.statusLine, 'HTTP/1.1 431 Request Header Fields Too Large')
  assert.equal(answer.header('x-landbridge-error'), 'HEADER_LINE_TOO_LONG')
  assert.equal(system.waiting.length, 0)
})

test('header lines below the limit that exceed it together are accepted (CONN-057)', async () => {
  await using setup = await httpSetup()
  const lines = Array.from({ length: 6 }, (_, index) => `X-Long-${index}: ${'v'.repeat(8000)}`)
  const client = await setup.plane.client()
  client.send(get('http://vhost/', setup.auth, ...lines))
  const system = await setup.backend.accept()
  assert.equal(await system.readHead(), `GET / HTTP/1.1\r\nHost: vhost\r\n${lines.join('\r\n')}\r\n\r\n`)
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).status, 200)
})

test('a refused HEAD gets the head of the refusal alone, and what follows is not taken for HEAD (CONN-052)', async () => {
  await using setup = await httpSetup()
  const refused = await refusal(setup, requestBytes('HEAD', 'http://vhost/', []), 'HEAD')
  assert.equal(refused.status, 407)
  assert.ok(Number(refused.header('content-length')) > 0)
  const client = await setup.plane.client()
  client.send(requestBytes('HEAD', 'http://vhost/', [setup.auth]))
  const system = await setup.backend.accept()
  await system.readHead()
  system.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')
  assert.equal((await client.readAnswer('HEAD')).header('content-length'), '5')
  client.send('GET nonsense HTTP/1.1\r\n\r\n')
  const answer = await client.readAnswer()
  assert.equal(answer.status, 400)
  assert.ok(answer.body.length > 0)
})

test('a refused upload is read on, so that its sender sees the refusal instead of a reset (CONN-052, RC-124)', async () => {
  await using setup = await httpSetup()
  const body = 'x'.repeat(500_000)
  const answer = await refusal(setup, requestBytes('POST', 'http://vhost/', [`Content-Length: ${body.length}`], body))
  assert.equal(answer.status, 407)
})

test('an upload that access control refuses gets the refusal before its body has ended (CONN-080, CP-062)', async () => {
  await using setup = await httpSetup()
  setup.plane.connector.expose([mapping('vhost', setup.backend.port, { resources: [resource('/open')] })])
  const client = await setup.plane.client()
  client.send(requestBytes('POST', 'http://vhost/closed', [setup.auth, 'Content-Length: 400000'], 'abc'))
  const answer = await client.readAnswer()
  assert.equal(answer.status, 403)
  assert.match(lineOf(answer), /^Access denied to resource \/closed on system vhost:80: /)
  client.send('x'.repeat(399_997))
  assert.equal((await client.readToEnd()).length, 0)
  assert.equal(client.isBroken, false)
  assert.equal(setup.backend.accepted, 0)
})

test('a caller that waits for 100 Continue gets the refusal instead of it (CONN-052)', async () => {
  await using setup = await httpSetup()
  const request = requestBytes('POST', 'http://vhost/', ['Expect: 100-continue', 'Content-Length: 400000'])
  assert.equal((await refusal(setup, request)).status, 407)
})

test('a body whose chunks are malformed ends with 400 and never as a complete request (CP-057)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(requestBytes('POST', 'http://vhost/', [setup.auth, 'Transfer-Encoding: chunked'], '3\r\nabc\r\n'))
  const system = await setup.backend.accept()
  await system.readHead()
  await system.readThrough('abc\r\n')
  client.send('zz\r\n')
  assert.equal((await client.readAnswer()).header('x-landbridge-error'), 'BAD_CHUNK_SIZE')
  assert.equal((await system.readToEnd()).length, 0)
})

test('a head and a body that stop in the middle are answered 408, a silent backend 504', async () => {
  const clock = new ManualClock()
  await using setup = await httpSetup({ clock, timeouts: { headMs: 2_000, bodyMs: 2_000, responseMs: 2_000 } })
  const first = await setup.plane.client()
  first.send(get('http://vhost/', setup.auth))
  const silent = await setup.backend.accept()
  await silent.readHead()
  clock.advance(3_000)
  const late = await first.readAnswer()
  assert.equal(late.statusLine, 'HTTP/1.1 504 Gateway Timeout')
  assert.equal(late.header('x-landbridge-error'), 'RESPONSE_TIMEOUT')
  await silent.readToEnd()

  const second = await setup.plane.client()
  second.send(requestBytes('POST', 'http://vhost/', [setup.auth, 'Content-Length: 9'], 'abc'))
  const waiting = await setup.backend.accept()
  await waiting.readHead()
  await waiting.read(3)
  clock.advance(3_000)
  const cut = await second.readAnswer()
  assert.equal(cut.statusLine, 'HTTP/1.1 408 Request Timeout')
  assert.match(lineOf(cut), /body did not arrive in time/)
  await waiting.readToEnd()

  const third = await setup.plane.client()
  third.send(`${get('http://vhost/', setup.auth)}GET http://vho`)
  const system = await setup.backend.accept()
  await system.readHead()
  system.send(okAnswer)
  await third.readAnswer()
  clock.advance(3_000)
  assert.match(lineOf(await third.readAnswer()), /head did not arrive in time/)
})

test('a client that stops reading is disconnected and its request cancelled at the backend (CP-067)', async () => {
  const clock = new ManualClock()
  await using setup = await httpSetup({ clock, timeouts: { writeMs: 1_000 } })
  const client = await setup.plane.client()
  client.send(get('http://vhost/', setup.auth))
  const system = await setup.backend.accept()
  await system.readHead()
  client.socket.pause()
  system.send('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n')
  const piece = Buffer.alloc(1024 * 1024)
  const gone = system.closed.then(() => true)
  let isGone = false
  for (let i = 0; i < 200 && !isGone; i++) {
    if (system.socket.writableLength < 4 * piece.length) system.send(piece)
    // Small steps of time, so that heartbeats are answered in between.
    clock.advance(500)
    isGone = await Promise.race([gone, new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 5))])
  }
  assert.equal(isGone, true)
  assert.equal(setup.plane.connector.links.size, 1, 'the tunnel lives on')
  assert.equal(setup.plane.http.connectionCount, 0)
})

test('an unused connection is ended after its time, one in use is not', async () => {
  const clock = new ManualClock()
  await using setup = await httpSetup({ clock, timeouts: { idleMs: 2_000 } })
  const [idle, busy] = [await setup.plane.client(), await setup.plane.client()]
  busy.send(get('http://vhost/', setup.auth))
  const system = await setup.backend.accept()
  await system.readHead()
  clock.advance(3_000)
  assert.equal((await idle.readToEnd()).length, 0)
  system.send(okAnswer)
  assert.equal((await busy.readAnswer()).status, 200)
})
