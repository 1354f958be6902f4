import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { type Diagnosis, diagnosePresentation, diagnoseRefresh } from '@landbridge/certificates'
import { certificateFacts, LocalCa } from '@landbridge/identity'
import { isPlatformError, ManualClock, Sealer, silentLog, systemClock } from '@landbridge/kernel'
import { Pairing, UserAdministration } from '@landbridge/registry'
import { openStore, RegistryStore, type RegistryTables, registryMigrations } from '@landbridge/store'
import { presentCertificate } from '../../src/diagnosis/present-certificate.ts'
import { opensslReceiver, withoutOpenssl } from './openssl-receiver.ts'

const dayMs = 86_400_000
const receiverCa = await LocalCa.create({ subject: { CN: 'Receiver CA' }, clock: systemClock })
const strangerCa = await LocalCa.create({ subject: { CN: 'Stranger CA' }, clock: systemClock })

/** A receiver that accepts certificates of its own authority only. */
const { cert, key } = await receiverCa.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 })
const receiver = createServer(
  { cert, key, ca: receiverCa.certificatePem, requestCert: true, rejectUnauthorized: true },
  (_request, response) => response.end('hello'),
)
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
after(() => receiver.close().closeAllConnections())
const strict = `https://localhost:${(receiver.address() as AddressInfo).port}/`

interface Circumstances {
  /** Who issued the sender's certificate. */
  readonly ca: LocalCa
  readonly trusted?: readonly string[]
  readonly url?: string
  readonly held?: string
}

async function diagnose(circumstances: Circumstances): Promise<Diagnosis> {
  const { ca, trusted = [receiverCa.certificatePem], url = strict, held } = circumstances
  const sender = await ca.issueClient({ subject: { CN: 'sender' }, days: 30 })
  const facts = certificateFacts(sender.cert)
  const attempt = await presentCertificate({
    url,
    certificate: sender.cert,
    key: sender.key,
    ca: trusted,
    timeoutMs: 10_000,
  })
  const { fingerprint, subject, issuer, notBefore, notAfter } = facts
  const presented = { fingerprint, subject, issuer, notBeforeMs: notBefore.getTime(), notAfterMs: notAfter.getTime() }
  const told = held === undefined ? {} : { receiverFingerprint: held === 'same' ? fingerprint : held }
  return diagnosePresentation({ nowMs: Date.now(), url, presented, predecessors: [], attempt, ...told })
}

