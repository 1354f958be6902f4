import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openScene } from './scene.ts'

const scene = await openScene()
after(() => scene.stop())

test('key users are told with the exact subjects, first that the yearly renewal will come, then that it was done; the receiver refuses calls with the new certificate; the diagnosis compares both sides, and with its commands the call works (CERT-001, CERT-002, CERT-003, CERT-016)', async () => {
  await scene.useTenantCertificate()
  await scene.apply(await scene.diagnoseDestination('_ABC'))
  assert.equal((await scene.call()).status, 0)

  // A year's certificate, 80 days before its end and then 30.
  const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
  await scene.run('certificates', 'renew', '--date', inDays(285))
  await scene.notified('Tenant Certificate is going to expire soon')
  await scene.run('certificates', 'renew', '--date', inDays(335))
  await scene.notified('Tenant Certificate has been renewed')
  await scene.useTenantCertificate()
  const failed = await scene.call()
  assert.equal(failed.status, 1)
  assert.match(failed.stdout, /"details":"\[AUTH0032\]Invalid client certificate"/)
  const found = await scene.diagnoseDestination('_ABC')
  assert.equal(found.cause, 'fingerprint-mismatch')
  const fingerprints = new Set(found.evidence.flatMap((line) => /SHA-256 ([0-9a-f]{64})/.exec(line)?.[1] ?? []))
  assert.equal(fingerprints.size, 2)
  await scene.apply(found)
  const called = await scene.call()
  assert.equal(called.status, 0, called.stdout + called.stderr)
})
