import assert from 'node:assert/strict'
import { test } from 'node:test'
import { H, headErrorOf, parseRequestHead, requestBodyKind, requestLimits } from '../src/index.ts'
import { accept, head, lines, parse, refusal, withFields } from './parse-head.ts'

test('a header line is name, colon and a value without control characters', () => {
  const cases: readonly [string, string][] = [
    ['Name : v', 'BAD_HEADER_NAME'],
    ['Na me: v', 'BAD_HEADER_NAME'],
    [': v', 'BAD_HEADER_NAME'],
    ['Name', 'BAD_HEADER_NAME'],
    ['N\xe9: v', 'BAD_HEADER_NAME'],
    ['A: b\r\n folded', 'OBS_FOLD'],
    ['A: b\r\n\tfolded', 'OBS_FOLD'],
    ['A: b\0c', 'BAD_HEADER_VALUE'],
    ['A: b\x7f', 'BAD_HEADER_VALUE'],
    ['A: b\x0b', 'BAD_HEADER_VALUE'],
    ['A: b\x1b[0m', 'BAD_HEADER_VALUE'],
    ['A: b\rc', 'BARE_CR'],
    ['A: b\nC: d', 'BARE_LF'],
    ['A\n: b', 'BARE_LF'],
    ['A: 12345678\x0112345678', 'BAD_HEADER_VALUE'],
  ]
  for (const [line, name] of cases) assert.equal(refusal(withFields(line)), name, JSON.stringify(line))
  assert.equal(refusal('GET / HTTP/1.1\r\n Host: h\r\n\r\n'), 'BAD_HEADER_NAME')
  assert.equal(refusal('GET / HTTP/1.1\r\nHost: h\r\n\rX'), 'BARE_CR')
})

test('header tables hold names, trimmed values and whole lines in order', () => {
  const buffer = accept(withFields('A:b', 'A: \t c d \t', 'Empty:', 'Blank: \t ', 'Tab: a\tb', 'Obs: \xe9\xff'))
  const read = (start: Int32Array, end: Int32Array): string[] =>
    Array.from({ length: head.headerCount }, (_, i) => buffer.toString('latin1', start[i], end[i]))
  assert.deepEqual(read(head.nameStart, head.nameEnd), ['Host', 'A', 'A', 'Empty', 'Blank', 'Tab', 'Obs'])
  assert.deepEqual(read(head.valueStart, head.valueEnd), ['h', 'b', 'c d', '', '', 'a\tb', '\xe9\xff'])
  assert.equal(read(head.nameStart, head.lineEnd)[2], 'A: \t c d \t\r\n')
  assert.equal(head.lineEnd[head.headerCount - 1], head.fieldsEnd)
  assert.equal(buffer.toString('latin1', head.fieldsEnd, head.fieldsEnd + 2), '\r\n')
  assert.equal(head.find(H.host), 0)
  assert.equal(head.find(H.cookie), -1)
})

test('Host must be there once and well-formed, and may differ from an absolute target', () => {
  assert.equal(refusal(lines('GET / HTTP/1.1')), 'HOST_MISSING')
  assert.equal(refusal(lines('GET http://h/ HTTP/1.1', 'A: b')), 'HOST_MISSING')
  assert.equal(refusal(lines('GET / HTTP/1.1', 'Host: h', 'hOST: h')), 'HOST_REPEATED')
  assert.equal(refusal(lines('GET / HTTP/1.0', 'Host: h', 'Host: h')), 'HOST_REPEATED')
  for (const value of ['a b', 'a,b', 'u@h', 'h:x', 'h:99999', 'http://h', 'h/', 'h?', '[::1', 'h%00']) {
    assert.equal(refusal(lines('GET / HTTP/1.1', `Host: ${value}`)), 'BAD_HOST', value)
    assert.equal(refusal(lines('GET http://h/ HTTP/1.1', `Host: ${value}`)), 'BAD_HOST', value)
  }
  accept(lines('GET http://h/ HTTP/1.1', 'Host:'))
  accept(lines('GET http://h/ HTTP/1.1', 'Host: elsewhere:1'))
})

