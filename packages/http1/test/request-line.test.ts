import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headErrorOf, Method, Scheme, TargetForm } from '../src/index.ts'
import { accept, head, lines, parse, refusal } from './parse-head.ts'

test('an absolute target is taken apart into scheme, host, port and path', () => {
  const cases: readonly [string, number, string, number, string][] = [
    ['http://erp.virtual:1234/sap/ping?x=1', Scheme.http, 'erp.virtual', 1234, '/sap/ping?x=1'],
    ['HTTP://ERP/', Scheme.http, 'ERP', -1, '/'],
    ['http://erp', Scheme.http, 'erp', -1, ''],
    ['http://erp:/x', Scheme.http, 'erp', -1, '/x'],
    ['http://erp:80?q=/a:b', Scheme.http, 'erp', 80, '?q=/a:b'],
    ['https://erp:443/', Scheme.https, 'erp', 443, '/'],
    ['ftp://erp/', Scheme.other, 'erp', -1, '/'],
    ['http://[::1]:65535/x', Scheme.http, '[::1]', 65_535, '/x'],
    ['http://10.0.0.1:08080/', Scheme.http, '10.0.0.1', 8080, '/'],
    ['http://under_score.x/', Scheme.http, 'under_score.x', -1, '/'],
    ['http://erp//a//b?c?d', Scheme.http, 'erp', -1, '//a//b?c?d'],
  ]
  for (const [target, scheme, host, port, path] of cases) {
    const buffer = accept(lines(`GET ${target} HTTP/1.1`, 'Host: other:1'))
    assert.equal(head.targetForm, TargetForm.absolute, target)
    assert.equal(head.scheme, scheme, target)
    assert.equal(buffer.toString('latin1', head.hostStart, head.hostEnd), host, target)
    assert.equal(head.port, port, target)
    assert.equal(buffer.toString('latin1', head.pathStart, head.pathEnd), path, target)
  }
})

test('the other target forms belong to their methods and take the host from Host', () => {
  let buffer = accept(lines('GET /a?b HTTP/1.1', 'host: erp:8000'))
  assert.equal(head.targetForm, TargetForm.origin)
  assert.equal(buffer.toString('latin1', head.hostStart, head.hostEnd), 'erp')
  assert.equal(head.port, 8000)
  assert.equal(buffer.toString('latin1', head.pathStart, head.pathEnd), '/a?b')
  buffer = accept(lines('CONNECT erp:443 HTTP/1.1', 'Host: x'))
  assert.equal(head.targetForm, TargetForm.authority)
  assert.equal(head.method, Method.connect)
  assert.equal(buffer.toString('latin1', head.hostStart, head.hostEnd), 'erp')
  assert.equal(head.port, 443)
  buffer = accept(lines('OPTIONS * HTTP/1.1', 'Host: erp'))
  assert.equal(head.targetForm, TargetForm.asterisk)
  assert.equal(buffer.toString('latin1', head.hostStart, head.hostEnd), 'erp')
  accept(lines('GET / HTTP/1.0'))
  assert.equal(head.hostStart, head.hostEnd)
  assert.equal(head.port, -1)
})

test('a target that could be read in two ways is refused', () => {
  const targets = [
    'http:///x',
    'http://:80/',
    'http://user@erp/',
    'http://user:secret@erp:80/',
    'http://erp:65536/',
    'http://erp:80a/',
    'http://erp:-1/',
    'http://erp:000080/',
    'http://er%70/',
    'http://[::1/',
    'http://[]/',
    'http://[::1]x/',
    'http:/erp/',
    'http:erp',
    'erp:80',
    'erp/path',
    '*',
    '://erp/',
    '/a#b',
    'http://erp/#',
    '/caf\xe9',
    '/a\tb',
    '/a\x00b',
    '/a\x7f',
    'http://erp\\@evil/',
  ]
  for (const target of targets) assert.equal(refusal(lines(`GET ${target} HTTP/1.1`, 'Host: h')), 'BAD_TARGET', target)
  for (const target of ['erp', 'erp:', ':443', '/x', 'http://erp:443/', 'u@erp:443']) {
    assert.equal(refusal(lines(`CONNECT ${target} HTTP/1.1`, 'Host: h')), 'BAD_TARGET', target)
  }
})

test('a malformed request line is refused with the status that fits', () => {
  const cases: readonly [string, string, number][] = [
    [' GET / HTTP/1.1', 'BAD_REQUEST_LINE', 400],
    ['GET  / HTTP/1.1', 'BAD_TARGET', 400],
    ['GET / ', 'BAD_VERSION', 400],
    ['GET /', 'BAD_REQUEST_LINE', 400],
    ['GET', 'BAD_REQUEST_LINE', 400],
    ['G@T / HTTP/1.1', 'BAD_REQUEST_LINE', 400],
    ['GET /  HTTP/1.1', 'BAD_VERSION', 400],
    ['GET / HTTP/1.1 ', 'BAD_VERSION', 400],
    ['GET / HTTP/1.1\t', 'BAD_VERSION', 400],
    ['GET / HTTP/1.11', 'BAD_VERSION', 400],
    ['GET / http/1.1', 'BAD_VERSION', 400],
    ['GET / HTTP/11', 'BAD_VERSION', 400],
    ['GET /a b HTTP/1.1', 'BAD_VERSION', 400],
    ['GET\t/ HTTP/1.1', 'BAD_REQUEST_LINE', 400],
    ['GET / HTTP/2.0', 'UNSUPPORTED_VERSION', 505],
    ['GET / HTTP/1.2', 'UNSUPPORTED_VERSION', 505],
    ['GET / HTTP/0.9', 'UNSUPPORTED_VERSION', 505],
    ['PRI * HTTP/2.0', 'BAD_TARGET', 400],
    ['\r\n\r\nGET / HTTP/1.1', 'BAD_REQUEST_LINE', 400],
    ['\nGET / HTTP/1.1', 'BAD_REQUEST_LINE', 400],
    ['\rGET / HTTP/1.1', 'BARE_CR', 400],
    ['GET / HTTP/1.1\rHost: h', 'BARE_CR', 400],
    ['GET / HTTP/1.1\nHost: h', 'BARE_LF', 400],
  ]
  for (const [line, name, status] of cases) {
    const { result } = parse(lines(line, 'Host: h'))
    assert.equal(result < 0 ? headErrorOf(result).name : result, name, JSON.stringify(line))
    assert.equal(headErrorOf(result).status, status)
  }
})

test('one empty line in front of a request is forgiven', () => {
  const buffer = accept(`\r\n${lines('GET / HTTP/1.1', 'Host: h')}`)
  assert.equal(buffer.toString('latin1', head.methodStart, head.methodEnd), 'GET')
})

test('methods are case-sensitive and unknown ones keep their name', () => {
  for (const [name, code] of Object.entries(Method)) {
    if (name === 'other') continue
    const target = name === 'connect' ? 'h:1' : '/'
    accept(lines(`${name.toUpperCase()} ${target} HTTP/1.1`, 'Host: h'))
    assert.equal(head.method, code)
  }
  for (const name of ['get', 'Get', 'GETS', 'MERGE', 'PROPFIND', 'X-!#$']) {
    const buffer = accept(lines(`${name} / HTTP/1.1`, 'Host: h'))
    assert.equal(head.method, Method.other)
    assert.equal(buffer.toString('latin1', head.methodStart, head.methodEnd), name)
  }
})
