import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { CertificateEvent } from '@landbridge/certificates'
import { defaultRenewalPolicy as policy } from '@landbridge/certificates'
import {
  CertificateAuthorities,
  CertificateRenewal,
  generateCertificate,
  subaccountLevel,
} from '@landbridge/destinations'
import { certificateFacts, LocalCa, writePkcs12 } from '@landbridge/identity'
import { ManualClock, Sealer, Secret, silentLog } from '@landbridge/kernel'
import { RegistryStore, SqlAuthorityStore, SqlDestinationStore } from '@landbridge/store'
import { composeCertificates } from '../src/compose/cloud-certificates.ts'
import { openCloudStores } from '../src/compose/open-store.ts'

const dayMs = 86_400_000
const subaccountId = '7f0c1f6e-0000-4000-8000-000000000001'

/** The certificates of a cloud side on an empty database in memory. */
async function landscape() {
  const clock = new ManualClock(Date.UTC(2027, 0, 10))
  const stores = await openCloudStores('sqlite::memory:', new Sealer(randomBytes(32)), clock, silentLog)
  const registry = new RegistryStore(stores.registry)
  await registry.insertSubaccount({ id: subaccountId, subdomain: 'acme', displayName: 'Acme', createdAtMs: 0 })
  const authority = await LocalCa.create({ subject: { CN: 'Platform' }, clock })
  const certificates = composeCertificates({ stores, registry, authority, policy, clock, log: silentLog })
  const events = async () => {
    const rows = await stores.certificates.db.selectFrom('certificate_events').selectAll().execute()
    return rows.map((row) => JSON.parse(row.json) as CertificateEvent)
  }
  return { clock, stores, registry, authority, certificates, events, [Symbol.asyncDispose]: () => stores.close() }
}

test('a destination certificate that the service renews is told of in the transaction of its renewal (CERT-003, CERT-017)', async () => {
  await using land = await landscape()
  const { clock, stores, certificates, events } = land
  const authorities = new CertificateAuthorities(new SqlAuthorityStore(stores.destinations), clock)
  const level = subaccountLevel({ subaccountId })
  const generation = {
    commonName: 'erp',
    validity: { unit: 'DAYS', value: 100 },
    automaticRenew: true,
    password: 'secret',
  } as const
  for (const name of ['erp.p12', 'erp.pem']) {
    const made = await generateCertificate(await authorities.current(), { level, name, generation }, clock.now())
    await certificates.destinationCertificates.create(level, name, made.content, made.facts)
  }
  const before = (await certificates.inventory.list({ kind: 'destination' })).certificates
  assert.deepEqual(before.map(({ name, renewer }) => [name, renewer]).toSorted(), [
    ['erp.p12', 'platform'],
    ['erp.pem', 'platform'],
  ])
  clock.advance(95 * dayMs)
  const store = certificates.destinationCertificates
  const renewal = new CertificateRenewal({ store, authorities, clock, log: silentLog })
  assert.equal(await renewal.renewDue(clock.now()), 2)
  const after = (await certificates.inventory.list({ kind: 'destination' })).certificates
  const told = await events()
  assert.deepEqual(
    told.map(({ kind, certificate }) => [kind, certificate.kind]),
    Array(2).fill(['renewed', 'destination']),
  )
  assert.deepEqual(
    told.map(({ previous }) => previous?.fingerprint).toSorted(),
    before.map(({ fingerprint }) => fingerprint).toSorted(),
  )
  assert.deepEqual(
    told.map(({ certificate }) => certificate.fingerprint).toSorted(),
    after.map(({ fingerprint }) => fingerprint).toSorted(),
  )
  assert.ok(!JSON.stringify(told).includes('PRIVATE KEY'))
})

