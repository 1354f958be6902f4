import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { mapping, startHttpBackend, startHttpsBackend, testAuthority, type WireSocket } from '@landbridge/testkit'
import { get, type HttpSetup, httpSetup, okAnswer, requestBytes } from './http-setup.ts'

/** Sends a request on a new connection and lets the backend answer with exactly these bytes. */
async function exchange(setup: HttpSetup, answer: string, method = 'GET'): Promise<{ client: WireSocket }> {
  const client = await setup.plane.client()
  client.send(requestBytes(method, 'http://vhost/', [setup.auth]))
  const system = await setup.backend.accept()
  await system.readHead()
  system.end(answer)
  return { client }
}

test('status, reason, headers and body of an answer arrive as the backend sent them (CP-063)', async () => {
  await using setup = await httpSetup()
  const { client } = await exchange(
    setup,
    'HTTP/1.1 299 Rather  Odd\r\nx-lower: 1\r\nX-UPPER:2\r\nX-Twice: a\r\nX-Twice: b\r\nSet-Cookie: a=1; Path=/\r\n' +
      'set-cookie: b=2\r\nWWW-Authenticate: Basic realm="x"\r\nX-Latin: gr\xfc\xdfe\r\nDate: today\r\nContent-Length: 4\r\n\r\nbody',
  )
  const answer = await client.readAnswer()
  assert.equal(answer.statusLine, 'HTTP/1.1 299 Rather  Odd')
  const lines = answer.lines.filter((line) => !line.toLowerCase().startsWith('set-cookie'))
  assert.deepEqual(lines, [
    'x-lower: 1',
    'X-UPPER:2',
    'X-Twice: a',
    'X-Twice: b',
    'WWW-Authenticate: Basic realm="x"',
    'X-Latin: gr\xfc\xdfe',
    'Date: today',
    'Content-Length: 4',
  ])
  const cookies = answer.lines.filter((line) => line.toLowerCase().startsWith('set-cookie'))
  assert.deepEqual(
    cookies.map((line) => line.slice('set-cookie: '.length)),
    ['a=1; Path=/', 'b=2'],
  )
  assert.equal(answer.body.toString(), 'body')
})

test('answers to HEAD keep all their headers, several cookies and the CSRF token too, on errors as well (RC-112, CP-063)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  let system: WireSocket | undefined
  for (const status of ['200 OK', '403 Forbidden', '500 Oops']) {
    client.send(requestBytes('HEAD', 'http://vhost/', [setup.auth, 'X-CSRF-Token: Fetch']))
    system ??= await setup.backend.accept()
    assert.match(await system.readHead(), /^HEAD \/ HTTP\/1\.1\r\nHost: vhost\r\nX-CSRF-Token: Fetch\r\n/)
    system.send(
      `HTTP/1.1 ${status}\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nx-csrf-token: t\r\nContent-Length: 9\r\n\r\n`,
    )
    const answer = await client.readAnswer('HEAD')
    assert.equal(answer.statusLine, `HTTP/1.1 ${status}`)
    assert.deepEqual([...answer.lines].sort(), [
      'Content-Length: 9',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'x-csrf-token: t',
    ])
  }
  assert.equal(setup.backend.accepted, 1)
})

test('204 and 304 have no body, and the connection goes on behind them (CP-063)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  let system: WireSocket | undefined
  for (const head of [
    '204 No Content\r\nX-A: 1',
    '304 Not Modified\r\nETag: "1"\r\nContent-Length: 500',
    '200 OK\r\nContent-Length: 0',
  ]) {
    client.send(get('http://vhost/', setup.auth))
    system ??= await setup.backend.accept()
    await system.readHead()
    system.send(`HTTP/1.1 ${head}\r\n\r\n`)
    assert.equal(await client.readHead(), `HTTP/1.1 ${head}\r\n\r\n`)
  }
  assert.equal(setup.backend.accepted, 1)
})

