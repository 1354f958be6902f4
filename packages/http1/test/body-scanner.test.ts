import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BODY_CONTINUES, BodyKind, BodyScanner, headErrorOf, requestLimits } from '../src/index.ts'

/** Scans the text in pieces of `size` bytes: the bytes behind the body, 'continues', or the name of the error. */
function scanChunked(text: string, size: number, limits = requestLimits): string {
  const scanner = new BodyScanner(limits)
  scanner.reset(BodyKind.chunked, 0)
  const buffer = Buffer.from(text, 'latin1')
  for (let at = 0; at < buffer.length; at += size) {
    const result = scanner.scan(buffer, at, Math.min(at + size, buffer.length))
    if (result < BODY_CONTINUES) {
      assert.equal(scanner.scan(buffer, 0, buffer.length), result, 'an error is repeated')
      return headErrorOf(result).name
    }
    if (result >= 0) {
      assert.ok(scanner.done)
      return `rest:${buffer.toString('latin1', result)}`
    }
    assert.equal(scanner.done, false)
  }
  return 'continues'
}

const cutsOf = (text: string): number[] => [text.length + 1, 1, 2, 3, 7]

test('a chunked body ends behind its last chunk and its trailers, however it arrives', () => {
  const bodies = [
    '0\r\n\r\n',
    '5\r\nhello\r\n0\r\n\r\n',
    '5\r\nhello\r\n6\r\n world\r\n000\r\n\r\n',
    'A\r\n0123456789\r\na\r\n0\r\n\r\n34567\r\n0\r\n\r\n',
    '1;a\r\nx\r\n0;b=c;d="e;\\"\r\\\\ \t";f\r\n\r\n'.replace('\r\\', '\\'),
    '0\r\nX-Checksum: abc\r\nServer-Timing: \xe9\r\nEmpty:\r\n\r\n',
    `${'1\r\nx\r\n'.repeat(100)}0\r\n\r\n`,
    '0000000000000001\r\nx\r\n0\r\n\r\n',
  ]
  for (const body of bodies) {
    for (const size of cutsOf(body)) assert.equal(scanChunked(`${body}GET`, size).slice(0, 6), 'rest:G', body)
    for (let cut = 0; cut < body.length; cut++) assert.equal(scanChunked(body.slice(0, cut), 5), 'continues')
  }
})

test('a malformed chunked body is refused, however it arrives', () => {
  const cases: readonly [string, string][] = [
    ['\r\n', 'BAD_CHUNK_SIZE'],
    ['g\r\n', 'BAD_CHUNK_SIZE'],
    ['0x5\r\n', 'BAD_CHUNK_SIZE'],
    ['-1\r\n', 'BAD_CHUNK_SIZE'],
    ['+1\r\n', 'BAD_CHUNK_SIZE'],
    [' 5\r\nhello\r\n', 'BAD_CHUNK_SIZE'],
    ['5 \r\nhello\r\n', 'BAD_CHUNK_SIZE'],
    ['5\t;a\r\nhello\r\n', 'BAD_CHUNK_SIZE'],
    ['5_0\r\n', 'BAD_CHUNK_SIZE'],
    ['00000000000000005\r\n', 'BAD_CHUNK_SIZE'],
    ['20000000000000\r\n', 'BAD_CHUNK_SIZE'],
    ['ffffffffffffffff\r\n', 'BAD_CHUNK_SIZE'],
    ['5\nhello\r\n', 'BARE_LF'],
    ['5\rhello', 'BARE_CR'],
    ['5\r\nhello\n', 'BAD_CHUNK_END'],
    ['5\r\nhelloX', 'BAD_CHUNK_END'],
    ['5\r\nhello\rX', 'BAD_CHUNK_END'],
    ['5\r\nhello0\r\n', 'BAD_CHUNK_END'],
    ['5;\r\n', 'BAD_CHUNK_EXTENSION'],
    ['5;=b\r\n', 'BAD_CHUNK_EXTENSION'],
    ['5;a=\r\n', 'BAD_CHUNK_EXTENSION'],
    ['5; a\r\n', 'BAD_CHUNK_EXTENSION'],
    ['5;a b\r\n', 'BAD_CHUNK_EXTENSION'],
    ['5;a="b\r\n"\r\n', 'BAD_CHUNK_EXTENSION'],
    ['5;a="b\\\r\n"\r\n', 'BAD_CHUNK_EXTENSION'],
    ['5;a="b"c\r\n', 'BAD_CHUNK_EXTENSION'],
    ['5;a\n', 'BARE_LF'],
    ['0\r\n\rX', 'BARE_CR'],
    ['0\r\n\n', 'BARE_LF'],
    ['0\r\nA\r\n\r\n', 'BAD_TRAILER'],
    ['0\r\n A: b\r\n\r\n', 'BAD_TRAILER'],
    ['0\r\nA : b\r\n\r\n', 'BAD_TRAILER'],
    ['0\r\nA: b\r\n folded\r\n\r\n', 'BAD_TRAILER'],
    ['0\r\nA: \0\r\n\r\n', 'BAD_TRAILER'],
    ['0\r\nA: b\n\r\n', 'BARE_LF'],
    ['0\r\nA: b\rc', 'BARE_CR'],
  ]
  for (const [body, name] of cases) {
    for (const size of cutsOf(body)) assert.equal(scanChunked(body, size), name, JSON.stringify(body))
  }
})

