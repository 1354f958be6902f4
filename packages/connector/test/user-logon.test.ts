import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { SecureVersion } from 'node:tls'
import { LocalCa, type OwnCertificate } from '@landbridge/identity'
import { ManualClock, Secret } from '@landbridge/kernel'
import {
  type CertificateBackend,
  freePort,
  type Seen,
  startCertificateBackend,
  temporaryFolder,
} from '@landbridge/testkit'
import { refusedCertificate } from '../src/backend/logon-check.ts'
import { maxUserContexts, secureContextOf, userContexts } from '../src/backend/secure-contexts.ts'
import {
  type Answered,
  type ConnectorParts,
  type PropagatingConnector,
  testCertificates,
  testClock,
  withPropagatingConnector,
} from './propagating-connector.ts'
import { tokenIssuer } from './token-issuer.ts'

let system: OwnCertificate
let authority: OwnCertificate
/** Demands a certificate that the authority for users signed. */
let backend: CertificateBackend
const idp = tokenIssuer('https://idp.test', testClock().now())

before(async () => {
  const certificates = await testCertificates(testClock())
  system = certificates.system
  authority = certificates.authority
  backend = await startCertificateBackend(authority.cert)
})
after(() => backend.close())

/** Runs with a connector that has no certificate of its own. */
function withConnector(
  run: (connector: PropagatingConnector) => Promise<void>,
  parts: Partial<ConnectorParts> = {},
): Promise<void> {
  return withPropagatingConnector({ backend, authority, ...parts }, [idp], run)
}

function seen(answer: Answered): Seen {
  assert.equal(answer.status, 200, answer.body)
  return JSON.parse(answer.body) as Seen
}

function ask(connector: PropagatingConnector, user: string, echo = ''): Promise<Answered> {
  return connector.ask({ userToken: idp.token({ user_name: user }), headers: [`X-Echo: ${echo}`] })
}

function refused(answer: Answered, code: string): void {
  assert.equal(answer.status, 502, answer.body)
  assert.match(answer.head, new RegExp(`^X-Landbridge-Error: ${code}$`, 'm'))
}

test('without a system certificate the user logs on in the TLS handshake, and no header names anybody', () =>
  withConnector(async (connector) => {
    for (const mode of ['X509_GENERAL', 'X509_RESTRICTED'] as const) {
      const userToken = idp.token({ user_name: 'ann' })
      const headers = ['SSL_CLIENT_CERT: MIIforged']
      const { tls, header, resumed } = seen(await connector.ask({ mode, userToken, headers }))
      assert.deepEqual({ tls, header, resumed }, { tls: 'ann', header: null, resumed: false })
    }
    const technical = seen(await connector.ask({ technicalToken: idp.token({ sub: 'sb-app' }) }))
    assert.equal(technical.tls, 'sb-app')
    // Whoever comes without a user, or to a mapping without users, has nothing to show.
    assert.notEqual((await connector.ask({})).status, 200)
    assert.notEqual((await connector.ask({ mode: 'NONE', userToken: idp.token({ user_name: 'ann' }) })).status, 200)
  }))

test('two hundred users at once each log on with their own certificate, over connections and TLS sessions of nobody else (SCC-151)', () =>
  withConnector(async (connector) => {
    const users = Array.from({ length: 200 }, (_, index) => `user${index}`)
    const round = async (number: number): Promise<boolean[]> =>
      Promise.all(
        users.map(async (user) => {
          const answer = seen(await ask(connector, user, `${user}-${number}`))
          assert.deepEqual([answer.tls, answer.echo], [user, `${user}-${number}`])
          return answer.resumed
        }),
      )
    await Promise.all([round(1), round(2)])
    connector.clock.advance(40_000)
    const resumed = await round(3)
    assert.ok(resumed.every(Boolean), 'everybody resumes a session, and it is their own')
  }))

test('a certificate is renewed before its end, and the connections of the old one carry nothing more (SCC-150, SCC-151)', () => {
  // The backend goes by real time, which has gone on since the clock of the tests was set: both certificates have to be
  // valid in its eyes.
  const clock = new ManualClock(Date.now() - 8 * 60_000)
  return withConnector(
    async (connector) => {
      assert.equal(seen(await ask(connector, 'ann')).resumed, false)
      assert.equal(connector.pool.size, 1)
      clock.advance(8.6 * 60_000)
      // Another certificate begins with a handshake of its own: the session belongs to the old one.
      assert.equal(seen(await ask(connector, 'ann')).resumed, false)
      assert.equal(seen(await ask(connector, 'ann')).tls, 'ann')
    },
    { clock, settings: { certificateValidityMinutes: 10 }, timeouts: { idleMs: 3_600_000 } },
  )
})

