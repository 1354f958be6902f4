import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import type { Protocol, SystemMapping } from '@landbridge/access'
import { type IssuedCertificate, LocalCa } from '@landbridge/identity'
import { type Clock, Secret, systemClock } from '@landbridge/kernel'
import { freePort } from '@landbridge/testkit'
import { type Availability, type AvailabilityOptions, checkAvailability } from '../src/index.ts'

/** Time is up only when what has arrived is read, even where the machine stood still in between. */
const clock: Clock = {
  ...systemClock,
  after(delayMs, run) {
    let isCancelled = false
    const cancel = systemClock.after(delayMs, async () => {
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
      if (!isCancelled) run()
    })
    return () => {
      isCancelled = true
      cancel()
    }
  },
}

const plain: AvailabilityOptions = {
  trust: { trustAllBackends: false, certificates: [] },
  hasAuthority: true,
  hasKerberos: true,
  clock,
  timeoutMs: 15_000,
  objectionMs: 100,
}

function mapping(protocol: Protocol, internalPort: number | string, more: Partial<SystemMapping> = {}): SystemMapping {
  return {
    ...{ virtualHost: 'v', virtualPort: String(internalPort), internalHost: 'localhost' },
    internalPort: String(internalPort),
    ...{ protocol, backendType: 'nonSAPsys', authenticationMode: 'NONE', hostInHeader: 'virtual' },
    ...{ allowedClients: [], blockedUsers: [], createdAtMs: 0, resources: [] },
    ...more,
  }
}

const codes = ({ details }: Availability): string[] => details.map(({ level, code }) => `${level} ${code}`)

