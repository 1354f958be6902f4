import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callJson, startPlatform } from '@landbridge/testkit'
import { administrate, operate } from '../clients/support/administration.ts'
import { technicalToken } from '../clients/support/tokens.ts'
import { eventually } from '../harness/eventually.ts'

interface Listed {
  readonly kind: string
  readonly name: string
  readonly owner: { readonly subaccountId: string; readonly connectorId?: string; readonly locationId?: string }
  readonly fingerprint: string
  readonly notAfter: string
  readonly renewedBy: string
  readonly lastReported?: string
}

const platform = await startPlatform()
after(() => platform.stop())
const subaccountId = platform.binding('xsuaa').subaccountid ?? ''

const list = async (): Promise<readonly Listed[]> => {
  const { certificates, unavailable } = await operate(platform, 'GET', '/certificates')
  assert.deepEqual(unavailable, [])
  return certificates
}
const until = (what: string, holds: (certificates: readonly Listed[]) => boolean) =>
  eventually(what, async () => {
    const certificates = await list()
    return holds(certificates) && certificates
  })
const isOf = (wanted: string) => (certificate: Listed) => certificate.kind === wanted

test('one list, and its metrics, hold the certificates of the whole system: services, proxy, connectors with their own, tenants, destinations, mappings; what a connector changes is there at once, and with its certificates goes what it reported (CERT-017)', async () => {
  const own = '/connector/onPremise/systemCertificate'
  await administrate(platform, 'POST', own, { type: 'selfsigned', subjectDN: 'CN=system.plant' })
  await administrate(platform, 'POST', '/connector/onPremise/ppCaCertificate', {
    type: 'selfsigned',
    subjectDN: 'CN=users',
  })
  const trusted = new FormData()
  trusted.set('certificate', new Blob([platform.ca]), 'backend.pem')
  await administrate(platform, 'POST', '/connector/onPremise/truststore/certificates', trusted)
  await operate(platform, 'POST', `/subaccounts/${subaccountId}/clientCertificates`, { name: 'erp' })
  await operate(platform, 'POST', `/subaccounts/${subaccountId}/communicationUsers`, { name: '_ERP' })
  const mapping = { user: '_ERP', certificate: platform.connectorCa }
  await operate(platform, 'POST', `/subaccounts/${subaccountId}/certificateMappings`, mapping)
  const destinations = `${platform.binding('destination').uri}/destination-configuration/v1`
  const generated = await callJson({
    method: 'POST',
    url: `${destinations}/subaccountCertificates`,
    headers: { authorization: `Bearer ${await technicalToken(platform, 'destination')}` },
    body: { Name: 'job.p12', Attributes: { AutomaticRenew: true, Password: 'secret' } },
  })
  assert.equal(generated.status, 201, generated.text)
  const saml = await callJson({
    method: 'POST',
    url: `${destinations}/saml2Metadata/certificate`,
    headers: { authorization: `Bearer ${await technicalToken(platform, 'destination')}` },
  })
  assert.ok(saml.status < 300, saml.text)

  const expected = [
    'connector-ca',
    'connector-system',
    'connector-trust',
    'connector-ui',
    'destination',
    'tunnel',
  ].concat(['inbound-mapping', 'local-ca', 'saml-trust', 'server', 'tenant-client'])
  const found = await until(`all of ${expected.join(', ')}`, (certificates) =>
    expected.every((kind) => certificates.some(isOf(kind))),
  )
  assert.deepEqual(
    found.map(({ notAfter }) => notAfter),
    found.map(({ notAfter }) => notAfter).toSorted(),
  )
  const servers = found.filter(isOf('server')).map(({ name }) => name.replace(/ [\w.-]*localhost$/, ''))
  for (const name of ['token service', 'destination service', 'connectivity service', 'tunnel server'])
    assert.ok(servers.includes(name), `${name} in ${servers.join(', ')}`)
  const [tunnel] = found.filter(isOf('tunnel'))
  const system = found.find(isOf('connector-system'))
  assert.deepEqual(system?.owner, tunnel?.owner)
  assert.equal(system?.renewedBy, 'user')
  assert.match(system?.lastReported ?? '', /^\d{4}-.*Z$/)
  assert.equal(found.find(isOf('connector-ui'))?.renewedBy, 'connector')
  assert.ok(!JSON.stringify(found).includes('PRIVATE'))
  const metrics = await callJson({
    url: `${platform.address('connectivity-service').origin}/metrics`,
    headers: { authorization: `Bearer ${platform.credentials.operatorSecret}` },
    ca: platform.ca,
  })
  for (const { kind, fingerprint } of [system, found.find(isOf('server'))].filter((one) => one !== undefined))
    assert.match(
      metrics.text,
      new RegExp(`not_after_timestamp_seconds\\{kind="${kind}",.*"${fingerprint.slice(0, 16)}"`),
    )

  await administrate(platform, 'DELETE', own)
  await until('no system certificate', (certificates) => !certificates.some(isOf('connector-system')))

  await operate(platform, 'POST', `/connectors/${tunnel?.owner.connectorId}/revoke`, { reason: 'the end of this test' })
  await until(
    'nothing of a connector',
    (certificates) => !certificates.some(({ kind }) => kind.startsWith('connector-')),
  )
})
