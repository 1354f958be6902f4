import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readServiceKey } from '@landbridge/connectivity-proxy'
import { ManualClock, Secret, systemClock } from '@landbridge/kernel'
import { callJson, temporaryFolder } from '@landbridge/testkit'
import { ClientToken } from '../src/compose/client-token.ts'
import { readServerTls } from '../src/compose/server-tls.ts'
import { createAgent } from '../src/http/agent.ts'
import { type CloudAndConnector, startCloudAndConnector } from './cloud-and-connector.ts'

let scene: CloudAndConnector
let subaccount: string

before(async () => {
  scene = await startCloudAndConnector()
  subaccount = (await scene.cloud.connectivityService.registry.createSubaccount({ subdomain: 'plant' })).id
})
after(() => scene?.close())

/** A service key of a proxy, made with these parameters. */
async function serviceKey(name: string, parameters: object) {
  const instance = await scene.operator('POST', `/subaccounts/${subaccount}/serviceInstances`, {
    service: 'connectivity_proxy',
    plan: 'connectivity_proxy',
    name,
  })
  const binding = await scene.operator('POST', `/serviceInstances/${instance.json.id}/bindings`, { name, parameters })
  assert.equal(binding.status, 201, binding.text)
  return binding.json.credentials
}

const x509 = {
  xsuaa: { 'credential-type': 'x509', x509: { 'key-length': 2048, validity: 7, 'validity-type': 'DAYS' } },
}

test('service keys with a secret and with a certificate both get tokens, and an expired certificate is told as that (CP-110)', async (context) => {
  for (const [name, parameters] of [
    ['secret', {}],
    ['certificate', x509],
  ] as const) {
    const credentials = await serviceKey(name, parameters)
    assert.equal('clientsecret' in credentials, name === 'secret')
    // The clock of the cloud stands still, while certificates are issued by the time of the machine.
    scene.clock.advance(Math.max(0, Date.now() - scene.clock.now()) + 1_000)
    const key = readServiceKey(JSON.stringify(credentials))
    const { clientCertificate } = key
    const agent = createAgent({
      caFiles: [],
      ca: [scene.ca],
      hostNames: [],
      address: '127.0.0.1',
      ...(clientCertificate === undefined
        ? {}
        : { tls: { cert: clientCertificate.cert, key: clientCertificate.key.reveal() } }),
    })
    context.after(() => agent.destroy())
    const options = { ...key, url: key.tokenUrl, agent }
    const token = await new ClientToken({ ...options, clock: systemClock }).get()
    const dial = { host: 'a', port: 1, serverName: 'a', proxyId: 'p', displayName: 'P' }
    const asked = await callJson({
      method: 'POST',
      url: `${key.connectivityUrl}/api/v1/tunnels`,
      headers: { authorization: `Bearer ${token}` },
      ca: scene.ca,
      body: { subaccountId: subaccount, locationId: '', ticket: 'a-ticket-of-this-test', ...dial },
    })
    assert.deepEqual([asked.status, asked.json.code], [404, 'CONNECTOR_NOT_CONNECTED'], asked.text)
    const later = new ClientToken({ ...options, clock: new ManualClock(Date.now() + 8 * 86_400_000) })
    if (clientCertificate !== undefined) await assert.rejects(later.get(), { code: 'PROXY_CREDENTIAL_EXPIRED' })
  }
})

test('a service key with a certificate of another key, or with neither, is refused', async () => {
  const [one, other] = [await serviceKey('one', x509), await serviceKey('other', x509)]
  const mixed = { ...one, key: other.key }
  for (const [credentials, expected] of [
    [mixed, /a pair that does not fit/],
    [{ ...one, key: undefined }, /found neither/],
  ] as const)
    assert.throws(
      () => readServiceKey(JSON.stringify(credentials)),
      (thrown: Error) => expected.test(JSON.stringify(thrown)),
    )
})

test('a tunnel server certificate that is none, or whose key is another one, is told as a wrong setting', async () => {
  using folder = temporaryFolder()
  const [one, other] = [await serviceKey('server', x509), await serviceKey('another-server', x509)]
  const [certificateFile, noCertificate] = [join(folder.path, 'tls.crt'), join(folder.path, 'none.crt')]
  writeFileSync(certificateFile, one.certificate)
  writeFileSync(noCertificate, 'text')
  assert.equal(readServerTls({ certificateFile, key: new Secret(one.key) }).cert, one.certificate)
  for (const [file, key, expected] of [
    [certificateFile, other.key, /tls\.key: expected the private key/],
    [certificateFile, 'text', /tls\.key: expected the private key/],
    [noCertificate, one.key, /tls\.certificateFile: expected a readable PEM file/],
    [join(folder.path, 'absent'), one.key, /tls\.certificateFile: expected a readable PEM file/],
  ] as const)
    assert.throws(
      () => readServerTls({ certificateFile: file, key: new Secret(key) }),
      (thrown: Error) => expected.test(JSON.stringify(thrown)) && !JSON.stringify(thrown).includes('PRIVATE KEY'),
    )
})

test('a token without a lifetime is used for a while, and an answer without token is refused without showing it', async (context) => {
  const answers = ['{"access_token":"first"}', '{"access_token":"second","expires_in":"60"}', 'secret-text', '{}']
  const server = createServer((_request, response) => void response.end(answers.shift()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = createAgent({ caFiles: [], hostNames: [], address: '127.0.0.1' })
  context.after(async () => {
    await agent.destroy()
    server.close()
  })
  const clock = new ManualClock(0)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
  const token = new ClientToken({ url, clientId: 'c', agent, clock })
  assert.deepEqual([await token.get(), await token.get()], ['first', 'first'])
  clock.advance(300_000)
  assert.equal(await token.get(), 'second')
  clock.advance(60_000)
  for (let i = 0; i < 2; i++)
    await assert.rejects(token.get(), (thrown: Error) => {
      assert.match(JSON.stringify(thrown), /no JSON with an access_token/)
      return !JSON.stringify(thrown).includes('secret-text')
    })
})
