import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocalCa } from '@landbridge/identity'
import { ManualClock, silentLog } from '@landbridge/kernel'
import { renewAfterMs, ServerCertificates } from '../src/server-certificates.ts'

test('the list has the certificates that are shown now: those of tenants that nobody asked for lately are left out, and back when they are made anew (CERT-017)', async () => {
  const clock = new ManualClock(Date.now())
  const ca = await LocalCa.create({ subject: { CN: 'Platform' }, clock })
  const certificates = new ServerCertificates({ ca, uaaDomain: 'uaa.test', clock, log: silentLog })
  const names = () => certificates.list().map(({ name }) => name)
  const ask = (name: string) =>
    new Promise<void>((resolve, reject) =>
      certificates.select(name, (failure) => (failure === null ? resolve() : reject(failure))),
    )
  await certificates.default('127.0.0.1')
  for (const name of ['acme.uaa.test', 'beta.uaa.test', 'elsewhere.test']) await ask(name)
  assert.deepEqual(names(), ['token service', 'acme.uaa.test', 'beta.uaa.test'])
  const [, before] = certificates.list()
  clock.advance(renewAfterMs)
  await ask('acme.uaa.test')
  assert.deepEqual(names(), ['token service', 'acme.uaa.test'])
  assert.notEqual(certificates.list()[1]?.certificate, before?.certificate)
})
