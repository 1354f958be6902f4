import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { LocalCa, writePkcs12 } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import { callJson, temporaryFolder } from '@landbridge/testkit'
import { landbridge } from './launcher.ts'
import { startUp } from './started.ts'

async function keyStore(): Promise<Buffer> {
  const authority = await LocalCa.create({ subject: { CN: 'Client CA' } })
  const { cert, key } = await authority.issueClient({ subject: { CN: 'client' }, days: 1 })
  return writePkcs12({ chain: cert, key, alias: 'own', password: new Secret('store-password') })
}

test('what an ordered instance was given is found with the token of its binding, the key store included (DEST-003)', async () => {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  await using _up = await startUp(data)
  const run = (...args: string[]) => landbridge([...args, '--data', data], { cwd: folder.path })
  const Content = (await keyStore()).toString('base64')
  const instance = {
    certificates: [{ Name: 'client.p12', Type: 'CERTIFICATE', Content }],
    fragments: [{ FragmentName: 'quality', URL: 'https://quality.example' }],
    destinations: [
      {
        Name: 'erp',
        Type: 'HTTP',
        URL: 'https://erp.example',
        ProxyType: 'Internet',
        Authentication: 'ClientCertificateAuthentication',
        KeyStoreLocation: 'client.p12',
        KeyStorePassword: 'store-password',
      },
    ],
  }
  writeFileSync(join(folder.path, 'config.json'), JSON.stringify({ init_data: { instance } }))
  assert.equal((await run('service', 'create', 'dest', '-c', 'config.json')).status, 0)
  assert.equal((await run('service', 'bind', 'dest', '--out', 'key.json')).status, 0)
  const key = JSON.parse(readFileSync(join(folder.path, 'key.json'), 'utf8'))

  const basic = `Basic ${Buffer.from(`${key.clientid}:${key.clientsecret}`).toString('base64')}`
  const token = await callJson({
    method: 'POST',
    url: `${key.url}/oauth/token`,
    headers: { authorization: basic },
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: key.clientid }),
    ca: readFileSync(join(data, 'ca.pem'), 'utf8'),
  })
  assert.equal(token.status, 200, token.text)
  const headers = { authorization: `Bearer ${token.json.access_token}`, 'x-fragment-name': 'quality' }
  const found = await callJson({ url: `${key.uri}/destination-configuration/v1/destinations/erp`, headers })
  assert.equal(found.status, 200, found.text)
  assert.equal(found.json.destinationConfiguration.URL, 'https://quality.example')
  assert.deepEqual(found.json.certificates, [{ Name: 'client.p12', Content, Type: 'CERTIFICATE' }])
})
