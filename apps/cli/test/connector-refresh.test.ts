import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { loadConfig } from '@landbridge/config'
import { LocalCa } from '@landbridge/identity'
import { createLog, ManualClock, Sealer, Secret, systemClock } from '@landbridge/kernel'
import { callJson, temporaryFolder } from '@landbridge/testkit'
import type { RunningCloud } from '../src/compose/cloud.ts'
import { startConnectorGroup } from '../src/compose/connector.ts'
import { connectorConfigSchema } from '../src/compose/connector-config.ts'
import { regionHost, startCloudAlone } from './cloud-alone.ts'

const administrator = { user: 'admin@plant.test', password: 'first-password' }
const connectorPassword = 'connector-password'
const operatorSecret = 'operator-secret-of-this-test'
const dayMs = 86_400_000

/** Of the authority: certificates can be issued as of long ago. */
let issuedAgoMs = 0
const root = await LocalCa.create({
  subject: { CN: 'Platform CA' },
  clock: { ...systemClock, now: () => Date.now() - 900 * dayMs },
})
const issuing = { ...systemClock, now: () => Date.now() - issuedAgoMs }
const authority = LocalCa.load(root.certificatePem, root.keyPem.reveal(), issuing)

const clock = new ManualClock(Date.now())
const folder = temporaryFolder()
const lines: { readonly event: string; readonly facts: Record<string, unknown> }[] = []
const log = createLog((_level, event, facts) => void lines.push({ event, facts: { ...facts } }), 'info')
let cloud: RunningCloud
let connector: Awaited<ReturnType<typeof startConnectorGroup>>
let subaccount: string
let path: string

before(async () => {
  cloud = await startCloudAlone({
    settings: { 'connectivityService.regionHost': regionHost, 'connectivityService.passwordDelayMs': 300_000 },
    authority,
    operatorSecret: new Secret(operatorSecret),
    clock,
  })
  const { registry, users, port } = cloud.connectivityService
  subaccount = (await registry.createSubaccount({ subdomain: 'plant' })).id
  await users.createUser({
    subaccountId: subaccount,
    userName: administrator.user,
    password: administrator.password,
    roleCollections: ['Cloud Connector Administrator'],
  })
  const { connector: config } = loadConfig(connectorConfigSchema, {
    environment: {},
    overrides: {
      'connector.port': 0,
      'connector.haRole': 'master',
      'connector.initialPassword': connectorPassword,
      'connector.regions': { [regionHost]: { address: '127.0.0.1', port, ca: authority.certificatePem } },
    },
  })
  connector = await startConnectorGroup({
    config,
    storeUrl: 'sqlite::memory:',
    sealer: new Sealer(randomBytes(32)),
    clock: systemClock,
    log,
  })
  path = `/subaccounts/${regionHost}/${subaccount}`
  const { user: cloudUser, password: cloudPassword } = administrator
  const added = await ask('POST', '/subaccounts', { regionHost, subaccount, cloudUser, cloudPassword })
  assert.equal(added.status, 201, added.text)
  assert.equal(added.json.tunnel.state, 'Connected')
})
after(async () => {
  await connector?.close()
  await cloud?.close()
  folder[Symbol.dispose]()
})

function ask(method: string, to: string, body?: object) {
  return callJson({
    method,
    url: `${connector.url}/api/v1/configuration${to}`,
    headers: { authorization: `Basic ${Buffer.from(`Administrator:${connectorPassword}`).toString('base64')}` },
    ca: connector.uiCa,
    ...(body === undefined ? {} : { body }),
  })
}

const refresh = (user: string, password: string) => ask('POST', `${path}/validity`, { user, password })
const lastRefusal = () => lines.findLast(({ event }) => event === 'subaccount.certificate-refused')?.facts ?? {}

async function setPassword(userName: string, password: string): Promise<void> {
  const { users } = cloud.connectivityService
  const user = (await users.listUsers(subaccount)).find((one) => one.userName === userName)
  await users.setPassword(user?.id ?? '', password)
}

