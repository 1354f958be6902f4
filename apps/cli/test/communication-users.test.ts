import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { certificateFacts, LocalCa, selfSigned } from '@landbridge/identity'
import { createLog, Sealer, Secret, systemClock } from '@landbridge/kernel'
import { callJson, newDatabase } from '@landbridge/testkit'
import type { RunningCloud } from '../src/compose/cloud.ts'
import { startCloudAlone } from './cloud-alone.ts'

const auth0032 =
  '{"error":{"code":"AuthenticationFailed","message":"Authentication service failed to return token.","details":"[AUTH0032]Invalid client certificate"}}'
const operatorSecret = 'operator-secret-of-this-test'
const sealer = new Sealer(randomBytes(32))
const authority = await LocalCa.create({ subject: { CN: 'Platform CA' } })
const ca = authority.certificatePem

interface Pair {
  readonly cert: string
  readonly key: string
}

async function selfMade(CN: string): Promise<Pair> {
  const { cert, key } = await selfSigned({ purpose: 'client', subject: { CN }, keySize: 2048 }, 10, systemClock)
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
  describe(`communication users of a cloud side on ${name}`, { skip }, () => {
    const lines: string[] = []
    const replica = (): Promise<RunningCloud> =>
      startCloudAlone({
        settings: {
          // Replicas are one token service to the world.
          'tokenService.uaaDomain': 'uaa.example.test',

          'destinationService.mutualTlsPort': 0,
        },
        storeUrl: url ?? 'sqlite::memory:',
        sealer,
        authority,
        operatorSecret: new Secret(operatorSecret),
        clock: systemClock,
        log: createLog((_level, event, facts) => void lines.push(`${event} ${JSON.stringify(facts)}`), 'info'),
      })
    let one: RunningCloud
    let two: RunningCloud
    before(async () => {
      one = await replica()
      two = url === undefined ? one : await replica()
    })
    after(async () => {
      if (two !== one) await two.close()
      await one.close()
    })

    const operate = async (method: string, path: string, body?: object, at = one) => {
      const headers = { authorization: `Bearer ${operatorSecret}` }
      const call = { method, url: `${at.connectivityService.url}/api/v1${path}`, headers, ca }
      const answer = await callJson(body === undefined ? call : { ...call, body })
      assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`)
      return answer.json
    }

    /** A tenant whose destination instance holds one destination, and a communication user who may read it. */
    const scene = async (subdomain: string) => {
      const { id } = await operate('POST', '/subaccounts', {
        subdomain: `${subdomain}-${randomBytes(4).toString('hex')}`,
      })
      const tenant = await operate('GET', `/subaccounts/${id}`)
      const instance = await operate('POST', `/subaccounts/${id}/serviceInstances`, {
        service: 'destination',
        plan: 'lite',
        name: 'dest',
        parameters: {
          init_data: {
            instance: {
              destinations: [
                {
                  Name: 'erp',
                  Type: 'HTTP',
                  URL: 'http://erp.test',
                  ProxyType: 'Internet',
                  Authentication: 'NoAuthentication',
                },
              ],
              existing_destinations_policy: 'update',
            },
          },
        },
      })
      const users = `/subaccounts/${id}/communicationUsers`
      await operate('POST', users, { name: '_ERP', instances: { destination: instance.id } })
      const mappings = `/subaccounts/${id}/certificateMappings`
      return { id: String(id), subdomain: String(tenant.subdomain), users, mappings }
    }

    const tokenFor = (pair: Pair, form: Record<string, string>, at = one) =>
      callJson({
        method: 'POST',
        url: `${at.tokenService?.url}/oauth/token`,
        body: new URLSearchParams({ grant_type: 'client_credentials', ...form }),
        ca,
        clientCertificate: pair,
      })
    const path = '/destination-configuration/v1/instanceDestinations'
    const destinationsOf = (headers: Record<string, string>, pair?: Pair, at = one) =>
      callJson({
        url: `${at.destinationService.mutualTlsUrl}${path}`,
        headers,
        ca,
        ...(pair === undefined ? {} : { clientCertificate: pair }),
      })

    test('a mapped certificate gets a token of its user, which the destination service accepts (CERT-014)', async () => {
      const at = await scene('token')
      const pair = await selfMade('erp')
      await operate('POST', at.mappings, { user: '_ERP', certificate: pair.cert })
      const { json } = await tokenFor(pair, { zid: at.id })
      const claims = JSON.parse(Buffer.from(json.access_token.split('.')[1], 'base64url').toString())
      assert.equal(claims.zid, at.id)
      assert.equal(claims.grant_type, 'client_credentials')
      assert.equal(claims.ext_attr.communicationuser, '_ERP')
      assert.equal(claims.ext_attr.zdn, at.subdomain)
      assert.equal(claims.cnf['x5t#S256'], certificateFacts(pair.cert).thumbprint)
      assert.deepEqual([claims.client_id, claims.azp, claims.sub], [claims.cid, claims.cid, claims.cid])
      assert.match(claims.cid, /^cu-/)
      assert.equal(claims.user_name, undefined)
      for (const client_id of ['_ERP', '_erp', claims.cid])
        assert.equal((await tokenFor(pair, { zid: at.id, client_id }, two)).status, 200)
      const read = await destinationsOf({ authorization: `Bearer ${json.access_token}` })
      assert.equal(read.status, 200, read.text)
      assert.deepEqual(
        read.json.map((entry: { Name: string }) => entry.Name),
        ['erp'],
      )
      const plain = await callJson({
        url: `${one.destinationService.url}${path}`,
        headers: { authorization: `Bearer ${json.access_token}` },
      })
      assert.equal(plain.status, 200)
    })

    test('the destination service accepts a mapped certificate itself, and nobody else without a token (CERT-014)', async () => {
      const at = await scene('direct')
      const [known, unknown] = [await selfMade('known'), await selfMade('unknown')]
      await operate('POST', at.mappings, { user: '_ERP', certificate: known.cert })
      const read = await destinationsOf({ 'x-zid': at.id }, known, two)
      assert.equal(read.status, 200, read.text)
      assert.deepEqual(
        read.json.map((entry: { Name: string }) => entry.Name),
        ['erp'],
      )
      const found = await callJson({
        url: `${one.destinationService.mutualTlsUrl}/destination-configuration/v1/destinations/erp`,
        headers: { 'x-zid': at.id },
        ca,
        clientCertificate: known,
      })
      assert.equal(found.json.destinationConfiguration.URL, 'http://erp.test')
      for (const headers of [{ 'x-zid': at.id }, {}] as Record<string, string>[]) {
        const refused = await destinationsOf(headers, unknown)
        assert.deepEqual([refused.status, refused.text], [401, auth0032])
      }
      assert.equal((await destinationsOf({}, known)).status, 400)
      assert.equal((await destinationsOf({ 'x-zid': at.id })).status, 401)
      const bearerWins = await destinationsOf({ 'x-zid': at.id, authorization: 'Bearer x.y.z' }, known)
      assert.notEqual(bearerWins.status, 200)
      await operate('PATCH', `${at.users}/_ERP`, { instances: {} })
      assert.equal((await destinationsOf({ 'x-zid': at.id }, known)).status, 403)
    })

    test('the token service answers an unknown certificate with 401 and the fixed body, and logs the cause (CERT-014)', async () => {
      const [at, other] = [await scene('unknown'), await scene('other')]
      const [known, unknown] = [await selfMade('known'), await selfMade('unknown')]
      await operate('POST', at.mappings, { user: '_ERP', certificate: known.cert })
      await operate('POST', at.users, { name: 'CRM' })
      for (const [pair, form, cause] of [
        [unknown, { zid: at.id }, 'not mapped'],
        [unknown, {}, 'not mapped'],
        [unknown, { zid: at.id, client_id: '_ERP' }, 'not mapped'],
        [known, { zid: other.id }, 'not mapped'],
        [known, { zid: at.id, client_id: 'CRM' }, 'mapped to another user'],
      ] as const) {
        const { status, text } = await tokenFor(pair, form)
        assert.deepEqual([status, text], [401, auth0032])
        const line = lines.findLast((logged) => logged.startsWith('client-certificate.refused')) ?? ''
        assert.ok(line.includes(`"cause":"${cause}"`) && line.includes(certificateFacts(pair.cert).fingerprint), line)
      }
      const nameless = await tokenFor(known, {})
      assert.equal(nameless.status, 400)
      assert.match(nameless.json.error_description, /which tenant/)
      // Whoever has a secret is an OAuth client, certificate or not.
      const secret = await tokenFor(known, { zid: at.id, client_id: 'x', client_secret: 'y' })
      assert.deepEqual([secret.status, secret.json.error], [401, 'invalid_client'])
    })

    test('deleting a mapping ends its tokens and its access on every replica at once; uploading it again restores both (CERT-010)', async () => {
      const at = await scene('again')
      const pair = await selfMade('sender')
      const mapped = await operate('POST', at.mappings, { user: '_ERP', certificate: pair.cert })
      const { json } = await tokenFor(pair, { zid: at.id })
      const authorization = `Bearer ${json.access_token}`
      const works = async (expected: readonly [number, number, number]) => {
        for (const cloud of [two, one])
          assert.deepEqual(
            [
              (await tokenFor(pair, { zid: at.id }, cloud)).status,
              (await destinationsOf({ 'x-zid': at.id }, pair, cloud)).status,
              (await destinationsOf({ authorization }, undefined, cloud)).status,
            ],
            expected,
          )
      }
      await works([200, 200, 200])
      await operate('DELETE', `${at.mappings}/${mapped.id}`, undefined, two)
      await works([401, 401, 403])
      await operate('POST', at.mappings, { user: '_ERP', certificate: pair.cert })
      await works([200, 200, 200])
      await operate('DELETE', `${at.users}/_ERP`)
      await works([401, 401, 403])
    })

    test('mapped certificates are in the inventory of all certificates, with their user as owner (CERT-017)', async () => {
      const at = await scene('inventory')
      const { cert } = await selfMade('listed')
      await operate('POST', at.mappings, { user: '_ERP', certificate: cert })
      const { fingerprint } = certificateFacts(cert)
      const listed = await operate('GET', `/certificates?subaccountId=${at.id}`)
      const found = (listed.certificates ?? listed).filter(
        (one: { fingerprint: string }) => one.fingerprint === fingerprint,
      )
      assert.equal(found.length, 1)
      assert.deepEqual([found[0].kind, found[0].renewedBy, found[0].owner.user], ['inbound-mapping', 'user', '_ERP'])
    })

    test('tokens of certificates that fit a pattern end with the pattern', async () => {
      const at = await scene('pattern')
      const partner = await LocalCa.create({ subject: { CN: `Partner CA of ${name}` } })
      const issuer = await operate('POST', '/trustedIssuers', { certificate: partner.certificatePem })
      const pattern = { user: '_ERP', subjectPattern: 'CN=*.erp.test', issuerFingerprint: issuer.fingerprint }
      const mapped = await operate('POST', at.mappings, pattern)
      const pair = await partner.issueClient({ subject: { CN: 'a.erp.test' }, days: 5 })
      const { status, json } = await tokenFor(pair, { zid: at.id })
      assert.equal(status, 200)
      const authorization = `Bearer ${json.access_token}`
      assert.equal((await destinationsOf({ authorization })).status, 200)
      await operate('DELETE', `${at.mappings}/${mapped.id}`)
      assert.equal((await destinationsOf({ authorization }, undefined, two)).status, 403)
    })
  })
