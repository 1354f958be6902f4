import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Diagnosis, openScene } from './scene.ts'

const scene = await openScene()
after(() => scene.stop())

test('refreshing a connector as another user is refused; the diagnosis names the registered user and the role, and with it the refresh is allowed (CERT-011, CERT-016)', async () => {
  const path = `/subaccounts/${scene.subaccountId}`
  const [certificate] = (await scene.operator(`${path}/connectorCertificates`)) as readonly {
    readonly fingerprint: string
    readonly initiatedBy: string
  }[]
  assert.ok(certificate)
  const password = 'a password of this test'
  const passwordFile = join(scene.folder, 'password')
  writeFileSync(passwordFile, password)
  const diagnose = async (user: string): Promise<Diagnosis> => {
    const words = ['--user', user, '--password-file', passwordFile, '--json']
    const { stdout, stderr } = await scene.platform.command(
      'diagnose',
      'certificate',
      certificate.fingerprint,
      ...words,
    )
    assert.notEqual(stdout, '', stderr)
    assert.ok(!stdout.includes(password))
    return JSON.parse(stdout) as Diagnosis
  }
  await scene.operator(`${path}/users`, { userName: 'other@acme.test', password, roleCollections: [] })
  const found = await diagnose('other@acme.test')
  assert.equal(found.cause, 'user-mismatch')
  assert.ok(found.evidence.includes(`user who paired the connector: ${certificate.initiatedBy}`))
  assert.match(found.remedy, /role collection "Cloud Connector Administrator"/)

  const collection = 'Cloud Connector Administrator'
  await scene.operator(`${path}/users`, { userName: 'third@acme.test', password, roleCollections: [collection] })
  assert.equal((await diagnose('third@acme.test')).cause, 'none')
})
