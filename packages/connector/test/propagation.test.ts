import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import type { AuthenticationMode } from '@landbridge/access'
import { LocalCa, type OwnCertificate, selfSigned } from '@landbridge/identity'
import { createLog } from '@landbridge/kernel'
import { type CertificateBackend, type Seen, startCertificateBackend } from '@landbridge/testkit'
import {
  type Answered,
  type Asked,
  type ConnectorParts,
  type PropagatingConnector,
  startPropagatingConnector,
  testCertificates,
  testClock,
  withPropagatingConnector,
} from './propagating-connector.ts'
import { type TokenIssuer, tokenIssuer } from './token-issuer.ts'

let system: OwnCertificate
let authority: OwnCertificate
let backend: CertificateBackend
const now = testClock().now()
const idp = tokenIssuer('https://idp.test', now)

before(async () => {
  const certificates = await testCertificates(testClock())
  system = certificates.system
  authority = certificates.authority
  backend = await startCertificateBackend(system.cert)
})
after(() => backend.close())

/** Runs with a connector that has all certificates and trusts `idp`. */
function withConnector(
  run: (connector: PropagatingConnector) => Promise<void>,
  parts: Partial<ConnectorParts> = {},
  trusted: readonly TokenIssuer[] = [idp],
): Promise<void> {
  return withPropagatingConnector({ backend, system, authority, ...parts }, trusted, run)
}

/** Twice by reference, so that the tunnel remembers what was found out about the token, and once with the token itself. */
async function becomeKnown(connector: PropagatingConnector, userToken: string): Promise<void> {
  const subjects = []
  for (const inline of [false, false, true]) subjects.push((await seenBy(connector, { userToken, inline })).user)
  assert.equal(new Set(subjects).size, 1)
}

async function seenBy(connector: PropagatingConnector, request: Asked): Promise<Seen> {
  const answer = await connector.ask(request)
  assert.equal(answer.status, 200, answer.body)
  return JSON.parse(answer.body) as Seen
}

function certificateOf({ header }: Seen): X509Certificate {
  return new X509Certificate(Buffer.from(header ?? '', 'base64'))
}

function refused(answer: Answered, status: number, code: string): void {
  assert.equal(answer.status, status, answer.body)
  assert.match(answer.head, new RegExp(`^X-Landbridge-Error: ${code}$`, 'm'))
}

test('the backend gets the certificate of the user in the header and that of the connector in the handshake (SCC-211, SCC-149)', () =>
  withConnector(async (connector) => {
    const seen = await seenBy(connector, { userToken: idp.token({ user_name: 'ann' }) })
    assert.equal(seen.user, 'CN=ann')
    assert.equal(seen.tls, 'connector')
    assert.equal(seen.count, 1)
    assert.match(seen.header ?? '', /^[A-Za-z0-9+/]+=*$/)
    const user = certificateOf(seen)
    const ca = new X509Certificate(authority.cert)
    assert.ok(user.checkIssued(ca) && user.verify(ca.publicKey))
    assert.equal(user.ca, false)
  }))

test('each authentication mode sends what its row of the table says, with and without a user (SCC-211, SCC-212, SCC-213)', () =>
  withConnector(async (connector) => {
    const userToken = idp.token({ user_name: 'ann' })
    const none = { header: null, user: null }
    const marker = { header: '', user: null }
    const rows: readonly (readonly [AuthenticationMode, boolean, { header?: string | null; user: string | null }])[] = [
      ['NONE', false, none],
      ['NONE', true, none],
      ['NONE_RESTRICTED', false, marker],
      ['NONE_RESTRICTED', true, marker],
      ['X509_GENERAL', false, none],
      ['X509_GENERAL', true, { user: 'CN=ann' }],
      ['X509_RESTRICTED', false, marker],
      ['X509_RESTRICTED', true, { user: 'CN=ann' }],
      ['KERBEROS', false, marker],
    ]
    for (const [mode, hasUser, expected] of rows) {
      const seen = await seenBy(connector, { mode, ...(hasUser ? { userToken } : {}) })
      const label = `${mode} ${hasUser}`
      assert.equal(seen.user, expected.user, label)
      if (expected.header !== undefined) assert.equal(seen.header, expected.header, label)
      assert.equal(seen.tls, 'connector', label)
    }
    refused(await connector.ask({ mode: 'KERBEROS', userToken }), 502, 'PROPAGATION_KERBEROS')
  }))

