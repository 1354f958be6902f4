import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { get, httpSetup, okAnswer, requestBytes } from './http-setup.ts'

test('a client connection that is kept alive uses one backend connection', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(get('http://vhost/0', setup.auth))
  const system = await setup.backend.accept()
  for (let i = 0; i < 5; i++) {
    assert.match(await system.readHead(), new RegExp(`^GET /${i} `))
    system.send(okAnswer)
    const answer = await client.readAnswer()
    assert.equal(answer.header('connection'), undefined)
    client.send(get(`http://vhost/${i + 1}`, setup.auth))
  }
  assert.equal(setup.backend.accepted, 1)
})

test('pipelined requests are answered in order, each with its own body', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  const lines = [setup.auth, 'Transfer-Encoding: chunked']
  client.send(
    get('http://vhost/1', setup.auth) +
      requestBytes('POST', 'http://vhost/2', [setup.auth, 'Content-Length: 3'], 'abc') +
      requestBytes('POST', 'http://vhost/3', lines, '1\r\nx\r\n0\r\n\r\n') +
      get('http://vhost/4', setup.auth),
  )
  const system = await setup.backend.accept()
  const bodies = [0, 3, 11, 0]
  for (let i = 1; i <= 4; i++) {
    assert.match(await system.readHead(), new RegExp(`^(GET|POST) /${i} `))
    await system.read(bodies[i - 1] ?? 0)
    assert.equal(system.waiting.length, 0, 'the next request waits for its turn')
    system.send(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${i}`)
  }
  for (let i = 1; i <= 4; i++) assert.equal((await client.readAnswer()).body.toString(), String(i))
})

test('a client that pipelines and ends its input gets every answer, then the end', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.end(get('http://vhost/1', setup.auth) + get('http://vhost/2', setup.auth) + get('http://vhost/3', setup.auth))
  const system = await setup.backend.accept()
  for (let i = 1; i <= 3; i++) {
    assert.match(await system.readHead(), new RegExp(`^GET /${i} `))
    system.send(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${i}`)
    assert.equal((await client.readAnswer()).body.toString(), String(i))
  }
  assert.equal((await client.readToEnd()).length, 0)
  assert.equal(client.isBroken, false)
})

test('a half-closed client that pipelined half a head gets the answers before it and the end', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.end(`${get('http://vhost/1', setup.auth)}GET http://vhost/2 HTTP`)
  const system = await setup.backend.accept()
  await system.readHead()
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).status, 200)
  assert.equal((await client.readToEnd()).length, 0)
  await client.closed
})

test('a client that ends its input behind its request still gets the answer', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.end(requestBytes('POST', 'http://vhost/', [setup.auth, 'Content-Length: 3'], 'abc'))
  const system = await setup.backend.accept()
  await system.readHead()
  await system.read(3)
  system.send(okAnswer)
  assert.equal((await client.readAnswer()).body.toString(), 'ok')
  assert.equal((await client.readToEnd()).length, 0)
})

test('a client that ends its input within a body is dropped at once', async () => {
  await using setup = await httpSetup()
  // First with a tunnel still to be opened, so that the end comes before the request went on; then without.
  for (let i = 0; i < 2; i++) {
    const client = await setup.plane.client()
    client.end(requestBytes('POST', 'http://vhost/', [setup.auth, 'Content-Length: 10'], 'abc'))
    assert.equal((await client.readToEnd()).length, 0)
    await client.closed
  }
})

test('a client that goes away cancels the request at the backend', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(get('http://vhost/', setup.auth))
  const system = await setup.backend.accept()
  await system.readHead()
  client.reset()
  await system.readToEnd()
  system.destroy()
})

test('a client that goes away during a body cancels the request at the backend', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(requestBytes('POST', 'http://vhost/', [setup.auth, 'Content-Length: 1000'], 'abc'))
  const system = await setup.backend.accept()
  await system.readHead()
  await system.read(3)
  client.reset()
  await system.readToEnd()
})

test('Connection: close of a request ends the client connection after its answer and goes no further (RC-114)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(get('http://vhost/', setup.auth, 'Connection: close'))
  const system = await setup.backend.accept()
  assert.equal(await system.readHead(), 'GET / HTTP/1.1\r\nHost: vhost\r\n\r\n')
  system.send(okAnswer)
  const answer = await client.readAnswer()
  assert.deepEqual(answer.lines, ['Content-Length: 2', 'Connection: close'])
  assert.equal(answer.body.toString(), 'ok')
  assert.equal((await client.readToEnd()).length, 0)
})

