import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { regionHost } from './cloud-alone.ts'
import { type CloudAndConnector, PlainBrowser, startCloudAndConnector } from './cloud-and-connector.ts'

const marker = '$SAP-CP-SSO-PASSCODE$'
// As a user types it where the identity provider wants a one-time code behind the password.
const password = 'eX7?6r:Um"ä123456'
const administrator = 'admin@plant.test'
const collection = '/configuration/subaccounts'
let scene: CloudAndConnector
let plant: string
let office: string
let pathOfPlant: string

before(async () => {
  scene = await startCloudAndConnector()
  plant = await newSubaccount('plant')
  office = await newSubaccount('office')
  pathOfPlant = `${collection}/${regionHost}/${plant}`
})
after(() => scene?.close())

async function newSubaccount(subdomain: string): Promise<string> {
  const { registry, users } = scene.cloud.connectivityService
  const { id } = await registry.createSubaccount({ subdomain })
  const roles = { [administrator]: ['Cloud Connector Administrator'], 'guest@plant.test': [] }
  for (const [userName, roleCollections] of Object.entries(roles))
    await users.createUser({ subaccountId: id, userName, password, roleCollections })
  return id
}

function pair(subaccount: string, cloudUser: string, cloudPassword: string, more: object = {}) {
  return scene.connector('POST', collection, { regionHost, subaccount, cloudUser, cloudPassword, ...more })
}

const refresh = (user: string, secret: string) =>
  scene.connector('POST', `${pathOfPlant}/validity`, { user, password: secret })
const serialOf = async () => (await scene.connector('GET', pathOfPlant)).json.tunnel.subaccountCertificate.serialNumber

/** Address of the page as whoever has a service key of the connectivity service finds it. */
async function pageOf(subaccount: string): Promise<string> {
  const path = `/subaccounts/${subaccount}/serviceInstances`
  const known = (await scene.operator('GET', path)).json as { id: string; service: string }[]
  const instance =
    known.find(({ service }) => service === 'connectivity') ??
    (await scene.operator('POST', path, { service: 'connectivity', plan: 'lite', name: 'conn' })).json
  const name = `key-${Math.random()}`
  const key = await scene.operator('POST', `/serviceInstances/${instance.id}/bindings`, { name })
  return `${key.json.credentials.token_service_url}/passcode`
}

/** Opens the page, names the subaccount where the address does not, logs in where it is asked for, reads the code. */
async function passcode(browser: PlainBrowser, subaccount: string, user = administrator): Promise<string> {
  let page = await browser.open(await pageOf(subaccount))
  if (page.includes('name="subaccount"')) page = await browser.submit(page, { subaccount })
  if (page.includes('name="password"')) page = await browser.submit(page, { username: user, password })
  const code = /<code id="passcode"[^>]*>([^<]+)<\/code>/.exec(page)?.[1]
  assert.ok(code, page)
  return code
}

test('a failed pairing leaves no record, no certificate and no connected agent (SCC-073)', async () => {
  for (const [user, secret] of [
    [administrator, 'wrong'],
    ['guest@plant.test', password],
    [marker, 'a-guess'],
  ] as const) {
    const refused = await pair(plant, user, secret)
    assert.ok(refused.status >= 400, refused.text)
  }
  assert.deepEqual((await scene.connector('GET', collection)).json, [])
  assert.equal((await scene.connector('GET', pathOfPlant)).status, 404)
  for (const list of ['connectorCertificates', 'connectors', 'tunnelAttempts'])
    assert.deepEqual((await scene.operator('GET', `/subaccounts/${plant}/${list}`)).json, [], list)
})