test('a trailer cannot smuggle framing, routing or authentication past the head', () => {
  const names = ['Content-Length', 'transfer-encoding', 'Host', 'Connection', 'Trailer', 'TE', 'Authorization']
  names.push('Proxy-Authorization', 'SAP-Connectivity-Authentication', 'sap-connectivity-anything', 'SSL_CLIENT_CERT')
  for (const name of names) {
    for (const size of [100, 1]) assert.equal(scanChunked(`0\r\n${name}: 1\r\n\r\n`, size), 'FORBIDDEN_TRAILER', name)
  }
})

test('chunk lines and trailers are bounded', () => {
  const extension = (bytes: number): string => `1;${'a'.repeat(bytes - 2)}`
  for (const size of [100_000, 1]) {
    assert.equal(scanChunked(`${extension(8192)}\r\nx\r\n0\r\n\r\n`, size), 'rest:')
    assert.equal(scanChunked(`${extension(8193)}\r\nx\r\n0\r\n\r\n`, size), 'CHUNK_LINE_TOO_LONG')
    assert.equal(scanChunked(extension(9000), size), 'CHUNK_LINE_TOO_LONG')
    assert.equal(scanChunked(`0\r\nA: ${'b'.repeat(8189)}\r\n\r\n`, size), 'rest:')
    assert.equal(scanChunked(`0\r\nA: ${'b'.repeat(8190)}\r\n\r\n`, size), 'TRAILERS_TOO_LARGE')
    assert.equal(scanChunked(`0\r\n${'A: b\r\n'.repeat(201)}`, size), 'TRAILERS_TOO_LARGE')
    const small = { ...requestLimits, maxHeadBytes: 20 }
    assert.equal(scanChunked('0\r\nA: b\r\nA: b\r\nA: b\r\n\r\n', size, small), 'rest:')
    assert.equal(scanChunked('0\r\nA: b\r\nA: b\r\nA: bc\r\n\r\n', size, small), 'TRAILERS_TOO_LARGE')
  }
})

test('a body with a length ends behind that many bytes', () => {
  const scanner = new BodyScanner(requestLimits)
  const buffer = Buffer.alloc(10)
  scanner.reset(BodyKind.length, 12)
  assert.equal(scanner.scan(buffer, 0, 10), BODY_CONTINUES)
  assert.equal(scanner.scan(buffer, 3, 3), BODY_CONTINUES)
  assert.equal(scanner.scan(buffer, 3, 10), 5)
  assert.equal(scanner.done, true)
  assert.equal(scanner.scan(buffer, 7, 10), 7)
  scanner.reset(BodyKind.length, 0)
  assert.equal(scanner.done, true)
  scanner.reset(BodyKind.length, Number.MAX_SAFE_INTEGER)
  assert.equal(scanner.scan(buffer, 0, 10), BODY_CONTINUES)
})

test('a body without a length goes on until the connection ends, and no body is done at once', () => {
  const scanner = new BodyScanner(requestLimits)
  scanner.reset(BodyKind.close, -1)
  assert.equal(scanner.scan(Buffer.from('0\r\n\r\n'), 0, 5), BODY_CONTINUES)
  assert.equal(scanner.done, false)
  scanner.reset(BodyKind.none, -1)
  assert.equal(scanner.done, true)
  assert.equal(scanner.scan(Buffer.from('GET'), 0, 3), 0)
})
