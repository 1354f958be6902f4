import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { onEveryDatabase } from './support/databases.ts'
import { json } from './support/oauth-server.ts'
import { TokenFixture } from './support/token-fixture.ts'

const good = JSON.stringify({ access_token: 'raw-token', token_type: 'bearer', expires_in: 60 })

await onEveryDatabase(async (newUrl) => {
  const at = await TokenFixture.start(newUrl)
  const open: Socket[] = []
  let answer = (_socket: Socket): void => {}
  const raw = createServer((socket) => {
    open.push(socket)
    socket.on('error', () => {})
    socket.once('data', () => answer(socket))
  })
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(raw.address() as AddressInfo).port}/token`
  after(async () => {
    for (const socket of open) socket.destroy()
    raw.close()
    await at.close()
  })

  /** What the caller gets when the token service writes these bytes and hangs up. */
  async function answerTo(bytes: string | Buffer): Promise<{ value: string; error?: string }> {
    answer = (socket) => socket.end(bytes)
    const { value, error } = await at.token(await at.clientCredentials({ tokenServiceURL: url }))
    return { value, ...(error === undefined ? {} : { error }) }
  }
  const response = (head: string, body: string | Buffer) =>
    Buffer.concat([Buffer.from(`HTTP/1.1 ${head}\r\n\r\n`), Buffer.from(body)])

  test('an answer whose framing lies ends as an error entry, never as a token (DEST-026, DEST-121)', async () => {
    for (const bytes of [
      response('200 OK\r\nContent-Length: 1000', good),
      response(`200 OK\r\nContent-Length: ${good.length}\r\nContent-Length: 5`, good),
      response('200 OK\r\nTransfer-Encoding: chunked', `${good.length.toString(16)}\r\n${good}\r\n`),
      response('200 OK\r\nTransfer-Encoding: chunked', `zz\r\n${good}\r\n0\r\n\r\n`),
      response(`200 OK\r\nX-Long: ${'x'.repeat(100_000)}\r\nContent-Length: ${good.length}`, good),
      response('200', good).subarray(0, 12),
      Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05, 1, 2, 3, 4, 5]),
      Buffer.alloc(0),
    ]) {
      const { value, error } = await answerTo(bytes)
      assert.equal(value, '', bytes.toString('latin1').slice(0, 80))
      assert.match(error ?? '', /^Retrieval of OAuthToken failed due to: ./)
      assert.doesNotMatch(error ?? '', /raw-token/)
    }
  })

  test('what is legal but unusual is read: no length, interim answers, another media type', async () => {
    for (const bytes of [
      response('200 OK\r\nConnection: close', good),
      response('103 Early Hints', response(`200 OK\r\nContent-Length: ${good.length}`, good)),
      response(`200 OK\r\nContent-Type: text/html\r\nContent-Length: ${good.length}`, good),
      response(`200 \r\nContent-Length: ${good.length}`, good),
    ])
      assert.equal((await answerTo(bytes)).value, 'raw-token', bytes.toString('latin1').slice(0, 80))
  })

  test('a compressed answer is not unpacked, however small it is: nobody asked for it', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024, ' '))
    const { value, error } = await answerTo(
      response(`200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}`, bomb),
    )
    assert.deepEqual([value, /not a JSON object/.test(error ?? '')], ['', true])
  })

  test('an endless answer and endless nesting end at the size limit', async () => {
    answer = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n')
      const more = () => {
        while (!socket.destroyed && socket.write('{"a":'.repeat(10_000)));
      }
      socket.on('drain', more)
      more()
    }
    const name = await at.clientCredentials({ tokenServiceURL: url })
    assert.match(await at.failure(name), /too large/)
    const { error } = await answerTo(response('200 OK\r\nConnection: close', '['.repeat(900_000)))
    assert.match(error ?? '', /not a JSON object/)
  })

  test('members of wrong kinds make no token, no header and no lifetime of their own (DEST-026)', async () => {
    const answers: readonly (readonly [object, RegExp])[] = [
      [{ access_token: 7 }, /no usable access_token/],
      [{ access_token: '' }, /no usable access_token/],
      [{ access_token: ['t'] }, /no usable access_token/],
      [{ access_token: 'a b' }, /no usable access_token/],
      [{ access_token: 'tök' }, /no usable access_token/],
      [{ access_token: 'a\0' }, /no usable access_token/],
      [{ access_token: 't', expires_in: true }, /no number of seconds/],
      [{ access_token: 't', expires_in: [60] }, /no number of seconds/],
      [{ access_token: 't', expires_in: '1e3' }, /no number of seconds/],
      [[{ access_token: 't' }], /not a JSON object/],
    ]
    for (const [body, expected] of answers) {
      at.oauth.answer = (_call, reply) => json(reply, 200, body)
      assert.match(await at.failure(await at.clientCredentials()), expected)
    }
    at.oauth.answer = (_call, reply) =>
      json(reply, 200, {
        access_token: 't',
        token_type: 'Bearer\r\nX-Injected: 1',
        scope: { a: 1 },
        refresh_token: 5,
        expires_in: 59.9,
        error: 'but it is granted',
      })
    assert.deepEqual(await at.token(await at.clientCredentials()), {
      type: 'Bearer',
      value: 't',
      http_header: { key: 'Authorization', value: 'Bearer t' },
      expires_in: '59',
    })
  })

  test('every status but success, and every redirection, is an error; no other address is called (DEST-121)', async () => {
    for (const status of [201, 204, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 418, 429, 500, 502, 599]) {
      at.oauth.answer = (_call, reply) =>
        reply
          .writeHead(status, { location: `${at.oauth.url}/elsewhere`, 'retry-after': '1' })
          .end(status === 201 ? good : '')
      const found = await at.token(await at.clientCredentials())
      if (status === 201) assert.equal(found.value, 'raw-token')
      else assert.match(found.error ?? '', status === 204 ? /not a JSON object/ : new RegExp(`status ${status}`))
    }
    assert.ok(at.oauth.calls.every((call) => call.url !== '/elsewhere'))
  })
})
