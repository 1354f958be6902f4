import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { ManualClock, silentLog } from '@landbridge/kernel'
import { renewAfterMs, ServerCertificates } from '../src/server-certificates.ts'

test('the list has the certificates that are shown now: those of tenants that nobody asked for lately are left out, and back when they are made anew; names of nobody are not told (CERT-017)', async () => {
  const clock = new ManualClock(Date.now())
  const ca = await LocalCa.create({ subject: { CN: 'Platform' }, clock })
  const certificates = new ServerCertificates({ ca, uaaDomain: 'uaa.test', clock, log: silentLog })
  const tenants = {
    tenantBySubdomain: async (subdomain: string) =>
      ['acme', 'beta'].includes(subdomain) ? { id: subdomain, subdomain } : undefined,
  }
  const list = () => certificates.list(tenants)
  const names = async () => (await list()).map(({ name }) => name)
  const ask = (name: string) =>
    new Promise<void>((resolve, reject) =>
      certificates.select(name, (failure) => (failure === null ? resolve() : reject(failure))),
    )
  await certificates.default('127.0.0.1')
  for (const name of ['acme.uaa.test', 'nobody.uaa.test', 'beta.uaa.test', 'elsewhere.test']) await ask(name)
  assert.deepEqual(await names(), ['token service', 'acme.uaa.test', 'beta.uaa.test'])
  const [, before] = await list()
  clock.advance(renewAfterMs)
  await ask('acme.uaa.test')
  assert.deepEqual(await names(), ['token service', 'acme.uaa.test'])
  assert.notEqual((await list())[1]?.certificate, before?.certificate)
})
