import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openScene } from './scene.ts'

const scene = await openScene()
after(() => scene.stop())

test('a certificate that the receiver does not know fails with AUTH0032; the diagnosis says so, and its command makes the call work (CERT-014, CERT-016)', async () => {
  const before = await scene.diagnose('_ABC')
  assert.equal(before.cause, 'not-mapped')
  assert.ok(before.evidence.some((line) => line.includes('[AUTH0032]Invalid client certificate')))
  await scene.apply(before)
  assert.equal((await scene.diagnose('_ABC')).cause, 'none')
  // Deleted and uploaded again, as the note advises: both take effect at once (CERT-010).
  const mappings = (await scene.operator(`/subaccounts/${scene.subaccountId}/certificateMappings`)) as readonly {
    readonly id: string
  }[]
  await scene.run('certificates', 'mappings', 'delete', mappings[0]?.id ?? '')
  const deleted = await scene.diagnose('_ABC')
  assert.equal(deleted.cause, 'not-mapped')
  await scene.apply(deleted)
  assert.equal((await scene.diagnose('_ABC')).cause, 'none')
})