test('a tunnel certificate that takes over is told of with both fingerprints, and linked in the inventory (CERT-003, CERT-006, CERT-017)', async () => {
  await using land = await landscape()
  const { clock, registry, authority, certificates, events } = land
  const issue = async () => {
    const { cert: chain } = await authority.issueClient({ subject: { CN: subaccountId }, days: 365 })
    const { fingerprint, serialNumber: serial, notAfter } = certificateFacts(chain)
    const next = {
      fingerprint,
      serial,
      subaccountId,
      connectorId: 'c-1',
      locationId: '',
      description: 'cellar',
      initiatedBy: 'bob',
      issuedAtMs: clock.now(),
      notAfterMs: notAfter.getTime(),
      chain,
    }
    await registry.connectors.insertCertificate(next, async (former, within) => {
      if (former !== undefined) await certificates.certificateReplaced(next, former, within)
    })
    clock.advance(dayMs)
    return fingerprint
  }
  const [first, second] = [await issue(), await issue()]
  const told = await events()
  assert.deepEqual(
    told.map(({ kind, certificate, previous }) => [kind, previous?.fingerprint, certificate.fingerprint]),
    [['renewed', first, second]],
  )
  const { certificates: listed } = await certificates.inventory.list({ kind: 'tunnel' })
  assert.deepEqual(
    listed.map(({ fingerprint, state, successor, predecessor }) => [fingerprint, state, successor ?? predecessor]),
    [
      [first, 'replaced', second],
      [second, 'active', first],
    ],
  )
})

test('a key store with a password is in the list as soon as a destination that names it has the right one, and follows what replaces it (CERT-017)', async () => {
  await using land = await landscape()
  const { stores, authority, certificates } = land
  const level = subaccountLevel({ subaccountId })
  const store = certificates.destinationCertificates
  const keyStore = async (name: string) => {
    const { cert, key } = await authority.issueClient({ subject: { CN: name }, days: 30 })
    const content = await writePkcs12({ chain: cert, key, alias: name, password: new Secret('store-password') })
    return { fingerprint: certificateFacts(cert).fingerprint, content }
  }
  const listed = async () =>
    (await certificates.inventory.list({ kind: 'destination' })).certificates.map(({ name, fingerprint }) => [
      name,
      fingerprint,
    ])
  const first = await keyStore('first')
  await store.create(level, 'erp.p12', first.content, {})
  assert.deepEqual(await listed(), [])
  const destinations = new SqlDestinationStore(stores.destinations)
  for (const [Name, KeyStorePassword] of [
    ['wrong', 'another'],
    ['right', 'store-password'],
  ] as const)
    await destinations.create(level, { Name, Type: 'HTTP', KeyStoreLocation: 'erp.p12', KeyStorePassword })
  assert.deepEqual(await listed(), [['erp.p12', first.fingerprint]])
  const second = await keyStore('second')
  await store.remove(level, 'erp.p12')
  await store.create(level, 'erp.p12', second.content, {})
  assert.deepEqual(await listed(), [['erp.p12', second.fingerprint]])
})

test('one list holds the certificates of all parts, what ends soonest first, with owner and who renews them (CERT-017)', async () => {
  await using land = await landscape()
  const { authority, certificates } = land
  const erp = await certificates.tenants.create({
    subaccountId,
    name: 'erp',
    keyAlgorithm: 'EC-P256',
    lifetimeDays: 10,
  })
  const { certificates: all, unavailable } = await certificates.inventory.list()
  assert.deepEqual(unavailable, [])
  assert.deepEqual(
    all.map(({ kind, name, owner, renewer }) => [kind, name, owner.subaccountId, renewer]),
    [
      ['tenant-client', 'erp', subaccountId, 'platform'],
      ['local-ca', 'platform', '', 'user'],
      ['local-ca', 'tenant-certificates', '', 'platform'],
    ],
  )
  assert.equal(all[0]?.chain.length, 2)
  const found = await certificates.inventory.find(erp.fingerprint.slice(0, 10).toUpperCase())
  assert.deepEqual(found, [all[0]])
  assert.equal((await certificates.inventory.find(certificateFacts(authority.certificatePem).fingerprint)).length, 1)
  await assert.rejects(certificates.inventory.find('abc'), /TENANT_CERTIFICATE_UNKNOWN/)
})
