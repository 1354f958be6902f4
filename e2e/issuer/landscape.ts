import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalCa } from '@landbridge/identity'
import {
  callJson,
  freePort,
  type JsonAnswer,
  type RunningCommand,
  runLandbridge,
  runUntilReady,
} from '@landbridge/testkit'
import { IdentityProvider, resource, tenantClaim } from './identity-provider.ts'

const regionHost = 'landbridge.localhost'
const administrator = { userName: 'admin@plant.example', password: 'only-for-this-test' }
const connectorPassword = 'only-for-this-test-too'
const services = ['destination', 'connectivity', 'connectivity_proxy'] as const

export interface System {
  readonly virtualHost: string
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP'
  readonly localPort: number
  readonly authenticationMode?: string
}

/** Cloud, proxy and connector in processes of their own, without the built-in token service. */
export class Landscape {
  readonly subaccountId = randomUUID()
  readonly ca: LocalCa
  readonly provider: IdentityProvider
  readonly folder: string
  readonly httpPort: number
  readonly socksPort: number
  #urls: Readonly<Record<string, string>>
  readonly #running: RunningCommand[]

  private constructor(ca: LocalCa, provider: IdentityProvider, folder: string, ports: readonly [number, number]) {
    this.ca = ca
    this.provider = provider
    this.folder = folder
    ;[this.httpPort, this.socksPort] = ports
    this.#urls = {}
    this.#running = []
  }

  static async start(folder: string): Promise<Landscape> {
    const ca = await LocalCa.create({ subject: { CN: 'CA of the identity provider' } })
    const tenants = Object.fromEntries([...services, 'ordered', 'operations', 'stranger'].map((name) => [name, 'acme']))
    const provider = await IdentityProvider.start(ca, { ...tenants, lost: 'unheard-of' })
    const landscape = new Landscape(ca, provider, folder, [await freePort(), await freePort()])
    await landscape.#startCloud()
    await landscape.#setUp()
    await landscape.#startProxy()
    await landscape.#startConnector()
    return landscape
  }

  url(component: string): string {
    return this.#urls[component] ?? assert.fail(`there is no ${component}`)
  }

  /** Calls the operator API, by default with the secret of the data directory. */
  operate(method: string, path: string, body?: object, bearer?: string): Promise<JsonAnswer> {
    const secret = bearer ?? readFileSync(join(this.folder, 'cloud/operator-secret'), 'utf8').trim()
    return callJson({
      method,
      url: `${this.url('connectivity-service')}/api/v1${path}`,
      headers: { authorization: `Bearer ${secret}` },
      ca: this.#platformCa(),
      ...(body === undefined ? {} : { body }),
    })
  }

  /** Calls the service broker with the user of the data directory. */
  broker(method: string, path: string, body?: object): Promise<JsonAnswer> {
    const password = readFileSync(join(this.folder, 'cloud/broker-password'), 'utf8').trim()
    return callJson({
      method,
      url: `${this.url('connectivity-service')}/v2${path}`,
      headers: {
        authorization: `Basic ${Buffer.from(`broker:${password}`).toString('base64')}`,
        'x-broker-api-version': '2.17',
      },
      ca: this.#platformCa(),
      ...(body === undefined ? {} : { body }),
    })
  }

  /** Calls the REST API of the connector. */
  async administrate(method: string, path: string, body?: object): Promise<JsonAnswer> {
    const answer = await callJson({
      method,
      url: `${this.url('cloud-connector')}/api/v1/configuration${path}`,
      headers: { authorization: `Basic ${Buffer.from(`Administrator:${connectorPassword}`).toString('base64')}` },
      ca: readFileSync(join(this.folder, 'connector/connector-ca.pem'), 'utf8'),
      ...(body === undefined ? {} : { body }),
    })
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
    return answer
  }

  get ownSubaccount(): string {
    return `/subaccounts/${regionHost}/${this.subaccountId}`
  }

  async expose({ virtualHost, protocol, localPort, authenticationMode = 'NONE' }: System): Promise<void> {
    await this.administrate('POST', `${this.ownSubaccount}/systemMappings`, {
      virtualHost,
      virtualPort: '443',
      localHost: 'localhost',
      localPort: String(localPort),
      protocol,
      backendType: 'nonSAPsys',
      authenticationMode,
    })
    if (protocol === 'TCP') return
    const resources = `${this.ownSubaccount}/systemMappings/${virtualHost}:443/resources`
    await this.administrate('POST', resources, { id: '/', enabled: true })
  }

