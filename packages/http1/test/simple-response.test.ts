import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeSimpleResponse, HeadError, headErrorOf } from '../src/index.ts'

test('an own answer carries its length in bytes and says whether the connection ends', () => {
  const answer = encodeSimpleResponse({
    status: 407,
    reason: 'Proxy Authentication Required',
    headers: [['Proxy-Authenticate', 'Bearer']],
    body: 'Größe\n',
    close: true,
  })
  const head = 'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Bearer\r\n'
  const rest = 'Content-Type: text/plain; charset=utf-8\r\nContent-Length: 8\r\nConnection: close\r\n\r\n'
  assert.equal(answer.toString(), `${head}${rest}Größe\n`)
  assert.equal(
    encodeSimpleResponse({ status: 200, reason: 'OK', body: '' }).toString(),
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  )
  assert.match(
    encodeSimpleResponse({ status: 404, reason: 'Not Found', body: 'abc', omitBody: true }).toString(),
    /Content-Length: 3\r\n\r\n$/,
  )
})

test('an own answer never lets text break out of its header', () => {
  const answer = { status: 400, reason: 'Bad', body: '' }
  assert.throws(() => encodeSimpleResponse({ ...answer, reason: 'a\r\nb' }), TypeError)
  assert.throws(() => encodeSimpleResponse({ ...answer, headers: [['A', 'b\r\nC: d']] }), TypeError)
  assert.throws(() => encodeSimpleResponse({ ...answer, headers: [['A:', 'b']] }), TypeError)
  assert.throws(() => encodeSimpleResponse({ ...answer, headers: [['A', '\u{1f4a5}']] }), TypeError)
})

test('every code of a refusal has its own number below -1, a status and a text', () => {
  const codes = Object.values(HeadError)
  assert.equal(new Set(codes).size, codes.length)
  for (const code of codes) {
    assert.ok(code < -1)
    assert.ok(headErrorOf(code).status >= 400)
    assert.ok(headErrorOf(code).text.endsWith('.'))
  }
  assert.throws(() => headErrorOf(5), TypeError)
})
