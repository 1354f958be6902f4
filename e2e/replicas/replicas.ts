import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalCa } from '@landbridge/identity'
import { callJson, type JsonAnswer, type RunningCommand, runUntilReady } from '@landbridge/testkit'
import { Balancer } from './balancer.ts'

const regionHost = 'landbridge.localhost'
const operatorSecret = 'the-same-for-all-replicas'
const parts = ['token-service', 'destination-service', 'connectivity-service'] as const

export interface Replica {
  readonly urls: Readonly<Record<string, string>>
  readonly command: RunningCommand
}

/** Two processes `landbridge cloud` on one database, behind a balancer for each service. */
export class Replicas {
  readonly folder: string
  readonly ca: LocalCa
  readonly east: Replica
  readonly west: Replica
  readonly #front: Readonly<Record<(typeof parts)[number], Balancer>>
  readonly #running: RunningCommand[]

  private constructor(folder: string, ca: LocalCa, front: Balancer[], [east, west]: readonly [Replica, Replica]) {
    this.folder = folder
    this.ca = ca
    this.east = east
    this.west = west
    this.#front = Object.fromEntries(parts.map((part, index) => [part, front[index]])) as never
    this.#running = [east.command, west.command]
    for (const part of parts) this.#front[part].targets = [east, west].map(({ urls }) => portOf(urls[part]))
  }

  /** Both at once, on an empty database: that is how an orchestrator starts them. */
  static async start(folder: string, databaseUrl: string, sealingKey: Buffer): Promise<Replicas> {
    const ca = await LocalCa.create({ subject: { CN: 'Landbridge CA of the replicas' } })
    const front = await Promise.all(parts.map(() => Balancer.start()))
    const secrets = {
      'ca.key': ca.keyPem.reveal(),
      'ca.pem': ca.certificatePem,
      'sealing.key': sealingKey.toString('base64'),
      database: databaseUrl,
      operator: operatorSecret,
    }
    for (const [name, content] of Object.entries(secrets)) writeFileSync(join(folder, name), content, { mode: 0o600 })
    const secret = (name: string): object => ({ file: join(folder, name) })
    const [token, destination, connectivity] = front.map(({ port }) => port)
    const configuration = {
      store: { postgresUrl: secret('database'), sealingKey: secret('sealing.key') },
      authority: { certificateFile: join(folder, 'ca.pem'), key: secret('ca.key') },
      operatorSecret: secret('operator'),
      publicUrls: {
        destination: `http://localhost:${destination}`,
        connectivity: `https://localhost:${connectivity}`,
      },
      tokenService: { port: 0, uaaDomain: `localhost:${token}` },
      destinationService: { port: 0 },
      connectivityService: { port: 0, heartbeatMs: 500, leaseMs: 2_000 },
    }
    const replicas = await Promise.all([
      startReplica(folder, 'east', configuration),
      startReplica(folder, 'west', configuration),
    ])
    return new Replicas(folder, ca, front, replicas)
  }

  get destinationUrl(): string {
    return `http://localhost:${this.#front['destination-service'].port}`
  }

  get connectivityUrl(): string {
    return `https://localhost:${this.#front['connectivity-service'].port}`
  }

  async operate(replica: Replica, method: string, path: string, body?: object): Promise<JsonAnswer['json']> {
    const answer = await callJson({
      method,
      url: `${replica.urls['connectivity-service']}/api/v1${path}`,
      headers: { authorization: `Bearer ${operatorSecret}` },
      ca: this.ca.certificatePem,
      ...(body === undefined ? {} : { body }),
    })
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
    return answer.json
  }

  async bind(replica: Replica, subaccountId: string, service: string): Promise<JsonAnswer['json']> {
    const wish = { service, name: `my-${service}` }
    const { id } = await this.operate(replica, 'POST', `/subaccounts/${subaccountId}/serviceInstances`, wish)
    return (await this.operate(replica, 'POST', `/serviceInstances/${id}/bindings`, { name: 'key' })).credentials
  }