describe('availability of internal systems', () => {
  const servers: Server[] = []
  let ours: LocalCa
  let own: { cert: string; key: Secret }
  let foreign: { cert: string; key: Secret }
  let server: IssuedCertificate
  let trusting: AvailabilityOptions
  before(async () => {
    ours = await LocalCa.create({ subject: { CN: 'Ours' } })
    const others = await LocalCa.create({ subject: { CN: 'Others' } })
    server = await ours.issueServer({ dnsNames: ['localhost'], days: 1 })
    const system = async (ca: LocalCa) => {
      const { cert, key } = await ca.issueClient({ subject: { CN: 'system' }, days: 1 })
      return { cert, key: new Secret(key) }
    }
    own = await system(ours)
    foreign = await system(others)
    trusting = { ...plain, trust: { trustAllBackends: false, certificates: [ours.certificatePem] } }
  })
  after(() => {
    for (const one of servers) one.close()
  })

  const listen = async (one: Server): Promise<number> => {
    servers.push(one)
    await new Promise<void>((resolve) => one.listen(0, 'localhost', resolve))
    return (one.address() as { port: number }).port
  }
  const tls = (options: TlsOptions = {}): Promise<number> =>
    listen(
      createTlsServer({ ...server, ca: ours.certificatePem, ...options }, (socket) => socket.on('error', () => {})).on(
        'tlsClientError',
        () => {},
      ),
    )
  const tcp = (): Promise<number> =>
    listen(createServer((socket) => socket.on('error', () => {}).on('data', () => socket.destroy())))

  test('a system that can be reached is told with its address, over TLS with its certificate', async () => {
    const overTcp = await checkAvailability(mapping('HTTP', await tcp()), plain)
    assert.equal(overTcp.state, 'REACHABLE')
    assert.match(overTcp.address ?? '', /^(127\.0\.0\.1|::1) port \d+$/)
    const overTls = await checkAvailability(mapping('HTTPS', await tls()), trusting)
    assert.deepEqual([overTls.state, codes(overTls)], ['REACHABLE', ['info NOT_REQUESTED']])
    const { server: certificate, ...finding } = overTls.tls ?? {}
    assert.deepEqual(finding, { protocol: 'TLSv1.3', isTrusted: true, isRequested: false, isRequired: false })
    assert.equal(certificate?.subject, 'CN=localhost')
    assert.match(certificate?.issuer ?? '', /CN=Ours/)
  })

  test('a name that is unknown, a port that is closed, silence and the wrong protocol are told apart', async () => {
    const unknown = await checkAvailability(mapping('HTTP', 80, { internalHost: 'nowhere.invalid' }), plain)
    assert.deepEqual([unknown.state, codes(unknown), unknown.address], ['WARNING', ['warning HOST_UNKNOWN'], undefined])
    assert.match(unknown.details[0]?.text ?? '', /nowhere\.invalid cannot be resolved .*check its spelling/)
    const closed = await checkAvailability(mapping('HTTPS', await freePort()), plain)
    assert.deepEqual([closed.state, codes(closed)], ['WARNING', ['warning REFUSED']])
    const silent = await listen(createServer((socket) => socket.on('error', () => {})))
    const mute = await checkAvailability(mapping('TCPS', silent), { ...plain, timeoutMs: 100 })
    assert.deepEqual([mute.state, codes(mute)], ['WARNING', ['warning NO_ANSWER']])
    const ended = await checkAvailability(mapping('HTTPS', await tcp()), plain)
    assert.deepEqual([ended.state, codes(ended)], ['WARNING', ['warning CLOSED']])
    const http = await listen(
      createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    )
    const wrong = await checkAvailability(mapping('HTTPS', http), plain)
    assert.deepEqual([wrong.state, codes(wrong)], ['WARNING', ['warning NO_TLS']])
  })

  test('a certificate that is not trusted is a warning, or a hint where all are trusted', async () => {
    const port = await tls()
    const distrusted = await checkAvailability(mapping('HTTPS', port), plain)
    assert.deepEqual([distrusted.state, codes(distrusted)[0]], ['WARNING', 'warning UNTRUSTED'])
    assert.equal(distrusted.tls?.isTrusted, false)
    const misnamed = await tls({ ...(await ours.issueServer({ dnsNames: ['other.corp'], days: 1 })) })
    const other = await checkAvailability(mapping('LDAPS', misnamed), trusting)
    assert.match(other.details[0]?.text ?? '', /does not carry the name localhost/)
    const trust = { trustAllBackends: true, certificates: [] }
    const unchecked = await checkAvailability(mapping('HTTPS', port), { ...plain, trust })
    assert.deepEqual([unchecked.state, codes(unchecked)[0]], ['REACHABLE', 'hint TRUSTED_UNCHECKED'])
  })

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
    for (const protocol of ['HTTPS', 'TCPS'] as const)
      test(`${protocol}, ${maxVersion}: whether the system asks for a certificate, insists on it and takes that of the connector (SCC-190)`, async () => {
        const limits = { maxVersion, requestCert: true }
        const [asks, insists] = [
          mapping(protocol, await tls({ ...limits, rejectUnauthorized: false })),
          mapping(protocol, await tls({ ...limits, rejectUnauthorized: true })),
        ]
        const look = async (to: SystemMapping, systemCertificate?: { cert: string; key: Secret }) => {
          const found = await checkAvailability(to, {
            ...trusting,
            ...(systemCertificate === undefined ? {} : { systemCertificate }),
          })
          const { isRequested, isRequired, isAccepted } = found.tls ?? {}
          return [found.state, codes(found).at(-1), isRequested, isRequired, isAccepted]
        }
        assert.deepEqual(await look(asks), ['REACHABLE', 'hint REQUESTED', true, false, undefined])
        assert.deepEqual(await look(asks, own), ['REACHABLE', 'info ACCEPTED', true, false, true])
        assert.deepEqual(await look(insists), ['WARNING', 'warning REQUIRED', true, true, undefined])
        assert.deepEqual(await look(insists, own), ['REACHABLE', 'info ACCEPTED', true, true, true])
        assert.deepEqual(await look(insists, foreign), ['WARNING', 'warning REJECTED', true, true, false])
      })

  test('client authentication is tried although the certificate of the system is not trusted (SCC-190)', async () => {
    const port = await tls({ requestCert: true, rejectUnauthorized: true })
    const found = await checkAvailability(mapping('HTTPS', port), { ...plain, systemCertificate: own })
    assert.deepEqual([found.state, codes(found)], ['WARNING', ['warning UNTRUSTED', 'info ACCEPTED']])
  })

  test('what keeps users from being propagated is hinted at, and blocks nothing', async () => {
    const asks = await tls({ requestCert: true, rejectUnauthorized: false })
    const lacking = { ...trusting, hasAuthority: false, hasKerberos: false }
    for (const [protocol, mode, port, expected] of [
      ['HTTPS', 'X509_GENERAL', await tls(), ['hint NO_AUTHORITY', 'hint NO_SYSTEM_CERTIFICATE', 'hint NOT_REQUESTED']],
      ['HTTPS', 'X509_RESTRICTED', asks, ['hint NO_AUTHORITY', 'hint NO_SYSTEM_CERTIFICATE', 'hint REQUESTED']],
      ['HTTPS', 'KERBEROS', await tls(), ['hint NO_KERBEROS', 'info NOT_REQUESTED']],
      ['HTTP', 'X509_GENERAL', await tcp(), ['hint MODE_WITHOUT_EFFECT']],
      ['TCP', 'NONE', await tcp(), ['hint TCP_RISK']],
    ] as const) {
      const found = await checkAvailability(mapping(protocol, port, { authenticationMode: mode }), lacking)
      assert.deepEqual([found.state, codes(found)], ['REACHABLE', expected], `${protocol} ${mode}`)
    }
  })

  test('a mapping of RFC with SNC cannot be used, and which of its settings are missing is said (SCC-241)', async () => {
    const snc = { libraryName: '/opt/snc/lib.so', myName: '', qualityOfProtection: 9 } as const
    const own = 'the library name and the quality of protection of the Cloud Connector'
    const partner = 'the SNC partner name of the mapping'
    const port = await tcp()
    for (const [settings, name, there, missing] of [
      [{}, {}, 'none', `${own}, ${partner}`],
      [{ snc }, {}, own, partner],
      [{}, { sncPartnerName: 'p:CN=ERP' }, partner, own],
      [{ snc }, { sncPartnerName: 'p:CN=ERP' }, `${own}, ${partner}`, 'none'],
    ] as const) {
      const found = await checkAvailability(mapping('RFCS', port, name), { ...plain, ...settings })
      assert.deepEqual([found.state, codes(found)], ['WARNING', ['warning SNC_UNAVAILABLE']])
      assert.ok(found.details[0]?.text.endsWith(`that are there: ${there}; that are missing: ${missing}.`))
    }
  })

  test('of a range the first port is tried; a service name counts as in the services file', async () => {
    const port = await tcp()
    const range = await checkAvailability(mapping('TCP', `${port}-${port + 1}`), plain)
    assert.deepEqual(codes(range), ['hint TCP_RISK', 'info FIRST_PORT'])
    const known = { ...plain, servicePort: (name: string) => (name === 'sapmsERP' ? port : undefined) }
    assert.equal((await checkAvailability(mapping('RFC', 'sapmsERP'), known)).state, 'REACHABLE')
    const unknown = await checkAvailability(mapping('RFC', 'sapmsABC'), known)
    assert.deepEqual([unknown.state, codes(unknown)], ['WARNING', ['warning SERVICE_UNKNOWN']])
  })
})
