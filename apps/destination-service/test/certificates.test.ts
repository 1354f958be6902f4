import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { after, before, test } from 'node:test'
import { LocalCa, readPkcs12, signingRequest, splitPemChain, writePkcs12 } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import { javaKeyStore } from '@landbridge/testkit'
import { onEveryDatabase } from './support/databases.ts'
import { provider, startService, type TestService } from './support/service.ts'

await onEveryDatabase(async (newUrl) => {
  let service: TestService
  let authority: LocalCa
  let issued: { cert: string; key: string }
  before(async () => {
    service = await startService(await newUrl())
    authority = await LocalCa.create({ subject: { CN: 'test root' }, clock: service.clock })
    issued = await authority.issueClient({ subject: { CN: 'leaf', OU: 'unit' }, days: 30, rsaBits: 2048 })
  })
  after(() => service.close())

  const notFound = { ErrorMessage: 'Configuration with the specified name was not found' }
  const base64 = (bytes: string | Buffer) => Buffer.from(bytes).toString('base64')
  const query = (filter: string) => `?$filter=${encodeURIComponent(filter)}`
  const dayMs = 86_400_000

  const post = (body: unknown, path = '/subaccountCertificates', to = service) => to.call('POST', path, { body })
  const message = (reply: { body: unknown }) => (reply.body as { ErrorMessage: string }).ErrorMessage

  async function read(name: string, from = service) {
    const reply = await from.call('GET', `/subaccountCertificates/${encodeURIComponent(name)}`)
    assert.equal(reply.status, 200, reply.text)
    const { Content, ...rest } = reply.body as { Name: string; Type: string; Content: string }
    return { ...rest, bytes: Buffer.from(Content, 'base64'), etag: reply.headers.get('etag') }
  }

  interface PublicKey {
    readonly Alias?: string
    readonly Content: string
    readonly SubjectDN: string
  }

  async function publicKeys(name: string): Promise<readonly PublicKey[]> {
    const reply = await service.call('GET', `/subaccountCertificates/${encodeURIComponent(name)}/publicKeys`)
    assert.equal(reply.status, 200, reply.text)
    assert.ok(!reply.text.includes('PRIVATE KEY'))
    return reply.body
  }

  const pkcs12 = (password: string) =>
    writePkcs12({ chain: issued.cert, key: issued.key, alias: 'entry', password: new Secret(password) })

  const trustStore = (pem: string, password: string) =>
    javaKeyStore(password, { trusted: [new X509Certificate(pem).raw] })

  for (const path of ['/subaccountCertificates', '/instanceCertificates'])
    test(`${path}: upload, read, list, replace, delete, one by one and in bulk (DEST-066, DEST-069, RC-077, RC-101, CONN-171)`, async () => {
      const own = await startService(await newUrl())
      const call = (method: string, more = '', body?: unknown) =>
        own.call(method, path + more, body === undefined ? {} : { body })
      const body = { Name: 'client.pem', Type: 'PEM', Content: base64(issued.cert + issued.key) }
      const created = await call('POST', '', body)
      assert.deepEqual([created.status, created.text], [201, ''])
      const one = await call('GET', '/client.pem')
      assert.deepEqual(one.body, body, 'the private key included')
      assert.match(one.headers.get('etag') ?? '', /^[0-9a-f]{64}$/)
      const again = await call('POST', '', body)
      assert.deepEqual([again.status, again.body], [409, { ErrorMessage: 'Duplicate key' }])
      assert.deepEqual((await call('PUT', '', { ...body, Content: base64(issued.cert) })).body, { Count: 1 })
      assert.equal((await call('GET', '/client.pem')).headers.get('etag') === one.headers.get('etag'), false)
      const unknown = await call('PUT', '', { ...body, Name: 'nobody.pem' })
      assert.deepEqual([unknown.status, unknown.body], [404, notFound])
      const absent = await call('GET', '/nobody.pem')
      assert.deepEqual([absent.status, absent.body], [404, notFound])
      const mixed = await call('POST', '', [body, { Name: 'b.cer', Content: base64(issued.cert) }, { Name: 'c.pem' }])
      assert.equal(mixed.status, 207)
      assert.deepEqual(
        (mixed.body as { name: string; status: number }[]).map(({ name, status }) => [name, status]),
        [
          ['client.pem', 409],
          ['b.cer', 201],
          ['c.pem', 400],
        ],
      )
      assert.equal((await call('PUT', '', [{ Name: 'b.cer', Content: base64(issued.cert) }])).status, 200)
      assert.deepEqual((await call('GET', '?$select=Name')).body, [{ Name: 'b.cer' }, { Name: 'client.pem' }])
      assert.deepEqual((await call('GET', query("Name in ('b.cer', 'x')"))).body, [
        { Name: 'b.cer', Type: 'CERTIFICATE', Content: base64(issued.cert) },
      ])
      const page = await call('GET', '?$page=1&$pageSize=1&$pageCount=true&$entityCount=true')
      assert.deepEqual([page.headers.get('page-count'), page.headers.get('entity-count')], ['2', '2'])
      assert.equal(page.headers.get('link'), `<${path}?$page=2&$pageSize=1>; rel='next'`)
      assert.deepEqual((await call('DELETE', '/b.cer')).body, { Count: 1 })
      assert.deepEqual((await call('DELETE', '/b.cer')).body, notFound)
      const bulk = await call('DELETE', query("Name in ('client.pem', 'b.cer')"))
      assert.deepEqual(bulk.body, {
        Count: 1,
        Summary: [
          { name: 'client.pem', status: 'DELETED' },
          { name: 'b.cer', status: 'NOT_FOUND', reason: 'Could not find configuration' },
        ],
      })
      assert.equal((await call('DELETE')).status, 400)
      assert.deepEqual((await call('GET')).body, [])
      await own.close()
    })

  test('conditions on a certificate and on its public keys are answered by its entity tag (RC-095)', async () => {
    await post({ Name: 'tagged.pem', Content: base64(issued.cert) })
    const { etag } = await read('tagged.pem')
    for (const path of ['/subaccountCertificates/tagged.pem', '/subaccountCertificates/tagged.pem/publicKeys']) {
      const status = async (headers: Record<string, string>) => (await service.call('GET', path, { headers })).status
      assert.equal(await status({ 'if-none-match': etag! }), 304)
      assert.equal(await status({ 'if-none-match': 'other' }), 200)
      assert.equal(await status({ 'if-match': 'other' }), 412)
      assert.equal(await status({ 'if-match': etag! }), 200)
    }
  })

  test('JKS, PFX, P12, PEM, CRT and CER are taken byte by byte when content and ending agree (DEST-067, DEST-066)', async () => {
    const der = new X509Certificate(issued.cert).raw
    const store = await pkcs12('secret')
    const jks = trustStore(issued.cert, 'changeit')
    const accepted: [string, Buffer][] = [
      ['f.pem', Buffer.from(issued.cert)],
      ['f.crt', Buffer.from(issued.cert)],
      ['f.cer', der],
      ['f.der', der],
      ['f.p12', store],
      ['f.PFX', store],
      ['f.jks', jks],
      ['modern.jks', store],
      ['without-ending', jks],
    ]
    for (const [Name, bytes] of accepted) {
      const reply = await post({ Name, Content: base64(bytes) })
      assert.equal(reply.status, 201, `${Name} ${reply.text}`)
      assert.ok((await read(Name)).bytes.equals(bytes))
    }
    const broken = Buffer.from(der)
    broken.fill(0, 10)
    for (const [Name, bytes, word] of [
      ['g.pem', der, 'fit'],
      ['g.p12', jks, 'fit'],
      ['g.crt', store, 'fit'],
      ['g.txt', der, 'Name'],
      ['g.cer', broken, 'Content'],
      ['g.pem', Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'), 'Content'],
      ['g', Buffer.from('any text'), 'Content'],
      ['g.pem', Buffer.from(issued.key), 'Content'],
    ] as const) {
      const reply = await post({ Name, Content: base64(bytes) })
      assert.equal(reply.status, 400, Name)
      assert.ok(message(reply).includes(word), message(reply))
    }
  })

  test('content that is not base64, and bodies without name or content, are refused with the member named (DEST-068)', async () => {
    for (const [body, word] of [
      [{ Name: 'a.pem', Content: 'not base64!' }, 'Content'],
      [{ Name: 'a.pem', Content: 'AAA' }, 'Content'],
      [{ Name: 'a.pem', Content: '' }, 'Content'],
      [{ Name: 'a.pem' }, 'Content'],
      [{ Name: 'a.pem', Content: 5 }, 'Content'],
      [{ Content: 'AAAA' }, 'Name'],
      [{ Name: 'a/b.pem', Content: 'AAAA' }, 'Name'],
      [{ Name: 'a.pem', Type: 5, Content: 'AAAA' }, 'Type'],
      [{ Name: 'a.pem', Content: 'AAAA', Attributes: {} }, 'Attributes'],
      ['text', 'body'],
    ] as const) {
      const reply = await post(body)
      assert.equal(reply.status, 400)
      assert.ok(message(reply).includes(word), `${JSON.stringify(body)} ${message(reply)}`)
    }
    const lines = base64(issued.cert).replace(/(.{76})/g, '$1\r\n')
    assert.equal((await post({ Name: 'lines.pem', Content: lines })).status, 201)
  })

  test('public keys are chains without private keys, one per alias of a key store (DEST-070, RC-102, CONN-173)', async () => {
    const [leaf, root] = splitPemChain(issued.cert)
    await post({ Name: 'p.pem', Content: base64(issued.key + issued.cert) })
    const [pem] = await publicKeys('p.pem')
    assert.deepEqual(Object.keys(pem ?? {}), ['Content', 'SubjectDN'])
    assert.equal(pem?.SubjectDN, 'CN=leaf,OU=unit')
    assert.deepEqual(splitPemChain(pem?.Content ?? ''), [leaf, root])
    await post({ Name: 'p.p12', Content: base64(await pkcs12('')) })
    const stores = await publicKeys('p.p12')
    assert.deepEqual(
      stores.map(({ Alias, SubjectDN }) => [Alias, SubjectDN]),
      [['entry', 'CN=leaf,OU=unit']],
    )
    assert.deepEqual(splitPemChain(stores[0]?.Content ?? ''), [leaf, root])
    await post({ Name: 'p.jks', Content: base64(trustStore(root!, '')) })
    assert.deepEqual(
      (await publicKeys('p.jks')).map(({ Alias, SubjectDN }) => [Alias, SubjectDN]),
      [['trusted-0', 'CN=test root']],
    )
  })

  test('public keys of a key store with a password are refused with the text of the contract (DEST-070, RC-102, CONN-173)', async () => {
    await post({ Name: 'locked.p12', Content: base64(await pkcs12('secret')) })
    await post({ Name: 'locked.jks', Content: base64(trustStore(issued.cert, 'secret')) })
    for (const name of ['locked.p12', 'locked.jks']) {
      const reply = await service.call('GET', `/subaccountCertificates/${name}/publicKeys`)
      assert.deepEqual(
        [reply.status, reply.body],
        [400, { ErrorMessage: 'The keystore is password-protected and public keys cannot be retrieved' }],
      )
    }
    assert.equal((await service.call('GET', '/subaccountCertificates/nobody/publicKeys')).status, 404)
  })

  test('attributes make a key pair and a certificate of the built-in authority, with defaults (DEST-071, RC-101, CONN-172)', async () => {
    const attributes = { CN: 'my name', Validity: { TimeUnit: 'DAYS', Value: 30 } }
    assert.equal((await post({ Name: 'made.pem', Type: 'PEM', Attributes: attributes })).status, 201)
    const { bytes, Type } = await read('made.pem')
    assert.equal(Type, 'PEM')
    const [leaf, root] = splitPemChain(bytes.toString()).map((pem) => new X509Certificate(pem))
    assert.ok(leaf!.checkPrivateKey(createPrivateKey(bytes.toString())))
    assert.ok(leaf!.verify(root!.publicKey) && root!.ca && !leaf!.ca)
    assert.match(leaf!.subject, /CN=my name/)
    assert.ok(leaf!.subject.includes(provider.id), 'the level stands in the subject')
    assert.equal(leaf!.validToDate.getTime(), service.clock.now() + 30 * dayMs)
    await post({ Name: 'plain.pem', Attributes: {} })
    const plain = new X509Certificate((await read('plain.pem')).bytes)
    assert.match(plain.subject, /CN=plain$/m)
    assert.equal(plain.validToDate.toISOString(), '2027-01-01T00:00:00.000Z')
    assert.notEqual(root!.fingerprint256, new X509Certificate(authority.certificatePem).fingerprint256)
    assert.equal(
      splitPemChain((await read('plain.pem')).bytes.toString())[1],
      root!.toString(),
      'one authority for all',
    )
  })

  test('a validity below one day or above one year is refused, and so is what cannot be generated (DEST-072)', async () => {
    const validity = (TimeUnit: string, Value: unknown) => ({ Validity: { TimeUnit, Value } })
    for (const [Name, Attributes, word] of [
      ['v.pem', validity('DAYS', 0), 'Value'],
      ['v.pem', validity('DAYS', 366), 'Value'],
      ['v.pem', validity('MONTHS', 13), 'Value'],
      ['v.pem', validity('YEARS', 2), 'Value'],
      ['v.pem', validity('DAYS', 1.5), 'Value'],
      ['v.pem', validity('DAYS', '5'), 'Value'],
      ['v.pem', validity('HOURS', 5), 'TimeUnit'],
      ['v.pem', { Validity: 5 }, 'Validity'],
      ['v.pem', { AutomaticRenew: 'yes' }, 'AutomaticRenew'],
      ['v.pem', { CN: 'x'.repeat(65) }, 'CN'],
      ['v.jks', {}, 'Name'],
      ['v.crt', {}, 'Name'],
      ['v.pem', 'text', 'Attributes'],
    ] as const) {
      const reply = await post({ Name, Attributes })
      assert.equal(reply.status, 400, JSON.stringify(Attributes))
      assert.ok(message(reply).includes(word), message(reply))
    }
    assert.equal((await post({ Name: 'v.p12', Type: 'PEM', Attributes: {} })).status, 400)
    for (const [index, Attributes] of [validity('DAYS', 1), validity('MONTHS', 12), validity('YEARS', 1)].entries())
      assert.equal((await post({ Name: `v${index}.pem`, Attributes })).status, 201)
  })

  test('a password protects the generated key, in PEM and in PKCS#12; public keys stay readable (DEST-073, DEST-070)', async () => {
    const Attributes = { CN: 'locked', Password: 'pass-word' }
    await post({ Name: 'gen.pem', Attributes })
    await post({ Name: 'gen.p12', Attributes })
    const pem = (await read('gen.pem')).bytes.toString()
    assert.ok(pem.includes('BEGIN ENCRYPTED PRIVATE KEY'))
    assert.throws(() => createPrivateKey(pem))
    assert.ok(new X509Certificate(pem).checkPrivateKey(createPrivateKey({ key: pem, passphrase: 'pass-word' })))
    const store = (await read('gen.p12')).bytes
    await assert.rejects(readPkcs12(store, new Secret('wrong')))
    const { cert, key } = await readPkcs12(store, new Secret('pass-word'))
    assert.ok(new X509Certificate(cert).checkPrivateKey(createPrivateKey(key.reveal())))
    for (const [name, alias] of [
      ['gen.pem', undefined],
      ['gen.p12', 'gen'],
    ] as const)
      assert.deepEqual(
        (await publicKeys(name)).map((entry) => entry.Alias),
        [alias],
      )
    assert.ok(!service.log.join('\n').includes('pass-word'))
  })

  test("a CSR's key is certified, its subject ignored, and no private key is stored (DEST-074, RC-101)", async () => {
    const request = await signingRequest({ purpose: 'client', subject: { CN: 'ignored' }, keySize: 2048 })
    const CSR = base64(request.csr)
    assert.equal((await post({ Name: 'csr.pem', Attributes: { CN: 'mine', CSR } })).status, 201)
    const pem = (await read('csr.pem')).bytes.toString()
    assert.ok(!pem.includes('PRIVATE'))
    const leaf = new X509Certificate(pem)
    const wanted = createPublicKey(createPrivateKey(request.key.reveal()))
    assert.ok(leaf.publicKey.equals(wanted))
    assert.ok(leaf.subject.includes('CN=mine') && !leaf.subject.includes('ignored'))
    for (const [Name, Type, csr] of [
      ['csr.p12', 'PEM', CSR],
      ['csr.p12', undefined, CSR],
      ['csr2.pem', 'PKCS12', CSR],
      ['csr2.pem', 'PEM', base64('no request')],
      ['csr2.pem', 'PEM', 'not base64!'],
    ] as const)
      assert.equal((await post({ Name, Type, Attributes: { CSR: csr } })).status, 400, `${Name} ${Type}`)
  })

  test('a generated certificate is renewed ahead of its end, same subject and length, another entity tag (DEST-075)', async () => {
    const own = await startService(await newUrl())
    // [unit, value, days of validity, days before the end]
    const cases = [
      ['DAYS', 1, 0.5],
      ['DAYS', 14, 1],
      ['DAYS', 15, 3],
      ['MONTHS', 1, 3],
      ['DAYS', 32, 7],
      ['MONTHS', 5, 7],
      ['DAYS', 155, 30],
      ['YEARS', 1, 30],
    ] as const
    const at = new Map<string, number>()
    for (const [TimeUnit, Value, lead] of cases) {
      const Name = `${TimeUnit}${Value}.pem`
      const Attributes = { CN: Name, AutomaticRenew: true, Validity: { TimeUnit, Value } }
      assert.equal((await post({ Name, Attributes }, '/subaccountCertificates', own)).status, 201)
      const end = new X509Certificate((await read(Name, own)).bytes).validToDate.getTime()
      at.set(Name, end - lead * dayMs)
    }
    for (const [name, due] of [...at].sort((a, b) => a[1] - b[1])) {
      // Earlier ones are renewed as well meanwhile: only the one in question counts.
      own.clock.advance(due - own.clock.now() - 60_000)
      await own.renewed()
      const before = await read(name, own)
      const old = new X509Certificate(before.bytes)
      own.clock.advance(3_600_000)
      await own.renewed()
      const renewed = await read(name, own)
      const fresh = new X509Certificate(renewed.bytes)
      assert.notEqual(renewed.etag, before.etag, name)
      assert.equal(fresh.subject, old.subject)
      assert.equal(fresh.issuer, old.issuer)
      const length = (certificate: X509Certificate) =>
        certificate.validToDate.getTime() - certificate.validFromDate.getTime()
      // Months and years follow the calendar.
      assert.ok(Math.abs(length(fresh) - length(old)) <= 3 * dayMs, name)
      assert.ok(fresh.checkPrivateKey(createPrivateKey(renewed.bytes.toString())))
    }
    await own.close()
  })

  test('uploaded certificates and generated ones without AutomaticRenew are never renewed (DEST-076)', async () => {
    const own = await startService(await newUrl())
    const Attributes = { AutomaticRenew: true, Validity: { TimeUnit: 'DAYS', Value: 1 } }
    const all = '/subaccountCertificates'
    await post({ Name: 'uploaded.pem', Content: base64(issued.cert) }, all, own)
    await post({ Name: 'once.pem', Attributes: { ...Attributes, AutomaticRenew: false } }, all, own)
    await post({ Name: 'replaced.pem', Attributes }, all, own)
    await own.call('PUT', all, { body: { Name: 'replaced.pem', Content: base64(issued.cert) } })
    const tags = async () =>
      Promise.all(['uploaded.pem', 'once.pem', 'replaced.pem'].map(async (name) => (await read(name, own)).etag))
    const before = await tags()
    own.clock.advance(400 * dayMs)
    await own.renewed()
    assert.deepEqual(await tags(), before)
    await own.close()
  })

  test('a renewal that fails leaves the certificate in place and is tried again at the next run (DEST-077)', async () => {
    const own = await startService(await newUrl())
    const Attributes = { AutomaticRenew: true, Validity: { TimeUnit: 'DAYS', Value: 1 } }
    await post({ Name: 'stubborn.pem', Attributes }, '/subaccountCertificates', own)
    const before = await read('stubborn.pem', own)
    own.failAuthority = true
    own.clock.advance(13 * 3_600_000)
    await own.renewed()
    assert.equal((await read('stubborn.pem', own)).etag, before.etag)
    assert.ok(own.log.some((line) => line.includes('destination.certificate.renewal-failed')))
    own.failAuthority = false
    own.clock.advance(3_600_000)
    await own.renewed()
    assert.notEqual((await read('stubborn.pem', own)).etag, before.etag)
    await own.close()
  })

  test('the end of a certificate that nobody renews is logged 14, 7 and 3 days ahead, once each (DEST-078)', async () => {
    const own = await startService(await newUrl())
    const Validity = { TimeUnit: 'DAYS', Value: 30 }
    await post({ Name: 'ending.pem', Attributes: { Validity } }, '/subaccountCertificates', own)
    await post({ Name: 'renewed.pem', Attributes: { Validity, AutomaticRenew: true } }, '/subaccountCertificates', own)
    const reported: [number, number][] = []
    for (let day = 1; day <= 30; day++) {
      const from = own.log.length
      own.clock.advance(dayMs)
      await own.renewed()
      for (const line of own.log.slice(from))
        if (line.includes('destination.certificate.ending')) {
          assert.ok(line.includes('ending.pem'))
          reported.push([day, Number(/"days":(\d+)/.exec(line)?.[1])])
        }
    }
    assert.deepEqual(reported, [
      [16, 14],
      [23, 7],
      [27, 3],
    ])
    await own.close()
  })

  test('a leaf without its chain is taken with a warning (DEST-079)', async () => {
    const [leaf] = splitPemChain(issued.cert)
    const from = service.log.length
    assert.equal((await post({ Name: 'lonely.pem', Content: base64(leaf!) })).status, 201)
    assert.ok(service.log.slice(from).some((line) => line.includes('chain-incomplete') && line.includes('lonely.pem')))
    const next = service.log.length
    await post({ Name: 'whole.pem', Content: base64(issued.cert) })
    assert.ok(!service.log.slice(next).some((line) => line.includes('chain-incomplete')))
  })

  test('deleting a certificate that a destination names is done, as the contract says, and reported', async () => {
    await post({ Name: 'used.pem', Content: base64(issued.cert) })
    const destination = { Name: 'uses', Type: 'HTTP', URL: 'https://x.test', TrustStoreLocation: 'used.pem' }
    await service.call('POST', '/subaccountDestinations', { body: destination })
    assert.equal((await service.call('DELETE', '/subaccountCertificates/used.pem')).status, 200)
    assert.ok(service.log.some((line) => line.includes('removed-in-use') && line.includes('uses')))
  })

  test('the service renews by itself, by a timer (DEST-075)', async () => {
    const own = await startService(await newUrl(), { config: { certificateRenewalPeriodMs: 3_600_000 } })
    const Attributes = { AutomaticRenew: true, Validity: { TimeUnit: 'DAYS', Value: 1 } }
    await post({ Name: 'timed.pem', Attributes }, '/subaccountCertificates', own)
    const { etag } = await read('timed.pem', own)
    const runs = (count: number) =>
      own.logged(() => own.log.filter((line) => line.includes('renewal-run')).length >= count)
    await runs(1)
    own.clock.advance(11 * 3_600_000)
    await runs(2)
    assert.equal((await read('timed.pem', own)).etag, etag)
    own.clock.advance(3_600_000)
    await runs(3)
    assert.notEqual((await read('timed.pem', own)).etag, etag)
    await own.close()
  })
})
