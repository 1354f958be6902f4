import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { proxyCertificate } from '../src/tunnels/proxy-certificate.ts'
import { newCa } from './platform.ts'

test('what a proxy says of its certificate is taken only where it is one, and told under its own subaccount (CERT-017)', async () => {
  const { cert } = await (await newCa()).issueServer({ dnsNames: ['proxy.test'], days: 1 })
  const der = new X509Certificate(cert).raw.toString('base64')
  const read = (host: unknown, certificate: unknown) =>
    proxyCertificate(
      { 'landbridge-tunnel-host': host, 'landbridge-tunnel-certificate': certificate } as Record<string, string>,
      'sub',
    )
  assert.deepEqual(read('proxy.test', der), {
    name: 'proxy.test',
    certificate: new X509Certificate(cert).toString(),
    subaccountId: 'sub',
  })
  for (const host of [undefined, '', 'a b', 'a\tb', 'x'.repeat(254), '<b>', ['a', 'b']])
    assert.equal(read(host, der), undefined)
  for (const certificate of [undefined, '', 'nonsense', 'AAAA', 'A'.repeat(12_001), [der]])
    assert.equal(read('proxy.test', certificate), undefined)
})