/** A receiver that answers every request with a status. */
async function answering(status: number, body = ''): Promise<string> {
  const server = createServer({ cert, key, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    request.resume()
    response.writeHead(status).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close().closeAllConnections())
  return `https://localhost:${(server.address() as AddressInfo).port}/`
}

/** An authority as it was so many days ago, or will be: what it issues is dated by then. */
function shifted(days: number): LocalCa {
  const clock = new ManualClock(Date.now() + days * dayMs)
  return LocalCa.load(receiverCa.certificatePem, receiverCa.keyPem.reveal(), clock)
}

test('a certificate that the receiver accepts has nothing wrong, by the answer of the receiver', async () => {
  assert.equal((await diagnose({ ca: receiverCa })).cause, 'none')
})

const skip = withoutOpenssl

test('a chain that the receiver does not trust is told by its alert (CERT-016)', { skip }, async () => {
  const atReceiver = await diagnose({ ca: strangerCa, url: await opensslReceiver({ cert, key, ca: receiverCa }) })
  assert.equal(atReceiver.cause, 'chain-untrusted')
  assert.match(atReceiver.remedy, /Stranger CA/)
})

test('a chain that the sender does not trust is told (CERT-016)', async () => {
  const atSender = await diagnose({ ca: receiverCa, trusted: [] })
  assert.equal(atSender.cause, 'chain-untrusted')
  assert.match(atSender.remedy, /TrustStoreLocation/)
})

test('certificates that are expired, or not valid yet, fail at the receiver and are told (CERT-016)', {
  skip,
}, async () => {
  const url = await opensslReceiver({ cert, key, ca: receiverCa })
  const expired = await diagnose({ ca: shifted(-40), url })
  assert.equal(expired.cause, 'expired')
  assert.match(expired.evidence.join(), /handshake-failed/)
  const early = await diagnose({ ca: shifted(2), url })
  assert.equal(early.cause, 'not-yet-valid')
  assert.match(early.evidence.join(), /handshake-failed/)
})

test('an answer that is neither success nor refusal is inconclusive, with the answer as evidence', async () => {
  for (const status of [302, 400, 404, 500, 503]) {
    const found = await diagnose({ ca: receiverCa, url: await answering(status, 'what the receiver says') })
    assert.equal(found.cause, 'inconclusive')
    assert.ok(found.evidence.some((line) => line.endsWith(`: ${status} what the receiver says`)))
  }
  const invalidClient = await answering(400, '{"error":"invalid_client"}')
  assert.equal((await diagnose({ ca: receiverCa, url: invalidClient })).cause, 'refused-by-receiver')
})

test('a refusal by a foreign receiver claims no cause unless its fingerprint is told', async () => {
  const url = await answering(401)
  const unknown = await diagnose({ ca: receiverCa, url })
  assert.equal(unknown.cause, 'refused-by-receiver')
  assert.match(unknown.evidence.join(), /possible causes: .*another user/)
  assert.match(unknown.remedy, /--receiver-fingerprint/)
  const other = await diagnose({ ca: receiverCa, url, held: `AB:${'CD:'.repeat(30)}EF` })
  assert.equal(other.cause, 'fingerprint-mismatch')
  assert.equal((await diagnose({ ca: receiverCa, url, held: 'same' })).cause, 'refused-by-receiver')
  // A receiver that closes the connection without an alert says no more.
  assert.equal((await diagnose({ ca: strangerCa })).cause, 'refused-by-receiver')
})

test('a refusal to refresh is told apart: another user, a missing role, a password that is not in effect yet (CERT-013, CERT-016)', async () => {
  const clock = new ManualClock()
  const store = await openStore<RegistryTables>({
    url: 'sqlite::memory:',
    sealer: new Sealer(randomBytes(32)),
    clock,
    log: silentLog,
    migrations: registryMigrations,
  })
  const registry = new RegistryStore(store)
  const users = new UserAdministration(registry, clock)
  const subaccountId = 'a1b2c3d4-0000-4000-8000-000000000001'
  await registry.insertSubaccount({ id: subaccountId, subdomain: 'acme', displayName: 'Acme', createdAtMs: 0 })
  const password = 'right password'
  const role = ['Cloud Connector Administrator']
  const entitled = await users.createUser({
    subaccountId,
    userName: 'paired@acme.test',
    password,
    roleCollections: role,
  })
  await users.createUser({ subaccountId, userName: 'other@acme.test', password })
  clock.advance(3_600_000)
  const pairing = new Pairing(registry, clock, { passwordDelayMs: 600_000 })

  const refresh = async (user: string, secret: string, registeredUser = 'paired@acme.test') => {
    const base = { subaccountId, user, registeredUser, isKnownUser: true }
    try {
      await pairing.authorise({ subaccount: subaccountId, userName: user, password: secret, remoteAddress: '' })
      return diagnoseRefresh({ ...base, status: 200, code: '' }).cause
    } catch (failure) {
      assert.ok(isPlatformError(failure))
      const status = failure.code === 'PAIRING_ROLE_MISSING' ? 403 : 401
      return diagnoseRefresh({ ...base, status, code: failure.code }).cause
    }
  }
  assert.equal(await refresh('paired@acme.test', password), 'none')
  assert.equal(await refresh('other@acme.test', password), 'user-mismatch')
  assert.equal(await refresh('other@acme.test', password, 'other@acme.test'), 'missing-role')
  assert.equal(await refresh('paired@acme.test', 'wrong password'), 'undetermined')
  await users.setPassword(entitled.id, 'new password')
  assert.equal(await refresh('paired@acme.test', 'new password'), 'password-not-effective')
  clock.advance(600_001)
  assert.equal(await refresh('paired@acme.test', 'new password'), 'none')
  await store.close()
})