test('framing that two parsers could read differently is refused', () => {
  const cases: readonly [readonly string[], string, number][] = [
    [['Content-Length: 1', 'Transfer-Encoding: chunked'], 'LENGTH_AND_CODING', 400],
    [['Transfer-Encoding: chunked', 'Content-Length: 0'], 'LENGTH_AND_CODING', 400],
    [['Content-Length: 1', 'Content-Length: 1'], 'CONTENT_LENGTH_REPEATED', 400],
    [['Content-Length: 1', 'Content-Length: 2'], 'CONTENT_LENGTH_REPEATED', 400],
    [['Content-Length: 1, 1'], 'CONTENT_LENGTH_REPEATED', 400],
    [['Content-Length:'], 'BAD_CONTENT_LENGTH', 400],
    [['Content-Length: +1'], 'BAD_CONTENT_LENGTH', 400],
    [['Content-Length: -1'], 'BAD_CONTENT_LENGTH', 400],
    [['Content-Length: 0x10'], 'BAD_CONTENT_LENGTH', 400],
    [['Content-Length: 1 1'], 'BAD_CONTENT_LENGTH', 400],
    [['Content-Length: 1.0'], 'BAD_CONTENT_LENGTH', 400],
    [['Content-Length: 9007199254740992'], 'BAD_CONTENT_LENGTH', 400],
    [['Content-Length: 1\t'], 'BAD_CONTENT_LENGTH', 400],
    [['Content-Length:\t1'], 'BAD_CONTENT_LENGTH', 400],
    [['Transfer-Encoding: chunked\t'], 'TRANSFER_CODING_INVALID', 400],
    [['Transfer-Encoding:\tchunked'], 'TRANSFER_CODING_INVALID', 400],
    [['Content-Length: 99999999999999999999999999'], 'BAD_CONTENT_LENGTH', 400],
    [['Transfer-Encoding: gzip'], 'TRANSFER_CODING_UNKNOWN', 501],
    [['Transfer-Encoding: gzip, chunked'], 'TRANSFER_CODING_UNKNOWN', 501],
    [['Transfer-Encoding: identity'], 'TRANSFER_CODING_UNKNOWN', 501],
    [['Transfer-Encoding: xchunked'], 'TRANSFER_CODING_UNKNOWN', 501],
    [['Transfer-Encoding: "chunked"'], 'TRANSFER_CODING_UNKNOWN', 501],
    [['Transfer-Encoding: chunked, gzip'], 'TRANSFER_CODING_INVALID', 400],
    [['Transfer-Encoding: chunked, chunked'], 'TRANSFER_CODING_INVALID', 400],
    [['Transfer-Encoding: chunked,'], 'TRANSFER_CODING_INVALID', 400],
    [['Transfer-Encoding:'], 'TRANSFER_CODING_INVALID', 400],
    [['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], 'TRANSFER_CODING_INVALID', 400],
    [['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'], 'TRANSFER_CODING_INVALID', 400],
    [['Transfer-Encoding: chunked;q=1'], 'TRANSFER_CODING_UNKNOWN', 501],
  ]
  for (const [fields, name, status] of cases) {
    const { result } = parse(withFields(...fields))
    assert.equal(result < 0 ? headErrorOf(result).name : result, name, fields.join(' | '))
    assert.equal(headErrorOf(result).status, status)
  }
  const old = lines('POST / HTTP/1.0', 'Transfer-Encoding: chunked')
  assert.equal(refusal(old), 'TRANSFER_CODING_INVALID')
})

test('the body of a request is delimited by its length, by chunks, or is absent', () => {
  accept(withFields('content-LENGTH:  007 '))
  assert.deepEqual([head.contentLength, head.chunked, head.hasBody, requestBodyKind(head)], [7, false, true, 1])
  accept(withFields('Content-Length: 9007199254740991'))
  assert.equal(head.contentLength, Number.MAX_SAFE_INTEGER)
  accept(withFields('Transfer-Encoding: Chunked'))
  assert.deepEqual([head.contentLength, head.chunked, head.hasBody, requestBodyKind(head)], [-1, true, true, 2])
  accept(withFields('Content-Length: 0'))
  assert.deepEqual([head.contentLength, head.hasBody, requestBodyKind(head)], [0, false, 0])
  accept(withFields())
  assert.deepEqual([head.contentLength, head.chunked, head.hasBody, requestBodyKind(head)], [-1, false, false, 0])
})

test('a connection is kept as version and Connection say, and close wins', () => {
  const cases: readonly [string, readonly string[], boolean][] = [
    ['1.1', [], true],
    ['1.1', ['Connection: close'], false],
    ['1.1', ['Connection: Keep-Alive'], true],
    ['1.1', ['Connection: keep-alive, close'], false],
    ['1.1', ['Connection: close', 'Connection: keep-alive'], false],
    ['1.1', ['Connection: , ,CLOSE,'], false],
    ['1.1', ['Connection: closed'], true],
    ['1.0', [], false],
    ['1.0', ['Connection: keep-alive'], true],
    ['1.0', ['Connection: close, keep-alive'], false],
  ]
  for (const [version, fields, expected] of cases) {
    accept(lines(`GET / HTTP/${version}`, 'Host: h', ...fields))
    assert.equal(head.keepAlive, expected, `${version} ${fields}`)
  }
})

test('fields that Connection names are marked, framing fields never', () => {
  const buffer = accept(
    withFields(
      'Connection: X-One, te',
      'x-one: 1',
      'TE: trailers',
      'X-Two: 2',
      'connection: x-TWO, Content-Length, host',
      'Content-Length: 3',
    ),
  )
  const marked = []
  for (let i = 0; i < head.headerCount; i++) {
    if (head.isConnectionListed(i)) marked.push(buffer.toString('latin1', head.nameStart[i], head.nameEnd[i]))
  }
  assert.deepEqual(marked, ['x-one', 'TE', 'X-Two'])
  accept(withFields('X-One: 1', 'Connection: keep-alive'))
  assert.equal(head.isConnectionListed(1), false)
  assert.equal(refusal(withFields(`Connection: ${'a,'.repeat(65)}`)), 'TOO_MANY_CONNECTION_OPTIONS')
})

test('an upgrade needs the option, the field and HTTP/1.1', () => {
  accept(withFields('Connection: Upgrade', 'Upgrade: WebSocket'))
  assert.deepEqual([head.upgrade, head.upgradeIsWebSocket], [true, true])
  accept(withFields('Connection: keep-alive, upgrade', 'Upgrade: h2c'))
  assert.deepEqual([head.upgrade, head.upgradeIsWebSocket], [true, false])
  accept(withFields('Upgrade: websocket'))
  assert.deepEqual([head.upgrade, head.upgradeIsWebSocket], [false, false])
  accept(withFields('Connection: upgrade'))
  assert.equal(head.upgrade, false)
  accept(lines('GET / HTTP/1.0', 'Connection: upgrade', 'Upgrade: websocket'))
  assert.deepEqual([head.upgrade, head.upgradeIsWebSocket], [false, false])
})

test('100-continue is expected only by HTTP/1.1', () => {
  accept(withFields('Expect: 100-Continue', 'Content-Length: 1'))
  assert.equal(head.expectContinue, true)
  accept(withFields('Expect: something'))
  assert.equal(head.expectContinue, false)
  accept(lines('POST / HTTP/1.0', 'Expect: 100-continue', 'Content-Length: 1'))
  assert.equal(head.expectContinue, false)
})

test('a TLS ClientHello is recognised by its first byte', () => {
  const hello = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00])
  assert.equal(headErrorOf(parseRequestHead(hello, 0, 1, head, requestLimits)).name, 'TLS_CLIENT_HELLO')
})

