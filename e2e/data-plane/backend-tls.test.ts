import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { type DetailedPeerCertificate, TLSSocket } from 'node:tls'
import type { BackendTrust, SystemCertificate } from '@landbridge/connector'
import { LocalCa } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import {
  type ConnectorOptions,
  DataPlane,
  type HttpHandler,
  mapping,
  startHttpsBackend,
  startWireBackend,
  testAuthority,
} from '@landbridge/testkit'
import { send } from './backend-calls.ts'

const nobody: BackendTrust = { trustAllBackends: false, certificates: [] }
const anybody: BackendTrust = { trustAllBackends: true, certificates: [] }

/** Answers with the common names of the certificate chain that the connector presented, leaf first. */
const showClient: HttpHandler = (request, response) => {
  response.end(chainOf(request.socket).join(' < ') || 'nobody')
}

function chainOf(socket: unknown): string[] {
  assert.ok(socket instanceof TLSSocket)
  const chain: string[] = []
  let at: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true)
  // A root is its own issuer.
  for (let last = ''; at?.fingerprint256 !== undefined && at.fingerprint256 !== last; at = at.issuerCertificate) {
    chain.push(String(at.subject?.CN))
    last = at.fingerprint256
  }
  return chain
}

async function backendCertificate(ca?: LocalCa, name = 'localhost'): Promise<{ cert: string; key: string }> {
  const issuer = ca ?? (await testAuthority())
  return issuer.issueServer({ dnsNames: [name], ipAddresses: name === 'localhost' ? ['127.0.0.1'] : [], days: 1 })
}

async function trusting(ca?: LocalCa): Promise<BackendTrust> {
  return { trustAllBackends: false, certificates: [(ca ?? (await testAuthority())).certificatePem] }
}

async function systemCertificate(ca: LocalCa): Promise<SystemCertificate> {
  const { cert, key } = await ca.issueClient({ subject: { CN: 'connector' }, days: 1 })
  return { cert, key: new Secret(key) }
}

/** A data plane with one HTTPS backend behind `web:80`. */
async function withHttps(
  options: ConnectorOptions,
  tls: Parameters<typeof startHttpsBackend>[0] = {},
  handler: HttpHandler = showClient,
): Promise<{ plane: DataPlane; port: number; [Symbol.asyncDispose](): Promise<void> }> {
  const own = tls.cert === undefined ? await backendCertificate() : {}
  const backend = await startHttpsBackend({ ...own, ...tls }, handler)
  const mappings = [mapping('web', backend.port, { protocol: 'HTTPS', internalHost: 'localhost' })]
  const plane = await DataPlane.start({ connector: { mappings, ...options } })
  plane.defer(() => backend.close())
  return { plane, port: backend.port, [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose]() }
}

async function assertUntrusted(plane: DataPlane): Promise<void> {
  const answer = await send(plane, { url: 'web:80/' })
  assert.equal(answer.status, 502)
  assert.equal(answer.header('X-Landbridge-Error'), 'BACKEND_UNTRUSTED')
  assert.match(answer.body.toString(), /web:80 .*\n.*add the CA/)
}

test('with an empty truststore no HTTPS backend is believed, whoever signed its certificate, and none sees the request (SCC-139)', async () => {
  let requests = 0
  const count: HttpHandler = (_request, response) => {
    requests++
    response.end()
  }
  const other = await LocalCa.create({ subject: { CN: 'Other CA' } })
  for (const ca of [undefined, other]) {
    await using setup = await withHttps({ trust: nobody }, await backendCertificate(ca), count)
    await assertUntrusted(setup.plane)
  }
  // What a connector has unless it is told otherwise.
  await using setup = await withHttps({}, {}, count)
  await assertUntrusted(setup.plane)
  assert.equal(requests, 0)
})

test('a backend whose certificate chains to a CA in the truststore is accepted, others are not (SCC-140)', async () => {
  const own = await LocalCa.create({ subject: { CN: 'Company CA' } })
  const other = await LocalCa.create({ subject: { CN: 'Other CA' } })
  const certificate = await backendCertificate(own)
  for (const certificates of [[own.certificatePem], [other.certificatePem, own.certificatePem]]) {
    await using setup = await withHttps({ trust: { trustAllBackends: false, certificates } }, certificate)
    assert.equal((await send(setup.plane, { url: 'web:80/' })).status, 200)
  }
  await using foreign = await withHttps({ trust: await trusting(other) }, certificate)
  await assertUntrusted(foreign.plane)
  await using renamed = await withHttps({ trust: await trusting(own) }, await backendCertificate(own, 'elsewhere.test'))
  await assertUntrusted(renamed.plane)
  const ofClient = await own.issueClient({ subject: { CN: 'localhost' }, days: 1 })
  await using misused = await withHttps({ trust: await trusting(own) }, { cert: ofClient.cert, key: ofClient.key })
  await assertUntrusted(misused.plane)
})

