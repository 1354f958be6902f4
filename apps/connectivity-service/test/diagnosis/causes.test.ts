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
const url = `https://localhost:${(receiver.address() as AddressInfo).port}/`

async function diagnose(ca: LocalCa, trusted: readonly string[], nowMs = Date.now()): Promise<Diagnosis> {
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
  return diagnosePresentation({ nowMs, url, presented, predecessors: [], attempt })
}

test('a certificate that the receiver accepts has nothing wrong, by the answer of the receiver', async () => {
  const found = await diagnose(receiverCa, [receiverCa.certificatePem])
  assert.equal(found.cause, 'none')
})

test('a chain that one side does not trust is told, with the side that does not trust it (CERT-016)', async () => {
  const atReceiver = await diagnose(strangerCa, [receiverCa.certificatePem])
  assert.equal(atReceiver.cause, 'chain-untrusted')
  assert.match(atReceiver.remedy, /Stranger CA/)
  const atSender = await diagnose(receiverCa, [])
  assert.equal(atSender.cause, 'chain-untrusted')
  assert.match(atSender.remedy, /TrustStoreLocation/)
})

test('a certificate that is expired, or not valid yet, is told with the day (CERT-016)', async () => {
  assert.equal((await diagnose(receiverCa, [], Date.now() + 31 * dayMs)).cause, 'expired')
  assert.equal((await diagnose(receiverCa, [], Date.now() - 2 * dayMs)).cause, 'not-yet-valid')
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
