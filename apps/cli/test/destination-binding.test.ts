import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { LocalCa, writePkcs12 } from '@landbridge/identity'
import { Secret } from '@landbridge/kernel'
import { callJson, runCommand } from '@landbridge/testkit'
import { Agent, request } from 'undici'
import { suitePlatform } from './started.ts'

async function keyStore(): Promise<Buffer> {
  const authority = await LocalCa.create({ subject: { CN: 'Client CA' } })
  const { cert, key } = await authority.issueClient({ subject: { CN: 'client' }, days: 1 })
  return writePkcs12({ chain: cert, key, alias: 'own', password: new Secret('store-password') })
}

const platform = suitePlatform()
const { data, folder } = platform

const run = (...args: string[]) => runCommand([...args, '--data', data], { cwd: folder })

test('what an ordered instance was given is found with the token of its binding, the key store included (DEST-003)', async () => {
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
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ init_data: { instance } }))
  assert.equal((await run('service', 'create', 'dest', '-c', 'config.json')).status, 0)
  assert.equal((await run('service', 'bind', 'dest', '--out', 'key.json')).status, 0)
  const key = JSON.parse(readFileSync(join(folder, 'key.json'), 'utf8'))

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

test('a token that a certificate of a binding got opens the destination service like one that a secret got (DEST-004)', async () => {
  assert.equal((await run('service', 'create', 'dest-x509')).status, 0)
  const x509 = JSON.stringify({ xsuaa: { 'credential-type': 'x509' } })
  const bound = await run('service', 'bind', 'dest-x509', '-c', x509, '--out', 'key.json')
  assert.equal(bound.status, 0, bound.stderr)
  const key = JSON.parse(readFileSync(join(folder, 'key.json'), 'utf8'))
  assert.equal(key.clientsecret, undefined)
  const dispatcher = new Agent({
    connect: { ca: readFileSync(join(data, 'ca.pem'), 'utf8'), cert: key.certificate, key: key.key },
  })
  try {
    const answer = await request(`${key.certurl ?? key.url}/oauth/token`, {
      method: 'POST',
      dispatcher,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: key.clientid }).toString(),
    })
    const granted = (await answer.body.json()) as { access_token?: string }
    assert.equal(answer.statusCode, 200, JSON.stringify(granted))
    const call = (method: string, path: string, body?: object) =>
      callJson({
        method,
        url: `${key.uri}/destination-configuration/v1${path}`,
        headers: { authorization: `Bearer ${granted.access_token}` },
        ...(body === undefined ? {} : { body }),
      })
    const destination = { Name: 'by-certificate', Type: 'HTTP', URL: 'https://a.example' }
    assert.equal((await call('POST', '/instanceDestinations', destination)).status, 201)
    const found = await call('GET', '/destinations/by-certificate')
    assert.equal(found.json.destinationConfiguration.URL, 'https://a.example')
    assert.equal((await call('DELETE', '/instanceDestinations/by-certificate')).status, 200)
  } finally {
    await dispatcher.close()
  }
})
