import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Secret, systemClock } from '@landbridge/kernel'
import { ClientToken } from '../src/compose/client-token.ts'
import { createAgent } from '../src/http/agent.ts'
import { type CloudAndConnector, startCloudAndConnector } from './cloud-and-connector.ts'

let scene: CloudAndConnector
let instanceId: string
let subaccountId: string

before(async () => {
  scene = await startCloudAndConnector()
  subaccountId = (await scene.cloud.connectivityService.registry.createSubaccount({ subdomain: 'plant' })).id
  const order = { service: 'identity', name: 'ids' }
  const made = await scene.operator('POST', `/subaccounts/${subaccountId}/serviceInstances`, order)
  assert.equal(made.status, 201, made.text)
  assert.equal(made.json.plan, 'application')
  instanceId = made.json.id
})
after(() => scene?.close())

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))

const bind = (name: string, parameters: object) =>
  scene.operator('POST', `/serviceInstances/${instanceId}/bindings`, { name, parameters })

test('a binding of the service identity, with secret or certificate, gets tokens of exactly the issuer that it names (RC-048)', async (context) => {
  const generated = { 'credential-type': 'X509_GENERATED', validity: 7, 'validity-type': 'DAYS' }
  const clientIds = new Set<string>()
  for (const [name, parameters, credentialType] of [
    ['secret', {}, 'SECRET'],
    ['certificate', generated, 'X509_GENERATED'],
    ['as at an XSUAA', { xsuaa: { 'credential-type': 'x509' } }, 'X509_GENERATED'],
  ] as const) {
    const { status, text, json } = await bind(name, parameters)
    assert.equal(status, 201, text)
    const { credentials } = json
    assert.equal(credentials['credential-type'], credentialType)
    assert.equal('clientsecret' in credentials, credentialType === 'SECRET')
    clientIds.add(credentials.clientid)
    // The clock of the cloud stands still, while certificates are issued by the time of the machine.
    scene.clock.advance(Math.max(0, Date.now() - scene.clock.now()) + 1_000)
    const { clientsecret, certificate: cert, key } = credentials
    const tls = cert === undefined ? {} : { tls: { cert, key } }
    const agent = createAgent({ caFiles: [], ca: [scene.ca], hostNames: [], address: '127.0.0.1', ...tls })
    context.after(() => agent.destroy())
    const token = await new ClientToken({
      url: `${credentials.url}/oauth2/token`,
      clientId: credentials.clientid,
      ...(clientsecret === undefined ? {} : { clientSecret: new Secret(clientsecret) }),
      agent,
      clock: systemClock,
    }).get()
    const claims = claimsOf(token)
    assert.equal(claims.iss, credentials.url)
    assert.match(claims.iss, /^https:\/\/plant\.[^/]+[^/]$/)
    assert.equal(claims.iss.slice('https://plant.'.length), credentials.domains[0])
    assert.equal(claims.aud, credentials.clientid)
    assert.equal(claims.app_tid, subaccountId)
    const { url } = scene.cloud.destinationService
    const headers = { authorization: `Bearer ${token}` }
    const asked = await fetch(`${url}/destination-configuration/v1/destinations/any`, { headers })
    assert.equal(asked.status, 401, 'it opens nothing of the platform')
  }
  assert.equal(clientIds.size, 3)
})

test('binding parameters that the service identity does not know are refused with what is meant', async () => {
  for (const [parameters, field] of [
    [{ 'credential-type': 'NONE' }, 'parameters.credential-type'],
    [{ 'credential-type': 'X509_PROVIDED' }, 'parameters.certificate'],
  ] as const) {
    const { status, json } = await bind('other', parameters)
    assert.deepEqual([status, json.code, json.field], [400, 'BINDING_INVALID', field])
  }
})

test('the operator lists the service identity among the services', async () => {
  const { json } = await scene.operator('GET', '/services')
  assert.deepEqual(
    json.find(({ service }: { service: string }) => service === 'identity'),
    { service: 'identity', plans: ['application'] },
  )
})
