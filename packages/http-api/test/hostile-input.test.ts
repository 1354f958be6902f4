import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { silentLog } from '@landbridge/kernel'
import { Type } from '@sinclair/typebox'
import { createApi, listen } from '../src/index.ts'

const api = createApi({ log: silentLog })
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
