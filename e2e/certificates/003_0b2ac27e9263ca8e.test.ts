import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { keyStorePassword, openScene } from './scene.ts'

const scene = await openScene()
after(() => scene.stop())

test('a certificate of another user is refused with the text of the note; the diagnosis names that user, and its commands make the call work (CERT-007, CERT-016)', async () => {
  await scene.apply(await scene.diagnose('_ABC'))
  const file = `${scene.folder}/sender.pem`
  const refused = await scene.platform.command('certificates', 'mappings', 'add', file, '--user', '_DEF')
  assert.notEqual(refused.status, 0)
  assert.match(refused.stderr, /409/)
  assert.match(refused.stderr, /The Certificate is already assigned to user _ABC(?!\w)/)
  const found = await scene.diagnose('_DEF')
  assert.equal(found.cause, 'mapped-to-another-user')
  assert.match(found.verdict, /_ABC/)
  await scene.apply(found)
  assert.equal((await scene.diagnose('_DEF')).cause, 'none')
})

test('the other remedy of the note: a key pair made for the second user, put into the key store of the sender, and its calls work beside those of the first (CERT-009)', async () => {
  const password = join(scene.folder, 'p12-password')
  writeFileSync(password, keyStorePassword)
  const file = join(scene.folder, 'abc.p12')
  await scene.run('certificates', 'mappings', 'key-pair', '--user', '_ABC', '--out', file, '--password-file', password)
  await scene.useKeyStore(readFileSync(file))
  assert.equal((await scene.call()).status, 0)
  await scene.useTenantCertificate()
  assert.equal((await scene.call()).status, 0)
})
