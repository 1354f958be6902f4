import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileAccess, type HostInHeader, type Protocol, type System } from '@landbridge/access'
import { parseRequestHead, RequestHead, requestLimits } from '@landbridge/http1'
import { type IdentityHeaders, rewriteRequestHead, rewriteSlack } from '../src/http/request-rewrite.ts'

interface Wish {
  readonly hostInHeader?: HostInHeader
  readonly protocol?: Protocol
  readonly internalHost?: string
  readonly internalPort?: string
}

function system(wish: Wish): System {
  const found = compileAccess([
    {
      virtualHost: 'web',
      virtualPort: '80',
      internalHost: 'erp.corp',
      internalPort: '8000',
      protocol: 'HTTP',
      backendType: 'nonSAPsys',
      authenticationMode: 'NONE',
      hostInHeader: 'virtual',
      allowedClients: [],
      blockedUsers: [],
      createdAtMs: 0,
      resources: [],
      ...wish,
    },
  ]).findSystem('web', 80)
  assert.ok(found)
  return found
}

/** The head as the backend sees it. */
function rewritten(text: string, wish: Wish = {}, identity: IdentityHeaders | null = null): string {
  const source = Buffer.from(`..${text}`, 'latin1')
  const head = new RequestHead()
  assert.equal(parseRequestHead(source, 2, source.length, head, requestLimits), source.length)
  const target = Buffer.alloc(source.length + rewriteSlack + (identity?.lines.length ?? 0))
  const end = rewriteRequestHead(source, 2, head, system(wish), identity, target)
  return target.toString('latin1', 0, end)
}

test('with the virtual host in the header a request without headers of this hop keeps every byte (SCC-208, SCC-222)', () => {
  const plain =
    'PATCH /a%2fb;c?d=<>&e HTTP/1.1\r\nX-First:1\r\nhOST:  WEB:80 \r\nX-Last: gr\xfc\xdfe\r\nContent-Length: 1\r\n\r\n'
  assert.equal(rewritten(plain), plain)
  const old = 'GET / HTTP/1.0\r\nHost: web\r\n\r\n'
  assert.equal(rewritten(old), old)
})

test('with the internal host in the header its port appears unless it is the standard one of the protocol (SCC-209)', () => {
  const cases: readonly (readonly [Wish, string])[] = [
    [{}, 'erp.corp:8000'],
    [{ internalPort: '80' }, 'erp.corp'],
    [{ internalPort: '443' }, 'erp.corp:443'],
    [{ internalPort: '443', protocol: 'HTTPS' }, 'erp.corp'],
    [{ internalPort: '80', protocol: 'HTTPS' }, 'erp.corp:80'],
    [{ internalHost: '10.0.0.5' }, '10.0.0.5:8000'],
    [{ internalHost: '2001:db8::1' }, '[2001:db8::1]:8000'],
  ]
  for (const [wish, host] of cases)
    assert.equal(
      rewritten('GET / HTTP/1.1\r\nHost: Web:80\r\nX-Forwarded-Host: evil\r\nX-A: 1\r\n\r\n', {
        hostInHeader: 'internal',
        ...wish,
      }),
      `GET / HTTP/1.1\r\nX-A: 1\r\nHost: ${host}\r\nX-Forwarded-Host: Web:80\r\n\r\n`,
    )
})

test('headers of this hop and of the platform never reach a backend, whoever sent them (SCC-215)', () => {
  const out = [
    'Connection: keep-alive, X-Hop',
    'X-Hop: 1',
    'Keep-Alive: 5',
    'Proxy-Connection: keep-alive',
    'Proxy-Authorization: Bearer x',
    'SAP-Connectivity-Authentication: Bearer x',
    'SAP-Connectivity-Technical-Authentication: Bearer x',
    'SAP-Connectivity-SCC-Location_ID: x',
    'SSL_CLIENT_CERT: x',
    'ssl_client_cert: x',
    'Upgrade: h2c',
  ]
  for (const line of out) {
    const head = ['GET / HTTP/1.1', 'Host: web', line, ...(line.startsWith('X-Hop') ? ['Connection: X-Hop'] : [])]
    assert.equal(rewritten(`${head.join('\r\n')}\r\n\r\n`), 'GET / HTTP/1.1\r\nHost: web\r\n\r\n', line)
  }
})

test('the identity of the caller comes last and only from the connector', () => {
  const identity = { lines: 'SSL_CLIENT_CERT: real\r\nX-User: ann\r\n' }
  assert.equal(
    rewritten('GET / HTTP/1.1\r\nSSL_CLIENT_CERT: forged\r\nHost: web\r\n\r\n', {}, identity),
    'GET / HTTP/1.1\r\nHost: web\r\nSSL_CLIENT_CERT: real\r\nX-User: ann\r\n\r\n',
  )
})

test('an upgrade to WebSocket is asked for again, any other is not', () => {
  assert.equal(
    rewritten('GET /ws HTTP/1.1\r\nHost: web\r\nConnection: x, upgrade\r\nUpgrade: WebSocket\r\nSec-A: 1\r\n\r\n'),
    'GET /ws HTTP/1.1\r\nHost: web\r\nSec-A: 1\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n',
  )
  assert.equal(
    rewritten('GET / HTTP/1.1\r\nHost: web\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'),
    'GET / HTTP/1.1\r\nHost: web\r\n\r\n',
  )
})

test('the longest names and the fullest head fit into the room that is promised', () => {
  const internalHost = `${'i'.repeat(60)}.${'j'.repeat(60)}.${'k'.repeat(60)}.${'l'.repeat(60)}.corp`
  const lines = Array.from({ length: 198 }, (_, index) => `X-${index}: ${'y'.repeat(200)}`).join('\r\n')
  const result = rewritten(`GET / HTTP/1.1\r\nHost: web\r\n${lines}\r\n\r\n`, {
    hostInHeader: 'internal',
    internalHost,
  })
  assert.ok(result.endsWith(`\r\nHost: ${internalHost}:8000\r\nX-Forwarded-Host: web\r\n\r\n`))
})