test('a user certificate with which no connection can be made refuses its own request only', async () => {
  await using setup = await withHttps({ trust: await trusting() })
  const certificate = { cert: 'none', key: new Secret('none'), keyType: 'ec' }
  const propagate = async () => ({ kind: 'headers', headers: null, identity: { name: 'u', user: 'u', certificate } })
  Object.assign(setup.plane.connector.context, { propagate })
  const refused = await send(setup.plane, { url: 'web:80/' })
  assert.deepEqual([refused.status, refused.header('X-Landbridge-Error')], [502, 'IDENTITY_FAILED'])
  Object.assign(setup.plane.connector.context, { propagate: null })
  assert.equal((await send(setup.plane, { url: 'web:80/' })).status, 200)
})

test('a mapping to an IP address is checked against the addresses of the certificate', async () => {
  await using setup = await withHttps({ trust: await trusting() })
  setup.plane.connector.expose([mapping('web', setup.port, { protocol: 'HTTPS' })])
  assert.equal((await send(setup.plane, { url: 'web:80/' })).status, 200)
  await using nameOnly = await withHttps(
    { trust: await trusting() },
    await (await testAuthority()).issueServer({ dnsNames: ['localhost'], days: 1 }),
  )
  assert.equal((await send(nameOnly.plane, { url: 'web:80/' })).status, 200)
  nameOnly.plane.connector.expose([mapping('web', nameOnly.port, { protocol: 'HTTPS' })])
  await assertUntrusted(nameOnly.plane)
})

test('with trust in all backends a certificate of nobody is accepted, of another name as well', async () => {
  const other = await LocalCa.create({ subject: { CN: 'Other CA' } })
  await using setup = await withHttps({ trust: anybody }, await backendCertificate(other, 'elsewhere.test'))
  assert.equal((await send(setup.plane, { url: 'web:80/' })).status, 200)
})

test('a system certificate is presented with its chain to backends that require one and to those that ask (SCC-116)', async () => {
  const ca = await LocalCa.create({ subject: { CN: 'System CA' } })
  const options = { trust: await trusting(), systemCertificate: await systemCertificate(ca) }
  for (const rejectUnauthorized of [true, false])
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const asking = { requestCert: true, rejectUnauthorized, maxVersion }
      // Where the backend knows no authority, the issuer can only have come over the connection.
      await using setup = await withHttps(options, rejectUnauthorized ? { ...asking, ca: ca.certificatePem } : asking)
      const answer = await send(setup.plane, { url: 'web:80/' })
      assert.equal(answer.body.toString(), 'connector < System CA', JSON.stringify(asking))
    }
})

test('without a system certificate none is presented: a backend that asks goes on, one that requires it is a 502 (SCC-117)', async () => {
  const options = { trust: await trusting() }
  await using asking = await withHttps(options, { requestCert: true, rejectUnauthorized: false })
  assert.equal((await send(asking.plane, { url: 'web:80/' })).body.toString(), 'nobody')
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    await using requiring = await withHttps(options, { requestCert: true, rejectUnauthorized: true, maxVersion })
    const answer = await send(requiring.plane, { url: 'web:80/' })
    assert.equal(answer.status, 502)
  }
})

test('a change of trust or of the system certificate counts from the next request, over connections made before too', async () => {
  const ca = await LocalCa.create({ subject: { CN: 'System CA' } })
  const trust = await trusting()
  await using setup = await withHttps({ trust }, { requestCert: true, rejectUnauthorized: false })
  const { plane } = setup
  const { backends } = plane.connector.context
  const client = await plane.client()
  const ask = async (): Promise<string> => (await send(plane, { url: 'web:80/' }, client)).body.toString()
  assert.equal(await ask(), 'nobody')
  backends.secure({ trust, systemCertificate: await systemCertificate(ca) })
  assert.equal(await ask(), 'connector < System CA')
  backends.secure({ trust: nobody })
  assert.match(await ask(), /^The certificate of the internal system is not trusted: web:80/)
  backends.secure({ trust })
  assert.equal(await ask(), 'nobody')
})