test('a wrong password is told as 401 with subaccount, user, likely causes and remedy, in the answer and in the log (CERT-011)', async () => {
  const before = (await ask('GET', path)).json
  for (const user of [administrator.user, 'somebody-else@plant.test']) {
    const refused = await refresh(user, 'wrong-password')
    assert.equal(refused.status, 400)
    assert.match(refused.json.message, /^The cloud does not accept this user with this password \(cloudStatus 401, /)
    for (const part of [`user ${user}`, `subaccount ${subaccount}`, 'likelyCauses ', 'mistyped', 'changed moments ago'])
      assert.ok(refused.json.message.includes(part), `${part} in ${refused.json.message}`)
    assert.equal(refused.json.message.includes(`another user, ${administrator.user}`), user !== administrator.user)
    assert.match(refused.json.message, /On-premise administrator: /)
    const {
      cloudStatus: status,
      subaccount: logged,
      user: tried,
      code,
      likelyCauses: causes,
      remedy,
      operation,
    } = lastRefusal()
    assert.deepEqual(
      [status, logged, tried, code, operation],
      [401, subaccount, user, 'CONNECTOR_CREDENTIALS_REFUSED', 'refresh'],
    )
    assert.match(String(causes), /mistyped/)
    assert.match(String(remedy), /On-premise administrator: /)
  }
  assert.deepEqual((await ask('GET', path)).json.tunnel, before.tunnel)
  assert.equal(JSON.stringify(lines).includes('wrong-password'), false)
})

test('a user without the role is told as 403, with another remedy than a wrong password (CERT-011)', async () => {
  const user = 'guest@plant.test'
  const password = 'guest-password'
  await cloud.connectivityService.users.createUser({ subaccountId: subaccount, userName: user, password })
  const refused = await refresh(user, password)
  assert.equal(refused.status, 400)
  assert.match(
    refused.json.message,
    /^The cloud knows the user, who may not .* \(cloudStatus 403, user guest@plant\.test, /,
  )
  assert.match(refused.json.message, /no role .*; the subaccount was connected by another user, admin@plant\.test/)
  assert.match(refused.json.message, /Subaccount administrator: give the user the role collection/)
  assert.deepEqual([lastRefusal().cloudStatus, lastRefusal().code], [403, 'CONNECTOR_USER_NOT_ENTITLED'])
  assert.equal(JSON.stringify(lines).includes(password), false)
  const adding = {
    regionHost,
    subaccount: '8a1e3c0f-6d1b-4c52-9a2e-0f4b7d9c1e55',
    cloudUser: user,
    cloudPassword: password,
  }
  const unknown = await ask('POST', '/subaccounts', adding)
  assert.match(unknown.json.message, /There is no subaccount/)
})

test('a password that was changed moments ago is told as retryable to who knows it, and works after that time (CERT-013)', async () => {
  await setPassword(administrator.user, 'second-password')
  const early = await refresh(administrator.user, 'second-password')
  assert.match(
    early.json.message,
    /^The password is right but not in effect yet \(cloudStatus 401, .*retryAfterSeconds 300\)/,
  )
  assert.deepEqual([lastRefusal().code, lastRefusal().retryAfterSeconds], ['CONNECTOR_PASSWORD_NOT_EFFECTIVE', 300])
  // Whoever does not know it learns nothing about the user.
  for (const guess of [administrator.password, 'a-guess'])
    assert.match((await refresh(administrator.user, guess)).json.message, /^The cloud does not accept this user/)
  clock.advance(300_000)
  const renewed = await refresh(administrator.user, 'second-password')
  assert.equal(renewed.status, 200, renewed.text)
})

test('authentication data refreshes the certificate like user and password, and keeps the configuration (CERT-012)', async () => {
  await ask('PUT', path, { displayName: 'Plant', description: 'north' })
  const before = (await ask('GET', path)).json
  const data = { regionHost, subaccount, cloudUser: administrator.user, cloudPassword: 'second-password' }
  const encoded = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64')
  const foreign = await ask('POST', `${path}/validity`, {
    authenticationData: encoded({ ...data, subaccount: '8a1e3c0f-6d1b-4c52-9a2e-0f4b7d9c1e55' }),
  })
  assert.equal(foreign.status, 400)
  assert.match(foreign.json.message, /is that of another subaccount/)
  assert.equal((await ask('POST', `${path}/validity`, { authenticationData: 'nonsense' })).status, 400)
  const renewed = await ask('POST', `${path}/validity`, { authenticationData: encoded(data) })
  assert.equal(renewed.status, 200, renewed.text)
  const { tunnel, ...rest } = renewed.json
  const { tunnel: former, ...restBefore } = before
  assert.deepEqual(rest, restBefore)
  assert.notEqual(tunnel.subaccountCertificate.serialNumber, former.subaccountCertificate.serialNumber)
  assert.equal(tunnel.state, 'Connected')
})

test('authentication data of the cloud side stand for the password once, for one subaccount and a short time (CERT-012)', async () => {
  const create = (userName: string, validityMinutes?: number) =>
    callJson({
      method: 'POST',
      url: `${cloud.connectivityService.url}/api/v1/subaccounts/${subaccount}/authenticationData`,
      headers: { authorization: `Bearer ${operatorSecret}` },
      ca: authority.certificatePem,
      body: { userName, ...(validityMinutes === undefined ? {} : { validityMinutes }) },
    })
  const use = (authenticationData: string) => ask('POST', `${path}/validity`, { authenticationData })
  const made = await create(administrator.user)
  assert.equal(made.status, 201, made.text)
  assert.equal(Date.parse(made.json.expiresAt), clock.now() + 300_000)
  const renewed = await use(made.json.authenticationData)
  assert.deepEqual([renewed.status, renewed.json.tunnel?.state], [200, 'Connected'], renewed.text)
  assert.match((await use(made.json.authenticationData)).json.message, /cloudStatus 401, user admin@plant\.test/)
  const { cloudPassword: code } = JSON.parse(
    Buffer.from((await create(administrator.user)).json.authenticationData, 'base64').toString(),
  )
  const other = await cloud.connectivityService.registry.createSubaccount({ subdomain: 'other' })
  for (const [id, status] of [
    [other.id, 401],
    [subaccount, 200],
  ] as const) {
    const authorization = `Basic ${Buffer.from(`${administrator.user}:${code}`).toString('base64')}`
    const url = `${cloud.connectivityService.url}/api/v1/subaccounts/${id}/configuration`
    assert.equal((await callJson({ url, headers: { authorization }, ca: authority.certificatePem })).status, status)
  }
  const late = await create(administrator.user, 1)
  clock.advance(60_000)
  assert.match((await use(late.json.authenticationData)).json.message, /cloudStatus 401/)
  const guest = await create('guest@plant.test')
  assert.match((await use(guest.json.authenticationData)).json.message, /cloudStatus 403, user guest@plant\.test/)
  assert.equal((await create('nobody@plant.test')).json.code, 'USER_UNKNOWN')
})

test('a passcode needs no user name, works once, and its user needs the same role as with a password (SCC-078, SCC-079, API1-192)', async () => {
  const passcodeOf = async (userName: string): Promise<string> => {
    const made = await callJson({
      method: 'POST',
      url: `${cloud.connectivityService.url}/api/v1/subaccounts/${subaccount}/authenticationData`,
      headers: { authorization: `Bearer ${operatorSecret}` },
      ca: authority.certificatePem,
      body: { userName },
    })
    return made.json.passcode
  }
  const passcode = await passcodeOf(administrator.user)
  const marker = '$SAP-CP-SSO-PASSCODE$'
  const renewed = await refresh(marker, passcode)
  assert.equal(renewed.status, 200, renewed.text)
  assert.match((await refresh(marker, passcode)).json.message, /cloudStatus 401/)
  assert.match((await refresh(marker, 'a-guess')).json.message, /cloudStatus 401/)
  const refused = await refresh(marker, await passcodeOf('guest@plant.test'))
  assert.match(refused.json.message, /^The cloud knows the user, who may not .* \(cloudStatus 403/)
})

test('a certificate that has expired closes the tunnel but not the way to refresh it (CERT-012)', async () => {
  issuedAgoMs = 400 * dayMs
  const expired = await refresh(administrator.user, 'second-password')
  assert.equal(expired.status, 200)
  assert.ok(expired.json.tunnel.subaccountCertificate.notAfterTimeStamp < Date.now())
  assert.equal(expired.json.tunnel.state, 'ConnectFailure')
  issuedAgoMs = 0
  const wrong = await refresh(administrator.user, 'wrong-password')
  assert.match(wrong.json.message, /cloudStatus 401/)
  const renewed = await refresh(administrator.user, 'second-password')
  assert.deepEqual([renewed.status, renewed.json.tunnel.state], [200, 'Connected'])
  assert.ok(renewed.json.tunnel.subaccountCertificate.notAfterTimeStamp > Date.now())
})
