import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { isRenewalDue } from '@landbridge/connector'
import { LocalCa } from '@landbridge/identity'
import { ManualClock } from '@landbridge/kernel'
import { temporaryFolder } from '@landbridge/testkit'
import fc from '@landbridge/testkit/properties'
import { cloudPassword, cloudUser, regionHost, startFakeRegion } from './fake-region.ts'
import { configuration, id, startConnector, subaccountPath } from './running-connector.ts'

const dayMs = 86_400_000
const wanted = { regionHost, subaccount: id, cloudUser, cloudPassword }

/** Asks until the answer is yes; the runner's deadline ends it otherwise. */
async function eventually(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await setTimeout(10)
}

test('a certificate that nears its end is renewed without a user, if the administrator wants that, and is listed (API1-212, CERT-012, CERT-017)', async () => {
  for (const autoCertRenewal of [true, false]) {
    using folder = temporaryFolder()
    const region = await startFakeRegion()
    // Its certificate was issued 350 days ago: fifteen are left.
    const longAgo = new ManualClock(Date.now() - 350 * dayMs)
    region.signer = LocalCa.load(region.ca.certificatePem, region.ca.keyPem.reveal(), longAgo)
    let connector = await startConnector(folder.path, region)
    const certificate = async () =>
      (await connector.call('GET', subaccountPath)).json.tunnel.subaccountCertificate as {
        notAfterTimeStamp: number
      }
    try {
      await connector.call('POST', `${configuration}/subaccounts`, { json: { ...wanted, autoCertRenewal } })
      const before = await certificate()
      assert.ok(before.notAfterTimeStamp < Date.now() + 16 * dayMs)
      await connector.close()
      connector = await startConnector(folder.path, region)
      const { json } = await connector.call('GET', '/api/v1/landbridge/certificates')
      const shown = (kind: string) => json.certificates.find((one: { kind: string }) => one.kind === kind)
      assert.equal(shown('tunnel').renewedBy, autoCertRenewal ? 'connector' : 'user')
      assert.deepEqual([shown('connector-ui').renewedBy, shown('connector-ui').state], ['connector', 'active'])
      if (autoCertRenewal) {
        await eventually(async () => (await certificate()).notAfterTimeStamp > Date.now() + 300 * dayMs)
        await eventually(async () => (await connector.call('GET', subaccountPath)).json.tunnel.state === 'Connected')
        assert.equal(region.asked.at(-1)?.authorized, true)
      } else assert.deepEqual(await certificate(), before)
      const renewals = region.asked.filter(({ url }) => url.endsWith('/renewal'))
      assert.equal(renewals.length, autoCertRenewal ? 1 : 0)
    } finally {
      await connector.close()
      await region.close()
    }
  }
})

test('renewal is due with a third of the life left, thirty days at most, and never after the end', async () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1))
  const ca = await LocalCa.create({ subject: { CN: 'CA' }, clock })
  for (const days of [1, 9, 90, 365, 1_000]) {
    const { cert } = await ca.issueClient({ subject: { CN: 'x' }, days })
    const endMs = clock.now() + days * dayMs
    const leadMs = Math.min(30, days / 3) * dayMs
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: leadMs - 600_000 }),
        fc.integer({ min: 0, max: days * dayMs }),
        (rest, over) => {
          assert.equal(isRenewalDue(cert, endMs - rest), true)
          assert.equal(isRenewalDue(cert, endMs + over), false)
          assert.equal(isRenewalDue(cert, Math.min(endMs - leadMs - 600_000, endMs - leadMs - 600_000 - rest)), false)
        },
      ),
    )
  }
})