test('the value that names no certificate is configurable (SCC-212)', () =>
  withConnector(
    async (connector) => {
      assert.equal((await seenBy(connector, { mode: 'NONE_RESTRICTED' })).header, 'none')
      connector.configure({ settings: { noCertificateMarker: '' } })
      assert.equal((await seenBy(connector, { mode: 'NONE_RESTRICTED' })).header, '')
    },
    { settings: { noCertificateMarker: 'none' } },
  ))

test('without a system certificate the backend is contacted without a client certificate (SCC-117, SCC-147)', async () => {
  const open = await startCertificateBackend(system.cert, false)
  try {
    const { system: _none, ...parts } = { system, authority, backend: open }
    const connector = await startPropagatingConnector(parts)
    try {
      assert.equal((await seenBy(connector, { mode: 'NONE' })).tls, '')
      assert.equal((await seenBy(connector, { mode: 'KERBEROS' })).header, null)
    } finally {
      await connector.close()
    }
  } finally {
    await open.close()
  }
})

test('a certificate header of the client never reaches the backend, in no spelling and no mode (SCC-215)', () =>
  withConnector(async (connector) => {
    const forged = Buffer.from(new X509Certificate(authority.cert).raw).toString('base64')
    const headers = [`SSL_CLIENT_CERT: ${forged}`, `ssl_client_cert: ${forged}`, `Ssl-Client-Cert: ${forged}`]
    assert.equal((await seenBy(connector, { mode: 'NONE', headers })).header, null)
    assert.equal((await seenBy(connector, { mode: 'NONE_RESTRICTED', headers })).header, '')
    assert.equal((await seenBy(connector, { mode: 'X509_GENERAL', headers })).header, null)
    const seen = await seenBy(connector, { headers, userToken: idp.token({ user_name: 'ann' }) })
    assert.deepEqual([seen.user, seen.count], ['CN=ann', 1])
  }))

test('Basic authentication and users work over one mapping (SCC-216)', () =>
  withConnector(async (connector) => {
    const basic = await seenBy(connector, { headers: ['Authorization: Basic YTpi'] })
    assert.deepEqual([basic.authorization, basic.header], ['Basic YTpi', ''])
    const user = await seenBy(connector, { userToken: idp.token({ user_name: 'ann' }) })
    assert.deepEqual([user.authorization, user.user], [null, 'CN=ann'])
  }))

test('the tenant of a token is that of the subaccount in either case: an administrator may have written its ID in capitals', () =>
  withConnector(
    async (connector) => {
      for (const zid of ['0f4b9a2c-aaaa', '0F4B9A2C-aaaa'])
        assert.equal((await seenBy(connector, { userToken: idp.token({ user_name: 'ann', zid }) })).user, 'CN=ann')
      const foreign = idp.token({ user_name: 'ann', zid: '0f4b9a2c-bbbb' })
      refused(await connector.ask({ userToken: foreign }), 403, 'PROPAGATION_TENANT')
    },
    { subaccountId: '0F4B9A2C-AAAA' },
  ))

test('a technical user is verified and named by the rule for technical users (SCC-163)', () =>
  withConnector(
    async (connector) => {
      const token = idp.token({ sub: 'sb-app' })
      assert.equal((await seenBy(connector, { technicalToken: token })).user, 'CN=sb-app\nOU=Technical')
      assert.equal((await seenBy(connector, { userToken: token })).user, 'CN=sb-app')
      const forged = `${token.slice(0, -4)}AAAA`
      refused(await connector.ask({ technicalToken: forged }), 401, 'PROPAGATION_SIGNATURE')
    },
    {
      settings: {
        subjectRules: [
          {
            condition: { variable: 'user_type', operator: 'is', value: 'Technical' },
            subject: 'OU=Technical,CN=${name}',
          },
          { subject: 'CN=${name}' },
        ],
      },
    },
  ))

