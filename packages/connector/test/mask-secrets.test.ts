import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '@landbridge/kernel'
import { StreamKind } from '@landbridge/tunnel'
import { ExchangeTrace } from '../src/trace/exchange-trace.ts'
import { httpLines } from '../src/trace/http-text.ts'
import { maskHead, maskSecrets } from '../src/trace/mask-secrets.ts'

const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJib2IifQ.c2VjcmV0'

test('secrets are masked by form and by name, in JSON, forms, XML and addresses, cut off too', () => {
  for (const text of [
    `token=${jwt}`,
    jwt.slice(0, 30),
    '{"client_secret":"s3cret"}',
    '{"Password" : "s3\\"cret"}',
    '{"password":"s3cret',
    '{"accessToken":s3cret}',
    "{'api_key': 's3cret'}",
    'text of \\"refresh_token\\":\\"s3cret\\" in a string',
    'grant_type=password&password=s3cret&x=1',
    'a=1&client_secret=s3cret',
    '/callback?code=s3cret&state=1',
    'SAMLResponse=s3cret',
    '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\ns3cret\r\nczNj\r\n--b--',
    '--b\r\nContent-Disposition: form-data; name="client_secret"; filename="f"\r\nContent-Type: x/y\r\n\r\ns3cret',
    '<wsse:Password Type="x">s3cret</wsse:Password>',
    '<saml:assertion>s3cret',
    'https://bob:s3cret@host/path',
    'Authorization was Basic czNjcmV0czNjcmV0',
    '-----BEGIN RSA PRIVATE KEY-----\ns3cret\n-----END RSA PRIVATE KEY-----',
    '-----BEGIN PRIVATE KEY-----\ns3cret',
  ]) {
    const masked = maskSecrets(text)
    assert.doesNotMatch(masked, /s3|eyJ|czNj|c2Vj/, text)
    assert.match(masked, /\*\*\*/, text)
  }
})

test('what is no secret stays readable', () => {
  for (const text of [
    '{"order":"4711","qty":3}',
    'GET /a/b?page=2 HTTP/1.1',
    '<name>pump</name>',
    'http://host:80/a@b',
  ])
    assert.equal(maskSecrets(text), text)
})

test('fields of a head are masked by name, folded lines with them', () => {
  const lines = [
    'GET / HTTP/1.1',
    'Cookie: a=1;',
    '  b=2',
    'Accept: x',
    'SAP-Connectivity-Authentication: x',
    'no colon',
  ]
  assert.deepEqual(maskHead(lines), [
    ...['GET / HTTP/1.1', 'Cookie: ***', '***', 'Accept: x', 'SAP-Connectivity-Authentication: ***', 'no colon'],
  ])
})

test('no text makes masking slow', () => {
  const started = process.cpuUsage()
  for (const piece of [
    '<password',
    '"password',
    'password=',
    '&a',
    'eyJa',
    '-----BEGIN ',
    '//a:',
    '\\"token',
    'Basic ',
    '?',
    ';token',
    'name="password"\n',
    'name="password"\n\n-',
  ])
    maskSecrets(piece.repeat(Math.ceil(65_536 / piece.length)))
  // Generous: what grows with the square takes minutes.
  assert.ok(process.cpuUsage(started).user < 10_000_000)
})

test('a body in pieces of one byte takes no more memory than the trace may have, and gives it back', () => {
  const texts: string[] = []
  const budget = { bytes: 100_000 }
  const preface = { virtualHost: 'v', virtualPort: 80, userToken: '', technicalToken: '', traceId: '', clientId: '' }
  const http = { ...preface, kind: StreamKind.http }
  const trace = { write: (text: string) => void texts.push(text) }
  const exchange = new ExchangeTrace(trace, budget, new ManualClock(), http, 1, () => {})
  for (let n = 0; n < 10_000; n++) exchange.received(Buffer.from('x'))
  assert.ok(budget.bytes >= 0 && budget.bytes < 200)
  exchange.finish('complete')
  assert.equal(budget.bytes, 100_000)
  assert.match(texts.join(''), /\(\d{4} bytes more are not kept\)/)
})

test('a message cut off at any byte is told as far as it goes', () => {
  const whole = Buffer.from(
    `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{"password":"s3c\r\n4\r\nret"\r\n1\r\n}\r\n0\r\n\r\n`,
  )
  for (let length = 0; length <= whole.length; length++)
    assert.doesNotMatch(httpLines(whole.subarray(0, length)).join('\n'), /s3c|ret/)
  assert.deepEqual(httpLines(whole), [
    ...['HTTP/1.1 103 Early Hints', 'Link: x', ''],
    ...['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '{"password":"***"}'],
  ])
  const upgraded = Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nframes')
  assert.equal(httpLines(upgraded).at(-1), '(6 bytes of another protocol)')
})