test('every field that the data plane acts on is recognised in any case, and its neighbours are not', () => {
  const names: readonly [string, number][] = [
    ['Host', H.host],
    ['Content-Length', H.contentLength],
    ['Transfer-Encoding', H.transferEncoding],
    ['Connection', H.connection],
    ['Keep-Alive', H.keepAlive],
    ['Upgrade', H.upgrade],
    ['Expect', H.expect],
    ['TE', H.te],
    ['Trailer', H.trailer],
    ['Proxy-Connection', H.proxyConnection],
    ['Proxy-Authorization', H.proxyAuthorization],
    ['Proxy-Authenticate', H.proxyAuthenticate],
    ['Authorization', H.authorization],
    ['SAP-Connectivity-Authentication', H.sapConnectivityAuthentication],
    ['SAP-Connectivity-Technical-Authentication', H.sapConnectivityTechnicalAuthentication],
    ['SAP-Connectivity-SCC-Location_ID', H.sapLocationId],
    ['SAP-CP-Connectivity-Service-Token', H.sapServiceToken],
    ['SAP-Connectivity-ConsumerAccount', H.sapConsumerAccount],
    ['SAP-Connectivity-Region-Configuration-Id', H.sapConnectivityOther],
    ['SAP-Connectivity-SCC-Location-ID', H.sapConnectivityOther],
    ['SAP-Connectivity-X', H.sapConnectivityOther],
    ['SAP-Connectivity-', H.other],
    ['SSL_CLIENT_CERT', H.sslClientCert],
    ['SSL-Client-Cert', H.sslClientCert],
    ['X-Forwarded-Host', H.xForwardedHost],
    ['X-Forwarded-For', H.xForwardedFor],
    ['Location', H.location],
    ['Set-Cookie', H.setCookie],
    ['Cookie', H.cookie],
    ['Date', H.date],
    ['Server', H.server],
    ['Traceparent', H.traceparent],
    ['Content_Length', H.other],
    ['Content-Lengths', H.other],
    ['Accept', H.other],
    ['X', H.other],
  ]
  for (const [name, id] of names) {
    for (const text of [name, name.toLowerCase(), name.toUpperCase()]) {
      const value = id === H.contentLength ? '1' : id === H.transferEncoding ? 'chunked' : 'x'
      accept(lines('GET / HTTP/1.1', id === H.host ? 'Accept: */*' : 'Host: h', `${text}: ${value}`))
      assert.equal(head.headerId[1], id, text)
      assert.equal(head.find(id, 1), 1, text)
    }
  }
})

test('a reused head keeps nothing of the request before', () => {
  accept(
    withFields(
      'Content-Length: 5',
      'Connection: close, upgrade, x',
      'Upgrade: websocket',
      'X: y',
      'Expect: 100-continue',
    ),
  )
  accept(lines('GET /x HTTP/1.1', 'Host: h', 'X: y'))
  const { contentLength, keepAlive, upgrade, upgradeIsWebSocket, expectContinue, hasBody, headerCount } = head
  assert.deepEqual(
    { contentLength, keepAlive, upgrade, upgradeIsWebSocket, expectContinue, hasBody, headerCount },
    {
      contentLength: -1,
      keepAlive: true,
      upgrade: false,
      upgradeIsWebSocket: false,
      expectContinue: false,
      hasBody: false,
      headerCount: 2,
    },
  )
  assert.equal(head.isConnectionListed(1), false)
  assert.equal(head.find(H.upgrade), -1)
})