test('tokens that are tampered with, foreign, expired or of an unknown issuer are refused and audited (SCC-130)', () =>
  withConnector(async (connector) => {
    const [head, , signature] = idp.token({ user_name: 'ann' }).split('.')
    const payload = Buffer.from(JSON.stringify({ iss: idp.issuer, exp: now / 1000 + 60, user_name: 'root' }))
    const impostor = tokenIssuer(idp.issuer, now)
    const seenBefore = backend.seen.length
    const cases: readonly (readonly [string, number, string])[] = [
      [`${head}.${payload.toString('base64url')}.${signature}`, 401, 'PROPAGATION_SIGNATURE'],
      [impostor.token({ user_name: 'ann' }), 401, 'PROPAGATION_SIGNATURE'],
      [tokenIssuer(idp.issuer, now, 'other').token({ user_name: 'ann' }), 401, 'PROPAGATION_KEY'],
      [tokenIssuer('https://evil.test', now).token({ user_name: 'ann' }), 403, 'PROPAGATION_ISSUER'],
      [tokenIssuer(`${idp.issuer}/`, now).token({ user_name: 'ann' }), 403, 'PROPAGATION_ISSUER'],
      [idp.token({ user_name: 'ann', exp: Math.floor(now / 1000) - 1 }), 401, 'PROPAGATION_EXPIRED'],
      [idp.token({ user_name: 'ann', nbf: Math.floor(now / 1000) + 3600 }), 401, 'PROPAGATION_TOKEN'],
      [idp.token({ user_name: 'ann', zid: 'subaccount-2' }), 403, 'PROPAGATION_TENANT'],
      ['no.token', 401, 'PROPAGATION_TOKEN'],
      [idp.token({ department: 'x' }), 403, 'PROPAGATION_SUBJECT'],
    ]
    for (const mode of ['X509_GENERAL', 'X509_RESTRICTED'] as const)
      for (const [userToken, status, code] of cases) refused(await connector.ask({ mode, userToken }), status, code)
    assert.equal(backend.seen.length, seenBefore, 'nothing reached the backend')
    assert.deepEqual(
      connector.denied.map(({ reason, path }) => [reason, path]),
      [...cases, ...cases].map(([, , code]) => [code, '/resource']),
    )
  }))

test('a refusal says what happened, why and what to do, and challenges where it is a 401', () =>
  withConnector(async (connector) => {
    const answer = await connector.ask({ userToken: tokenIssuer('https://evil.test', now).token({ sub: 'a' }) })
    assert.match(answer.body, /does not trust the identity provider.*issuer https:\/\/evil\.test/)
    assert.match(answer.body, /On-premise administrator: synchronise the trust configuration/)
    const expired = await connector.ask({ userToken: idp.token({ sub: 'a', exp: 1 }) })
    assert.match(expired.head, /^WWW-Authenticate: Bearer/m)
  }))

test('nobody is believed before an issuer is trusted; switching it off counts from the next request, also for tokens seen before (SCC-126, SCC-129)', () =>
  withConnector(async (connector) => {
    const userToken = idp.token({ user_name: 'ann' })
    connector.trust([])
    refused(await connector.ask({ userToken }), 403, 'PROPAGATION_ISSUER')
    connector.trust([idp])
    await becomeKnown(connector, userToken)
    connector.trust([])
    refused(await connector.ask({ userToken }), 403, 'PROPAGATION_ISSUER')
    refused(await connector.ask({ userToken, inline: true }), 403, 'PROPAGATION_ISSUER')
    connector.trust([idp])
    await seenBy(connector, { userToken })
  }))

