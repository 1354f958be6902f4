import assert from 'node:assert/strict'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { temporaryFolder } from '@landbridge/testkit'
import { onEveryDatabase } from './support/databases.ts'
import {
  clients,
  provider,
  startService,
  subscriberA,
  subscriberB,
  type TestService,
  tenantClaims,
} from './support/service.ts'

const active = '/saml2Metadata/certificate'
const passive = `${active}/passive`
const rotate = '/saml2Metadata/rotateCertificate'
const twoYearsMs = 2 * 365 * 86_400_000

type Method = 'GET' | 'POST' | 'DELETE'

/** What one tenant does with its trust. */
async function as(service: TestService, tenant: { id: string; subdomain: string }) {
  const token = await service.token(tenantClaims(tenant))
  const call = (method: Method, path: string) => service.call(method, path, { token })
  const certificate = async (method: Method, path: string): Promise<string> => {
    const reply = await call(method, path)
    assert.equal(reply.status, 200, reply.text)
    return (reply.body as { certificate: string }).certificate
  }
  return { call, certificate }
}

await onEveryDatabase((newUrl) => {
  let service: TestService
  before(async () => {
    service = await startService(await newUrl())
  })
  after(() => service?.close())

  test('a trust certificate is made, read and renewed, each time for two years (DEST-080, DEST-081, DEST-205, CONN-208, CONN-210)', async () => {
    const { certificate } = await as(service, subscriberA)
    const first = await certificate('POST', active)
    const parsed = new X509Certificate(first)
    assert.match(first, /^-----BEGIN CERTIFICATE-----\n/)
    assert.match(parsed.subject, new RegExp(`^CN=cfapps\\.test/${subscriberA.id}$`, 'm'))
    assert.equal(parsed.verify(parsed.publicKey), true)
    assert.equal(Date.parse(parsed.validTo), Math.floor((service.clock.now() + twoYearsMs) / 1_000) * 1_000)
    assert.equal(await certificate('GET', active), first)
    service.clock.advance(3_600_000)
    const renewed = await certificate('POST', active)
    assert.notEqual(new X509Certificate(renewed).fingerprint256, parsed.fingerprint256)
    assert.equal(Date.parse(new X509Certificate(renewed).validTo), Date.parse(parsed.validTo) + 3_600_000)
    assert.equal(await certificate('GET', active), renewed)
  })

  test('two instances of a subaccount see one certificate, another subaccount has its own (DEST-090, CONN-220)', async () => {
    const first = await (await as(service, provider)).certificate('POST', active)
    const other = await service.token({ clientId: clients.second.clientId })
    const seen = await service.call('GET', active, { token: other })
    assert.deepEqual(seen.body, { certificate: first })
    const foreign = await (await as(service, subscriberB)).certificate('POST', active)
    assert.notEqual(
      createPublicKey(foreign).export({ format: 'jwk' }).n,
      createPublicKey(first).export({ format: 'jwk' }).n,
    )
    assert.equal(await (await as(service, provider)).certificate('GET', active), first)
  })

  test('the passive pair is made, swapped as often as wanted, and removed alone (DEST-083, DEST-085, DEST-087, CONN-211, CONN-212, CONN-214, CONN-216)', async () => {
    const { call, certificate } = await as(service, subscriberA)
    const a = await certificate('POST', active)
    const p = await certificate('POST', passive)
    assert.notEqual(a, p)
    assert.equal(await certificate('GET', active), a)
    assert.equal(await certificate('GET', passive), p)
    assert.deepEqual((await call('POST', rotate)).body, { activeCertificate: p, passiveCertificate: a })
    assert.equal(await certificate('GET', active), p)
    assert.deepEqual((await call('POST', rotate)).body, { activeCertificate: a, passiveCertificate: p })
    assert.equal(await certificate('GET', active), a)
    assert.deepEqual((await call('DELETE', passive)).body, { Count: 1 })
    assert.equal((await call('GET', passive)).status, 404)
    assert.equal((await call('DELETE', passive)).status, 404)
    assert.equal(await certificate('GET', active), a)
  })

  test('what was not generated is answered 404 in the words of the contract (DEST-082, DEST-086, CONN-215)', async (t) => {
    const service = await startService(await newUrl())
    t.after(() => service.close())
    const { call, certificate } = await as(service, subscriberA)
    const absent = { ErrorMessage: `Keypair for subaccount - ${subscriberA.id} does not exist` }
    for (const path of [active, passive, '/saml2Metadata']) {
      const reply = await call('GET', path)
      assert.equal(reply.status, 404)
      assert.deepEqual(reply.body, absent)
    }
    await certificate('POST', active)
    const reply = await call('POST', rotate)
    assert.equal(reply.status, 404)
    assert.deepEqual(reply.body, { ErrorMessage: `Passive Keypair for subaccount - ${subscriberA.id} does not exist` })
  })

  test('a trust request with a body is refused and changes nothing (DEST-086, CONN-217, RC-103)', async (t) => {
    const service = await startService(await newUrl())
    t.after(() => service.close())
    const { call, certificate } = await as(service, provider)
    const before = await certificate('POST', active)
    const after = await certificate('POST', passive)
    for (const path of [active, passive, rotate])
      for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', undefined]) {
        const reply = await fetch(`${service.app.url}/destination-configuration/v1${path}`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${await service.token()}`,
            ...(type === undefined ? {} : { 'content-type': type }),
          },
          // Bytes, because a text would bring a media type of its own.
          body: Buffer.from('{}'),
        })
        assert.equal(reply.status, 400, `${path} ${type}`)
        assert.deepEqual(await reply.json(), { ErrorMessage: 'Request body should be empty!' })
      }
    assert.equal(await certificate('GET', active), before)
    assert.equal(await certificate('GET', passive), after)
    const empty = await service.call('POST', active, { headers: { 'content-type': 'application/json' } })
    assert.equal(empty.status, 200, 'an empty body with a media type is still empty')
    assert.equal((await call('GET', passive)).status, 200)
  })

  test('the metadata names the subaccount and holds the active and the passive certificate (DEST-088, CONN-181, CONN-218)', async (t) => {
    const service = await startService(await newUrl())
    t.after(() => service.close())
    const { call, certificate } = await as(service, subscriberA)
    const metadata = async () =>
      Buffer.from(
        ((await call('GET', '/saml2Metadata')).body as { idpMetadata: string }).idpMetadata,
        'base64',
      ).toString()
    const body = (pem: string) => pem.split('\n').slice(1, -2).join('')
    const a = await certificate('POST', active)
    const alone = await metadata()
    assert.match(alone, new RegExp(`^<ns3:EntityDescriptor [^>]*entityID="cfapps\\.test/${subscriberA.id}"`))
    const embedded = (xml: string) => [...xml.matchAll(/<X509Certificate>([^<]*)</g)].map(([, text]) => text)
    assert.deepEqual(embedded(alone), [body(a), body(a)])
    const p = await certificate('POST', passive)
    const both = await metadata()
    assert.deepEqual(embedded(both), [body(a), body(p), body(a), body(p)])
    assert.equal(both.match(/<ns3:KeyDescriptor use="signing">/g)?.length, 4)
    for (const element of ['SPSSODescriptor AuthnRequestsSigned', 'IDPSSODescriptor WantAuthnRequestsSigned'])
      assert.ok(
        both.includes(`<ns3:${element}="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`),
        element,
      )
  })

  test('the end of a trust certificate is reported 30, 14, 7 and 3 days ahead, once each (CONN-269)', async (t) => {
    const service = await startService(await newUrl())
    t.after(() => service.close())
    const { certificate } = await as(service, subscriberA)
    const ends = new X509Certificate(await certificate('POST', active)).validToDate
    service.clock.advance(ends.getTime() - service.clock.now() - 40 * 86_400_000)
    await (await as(service, subscriberA)).certificate('POST', passive)
    const reported: (readonly [left: number, days: number])[] = []
    for (let left = 39; left > 0; left -= 1) {
      service.clock.advance(86_400_000)
      const from = service.log.length
      await service.renewed()
      for (const line of service.log.slice(from).filter((text) => text.includes('destination.trust.ending'))) {
        assert.match(line, new RegExp(subscriberA.id))
        assert.match(line, /"active"/)
        assert.ok(line.includes(ends.toISOString()))
        reported.push([left, Number(/"days":(\d+)/.exec(line)?.[1])])
      }
    }
    assert.deepEqual(
      reported.map(([, days]) => days),
      [30, 14, 7, 3],
    )
    for (const [left, days] of reported) assert.ok(Math.abs(left - days) <= 1, `${left} ${days}`)
  })

  test('no answer, no log line and no byte on disk shows a private trust key (DEST-089, CONN-221)', async () => {
    using own = temporaryFolder()
    const service = await startService(`sqlite:${own.path}/trust.db`)
    const { call } = await as(service, provider)
    const replies = [
      await call('POST', active),
      await call('POST', passive),
      await call('POST', rotate),
      await call('GET', active),
      await call('GET', passive),
      await call('GET', '/saml2Metadata'),
    ]
    for (const event of ['renewed', 'rotated'])
      assert.ok(service.log.some((line) => line.includes(`destination.trust.${event}`)))
    for (const text of [...replies.map((reply) => reply.text), ...service.log]) assert.doesNotMatch(text, /PRIVATE KEY/)
    await service.close()
    const files = readdirSync(own.path).map((name) => readFileSync(join(own.path, name)))
    assert.ok(files.some((file) => file.includes('destination_trust')))
    for (const file of files) assert.ok(!file.includes('PRIVATE KEY') && !file.includes('MIIEv'))
  })
})
