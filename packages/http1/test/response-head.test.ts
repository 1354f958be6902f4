import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BodyKind,
  headErrorOf,
  Method,
  parseResponseHead,
  ResponseHead,
  responseBodyKind,
  responseLimits,
} from '../src/index.ts'

const head = new ResponseHead()

function parse(text: string): string {
  const buffer = Buffer.from(`#${text}#`, 'latin1')
  const result = parseResponseHead(buffer, 1, buffer.length - 1, head, responseLimits)
  if (result > 0) assert.equal(result, buffer.length - 1)
  if (result > 0) return buffer.toString('latin1', head.reasonStart, head.reasonEnd)
  return result === 0 ? 'NEED_MORE' : headErrorOf(result).name
}

const lines = (...parts: string[]): string => `${parts.join('\r\n')}\r\n\r\n`

test('a status line may lack its reason and the space in front of it, nothing else', () => {
  assert.equal(parse(lines('HTTP/1.1 200 OK')), 'OK')
  assert.equal(head.status, 200)
  assert.equal(parse(lines('HTTP/1.1 404 Not \xe9 Found')), 'Not \xe9 Found')
  assert.equal(parse(lines('HTTP/1.0 999 ')), '')
  assert.equal(head.minorVersion, 0)
  assert.equal(parse(lines('HTTP/1.1 204')), '')
  assert.equal(head.status, 204)
  const cases: readonly [string, string][] = [
    ['HTTP/1.1 20 OK', 'BAD_STATUS_LINE'],
    ['HTTP/1.1 2000 OK', 'BAD_STATUS_LINE'],
    ['HTTP/1.1 099 OK', 'BAD_STATUS_LINE'],
    ['HTTP/1.1  200 OK', 'BAD_STATUS_LINE'],
    ['HTTP/1.1\t200 OK', 'BAD_STATUS_LINE'],
    ['HTTP/1.1 200\tOK', 'BAD_STATUS_LINE'],
    ['HTTP/1.1 200 O\0K', 'BAD_STATUS_LINE'],
    ['HTTP/1.1 200 OK\nA: b', 'BARE_LF'],
    ['HTTP/1.1 200 OK\rA: b', 'BARE_CR'],
    ['HTTP/1.1 200\nA: b', 'BARE_LF'],
    ['HTTP/2.0 200 OK', 'UNSUPPORTED_VERSION'],
    ['ICY 200 OK', 'BAD_VERSION'],
    ['\r\nHTTP/1.1 200 OK', 'BAD_VERSION'],
  ]
  for (const [line, name] of cases) assert.equal(parse(lines(line)), name, JSON.stringify(line))
})

test('ambiguous framing of a response is refused', () => {
  const cases: readonly [readonly string[], string][] = [
    [['Content-Length: 1', 'Transfer-Encoding: chunked'], 'LENGTH_AND_CODING'],
    [['Content-Length: 1', 'Content-Length: 2'], 'CONTENT_LENGTH_REPEATED'],
    [['Content-Length: 1', 'Content-Length: 1'], 'CONTENT_LENGTH_REPEATED'],
    [['Content-Length: 1, 1'], 'CONTENT_LENGTH_REPEATED'],
    [['Content-Length: x'], 'BAD_CONTENT_LENGTH'],
    [['Transfer-Encoding: gzip, chunked'], 'TRANSFER_CODING_UNKNOWN'],
    [['A: b', ' folded'], 'OBS_FOLD'],
    [['A: b\rc'], 'BARE_CR'],
  ]
  for (const [fields, name] of cases) assert.equal(parse(lines('HTTP/1.1 200 OK', ...fields)), name, fields.join('|'))
  assert.equal(parse(lines('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked')), 'TRANSFER_CODING_INVALID')
})

test('the body of a response is delimited by method, status, coding, length, or the end of the connection', () => {
  const chunked = 'Transfer-Encoding: chunked'
  const length = 'Content-Length: 5'
  const cases: readonly [number, readonly string[], number, BodyKind][] = [
    [200, [], Method.get, BodyKind.close],
    [200, [length], Method.get, BodyKind.length],
    [200, [chunked], Method.get, BodyKind.chunked],
    [200, ['Content-Length: 0'], Method.get, BodyKind.length],
    [200, [length], Method.head, BodyKind.none],
    [200, [chunked], Method.head, BodyKind.none],
    [204, [], Method.get, BodyKind.none],
    [204, [length], Method.get, BodyKind.none],
    [304, [length], Method.get, BodyKind.none],
    [304, [chunked], Method.get, BodyKind.none],
    [100, [], Method.post, BodyKind.none],
    [101, [], Method.get, BodyKind.none],
    [200, [], Method.connect, BodyKind.none],
    [407, [length], Method.connect, BodyKind.length],
    [404, [], Method.other, BodyKind.close],
  ]
  for (const [status, fields, method, kind] of cases) {
    parse(lines(`HTTP/1.1 ${status} X`, ...fields))
    assert.equal(responseBodyKind(head, method), kind, `${status} ${fields} ${method}`)
  }
})

test('a response tells whether its connection can be used again and whether it switches protocols', () => {
  parse(lines('HTTP/1.1 200 OK', 'Connection: close'))
  assert.equal(head.keepAlive, false)
  parse(lines('HTTP/1.0 200 OK', 'Connection: keep-alive'))
  assert.equal(head.keepAlive, true)
  parse(lines('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket'))
  assert.deepEqual([head.keepAlive, head.upgrade, head.upgradeIsWebSocket], [true, true, true])
})
