import assert from 'node:assert/strict'
import { test } from 'node:test'
import { certificateFacts, LocalCa } from '@landbridge/identity'
import { certificateReport, type OwnCertificate } from '../src/configuration/own-certificates.ts'
import { CertificateNews } from '../src/link/certificate-news.ts'

const ca = await LocalCa.create({ subject: { CN: 'Backend CA' } })
const trusted: OwnCertificate[] = []
for (let days = 1; days <= 90; days++) {
  const { cert: chain } = await ca.issueServer({ dnsNames: [`backend-${days}.plant`], days })
  trusted.push({ kind: 'connector-trust', name: `trusted ${days}`, renewer: 'user', chain })
}
const own: OwnCertificate = {
  kind: 'connector-system',
  name: 'system certificate',
  renewer: 'user',
  chain: ca.certificatePem,
}

test('a report fits into one control message: what there is no room for is counted, and is what ends last (CERT-017)', () => {
  const report = certificateReport([...trusted.toReversed(), own])
  assert.ok(JSON.stringify(report).length < 64 * 1024)
  assert.equal(report.certificates[0], own)
  assert.ok(report.omitted > 0)
  assert.equal(report.certificates.length + report.omitted, trusted.length + 1)
  const ends = report.certificates.slice(1).map(({ chain }) => certificateFacts(chain).notAfter.getTime())
  assert.deepEqual(
    ends,
    trusted.slice(0, ends.length).map(({ chain }) => certificateFacts(chain).notAfter.getTime()),
  )
})

test('only what changed is news; a connector that is not to report takes back what it told (CERT-017)', () => {
  const news = new CertificateNews()
  assert.equal(news.changed(undefined), undefined)
  assert.equal(news.message, undefined)
  assert.deepEqual(news.changed([own]), { type: 'certificates', certificates: [own], omitted: 0 })
  assert.equal(news.changed([{ ...own }]), undefined)
  assert.deepEqual(news.changed([]), { type: 'certificates', certificates: [], omitted: 0 })
  assert.deepEqual(news.message, { type: 'certificates', certificates: [], omitted: 0 })
})
