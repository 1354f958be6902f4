import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DataPlane,
  type HttpHandler,
  mapping,
  startHttpBackend,
  startHttpsBackend,
  testAuthority,
} from '@landbridge/testkit'
import type { WirePlane } from './backend-calls.ts'
import { type Call, linesNamed, send, sendCall, withWireBackend } from './backend-calls.ts'

/** The request head that the backend receives for a call, as lines. The exchange is completed. */
async function received(wire: WirePlane, call: Call): Promise<readonly string[]> {
  const client = await wire.plane.client()
  await sendCall(wire.plane, client, call)
  const system = await wire.backend.accept()
  const head = await system.readHead()
  system.end('HTTP/1.1 204 No Content\r\n\r\n')
  await client.readAnswer()
  return head.split('\r\n').slice(0, -2)
}

test('with the virtual host in the header, backends receive the virtual host as the caller wrote it (SCC-208)', async () => {
  await using wire = await withWireBackend({ hostInHeader: 'virtual', internalHost: 'localhost' })
  for (const host of ['web:80', 'web', 'WEB:80']) {
    const lines = await received(wire, { url: `${host}/x` })
    assert.deepEqual(lines, ['GET /x HTTP/1.1', `Host: ${host}`])
  }
})

test('with the internal host in the header, the virtual one comes in X-Forwarded-Host (SCC-209)', async () => {
  await using wire = await withWireBackend({ hostInHeader: 'internal', internalHost: 'localhost' })
  for (const host of ['web:80', 'web', 'Web:80']) {
    const lines = await received(wire, { url: `${host}/x`, lines: ['X-A: 1'] })
    assert.deepEqual(lines, [
      'GET /x HTTP/1.1',
      'X-A: 1',
      `Host: localhost:${wire.backend.port}`,
      `X-Forwarded-Host: ${host}`,
    ])
  }
})

test('an X-Forwarded-Host of the caller never stands beside the one that the connector sets (SCC-209)', async () => {
  await using wire = await withWireBackend({ hostInHeader: 'internal', internalHost: 'localhost' })
  const forged = ['X-Forwarded-Host: evil.test', 'x-forwarded-host: other.test']
  const head = (await received(wire, { url: 'web:80/', lines: forged })).join('\r\n')
  assert.deepEqual(linesNamed(head, 'X-Forwarded-Host'), ['X-Forwarded-Host: web:80'])
  assert.deepEqual(linesNamed(head, 'Host'), [`Host: localhost:${wire.backend.port}`])
})

test('SSL_CLIENT_CERT of the caller is removed in all its spellings and every mode of authentication (SCC-215)', async () => {
  const forged = [
    'SSL_CLIENT_CERT: MII',
    'ssl_client_cert: MII',
    'Ssl_Client_Cert:MII',
    'Ssl-Client-Cert: MII',
    'SSL_CLIENT_CERT: ',
  ]
  await using wire = await withWireBackend()
  for (const authenticationMode of ['NONE', 'NONE_RESTRICTED', 'X509_GENERAL', 'X509_RESTRICTED', 'KERBEROS'] as const)
    for (const hostInHeader of ['virtual', 'internal'] as const) {
      wire.plane.connector.expose([mapping('web', wire.backend.port, { authenticationMode, hostInHeader })])
      const lines = await received(wire, { url: 'web:80/', lines: ['X-A: 1', ...forged, 'X-B: 2'] })
      assert.ok(!lines.some((line) => /^ssl.client.cert/i.test(line)), lines.join('\n'))
      assert.ok(lines.includes('X-A: 1') && lines.includes('X-B: 2'))
    }
})

test('all other headers reach the backend in order and as they are, and bodies both ways untouched (SCC-222)', async () => {
  await using wire = await withWireBackend()
  const lines = [
    'Accept: */*',
    'authorization: Basic dTpw',
    'Cookie: a=1; b="x y"',
    'cookie: c=3',
    'X-Empty:',
    'X-Spaces:   two  inside ',
    'X-Latin: gr\xfc\xdfe',
    'Forwarded: for=1.2.3.4;host=evil',
    'X-Forwarded-For: 1.2.3.4',
    'X-Forwarded-Proto: https',
    'Accept-Encoding: gzip, br',
    'TE: trailers',
    'If-None-Match: "x"',
    'Range: bytes=1-2',
    'User-Agent: old/0.9 (odd; "quoted")',
    'X-CSRF-Token: Fetch',
    'SAP-Client: 100',
    'Content-Encoding: gzip',
    'Via: 1.1 cache',
  ]
  const body = Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 7) % 256))
  const client = await wire.plane.client()
  await sendCall(wire.plane, client, { url: 'web:80/a%20b?q=%C3%BC&x=<>', method: 'PUT', lines, body })
  const system = await wire.backend.accept()
  const head = await system.readHead()
  assert.deepEqual(head.split('\r\n').slice(0, -2), [
    'PUT /a%20b?q=%C3%BC&x=<> HTTP/1.1',
    'Host: web:80',
    ...lines,
    `Content-Length: ${body.length}`,
  ])
  assert.ok((await system.read(body.length)).equals(body))
  // Content that would invite a proxy to rewrite it: an internal address in a page, compressed or not.
  const page = Buffer.concat([Buffer.from(`<a href="http://127.0.0.1:${wire.backend.port}/x">`), body])
  system.send(
    `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: ${page.length}\r\n\r\n`,
  )
  system.send(page)
  const answer = await client.readAnswer()
  assert.ok(answer.body.equals(page))
  assert.deepEqual(answer.lines, [
    'Content-Type: text/html',
    'Content-Encoding: gzip',
    `Content-Length: ${page.length}`,
  ])
})

test('the protocol of the mapping decides how the backend is called, whatever port the URL names (SCC-197)', async () => {
  const ca = await testAuthority()
  const identity = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 })
  const answer: HttpHandler = (request, response) =>
    response.end('encrypted' in request.socket ? 'over TLS' : 'over TCP')
  const secure = await startHttpsBackend(identity, answer)
  const plain = await startHttpBackend(answer)
  const mappings = ['80', '443', '8443'].flatMap((virtualPort) => [
    mapping('secure', secure.port, { protocol: 'HTTPS', virtualPort }),
    mapping('plain', plain.port, { virtualPort }),
  ])
  const trust = { trustAllBackends: false, certificates: [ca.certificatePem] }
  await using plane = await DataPlane.start({ connector: { mappings, trust } })
  plane.defer(() => Promise.all([secure.close(), plain.close()]))
  for (const port of ['80', '443', '8443']) {
    assert.equal((await send(plane, { url: `secure:${port}/` })).body.toString(), 'over TLS')
    assert.equal((await send(plane, { url: `plain:${port}/` })).body.toString(), 'over TCP')
  }
})
