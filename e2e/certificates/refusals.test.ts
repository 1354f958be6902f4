import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { callJson } from '@landbridge/testkit'
import { type Diagnosis, keyStorePassword, openScene } from './scene.ts'

// One platform for all: each test leaves mappings of other certificates behind, which the next one meets.
const scene = await openScene()
after(() => scene.stop())

const user = 'other@acme.test'
const role = 'Cloud Connector Administrator'

test('refreshing a connector as another user is a real 403, told in its log, REST API and command line; the command that they print makes the refresh work, and calls work with the new certificate (CERT-011, CERT-016)', async () => {
  const { platform, subaccountId } = scene
  const secret = (name: string, content: string): string => {
    const file = join(scene.folder, name)
    writeFileSync(file, content, { mode: 0o600 })
    return file
  }
  const password = 'a password of this test'
  const passwordFile = secret('password', password)
  const administrator = platform.credentials.connector
  await scene.run('user', 'create', user, '--password-file', passwordFile)
  const connector = platform.address('cloud-connector').origin
  const authorization = `Basic ${Buffer.from(`${administrator.name}:${administrator.password}`).toString('base64')}`
  const configuration = (method: string, path: string, body?: object) =>
    callJson({
      method,
      url: `${connector}/api/v1/configuration${path}`,
      ca: platform.connectorCa,
      headers: { authorization },
      ...(body === undefined ? {} : { body }),
    })
  const [{ regionHost }] = (await configuration('GET', '/subaccounts')).json
  const path = `/subaccounts/${regionHost}/${subaccountId}`
  const serialNumber = async (): Promise<string> =>
    (await configuration('GET', path)).json.tunnel.subaccountCertificate.serialNumber
  const refresh = () =>
    platform.command(
      ...['certificates', 'refresh-connector', '--region', regionHost, '--subaccount', subaccountId],
      ...['--user', user, '--password-file', passwordFile],
      ...['--administrator-password-file', secret('administrator-password', administrator.password)],
    )

  // The failure: the connector asks the cloud side, which answers 403.
  const before = await serialNumber()
  const printed = `landbridge user assign ${user} --role-collection '${role}' --subaccount ${subaccountId}`
  const refused = await refresh()
  assert.notEqual(refused.status, 0)
  const answered = await configuration('POST', `${path}/validity`, { user, password })
  assert.equal(answered.status, 400)
  for (const told of [refused.stderr, String(answered.json.message)])
    for (const part of ['cloudStatus 403', `user ${user}`, `subaccount ${subaccountId}`, 'has no role', printed])
      assert.ok(told.includes(part), `${part} in ${told}`)
  const logged = readFileSync(join(platform.dataDirectory, 'landbridge.log'), 'utf8')
    .split('\n')
    .findLast((line) => line.includes('subaccount.certificate-refused'))
  assert.match(logged ?? '', /"cloudStatus":403/)
  assert.ok(logged?.includes(`"user":"${user}"`))
  assert.ok(!logged?.includes(password))
  assert.equal(await serialNumber(), before)

  // The diagnosis compares the users and knows the same remedy.
  const [certificate] = (await scene.operator(`/subaccounts/${subaccountId}/connectorCertificates`)) as readonly {
    readonly fingerprint: string
    readonly initiatedBy: string
  }[]
  assert.ok(certificate)
  const diagnose = async (): Promise<Diagnosis> => {
    const words = ['--user', user, '--password-file', passwordFile, '--json']
    const { stdout, stderr } = await platform.command('diagnose', 'certificate', certificate.fingerprint, ...words)
    assert.notEqual(stdout, '', stderr)
    assert.ok(!stdout.includes(password))
    return JSON.parse(stdout) as Diagnosis
  }
  const found = await diagnose()
  assert.equal(found.cause, 'user-mismatch')
  assert.ok(found.evidence.includes(`user who paired the connector: ${certificate.initiatedBy}`))
  assert.deepEqual(found.commands, [
    ['landbridge', 'user', 'assign', user, '--role-collection', role, '--subaccount', subaccountId],
  ])

  // The remedy as printed.
  await scene.apply(found)
  assert.equal((await diagnose()).cause, 'none')
  const refreshed = await refresh()
  assert.equal(refreshed.status, 0, refreshed.stderr)
  assert.notEqual(await serialNumber(), before)
  assert.match(refreshed.stdout, /The tunnel is Connected\./)
  assert.match(await scene.run('call', 'demo-backend', '/hello'), /\S/)
})

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
