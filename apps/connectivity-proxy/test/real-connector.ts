import { randomUUID } from 'node:crypto'
import { compileAccess, type SystemMapping } from '@landbridge/access'
import {
  type ApplicationConnection,
  type AvailableService,
  type ChannelSpec,
  type ChannelStatus,
  type ConnectorRuntime,
  type ConnectorSnapshot,
  createRuntime,
  type Pairing,
  pairSubaccount,
  type SubaccountRuntime,
} from '@landbridge/connector'
import { createLog, Secret, systemClock } from '@landbridge/kernel'
import { type Cloud, password, type Tenant } from './cloud.ts'

const regionHost = 'landbridge.localhost'

export interface ConnectorOptions {
  readonly locationId?: string
  readonly mappings: readonly SystemMapping[]
  readonly tunnelConnections?: number
}

/** An HTTP mapping of a virtual host to a port of this machine, open below `/`. */
export function httpMapping(port: number, virtualHost = 'erp.virtual', virtualPort = '80'): SystemMapping {
  return {
    virtualHost,
    virtualPort,
    internalHost: '127.0.0.1',
    internalPort: String(port),
    protocol: 'HTTP',
    backendType: 'nonSAPsys',
    authenticationMode: 'NONE',
    hostInHeader: 'virtual',
    allowedClients: [],
    blockedUsers: [],
    createdAtMs: 0,
    resources: [{ id: '/', enabled: true, exactMatchOnly: false, websocketUpgradeAllowed: false, createdAtMs: 0 }],
  }
}

/** Pairs over the REST endpoints of the region, as an administrator does. */
export function pair(
  cloud: Cloud,
  { subaccount, user }: Tenant,
  connectorId: string,
  locationId: string,
): Promise<Pairing> {
  const override = { address: '127.0.0.1', port: cloud.service.port, ca: cloud.ca.certificatePem }
  return pairSubaccount(
    { regionHost, override, timeoutMs: 30_000 },
    { user, password: new Secret(password) },
    { subaccountId: subaccount.id, locationId, connectorId, description: 'cellar' },
  )
}

/** A connector as it runs on-premise: paired over REST, then the real runtime. */
export class RealConnector {
  readonly #runtime: ConnectorRuntime
  #snapshot: ConnectorSnapshot
  readonly #events: string[]
  readonly #lines: string[]
  readonly #heard: Set<() => void>

  private constructor(snapshot: ConnectorSnapshot) {
    this.#snapshot = snapshot
    this.#events = []
    this.#lines = []
    this.#heard = new Set()
    const log = createLog((_level, event, facts) => {
      this.#events.push(event)
      this.#lines.push(`${event} ${JSON.stringify(facts)}`)
      for (const heard of this.#heard) heard()
    })
    this.#runtime = createRuntime({ clock: systemClock, log })
  }

  static async connect(cloud: Cloud, tenant: Tenant, options: ConnectorOptions): Promise<RealConnector> {
    const { locationId = '', mappings, tunnelConnections = 1 } = options
    const installationId = randomUUID()
    const pairing = await pair(cloud, tenant, installationId, locationId)
    const connector = new RealConnector({
      installationId,
      version: '0.1.0',
      description: '',
      trust: { trustAllBackends: false, certificates: [] },
      subaccounts: [
        {
          subaccountId: tenant.subaccount.id,
          regionHost,
          locationId,
          description: '',
          connected: true,
          loadSharing: false,
          tunnelConnections,
          endpoint: pairing.endpoint,
          certificate: pairing.certificate,
          privateKey: pairing.privateKey,
          access: compileAccess([...mappings]),
          domainMappings: [],
          trustedIssuers: [],
        },
      ],
    })
    await connector.reconnect()
    return connector
  }

  /** Tunnel connections that are open. */
  get connections(): number {
    const [subaccount] = this.#snapshot.subaccounts
    return this.#runtime.status(subaccount!.subaccountId, regionHost).connections
  }

  get cloudConnections(): readonly ApplicationConnection[] {
    const [subaccount] = this.#snapshot.subaccounts
    return this.#runtime.status(subaccount!.subaccountId, regionHost).applicationConnections
  }

  /** Opens a service channel as enabling does, and makes it part of the configuration. */
  async enable(channel: ChannelSpec): Promise<void> {
    const [{ subaccountId, channels = [] }] = this.#snapshot.subaccounts as [SubaccountRuntime]
    await this.#runtime.openChannel(subaccountId, regionHost, channel)
    this.configure([...channels, channel])
  }

  /** Makes these the enabled service channels. */
  configure(channels: readonly ChannelSpec[]): void {
    this.#snapshot = { ...this.#snapshot, subaccounts: this.#snapshot.subaccounts.map((one) => ({ ...one, channels })) }
    this.#runtime.apply(this.#snapshot)
  }

  available(kind: string): Promise<readonly AvailableService[]> {
    const [subaccount] = this.#snapshot.subaccounts
    return this.#runtime.availableServices(subaccount!.subaccountId, regionHost, kind)
  }

  channel(id: number): ChannelStatus {
    const [subaccount] = this.#snapshot.subaccounts
    return this.#runtime.channelStatus(subaccount!.subaccountId, regionHost, id)
  }

  /** Resolves when a channel is as a test wants it, looking again after each event. */
  channelIs(id: number, holds: (status: ChannelStatus) => boolean): Promise<void> {
    return this.#until(() => holds(this.channel(id)))
  }

  /** Changes what the connector says of itself, which makes it register anew. */
  describe(description: string): void {
    const subaccounts = this.#snapshot.subaccounts.map((one) => ({ ...one, description }))
    this.#snapshot = { ...this.#snapshot, subaccounts }
    this.#runtime.apply(this.#snapshot)
  }

  /** The first line that it logged, or logs, of an event. */
  async logs(event: string): Promise<string> {
    const found = (): string | undefined => this.#lines.find((line) => line.startsWith(`${event} `))
    await this.#until(() => found() !== undefined)
    return found() ?? ''
  }

  /** Gives each client connection its own backend connections, or lets them share again; resolves when it registered anew. */
  bindClients(bindsClients: boolean): Promise<void> {
    const subaccounts = this.#snapshot.subaccounts.map((one) => ({ ...one, bindsClients }))
    this.#snapshot = { ...this.#snapshot, subaccounts }
    return this.reconnect()
  }

  disconnect(): void {
    const subaccounts = this.#snapshot.subaccounts.map((one) => ({ ...one, connected: false }))
    this.#runtime.apply({ ...this.#snapshot, subaccounts })
  }

  /** Resolves when the control session stands. */
  async reconnect(): Promise<void> {
    const before = this.#count('cloud.connected')
    this.#runtime.apply(this.#snapshot)
    await this.#until(() => this.#count('cloud.connected') > before)
  }

  /** Resolves when so many tunnel connections have been opened altogether. */
  tunnelsOpened(count: number): Promise<void> {
    return this.#until(() => this.#count('tunnel.opened') >= count)
  }

  close(): Promise<void> {
    return this.#runtime.close()
  }

  #count(event: string): number {
    return this.#events.filter((one) => one === event).length
  }

  async #until(isDone: () => boolean): Promise<void> {
    while (!isDone())
      await new Promise<void>((resolve) => {
        const heard = (): void => {
          this.#heard.delete(heard)
          resolve()
        }
        this.#heard.add(heard)
      })
  }
}
