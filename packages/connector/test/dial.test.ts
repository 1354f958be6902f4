import assert from 'node:assert/strict'
import dns from 'node:dns/promises'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { after, afterEach, before, mock, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { LocalCa } from '@landbridge/identity'
import { isPlatformError, Secret } from '@landbridge/kernel'
import { freePort } from '@landbridge/testkit'
import { dialTls } from '../src/index.ts'

const serverName = 'connectivitytunnel.region.example.test'
const alpn = ['landbridge/1']
const ca = await LocalCa.create({ subject: { CN: 'Region CA' } })
const identity = await ca.issueServer({ dnsNames: [serverName], days: 1 })
const closers: (() => void)[] = []
let port = 0

/** How many connections each address got. */
const reached = new Map<string, number>()

before(async () => {
  // Free on the other addresses, too.
  port = await listen(tlsServer(), '127.0.0.2', await freePort())
})
afterEach(() => {
  mock.restoreAll()
  reached.clear()
})
after(() => {
  for (const close of closers) close()
})

function tlsServer(protocols: readonly string[] = alpn): Server {
  const server = createTlsServer({ ...identity, ALPNProtocols: [...protocols] }, (socket) => {
    socket.on('error', () => {}).resume()
  })
  server.on('connection', ({ localAddress = '' }) => reached.set(localAddress, (reached.get(localAddress) ?? 0) + 1))
  return server.on('tlsClientError', () => {})
}

async function listen(server: Server, host: string, on = 0): Promise<number> {
  const sockets = new Set<{ destroy(): unknown }>()
  server.on('connection', (socket) => sockets.add(socket))
  server.listen(on, host)
  await once(server, 'listening')
  closers.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function resolveTo(...addresses: readonly string[]): void {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  mock.method(dns, 'lookup', async () => found)
}

async function dial(more: Partial<Parameters<typeof dialTls>[0]> = {}): Promise<void> {
  const socket = await dialTls({ serverName, port, ca: ca.certificatePem, alpn, timeoutMs: 15_000, ...more })
  socket.destroy()
}

const refusedWith = (code: Parameters<typeof isPlatformError>[1], reason: RegExp) => (thrown: unknown) =>
  isPlatformError(thrown, code) && reason.test(JSON.stringify(thrown.facts))

test('connections to a name with several addresses are spread over them, and a dead one costs no connection (SCC-036)', async () => {
  await listen(tlsServer(), '127.0.0.3', port)
  resolveTo('127.0.0.2', '127.0.0.3')
  for (let n = 0; n < 6; n++) await dial()
  assert.deepEqual([reached.get('127.0.0.2'), reached.get('127.0.0.3')], [3, 3])
  // One refuses, one accepts and hangs up, one accepts and says nothing.
  await listen(
    createServer((socket) => socket.destroy()),
    '127.0.0.5',
    port,
  )
  await listen(
    createServer((socket) => socket.on('error', () => {})),
    '127.0.0.6',
    port,
  )
  for (const dead of ['127.0.0.4', '127.0.0.5', '127.0.0.6']) {
    resolveTo(dead, '127.0.0.3')
    reached.clear()
    await Promise.all([dial(), dial()])
    assert.equal(reached.get('127.0.0.3'), 2, dead)
  }
  resolveTo('127.0.0.4', '127.0.0.7')
  await assert.rejects(dial(), refusedWith('CLOUD_UNREACHABLE', /ECONNREFUSED/))
})

test('addresses of the family that the resolver prefers go first (SCC-036)', async () => {
  await listen(tlsServer(), '::1', port)
  resolveTo('127.0.0.2', '::1')
  for (let n = 0; n < 4; n++) await dial()
  assert.deepEqual([...reached], [['127.0.0.2', 4]])
})

test('each connection asks DNS anew (SCC-037)', async () => {
  resolveTo('127.0.0.4')
  await assert.rejects(dial(), refusedWith('CLOUD_UNREACHABLE', /ECONNREFUSED/))
  resolveTo('127.0.0.2')
  await dial()
  mock.method(dns, 'lookup', async () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })))
  await assert.rejects(dial(), refusedWith('CLOUD_UNREACHABLE', /ENOTFOUND/))
  mock.method(dns, 'lookup', () => new Promise(() => {}))
  await assert.rejects(dial({ timeoutMs: 50 }), refusedWith('CLOUD_UNREACHABLE', /no answer in time from the name/))
})

test('a certificate that is not believed is told with the name of who signed it (SCC-038, SCC-044)', async () => {
  const firewall = await LocalCa.create({ subject: { CN: 'Corporate\nFirewall' } })
  const forged = await firewall.issueServer({ dnsNames: [serverName], days: 1 })
  const server = createTlsServer({ ...forged, ALPNProtocols: alpn }).on('tlsClientError', () => {})
  const opened = await listen(server, '127.0.0.2')
  await assert.rejects(
    dial({ address: '127.0.0.2', port: opened }),
    refusedWith('CLOUD_UNTRUSTED', /Corporate.*Firewall/),
  )
})

test('a trusted server that does not speak the protocol is not the cloud side (SCC-044)', async () => {
  for (const protocols of [['http/1.1'], []]) {
    const other = await listen(tlsServer(protocols), '127.0.0.2')
    await assert.rejects(dial({ address: '127.0.0.2', port: other }), refusedWith('CLOUD_INTERCEPTED', /127\.0\.0\.2/))
  }
})

test('what an HTTPS proxy answers in place of a tunnel is told in words (SCC-040, SCC-041)', async () => {
  const answers: readonly (readonly [string, RegExp])[] = [
    ['HTTP/1.1 405 Method Not Allowed\r\n\r\n', /does not support CONNECT \(405\)/],
    ['HTTP/1.0 501 Not Implemented\r\n\r\n', /does not support CONNECT \(501\)/],
    ['HTTP/1.1 403 Forbidden\r\n\r\n', /does not allow connections/],
    ['HTTP/1.1 503 Unavailable\r\n\r\n', /cannot reach this address \(503\)/],
    ['HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n', /by NTLM only, the connector by Basic/],
    [
      'HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nproxy-authenticate: Basic realm="x"\r\n\r\n',
      /does not accept user/,
    ],
    ['HTTP/1.1 407 No\r\n\r\n', /does not accept user and password/],
    ['SSH-2.0-OpenSSH_9.6\r\n', /no HTTP proxy/],
    [`HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(4_000)}`, /no HTTP proxy/],
  ]
  for (const [answer, expected] of answers) {
    const heads: string[] = []
    const server = createServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', (head) => {
          heads.push(head.toString())
          socket.end(answer)
        })
    })
    const proxy = { host: '127.0.0.1', port: await listen(server, '127.0.0.1') }
    const credentials = { user: 'me', password: new Secret('pass:word') }
    await assert.rejects(dial({ proxy: { ...proxy, ...credentials } }), refusedWith('PROXY_REFUSED', expected), answer)
    assert.match(heads.join(), /^CONNECT [^\r]*\r\n[\s\S]*Proxy-Authorization: Basic bWU6cGFzczp3b3Jk\r\n/)
    assert.equal(heads.length, 1)
  }
  const gone = { host: '127.0.0.8', port }
  await assert.rejects(dial({ proxy: gone }), refusedWith('PROXY_UNREACHABLE', /127\.0\.0\.8.*ECONNREFUSED/))
})
