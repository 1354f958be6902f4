import assert from 'node:assert/strict'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { connect } from 'node:tls'
import { LocalCa, parseDistinguishedName, readCertificateRequest, readPkcs12 } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import { ecWithoutChain, fileWithKeyPassword, rsaWithChain } from '@landbridge/testkit'
import { servedSuites } from '../src/cipher-table.ts'
import { type Answer, type Call, configuration, form, type RunningConnector } from './running-connector.ts'
import { suiteConnector } from './suite-connector.ts'

const url = `${configuration}/connector/ui/uiCertificate`
const suites = `${configuration}/connector/ui/cipherSuites`

/** The certificate and the cipher suite (OpenSSL name) that a new connection to the administration port gets. */
function handshake(connector: RunningConnector, options: object = {}): Promise<{ pem: string; suite: string }> {
  return new Promise((resolve, reject) => {
    const port = Number(new URL(connector.app.url).port)
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => {
      const pem = socket.getPeerX509Certificate()?.toString() ?? ''
      resolve({ pem, suite: socket.getCipher().name })
      socket.destroy()
    })
    socket.once('error', reject)
  })
}

describe('certificate and cipher suites of the administration port', () => {
  const connector = suiteConnector()

  const call = (method: string, path: string, options: Call = {}) =>
    connector.call(method, path, { ...options, insecure: true })
  const describeIt = async () => (await call('GET', url)).json
  const subject = async () => (await describeIt()).subjectDN

  test('a new installation describes the certificate that it made for itself (API1-119)', async () => {
    const { subjectDN, issuer, notBeforeTimeStamp, notAfterTimeStamp, subjectAltNames } = await describeIt()
    const shown = new X509Certificate((await handshake(connector)).pem)
    assert.equal(notBeforeTimeStamp, shown.validFromDate.getTime())
    assert.equal(notAfterTimeStamp, shown.validToDate.getTime())
    assert.ok(subjectDN.length > 0 && issuer.length > 0)
    assert.ok(subjectAltNames.some((name: { value: string }) => name.value === 'localhost'))
  })

  test('a self-signed one has the wanted name, key and a year, and serves the next connection (API1-120, API1-121, API1-131, API1-164)', async () => {
    const subjectDN = 'CN=cc.corp.test,OU=IT,O=Corp,L=Ulm,ST=BW,C=DE'
    const json = { type: 'selfsigned', keySize: 2048, subjectDN }
    const made = await call('POST', url, { json })
    assert.deepEqual([made.status, made.text], [201, ''])
    const described = await describeIt()
    assert.deepEqual([described.subjectDN, described.issuer], [subjectDN, subjectDN])
    assert.equal('subjectAltNames' in described, false)
    const days = (described.notAfterTimeStamp - Date.now()) / 86_400_000
    assert.ok(days > 364 && days < 366)
    const shown = new X509Certificate((await handshake(connector)).pem)
    assert.equal(shown.publicKey.asymmetricKeyDetails?.modulusLength, 2048)
    const subjectAltNames = [
      { type: 'DNS', value: 'localhost' },
      { type: 'IP', value: '127.0.0.1' },
    ]
    await call('POST', url, { json: { ...json, subjectAltNames } })
    assert.deepEqual((await describeIt()).subjectAltNames, subjectAltNames)
  })

  test('the key has 4096 bits unless 2048 are wanted (API1-122)', async () => {
    for (const keySize of [1024, 3072, 'big'])
      assert.equal((await call('POST', url, { json: { type: 'csr', subjectDN: 'CN=x', keySize } })).status, 400)
    for (const [keySize, bits] of [
      [undefined, 4096],
      [2048, 2048],
    ]) {
      const { text } = await call('POST', url, { json: { type: 'csr', subjectDN: 'CN=x', keySize } })
      const { rawData } = (await readCertificateRequest(text)).publicKey
      const key = createPublicKey({ key: Buffer.from(rawData), format: 'der', type: 'spki' })
      assert.equal(key.asymmetricKeyDetails?.modulusLength, bits)
    }
  })

  test('a signed chain is installed when it answers the latest request, else nothing changes (API1-124, API1-125, API1-126, API1-127)', async () => {
    const before = await subject()
    const ca = await LocalCa.create({ subject: { CN: 'Corp CA' } })
    const sign = (csrPem: string) =>
      ca.issueClientFromCsr({ csrPem, subject: parseDistinguishedName('CN=signed'), days: 30 })
    const patch = (signedCertificate: string) => call('PATCH', url, form({ signedCertificate }))
    const json = {
      type: 'csr',
      keySize: 2048,
      subjectDN: 'CN=signed',
      subjectAltNames: [{ type: 'DNS', value: 'a.test' }],
    }
    const early = await call('POST', url, { json })
    const request = await call('POST', url, { json })
    assert.equal(request.status, 200)
    assert.match(request.text, /^-----BEGIN CERTIFICATE REQUEST-----[^-]+-----END CERTIFICATE REQUEST-----\n$/)
    const der = Buffer.from(request.text.replaceAll(/-----.*-----|\s/g, ''), 'base64').toString('latin1')
    assert.ok(der.includes('signed') && der.includes('a.test'))
    for (const chain of [await sign(early.text), 'no PEM', request.text]) {
      const refused = await patch(chain)
      assert.deepEqual([refused.status, refused.json.type], [400, 'INVALID_REQUEST'])
    }
    assert.equal(await subject(), before)
    const chain = await sign(request.text)
    assert.equal((await patch(chain)).status, 201)
    assert.equal(await subject(), 'CN=signed')
    assert.equal((await patch(chain)).status, 400)
    assert.ok(chain.startsWith((await handshake(connector)).pem.trim()))
  })

  test('a PKCS#12 file is installed with its password, with or without a file name, also under the misprinted address (API1-128, API1-129, API1-133, API2-163)', async () => {
    const upload = (address: string, parts: Parameters<typeof form>[0]) => call('PUT', address, form(parts))
    const before = await subject()
    const { cert, key } = await readPkcs12(ecWithoutChain, new Secret('secret'))
    const ofOwn = fileWithKeyPassword(cert, key.reveal(), 'of the key')
    for (const parts of [
      { pkcs12: rsaWithChain, password: 'wrong' },
      { pkcs12: ofOwn, password: 'secret' },
      { pkcs12: ofOwn, password: 'secret', keyPassword: 'wrong' },
      { pkcs12: rsaWithChain.subarray(0, 500), password: 'secret' },
      { pkcs12: rsaWithChain },
      { password: 'secret' },
    ])
      assert.equal((await upload(url, parts as Parameters<typeof form>[0])).status, 400)
    assert.equal(await subject(), before)
    const answer = await upload(url, { pkcs12: ofOwn, password: 'secret', keyPassword: 'of the key' })
    assert.deepEqual([answer.status, await subject()], [204, 'CN=ec'])
    for (const [address, parts] of [
      [url, { password: 'secret', pkcs12: rsaWithChain }],
      [url.slice(0, -1), { password: 'secret', pkcs12: { file: rsaWithChain } }],
      [url, { password: 'secret', keyPassword: 'secret', pkcs12: rsaWithChain }],
    ] as const) {
      const answer = await upload(address, parts)
      assert.equal(answer.status, 204, answer.text)
      assert.equal(await subject(), 'CN=connector,O=Corp')
    }
    const shown = new X509Certificate((await handshake(connector)).pem)
    assert.equal(shown.subject, 'O=Corp\nCN=connector')
    assert.equal((await call('DELETE', url)).status, 405)
    assert.equal((await call('PUT', url, { json: {} })).status, 415)
  })

  test('what an administrator installed is kept over a restart', async () => {
    await connector.restart()
    assert.equal(await subject(), 'CN=connector,O=Corp')
  })

  test('suites have IANA names; the enabled ones are replaced and reset (API1-134, API1-135, API1-136, API1-138)', async () => {
    const available = (await call('GET', `${configuration}/availableCipherSuites`)).json as string[]
    assert.ok(available.every((name) => /^TLS_[A-Z0-9_]+$/.test(name)))
    const initial = (await call('GET', suites)).json as string[]
    assert.ok(initial.length > 0 && initial.every((name) => available.includes(name)))
    assert.ok(initial.includes('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'))
    // As the guide's own command writes it.
    const body = "['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384']"
    const changed = await call('POST', suites, { body, headers: { 'content-type': 'application/json' } })
    assert.equal(changed.status, 204, changed.text)
    assert.deepEqual((await call('GET', suites)).json, ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'])
    assert.equal((await call('DELETE', suites)).status, 204)
    assert.deepEqual((await call('GET', suites.replace('cipherSuites', 'uiCipherSuites'))).json, initial)
  })

  test('unknown names, other spellings, empty lists and other shapes are refused (API1-137)', async () => {
    const name = 'TLS_AES_128_GCM_SHA256'
    for (const json of [[], {}, name, [name.toLowerCase()], ['NO_SUCH'], [1], [['x']], [{ toString: 1, valueOf: 1 }]])
      assert.equal((await call('POST', suites, { json })).status, 400, JSON.stringify(json))
  })

  test('after the next start a disabled suite is refused by the administration port (API1-139)', async () => {
    const only = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES256-GCM-SHA384' }
    assert.equal((await handshake(connector, only)).suite, 'ECDHE-RSA-AES256-GCM-SHA384')
    const json = ['TLS_AES_256_GCM_SHA384', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256']
    const dhe = 'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384'
    assert.equal((await call('POST', suites, { json: [...json, dhe] })).status, 204)
    await connector.restart()
    await assert.rejects(handshake(connector, only))
    assert.equal((await handshake(connector, { maxVersion: 'TLSv1.2' })).suite, 'ECDHE-RSA-AES128-GCM-SHA256')
    assert.equal((await handshake(connector)).suite, 'TLS_AES_256_GCM_SHA384')
    const withDhe = { maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES256-GCM-SHA384' }
    assert.equal((await handshake(connector, withDhe)).suite, 'DHE-RSA-AES256-GCM-SHA384')
  })

  test('suites and certificate that would lock the administration port together are refused, whichever comes second', async () => {
    const put = (pkcs12: Buffer) => call('PUT', url, form({ pkcs12, password: 'secret' }))
    const choose = (json: readonly string[]) => call('POST', suites, { json })
    const [rsa, ec] = ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256']
    const refusedAs = ({ status, json }: Answer, text: RegExp): void => {
      assert.equal(status, 400)
      assert.match(json.message, text)
    }
    await call('DELETE', suites)
    for (const [installed, other, own, foreign, key, otherKey] of [
      [rsaWithChain, ecWithoutChain, rsa, ec, 'RSA', 'EC'],
      [ecWithoutChain, rsaWithChain, ec, rsa, 'EC', 'RSA'],
    ] as const) {
      assert.equal((await put(installed)).status, 204)
      const described = await describeIt()
      refusedAs(
        await choose([foreign]),
        new RegExp(`certificate has an ${key} key, .*${foreign} serves it; .*${own.slice(0, -19)}.* or TLS_AES_`),
      )
      assert.ok((await call('GET', suites)).json.length > 2)
      assert.equal((await choose([own])).status, 204)
      refusedAs(
        await put(other),
        new RegExp(`it has an ${otherKey} key, and none of the cipher suites ${own} serves it`),
      )
      assert.deepEqual(await describeIt(), described)
      // TLS 1.3 leaves the key to the certificate.
      assert.equal((await choose(['TLS_AES_128_GCM_SHA256'])).status, 204)
      assert.equal((await put(other)).status, 204)
      await call('DELETE', suites)
    }
  })

  test('a choice of earlier versions that locks the port gives way to the default suites', async () => {
    const { certificatePem: cert } = await LocalCa.create({ subject: { CN: 'Other' } })
    const of = (suite: string) => servedSuites({ uiCertificate: { cert, key: new Secret('k') }, cipherSuites: [suite] })
    const fallback = of('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256')
    assert.ok(fallback.isFallback && fallback.suites.includes('TLS_AES_128_GCM_SHA256'))
    const chosen = of('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256')
    assert.deepEqual([chosen.isFallback, chosen.suites], [false, ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256']])
  })
})
