import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { certificateFacts, readPkcs12, selfSigned } from '@landbridge/identity'
import { Secret, systemClock } from '@landbridge/kernel'
import { callJson, startPlatform, type TestPlatform, temporaryFolder } from '@landbridge/testkit'

const folder = temporaryFolder()
let platform: TestPlatform
before(async () => {
  platform = await startPlatform()
})
after(async () => {
  await platform?.stop()
  folder[Symbol.dispose]()
})

/** Writes a file for the command line, which takes certificates and secrets from files only. */
function file(name: string, content: string): string {
  const path = join(folder.path, name)
  writeFileSync(path, content)
  return path
}

async function certificates(...args: readonly string[]) {
  const { status, stdout, stderr } = await platform.command('certificates', ...args)
  return { status, stdout: stdout.trim(), stderr }
}

async function done(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await certificates(...args)
  assert.equal(status, 0, stderr)
  return stdout
}

test('communication users and mappings are kept by commands; the text of a conflict arrives as it is (CERT-007, CERT-008)', async () => {
  const { cert } = await selfSigned({ purpose: 'client', subject: { CN: 'cpi' }, keySize: 2048 }, 30, systemClock)
  const crt = file('cpi.crt', cert)
  assert.match(await done('users', 'create', '_ABC'), /Created the communication user _ABC/)
  await done('users', 'create', '_DEFXYZ')
  assert.match(await done('users', 'list'), /USER .*\n_ABC .*\n_DEFXYZ /)
  const { id } = JSON.parse(await done('mappings', 'add', crt, '--user', '_ABC', '--json'))
  const conflict = await certificates('mappings', 'add', crt, '--user', '_DEFXYZ')
  assert.equal(conflict.status, 1)
  assert.match(conflict.stderr, /The Certificate is already assigned to user _ABC/)
  const { fingerprint } = certificateFacts(cert)
  for (const search of [[], ['--fingerprint', fingerprint.slice(0, 8)], ['--subject', 'CPI'], ['--user', '_abc']]) {
    const [head, row, ...more] = (await done('mappings', 'list', ...search)).split('\n')
    assert.match(head ?? '', /^USER +SUBJECT +ISSUER +FINGERPRINT +VALID UNTIL +SINCE +ID$/)
    assert.ok(row?.includes(fingerprint) && row.startsWith('_ABC') && row.endsWith(id), row)
    assert.deepEqual(more, [])
  }
  assert.match(await done('mappings', 'delete', id), /Deleted the mapping/)
  assert.match(await done('mappings', 'add', crt, '--user', '_DEFXYZ'), /^Assigned CN=cpi to _DEFXYZ/)
  await done('users', 'delete', '_DEFXYZ')
  assert.equal((await done('mappings', 'list')).split('\n').length, 1)
})

test('a key pair is written to a new file that only its owner reads, and gets tokens of its user (CERT-009, CERT-014)', async () => {
  await done('users', 'create', 'ERP')
  const out = join(folder.path, 'erp.p12')
  const key = ['mappings', 'key-pair', '--user', 'ERP', '--out', out, '--password-file', file('pw', 'a-password\n')]
  assert.match(await done(...key), /stands for ERP from now on/)
  assert.equal(statSync(out).mode & 0o777, 0o600)
  const again = await certificates(...key)
  assert.match(again.stderr, /it exists already/)
  const weak = join(folder.path, 'weak.p12')
  const refused = await certificates(
    'mappings',
    'key-pair',
    '--user',
    'ERP',
    '--out',
    weak,
    '--password-file',
    file('w', 'x'),
  )
  assert.deepEqual([refused.status, existsSync(weak)], [1, false])
  const pair = await readPkcs12(readFileSync(out), new Secret('a-password'))
  const [binding] = [platform.binding('destination')]
  const answer = await callJson({
    method: 'POST',
    url: new URL('/oauth/token', platform.address('token-service')),
    body: new URLSearchParams({ grant_type: 'client_credentials', zid: subaccountOf(binding) }),
    ca: platform.ca,
    clientCertificate: { cert: pair.cert, key: pair.key.reveal() },
  })
  assert.equal(answer.status, 200, answer.text)
})

test('a connector gets a new certificate by a command, which tells a wrong password from a missing role (CERT-011)', async () => {
  const { administrator, user, connector } = platform.credentials
  const subaccount = subaccountOf(platform.binding('destination'))
  const refresh = (name: string, password: string) =>
    certificates(
      ...['refresh-connector', '--region', 'landbridge.localhost', '--subaccount', subaccount, '--user', name],
      ...['--password-file', file('cloud-password', password)],
      ...['--administrator-password-file', file('connector-password', connector.password)],
    )
  const wrong = await refresh(administrator.name, 'wrong-password')
  assert.equal(wrong.status, 1)
  assert.match(wrong.stderr, /cloudStatus 401, user admin@demo\.example.*likelyCauses user or password is mistyped/s)
  const role = await refresh(user.name, user.password)
  assert.match(role.stderr, /cloudStatus 403, user alice@demo\.example.*give the user the role collection/s)
  const renewed = await refresh(administrator.name, administrator.password)
  assert.equal(renewed.status, 0, renewed.stderr)
  assert.match(
    renewed.stdout,
    /^The new certificate \(serial number .*\) is valid until \d{4}-\d\d-\d\d\. The tunnel is Connected\.$/,
  )
})

test('role collections are given to and taken from a user by commands; a name that nobody has is told with those that there are', async () => {
  const { user } = platform.credentials
  const role = 'Cloud Connector Administrator'
  const ask = async (action: string, ...args: readonly string[]) =>
    platform.command('user', action, user.name, '--role-collection', role, ...args, '--json')
  const given = await ask('assign')
  assert.ok(JSON.parse(given.stdout).roleCollections.includes(role), given.stderr)
  const taken = await ask('unassign')
  assert.deepEqual(
    JSON.parse(taken.stdout).roleCollections,
    JSON.parse(given.stdout).roleCollections.filter((one: string) => one !== role),
  )
  const listed = await platform.command('user', 'list')
  assert.match(listed.stdout, /^USER +ROLE COLLECTIONS$/m)
  const unknown = await platform.command('user', 'assign', 'nobody@demo.example', '--role-collection', role)
  assert.equal(unknown.status, 1)
  assert.match(unknown.stderr, /CLI_NAME_UNKNOWN.*nobody@demo\.example.*alice@demo\.example/s)
})

function subaccountOf(binding: Readonly<Record<string, unknown>>): string {
  return String(binding.tenantid ?? binding.subaccountid ?? binding.zoneid)
}
