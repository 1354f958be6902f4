import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { certificateFacts } from '@landbridge/identity'
import { ManualClock } from '@landbridge/kernel'
import { type Call, callHttps } from './https-call.ts'
import { newTenant, type Platform, startPlatform } from './platform.ts'
import { newSigningRequest } from './signing-request.ts'
import { ConnectorLink, type PairedConnector, pair } from './test-connector.ts'

const dayMs = 86_400_000

/** Asks for the next certificate with the present one, as a connector does by itself. */
async function renew(platform: Platform, connector: PairedConnector, subaccountId = connector.subaccountId) {
  const { key, csr } = newSigningRequest()
  const call: Call = {
    path: `/api/v1/subaccounts/${subaccountId}/certificates/renewal`,
    body: { csr, automaticRenewal: true },
    clientCertificate: connector.certificate,
  }
  const answer = await callHttps(platform.service.port, platform.ca.certificatePem, platform.serverName, call)
  return { answer, next: { ...connector, certificate: { key, cert: String(answer.json.certificate) } } }
}

test('a connector renews its certificate with the one it has: new key, same identity, the old one stays good (CERT-012)', async () => {
  const platform = await startPlatform()
  try {
    const tenant = await newTenant(platform)
    const connector = await pair(platform, tenant, { locationId: 'north' })
    const { answer, next } = await renew(platform, connector)
    assert.equal(answer.status, 201)
    const [old, leaf] = [connector, next].map(({ certificate }) => new X509Certificate(certificate.cert))
    assert.ok(leaf?.checkPrivateKey(createPrivateKey(next.certificate.key)))
    assert.equal(leaf?.subject, old?.subject)
    assert.notEqual(leaf?.fingerprint256, old?.fingerprint256)
    for (const one of [connector, next]) {
      const link = await ConnectorLink.open(platform, one, { locationId: 'north' })
      assert.equal((await link.next()).type, 'welcome')
      await link.close()
    }
    const path = `/api/v1/subaccounts/${tenant.subaccount.id}/connectorCertificates`
    const listed = (await platform.operator({ path })).json as unknown as Record<string, unknown>[]
    const renewed = listed.find(({ fingerprint }) => fingerprint === certificateFacts(leaf!).fingerprint)
    assert.equal(renewed?.predecessor, certificateFacts(old!).fingerprint)
    assert.deepEqual([renewed?.locationId, renewed?.isRenewedByConnector], ['north', true])
  } finally {
    await platform.close()
  }
})

test('no certificate renews another subaccount, none that was revoked renews itself, and without one nobody does (CERT-012)', async () => {
  const platform = await startPlatform()
  try {
    const [tenant, other] = [await newTenant(platform), await newTenant(platform)]
    const connector = await pair(platform, tenant)
    const foreign = await renew(platform, connector, other.subaccount.id)
    assert.deepEqual([foreign.answer.status, foreign.answer.json.code], [403, 'CONNECTOR_IDENTITY_MISMATCH'])
    const path = `/api/v1/subaccounts/${tenant.subaccount.id}/certificates/renewal`
    const bare = await platform.region({ path, body: { csr: newSigningRequest().csr } })
    assert.deepEqual([bare.status, bare.json.code], [401, 'CONNECTOR_CERTIFICATE_MISSING'])
    const revoke = `/api/v1/connectors/${connector.connectorId}/revoke`
    assert.equal((await platform.operator({ path: revoke, body: { reason: 'stolen' } })).status, 200)
    const { answer } = await renew(platform, connector)
    assert.equal(answer.json.code, 'CONNECTOR_CERTIFICATE_REVOKED')
  } finally {
    await platform.close()
  }
})

test('a certificate that has expired does not renew itself, but a user renews it (CERT-012)', async () => {
  const clock = new ManualClock(Date.now() - 2 * dayMs)
  const platform = await startPlatform({ clock, config: { connectorCertificateDays: 1 } })
  try {
    const tenant = await newTenant(platform)
    const connector = await pair(platform, tenant)
    clock.advance(2 * dayMs)
    const { answer } = await renew(platform, connector)
    assert.equal(answer.json.code, 'CONNECTOR_CERTIFICATE_EXPIRED')
    const again = await pair(platform, tenant, { connectorId: connector.connectorId })
    const link = await ConnectorLink.open(platform, again)
    assert.equal((await link.next()).type, 'welcome')
    await link.close()
  } finally {
    await platform.close()
  }
})
