import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openScene } from './scene.ts'

const scene = await openScene()
after(() => scene.stop())

test('after the yearly renewal key users are told with the exact subject, and the receiver refuses the new certificate; the diagnosis compares both sides, and its commands make the call work (CERT-001, CERT-003, CERT-016)', async () => {
  await scene.apply(await scene.diagnose('_ABC'))
  assert.equal((await scene.diagnose('_ABC')).cause, 'none')

  const inElevenMonths = new Date(Date.now() + 335 * 86_400_000).toISOString().slice(0, 10)
  await scene.run('certificates', 'renew', '--date', inElevenMonths)
  await scene.notified('Tenant Certificate has been renewed')
  const found = await scene.diagnose('_ABC')
  assert.equal(found.cause, 'fingerprint-mismatch')
  const fingerprints = new Set(found.evidence.flatMap((line) => /SHA-256 ([0-9a-f]{64})/.exec(line)?.[1] ?? []))
  assert.equal(fingerprints.size, 2)
  await scene.apply(found)
  assert.equal((await scene.diagnose('_ABC')).cause, 'none')
})
