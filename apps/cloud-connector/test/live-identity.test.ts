import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { AuditEntry } from '@landbridge/connector'
import { LocalCa } from '@landbridge/identity'
import { systemClock } from '@landbridge/kernel'
import { type CertificateBackend, type Seen, startCertificateBackend } from '@landbridge/testkit'
import { SentTokens, StreamKind } from '@landbridge/tunnel'
import { type FakeTunnel, openExchange } from './fake-cloud-proxy.ts'
import { type Call, configuration, form, subaccountPath } from './running-connector.ts'
import { Scene } from './scene.ts'
import { testIssuer, testToken } from './test-issuer.ts'

const mappings = `${subaccountPath}/systemMappings`
const onPremise = `${configuration}/connector/onPremise`
const modes = ['NONE', 'NONE_RESTRICTED', 'X509_GENERAL', 'X509_RESTRICTED', 'KERBEROS'] as const

describe('what the configuration says about identities and answers counts for the next request', () => {
  let scene: Scene
  let tunnel: FakeTunnel
  let secure: CertificateBackend
  before(async () => {
    scene = await Scene.start()
    scene.region.idps = [testIssuer]
    await scene.pair()
    tunnel = await scene.openTunnel()
    await call('POST', `${onPremise}/systemCertificate`, {
      type: 'selfsigned',
      keySize: 2048,
      subjectDN: 'CN=connector',
    })
    await call('POST', `${onPremise}/ppCaCertificate`, { type: 'selfsigned', keySize: 2048, subjectDN: 'CN=PP CA' })
    secure = await startCertificateBackend(
      (await scene.connector.call('GET', `${onPremise}/systemCertificate/chain`)).text,
    )
    const upload = form({ certificate: secure.ca })
    assert.equal((await scene.connector.call('POST', `${onPremise}/truststore/certificates`, upload)).status, 201)
  })
  after(async () => {
    await scene[Symbol.asyncDispose]()
    await secure.close()
  })

  const call = async (method: string, path: string, json?: object): Promise<void> => {
    const { status, text } = await scene.connector.call(method, path, json === undefined ? {} : { json })
    assert.ok(status < 300, `${method} ${path}: ${status} ${text}`)
  }
  const ask = async (port: number, path: string, ...lines: readonly string[]): Promise<string> => {
    const head = [`GET ${path} HTTP/1.1`, `Host: erp.virtual:${port}`, ...lines, '', ''].join('\r\n')
    return (await openExchange(tunnel, StreamKind.http, 'erp.virtual', port, head).ended).toString()
  }
  const seenAt = async (port: number): Promise<Seen> => {
    const text = await ask(port, '/', 'SSL_CLIENT_CERT: MIIforged', 'Ssl-Client-Cert: MIIforged')
    assert.match(text, /^HTTP\/1\.1 200 /)
    return JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? '')
  }

  test('each authentication mode reads back as it was written, and decides whether the system certificate may log on: never where the mode is restricted (SCC-217, API1-259, API2-061)', async () => {
    for (const [index, authenticationMode] of modes.entries()) {
      const virtualPort = 4430 + index
      const mapping = {
        ...{ virtualHost: 'erp.virtual', virtualPort, localHost: 'localhost', localPort: String(secure.port) },
        ...{ protocol: 'HTTPS', backendType: 'nonSAPsys', authenticationMode },
      }
      await call('POST', mappings, mapping)
      await call('POST', `${mappings}/erp.virtual:${virtualPort}/resources`, { id: '/', enabled: true })
      const stored = (await scene.connector.call('GET', `${mappings}/erp.virtual:${virtualPort}`)).json
      assert.equal(stored.authenticationMode, authenticationMode)
      const { header, count, user, tls } = await seenAt(virtualPort)
      // The TLS connection is the connector's in every mode; the empty header says that it is nobody's logon.
      const mayLogOn = authenticationMode === 'NONE' || authenticationMode === 'X509_GENERAL'
      assert.deepEqual(
        { header, count, user, tls },
        { header: mayLogOn ? null : '', count: mayLogOn ? 0 : 1, user: null, tls: 'connector' },
        authenticationMode,
      )
    }
    // A change of mode is one of the next request.
    const path = `${mappings}/erp.virtual:4430`
    await call('PUT', path, {
      ...(await scene.connector.call('GET', path)).json,
      authenticationMode: 'X509_RESTRICTED',
    })
    assert.equal((await seenAt(4430)).header, '')
  })

  const askAs = async (userToken: string, over: FakeTunnel): Promise<string> => {
    const head = 'GET / HTTP/1.1\r\nHost: erp.virtual:4440\r\n\r\n'
    return (await openExchange(over, StreamKind.http, 'erp.virtual', 4440, head, userToken).ended).toString()
  }
  const seenAs = async (userToken: string, over: FakeTunnel): Promise<Seen> =>
    JSON.parse(/\{.*\}/s.exec(await askAs(userToken, over))?.[0] ?? '{}')

  test('the sample certificate is the one that a user with these claims gets, and settings are one thing that counts at once (SCC-171, SCC-172)', async () => {
    const propagation = `${onPremise}/principalPropagation`
    await call('POST', `${subaccountPath}/trust`)
    await call('POST', mappings, {
      ...{ virtualHost: 'erp.virtual', virtualPort: 4440, localHost: 'localhost', localPort: String(secure.port) },
      ...{ protocol: 'HTTPS', backendType: 'nonSAPsys', authenticationMode: 'X509_GENERAL' },
    })
    await call('POST', `${mappings}/erp.virtual:4440/resources`, { id: '/', enabled: true })
    const claims = { user_name: 'ann', email: 'ann@plant.test' }
    for (const [certificateValidityMinutes, subject] of [
      [60, 'CN=${name},OU=Plant'],
      [5, 'EMAIL=${email},CN=${name}'],
    ] as const) {
      await call('PUT', propagation, {
        certificateValidityMinutes,
        expirationToleranceHours: 1,
        subjectRules: [{ subject }],
      })
      const der = Buffer.from(
        (await scene.connector.call('POST', `${propagation}/sampleCertificate`, { json: claims })).text,
        'latin1',
      )
      const expired = testToken({ ...claims, exp: Math.floor(Date.now() / 1000) - 1_800 })
      for (const userToken of [testToken(claims), expired]) {
        const { header } = await seenAs(userToken, tunnel)
        const [sample, real] = [new X509Certificate(der), new X509Certificate(Buffer.from(header ?? '', 'base64'))]
        assert.deepEqual([sample.subject, sample.issuer], [real.subject, 'CN=PP CA'])
        const minutes = (certificate: X509Certificate): number =>
          Math.round((certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / 60_000)
        assert.deepEqual([minutes(sample), minutes(real)], [certificateValidityMinutes, certificateValidityMinutes])
      }
    }
  })

  test('a token travels once over a tunnel where the cloud side agrees; where it does not, the token comes along and a number is nobody', async () => {
    const userToken = testToken({ user_name: 'bob', email: 'bob@plant.test' })
    const { header } = await seenAs(userToken, tunnel)
    assert.match(header ?? '', /^MII/)
    const known = tunnel.session.sentTokens?.size ?? 0
    assert.ok(known > 0)
    assert.equal((await seenAs(userToken, tunnel)).header, header)
    assert.equal(tunnel.session.sentTokens?.size, known)
    scene.cloud.refersToTokens = false
    const older = await scene.openTunnel()
    scene.cloud.refersToTokens = true
    assert.equal(older.session.sentTokens, null)
    assert.equal((await seenAs(userToken, older)).header, header)
    older.session.sentTokens = new SentTokens(older.session, systemClock)
    assert.equal(await askAs(userToken, older), '')
  })

  test('cookie domains follow domain mappings and mappings as they are at the moment (API2-116, API2-117, API2-118)', async () => {
    const cookies = [
      'a=1; Domain=plant.corp; Path=/; HttpOnly',
      'b=2; Secure; domain=.plant.corp; SameSite=Lax',
      'c=3; Domain=localhost; Max-Age=5',
      'd=4; Domain=elsewhere.corp',
      'e=5; Path=/',
    ]
    const server = createServer((_request, response) => response.writeHead(200, { 'set-cookie': cookies }).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const localPort = String((server.address() as AddressInfo).port)
      await call('POST', mappings, {
        ...{ virtualHost: 'erp.virtual', virtualPort: 90, localHost: 'localhost', localPort },
        ...{ protocol: 'HTTP', backendType: 'nonSAPsys' },
      })
      await call('POST', `${mappings}/erp.virtual:90/resources`, { id: '/', enabled: true })
      const received = async (): Promise<string[]> =>
        [...(await ask(90, '/')).matchAll(/^set-cookie: (.*)\r$/gim)].map(([, value = '']) => value)
      const [first, second, own, ...others] = cookies
      const ofHost = own?.replace('localhost', 'erp.virtual')
      assert.deepEqual(await received(), [first, second, ofHost, ...others])
      await call('POST', `${subaccountPath}/domainMappings`, {
        virtualDomain: 'plant.virtual',
        internalDomain: 'plant.corp',
      })
      const mapped = [first, second].map((cookie) => cookie?.replace('plant.corp', 'plant.virtual'))
      assert.deepEqual(await received(), [...mapped, ofHost, ...others])
      await call('DELETE', `${subaccountPath}/domainMappings/plant.corp`)
      assert.deepEqual(await received(), [first, second, ofHost, ...others])
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  test('changes drop no stream that they do not concern, and a resource that is switched off admits nobody from then on (API1-278, API2-077)', async () => {
    let finish = (): void => {}
    const server = createServer((request, response) => {
      if (request.url !== '/long') return void response.end('short')
      response.write('first ')
      finish = () => response.end('last')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const localPort = String((server.address() as AddressInfo).port)
      const own = { localHost: '127.0.0.1', localPort, protocol: 'HTTP', backendType: 'nonSAPsys' }
      for (const virtualPort of [92, 93]) {
        await call('POST', mappings, { ...own, virtualHost: 'erp.virtual', virtualPort })
        await call('POST', `${mappings}/erp.virtual:${virtualPort}/resources`, { id: '/', enabled: true })
      }
      const tunnels = scene.cloud.tunnels.length
      const exchange = openExchange(
        ...([tunnel, StreamKind.http, 'erp.virtual', 92] as const),
        'GET /long HTTP/1.1\r\nHost: erp.virtual:92\r\n\r\n',
      )
      await exchange.received(1)
      // Another mapping, identities, trust, and the very resource through which the stream came.
      await call('PUT', `${mappings}/erp.virtual:93`, {
        ...own,
        virtualHost: 'erp.virtual',
        virtualPort: 93,
        sid: 'XYZ',
      })
      await call('DELETE', `${mappings}/erp.virtual:93`)
      await call('PUT', `${onPremise}/principalPropagation`, { certificateValidityMinutes: 7 })
      await call('POST', `${subaccountPath}/trust`)
      await call('PUT', `${mappings}/erp.virtual:92/resources/-`, { id: '/', enabled: false })
      assert.match(await ask(92, '/short'), /^HTTP\/1\.1 403 /)
      finish()
      assert.match((await exchange.ended).toString(), /^HTTP\/1\.1 200 .*first .*last/s)
      assert.equal(scene.cloud.tunnels.length, tunnels)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  test('a WebSocket opens only where an enabled resource allows it, and plain requests need no such permission (API2-080)', async () => {
    const server = createServer((_request, response) => response.end('plain'))
    server.on('upgrade', (_request, socket) => {
      // The tunnel ends with the suite, and resets what is still open.
      socket.on('error', () => {})
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const localPort = String((server.address() as AddressInfo).port)
      await call('POST', mappings, {
        ...{ virtualHost: 'erp.virtual', virtualPort: 91, localHost: '127.0.0.1', localPort },
        ...{ protocol: 'HTTP', backendType: 'nonSAPsys' },
      })
      const resources = `${mappings}/erp.virtual:91/resources`
      await call('POST', resources, { id: '/ws', enabled: true, websocketUpgradeAllowed: false })
      const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: a']
      const statuses = async (): Promise<string[]> =>
        [await ask(91, '/ws/x'), await ask(91, '/ws/x', ...upgrade)].map((text) => text.slice(9, 12))
      assert.deepEqual(await statuses(), ['200', '403'])
      await call('PUT', `${resources}/-ws`, { enabled: true, websocketUpgradeAllowed: true })
      assert.deepEqual(await statuses(), ['200', '101'])
      await call('PUT', `${resources}/-ws`, { enabled: false, websocketUpgradeAllowed: true })
      assert.deepEqual(await statuses(), ['403', '403'])
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  test('every change of whom the connector believes and as whom it appears writes one audit entry, of its category (SCC-134)', async () => {
    const send = (method: string, path: string, sent: Call) => scene.connector.call(method, path, sent)
    /** The newest first; refusals of earlier tests are written a moment later, and are no changes. */
    const trail = async (): Promise<readonly AuditEntry[]> => {
      const entries: AuditEntry[] = (await send('GET', '/api/v1/landbridge/audit?limit=20', {})).json
      return entries.filter(({ category }) => category !== 'Denied').reverse()
    }
    await call('POST', `${subaccountPath}/trust`)
    const [{ id: provider }] = (await send('GET', `${subaccountPath}/trust/idps`, {})).json
    const ownCertificate = { type: 'selfsigned', keySize: 2048, subjectDN: 'CN=other' }
    const kerberos = { realm: 'R', serviceUser: 'u', kdcHosts: ['kdc'], keyTable: keyTable('u', 'R') }
    const snc = { libraryName: process.execPath, qualityOfProtection: 9 }
    const { certificatePem } = await LocalCa.create({ subject: { CN: 'Other' } })
    const rule = { condition: { variable: 'email', operator: 'exist' }, subjectPattern: { CN: '${email}' } }
    // Categories of the guide (L30036), method, address, what is sent, action of the entry.
    const steps: readonly (readonly [category: string, method: string, path: string, sent?: Call, action?: string])[] =
      [
        ['TrustSynchronization', 'POST', `${subaccountPath}/trust`],
        ['TrustSynchronization', 'PUT', `${subaccountPath}/trust`, { json: { autoSyncTrustEnabled: false } }],
        ['IdentityProviderTrust', 'PUT', `${subaccountPath}/trust/idps/${provider}`, { json: { enabled: false } }],
        ['ApplicationTrust', 'PUT', `${subaccountPath}/trustedApplications`, { json: { applications: ['sb'] } }],
        ['PrincipalPropagationConfiguration', 'PUT', `${onPremise}/principalPropagation`, { json: {} }],
        ['PrincipalPropagationConfiguration', 'POST', `${onPremise}/subjectPatternRules`, { json: rule }, 'create'],
        ['PrincipalPropagationConfiguration', 'PUT', `${onPremise}/subjectPatternRules/0`, { json: rule }],
        ['PrincipalPropagationConfiguration', 'DELETE', `${onPremise}/subjectPatternRules/0`, {}, 'delete'],
        ['PpcaCertificate', 'POST', `${onPremise}/ppCaCertificate`, { json: ownCertificate }],
        ['PpcaCertificate', 'DELETE', `${onPremise}/ppCaCertificate`, {}, 'delete'],
        ['SystemCertificate', 'POST', `${onPremise}/systemCertificate`, { json: ownCertificate }],
        ['SystemCertificate', 'DELETE', `${onPremise}/systemCertificate`, {}, 'delete'],
        ['SNCSettings', 'PUT', `${onPremise}/snc`, { json: snc }],
        ['SNCSettings', 'DELETE', `${onPremise}/snc`, {}, 'delete'],
        ['KerberosConfiguration', 'PUT', `${onPremise}/kerberos`, { json: kerberos }],
        ['KerberosConfiguration', 'DELETE', `${onPremise}/kerberos`, {}, 'delete'],
        ['TrustedBackendCertificate', 'PATCH', `${onPremise}/truststore`, { json: { trustAllBackends: true } }],
        [
          ...(['TrustedBackendCertificate', 'POST', `${onPremise}/truststore/certificates`] as const),
          ...([form({ certificate: certificatePem }), 'create'] as const),
        ],
        ['TrustedBackendCertificate', 'DELETE', `${onPremise}/truststore/certificates`, {}, 'delete'],
      ]
    let last = (await trail())[0]?.sequence
    for (const [category, method, path, sent = {}, action = 'update'] of steps) {
      const { status, text } = await send(method, path, sent)
      assert.ok(status < 300, `${method} ${path}: ${status} ${text}`)
      const [entry, former] = await trail()
      const { category: written, action: done, actor } = entry ?? {}
      assert.deepEqual([written, done, actor, former?.sequence], [category, action, 'Administrator', last], path)
      last = entry?.sequence
      // A change that is refused is none.
      if (method === 'PUT' && sent.json !== undefined) {
        assert.ok((await send(method, path, { json: [] })).status >= 400)
        assert.equal((await trail())[0]?.sequence, last)
      }
    }
  })
})

/** One AES key of `name@realm` (MIT keytab file format, version 2), in base64. */
function keyTable(name: string, realm: string): string {
  const counted = (text: string): Buffer => Buffer.concat([Buffer.of(0, text.length), Buffer.from(text)])
  const key = Buffer.alloc(32, 1)
  const entry = Buffer.concat([
    ...[Buffer.of(0, 1), counted(realm), counted(name)],
    // Name type, time, version, type aes256, length of the key.
    ...[Buffer.of(0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 18, 0, key.length), key],
  ])
  const size = Buffer.alloc(4)
  size.writeInt32BE(entry.length)
  return Buffer.concat([Buffer.of(5, 2), size, entry]).toString('base64')
}
