import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  callJson,
  freePort,
  type RunningCommand,
  startChild,
  startPlatform,
  type TestPlatform,
  temporaryFolder,
} from '@landbridge/testkit'
import { eventually } from '../harness/eventually.ts'
import { createDestination, operate } from './support/administration.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { type Customer, newCustomer } from './support/customer.ts'
import { installExample } from './support/install-example.ts'
import { startLocatedConnector } from './support/located-connector.ts'
import { technicalToken } from './support/tokens.ts'

const folder = temporaryFolder()
const cwd = join(folder.path, 'app')
let platform: TestPlatform
let application: ChildProcess
let output = ''
let origin: string
let key: Readonly<Record<string, string>>
let customers: Customer[]
let backends: Backend[]
const connectors: RunningCommand[] = []

before(async () => {
  platform = await startPlatform()
  const port = await freePort()
  origin = `http://localhost:${port}`
  // As the README says, with another port: several tests run at once.
  await installExample('multi-tenant-app', cwd)
  const parameters = readFileSync(join(cwd, 'provisioning.json'), 'utf8').replaceAll(':4004', `:${port}`)
  writeFileSync(join(cwd, 'provisioning.json'), parameters)
  for (const command of [
    ['service', 'create', 'shop-uaa', '--service', 'xsuaa', '-c', join(cwd, 'xs-security.json')],
    ['service', 'bind', 'shop-uaa', '--out', join(cwd, 'shop-uaa.key.json')],
    ['service', 'create', 'shop-provisioning', '--service', 'provisioning', '-c', join(cwd, 'provisioning.json')],
    ['env', '--subaccount', 'demo', '--out', join(cwd, 'default-env.json')],
  ])
    await run(...command)
  key = JSON.parse(readFileSync(join(cwd, 'shop-uaa.key.json'), 'utf8'))
  await startApplication()
  customers = [await newCustomer(platform, 'customer'), await newCustomer(platform, 'other')]
  backends = [await startBackend('customer'), await startBackend('other')]
})

