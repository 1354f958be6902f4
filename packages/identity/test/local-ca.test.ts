import 'reflect-metadata' // before @peculiar/x509
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { inspect } from 'node:util'
import { isPlatformError, ManualClock } from '@landbridge/kernel'
import fc, { runs } from '@landbridge/testkit/properties'
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import {
  certificateFacts,
  formatDistinguishedName,
  LocalCa,
  parseDistinguishedName,
  splitPemChain,
} from '../src/index.ts'

const ca = await LocalCa.create({ subject: { CN: 'Test CA', O: 'Landbridge' } })

async function request(algorithm: Record<string, unknown> = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }) {
  const keys = (await webcrypto.subtle.generateKey(algorithm as never, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=ignored',
    keys,
    signingAlgorithm: algorithm as never,
  })
  return csr.toString('pem')
}

test('server and client certificates authenticate both ends of a TLS connection', async () => {
  const server = createServer({
    ...(await ca.issueServer({ dnsNames: ['demo.localhost'], ipAddresses: ['127.0.0.1'], days: 1 })),
    ca: ca.certificatePem,
    requestCert: true,
    rejectUnauthorized: true,
  })
  const accepted = once(server, 'secureConnection')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    servername: 'demo.localhost',
    ...(await ca.issueClient({ subject: { CN: 'a', L: 'b' }, days: 1 })),
    ca: ca.certificatePem,
  })
  await once(client, 'secureConnect')
  assert.equal(client.authorized, true)
  const [socket] = (await accepted) as [TLSSocket]
  assert.equal(socket.authorized, true)
  assert.equal(certificateFacts(socket.getPeerX509Certificate()!).subject, 'CN=a,L=b')
  client.destroy()
  socket.destroy()
  server.close()
  await once(server, 'close')
})

test("a certificate for a signing request carries the caller's subject and the key of the request", async () => {
  const csrPem = await request()
  const chain = await ca.issueClientFromCsr({
    csrPem,
    subject: { CN: '11111111-aaaa', L: 'region.test', OU: 'connector, "one"+two', O: 'Landbridge' },
    days: 365,
  })
  const [leaf, root, ...rest] = splitPemChain(chain)
  assert.equal(rest.length, 0)
  assert.equal(root, ca.certificatePem)
  const facts = certificateFacts(leaf!)
  assert.equal(facts.subject, String.raw`CN=11111111-aaaa,L=region.test,OU=connector\, \"one\"\+two,O=Landbridge`)
  assert.equal(facts.issuer, 'CN=Test CA,O=Landbridge')
  assert.equal(facts.serialNumber.length, 34)
  assert.equal(facts.isAuthority, false)
  assert.equal(Buffer.from(facts.thumbprint, 'base64url').toString('hex'), facts.fingerprint)
  const node = new X509Certificate(leaf!)
  assert.ok(node.verify(new X509Certificate(ca.certificatePem).publicKey))
  assert.deepEqual(node.keyUsage, ['1.3.6.1.5.5.7.3.2'])
  assert.match(node.subject, /CN=11111111-aaaa$/)
})

