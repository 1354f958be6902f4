import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalCa } from '@landbridge/identity'
import { freePort, temporaryFolder } from '@landbridge/testkit'
import type {
  AgentSettings,
  CloudReady,
  CloudSettings,
  Mapping,
  PairedState,
  ProxySettings,
  SigningSettings,
  Tenant,
} from '../processes/settings.ts'
import { signToken } from '../processes/sign-token.ts'
import { type Child, startChild } from './child.ts'
import { eventually } from './eventually.ts'

export const webHost = 'web.virtual'
export const echoHost = 'echo.virtual'
export const echoPort = 7

export interface BackendPorts {
  readonly httpPort: number
  readonly tcpPort: number
}

export interface LandscapeOptions {
  readonly proxyTimeouts?: Readonly<Record<string, number>>
  readonly heartbeatMs?: number
}

/** Cloud side, agents and backend as processes of their own, which a test may kill and start again. */
export class Landscape {
  readonly ca: LocalCa
  readonly signing: SigningSettings
  tenant: Tenant
  cloud: Child<CloudReady>
  backend: Child<BackendPorts>
  readonly #folder: ReturnType<typeof temporaryFolder>
  readonly #children: Set<Child<unknown>>
  readonly #heartbeatMs: number
  readonly #sealingKey: string
  #cloudSettings: CloudSettings
  #agents: number

  private constructor(ca: LocalCa, options: LandscapeOptions) {
    this.ca = ca
    this.#folder = temporaryFolder()
    this.#children = new Set()
    this.#heartbeatMs = options.heartbeatMs ?? 15_000
    this.#sealingKey = randomBytes(32).toString('base64')
    this.#agents = 0
    this.signing = newSigningKey()
    this.#cloudSettings = {
      ca: { certificate: ca.certificatePem, key: ca.keyPem.reveal() },
      signing: this.signing,
      service: {
        database: join(this.#folder.path, 'cloud.sqlite'),
        sealingKey: this.#sealingKey,
        port: 0,
        heartbeatMs: this.#heartbeatMs,
      },
      proxy: {
        servicePort: 0,
        clientId: '',
        httpPort: 0,
        socks5Port: 0,
        tunnelPort: 0,
        displayName: 'first',
        mappingsFile: join(this.#folder.path, 'service-mappings.yaml'),
        dedicatedTo: '',
        timeouts: { heartbeatMs: this.#heartbeatMs, ...options.proxyTimeouts },
      },
    }
    // Assigned by `start` before anybody sees the object.
    this.tenant = undefined as never
    this.cloud = undefined as never
    this.backend = undefined as never
  }

  /** Starts cloud side and backend, with one tenant and no agent. */
  static async start(options: LandscapeOptions = {}): Promise<Landscape> {
    const landscape = new Landscape(await LocalCa.create({ subject: { CN: 'Test CA', O: 'Landbridge' } }), options)
    try {
      await landscape.#choosePorts()
      await Promise.all([landscape.startCloud(), landscape.startBackend()])
      landscape.tenant = await landscape.newTenant()
      return landscape
    } catch (failure) {
      await landscape.close()
      throw failure
    }
  }

  /** Ports that nobody takes while their process is away. */
  async #choosePorts(): Promise<void> {
    const { service, proxy, ...rest } = this.#cloudSettings
    const ports = { httpPort: await freePort(), socks5Port: await freePort(), tunnelPort: await freePort() }
    this.#cloudSettings = {
      ...rest,
      service: { ...service!, port: await freePort() },
      proxy: { ...proxy!, ...ports },
    }
  }

