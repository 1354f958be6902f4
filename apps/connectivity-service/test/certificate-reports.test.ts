import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ManualClock } from '@landbridge/kernel'
import { RegistryStore } from '@landbridge/store'
import { newTenant, startPlatform } from './platform.ts'
import { ConnectorLink, type PairedConnector, pair } from './test-connector.ts'

const clock = new ManualClock(Date.now())
const platform = await startPlatform({ clock })
after(() => platform.close())
const { connectors } = new RegistryStore(platform.store)

const reportOf = async ({ connectorId }: PairedConnector) =>
  (await connectors.listCertificateReports(clock.now())).find((one) => one.connectorId === connectorId)

async function until<T>(check: () => Promise<T | undefined | false>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const found = await check()
    if (found !== undefined && found !== false) return found
    assert.ok(attempt < 3_000, 'not within thirty seconds')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** A connected connector of a tenant of its own. */
async function connected() {
  const tenant = await newTenant(platform)
  const connector = await pair(platform, tenant)
  const link = await ConnectorLink.open(platform, connector)
  assert.equal((await link.next()).type, 'welcome')
  return { connector, link, tenant }
}

test('a report is kept under the identity of the certificate, whatever it says; what is no certificate is counted and left out, keys included (CERT-017)', async () => {
  const { connector, link } = await connected()
  const { cert, key } = await platform.ca.issueClient({ subject: { CN: 'system' }, days: 30 })
  const good = { kind: 'connector-system', name: 'system certificate', renewer: 'user', chain: `${cert}${key}` }
  link.send({
    type: 'certificates',
    subaccountId: 'another',
    connectorId: 'another',
    omitted: 1e300,
    certificates: [
      good,
      { ...good, kind: 'tunnel' },
      { ...good, name: 'two\nlines' },
      { ...good, name: 'x'.repeat(201) },
      { ...good, name: 7 },
      { ...good, chain: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
      { ...good, chain: '' },
      { ...good, chain: 'x'.repeat(20_001) },
      null,
      [],
      'text',
    ],
  })
  const report = await until(() => reportOf(connector))
  assert.equal(report.subaccountId, connector.subaccountId)
  assert.equal(report.certificates.length, 1)
  assert.ok(!JSON.stringify(report).includes('PRIVATE KEY'))
  assert.equal(report.omitted, 10)
  await link.close()
})

test('reports that are none, or too many at once, keep one write in five seconds and the newest of them; the session goes on (CERT-017)', async () => {
  const { connector, link } = await connected()
  const { cert: chain } = await platform.ca.issueClient({ subject: { CN: 'trusted' }, days: 30 })
  const of = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ kind: 'connector-trust', name: `trusted ${index}`, chain }))
  for (const certificates of [undefined, null, 'text', {}, 7]) link.send({ type: 'certificates', certificates })
  for (let count = 1; count <= 20; count++) link.send({ type: 'certificates', certificates: of(count) })
  // Answers come in order: what was sent before this has been taken in.
  link.send({ type: 'open-channel', request: 'r', kind: 'nonsense' })
  await link.next()
  assert.equal(await reportOf(connector), undefined)
  await until(async () => {
    clock.advance(5_000)
    return (await reportOf(connector))?.certificates.length === 20
  })
  await link.close()
})

test('what a connector reported goes with its last good certificate (CERT-017)', async () => {
  const { connector, link } = await connected()
  const { cert: chain } = await platform.ca.issueClient({ subject: { CN: 'system' }, days: 30 })
  link.send({ type: 'certificates', certificates: [{ kind: 'connector-system', name: 'system', chain }] })
  assert.equal((await until(() => reportOf(connector))).certificates[0]?.renewer, 'user')
  const path = `/api/v1/connectors/${connector.connectorId}/revoke`
  await platform.operator({ path, body: { reason: 'stolen' } })
  assert.equal(await reportOf(connector), undefined)
  await link.closed
})
