import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readServiceKey } from '@landbridge/connectivity-proxy'
import { ManualClock, systemClock } from '@landbridge/kernel'
import { callJson } from '@landbridge/testkit'
import { ClientToken } from '../src/compose/client-token.ts'
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
