import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Bindings, openClient, parseVcapServices } from '@landbridge/client'
import {
  callJson,
  freePort,
  type RunningCommand,
  runLandbridge,
  runUntilReady,
  temporaryFolder,
} from '@landbridge/testkit'
import { eventually } from '../harness/eventually.ts'
import { regionHost } from './support/administration.ts'
import { type Backend, startBackend } from './support/backend.ts'

const folder = temporaryFolder()
const at = (name: string): string => join(folder.path, name)
const administrator = { userName: 'admin@plant.example', password: 'only-for-this-test' }
let ports: readonly number[]
let backend: Backend
let cloud: RunningCommand
const others: RunningCommand[] = []

/** The same ports and the same data each time. */
function startCloud(): Promise<RunningCommand> {
  const [token, destination, connectivity, proxy] = ports as [number, number, number, number]
  return run('cloud', 'cloud', {
    tokenService: { port: token },
    destinationService: { port: destination },
    connectivityService: { port: connectivity },
    proxy: { host: '127.0.0.1', httpPort: proxy },
  })
}

function run(command: string, name: string, configuration: object): Promise<RunningCommand> {
  // JSON is YAML.
  writeFileSync(at(`${name}.yaml`), JSON.stringify({ dataDirectory: at(name), logLevel: 'warn', ...configuration }))
  return runUntilReady([command, '--json', '--config', at(`${name}.yaml`)])
}

async function operate(path: string, body?: object) {
  const answer = await callJson({
    method: body === undefined ? 'GET' : 'POST',
    url: `https://localhost:${ports[2]}/api/v1${path}`,
    headers: { authorization: `Bearer ${readFileSync(at('cloud/operator-secret'), 'utf8').trim()}` },
    ca: readFileSync(at('cloud/ca.pem'), 'utf8'),
    ...(body === undefined ? {} : { body }),
  })
  assert.ok(answer.status < 300, answer.text)
  return answer.json
}

async function bind(subaccount: string, service: string, parameters?: object): Promise<object> {
  const wish = { service, name: `my-${service}`, ...(parameters === undefined ? {} : { parameters }) }
  const { id } = await operate(`/subaccounts/${subaccount}/serviceInstances`, wish)
  return (await operate(`/serviceInstances/${id}/bindings`, { name: 'key' })).credentials
}

let bindings: Bindings

before(async () => {
  backend = await startBackend('erp')
  ports = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  cloud = await startCloud()
  const { id } = await operate('/subaccounts', { subdomain: 'plant' })
  const roleCollections = ['Subaccount Administrator']
  await operate(`/subaccounts/${id}/users`, { ...administrator, roleCollections })
  const entry = { Type: 'HTTP', URL: 'http://erp.virtual', ProxyType: 'OnPremise', Authentication: 'NoAuthentication' }
  const names = ['erp', 'late']
  const destinations = names.map((Name) => ({ Name, ...entry }))
  const destination = await bind(id, 'destination', { init_data: { subaccount: { destinations } } })
  const connectivity = await bind(id, 'connectivity')
  bindings = new Bindings(
    parseVcapServices({
      destination: [{ name: 'd', credentials: destination }],
      connectivity: [{ name: 'c', credentials: connectivity }],
    }),
  )
  writeFileSync(at('key.json'), JSON.stringify(await bind(id, 'connectivity_proxy')), { mode: 0o600 })
  const issued = await runLandbridge([
    'certificate',
    '--data',
    at('cloud'),
    '--name',
    'localhost',
    '--out',
    at('tunnel'),
  ])
  assert.equal(issued.status, 0, issued.stderr)
  others.push(
    await run('proxy', 'proxy', {
      serviceKey: { file: at('key.json') },
      platformCaFile: at('cloud/ca.pem'),
      tls: { certificateFile: at('tunnel.crt'), key: { file: at('tunnel.key') } },
      proxy: {
        tenantMode: 'shared',
        servers: {
          businessDataTunnel: { port: 0, externalHost: 'localhost', externalPort: 0 },
          proxy: { http: { enabled: true, port: ports[3] }, socks5: { port: 0 } },
        },
        landbridge: { acceptConnectivityBindings: true, externalAddress: '127.0.0.1', health: { port: 0 } },
      },
    }),
  )
  const { userName: user, password } = administrator
  const mapping = { virtualHost: 'erp.virtual', virtualPort: 80, localHost: '127.0.0.1', localPort: backend.port }
  const systemMappings = [{ ...mapping, protocol: 'HTTP', resources: [{ id: '/' }] }]
  const region = { address: '127.0.0.1', port: ports[2], ca: readFileSync(at('cloud/ca.pem'), 'utf8') }
  const subaccounts = [{ regionHost, subaccount: id, user, password, systemMappings }]
  others.push(
    await run('connector', 'connector', {
      connector: { port: 0, regions: { [regionHost]: region }, bootstrap: { subaccounts } },
    }),
  )
  await eventually('the connector', async () => (await operate(`/subaccounts/${id}/connectors`)).length === 1)
})

after(async () => {
  for (const command of [...others.reverse(), cloud]) await command?.kill()
  await backend?.[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

test('while token, destination and connectivity service are gone for 30 seconds and come back, no call of a warmed-up application fails (RFC-162)', async () => {
  // Destinations are asked for anew all the time, so that their service is missed.
  await using client = openClient({
    bindings,
    ca: readFileSync(at('cloud/ca.pem'), 'utf8'),
    cache: { ttlMs: 1_000 },
  })
  const call = async (): Promise<void> => {
    const answer = await client.fetch('erp', `/call-${++calls}`)
    assert.equal(answer.status, 200, await answer.text())
  }
  let calls = 0
  await call()
  const until = async (isOver: () => boolean): Promise<void> => {
    while (!isOver()) {
      await call()
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  await cloud.kill()
  const downUntil = Date.now() + 30_000
  await until(() => Date.now() > downUntil)
  assert.ok(client.statistics.destinations.stale > 0, 'the destination service was missed')
  let isBack = false
  const starting = startCloud().then((command) => {
    cloud = command
    isBack = true
  })
  await Promise.all([starting, until(() => isBack)])
  // The circuit lets a probe through after its 30 seconds at the latest.
  const stale = () => client.statistics.destinations.stale
  await eventually(
    'the destination service answers again',
    async () => {
      const before = stale()
      await call()
      return (await client.findDestination('late').catch(() => undefined)) !== undefined && stale() === before
    },
    45_000,
  )
  assert.equal(backend.seen.filter(({ path }) => path.startsWith('/call-')).length, calls)
})
