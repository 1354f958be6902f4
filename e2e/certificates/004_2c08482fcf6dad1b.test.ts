import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openScene } from './scene.ts'

const scene = await openScene()
after(() => scene.stop())

test('a call of a destination with ClientCertificateAuthentication, whose platform-managed certificate the receiver does not know, fails with AUTH0032; the diagnosis says so, and with its command the call works (CERT-014, CERT-016)', async () => {
  await scene.usePlatformManagedKeyStore()
  const failed = await scene.call()
  assert.equal(failed.status, 1)
  assert.deepEqual(JSON.parse(failed.stdout), {
    error: {
      code: 'AuthenticationFailed',
      message: 'Authentication service failed to return token.',
      details: '[AUTH0032]Invalid client certificate',
    },
  })
  const found = await scene.diagnoseDestination('_ABC')
  assert.equal(found.cause, 'not-mapped')
  assert.ok(found.evidence.some((line) => line.includes('[AUTH0032]Invalid client certificate')))
  await scene.apply(found)
  const called = await scene.call()
  assert.equal(called.status, 0, called.stdout + called.stderr)
  assert.equal(JSON.parse(called.stdout).destinationConfiguration.Name, 'demo-backend')

  // Deleted and uploaded again, as the note advises: both take effect at once (CERT-010).
  const mappings = (await scene.operator(`/subaccounts/${scene.subaccountId}/certificateMappings`)) as readonly {
    readonly id: string
  }[]
  await scene.run('certificates', 'mappings', 'delete', mappings[0]?.id ?? '')
  assert.equal((await scene.call()).status, 1)
  const deleted = await scene.diagnoseDestination('_ABC')
  assert.equal(deleted.cause, 'not-mapped')
  await scene.apply(deleted)
  assert.equal((await scene.call()).status, 0)
})