  async token(replica: Replica, credentials: { clientid: string; clientsecret: string }): Promise<string> {
    const { clientid: client_id, clientsecret: client_secret } = credentials
    const answer = await callJson({
      method: 'POST',
      url: `${replica.urls['token-service']}/oauth/token`,
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }),
      ca: this.ca.certificatePem,
    })
    assert.equal(answer.status, 200, answer.text)
    return answer.json.access_token
  }

  destinations(replica: Replica, token: string, method: string, path: string, body?: object): Promise<JsonAnswer> {
    const url = `${replica.urls['destination-service']}/destination-configuration/v1${path}`
    const headers = { authorization: `Bearer ${token}` }
    return callJson({ method, url, headers, ...(body === undefined ? {} : { body }) })
  }

  async startProxy(name: string, serviceKey: object, port: number): Promise<void> {
    const file = (extension: string): string => join(this.folder, `${name}-proxy.${extension}`)
    const { cert, key } = await this.ca.issueServer({ dnsNames: ['localhost'], days: 1 })
    writeFileSync(file('crt'), cert)
    writeFileSync(file('key'), key, { mode: 0o600 })
    writeFileSync(file('json'), JSON.stringify(serviceKey), { mode: 0o600 })
    await this.#run('proxy', `${name}-proxy`, {
      serviceKey: { file: file('json') },
      platformCaFile: join(this.folder, 'ca.pem'),
      tls: { certificateFile: file('crt'), key: { file: file('key') } },
      proxy: {
        tenantMode: 'shared',
        servers: {
          businessDataTunnel: { port: 0, externalHost: 'localhost', externalPort: 0 },
          proxy: { http: { enabled: true, port }, socks5: { port: 0 } },
        },
        landbridge: { acceptConnectivityBindings: true, externalAddress: '127.0.0.1', health: { port: 0 } },
      },
    })
  }

  async startConnector(
    subaccount: string,
    { userName: user, password }: { readonly userName: string; readonly password: string },
    localPort: number,
  ): Promise<void> {
    const mapping = { virtualHost: 'erp.virtual', virtualPort: 80, localHost: '127.0.0.1', localPort, protocol: 'HTTP' }
    const systemMappings = [{ ...mapping, resources: [{ id: '/' }] }]
    const { port } = this.#front['connectivity-service']
    await this.#run('connector', 'connector', {
      connector: {
        port: 0,
        regions: { [regionHost]: { address: '127.0.0.1', port, ca: this.ca.certificatePem } },
        bootstrap: { subaccounts: [{ regionHost, subaccount, user, password, systemMappings }] },
      },
    })
  }

  kill(replica: Replica): Promise<void> {
    return replica.command.kill()
  }

  async stop(): Promise<void> {
    for (const command of this.#running.reverse()) await command.kill()
    for (const balancer of Object.values(this.#front)) await balancer[Symbol.asyncDispose]()
  }

  async #run(command: string, name: string, configuration: object): Promise<void> {
    this.#running.push(await start(this.folder, command, name, configuration))
  }
}

async function startReplica(folder: string, name: string, configuration: object): Promise<Replica> {
  const command = await start(folder, 'cloud', name, configuration)
  const { components } = JSON.parse(command.output) as { components: { name: string; url: string }[] }
  return { command, urls: Object.fromEntries(components.map((part) => [part.name, part.url])) }
}

function start(folder: string, command: string, name: string, configuration: object): Promise<RunningCommand> {
  const file = join(folder, `${name}.yaml`)
  const content = { dataDirectory: join(folder, name), logLevel: 'warn', ...configuration }
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(content), { mode: 0o600 })
  return runUntilReady([command, '--json', '--config', file])
}

function portOf(url = ''): number {
  return Number(new URL(url).port)
}