test('after a change of keys tokens are refused until the new key set is there (SCC-131)', () =>
  withConnector(async (connector) => {
    const rotated = tokenIssuer(idp.issuer, now, 'key-2')
    const userToken = rotated.token({ user_name: 'ann' })
    refused(await connector.ask({ userToken }), 401, 'PROPAGATION_KEY')
    const former = idp.token({ user_name: 'ann' })
    await becomeKnown(connector, former)
    connector.trust([rotated])
    await seenBy(connector, { userToken })
    refused(await connector.ask({ userToken: former }), 401, 'PROPAGATION_KEY')
  }))

test('what one subaccount trusts another one does not (SCC-133)', () =>
  withConnector((first) =>
    withConnector(
      async (second) => {
        const userToken = idp.token({ user_name: 'ann' })
        await seenBy(first, { userToken })
        refused(await second.ask({ userToken }), 403, 'PROPAGATION_ISSUER')
      },
      { subaccountId: 'subaccount-2' },
      [tokenIssuer('https://other.test', now)],
    ),
  ))

test('an expired token is honoured for the configured hours and no longer, also when it was seen before (SCC-170)', () =>
  withConnector(
    async (connector) => {
      const userToken = idp.token({ user_name: 'ann' })
      connector.clock.advance(3_600_000 + 2 * 3_600_000 - 1_000)
      await becomeKnown(connector, userToken)
      connector.clock.advance(2_000)
      refused(await connector.ask({ userToken }), 401, 'PROPAGATION_EXPIRED')
      refused(await connector.ask({ userToken, inline: true }), 401, 'PROPAGATION_EXPIRED')
    },
    { settings: { expirationToleranceHours: 2 } },
  ))

test('a certificate lives no longer than configured, is used again meanwhile and renewed after (SCC-150, SCC-151)', () =>
  withConnector(
    async (connector) => {
      const userToken = idp.token({ user_name: 'ann' })
      const first = certificateOf(await seenBy(connector, { userToken }))
      const { validFromDate, validToDate } = first
      assert.ok(validToDate.getTime() - validFromDate.getTime() <= 10 * 60_000)
      assert.ok(validToDate.getTime() <= connector.clock.now() + 10 * 60_000)
      assert.ok(validFromDate.getTime() < connector.clock.now())
      // Another token of the same user, the same certificate.
      const again = certificateOf(await seenBy(connector, { userToken: idp.token({ user_name: 'ann', jti: '2' }) }))
      assert.equal(again.serialNumber, first.serialNumber)
      await becomeKnown(connector, userToken)
      connector.clock.advance(10 * 60_000)
      const renewed = certificateOf(await seenBy(connector, { userToken }))
      assert.notEqual(renewed.serialNumber, first.serialNumber)
      assert.equal(renewed.subject, first.subject)
    },
    { settings: { certificateValidityMinutes: 10 } },
  ))

test('another authority issues from the next request on, and without one the user is refused (SCC-148, API1-148)', () =>
  withConnector(async (connector) => {
    const userToken = idp.token({ user_name: 'ann' })
    assert.equal(certificateOf(await seenBy(connector, { userToken })).issuer, 'O=Test\nCN=PP CA')
    const other = await selfSigned({ purpose: 'authority', keySize: 2048, subject: 'CN=New CA' }, 1, connector.clock)
    connector.configure({ authority: other })
    assert.equal(certificateOf(await seenBy(connector, { userToken })).issuer, 'CN=New CA')
    connector.clock.advance(2 * 86_400_000)
    const later = idp.token({ user_name: 'ann', exp: Math.floor(connector.clock.now() / 1000) + 60 })
    refused(await connector.ask({ userToken: later }), 502, 'PROPAGATION_AUTHORITY_EXPIRED')
    connector.configure({ authority: null })
    refused(await connector.ask({ userToken: later }), 502, 'PROPAGATION_NO_AUTHORITY')
    assert.equal(connector.denied.at(-1)?.reason, 'PROPAGATION_NO_AUTHORITY')
  }))

