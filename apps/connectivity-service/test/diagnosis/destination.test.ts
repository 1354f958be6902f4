import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { subaccountLevel } from '@landbridge/destinations'
import { certificateFacts, LocalCa } from '@landbridge/identity'
import { newTenant, startPlatform } from '../platform.ts'
import { opensslReceiver, withoutOpenssl } from './openssl-receiver.ts'

const platform = await startPlatform()
after(() => platform.close())
const { subaccount } = await newTenant(platform)
const level = subaccountLevel({ subaccountId: subaccount.id })
const path = `/api/v1/subaccounts/${subaccount.id}`
await platform.operator({ path: `${path}/communicationUsers`, body: { name: '_ERP' } })

/** A destination that presents the key store of its name. */
async function newDestination(name: string, URL: string, more: Record<string, string> = {}) {
  const properties = { Name: name, Type: 'HTTP', URL, ProxyType: 'Internet', KeyStoreLocation: `${name}.pem` }
  const Authentication = 'ClientCertificateAuthentication'
  await platform.destinations.create(level, { ...properties, Authentication, ...more })
}

async function newKeyStore(name: string, ca: LocalCa = platform.ca): Promise<string> {
  const { cert, key } = await ca.issueClient({ subject: { CN: name }, days: 30 })
  await platform.keyStores.remove(level, `${name}.pem`)
  await platform.keyStores.create(level, `${name}.pem`, Buffer.from(`${cert}${key}`))
  return certificateFacts(cert).fingerprint
}

const ask = (name: string) =>
  platform.operator({ path: '/api/v1/diagnoses', body: { kind: 'destination', subaccount: subaccount.id, name } })

async function diagnose(name: string) {
  const { status, json, text } = await ask(name)
  assert.equal(status, 200, text)
  assert.ok(!text.includes('PRIVATE KEY'))
  return { ...json, evidence: (json.evidence as readonly string[]).join('\n') } as Record<string, unknown>
}

async function map(certificate: unknown): Promise<void> {
  const body = { user: '_ERP', certificate: String(certificate) }
  const { status, text } = await platform.operator({ path: `${path}/certificateMappings`, body })
  assert.equal(status, 201, text)
}

const own = `https://localhost:${platform.service.port}/api/v1/tunnels/events`

test('a destination whose certificate the receiver does not know is told so, with its answer and the fingerprint; mapped, it is no longer refused as unknown; a missing tenant is told with the property that names it (CERT-016)', async () => {
  const fingerprint = await newKeyStore('unknown')
  await newDestination('unknown', own)
  const found = await diagnose('unknown')
  assert.equal(found.cause, 'not-mapped')
  assert.match(String(found.evidence), /\[AUTH0032\]Invalid client certificate/)
  assert.ok(String(found.evidence).includes(fingerprint))
  await map(found.senderCertificate)
  const mapped = await diagnose('unknown')
  // The receiver knows the sender now; what it misses is the tenant, of which nothing is claimed.
  assert.equal(mapped.cause, 'inconclusive')
  assert.match(String(mapped.evidence), /CLIENT_CERTIFICATE_TENANT_MISSING/)
  assert.match(String(mapped.remedy), /"URL\.headers\.X-zid"/)
  const named = { KeyStoreLocation: 'unknown.pem', 'URL.headers.X-zid': subaccount.id }
  await newDestination('named', own, named)
  // Known, and let in by nobody: the user has no instance of this service.
  assert.match(String((await diagnose('named')).evidence), /: 403 .*TUNNEL_CALLER_FORBIDDEN/)
  await newDestination('broken', own, { ...named, 'URL.headers.no name': 'x' })
  assert.match((await ask('broken')).text, /DIAGNOSIS_IMPOSSIBLE.*URL\.headers\.\*/)
  assert.equal((await ask('no-such-destination')).status, 404)
  await newDestination('plain', own, { Authentication: 'NoAuthentication' })
  const plain = await ask('plain')
  assert.equal(plain.status, 400)
  assert.match(String(plain.json.reason), /"landbridge destination check plain" and "landbridge call plain -v"/)
})

test('a destination whose key store was renewed after the upload shows both fingerprints; uploaded again as the remedy says, the mismatch is gone (CERT-016)', async () => {
  const before = await newKeyStore('renewed')
  await newDestination('renewed', own)
  await map((await diagnose('renewed')).senderCertificate)
  assert.notEqual((await diagnose('renewed')).cause, 'fingerprint-mismatch')
  const now = await newKeyStore('renewed')
  const found = await diagnose('renewed')
  assert.equal(found.cause, 'fingerprint-mismatch')
  for (const fingerprint of [before, now]) assert.ok(String(found.evidence).includes(fingerprint))

  const [deletion] = found.commands as readonly (readonly string[])[]
  assert.deepEqual(deletion?.slice(0, 4), ['landbridge', 'certificates', 'mappings', 'delete'])
  const method = 'DELETE'
  const deleted = await platform.operator({ path: `${path}/certificateMappings/${deletion?.[4]}`, method })
  assert.equal(deleted.status, 204, deleted.text)
  await map(found.senderCertificate)
  assert.notEqual((await diagnose('renewed')).cause, 'fingerprint-mismatch')
})

test('a destination whose chain is not trusted on one side is told which; the trust store of the destination counts (CERT-016)', {
  skip: withoutOpenssl,
}, async () => {
  const receiverCa = await LocalCa.create({ subject: { CN: 'Receiver CA' } })
  const server = await receiverCa.issueServer({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], days: 1 })
  const url = await opensslReceiver({ ...server, ca: receiverCa })
  await newKeyStore('stranger', receiverCa)
  await newDestination('stranger', url)
  const atSender = await diagnose('stranger')
  assert.equal(atSender.cause, 'chain-untrusted')
  assert.match(String(atSender.remedy), /TrustStoreLocation/)

  await platform.keyStores.create(level, 'trust.pem', Buffer.from(receiverCa.certificatePem))
  await platform.destinations.remove(level, 'stranger')
  await newDestination('stranger', url, { TrustStoreLocation: 'trust.pem' })
  assert.equal((await diagnose('stranger')).cause, 'none')
  await newKeyStore('stranger')
  const atReceiver = await diagnose('stranger')
  assert.equal(atReceiver.cause, 'chain-untrusted')
  assert.match(String(atReceiver.remedy), /Let the receiver trust/)
})
