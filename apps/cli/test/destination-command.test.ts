import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort, javaKeyStore, runCommand, selfSignedCertificate } from '@landbridge/testkit'
import { unzipSync } from 'fflate'
import { suitePlatform } from './started.ts'

const secret = 'planted-secret'
const file = `Name=erp
Type=HTTP
URL=http\\://demo-backend.virtual\\:8080/hello
ProxyType=OnPremise
Authentication=BasicAuthentication
User=u
Password=${secret}
`

const platform = suitePlatform()
const { data, folder } = platform

const run = (line: string, ...more: string[]) =>
  runCommand(['destination', ...line.split(' '), ...more, '--data', data], { cwd: folder })

test('destinations are imported, shown, exported, duplicated and deleted on the command line (DEST-211, DEST-212)', async () => {
  for (const name of ['erp.properties', 'erp.props', 'erp.txt', 'erp']) writeFileSync(join(folder, name), file)

  const imported = await run('import erp.properties')
  assert.deepEqual([imported.status, imported.stdout], [0, 'erp: created.\n'], imported.stderr)
  for (const name of ['erp.props', 'erp.txt', 'erp'])
    assert.equal((await run(`import ${name} --existing update`)).stdout, 'erp: updated.\n')
  const again = await run('import erp')
  assert.equal(again.status, 1)
  assert.match(again.stderr, /erp: the name exists on this level/)
  const odd = await run(`import ${data}/cloud.db`)
  assert.match(odd.stderr, /\.props, \.properties/)

  const shown = await run('show', 'erp')
  assert.match(shown.stdout, /^URL=http\\:\/\/demo-backend\.virtual\\:8080\/hello$/m)
  const listed = await run('list')
  assert.match(listed.stdout, /^erp +HTTP +OnPremise +BasicAuthentication +http:\/\//m)
  for (const { stdout } of [shown, listed, await run('list', '--json')]) assert.ok(!stdout.includes(secret))

  assert.equal((await run('duplicate', 'erp', 'erp-copy')).stdout, 'Created erp-copy from erp.\n')
  assert.equal((await run('export', 'erp', 'erp-copy', '--out', 'both.txt')).status, 0)
  const both = readFileSync(join(folder, 'both.txt'), 'utf8')
  assert.deepEqual(both.match(/^Name=.*$/gm), ['Name=erp', 'Name=erp-copy'])
  assert.equal((await run('delete', 'erp-copy')).status, 0)
  writeFileSync(join(folder, 'pw'), `${secret}\n`)
  writeFileSync(join(folder, 'copy.txt'), both.slice(both.lastIndexOf('#')))
  const lacking = await run('import copy.txt')
  assert.match(lacking.stderr, /erp-copy: property Password is missing/)
  const restored = await run('import copy.txt --secret Password=pw')
  assert.equal(restored.stdout, 'erp-copy: created.\n', restored.stderr)
  assert.equal((await run('delete', 'none')).status, 1)
})

test('a .jks file is imported as a certificate, and destinations that name it are exported with it (DEST-213)', async () => {
  const { certificate } = await selfSignedCertificate()
  const store = javaKeyStore('secret', { trusted: [new X509Certificate(certificate).raw] })
  writeFileSync(join(folder, 'trust.jks'), store)
  const stored = await run('import trust.jks')
  assert.deepEqual([stored.status, stored.stdout], [0, 'Stored trust.jks as a certificate.\n'], stored.stderr)
  assert.equal((await run('import trust.jks')).status, 1)
  writeFileSync(join(folder, 'broken.jks'), store.subarray(4))
  assert.match((await run('import broken.jks')).stderr, /no certificate or key store/)
  const text = 'Name=mtls\nType=HTTP\nURL=https://a.example\nAuthentication=ClientCertificateAuthentication\n'
  writeFileSync(join(folder, 'mtls'), `${text}KeyStoreLocation=trust.jks\nKeyStorePassword=secret\n`)
  assert.equal((await run('import mtls')).status, 0)
  assert.equal((await run('export mtls --out mtls.zip')).status, 0)
  const files = unzipSync(readFileSync(join(folder, 'mtls.zip')))
  assert.deepEqual(Buffer.from(files['trust.jks'] ?? []), store)
})

test('a check goes through the tunnel and tells mapping, resource and backend apart (DEST-217, DEST-219)', async () => {
  await mapToNothing(await freePort())
  const targets: Record<string, [url: string, location: string]> = {
    fine: ['http://demo-backend.virtual:8080/hello', ''],
    missing: ['http://demo-backend.virtual:8080/none', ''],
    unmapped: ['http://other.virtual:80/', ''],
    hidden: ['http://down.virtual:80/hidden', ''],
    down: ['http://down.virtual:80/open', ''],
    nowhere: ['http://demo-backend.virtual:8080/hello', 'elsewhere'],
  }
  const all = Object.entries(targets).map(([Name, [URL, CloudConnectorLocationId]]) => ({
    Name,
    Type: 'HTTP',
    URL,
    ProxyType: 'OnPremise',
    Authentication: 'NoAuthentication',
    CloudConnectorLocationId,
  }))
  writeFileSync(join(folder, 'all.json'), JSON.stringify(all))
  assert.equal((await run('import all.json')).status, 0)
  for (const [name, message] of [
    ['unmapped', 'Backend is not available in the list of defined system mappings in Cloud Connector.'],
    ['hidden', 'Resource is not accessible in Cloud Connector or backend is not reachable.'],
    ['down', 'Backend is not reachable from Cloud Connector.'],
    ['nowhere', 'Backend status could not be determined.'],
  ] as const) {
    const failed = await run('check', name)
    assert.deepEqual([failed.status, failed.stdout], [1, `${message}\n`], failed.stderr)
  }
  assert.equal((await run('check', 'missing')).status, 0)
  const fine = await run('check', 'fine', '--json')
  assert.equal(fine.status, 0, fine.stderr)
  assert.deepEqual(JSON.parse(fine.stdout), {
    success: true,
    message: 'Connection to "fine" established. Response returned: 200',
    status: 200,
  })
})

test('the content of an instance is administrated with its service key', async () => {
  const service = (...args: string[]) => runCommand(['service', ...args, '--data', data], { cwd: folder })
  const destination = { Name: 'inner', Type: 'HTTP', URL: 'https://a.example', Authentication: 'NoAuthentication' }
  const config = JSON.stringify({ init_data: { instance: { destinations: [destination] } } })
  assert.equal((await service('create', 'dest', '-c', config)).status, 0)
  assert.equal((await service('bind', 'dest', '--out', 'key.json')).status, 0)
  const own = await run('list', '--level', 'instance', '--key', 'key.json', '--json')
  assert.deepEqual(
    JSON.parse(own.stdout).map(({ Name }: { Name: string }) => Name),
    ['inner'],
    own.stderr,
  )
  const other = await run('list', '--level', 'instance', '--json')
  assert.deepEqual(JSON.parse(other.stdout), [])
})

test('templates are listed and printed as files that import accepts once they are filled in', async () => {
  const list = await runCommand(['destination', 'templates'])
  assert.match(list.stdout, /^client-credentials +OAuth, for the application \(OAuth2ClientCredentials\)$/m)
  const one = await runCommand(['destination', 'templates', 'basic'])
  assert.match(one.stdout, /^# user name and password\nName=my-system\nType=HTTP\n/)
  const unknown = await runCommand(['destination', 'templates', 'magic'])
  assert.equal(unknown.status, 1)
  assert.match(unknown.stderr, /client-credentials/)
})

/** Maps `down.virtual:80` to a port on which nothing listens, with one resource. */
async function mapToNothing(port: number): Promise<void> {
  const { name, password } = platform.up.announcement.credentials.connector
  const base = `${platform.up.urlOf('cloud-connector')}/api/v1/configuration/subaccounts`
  const headers = {
    authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
    'content-type': 'application/json',
  }
  const { request, Agent } = await import('undici')
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
  const call = async (method: 'GET' | 'POST', url: string, body?: object) => {
    const answer = await request(url, { method, headers, dispatcher, ...(body ? { body: JSON.stringify(body) } : {}) })
    const text = await answer.body.text()
    assert.ok(answer.statusCode < 300, `${url} ${answer.statusCode} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  try {
    const [{ regionHost, subaccount }] = await call('GET', base)
    const mappings = `${base}/${regionHost}/${subaccount}/systemMappings`
    await call('POST', mappings, {
      virtualHost: 'down.virtual',
      virtualPort: '80',
      localHost: '127.0.0.1',
      localPort: String(port),
      protocol: 'HTTP',
      backendType: 'nonSAPsys',
      authenticationMode: 'NONE',
      hostInHeader: 'VIRTUAL',
    })
    await call('POST', `${mappings}/down.virtual:80/resources`, {
      id: '/open',
      enabled: 'true',
      exactMatchOnly: 'true',
    })
  } finally {
    await dispatcher.destroy()
  }
}