after(async () => {
  await stopApplication()
  for (const connector of connectors) await connector.stop()
  await platform?.stop()
  for (const backend of backends ?? []) await backend[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

async function startApplication(): Promise<void> {
  const { NODE_EXTRA_CA_CERTS } = platform.environment
  const PORT = new URL(origin).port
  application = startChild(process.execPath, ['app.mjs'], { cwd, env: { NODE_EXTRA_CA_CERTS, PORT } })
  for (const stream of [application.stdout!, application.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  await eventually('the example listens', async () => {
    if (application.exitCode !== null) throw new Error(output)
    return output.includes('The shop listens')
  })
}

async function stopApplication(): Promise<void> {
  if (application?.exitCode !== null) return
  const ended = once(application, 'exit')
  application.kill('SIGKILL')
  await ended
}

async function run(...command: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await platform.command(...command)
  assert.equal(status, 0, `${command.join(' ')}\n${stdout}\n${stderr}`)
  return stdout
}

/** A token of the user for the shop, as after a login at the subscriber's tenant. */
async function login({ id, user }: Customer) {
  const { clientid = '', clientsecret = '', url } = key
  return callJson({
    method: 'POST',
    url: `${url}/oauth/token`,
    headers: { 'x-zid': id },
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: clientid,
      client_secret: clientsecret,
      username: user.name,
      password: user.password,
    }),
    ca: platform.ca,
  })
}

async function connect(customer: Customer, backend: Backend): Promise<void> {
  connectors.push(
    await startLocatedConnector(platform, join(folder.path), {
      locationId: '',
      virtualHost: 'erp.virtual',
      backendPort: backend.port,
      subaccount: { id: customer.id, administrator: customer.administrator },
      name: customer.subdomain,
    }),
  )
  const properties = { Authentication: 'NoAuthentication', URL: 'http://erp.virtual', ProxyType: 'OnPremise' }
  await createDestination(platform, { Name: 'shop-backend', ...properties }, customer.id)
}

const subscribe = ({ subdomain }: Customer) =>
  platform.command('subscription', 'create', key.xsappname ?? '', '--subaccount', subdomain)

test('before it subscribes, the shop gets no token of the tenant; afterwards by the instances that it names, and by no other (RFC-133, RFC-134, CONN-232, CONN-233)', async () => {
  const [customer] = customers as [Customer]
  assert.equal((await login(customer)).status, 401)
  await assert.rejects(technicalToken(platform, 'destination', customer.id))
  const printed = await subscribe(customer)
  assert.equal(printed.status, 0, printed.stderr + output)
  const expected = `Subscribed customer to ${key.xsappname}. Its address: http://customer.${new URL(origin).host}`
  assert.equal(printed.stdout.trim(), expected)
  assert.match(output, /customer subscribed/)
  assert.equal((await login(customer)).status, 200)
  for (const service of ['destination', 'connectivity'] as const)
    assert.ok(await technicalToken(platform, service, customer.id))
  await assert.rejects(
    technicalToken(platform, 'xsuaa', customer.id),
    /401|403/,
    'the other application of the provider',
  )
})

test('the shop shows the tenant and the user, and calls the system of the subscriber behind the same destination name (RFC-194)', async () => {
  const [customer, other] = customers as [Customer, Customer]
  assert.equal((await subscribe(other)).status, 0)
  for (const [index, subscriber] of [customer, other].entries()) await connect(subscriber, backends[index]!)
  for (const [index, subscriber] of [customer, other].entries()) {
    const { json } = await login(subscriber)
    const answer = await callJson({ url: `${origin}/`, headers: { authorization: `Bearer ${json.access_token}` } })
    assert.equal(answer.status, 200, answer.text + output)
    assert.deepEqual(answer.json, {
      tenant: subscriber.id,
      subscriber: subscriber.subdomain,
      user: subscriber.user.name,
    })
    assert.equal(backends[index]!.seen.at(-1)?.path, '/hello')
  }
})

test('the callbacks are for the provisioning service: nobody else may call them (RFC-128, RFC-129)', async () => {
  const [customer] = customers as [Customer]
  const path = `${origin}/callback/v1.0/tenants/${customer.id}`
  assert.equal((await callJson({ url: path, method: 'DELETE' })).status, 401)
  const { json } = await login(customer)
  const authorization = `Bearer ${json.access_token}`
  assert.equal((await callJson({ url: path, method: 'DELETE', headers: { authorization } })).status, 403)
})

test('without the grant in its descriptor the shop refuses the platform, and the subscription shows its status (RFC-129)', async () => {
  const { scopes, ...rest } = JSON.parse(readFileSync(join(cwd, 'xs-security.json'), 'utf8'))
  const granted = JSON.stringify({ ...rest, scopes })
  const bare = scopes.map(({ name, description }: Record<string, string>) => ({ name, description }))
  await run('service', 'update', 'shop-uaa', '-c', JSON.stringify({ ...rest, scopes: bare }))
  const late = await newCustomer(platform, 'late')
  const refused = await subscribe(late)
  assert.notEqual(refused.status, 0)
  assert.match(refused.stderr, /The application did not agree.*getDependencies.*401.*grant the scope Callback/s)
  assert.match(await run('subscription', 'list', '--subaccount', 'late'), /subscribe-failed.*getDependencies: 401/)
  await run('service', 'update', 'shop-uaa', '-c', granted)
  assert.equal((await subscribe(late)).status, 0)
  assert.match(await run('subscription', 'list', '--subaccount', 'late'), /subscribed/)
})

test('who leaves is told to the shop, and gives no more tokens; a shop that is down keeps the subscription (RFC-132, RFC-135)', async () => {
  const [customer] = customers as [Customer]
  const leave = () => platform.command('subscription', 'delete', key.xsappname ?? '', '--subaccount', 'customer')
  await stopApplication()
  const refused = await leave()
  assert.match(refused.stderr, /ECONNREFUSED/)
  assert.equal((await login(customer)).status, 200)
  output = ''
  await startApplication()
  assert.equal((await leave()).status, 0)
  assert.match(output, new RegExp(`${customer.id} left`))
  assert.equal((await login(customer)).status, 401)
  assert.deepEqual(await operate(platform, 'GET', `/subaccounts/${customer.id}/subscriptions`), [])
})
