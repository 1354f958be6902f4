import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { startScene } from './scene.ts'
import { leadsTo } from './stand-in.ts'

const { platform, proxy, put } = await startScene({ settings: { idleTimeoutSeconds: 1 } })

type Handler = Parameters<typeof createServer>[1]

async function startTarget(handle: Handler) {
  const server = createServer({ keepAliveTimeout: 60_000, maxHeaderSize: 1 << 20 }, handle)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function open(
  url: string,
  method: string,
  more: Readonly<Record<string, string>> = {},
  headers: readonly string[] = [],
) {
  const name = put(leadsTo(url, more))
  const port = proxy.running.port
  return request({
    maxHeaderSize: 1 << 20,
    port,
    host: '127.0.0.1',
    method,
    headers: ['Host', 'gateway.shop', 'X-Destination-Name', name, ...headers],
  })
}

test('bodies are passed on while they come, in both directions and of any size (TP-037)', async () => {
  const chunk = Buffer.alloc(1 << 20, 'x')
  await using target = await startTarget((incoming, response) => {
    // An echo: nothing comes back before it was sent.
    response.writeHead(200, { trailer: 'x-sum' })
    incoming.pipe(response)
  })
  const sent = open(target.url, 'POST', {}, ['Transfer-Encoding', 'chunked'])
  sent.write('first ')
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const [first] = (await once(answer, 'data')) as [Buffer]
  assert.equal(first.toString(), 'first ')
  let received = 0
  answer.on('data', (data: Buffer) => {
    received += data.length
  })
  for (let index = 0; index < 20; index++) if (!sent.write(chunk)) await once(sent, 'drain')
  sent.end()
  await once(answer, 'end')
  assert.equal(received, 20 * chunk.length)
})

test('a caller that does not read holds the target back, and is given up after a while', async () => {
  let written = 0
  const isOver = Promise.withResolvers<void>()
  await using target = await startTarget((_incoming, response) => {
    const chunk = Buffer.alloc(1 << 20, 'x')
    const more = (): void => {
      while (!response.destroyed && response.write(chunk)) written += chunk.length
    }
    response.on('drain', more).on('close', isOver.resolve)
    more()
  })
  // The target may take its time: it is the caller who pauses.
  const name = put(leadsTo(target.url, { 'URL.socketReadTimeoutInSeconds': '600' }))
  const caller = connect(proxy.running.port, '127.0.0.1')
  caller.pause().write(`GET / HTTP/1.1\r\nHost: gateway.shop\r\nX-Destination-Name: ${name}\r\n\r\n`)
  caller.on('error', () => {})
  await isOver.promise
  assert.ok(written < 64 << 20, `${written} bytes were taken`)
  caller.destroy()
})

test('an early answer to an upload arrives, and the connection of the target is not used again', async () => {
  await using target = await startTarget((_incoming, response) => void response.writeHead(413).end('too much'))
  const sent = open(target.url, 'POST', {}, ['Content-Length', '100000000'])
  sent.on('error', () => {})
  sent.write(Buffer.alloc(100_000))
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  assert.deepEqual([answer.statusCode, await text(answer)], [413, 'too much'])
  sent.destroy()
})

test('a kept connection that the target closes meanwhile costs no request', async () => {
  let count = 0
  await using target = await startTarget((incoming, response) => {
    count++
    // Closed without a word in the answer: the next request finds a dead connection.
    if (count === 1) response.end('first', () => setImmediate(() => incoming.socket.resetAndDestroy()))
    else response.end('second')
  })
  for (const expected of ['first', 'second']) {
    const sent = open(target.url, 'GET').end()
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    assert.equal(await text(answer), expected)
  }
})

test('an offer of HTTP/2, an expectation and a trailer do not disturb a request', async () => {
  const seen: IncomingMessage['headers'][] = []
  await using target = await startTarget((incoming, response) => {
    seen.push(incoming.headers)
    incoming.resume()
    response.writeHead(200, { trailer: 'X-Sum' })
    response.write('body')
    response.addTrailers({ 'X-Sum': '42' })
    response.end()
  })
  const offer = ['Connection', 'Upgrade, HTTP2-Settings', 'Upgrade', 'h2c', 'HTTP2-Settings', 'AAM']
  const sent = open(target.url, 'POST', {}, [...offer, 'Expect', '100-continue', 'Content-Length', '4'])
  await once(sent, 'continue')
  sent.end('data')
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  assert.equal(await text(answer), 'body')
  assert.equal(answer.trailers['x-sum'], '42')
  const [headers] = seen
  assert.deepEqual([headers?.upgrade, headers?.['http2-settings'], headers?.expect], [undefined, undefined, undefined])
})

test('heads may be long, in both directions, as tokens and cookies make them', async () => {
  const long = 'x'.repeat(40_000)
  await using target = await startTarget(({ headers }, response) =>
    response.writeHead(200, { 'x-long': `${headers['x-long']}` }).end(),
  )
  const sent = open(target.url, 'GET', {}, ['X-Long', long])
  const [answer] = (await once(sent.end(), 'response')) as [IncomingMessage]
  assert.ok(answer.headers['x-long'] === long, String(answer.statusCode))
})

test('connections of callers are kept for further requests', async () => {
  await using target = await startTarget((incoming, response) => {
    incoming.resume()
    response.end('fine')
  })
  platform.destinations.set('kept', leadsTo(target.url))
  const caller = connect(proxy.running.port, '127.0.0.1').setEncoding('utf8')
  let answers = ''
  for (const method of ['GET', 'POST', 'HEAD', 'DELETE']) {
    answers = ''
    caller.write(`${method} / HTTP/1.1\r\nHost: gateway.shop\r\nX-Destination-Name: kept\r\n\r\n`)
    while (!answers.endsWith(method === 'HEAD' ? '\r\n\r\n' : 'fine'))
      answers += String((await once(caller, 'data'))[0])
    assert.match(answers, /^HTTP\/1\.1 200 OK/)
  }
  caller.destroy()
})

test('a connection on which a caller has logged on is never used for another', async () => {
  const users = new WeakMap<object, string>()
  await using target = await startTarget(({ headers: { authorization }, socket }, response) => {
    if (authorization !== undefined) users.set(socket, authorization.replace('NTLM ', ''))
    const user = users.get(socket) ?? 'who?'
    response.writeHead(user === 'who?' ? 401 : 200, { 'content-length': user.length }).end(user)
  })
  platform.destinations.set('logon', leadsTo(target.url))
  const callers = [1, 2, 3].map(() => connect(proxy.running.port, '127.0.0.1').setEncoding('utf8'))
  const [alice, bob, nobody] = callers
  const call = async (caller: Socket | undefined, ...more: readonly string[]): Promise<string> => {
    const lines = ['GET / HTTP/1.1', 'Host: gateway.shop', 'X-Destination-Name: logon', ...more]
    caller?.write(`${lines.join('\r\n')}\r\n\r\n`)
    let answer = ''
    while (!/\r\n\r\n.+/s.test(answer)) answer += String((await once(caller!, 'data'))[0])
    return answer.slice(answer.indexOf('\r\n\r\n') + 4)
  }
  assert.equal(await call(nobody), 'who?')
  assert.equal(await call(alice, 'Authorization: NTLM alice'), 'alice')
  assert.equal(await call(bob, 'Authorization: NTLM bob'), 'bob')
  assert.deepEqual([await call(alice), await call(bob), await call(nobody)], ['alice', 'bob', 'who?'])
  for (const caller of callers) caller.destroy()
})
