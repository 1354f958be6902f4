import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Probe, ProbeAnswer } from '@landbridge/destinations'
import { LocalCa } from '@landbridge/identity'
import { closeAll } from '@landbridge/kernel'
import { freePort, javaKeyStore, withoutKey } from '@landbridge/testkit'
import { unzipSync } from 'fflate'
import { onEveryDatabase } from './support/databases.ts'
import { rfcSample } from './support/rfc-sample.ts'
import { startService, subscriberA, type TestService, tenantClaims } from './support/service.ts'

/** What the way through a connector answers, by the host of the URL. */
const onPremise: Record<string, ProbeAnswer> = {}
const keyStore = Buffer.from([0xfe, 0xed, 0xfe, 0xed, 0, 1])
const seen: string[] = []

await onEveryDatabase(async (newUrl) => {
  let service: TestService
  let open: TestService
  before(async () => {
    const onPremiseProbe: Probe = async ({ url }) => onPremise[new URL(url).hostname] ?? { failure: 'unknown' }
    service = await startService(await newUrl(), { administration: { onPremiseProbe } })
    await service.certificates.put('client.p12', keyStore)
    open = await startService(await newUrl(), { config: { allowedConnectionChecks: ['127.0.0.1'] } })
  })
  after(() => closeAll([service, open]))

  interface Given {
    readonly type?: string
    readonly body?: string | object
    readonly token?: string | null
    readonly at?: TestService
  }

  async function call(method: string, path: string, given: Given = {}) {
    const at = given.at ?? service
    const token = given.token === undefined ? await at.token() : given.token
    const { body } = given
    const answer = await fetch(`${at.app.url}/destination-administration/v1${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': given.type ?? 'application/json' }),
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? Buffer.from(body, 'latin1') : JSON.stringify(body) }),
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    const text = bytes.toString('latin1')
    const isJson = answer.headers.get('content-type')?.includes('json') === true
    return { status: answer.status, headers: answer.headers, bytes, text, json: isJson ? JSON.parse(text) : undefined }
  }

  const importText = (body: string, query = '', level = 'subaccount') =>
    call('POST', `/${level}Destinations/import${query}`, { body, type: 'text/plain; charset=utf-8' })
  const find = async (name: string) => (await service.call('GET', `/subaccountDestinations/${name}`)).body as never

  const file = (name: string, more = '') =>
    `Name=${name}\nType=HTTP\nURL=https\\://host.example.test\nProxyType=Internet\nAuthentication=BasicAuthentication\nUser=u\n${more}`

  test('a file in ISO 8859-1 is imported on the level of the path, and the REST API shows the same properties (DEST-212)', async () => {
    const imported = await importText(file('from-file', 'Password=p\xe4ss\nDescription=\\u20ac'))
    assert.equal(imported.status, 201)
    assert.deepEqual(imported.json, { imported: [{ name: 'from-file', outcome: 'created', missing: [] }] })
    assert.deepEqual(await find('from-file'), {
      Name: 'from-file',
      Type: 'HTTP',
      URL: 'https://host.example.test',
      ProxyType: 'Internet',
      Authentication: 'BasicAuthentication',
      User: 'u',
      Password: 'päss',
      Description: '€',
    })
    assert.equal((await importText(file('on-instance', 'Password=x'), '', 'instance')).status, 201)
    assert.equal((await service.call('GET', '/instanceDestinations/on-instance')).status, 200)
    assert.equal((await service.call('GET', '/subaccountDestinations/on-instance')).status, 404)
  })

  test('a file with wrong values is refused with every one of them, and nothing is saved (DEST-214)', async () => {
    const good = file('good', 'Password=x\n')
    const text = `${good}\nName=bad\nType=HTTP\nProxyType=Nowhere\n\nName=odd name\nType=FTP\n`
    const refused = await importText(text)
    assert.equal(refused.status, 400)
    const { ErrorMessage } = refused.json as { ErrorMessage: string }
    for (const part of [/bad: property URL is missing/, /bad: property ProxyType must/, /odd name: property Type must/])
      assert.match(ErrorMessage, part)
    assert.equal((await service.call('GET', '/subaccountDestinations/good')).status, 404)
    assert.equal((await importText(`${good}\n${file('ä', 'Password=x')}`)).status, 400)
    assert.equal((await service.call('GET', '/subaccountDestinations/good')).status, 404)
    const unreadable = await importText('Name=a\nURL=\\u12')
    assert.match((unreadable.json as { ErrorMessage: string }).ErrorMessage, /line 2/)
  })

  test('additional properties of a MAIL destination must begin with mail. (DEST-209)', async () => {
    const mail = 'Name=m\nType=MAIL\nmail.smtp.host=h\nUser=u\n'
    const refused = await importText(`${mail}smtp.port=25`)
    assert.match(
      (refused.json as { ErrorMessage: string }).ErrorMessage,
      /m: property smtp\.port must begin with mail\./,
    )
    assert.equal((await importText(mail)).status, 201)
  })

  test('an export has no secret; importing it over the destination keeps the stored ones', async () => {
    await importText(file('round', 'Password=planted-secret\nclientSecret=planted-secret'))
    const exported = await call('GET', '/subaccountDestinations/round/export')
    assert.equal(exported.headers.get('content-type'), 'text/plain; charset=iso-8859-1')
    assert.equal(exported.headers.get('content-disposition'), 'attachment; filename="round"')
    assert.ok(!exported.text.includes('planted-secret'))
    assert.match(exported.text, /^#Password=<< Existing password\/certificate removed on export >>$/m)
    const before = await find('round')

    assert.equal((await importText(exported.text)).status, 400)
    assert.equal((await importText(exported.text, '?existing=ignore')).json.imported[0].outcome, 'kept')
    const updated = await importText(exported.text, '?existing=update')
    assert.equal(updated.status, 200)
    assert.deepEqual(updated.json.imported, [{ name: 'round', outcome: 'updated', missing: [] }])
    assert.deepEqual(await find('round'), before)
    assert.equal((await importText(exported.text, '?existing=replace')).status, 400)

    const elsewhere = exported.text.replace('Name=round', 'Name=elsewhere')
    const incomplete = await importText(elsewhere)
    assert.match((incomplete.json as { ErrorMessage: string }).ErrorMessage, /elsewhere: property Password is missing/)
    const created = await importText(`${elsewhere}Password=new`)
    assert.deepEqual(created.json.imported[0].missing, ['clientSecret'])
  })

  test('several destinations leave in one text and come back from it (CONN-271)', async () => {
    await importText(`${file('one', 'jco.x=1\nPassword=p\n')}\n${file('two', 'Password=p')}`)
    const exported = await call('GET', '/subaccountDestinations/export?name=one&name=two')
    const stored = [await find('one'), await find('two')]
    for (const name of ['one', 'two']) await service.call('DELETE', `/subaccountDestinations/${name}`)
    assert.equal((await importText(exported.text)).status, 400)
    const imported = await importText(exported.text.replaceAll(/^Name=/gm, 'Password=p\nName='))
    assert.deepEqual(
      imported.json.imported.map(({ name }: { name: string }) => name),
      ['one', 'two'],
    )
    assert.deepEqual([await find('one'), await find('two')], stored)
    assert.equal((await call('GET', '/subaccountDestinations/export?name=none')).status, 404)
    assert.match((await call('GET', '/subaccountDestinations/export')).text, /^Name=two$/m)
    const json = await call('POST', '/subaccountDestinations/import?existing=update', { body: stored })
    assert.equal(json.json.imported.length, 2)
  })

  test('a destination with a client certificate leaves as an archive with its key store', async () => {
    const text = file('mtls', 'KeyStoreLocation=client.p12\nKeyStorePassword=planted-secret')
    await importText(text.replace('BasicAuthentication', 'ClientCertificateAuthentication'))
    const exported = await call('GET', '/subaccountDestinations/mtls/export')
    assert.equal(exported.headers.get('content-type'), 'application/zip')
    assert.equal(exported.headers.get('content-disposition'), 'attachment; filename="mtls.zip"')
    const files = unzipSync(exported.bytes)
    assert.deepEqual(Object.keys(files), ['mtls', 'client.p12'])
    assert.deepEqual(Buffer.from(files['client.p12']!), keyStore)
    const properties = Buffer.from(files.mtls!).toString('latin1')
    assert.match(properties, /^KeyStoreLocation=client\.p12$/m)
    assert.ok(!properties.includes('planted-secret'))
  })

  test('a duplicate has all properties of its source under a name of its own (DEST-211)', async () => {
    await importText(file('source', 'Password=s3cret'))
    const copy = await call('POST', '/subaccountDestinations/source/duplicate', { body: { Name: 'copy' } })
    assert.equal(copy.status, 201)
    assert.deepEqual(await find('copy'), { ...((await find('source')) as object), Name: 'copy' })
    const again = await call('POST', '/subaccountDestinations/source/duplicate', { body: { Name: 'copy' } })
    assert.equal(again.status, 409)
    assert.equal((await call('POST', '/subaccountDestinations/none/duplicate', { body: { Name: 'x' } })).status, 404)
    assert.equal(
      (await call('POST', '/subaccountDestinations/source/duplicate', { body: { Name: 'a b' } })).status,
      400,
    )
  })

  test('the administration wants the same tokens as the REST API, and a tenant sees its own', async () => {
    await importText(file('mine', 'Password=p'))
    assert.equal((await call('GET', '/templates', { token: null })).status, 401)
    assert.ok((await call('GET', '/templates')).json.length > 15)
    const foreign = await service.token(tenantClaims(subscriberA))
    assert.equal((await call('GET', '/subaccountDestinations/mine/export', { token: foreign })).status, 404)
    assert.equal((await call('POST', '/subaccountDestinations/mine/check', { token: foreign })).status, 404)
  })

  async function withTarget(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    run: (url: string) => Promise<void>,
  ): Promise<void> {
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.headers.authorization ?? '-'}`)
      answer(request, response)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    try {
      await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }

  let targets = 0

  async function check(at: TestService, url: string, more: Record<string, string> = {}) {
    const Name = `target-${++targets}`
    const body = { Name, Type: 'HTTP', URL: url, ProxyType: 'Internet', Authentication: 'NoAuthentication', ...more }
    assert.equal((await at.call('POST', '/subaccountDestinations', { body })).status, 201)
    return call('POST', `/subaccountDestinations/${Name}/check`, { at })
  }

  test('a target on the Internet passes below status 500, fails from there on, and when nothing answers (DEST-216)', async () => {
    for (const [status, success] of [
      [200, true],
      [302, true],
      [404, true],
      [499, true],
      [500, false],
      [503, false],
    ] as const)
      await withTarget(
        (_request, response) => void response.writeHead(status).end(),
        async (url) => {
          const { json } = await check(open, url)
          assert.deepEqual([json.success, json.status], [success, status])
        },
      )
    const refused = (await check(open, `http://127.0.0.1:${await freePort()}/`)).json
    assert.equal(refused.success, false)
    assert.match(refused.message, /refuses connections/)
  })

  test('a private endpoint fails without being called, by name and by address (DEST-216)', async () => {
    await withTarget(
      (_request, response) => void response.end(),
      async (url) => {
        const { length } = seen
        for (const target of [url, url.replace('127.0.0.1', 'localhost'), 'http://10.0.0.1/', 'http://[::1]/']) {
          const { json } = await check(service, target)
          assert.equal(json.success, false)
          assert.match(json.message, /private endpoint/)
        }
        assert.equal(seen.length, length)
      },
    )
  })

  test('a check over TLS trusts the trust store of the destination, JKS and PKCS#12 included, and nothing else instead', async () => {
    const authority = await LocalCa.create({ subject: { CN: 'Target CA' } })
    const root = new X509Certificate(authority.certificatePem)
    const pair = await authority.issueServer({ dnsNames: ['target.test'], ipAddresses: ['127.0.0.1'], days: 1 })
    const server = createSecureServer(pair, (_request, response) => void response.end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
    await open.certificates.put('trust.jks', javaKeyStore('secret', { trusted: [root.raw] }))
    await open.certificates.put('trust.pem', authority.certificatePem)
    await open.certificates.put('other.p12', withoutKey)
    const password = { TrustStorePassword: 'secret' }
    try {
      for (const trust of [{ TrustStoreLocation: 'trust.pem' }, { TrustStoreLocation: 'trust.jks', ...password }])
        assert.equal((await check(open, url, trust)).json.success, true)
      for (const [trust, message] of [
        [{}, /not trusted/],
        [{ TrustStoreLocation: 'other.p12', ...password }, /not trusted/],
        [{ TrustStoreLocation: 'absent.jks' }, /absent\.jks does not exist/],
        [{ TrustStoreLocation: 'trust.jks' }, /trust\.jks cannot be used: .*password/],
        [{ TrustStoreLocation: 'trust.jks', TrustStorePassword: 'wrong' }, /trust\.jks cannot be used: .*password/],
      ] as const) {
        const { json } = await check(open, url, trust)
        assert.equal(json.success, false)
        assert.match(json.message, message)
      }
    } finally {
      server.close()
      server.closeAllConnections()
    }
  })

  test('HEAD and GET carry the user of BasicAuthentication (DEST-218)', async () => {
    await withTarget(
      (request, response) => void response.writeHead(request.method === 'HEAD' ? 501 : 200).end('body'),
      async (url) => {
        seen.length = 0
        const basic = { Authentication: 'BasicAuthentication', User: 'käthe', Password: 'p:w' }
        const { json } = await check(open, url, basic)
        assert.deepEqual([json.success, json.status], [true, 200])
        const expected = `Basic ${Buffer.from('käthe:p:w').toString('base64')}`
        assert.deepEqual(seen, [`HEAD ${expected}`, `GET ${expected}`])
      },
    )
  })

  test('targets behind a connector answer with the four messages of the guide', async () => {
    Object.assign(onPremise, {
      fine: { status: 404 },
      broken: { status: 500 },
      'no-connector': { failure: '', code: 'CONNECTOR_NOT_CONNECTED' },
      'no-mapping': { failure: '', code: 'NO_SYSTEM' },
      'no-resource': { failure: '', code: 'NO_RESOURCE' },
      down: { failure: '', code: 'BACKEND_UNREACHABLE' },
    })
    const expected: Record<string, string> = {
      broken: 'Backend status could not be determined.',
      'no-connector': 'Backend status could not be determined.',
      'no-mapping': 'Backend is not available in the list of defined system mappings in Cloud Connector.',
      'no-resource': 'Resource is not accessible in Cloud Connector or backend is not reachable.',
      down: 'Backend is not reachable from Cloud Connector.',
    }
    for (const [host, message] of Object.entries(expected)) {
      const { json } = await check(service, `http://${host}:80/`, { ProxyType: 'OnPremise' })
      assert.deepEqual([json.success, json.message], [false, message], host)
    }
    const { json } = await check(service, 'http://fine:80/', { ProxyType: 'OnPremise' })
    assert.equal(json.success, true)
  })

  test('what is no HTTP destination cannot be checked', async () => {
    await service.call('POST', '/subaccountDestinations', { body: { ...rfcSample, Name: 'rfc' } })
    const refused = await call('POST', '/subaccountDestinations/rfc/check')
    assert.equal(refused.status, 400)
    assert.match(refused.json.ErrorMessage, /cannot be checked/)
  })
})