test('the code of the page below token_service_url pairs the first subaccount and a further one, and refreshes a certificate (SCC-074, SCC-075, SCC-077)', async () => {
  const browser = new PlainBrowser(scene.ca)
  const first = await passcode(browser, plant)
  const added = await pair(plant, marker, first)
  assert.equal(added.status, 201, added.text)
  assert.deepEqual([added.json.tunnel.state, added.json.tunnel.user], ['Connected', administrator])
  assert.ok((await pair(office, marker, first)).status >= 400, 'the code of another subaccount')
  const further = await pair(office, marker, await passcode(browser, office))
  assert.equal(further.status, 201, further.text)
  const before = await serialOf()
  assert.match((await refresh(marker, first)).json.message, /cloudStatus 401/)
  const second = await passcode(browser, plant)
  const renewed = await refresh(marker, second)
  assert.equal(renewed.status, 200, renewed.text)
  assert.notEqual(await serialOf(), before)
  assert.match((await refresh(marker, second)).json.message, /cloudStatus 401/)
  const certificates = (await scene.operator('GET', `/subaccounts/${plant}/connectorCertificates`)).json
  assert.deepEqual(
    certificates.map(({ initiatedBy }: { initiatedBy: string }) => initiatedBy),
    [administrator, administrator],
  )
})

test('a refresh with wrong credentials or without the role says so and leaves the certificate in use (SCC-097)', async () => {
  const before = await serialOf()
  const [session] = (await scene.operator('GET', `/subaccounts/${plant}/connectors`)).json
  const wrong = await refresh(administrator, 'wrong')
  assert.deepEqual([wrong.status, /cloudStatus 401/.test(wrong.json.message)], [400, true])
  const guest = await refresh('guest@plant.test', password)
  assert.deepEqual([guest.status, /who may not .*cloudStatus 403/.test(guest.json.message)], [400, true])
  assert.equal(await serialOf(), before)
  assert.equal((await scene.connector('GET', pathOfPlant)).json.tunnel.state, 'Connected')
  const [still] = (await scene.operator('GET', `/subaccounts/${plant}/connectors`)).json
  assert.equal(still.sessionId, session.sessionId)
})

test('a password with a one-time code behind it reaches the cloud as it was typed (SCC-051)', async () => {
  const renewed = await refresh(administrator, password)
  assert.equal(renewed.status, 200, renewed.text)
  for (const shortened of [password.slice(0, -6), password.trimEnd().slice(1)])
    assert.match((await refresh(administrator, shortened)).json.message, /cloudStatus 401/)
})

test('the cloud lists the connected agent with version, location, descriptions and HA role, and follows an edit (SCC-070, SCC-071)', async () => {
  const described = async (text: string) => {
    const limit = AbortSignal.timeout(15_000)
    for (;;) {
      const agents = (await scene.operator('GET', `/subaccounts/${plant}/connectors`)).json
      if (agents[0]?.connectorDescription === text) return agents
      limit.throwIfAborted()
    }
  }
  await scene.connector('PUT', pathOfPlant, { description: 'of the plant' })
  await scene.connector('PUT', '/configuration/connector', { description: 'rack 7' })
  const [agent, ...others] = await described('rack 7')
  const { version } = (await scene.connector('GET', '/landbridge/about')).json
  assert.deepEqual(others, [])
  assert.deepEqual([agent.version, agent.locationId, agent.haRole], [version, '', 'master'])
  assert.deepEqual([agent.description, agent.connectorDescription], ['of the plant', 'rack 7'])
  await scene.connector('PUT', '/configuration/connector', { description: '' })
  // Told on the connection that stands.
  assert.equal((await described(''))[0].sessionId, agent.sessionId)
})

// Last: the jump in time ends the control session of the connector.
test('a code of the page ends after five minutes, and is worth no more than the role of its user', async () => {
  const browser = new PlainBrowser(scene.ca)
  const late = await passcode(browser, plant)
  scene.clock.advance(300_000)
  assert.match((await refresh(marker, late)).json.message, /cloudStatus 401/)
  const guest = await passcode(new PlainBrowser(scene.ca), plant, 'guest@plant.test')
  assert.match((await refresh(marker, guest)).json.message, /cloudStatus 403/)
})
