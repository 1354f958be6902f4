import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { keyIdOf } from '@landbridge/kernel'
import { freePort, runCommand, temporaryFolder } from '@landbridge/testkit'
import { Client } from 'undici'
import { stringify } from 'yaml'
import { createAgent } from '../src/http/agent.ts'
import { Started } from './started.ts'

const operatorUser = { userName: 'admin@plant.example', password: 'only-for-this-test' }

/** The operator's view of a cloud side: its REST API with the secret of the data directory. */
class Operator {
  readonly #base: string
  readonly #secret: string
  readonly #agent: ReturnType<typeof createAgent>

  constructor(url: string, folder: string) {
    this.#base = `${url}/api/v1`
    this.#secret = readFileSync(join(folder, 'operator-secret'), 'utf8').trim()
    this.#agent = createAgent({ caFiles: [join(folder, 'ca.pem')], hostNames: [], address: '127.0.0.1' })
  }

  async post(path: string, body: object): Promise<Record<string, never>> {
    const url = new URL(this.#base + path)
    const answer = await this.#agent.request({
      origin: url.origin,
      path: url.pathname,
      method: 'POST',
      headers: { authorization: `Bearer ${this.#secret}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await answer.body.text()
    assert.equal(answer.statusCode, 201, text)
    return JSON.parse(text)
  }

  async bind(subaccount: string, service: string): Promise<object> {
    const { id } = await this.post(`/subaccounts/${subaccount}/serviceInstances`, { service, name: `my-${service}` })
    return (await this.post(`/serviceInstances/${id}/bindings`, { name: 'key' })).credentials!
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }
}

/** An on-premise system that answers with its name. */
class Backend implements AsyncDisposable {
  readonly port: number
  readonly #server: Server

  private constructor(server: Server) {
    this.port = (server.address() as AddressInfo).port
    this.#server = server
  }

  static async start(name: string): Promise<Backend> {
    const server = createServer((_request, response) => void response.end(name))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Backend(server)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function sets(values: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`])
}

test('cloud, proxy and two connectors run as processes of their own, and the location ID chooses (CONN-059, CONN-060, CONN-061, CONN-062, CP-190)', async () => {
  using folder = temporaryFolder()
  const at = (name: string): string => join(folder.path, name)
  const httpPort = await freePort()
  const key = randomBytes(32)
  writeFileSync(at('keys'), `#!/bin/sh\necho ${key.toString('base64')}\n`, { mode: 0o700 })
  await using cloud = await Started.start([
    'cloud',
    ...sets({
      dataDirectory: at('cloud'),
      'store.sealingKeyCommand': at('keys'),
      'tokenService.port': 0,
      'destinationService.port': 0,
      'connectivityService.port': 0,
      'proxy.host': '127.0.0.1',
      'proxy.httpPort': httpPort,
    }),
  ])
  const connectivityUrl = cloud.urlOf('connectivity-service')
  const operator = new Operator(connectivityUrl, at('cloud'))
  const { id = '' } = await operator.post('/subaccounts', { subdomain: 'plant' })
  writeFileSync(at('default-env.json'), 'the bindings of yesterday')
  const tooEarly = await runCommand(['env', '--data', at('cloud')], { cwd: folder.path })
  assert.equal(tooEarly.status, 1)
  assert.match(tooEarly.stderr, /CLI_BINDING_MISSING[\s\S]*path: subaccount plant/)
  assert.equal(readFileSync(at('default-env.json'), 'utf8'), 'the bindings of yesterday')
  await operator.post(`/subaccounts/${id}/users`, { ...operatorUser, roleCollections: ['Subaccount Administrator'] })
  for (const service of ['xsuaa', 'destination', 'connectivity']) await operator.bind(id, service)
  writeFileSync(at('service-key.json'), JSON.stringify(await operator.bind(id, 'connectivity_proxy')))
  await operator.close()

  assert.match(readFileSync(at('cloud/ca.key.sealed'), 'utf8'), new RegExp(`^v2\\.${keyIdOf(key)}\\.`))
  const certificate = ['certificate', '--data', at('cloud'), '--name', 'localhost', '--out', at('tunnel')]
  const { stderr: withoutKey } = await runCommand(certificate)
  assert.match(withoutKey, /CLI_FILE_UNUSABLE[\s\S]*sealing\.key[\s\S]*--config/)
  assert.equal((await runCommand([...certificate, '--set', `store.sealingKeyCommand=${at('keys')}`])).status, 0)
  assert.ok(!existsSync(at('cloud/sealing.key')))
  writeFileSync(
    at('proxy.yaml'),
    stringify({
      dataDirectory: at('proxy'),
      serviceKey: { file: 'service-key.json' },
      platformCaFile: at('cloud/ca.pem'),
      tls: { certificateFile: at('tunnel.crt'), key: { file: 'tunnel.key' } },
      proxy: {
        tenantMode: 'shared',
        servers: {
          businessDataTunnel: { port: 0, externalHost: 'localhost', externalPort: 0 },
          proxy: { http: { enabled: true, port: httpPort }, socks5: { port: 0 } },
        },
        landbridge: { acceptConnectivityBindings: true, externalAddress: '127.0.0.1', health: { port: 0 } },
      },
    }),
  )
  await using proxy = await Started.start(['proxy', '--config', at('proxy.yaml')])
  // What says that it is ready comes when it is.
  assert.equal((await runCommand(['status', '--data', at('proxy')])).status, 0)

  await using ownBackend = await Backend.start('default')
  await using otherBackend = await Backend.start('plant2')
  const startConnector = (name: string, locationID: string, localPort: number): Promise<Started> => {
    const { userName: user, password } = operatorUser
    const mapping = { virtualHost: 'erp.virtual', virtualPort: 80, localHost: '127.0.0.1', localPort, protocol: 'HTTP' }
    const systemMappings = [{ ...mapping, resources: [{ id: '/' }] }]
    const subaccount = {
      regionHost: 'landbridge.localhost',
      subaccount: id,
      user,
      password,
      locationID,
      systemMappings,
    }
    const region = {
      address: '127.0.0.1',
      port: Number(new URL(connectivityUrl).port),
      ca: readFileSync(at('cloud/ca.pem'), 'utf8'),
    }
    const connector = { port: 0, regions: { 'landbridge.localhost': region }, bootstrap: { subaccounts: [subaccount] } }
    writeFileSync(
      at(`${name}.yaml`),
      stringify({ dataDirectory: at(name), sealingKeyCommand: [at('keys')], connector }),
    )
    return Started.start(['connector', '--config', at(`${name}.yaml`)])
  }
  await using first = await startConnector('connector1', '', ownBackend.port)
  await using second = await startConnector('connector2', 'plant2', otherBackend.port)

  const unknown = await runCommand(['env', '--subaccount', 'plan', '--data', at('cloud')], { cwd: folder.path })
  assert.equal(unknown.status, 1)
  assert.match(unknown.stderr, /option: --subaccount\n {2}choices:\n {4}- plant\n/)
  const env = await runCommand(['env', '--subaccount', 'plant', '--data', at('cloud')], { cwd: folder.path })
  assert.equal(env.status, 0, env.stderr)
  const only = await runCommand(['env', '--stdout', '--data', at('cloud')])
  assert.equal(only.stdout, readFileSync(at('default-env.json'), 'utf8'))
  const token = ['token', 'connectivity', '--env', at('default-env.json'), '--data', at('cloud')]
  const { stdout, stderr } = await runCommand(token)
  const client = new Client(`http://127.0.0.1:${httpPort}`)
  const ask = async (location?: string): Promise<string> => {
    const answer = await client.request({
      path: 'http://erp.virtual:80/',
      method: 'GET',
      headers: {
        host: 'erp.virtual',
        'proxy-authorization': `Bearer ${stdout.trim()}`,
        ...(location === undefined ? {} : { 'sap-connectivity-scc-location_id': location }),
      },
    })
    return `${answer.statusCode} ${await answer.body.text()}`
  }
  try {
    assert.equal(await ask(), '200 default', stderr)
    assert.equal(await ask('plant2'), '200 plant2')
    assert.match(await ask('plant3'), /^503 /)
    // The base64 form is for SOCKS5 only: here it is another, unknown location.
    assert.match(await ask(Buffer.from('plant2').toString('base64')), /^503 /)
    for (const data of ['cloud', 'proxy', 'connector1', 'connector2']) {
      const status = await runCommand(['status', '--data', at(data)])
      assert.equal(status.status, 0, status.stdout)
    }
  } finally {
    await client.destroy()
  }
  assert.deepEqual(await Promise.all([second, first, proxy, cloud].map((part) => part.stop())), [0, 0, 0, 0])
  const log = await proxy.log
  assert.match(log, /"proxy\.started"/)
  assert.match(log, /^\[AUDIT-EVENT\] \{.*tunnel handshake success/m)
})