test('certificates of users have keys of the kind and size of their authority, RSA and EC', async () => {
  const ec = await LocalCa.create({ subject: { CN: 'EC CA' } })
  const rsa = await selfSigned({ purpose: 'authority', keySize: 4096, subject: 'CN=RSA CA' }, 1, testClock())
  const authorities = [
    { authority: { cert: ec.certificatePem, key: ec.keyPem }, type: 'ec', details: { namedCurve: 'prime256v1' } },
    { authority: rsa, type: 'rsa', details: { modulusLength: 4096, publicExponent: 65_537n } },
  ]
  for (const { authority, type, details } of authorities)
    await withConnector(
      async (connector) => {
        const certificate = certificateOf(await seenBy(connector, { userToken: idp.token({ user_name: 'ann' }) }))
        assert.ok(certificate.verify(new X509Certificate(authority.cert).publicKey))
        assert.deepEqual(
          [certificate.publicKey.asymmetricKeyType, certificate.publicKey.asymmetricKeyDetails],
          [type, details],
        )
      },
      { authority },
    )
})

test('two hundred users at once each get their own certificate and no TLS connection of another (SCC-151, SCC-211)', () =>
  withConnector(async (connector) => {
    const users = Array.from({ length: 200 }, (_, index) => `user${index}`)
    const tokens = users.map((user) => idp.token({ user_name: user }))
    const rounds = await Promise.all(
      users.flatMap((user, index) =>
        [0, 1].map(async (round) => {
          const seen = await seenBy(connector, {
            userToken: tokens[index] ?? '',
            headers: [`X-Echo: ${user}-${round}`],
          })
          assert.deepEqual([seen.user, seen.echo], [`CN=${user}`, `${user}-${round}`])
          return { user, serial: certificateOf(seen).serialNumber }
        }),
      ),
    )
    const serials = new Map<string, Set<string>>()
    for (const { user, serial } of rounds) serials.set(user, (serials.get(user) ?? new Set()).add(serial))
    assert.ok([...serials.values()].every((set) => set.size === 1))
    assert.equal(new Set(rounds.map(({ serial }) => serial)).size, users.length)
    // Once more over the connections that wait, and somebody without a user between them.
    await Promise.all(
      users.map(async (user, index) => {
        assert.equal((await seenBy(connector, { userToken: tokens[index] ?? '' })).user, `CN=${user}`)
        assert.equal((await seenBy(connector, {})).user, null)
      }),
    )
    assert.ok(backend.usersOfConnections.every((set) => set.size === 1))
  }))

test('plain HTTP carries no certificates: users are not propagated there, which is told once for each mapping (SCC-213, SCC-218)', async () => {
  const warnings: unknown[] = []
  const log = createLog(
    (_level, event, facts) => warnings.push([event, facts.system, facts.authenticationMode]),
    'warn',
  )
  const headers: (string | undefined)[] = []
  const plain = createServer((request, response) => {
    headers.push(request.headers.ssl_client_cert as string | undefined)
    response.end()
  })
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  const address = plain.address()
  const plainPort = typeof address === 'object' && address !== null ? address.port : 0
  try {
    await withConnector(
      async (connector) => {
        const userToken = idp.token({ user_name: 'ann' })
        for (const mode of ['NONE', 'NONE_RESTRICTED', 'X509_GENERAL', 'X509_RESTRICTED'] as const)
          for (const _twice of [1, 2])
            assert.equal((await connector.ask({ protocol: 'HTTP', mode, userToken })).status, 200)
        assert.equal((await connector.ask({ protocol: 'HTTP', mode: 'X509_GENERAL' })).status, 200)
      },
      { plainPort, log },
    )
    assert.deepEqual(headers, Array(9).fill(undefined))
    assert.deepEqual(warnings, [
      ['propagation.needs-https', 'http-x509-general.test:443', 'X509_GENERAL'],
      ['propagation.needs-https', 'http-x509-restricted.test:443', 'X509_RESTRICTED'],
    ])
  } finally {
    plain.closeAllConnections()
    await new Promise((resolve) => plain.close(resolve))
  }
})
