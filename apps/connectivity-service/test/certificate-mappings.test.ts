import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { Agent, request } from 'node:https'
import { after, before, describe, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { certificateFacts, LocalCa, readPkcs12, selfSigned } from '@landbridge/identity'
import { createLog, Secret, systemClock } from '@landbridge/kernel'
import { newDatabase } from '@landbridge/testkit'
import { type Call, callHttps } from './https-call.ts'
import { newBinding, newTenant, type Platform, startPlatform } from './platform.ts'
import { rawPost, tableTexts } from './raw-reads.ts'

type Row = Record<string, unknown>

const auth0032 =
  '{"error":{"code":"AuthenticationFailed","message":"Authentication service failed to return token.","details":"[AUTH0032]Invalid client certificate"}}'
const partner = await LocalCa.create({ subject: { CN: 'Partner CA', O: 'Acme' } })
const byPartner = (CN: string) => partner.issueClient({ subject: { CN, O: 'Acme' }, days: 10 })

/** A certificate that nobody but itself vouches for. */
async function selfMade(CN: string, days = 10): Promise<{ cert: string; key: string }> {
  const { cert, key } = await selfSigned({ purpose: 'client', subject: { CN }, keySize: 2048 }, days, systemClock)
  return { cert, key: key.reveal() }
}

const database = await newDatabase()
after(async () => {
  if ('url' in database) await database.stop()
})

for (const [name, url, skip] of [
  ['SQLite', undefined, false],
  [
    'PostgreSQL',
    'url' in database ? database.url : undefined,
    'unavailable' in database ? database.unavailable : false,
  ],
] as const)
  describe(`certificate mappings on ${name}`, { skip }, () => {
    const lines: string[] = []
    const log = createLog((_level, event, facts) => void lines.push(`${event} ${JSON.stringify(facts)}`), 'info')
    let one: Platform
    /** A second replica on PostgreSQL; with SQLite there is one. */
    let two: Platform
    before(async () => {
      one = await startPlatform({ log, ...(url === undefined ? {} : { url }) })
      two = url === undefined ? one : await startPlatform({ log, url, ca: one.ca })
    })
    after(async () => {
      if (two !== one) await two.close()
      await one.close()
    })

    const tenant = async (...names: readonly string[]) => {
      const { subaccount } = await newTenant(one)
      const path = `/api/v1/subaccounts/${subaccount.id}`
      const { instance } = await newBinding(one, subaccount.id, 'connectivity')
      for (const user of names) {
        const body = { name: user, instances: { connectivity: instance.id } }
        const created = await one.operator({ path: `${path}/communicationUsers`, body })
        assert.equal(created.status, 201, created.text)
      }
      return { id: subaccount.id, path, instance, mappings: `${path}/certificateMappings` }
    }
    const map = (at: { mappings: string }, user: string, certificate: string, platform = one) =>
      platform.operator({ path: at.mappings, body: { user, certificate } })
    /** Asks for a tunnel, which nobody will open: 404 means that the caller was accepted. */
    const callAs = (
      at: { id: string },
      clientCertificate: Call['clientCertificate'],
      platform = one,
      headers: Row = { 'x-zid': at.id },
    ) =>
      callHttps(platform.service.port, one.ca.certificatePem, one.serverName, {
        path: '/api/v1/tunnels',
        headers: headers as Record<string, string>,
        ...(clientCertificate === undefined ? {} : { clientCertificate }),
        body: {
          subaccountId: at.id,
          locationId: '',
          ticket: 'a-ticket-of-this-test',
          host: '127.0.0.1',
          port: 8042,
          serverName: 'tunnel.test',
          proxyId: 'p',
          displayName: 'P',
        },
      })
    const isAccepted = { status: 404, code: 'CONNECTOR_NOT_CONNECTED' }
    const outcome = ({ status, json }: { status: number; json: Row }) => ({ status, code: json.code })

    test('a certificate that is assigned to another user is refused with the exact text, and nothing changes (CERT-007)', async () => {
      const at = await tenant('_ABC', '_DEFXYZ')
      const { cert } = await selfMade('CPI')
      const first = await map(at, '_ABC', cert)
      assert.equal(first.status, 201)
      const before = await one.operator({ path: at.mappings })
      const refused = await map(at, '_DEFXYZ', cert)
      assert.equal(refused.status, 409)
      assert.equal(refused.json.detail, 'The Certificate is already assigned to user _ABC')
      assert.equal(refused.json.code, 'CERTIFICATE_ASSIGNED')
      assert.match(String(refused.json.remedy), /key pair of its own/)
      assert.deepEqual((await one.operator({ path: at.mappings })).json, before.json)
      const again = await map(at, '_abc', cert)
      assert.deepEqual([again.status, again.json], [200, first.json])
      const elsewhere = await tenant('_OTHER')
      assert.equal((await map(elsewhere, '_OTHER', cert)).status, 201)
    })

    test('of uploads at the same time on two replicas one wins, and all others name its user (CERT-007)', async () => {
      const users = ['U1', 'U2', 'U3', 'U4', 'U5', 'U6']
      const at = await tenant(...users)
      const { cert } = await selfMade('contested')
      const answers = await Promise.all(users.map((user, index) => map(at, user, cert, index % 2 === 0 ? one : two)))
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409, 409, 409, 409])
      const winner = String(answers.find(({ status }) => status === 201)?.json.user)
      for (const { status, json } of answers)
        if (status === 409) assert.equal(json.detail, `The Certificate is already assigned to user ${winner}`)
      assert.equal(((await one.operator({ path: at.mappings })).json as unknown as Row[]).length, 1)
    })

    test('mappings are listed and found by fingerprint, subject and user (CERT-008)', async () => {
      const at = await tenant('ERP', 'CRM')
      const [erp, crm] = [await byPartner('erp-100%_ß'), await selfMade('crm')]
      const facts = certificateFacts(erp.cert)
      const stored = await map(at, 'ERP', erp.cert)
      await map(at, 'CRM', new X509Certificate(crm.cert).raw.toString('base64'))
      const { id, createdAt, ...shown } = stored.json
      assert.deepEqual(shown, {
        kind: 'certificate',
        subaccountId: at.id,
        user: 'ERP',
        fingerprint: facts.fingerprint,
        certificate: new X509Certificate(erp.cert).toString(),
        subject: 'CN=erp-100%_ß,O=Acme',
        issuer: 'CN=Partner CA,O=Acme',
        serialNumber: facts.serialNumber,
        notBefore: facts.notBefore.toISOString(),
        notAfter: facts.notAfter.toISOString(),
        validity: 'valid',
      })
      assert.ok(Math.abs(Date.parse(String(createdAt)) - Date.now()) < 60_000)
      assert.deepEqual((await one.operator({ path: `${at.mappings}/${String(id)}` })).json, stored.json)
      const found = async (query: string) => {
        const answer = await one.operator({ path: `${at.mappings}?${query}` })
        assert.equal(answer.status, 200, answer.text)
        return (answer.json as unknown as Row[]).map(({ user }) => user)
      }
      assert.deepEqual(await found(''), ['CRM', 'ERP'])
      const printed = new X509Certificate(erp.cert).fingerprint256
      for (const fingerprint of [facts.fingerprint, printed, printed.slice(0, 11)])
        assert.deepEqual(await found(new URLSearchParams({ fingerprint }).toString()), ['ERP'])
      assert.deepEqual(await found(new URLSearchParams({ subject: '100%_SS'.toLowerCase() }).toString()), [])
      assert.deepEqual(await found(new URLSearchParams({ subject: '100%_ß,o=ACME' }).toString()), ['ERP'])
      assert.deepEqual(await found(new URLSearchParams({ subject: '%' }).toString()), ['ERP'])
      assert.deepEqual(await found('user=crm'), ['CRM'])
      assert.deepEqual(await found('user=crm&subject=erp'), [])
      assert.equal((await one.operator({ path: `${at.mappings}?fingerprint=xyz` })).json.code, 'REQUEST_INVALID')
    })

    test('a key pair is made, assigned and handed out once; its key is stored nowhere (CERT-009)', async () => {
      const at = await tenant('_DEFXYZ')
      const path = `${at.path}/communicationUsers/_DEFXYZ/keyPairs`
      for (const keyAlgorithm of ['EC-P256', 'RSA-2048']) {
        const answer = await rawPost(one, path, { password: 'a-password', keyAlgorithm, validityDays: 30 })
        assert.equal(answer.status, 201)
        assert.equal(answer.headers['content-type'], 'application/x-pkcs12')
        assert.equal(answer.headers['content-disposition'], 'attachment; filename="_DEFXYZ.p12"')
        assert.equal(answer.headers['cache-control'], 'no-store')
        const { cert, key } = await readPkcs12(answer.body, new Secret('a-password'))
        await assert.rejects(readPkcs12(answer.body, new Secret('another-password')))
        const mapping = await one.operator({ path: String(answer.headers.location) })
        assert.equal(mapping.json.fingerprint, certificateFacts(cert).fingerprint)
        assert.equal(mapping.json.user, '_DEFXYZ')
        assert.deepEqual(outcome(await callAs(at, { cert, key: key.reveal() })), isAccepted)
        const rows = await tableTexts(one)
        assert.ok(rows.includes(String(mapping.json.fingerprint)))
        assert.equal(rows.includes('PRIVATE KEY'), false)
        assert.equal(rows.includes(key.reveal().split('\n')[1] ?? ''), false)
      }
      const weak = await one.operator({ path, body: { password: 'short' } })
      assert.equal(weak.json.code, 'REQUEST_INVALID')
      assert.equal(
        lines.some((line) => line.includes('a-password')),
        false,
      )
    })

    test('deleting a mapping and uploading the same certificate again counts at once on every replica (CERT-010)', async () => {
      const at = await tenant('SENDER')
      const pair = await selfMade('sender')
      for (let round = 1; round <= 5; round++) {
        const [here, there] = round % 2 === 0 ? [one, two] : [two, one]
        const mapped = await map(at, 'SENDER', pair.cert, here)
        assert.equal(mapped.status, 201)
        for (const replica of [there, here]) assert.deepEqual(outcome(await callAs(at, pair, replica)), isAccepted)
        const deleted = await there.operator({ method: 'DELETE', path: `${at.mappings}/${String(mapped.json.id)}` })
        assert.equal(deleted.status, 204)
        for (const replica of [here, there]) {
          const refused = await callAs(at, pair, replica)
          assert.deepEqual([refused.status, refused.text], [401, auth0032])
        }
      }
      assert.equal(
        (await one.operator({ method: 'DELETE', path: `${at.mappings}/none` })).json.code,
        'CERTIFICATE_MAPPING_UNKNOWN',
      )
    })

    test('an API maps the certificate of a caller to its user; who is unknown gets 401 with the fixed body (CERT-014)', async () => {
      const at = await tenant('SENDER')
      const other = await tenant('OTHER')
      const [known, unknown] = [await selfMade('known'), await selfMade('unknown')]
      await map(at, 'SENDER', known.cert)
      assert.deepEqual(outcome(await callAs(at, known)), isAccepted)
      for (const [place, pair, headers] of [
        [at, unknown, { 'x-zid': at.id }],
        [at, unknown, {}],
        [other, known, { 'x-zid': other.id }],
        [at, known, { 'x-zid': 'no-such-tenant' }],
      ] as const) {
        const refused = await callAs(place, pair, one, headers)
        assert.equal(refused.status, 401)
        assert.equal(refused.text, auth0032)
        assert.match(String(refused.headers['content-type']), /^application\/json/)
      }
      assert.equal((await callAs(at, known, one, {})).json.code, 'CLIENT_CERTIFICATE_TENANT_MISSING')
      const foreign = await callAs(other, known, one, { 'x-zid': at.id })
      assert.equal(foreign.json.code, 'TUNNEL_CALLER_FORBIDDEN')
      assert.match((await callAs(at, undefined)).text, /TOKEN_MISSING|TOKEN_/)
      const { fingerprint } = certificateFacts(unknown.cert)
      assert.ok(lines.some((line) => line.startsWith('client-certificate.refused') && line.includes(fingerprint)))
    })

    test('a resumed TLS session shows the same certificate, and is no way around a deleted mapping (CERT-010)', async () => {
      const at = await tenant('SENDER')
      const pair = await selfMade('resuming')
      const mapped = await map(at, 'SENDER', pair.cert)
      const agent = new Agent({ keepAlive: false, ca: one.ca.certificatePem, ...pair, maxVersion: 'TLSv1.2' })
      const call = () =>
        new Promise<{ status: number | undefined; isResumed: boolean }>((resolve, reject) => {
          const path = '/api/v1/tunnels/events'
          const options = { host: '127.0.0.1', port: one.service.port, servername: one.serverName, agent, path }
          const sent = request({ ...options, headers: { 'x-zid': at.id } }, (answer) => {
            resolve({ status: answer.statusCode, isResumed: (answer.socket as TLSSocket).isSessionReused() })
            answer.destroy()
          })
          sent.on('error', reject)
          sent.end()
        })
      assert.deepEqual(await call(), { status: 200, isResumed: false })
      assert.deepEqual(await call(), { status: 200, isResumed: true })
      await one.operator({ method: 'DELETE', path: `${at.mappings}/${String(mapped.json.id)}` })
      assert.deepEqual(await call(), { status: 401, isResumed: true })
      agent.destroy()
    })

    test('a certificate that has expired or is not valid yet is refused although it is mapped, with the cause in the log (CERT-014)', async () => {
      const at = await tenant('SENDER')
      const day = 86_400_000
      for (const [shift, cause] of [
        [-10 * day, 'expired'],
        [5 * day, 'not yet valid'],
      ] as const) {
        const clock = { ...systemClock, now: () => Date.now() + shift }
        const { cert, key } = await selfSigned({ purpose: 'client', subject: { CN: cause }, keySize: 2048 }, 3, clock)
        const mapped = await map(at, 'SENDER', cert)
        assert.deepEqual([mapped.status, mapped.json.validity], [201, cause])
        const refused = await callAs(at, { cert, key: key.reveal() })
        assert.deepEqual([refused.status, refused.text], [401, auth0032])
        const line = lines.findLast((one) => one.startsWith('client-certificate.refused')) ?? ''
        assert.ok(line.includes(`"cause":"${cause}"`) && line.includes(certificateFacts(cert).fingerprint), line)
      }
    })

    test('a pattern assigns the certificates of a trusted issuer; a certificate of its own wins over it', async () => {
      const at = await tenant('ALL', 'ONE')
      const issuer = await one.operator({
        path: '/api/v1/trustedIssuers',
        body: { certificate: partner.certificatePem },
      })
      assert.equal(issuer.status, 201)
      const issuerFingerprint = String(issuer.json.fingerprint)
      const body = { user: 'ALL', subjectPattern: 'CN=*.erp.test,O=Acme', issuerFingerprint }
      const unknown = await one.operator({ path: at.mappings, body: { ...body, issuerFingerprint: 'ab' } })
      assert.equal(unknown.json.code, 'CERTIFICATE_ISSUER_UNKNOWN')
      const made = await one.operator({ path: at.mappings, body })
      assert.equal(made.status, 201, made.text)
      const again = await two.operator({ path: at.mappings, body })
      assert.deepEqual([again.status, again.json], [200, made.json])

      const fitting = await byPartner('a.erp.test')
      assert.deepEqual(outcome(await callAs(at, fitting, two)), isAccepted)
      const imposter = await LocalCa.create({ subject: { CN: 'Partner CA', O: 'Acme' } })
      for (const pair of [
        await byPartner('a.crm.test'),
        await imposter.issueClient({ subject: { CN: 'a.erp.test', O: 'Acme' }, days: 10 }),
        await selfMade('a.erp.test'),
      ])
        assert.equal((await callAs(at, pair)).text, auth0032)

      const short = { ...body, subjectPattern: 'CN=*.srv.test' }
      const forServers = await one.operator({ path: at.mappings, body: short })
      const client = await partner.issueClient({ subject: { CN: 'a.srv.test' }, days: 10 })
      assert.deepEqual(outcome(await callAs(at, client)), isAccepted)
      assert.equal((await callAs(at, await partner.issueServer({ dnsNames: ['a.srv.test'], days: 10 }))).text, auth0032)
      await one.operator({ method: 'DELETE', path: `${at.mappings}/${String(forServers.json.id)}` })

      // Without an instance the user may do nothing, so the answer shows whom the certificate stands for.
      const patched = await one.operator({
        method: 'PATCH',
        path: `${at.path}/communicationUsers/ONE`,
        body: { instances: {} },
      })
      assert.deepEqual(patched.json.instances, {})
      const exact = await map(at, 'ONE', fitting.cert)
      assert.equal((await callAs(at, fitting)).json.code, 'TUNNEL_CALLER_FORBIDDEN')
      await one.operator({ method: 'DELETE', path: `${at.mappings}/${String(exact.json.id)}` })
      assert.deepEqual(outcome(await callAs(at, fitting)), isAccepted)

      const inUse = await one.operator({ method: 'DELETE', path: `/api/v1/trustedIssuers/${issuerFingerprint}` })
      assert.equal(inUse.json.code, 'CERTIFICATE_ISSUER_IN_USE')
      await one.operator({ method: 'DELETE', path: `${at.mappings}/${String(made.json.id)}` })
      assert.equal((await callAs(at, fitting, two)).text, auth0032)
      const gone = await one.operator({ method: 'DELETE', path: `/api/v1/trustedIssuers/${issuerFingerprint}` })
      assert.equal(gone.status, 204)
      const leaf = (await byPartner('leaf')).cert
      const noIssuer = await one.operator({ path: '/api/v1/trustedIssuers', body: { certificate: leaf } })
      assert.equal(noIssuer.json.code, 'CERTIFICATE_ISSUER_INVALID')
    })

    test('ambiguous patterns are refused when they are made, also by two replicas at once', async () => {
      const at = await tenant('A', 'B')
      const ca = await LocalCa.create({ subject: { CN: `Ambiguous CA ${name}` } })
      const issuer = await one.operator({ path: '/api/v1/trustedIssuers', body: { certificate: ca.certificatePem } })
      const pattern = (user: string, subjectPattern: string, platform = one) =>
        platform.operator({
          path: at.mappings,
          body: { user, subjectPattern, issuerFingerprint: String(issuer.json.fingerprint) },
        })
      const answers = await Promise.all([pattern('A', 'CN=a*'), pattern('B', 'CN=*b', two)])
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409])
      const refused = answers.find(({ status }) => status === 409)?.json
      assert.equal(refused?.code, 'CERTIFICATE_PATTERN_AMBIGUOUS')
      assert.ok(['A', 'B'].includes(String(refused.user)) && ['CN=a*', 'CN=*b'].includes(String(refused.pattern)))
      const winner = String(answers.find(({ status }) => status === 201)?.json.user)
      assert.equal((await pattern(winner, 'CN=a?b*')).status, 201)
      assert.equal((await pattern('A', 'nonsense')).json.code, 'SUBJECT_PATTERN_INVALID')
    })

    test('an upload with a private key, without a certificate or with both kinds of mapping is refused', async () => {
      const at = await tenant('SENDER')
      const { cert, key } = await selfMade('with key')
      assert.equal((await map(at, 'SENDER', cert + key)).json.code, 'PRIVATE_KEY_UNWANTED')
      assert.equal((await map(at, 'SENDER', 'hello')).json.code, 'CERTIFICATE_INVALID')
      assert.equal((await map(at, 'NOBODY', cert)).json.code, 'COMMUNICATION_USER_UNKNOWN')
      for (const body of [{ user: 'SENDER' }, { user: 'SENDER', certificate: cert, subjectPattern: 'CN=*' }])
        assert.equal((await one.operator({ path: at.mappings, body })).json.code, 'REQUEST_INVALID')
      const users = `${at.path}/communicationUsers`
      const taken = await one.operator({ path: users, body: { name: 'sender' } })
      assert.equal(taken.json.code, 'COMMUNICATION_USER_TAKEN')
      const foreign = await newBinding(one, (await newTenant(one)).subaccount.id, 'connectivity')
      for (const body of [
        { name: '-x' },
        { name: 'cu-x' },
        { name: 'X', instances: { connectivity: foreign.instance.id } },
      ])
        assert.equal((await one.operator({ path: users, body })).json.code, 'COMMUNICATION_USER_INVALID')
      await map(at, 'SENDER', cert)
      assert.equal((await one.operator({ method: 'DELETE', path: `${users}/SENDER` })).status, 204)
      assert.deepEqual((await one.operator({ path: at.mappings })).json, [])
      assert.deepEqual((await one.operator({ path: users })).json, [])
    })
  })
