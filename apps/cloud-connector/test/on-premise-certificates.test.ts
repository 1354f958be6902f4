import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { LocalCa, maySignCertificates, signingRequest } from '@landbridge/identity'
import { createLog, systemClock } from '@landbridge/kernel'
import { rsaWithChain, temporaryFolder } from '@landbridge/testkit'
import { type Answer, configuration, type RunningConnector, startConnector } from './running-connector.ts'
import { suiteConnector } from './suite-connector.ts'

const base = `${configuration}/connector/onPremise`
const kinds = ['systemCertificate', 'ppCaCertificate'] as const

describe('certificates towards internal systems', () => {
  const connector = suiteConnector()

  const create = (kind: string, json: object): Promise<Answer> =>
    connector.call('POST', `${base}/${kind}`, { json: { keySize: 2048, ...json } })

  for (const kind of kinds)
    test(`${kind}: absent, self-signed, described, downloaded and deleted (SCC-114, SCC-115, SCC-143, SCC-146, API1-140, API1-141, API1-144)`, async () => {
      const url = `${base}/${kind}`
      const missing = await connector.call('GET', url, { headers: { accept: 'application/pkix-cert' } })
      assert.deepEqual([missing.status, missing.json.type], [404, 'NOT_FOUND'])
      assert.equal((await connector.call('DELETE', url)).status, 404)
      const subjectAltNames = [
        { type: 'DNS', value: 'a.test' },
        { type: 'IP', value: '10.0.0.1' },
        { type: 'RFC822', value: 'a@b.test' },
      ]
      const made = await create(kind, { type: 'selfsigned', subjectDN: 'CN=me, O=Corp, C=DE', subjectAltNames })
      assert.equal(made.status, 201, made.text)
      const { json } = await connector.call('GET', url, { headers: { accept: '*/*' } })
      assert.deepEqual([json.subjectDN, json.issuer], ['CN=me,O=Corp,C=DE', 'CN=me,O=Corp,C=DE'])
      assert.deepEqual(json.subjectAltNames, subjectAltNames)
      const days = (json.notAfterTimeStamp - systemClock.now()) / 86_400_000
      assert.ok(days > 364 && days < 366)
      const der = await connector.call('GET', url, { headers: { accept: 'application/pkix-cert' } })
      assert.equal(der.headers['content-type'], 'application/octet-stream')
      const certificate = new X509Certificate(Buffer.from(der.text, 'latin1'))
      assert.equal(certificate.ca, kind === 'ppCaCertificate')
      assert.match((await connector.call('GET', `${url}/chain`)).text, /^-----BEGIN CERTIFICATE-----/)
      assert.equal((await connector.call('DELETE', url)).status, 204)
      assert.equal((await connector.call('GET', url)).status, 404)
      assert.equal((await connector.call('DELETE', url)).status, 404)
    })

  test('an authority may sign certificates, a system certificate may not (SCC-144)', async () => {
    await create('ppCaCertificate', { type: 'selfsigned', subjectDN: 'CN=PP CA' })
    await create('systemCertificate', { type: 'selfsigned', subjectDN: 'CN=system' })
    const chain = async (kind: string) => (await connector.call('GET', `${base}/${kind}/chain`)).text
    assert.equal(maySignCertificates(await chain('ppCaCertificate')), true)
    assert.equal(maySignCertificates(await chain('systemCertificate')), false)
  })

  test('the default key has 4096 bits (SCC-114, API1-142)', async () => {
    const url = `${base}/systemCertificate`
    const made = await connector.call('POST', url, { json: { type: 'selfsigned', subjectDN: 'CN=big' } })
    assert.equal(made.status, 201)
    const { publicKey } = new X509Certificate((await connector.call('GET', `${url}/chain`)).text)
    assert.equal(publicKey.asymmetricKeyDetails?.modulusLength, 4096)
  })

  test('nonsense is refused with the member that is wrong (API1-123)', async () => {
    const subjectDN = 'CN=x'
    for (const json of [
      { type: 'selfsigned' },
      { subjectDN },
      { type: 'pkcs11', subjectDN },
      { type: 'selfsigned', subjectDN, keySize: 1024 },
      { type: 'selfsigned', subjectDN: 'no name' },
      { type: 'selfsigned', subjectDN: 'FOO=x' },
      { type: 'selfsigned', subjectDN, subjectAltNames: [{ type: 'OTHER', value: 'x' }] },
    ])
      assert.equal((await create('systemCertificate', json)).status, 400, JSON.stringify(json))
    for (const [type, value] of [
      ...['nope', '1.2.3', '1.2.3.4/8', '[::1]'].map((address) => ['IP', address]),
      ...['a b', 'ä.test', 'a..b', '*', 'a.*.b', `${'a'.repeat(64)}.b`].map((name) => ['DNS', name]),
      ...['x', 'http://a b', 'http://ä'].map((uri) => ['URI', uri]),
      ...['x', 'a@b@c', 'ä@b'].map((mail) => ['RFC822', mail]),
    ]) {
      const subjectAltNames = [{ type, value }]
      const refused = await create('systemCertificate', { type: 'csr', subjectDN, subjectAltNames })
      assert.deepEqual([refused.status, refused.json.type], [400, 'INVALID_REQUEST'], `${type} ${value}`)
      assert.match(refused.json.message, /subjectAltNames holds "/)
    }
    const noObject = await create('systemCertificate', { type: 'csr', subjectDN, subjectAltNames: ['a.test'] })
    assert.match(noObject.json.message, /subjectAltNames must hold objects/)
  })

  test('a chain is installed when it answers the latest signing request, else nothing changes (SCC-113, API1-143, API1-149)', async () => {
    const url = `${base}/systemCertificate`
    await create('systemCertificate', { type: 'selfsigned', subjectDN: 'CN=before' })
    await create('ppCaCertificate', { type: 'selfsigned', subjectDN: 'CN=PP CA' })
    const subject = async (kind: string) => (await connector.call('GET', `${base}/${kind}`)).json.subjectDN
    const ca = await LocalCa.create({ subject: { CN: 'Corp CA' } })
    const sign = (csrPem: string) => ca.issueClientFromCsr({ csrPem, subject: { CN: 'signed' }, days: 30 })
    const first = await create('systemCertificate', { type: 'csr', subjectDN: 'CN=signed' })
    assert.equal(first.status, 200)
    assert.match(first.text, /^-----BEGIN CERTIFICATE REQUEST-----/)
    const second = await create('systemCertificate', { type: 'csr', subjectDN: 'CN=signed' })
    const foreign = await signingRequest({ purpose: 'client', keySize: 2048, subject: 'CN=signed' })
    for (const chain of [await sign(first.text), await sign(foreign.csr), 'no PEM'])
      assert.equal((await send(connector, 'PATCH', url, { signedCertificate: chain })).status, 400)
    assert.equal(await subject('systemCertificate'), 'CN=before')
    const answered = await sign(second.text)
    assert.equal((await send(connector, 'PATCH', url, { signedCertificate: answered })).status, 201)
    assert.equal(await subject('systemCertificate'), 'CN=signed')
    assert.equal((await connector.call('GET', `${url}/chain`)).text, answered)
    assert.equal(await subject('ppCaCertificate'), 'CN=PP CA')
    assert.equal((await send(connector, 'PATCH', url, { signedCertificate: answered })).status, 400)
  })

  test('a PKCS#12 file is imported with its password and refused without (SCC-111, SCC-112, SCC-143, API1-143)', async () => {
    for (const kind of kinds) {
      const url = `${base}/${kind}`
      const wrong = await send(connector, 'PUT', url, { pkcs12: rsaWithChain, password: 'wrong' })
      assert.equal(wrong.status, 400)
      assert.match(wrong.json.message, /password is wrong/)
      assert.equal((await send(connector, 'PUT', url, { pkcs12: rsaWithChain })).status, 400)
      assert.equal((await send(connector, 'PUT', url, { pkcs12: rsaWithChain, password: 'secret' })).status, 204)
      const { json } = await connector.call('GET', url)
      assert.deepEqual([json.subjectDN, json.issuer], ['CN=connector,O=Corp', 'CN=Corp Root,O=Corp'])
      assert.equal((await connector.call('GET', `${url}/chain`)).text.match(/BEGIN/g)?.length, 2)
    }
  })

  test('an authority that may not sign certificates is installed with a warning in the audit trail and the log (SCC-145)', async () => {
    const warnings: string[] = []
    const own = temporaryFolder()
    const log = createLog((_level, event) => void warnings.push(event), 'warn')
    const second = await startConnector(own.path, undefined, {}, log)
    try {
      const parts = { pkcs12: rsaWithChain, password: 'secret' }
      assert.equal((await send(second, 'PUT', `${base}/systemCertificate`, parts)).status, 204)
      assert.deepEqual(warnings, [])
      assert.equal((await send(second, 'PUT', `${base}/ppCaCertificate`, parts)).status, 204)
      assert.deepEqual(warnings, ['certificate.key-usage.missing'])
      const [entry] = (await second.call('GET', '/api/v1/landbridge/audit?limit=1')).json
      assert.match(entry.details.warning, /keyCertSign/)
    } finally {
      await second.close()
      own[Symbol.dispose]()
    }
  })

  test('certificates and pending requests survive a restart, their keys never lie open (SCC-147)', async () => {
    const system = await create('systemCertificate', { type: 'selfsigned', subjectDN: 'CN=kept' })
    assert.equal(system.status, 201)
    const { text: csr } = await create('ppCaCertificate', { type: 'csr', subjectDN: 'CN=later CA' })
    await connector.restart(() => {
      const files = ['connector.db', 'connector.db-wal'].map((name) => readIfThere(`${connector.folder}/${name}`))
      assert.ok(files.every((text) => !text.includes('PRIVATE KEY')))
    })
    assert.equal((await connector.call('GET', `${base}/systemCertificate`)).json.subjectDN, 'CN=kept')
    const ca = await LocalCa.create({ subject: { CN: 'Corp CA' } })
    const chain = await ca.issueClientFromCsr({ csrPem: csr, subject: { CN: 'later CA' }, days: 30 })
    const url = `${base}/ppCaCertificate`
    assert.equal((await send(connector, 'PATCH', url, { signedCertificate: chain })).status, 201)
  })

  test('every change is audited under the name of the certificate', async () => {
    const entries = (await connector.call('GET', '/api/v1/landbridge/audit?limit=200')).json as {
      category: string
      object: string
      actor: string
    }[]
    for (const [category, object] of [
      ['SystemCertificate', 'systemCertificate'],
      ['PpcaCertificate', 'ppCaCertificate'],
    ])
      assert.ok(entries.some((entry) => entry.category === category && entry.object === object))
    assert.ok(!JSON.stringify(entries).includes('PRIVATE'))
  })

  test('SNC settings are checked, kept and shown with SECUDIR; the library is looked for and never loaded (SCC-119, SCC-121)', async () => {
    const url = `${base}/snc`
    const put = (json: object) => connector.call('PUT', url, { json })
    for (const method of ['GET', 'DELETE'])
      assert.match((await connector.call(method, url)).json.message, /SNC.*not configured/s)
    // No library at all: whoever tried to load it would fail.
    const libraryName = join(connector.folder, 'libsapcrypto.so')
    const wanted = { libraryName, myName: 'p:CN=agent01, O=Acme, C=DE', qualityOfProtection: 9 }
    assert.match((await put(wanted)).json.message, /libraryName names no file on this machine/)
    writeFileSync(libraryName, '')
    for (const [wrong, text] of [
      [{ libraryName: 'libsapcrypto.so' }, /libraryName must be the absolute path/],
      [{ libraryName: `${libraryName}\n` }, /libraryName must be the absolute path/],
      [{ libraryName: '//evil.test/share/lib.so' }, /libraryName must be the absolute path/],
      [{ libraryName: connector.folder }, /libraryName names no file/],
      [{ libraryName: '' }, /libraryName is required/],
      [{ qualityOfProtection: 4 }, /qualityOfProtection must be 1 \(authentication\)/],
      [{ qualityOfProtection: undefined }, /qualityOfProtection is required/],
      [{ qualityOfProtection: [9] }, /qualityOfProtection must be a text/],
      [{ myName: 'CN=agent01' }, /myName must be an SNC name/],
      [{ myName: 'p:' }, /myName must be an SNC name/],
      [{ myName: 'p:CN=a\r\nb' }, /myName must be an SNC name/],
      [{ myName: 'p:CN=a, nonsense' }, /myName holds no distinguished name/],
    ] as const) {
      const { status, json } = await put({ ...wanted, ...wrong })
      assert.equal(status, 400, JSON.stringify(wrong))
      assert.match(json.message, text)
    }
    assert.equal((await connector.call('GET', url)).status, 404)
    for (const myName of ['p:agent@PLANT.TEST', 'p/secude:CN=agent01', '', wanted.myName])
      assert.equal((await put({ ...wanted, myName, qualityOfProtection: '3' })).status, 204, myName)
    assert.equal((await put(wanted)).status, 204)
    const { SECUDIR: before } = process.env
    process.env.SECUDIR = '/sec'
    try {
      assert.deepEqual((await connector.call('GET', url)).json, { ...wanted, libraryExists: true, secudir: '/sec' })
      await connector.restart()
      rmSync(libraryName)
      assert.deepEqual((await connector.call('GET', url)).json, { ...wanted, libraryExists: false, secudir: '/sec' })
    } finally {
      if (before === undefined) delete process.env.SECUDIR
      else process.env.SECUDIR = before
    }
    assert.equal((await connector.call('DELETE', url)).status, 204)
    assert.equal((await connector.call('GET', url)).status, 404)
  })

  test('subject patterns and lifetimes are read, changed, checked and kept (SCC-156, SCC-157)', async () => {
    const url = `${base}/principalPropagation`
    const defaults = (await connector.call('GET', url)).json
    assert.deepEqual(defaults, {
      certificateValidityMinutes: 60,
      expirationToleranceHours: 0,
      subjectRules: [{ subject: 'CN=${name}' }],
      noCertificateMarker: '',
    })
    const subjectRules = [
      { condition: { variable: '${user_type}', operator: 'is', value: 'Technical' }, subject: 'CN=${name},OU=Tech' },
      { condition: { variable: 'department', operator: 'exists' }, subject: 'CN=${name},OU=${department}' },
      { subject: 'CN=${name}' },
    ]
    const changed = await connector.call('PUT', url, { json: { subjectRules, certificateValidityMinutes: 15 } })
    assert.equal(changed.status, 204, changed.text)
    const moved = [subjectRules[1], subjectRules[0], subjectRules[2]]
    assert.equal((await connector.call('PUT', `${url}/subjectPatternRules`, { json: moved })).status, 204)
    for (const json of [
      { subjectRules: [] },
      { subjectRules: subjectRules.slice(0, 2) },
      { subjectRules: [{ subject: 'UID=${name}' }] },
      { certificateValidityMinutes: 0 },
      { expirationToleranceHours: 1000 },
      { noCertificateMarker: 'a\r\nX: b' },
    ])
      assert.equal((await connector.call('PUT', url, { json })).status, 400, JSON.stringify(json))
    await connector.restart()
    const kept = (await connector.call('GET', url)).json
    assert.equal(kept.certificateValidityMinutes, 15)
    assert.deepEqual(
      kept.subjectRules.map((rule: { condition?: { variable: string } }) => rule.condition?.variable),
      ['department', 'user_type', undefined],
    )
  })

  test('a sample certificate is what a user would get (SCC-118)', async () => {
    const url = `${base}/principalPropagation`
    await create('ppCaCertificate', { type: 'selfsigned', subjectDN: 'CN=PP CA' })
    await connector.call('PUT', url, { json: { subjectRules: [{ subject: 'CN=${name},O=Corp' }] } })
    const sample = await connector.call('POST', `${url}/sampleCertificate`, { json: { user_name: 'a,O=b' } })
    const certificate = new X509Certificate(Buffer.from(sample.text, 'latin1'))
    assert.equal(certificate.subject, 'O=Corp\nCN=a\\,O=b')
    assert.equal(certificate.issuer, 'CN=PP CA')
    assert.equal((await connector.call('POST', `${url}/sampleCertificate`, { json: {} })).status, 403)
  })
})

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** Sends a form; bytes become a file. */
async function send(
  connector: RunningConnector,
  method: string,
  url: string,
  parts: Readonly<Record<string, string | Buffer>>,
): Promise<Answer> {
  const form = new FormData()
  for (const [name, value] of Object.entries(parts))
    if (typeof value === 'string' && name !== 'signedCertificate') form.append(name, value)
    else form.append(name, new Blob([typeof value === 'string' ? value : new Uint8Array(value)]), 'file')
  const encoded = new Response(form)
  const type = encoded.headers.get('content-type') ?? ''
  return connector.call(method, url, {
    headers: { 'content-type': type },
    body: Buffer.from(await encoded.arrayBuffer()),
  })
}