  /** Starts the cloud side, again on the ports that it had before. */
  async startCloud(): Promise<void> {
    const cloud = await this.#add(startChild<CloudReady>('cloud', this.#cloudSettings))
    this.cloud = cloud
    const { servicePort: port, httpPort, socks5Port, tunnelPort, proxyClientId: clientId } = cloud.ready
    const { service, proxy } = this.#cloudSettings
    this.#cloudSettings = {
      ...this.#cloudSettings,
      service: { ...service!, port },
      proxy: { ...proxy!, clientId, httpPort, socks5Port, tunnelPort },
    }
  }

  /** One more proxy, in a process of its own. */
  startReplica(changes: Partial<ProxySettings>): Promise<Child<CloudReady>> {
    const { servicePort, proxyClientId: clientId } = this.cloud.ready
    const { service: _none, proxy, ...rest } = this.#cloudSettings
    const ports = { httpPort: 0, socks5Port: 0, tunnelPort: 0 }
    const settings = { ...rest, proxy: { ...proxy!, servicePort, clientId, ...ports, ...changes } }
    return this.#add(startChild<CloudReady>('cloud', settings))
  }

  async startBackend(ports?: BackendPorts): Promise<void> {
    const settings = ports ?? { httpPort: await freePort(), tcpPort: await freePort() }
    this.backend = await this.#add(startChild<BackendPorts>('backend', settings))
  }

  /** One more backend, for requests that must arrive at another one. */
  otherBackend(): Promise<Child<BackendPorts>> {
    return this.#add(startChild<BackendPorts>('backend', { httpPort: 0, tcpPort: 0 }))
  }

  newTenant(): Promise<Tenant> {
    return this.cloud.call<Tenant>('newTenant')
  }

  agentSettings(changes: Partial<AgentSettings> = {}): AgentSettings {
    const { httpPort, tcpPort } = this.backend.ready
    const mappings: readonly Mapping[] = [
      { virtualHost: webHost, virtualPort: 80, port: httpPort, protocol: 'HTTP' },
      { virtualHost: echoHost, virtualPort: echoPort, port: tcpPort, protocol: 'TCP' },
    ]
    return {
      stateFile: join(this.#folder.path, `agent-${++this.#agents}.json`),
      servicePort: this.cloud.ready.servicePort,
      ca: this.ca.certificatePem,
      tenant: this.tenant,
      locationId: '',
      loadSharing: false,
      mappings,
      channels: [],
      heartbeatMs: this.#heartbeatMs,
      responseMs: 60_000,
      connectMs: 5_000,
      ...changes,
    }
  }

  /** Exposes a port of this machine to service channels of the tenant, instead of what was exposed before. */
  exposeService(serviceId: string, port: number): void {
    const { subaccountId } = this.tenant
    const spec = { type: 'TCP', subaccountId, serviceId, internalAddress: `127.0.0.1:${port}` }
    const resource = {
      apiVersion: 'connectivityproxy.sap.com/v1',
      kind: 'ServiceMapping',
      metadata: { name: serviceId },
      spec,
    }
    writeFileSync(join(this.#folder.path, 'service-mappings.yaml'), JSON.stringify(resource))
  }

  /** Starts an agent; `connected` waits until the cloud has welcomed it. */
  async startAgent(settings: AgentSettings, connected = true): Promise<Child<string>> {
    const agent = await this.#add(startChild<string>('agent', settings))
    if (connected) await this.whenConnected(agent)
    return agent
  }

  async whenConnected(agent: Child<string>): Promise<void> {
    await eventually(
      'the agent is connected',
      async () => (await agent.call<{ state: string }>('status')).state === 'Connected',
    )
  }

  token(tenant: Tenant = this.tenant, lifetimeSeconds = 3_600): string {
    return signToken(this.signing, { ...tenant, lifetimeSeconds })
  }

  readState({ stateFile }: AgentSettings): PairedState {
    return JSON.parse(readFileSync(stateFile, 'utf8')) as PairedState
  }

  writeState({ stateFile }: AgentSettings, state: PairedState): void {
    writeFileSync(stateFile, JSON.stringify(state), { mode: 0o600 })
  }

  /** Ends all processes. */
  async close(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.kill()))
    this.#folder[Symbol.dispose]()
  }

  async #add<Ready>(starting: Promise<Child<Ready>>): Promise<Child<Ready>> {
    const child = await starting
    this.#children.add(child)
    void child.exited.then(() => this.#children.delete(child))
    return child
  }
}

function newSigningKey(): SigningSettings {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keyId = 'k1'
  return {
    issuer: 'https://acme.uaa.example.test/oauth/token',
    keyId,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid: keyId, alg: 'RS256', use: 'sig' },
  }
}
