import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { createLog, ManualClock, silentLog } from '@landbridge/kernel'
import { Type } from '@sinclair/typebox'
import { createApi, listen } from '../src/index.ts'

const refused: unknown[] = []
const log = createLog((_level, event, facts) => {
  if (event === 'http.refused') refused.push(facts.requestId)
}, 'debug')
const api = createApi({ log })
let port = 0
before(async () => {
  api.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, new URLSearchParams(String(body))),
  )
  api.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  api.post('/things/:name', async () => ({}))
  const colour = Type.Union(['red', 'green'].map((name) => Type.Literal(name)))
  const body = Type.Union([
    Type.Object({ kind: Type.Literal('paint'), colour }, { additionalProperties: false }),
    Type.Object({ kind: Type.Literal('price'), cents: Type.Integer() }, { additionalProperties: false }),
  ])
  api.post('/chosen', { schema: { body } }, async () => ({}))
  port = await listen(api, '127.0.0.1', 0, 'port')
})
after(() => api.close())

async function send(path: string, type: string, body: string | Buffer): Promise<{ status: number; told: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: new Uint8Array(Buffer.from(body)),
  })
  const problem = (await answer.json()) as { field?: string; reason?: string; code?: string }
  return { status: answer.status, told: `${problem.code ?? ''} ${problem.field ?? ''} ${problem.reason ?? ''}`.trim() }
}

const json = 'application/json'
const form = 'application/x-www-form-urlencoded'
const noNul = { status: 400, told: 'REQUEST_INVALID body a NUL character is not allowed' }

test('a NUL in path, query, form or JSON is refused, as a name and as a value, but bytes are bytes', async () => {
  for (const body of ['{"a":"x\\u0000"}', '{"\\u0000":1}', '[[{"a":["\\u0000"]}]]', '"\\u0000"'])
    assert.deepEqual(await send('/things/a', json, body), noNul)
  for (const body of ['a=%00', '%00=a', 'a=b&a=%00']) assert.deepEqual(await send('/things/a', form, body), noNul)
  assert.match((await send('/things/%00', json, '{}')).told, /^REQUEST_INVALID path a NUL/)
  for (const query of ['?a=%00', '?%00=a', '?a=b&a=c%00'])
    assert.match((await send(`/things/a${query}`, json, '{}')).told, /^REQUEST_INVALID query a NUL/)
  assert.deepEqual(await send('/things/a', 'application/octet-stream', Buffer.alloc(10)), { status: 200, told: '' })
})

test('a part of the path that is too long is a bad request, not a failure of the service', async () => {
  assert.equal((await send(`/things/${'a'.repeat(4_096)}`, json, '{}')).status, 200)
  assert.deepEqual(await send(`/things/${'a'.repeat(4_097)}`, json, '{}'), {
    status: 400,
    told: 'REQUEST_INVALID path a part of the path is too long',
  })
})

test('a body may be nested 64 levels deep and no deeper', async () => {
  const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
  assert.equal((await send('/things/a', json, nested(64))).status, 200)
  for (const levels of [65, 100_000])
    assert.match(
      (await send('/things/a', json, nested(levels))).told,
      /^REQUEST_INVALID body it is nested deeper than 64/,
    )
})

test('what is no HTTP is answered with the error body of the service, and the connection ends', async () => {
  for (const [bytes, status] of [
    ['nonsense\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(100_000)}\r\n\r\n`, 431],
  ] as const) {
    const answer = await new Promise<string>((resolve, reject) => {
      let text = ''
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
      socket.setEncoding('latin1').on('data', (piece: string) => (text += piece))
      socket.on('error', reject).on('close', () => resolve(text))
    })
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} .*\r\nContent-Type: application/problem\\+json\r\n`))
    const problem = JSON.parse(body)
    assert.equal(problem.status, status)
    assert.equal(problem.code, status === 431 ? 'REQUEST_TOO_LARGE' : 'REQUEST_INVALID')
  }
})

test('who is answered that this is no HTTP and keeps his side open does not keep the connection', async () => {
  const accepted = once(api.server, 'connection')
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.resume().write('nonsense\r\n\r\n')
  const [ours] = (await accepted) as [Socket]
  await Promise.all([once(ours, 'close'), once(socket, 'end')])
  socket.destroy()
})

test('a refusal carries the ID under which the log has it: that of the caller where it is a plain one', async () => {
  const idOf = async (given?: string) => {
    refused.length = 0
    const headers: Record<string, string> = given === undefined ? {} : { 'X-CorrelationID': given }
    const answer = await fetch(`http://127.0.0.1:${port}/nowhere`, { headers })
    const id = answer.headers.get('x-correlationid')
    assert.deepEqual([id, refused], [((await answer.json()) as { requestId?: string }).requestId, [id]])
    return id
  }
  assert.equal(await idOf('4711-abc'), '4711-abc')
  for (const given of [undefined, '{"forged":1}', 'x'.repeat(129)])
    assert.match(String(await idOf(given)), /^[0-9a-f]{8}-[0-9a-f-]{27}$/)
})

test('of a choice a refusal names what can be chosen and what is wrong in the branch that was meant, once', async () => {
  const told = async (body: object) => (await send('/chosen', json, JSON.stringify(body))).told
  assert.equal(await told({ kind: 'paint', colour: 'red' }), '')
  assert.equal(await told({ kind: 'paint', colour: 'blue' }), 'REQUEST_INVALID body/colour must be one of red, green')
  assert.equal(await told({ kind: 'song' }), 'REQUEST_INVALID body/kind must be one of paint, price')
  assert.equal(
    await told({ kind: 'price', cents: 'x', more: 1 }),
    'REQUEST_INVALID body, body/cents must NOT have additional properties (more); must be integer',
  )
  assert.match(await told({ kind: 'price' }), /^REQUEST_INVALID body must have required property 'cents'$/)
})

test('who connects and asks nothing holds up no end, and who asks by halves or does not read a few seconds only', async () => {
  const clock = new ManualClock()
  const ending = createApi({ log: silentLog, clock })
  ending.get('/', async () => 'hello')
  ending.get('/long', async () => Buffer.alloc(32 * 1024 * 1024))
  ending.post('/', async () => ({}))
  const at = await listen(ending, '127.0.0.1', 0, 'port')
  /** The end of a connection on which this was sent, once there is an answer or else the server has it. */
  const send = async (bytes: string, reads = true) => {
    const accepted = once(ending.server, 'connection')
    const socket = connect(at, '127.0.0.1')
    const closed = once(
      socket.on('error', () => {}),
      'close',
    )
    const [ours] = (await accepted) as [Socket]
    if (reads) socket.resume()
    const read = bytes === '' ? undefined : once(socket, reads ? 'data' : 'readable')
    socket.write(bytes)
    return { closed, read, ended: once(ours, 'close') }
  }
  const silent = await send('')
  const halfHead = await send('GET / HTTP/1.1\r\nHo')
  const idle = await send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await idle.read
  const again = await send('GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost')
  const halfBody = await send('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n1')
  const deaf = await send('GET /long HTTP/1.1\r\nHost: x\r\n\r\n', false)
  await Promise.all([again.read, deaf.read])
  let isClosed = false
  const closed = ending.close().then(() => {
    isClosed = true
  })
  await Promise.all([silent.closed, halfHead.closed, idle.closed])
  assert.equal(isClosed, false)
  clock.advance(5_000)
  await Promise.all([closed, again.closed, halfBody.ended, deaf.ended])
})