  async stop(): Promise<void> {
    for (const command of this.#running.reverse()) await command.kill()
    await this.provider[Symbol.asyncDispose]()
  }

  async #run(name: string, configuration: object): Promise<void> {
    const file = join(this.folder, `${name}.yaml`)
    // JSON is YAML.
    const content = { dataDirectory: join(this.folder, name), logLevel: 'warn', ...configuration }
    writeFileSync(file, JSON.stringify(content), { mode: 0o600 })
    const command = await runUntilReady([name, '--json', '--config', file])
    this.#running.push(command)
    const { components } = JSON.parse(command.output) as { components: { name: string; url: string }[] }
    this.#urls = { ...this.#urls, ...Object.fromEntries(components.map((part) => [part.name, part.url])) }
  }

  #identity(): object {
    const instance = (service: string) => ({ instance: `plant/my-${service}`, service })
    return {
      builtIn: false,
      keyCooldownSeconds: 1,
      external: [
        {
          issuer: this.provider.issuer,
          ca: this.ca.certificatePem,
          audience: [resource],
          tokenUrl: `${this.provider.issuer}/token`,
          claims: { tenant: [tenantClaim] },
          tenants: { acme: this.subaccountId },
          clients: {
            ...Object.fromEntries(services.map((name) => [name, instance(name)])),
            ordered: { instance: 'plant/from-the-broker', service: 'destination' },
            operations: {},
          },
        },
      ],
    }
  }

  async #startCloud(): Promise<void> {
    const secrets = join(this.folder, 'secrets.json')
    const all = Object.fromEntries([...services, 'ordered'].map((name) => [name, this.provider.secret]))
    writeFileSync(secrets, JSON.stringify(all), { mode: 0o600 })
    await this.#run('cloud', {
      identity: { ...this.#identity(), clientSecrets: { file: secrets } },
      destinationService: { port: 0 },
      connectivityService: { port: 0, operatorClients: ['operations'] },
      proxy: { host: '127.0.0.1', httpPort: this.httpPort, socks5Port: this.socksPort },
    })
  }

  async #setUp(): Promise<void> {
    const post = async (path: string, body: object): Promise<JsonAnswer['json']> => {
      const answer = await this.operate('POST', path, body)
      assert.equal(answer.status, 201, answer.text)
      return answer.json
    }
    const id = this.subaccountId
    await post('/subaccounts', { id, subdomain: 'plant' })
    await post(`/subaccounts/${id}/users`, { ...administrator, roleCollections: ['Subaccount Administrator'] })
    for (const service of services) {
      const instance = await post(`/subaccounts/${id}/serviceInstances`, { service, name: `my-${service}` })
      const { credentials } = await post(`/serviceInstances/${instance.id}/bindings`, { name: 'key' })
      writeFileSync(join(this.folder, `${service}.json`), JSON.stringify(credentials), { mode: 0o600 })
    }
  }

  async #startProxy(): Promise<void> {
    const tunnel = join(this.folder, 'tunnel')
    const data = ['--data', join(this.folder, 'cloud')]
    const made = await runLandbridge(['certificate', ...data, '--name', 'localhost', '--out', tunnel])
    assert.equal(made.status, 0, made.stderr)
    // One file for both: the authority of the platform and that of the provider's token endpoint.
    const trusted = join(this.folder, 'trusted.pem')
    writeFileSync(trusted, `${this.#platformCa()}\n${this.ca.certificatePem}`)
    await this.#run('proxy', {
      serviceKey: { file: join(this.folder, 'connectivity_proxy.json') },
      identity: { ...this.#identity(), tokenParameters: { resource } },
      platformCaFile: trusted,
      tls: { certificateFile: `${tunnel}.crt`, key: { file: `${tunnel}.key` } },
      proxy: {
        tenantMode: 'shared',
        servers: {
          businessDataTunnel: { port: 0, externalHost: 'localhost', externalPort: 0 },
          proxy: { http: { enabled: true, port: this.httpPort }, socks5: { port: this.socksPort } },
        },
        landbridge: { acceptConnectivityBindings: true, externalAddress: '127.0.0.1', health: { port: 0 } },
      },
    })
  }

  async #startConnector(): Promise<void> {
    const { userName: user, password } = administrator
    const region = {
      address: '127.0.0.1',
      port: Number(new URL(this.url('connectivity-service')).port),
      ca: this.#platformCa(),
    }
    await this.#run('connector', {
      connector: {
        port: 0,
        haRole: 'master',
        initialPassword: connectorPassword,
        regions: { [regionHost]: region },
        bootstrap: { subaccounts: [{ regionHost, subaccount: this.subaccountId, user, password }] },
      },
    })
  }

  #platformCa(): string {
    return readFileSync(join(this.folder, 'cloud/ca.pem'), 'utf8')
  }
}
