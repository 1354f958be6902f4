import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from 'node:tls'
import { Destination } from '@landbridge/client'
import { rsaWithChain, selfSignedCertificate, type TestCertificate } from '@landbridge/testkit'
import { TargetAgents } from '../src/http/target-agents.ts'
import { startScene } from './scene.ts'
import { leadsTo } from './stand-in.ts'

const { proxy, put } = await startScene()
let server: Server
let own: TestCertificate
let port: number
const seen: {
  subject: string | undefined
  servername: string | undefined
  host: string | undefined
  version: string | null
}[] = []

before(async () => {
  own = await selfSignedCertificate(['localhost'])
  server = createServer(
    { cert: own.certificate, key: own.key, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const socket = request.socket as TLSSocket & { servername?: string }
      const { subject } = socket.getPeerCertificate()
      seen.push({
        subject: subject?.CN as string | undefined,
        servername: socket.servername,
        host: request.headers.host,
        version: socket.getProtocol(),
      })
      response.end('secure')
    },
  )
  await once(server.listen(0, '127.0.0.1'), 'listening')
  port = (server.address() as AddressInfo).port
})

after(async () => {
  server.closeAllConnections()
  server.close()
})

async function call(
  host: string,
  more: Readonly<Record<string, string>>,
  files: Readonly<Record<string, Buffer | string>> = {},
) {
  const certificates = Object.entries(files).map(([Name, content]) => ({
    Name,
    Type: 'CERTIFICATE',
    Content: Buffer.from(content).toString('base64'),
  }))
  const name = put({ ...leadsTo(`https://${host}:${port}`, more), certificates })
  const { status, headers } = await proxy.call('gateway.shop', '/', { headers: ['X-Destination-Name', name] })
  return { status, message: String(headers['x-error-message'] ?? ''), seen: seen.at(-1) }
}

test('the certificate of a target is checked against the trust store of the destination, else against the usual authorities (TP-073, TP-147)', async () => {
  const untrusted = await call('localhost', {})
  assert.equal(untrusted.status, 502)
  assert.match(untrusted.message, /DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED/)
  const der = new X509Certificate(own.certificate).raw
  for (const [file, content] of [
    ['trust.pem', own.certificate],
    ['trust.crt', own.certificate],
    ['trust.der', der],
    ['trust.cer', der],
  ] as const) {
    const trusted = await call('localhost', { TrustStoreLocation: file }, { [file]: content })
    assert.equal(trusted.status, 200, `${file}: ${trusted.message}`)
    assert.deepEqual([trusted.seen?.servername, trusted.seen?.host], ['localhost', `localhost:${port}`])
  }
  assert.equal((await call('127.0.0.1', { TrustAll: 'TRUE' })).status, 200)
})

test('how strictly the host name is checked, and with which version of TLS, the destination says (TP-074)', async () => {
  const trust = { TrustStoreLocation: 'trust.pem' }
  const files = { 'trust.pem': own.certificate }
  const agents = new TargetAgents()
  const accepts = (HostnameVerifier: string, host: string, subjectaltname: string): boolean => {
    const found = { owner: {}, properties: { HostnameVerifier }, authTokens: [], certificates: [] }
    const { checkServerIdentity: check = checkServerIdentity } = agents.tls(new Destination('d', {}, found)).options
    return check(host, { subjectaltname, subject: {} } as PeerCertificate) === undefined
  }
  const wildcard = 'DNS:localhost, DNS:*.plant.example'
  assert.deepEqual(
    ['Strict', 'BrowserCompatible'].map((verifier) => [
      accepts(verifier, 'one.plant.example', wildcard),
      accepts(verifier, 'two.labels.plant.example', wildcard),
      accepts(verifier, 'two.labels.other.example', wildcard),
      accepts(verifier, 'two.labels.example', 'DNS:*.example'),
    ]),
    [
      [true, false, false, false],
      [true, true, false, false],
    ],
  )
  agents.close()
  for (const TLSVersion of ['TLSv1.2', 'TLSv1.3'])
    assert.equal((await call('localhost', { ...trust, TLSVersion }, files)).seen?.version, TLSVersion)
  assert.match((await call('localhost', { ...trust, TLSVersion: 'SSLv3' }, files)).message, /TLSVersion must be/)
})

test('a destination with a client certificate shows it to the target, from any kind of key store (TP-067, TP-068, TP-069)', async () => {
  const pem = `${own.key}${own.certificate}`
  const common = { Authentication: 'ClientCertificateAuthentication', TrustAll: 'true', KeyStorePassword: 'secret' }
  for (const [file, content] of [
    ['a.p12', rsaWithChain],
    ['a.pfx', rsaWithChain],
    ['a.pem', pem],
    ['a.crt', pem],
    ['a.cer', pem],
  ] as const) {
    const { status, message, seen } = await call(
      'localhost',
      { ...common, KeyStoreLocation: file },
      { [file]: content },
    )
    assert.equal(status, 200, `${file}: ${message}`)
    assert.ok(seen?.subject, file)
  }
  const wrong = await call(
    'localhost',
    { ...common, KeyStorePassword: 'no', KeyStoreLocation: 'a.p12' },
    { 'a.p12': rsaWithChain },
  )
  assert.equal(wrong.status, 500, wrong.message)
})