test('a system certificate moves users into the header from the next request on, its end back into the handshake', async () => {
  const both = await startCertificateBackend(`${authority.cert}${system.cert}`)
  try {
    await withConnector(
      async (connector) => {
        const who = async (): Promise<readonly (string | null)[]> => {
          const { tls, user } = seen(await ask(connector, 'ann'))
          return [tls, user]
        }
        assert.deepEqual(await who(), ['ann', null])
        connector.configure({ system })
        assert.deepEqual(await who(), ['connector', 'CN=ann'])
        connector.configure({ system: null })
        assert.deepEqual(await who(), ['ann', null])
      },
      { backend: both },
    )
  } finally {
    await both.close()
  }
})

test('a system that does not ask for certificates gets no request of a user, also when a TLS session could be resumed', async () => {
  const ca = await LocalCa.create({ subject: { CN: 'Backend CA' } })
  const server = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 2 })
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] satisfies SecureVersion[]) {
    let requests = 0
    const https = createServer({ ...server, maxVersion }, (_request, response) => {
      requests += 1
      response.end()
    })
    await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve))
    const address = https.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    try {
      await withConnector(
        async (connector) => {
          for (let attempt = 0; attempt < 3; attempt += 1) refused(await ask(connector, 'ann'), 'PROPAGATION_NOT_ASKED')
          assert.match((await ask(connector, 'ann')).body, /Nothing was sent to the internal system/)
          assert.equal(connector.pool.sessions.size, 0)
          assert.equal(requests, 0)
          assert.equal((await connector.ask({ mode: 'NONE' })).status, 200)
        },
        { backend: { port, ca: ca.certificatePem } },
      )
    } finally {
      https.closeAllConnections()
      await new Promise((resolve) => https.close(resolve))
    }
  }
})

test('a system that does not trust the authority is named as the reason', async (t) => {
  const ca = await LocalCa.create({ subject: { CN: 'Backend CA' } })
  const server = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 2 })
  using folder = temporaryFolder()
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder.path, name), content)
    return join(folder.path, name)
  }
  const port = await freePort()
  const openssl = spawn('openssl', [
    ...['s_server', '-accept', `127.0.0.1:${port}`, '-quiet', '-www'],
    ...['-cert', file('cert', server.cert), '-key', file('key', server.key)],
    ...['-CAfile', file('ca', system.cert), '-Verify', '2', '-verify_return_error'],
  ])
  const isMissing = await new Promise<boolean>((resolve) => {
    openssl.once('error', () => resolve(true))
    openssl.once('spawn', () => resolve(false))
  })
  if (isMissing) return t.skip('no openssl on this machine')
  try {
    await withConnector(
      async (connector) => {
        let answer = await ask(connector, 'ann')
        // The server needs a moment until it listens.
        while (/BACKEND_UNREACHABLE/.test(answer.head)) answer = await ask(connector, 'ann')
        refused(answer, 'PROPAGATION_REFUSED')
        assert.match(answer.body, /trust the CA certificate for principal propagation/)
      },
      { backend: { port, ca: ca.certificatePem } },
    )
  } finally {
    openssl.kill('SIGKILL')
  }
})

test('only refusals of certificates are told as such', () => {
  const codes = ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE']
  for (const code of [...codes, 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED']) assert.match(code, refusedCertificate)
  for (const code of ['ECONNRESET', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'SELF_SIGNED_CERT_IN_CHAIN'])
    assert.doesNotMatch(code, refusedCertificate)
})

test('what is kept of users for handshakes is bounded, whoever was there last stays', async () => {
  const ca = await LocalCa.create({ subject: { CN: 'Users' } })
  const { cert, key } = await ca.issueServer({ dnsNames: ['localhost'], ipAddresses: [], days: 1 })
  const security = { trust: { trustAllBackends: false, certificates: [] } }
  const users = Array.from({ length: maxUserContexts + 1 }, () => ({
    cert,
    key: new Secret(key),
    keyType: 'ec' as const,
  }))
  const [first, second, ...others] = users
  const last = others.pop()
  assert.ok(first !== undefined && second !== undefined && last !== undefined)
  const contexts = [first, second].map((user) => secureContextOf(security, user))
  for (const user of others) secureContextOf(security, user)
  assert.equal(secureContextOf(security, first), contexts[0])
  secureContextOf(security, last)
  assert.equal(userContexts(security), maxUserContexts)
  assert.equal(secureContextOf(security, first), contexts[0])
  assert.notEqual(secureContextOf(security, second), contexts[1])
  assert.equal(userContexts(security), maxUserContexts)
})