test('a connection that was in use when trust changed carries no other request', async () => {
  const trust = await trusting()
  const sockets = new Set<unknown>()
  const answers: (() => void)[] = []
  let arrived = (): void => {}
  await using setup = await withHttps({ trust }, {}, (request, response) => {
    sockets.add(request.socket)
    answers.push(() => response.end('done'))
    arrived()
  })
  const { plane } = setup
  const client = await plane.client()
  for (const expected of [1, 1, 2]) {
    const isHere = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const answer = send(plane, { url: 'web:80/' }, client)
    await isHere
    // During the second exchange: its connection was made under the old trust.
    if (answers.length === 2) plane.connector.context.backends.secure({ trust: anybody })
    answers.at(-1)?.()
    assert.equal((await answer).body.toString(), 'done')
    assert.equal(sockets.size, expected)
  }
})

test('TLS connections are kept per identity: none carries requests of two users, each is used again by its own', async () => {
  const numbers = new Map<unknown, number>()
  await using setup = await withHttps(
    {
      trust: await trusting(),
      propagate: (_system, preface) => ({
        kind: 'headers',
        headers: { lines: `X-User: ${preface.userToken}\r\n` },
        identity: { name: preface.userToken, user: preface.userToken, certificate: null },
      }),
    },
    {},
    (request, response) => {
      const number = numbers.get(request.socket) ?? numbers.size
      numbers.set(request.socket, number)
      response.end(`${String(request.headers['x-user'])} ${number}`)
    },
  )
  const users = ['alice', 'bob', 'alice', 'carol', 'bob', 'alice']
  const seen: string[] = []
  for (const user of users) {
    const lines = [`SAP-Connectivity-Authentication: Bearer ${user}`]
    seen.push((await send(setup.plane, { url: 'web:80/', lines })).body.toString())
  }
  assert.deepEqual(seen, ['alice 0', 'bob 1', 'alice 0', 'carol 2', 'bob 1', 'alice 0'])
})

test('an HTTPS answer that ends while the tunnel is full leaves a connection that serves the next request (CP-063)', async () => {
  // Its last bytes are decrypted together with those that fill the tunnel: they come although reading has paused.
  const connections = new Set<unknown>()
  await using setup = await withHttps({ trust: await trusting() }, {}, (request, response) => {
    connections.add(request.socket)
    response.end(Buffer.alloc(Number(request.url?.slice(1)), 'x'))
  })
  const client = await setup.plane.client()
  for (let bytes = 240 * 1024; bytes < 400 * 1024; bytes += 5 * 1024) {
    assert.equal((await send(setup.plane, { url: `web:80/${bytes}` }, client)).body.length, bytes)
    assert.equal((await send(setup.plane, { url: 'web:80/5' }, client)).body.length, 5)
  }
  assert.equal(connections.size, 1)
})

test('HTTPS to a backend that speaks plain HTTP, and the other way round, is a 502 with a remedy', async () => {
  const plain = await startWireBackend()
  await using plane = await DataPlane.start({
    connector: { mappings: [mapping('web', plain.port, { protocol: 'HTTPS' })], trust: anybody },
  })
  plane.defer(() => plain.close())
  const answer = send(plane, { url: 'web:80/' })
  const peer = await plain.accept()
  await peer.read(1)
  peer.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
  assert.equal((await answer).status, 502)
  assert.equal((await answer).header('X-Landbridge-Error'), 'BACKEND_UNREACHABLE')
  await using secure = await withHttps({})
  secure.plane.connector.expose([mapping('web', secure.port)])
  const refused = await send(secure.plane, { url: 'web:80/' })
  // Node answers plain HTTP on a TLS port by closing; others send an alert, which is no HTTP.
  assert.equal(refused.status, 502)
})

test('the certificate that a backend sees is the one of the system, not of the tunnel', async () => {
  const ca = await LocalCa.create({ subject: { CN: 'System CA' } })
  const system = await systemCertificate(ca)
  const seen: string[] = []
  await using setup = await withHttps(
    { trust: await trusting(), systemCertificate: system },
    { requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      assert.ok(request.socket instanceof TLSSocket)
      seen.push(request.socket.getPeerX509Certificate()?.fingerprint256 ?? '')
      response.end()
    },
  )
  await send(setup.plane, { url: 'web:80/' })
  assert.deepEqual(seen, [new X509Certificate(system.cert).fingerprint256])
})
