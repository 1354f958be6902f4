import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openClient, readBindings } from '@landbridge/client'
import { LocalCa } from '@landbridge/identity'
import { callJson, runChild, startPlatform, type TestPlatform, temporaryFolder } from '@landbridge/testkit'
import { operate } from './support/administration.ts'
import { SdkApplication } from './support/sdk-application.ts'
import { claimsOf, userToken } from './support/tokens.ts'

const folder = temporaryFolder()
const x509 = {
  xsuaa: { 'credential-type': 'x509', x509: { 'key-length': 2048, validity: 7, 'validity-type': 'DAYS' } },
}
let platform: TestPlatform
/** VCAP_SERVICES of an application whose bindings all have certificates instead of secrets. */
let environment: { readonly VCAP_SERVICES: string; readonly NODE_EXTRA_CA_CERTS: string }

type Entry = { readonly instance_guid: string; readonly credentials: Readonly<Record<string, string>> }

before(async () => {
  platform = await startPlatform()
  const services = JSON.parse(platform.environment.VCAP_SERVICES) as Record<string, readonly Entry[]>
  const certified: Record<string, readonly Entry[]> = {}
  for (const [label, [entry]] of Object.entries(services)) {
    const path = `/serviceInstances/${entry!.instance_guid}/bindings`
    const { credentials } = await operate(platform, 'POST', path, { name: 'x509', parameters: x509 })
    assert.equal(credentials.clientsecret, undefined)
    assert.match(credentials.key, /BEGIN (RSA |EC )?PRIVATE KEY/)
    certified[label] = [{ ...entry!, credentials }]
  }
  environment = { ...platform.environment, VCAP_SERVICES: JSON.stringify(certified) }
})
after(async () => {
  await platform?.stop()
  folder[Symbol.dispose]()
})

const bindings = () => readBindings({ environment: { VCAP_SERVICES: environment.VCAP_SERVICES } })
const credentialsOf = (service: string) => JSON.parse(environment.VCAP_SERVICES)[service][0].credentials

test('the client library finds and calls with X.509 bindings, and its tokens are bound to the certificate (CONN-017, RFC-007)', async () => {
  await using client = openClient({ bindings: bindings(), ca: platform.ca })
  const response = await client.fetch('demo-backend', '/hello')
  assert.equal(response.status, 200, await response.text())
  const claims = claimsOf(await client.proxy.token({}))
  assert.match(String((claims.cnf as Record<string, string>)['x5t#S256']), /^[\w-]{43}$/)
  assert.equal(claims.client_id, credentialsOf('connectivity').clientid)
})

test('the SAP Cloud SDK finds and calls with X.509 bindings, for itself and for a user (CONN-017)', async () => {
  await using sdk = await SdkApplication.start({ environment })
  const technical = await sdk.call({ destination: 'demo-backend', request: { url: '/hello' } })
  assert.equal(technical.status, 200, technical.failure)
  const jwt = await userToken(platform)
  const asUser = await sdk.call({ destination: 'demo-backend-user', jwt, request: { url: '/hello' } })
  assert.equal(asUser.status, 200, asUser.failure)
})

test('@sap/xssec logs users on and exchanges tokens with X.509 bindings (CONN-017)', async () => {
  const { name: userName, password } = platform.credentials.user
  const content = JSON.stringify({ VCAP_SERVICES: JSON.parse(environment.VCAP_SERVICES) })
  writeFileSync(join(folder.path, 'default-env.json'), content, { mode: 0o600 })
  const program = join(import.meta.dirname, 'programs/sap-libraries.mjs')
  const { status, stdout, stderr } = await runChild(process.execPath, [program], {
    cwd: folder.path,
    env: {
      NODE_EXTRA_CA_CERTS: environment.NODE_EXTRA_CA_CERTS,
      TEST_INPUT: JSON.stringify({ userName, password }),
    },
  })
  assert.equal(status, 0, stderr)
  const outcome = JSON.parse(stdout)
  assert.deepEqual([outcome.user[0], outcome.exchanged, outcome.foreign], [userName, userName, 'WrongAudienceError'])
})

test('a mounted secret with an X.509 binding is read file by file (CONN-014, CONN-017)', async () => {
  for (const service of ['destination', 'connectivity']) {
    const directory = join(folder.path, 'bindings', service)
    mkdirSync(directory, { recursive: true })
    for (const [key, value] of Object.entries({ type: service, ...credentialsOf(service) }))
      writeFileSync(join(directory, key), String(value), { mode: 0o600 })
  }
  const mounted = readBindings({ environment: { SERVICE_BINDING_ROOT: join(folder.path, 'bindings') } })
  await using client = openClient({ bindings: mounted, ca: platform.ca })
  assert.equal((await client.fetch('demo-backend', '/hello')).status, 200)
})

test('a certificate of somebody else, and no certificate, get no token for an X.509 client; a self-managed one does (CONN-018)', async () => {
  const { clientid, certurl } = credentialsOf('destination')
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientid })
  const bare = await callJson({ method: 'POST', url: `${certurl}/oauth/token`, body, ca: platform.ca })
  assert.equal(bare.status, 401)
  const authority = await LocalCa.create({ subject: { CN: 'Somebody' } })
  const foreign = await authority.issueClient({ subject: { CN: clientid.slice(0, 64) }, days: 1 })
  const withOther = (certificate: string, key: string, more: object = {}) => {
    const services = JSON.parse(environment.VCAP_SERVICES)
    Object.assign(services.destination[0].credentials, { certificate, key, ...more })
    const own = readBindings({ environment: { VCAP_SERVICES: JSON.stringify(services) } })
    return openClient({ bindings: own, ca: platform.ca })
  }
  await using thief = withOther(foreign.cert, foreign.key)
  await assert.rejects(thief.findDestination('demo-backend'), { code: 'CLIENT_CREDENTIALS_REFUSED' })

  const { instance_guid } = JSON.parse(environment.VCAP_SERVICES).destination[0]
  const parameters = { xsuaa: { 'credential-type': 'x509', x509: { certificate: foreign.cert } } }
  const path = `/serviceInstances/${instance_guid}/bindings`
  const { credentials } = await operate(platform, 'POST', path, { name: 'self-managed', parameters })
  assert.equal(credentials.key, undefined)
  await using self = withOther(foreign.cert, foreign.key, { clientid: credentials.clientid })
  assert.equal((await self.findDestination('demo-backend')).name, 'demo-backend')
})