test('a request is refused when its signature is wrong, its key weak or its text no request', async () => {
  const good = await request()
  const bytes = Buffer.from(good.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
  bytes[bytes.length - 3]! ^= 1
  const pem = (der: Buffer) =>
    `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  const rsa = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 1024,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  }
  for (const csrPem of [pem(bytes), await request(rsa), 'nothing', '', ca.certificatePem, 'x'.repeat(20_000)])
    await assert.rejects(ca.issueClientFromCsr({ csrPem, subject: { CN: 'a' }, days: 1 }), (thrown) =>
      isPlatformError(thrown, 'CERTIFICATE_REQUEST_INVALID'),
    )
  await ca.issueClientFromCsr({ csrPem: await request({ ...rsa, modulusLength: 2048 }), subject: { CN: 'a' }, days: 1 })
})

test('an authority that was saved and loaded issues certificates that its root verifies', async () => {
  const again = LocalCa.load(ca.certificatePem, ca.keyPem.reveal())
  const { cert } = await again.issueServer({ dnsNames: ['a.test'], days: 1 })
  assert.ok(new X509Certificate(cert).verify(new X509Certificate(ca.certificatePem).publicKey))
  const other = await LocalCa.create({ subject: { CN: 'Other' } })
  for (const [certificate, key] of [
    [ca.certificatePem, other.keyPem.reveal()],
    [cert, ca.keyPem.reveal()],
    ['x', 'y'],
  ] as const)
    assert.throws(
      () => LocalCa.load(certificate, key),
      (thrown) => isPlatformError(thrown, 'CERTIFICATE_INVALID'),
    )
  assert.doesNotMatch(inspect(ca.keyPem), /PRIVATE/)
})

test('a client that knows RSA only gets an RSA key', async () => {
  const { cert, key } = await ca.issueClient({ subject: { CN: 'old' }, days: 1, rsaBits: 2048 })
  const leaf = new X509Certificate(cert)
  assert.equal(leaf.publicKey.asymmetricKeyDetails?.modulusLength, 2048)
  assert.ok(leaf.checkPrivateKey(createPrivateKey(key)))
  assert.ok(leaf.verify(new X509Certificate(ca.certificatePem).publicKey))
})

test('a leaf never outlives its root, and dates come from the clock', async () => {
  const clock = new ManualClock()
  const short = await LocalCa.create({ subject: { CN: 'Short' }, days: 10, clock })
  const { cert } = await short.issueClient({ subject: { CN: 'a' }, days: 100 })
  assert.equal(certificateFacts(cert).notAfter.getTime(), clock.now() + 10 * 86_400_000)
  assert.equal(certificateFacts(cert).notBefore.getTime(), clock.now() - 300_000)
})

test('OpenSSL reads the chain and the escaped subject as we do', async (t) => {
  const { cert } = await ca.issueClient({ subject: { CN: 'Zoë #1', O: 'A, B' }, days: 1 })
  try {
    const text = execFileSync('openssl', ['x509', '-noout', '-subject', '-nameopt', 'RFC2253,-esc_msb,utf8'], {
      input: cert,
    })
    assert.equal(text.toString().trim(), String.raw`subject=CN=Zoë #1,O=A\, B`)
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') t.skip('no openssl on this machine')
    else throw failure
  }
})

test('any subject survives certificate and text unchanged', async () => {
  const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => text.isWellFormed())
  const attribute = fc.record(
    { type: fc.constantFrom('CN', 'L', 'OU', 'O', 'EMAIL'), value },
    { noNullPrototype: true },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(attribute, { minLength: 1, maxLength: 4 }), async (attributes) => {
      const name = attributes.filter(({ type, value: text }) => type !== 'EMAIL' || /^[ -~]*$/.test(text))
      fc.pre(name.length > 0)
      assert.deepEqual(parseDistinguishedName(formatDistinguishedName(name)), name)
      const { cert } = await ca.issueClient({ subject: name, days: 1 })
      const facts = certificateFacts(cert)
      assert.deepEqual(facts.subjectAttributes, name)
      assert.equal(facts.subject, formatDistinguishedName(name))
    }),
    runs(60),
  )
})

test('names are read in every usual form, and broken ones are refused', () => {
  const pairs = (text: string) => parseDistinguishedName(text).map(({ type, value }) => [type, value])
  assert.deepEqual(pairs('CN=a, O="B, C" , C=DE'), [
    ['CN', 'a'],
    ['O', 'B, C'],
    ['C', 'DE'],
  ])
  assert.deepEqual(pairs(String.raw`CN=\C3\A9\,x\ ,2.5.4.10=y`), [
    ['CN', 'é,x '],
    ['2.5.4.10', 'y'],
  ])
  for (const text of ['CN', '=a', 'CN=a+OU=b', 'CN="a', 'CN="a"b', 'CN=a\\', String.raw`CN=\FF`, 'CN=a,', 'C N=a'])
    assert.throws(
      () => parseDistinguishedName(text),
      (thrown) => isPlatformError(thrown, 'SUBJECT_INVALID'),
      text,
    )
})

test('text that is no certificate is refused', () => {
  for (const text of ['', 'x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'])
    assert.throws(
      () => certificateFacts(text),
      (thrown) => isPlatformError(thrown, 'CERTIFICATE_INVALID'),
    )
})