test('an answer that ends with the backend connection ends the client connection, with Connection: close (CP-063)', async () => {
  await using setup = await httpSetup()
  const { client } = await exchange(setup, 'HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nuntil the end')
  assert.equal(
    (await client.readToEnd()).toString(),
    'HTTP/1.1 200 OK\r\nX-A: 1\r\nConnection: close\r\n\r\nuntil the end',
  )
})

test('chunks, their extensions and trailers pass unchanged in both directions (CP-057, CONN-081)', async () => {
  await using setup = await httpSetup()
  const body = '5;name="v"\r\nhello\r\n00001\r\n!\r\n0;last\r\nX-Checksum: 1\r\nx-other: 2\r\n\r\n'
  const lines = [setup.auth, 'Transfer-Encoding: chunked', 'Trailer: X-Checksum, X-Other', 'TE: trailers']
  const client = await setup.plane.client()
  client.send(requestBytes('PUT', 'http://vhost/', lines, body))
  const system = await setup.backend.accept()
  assert.equal(
    await system.readHead(),
    'PUT / HTTP/1.1\r\nHost: vhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Checksum, X-Other\r\nTE: trailers\r\n\r\n',
  )
  assert.equal((await system.read(body.length)).toString(), body)
  system.send(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Checksum\r\n\r\n${body}`)
  const answer = await client.readAnswer()
  assert.equal(answer.rawBody.toString(), body)
  assert.equal(answer.body.toString(), 'hello!')
  client.send(get('http://vhost/again', setup.auth))
  assert.match(await system.readHead(), /^GET \/again /)
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).status, 200)
})

test('a streamed answer and a streamed request pass piece by piece, before they are complete (CONN-081, CP-057)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(requestBytes('POST', 'http://vhost/', [setup.auth, 'Transfer-Encoding: chunked']))
  const system = await setup.backend.accept()
  await system.readHead()
  system.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
  await client.readHead()
  for (const piece of ['3\r\none\r\n', '3\r\ntwo\r\n', '0\r\n\r\n']) {
    client.send(piece)
    assert.equal((await system.read(piece.length)).toString(), piece)
    system.send(piece)
    assert.equal((await client.read(piece.length)).toString(), piece)
  }
})

test('large bodies pass in both directions, with length and chunked (CP-057, CONN-081)', async () => {
  const size = 24 * 1024 * 1024
  const bytes = Buffer.alloc(size, 'a body that is not all the same 0123456789 ')
  const sum = createHash('sha256').update(bytes).digest('hex')
  const large = await startHttpBackend((request, response) => {
    const hash = createHash('sha256')
    request.on('data', (chunk: Buffer) => hash.update(chunk))
    request.on('end', () => {
      response.setHeader('X-Sum', hash.digest('hex'))
      if (request.headers['content-length'] !== undefined) response.setHeader('Content-Length', size)
      response.end(bytes)
    })
  })
  await using setup = await httpSetup({}, { mappings: [mapping('vhost', large.port)] })
  setup.plane.defer(() => large.close())
  const client = await setup.plane.client()
  const received = async (): Promise<void> => {
    const hash = createHash('sha256')
    let left = size
    const head = await client.readHead()
    assert.ok(head.includes(`X-Sum: ${sum}`))
    if (head.includes('Content-Length:'))
      for (; left > 0; left -= Math.min(left, 65_536)) hash.update(await client.read(Math.min(left, 65_536)))
    else
      for (let length = -1; length !== 0; ) {
        length = Number.parseInt(await client.readThrough('\r\n'), 16)
        hash.update((await client.read(length + 2)).subarray(0, length))
      }
    assert.equal(hash.digest('hex'), sum)
  }
  client.send(requestBytes('POST', 'http://vhost/', [setup.auth, `Content-Length: ${size}`]))
  client.send(bytes)
  await received()
  client.send(requestBytes('POST', 'http://vhost/', [setup.auth, 'Transfer-Encoding: chunked']))
  for (let at = 0; at < size; at += 1024 * 1024) {
    client.send(`${(1024 * 1024).toString(16)}\r\n`)
    client.send(bytes.subarray(at, at + 1024 * 1024))
    client.send('\r\n')
  }
  client.send('0\r\n\r\n')
  await received()
})

test('Expect: 100-continue reaches the backend, and its answer the client before the body (CP-057)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(requestBytes('POST', 'http://vhost/', [setup.auth, 'Expect: 100-continue', 'Content-Length: 3']))
  const system = await setup.backend.accept()
  assert.ok((await system.readHead()).includes('Expect: 100-continue\r\n'))
  system.send('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
  assert.equal(await client.readHead(), 'HTTP/1.1 100 Continue\r\n\r\n')
  assert.equal(await client.readHead(), 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
  client.send('abc')
  await system.read(3)
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).body.toString(), 'ok')
})

test('a backend that fails after 100 Continue costs the caller 502, as without it (CP-070)', async () => {
  await using setup = await httpSetup()
  const lines = [setup.auth, 'Expect: 100-continue', 'Content-Length: 3']
  const failures: readonly [(system: WireSocket) => void, string][] = [
    [(system) => system.destroy(), 'BACKEND_CLOSED'],
    [(system) => system.send('no HTTP at all\r\n\r\n'), 'BACKEND_PROTOCOL'],
    [() => setup.plane.connector.disconnect(), 'TUNNEL_LOST'],
  ]
  for (const [fail, code] of failures) {
    const client = await setup.plane.client()
    client.send(requestBytes('POST', 'http://vhost/', lines))
    const system = await setup.backend.accept()
    await system.readHead()
    system.send('HTTP/1.1 100 Continue\r\n\r\n')
    assert.equal(await client.readHead(), 'HTTP/1.1 100 Continue\r\n\r\n')
    client.send('abc')
    await system.read(3)
    fail(system)
    const answer = await client.readAnswer()
    assert.equal(answer.status, 502)
    assert.equal(answer.header('x-landbridge-error'), code)
  }
})

test('an HTTP/1.0 client gets no interim answers', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(`GET http://vhost/ HTTP/1.0\r\n${setup.auth}\r\n\r\n`)
  const system = await setup.backend.accept()
  await system.readHead()
  system.end(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${okAnswer}`)
  assert.equal((await client.readAnswer()).status, 200)
})

test('an answer that comes before the body has ended reaches the client, and the rest of the body nobody (CP-057)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(requestBytes('POST', 'http://vhost/', [setup.auth, 'Content-Length: 300000'], 'abc'))
  const system = await setup.backend.accept()
  await system.readHead()
  await system.read(3)
  system.send('HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno')
  const answer = await client.readAnswer()
  assert.equal(answer.status, 413)
  assert.equal(answer.body.toString(), 'no')
  client.send('x'.repeat(299_997))
  assert.equal((await client.readToEnd()).length, 0)
  assert.equal(client.isBroken, false)
  assert.equal((await system.readToEnd()).length, 0)
})

test('bytes behind an answer never become the answer to the next request (CP-063)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(get('http://vhost/1', setup.auth))
  const first = await setup.backend.accept()
  await first.readHead()
  first.send(`${okAnswer}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`)
  assert.equal((await client.readAnswer()).body.toString(), 'ok')
  client.send(get('http://vhost/2', setup.auth))
  const second = await setup.backend.accept()
  await second.readHead()
  second.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood')
  assert.equal((await client.readAnswer()).body.toString(), 'good')
})

test('the mapping decides about TLS to the backend, the URL says http:// all the same (CONN-083)', async () => {
  const ca = await testAuthority()
  const identity = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 })
  const secure = await startHttpsBackend(identity, (_request, response) => response.end('over TLS'))
  await using setup = await httpSetup(
    {},
    {
      mappings: [mapping('vhost', secure.port, { protocol: 'HTTPS' })],
      trust: { trustAllBackends: false, certificates: [ca.certificatePem] },
    },
  )
  setup.plane.defer(() => secure.close())
  const client = await setup.plane.client()
  client.send(get('http://vhost:80/', setup.auth))
  assert.equal((await client.readAnswer()).body.toString(), 'over TLS')
})