test('an HTTP/1.0 client is answered and its connection ended', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(`GET http://vhost/old HTTP/1.0\r\n${setup.auth}\r\n\r\n`)
  const system = await setup.backend.accept()
  assert.match(await system.readHead(), /^GET \/old HTTP\/1\.0\r\nHost: vhost\r\n/)
  system.end('HTTP/1.0 200 OK\r\nServer: old\r\n\r\nuntil the end')
  assert.equal(
    (await client.readToEnd()).toString(),
    'HTTP/1.1 200 OK\r\nServer: old\r\nConnection: close\r\n\r\nuntil the end',
  )
})

test('a backend that closes after its answer leaves the client connection as it is', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  for (let i = 0; i < 2; i++) {
    client.send(get(`http://vhost/${i}`, setup.auth))
    const system = await setup.backend.accept()
    await system.readHead()
    system.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')
    const answer = await client.readAnswer()
    assert.deepEqual(answer.lines, ['Content-Length: 2'])
    await system.closed
  }
  assert.equal(setup.backend.accepted, 2)
})

test('a lost tunnel costs the waiting caller 502, the request is not sent again, and the next one opens a new tunnel (CP-070)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(requestBytes('POST', 'http://vhost/once', [setup.auth, 'Content-Length: 1'], 'x'))
  const system = await setup.backend.accept()
  await system.readHead()
  setup.plane.connector.disconnect()
  const answer = await client.readAnswer()
  assert.equal(answer.status, 502)
  assert.equal(answer.header('x-landbridge-error'), 'TUNNEL_LOST')
  await system.readToEnd()
  const next = await setup.plane.client()
  next.send(get('http://vhost/next', setup.auth))
  const again = await setup.backend.accept()
  assert.match(await again.readHead(), /^GET \/next /)
  again.send(okAnswer)
  assert.equal((await next.readAnswer()).status, 200)
  assert.equal(setup.plane.requests.length, 2)
})

test('a tunnel lost within an answer ends the client connection before the answer looks complete (CP-070)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(get('http://vhost/', setup.auth))
  const system = await setup.backend.accept()
  await system.readHead()
  system.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
  await client.readThrough('abc\r\n')
  setup.plane.connector.disconnect()
  assert.equal((await client.readToEnd()).length, 0)
})

test('draining ends unused connections at once and used ones after their answer', async () => {
  await using setup = await httpSetup()
  const [busy, idle] = [await setup.plane.client(), await setup.plane.client()]
  busy.send(get('http://vhost/', setup.auth))
  const system = await setup.backend.accept()
  await system.readHead()
  setup.plane.http.drain()
  assert.equal((await idle.readToEnd()).length, 0)
  system.send(okAnswer)
  const answer = await busy.readAnswer()
  assert.equal(answer.header('connection'), 'close')
  assert.equal((await busy.readToEnd()).length, 0)
})

test('a client that breaks off while its tunnel is being opened leaves nothing behind', async () => {
  await using setup = await httpSetup()
  setup.plane.connector.answersRequests = false
  const client = await setup.plane.client()
  client.send(get('http://vhost/', setup.auth))
  while (setup.plane.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
  client.reset()
  await client.closed
  while (setup.plane.http.connectionCount > 0) await new Promise((resolve) => setImmediate(resolve))
  const [asked] = setup.plane.requests
  assert.ok(asked)
  await setup.plane.connector.openTunnel(asked.message)
  // The next client uses the tunnel; the request of the one that left was never made.
  const next = await setup.plane.client()
  next.send(get('http://vhost/next', setup.auth))
  const system = await setup.backend.accept()
  assert.match(await system.readHead(), /^GET \/next /)
  system.send(okAnswer)
  assert.equal((await next.readAnswer()).status, 200)
  next.end()
  await once(next.socket, 'close')
  assert.equal(setup.backend.accepted, 1)
})

test('far more pipelined requests than the proxy keeps are all answered in order', async () => {
  await using setup = await httpSetup()
  const count = 60
  const client = await setup.plane.client()
  const padding = `X-Padding: ${'p'.repeat(6_000)}`
  for (let i = 0; i < count; i++) client.send(get(`http://vhost/${i}`, setup.auth, padding))
  const system = await setup.backend.accept()
  for (let i = 0; i < count; i++) {
    assert.match(await system.readHead(), new RegExp(`^GET /${i} `))
    const text = `answer ${i}`
    system.send(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`)
    assert.equal((await client.readAnswer()).body.toString(), text)
  }
  assert.equal(setup.backend.accepted, 1)
})

test('an empty line in front of a request is ignored (RFC 9112 section 2.2)', async () => {
  await using setup = await httpSetup()
  const client = await setup.plane.client()
  client.send(`\r\n${get('http://vhost/1', setup.auth)}\r\n${get('http://vhost/2', setup.auth)}`)
  const system = await setup.backend.accept()
  for (let i = 1; i <= 2; i++) {
    assert.match(await system.readHead(), new RegExp(`^GET /${i} `))
    system.send(okAnswer)
    assert.equal((await client.readAnswer()).status, 200)
  }
})
