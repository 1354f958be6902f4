import { randomUUID } from 'node:crypto'
import { compileAccess, type SystemMapping } from '@landbridge/access'
import {
  type AccessRecord,
  BackendPool,
  type BackendTimeouts,
  type BackendTrust,
  type DomainMapping,
  defaultBackendTimeouts,
  type IdentityPropagation,
  type RfcSettings,
  StreamAcceptor,
  type SubaccountContext,
  type SubaccountRuntime,
  SubaccountTraffic,
  type SystemCertificate,
  TunnelLink,
  type TunnelRequest,
} from '@landbridge/connector'
import type { IssuedCertificate, LocalCa } from '@landbridge/identity'
import { type Clock, type Log, Secret } from '@landbridge/kernel'

export interface ConnectorOptions {
  readonly subaccountId?: string
  readonly locationId?: string
  readonly mappings?: readonly SystemMapping[]
  readonly domainMappings?: readonly DomainMapping[]
  readonly trust?: BackendTrust
  readonly systemCertificate?: SystemCertificate
  readonly timeouts?: BackendTimeouts
  readonly propagate?: IdentityPropagation
  readonly rfc?: RfcSettings
  /** Each connection of a client has its own backend connections. */
  readonly bindsClients?: boolean
  /** Tunnels for each request of the cloud side; one unless said otherwise. */
  readonly tunnels?: number
}

export interface ConnectorSurroundings {
  readonly ca: LocalCa
  readonly clock: Clock
  readonly log: Log
}

/** The on-premise end in the process of the test: real links, access control and backend connections. */
export class TestConnector {
  readonly connectorId: string
  readonly locationId: string
  readonly context: SubaccountContext
  readonly certificate: IssuedCertificate
  readonly denied: AccessRecord[]
  readonly allowed: AccessRecord[]
  /** Tunnels that are open. */
  readonly links: Set<TunnelLink>
  /** False: requests to open a tunnel are ignored, as by an agent that lost its network. */
  answersRequests: boolean
  readonly #acceptor: StreamAcceptor
  readonly #bindsClients: boolean
  readonly tunnels: number
  readonly #surroundings: ConnectorSurroundings
  readonly #stopped: AbortController

  private constructor(
    options: ConnectorOptions,
    surroundings: ConnectorSurroundings,
    connectorId: string,
    certificate: IssuedCertificate,
  ) {
    const { clock, log } = surroundings
    const timeouts = options.timeouts ?? defaultBackendTimeouts
    const trust = options.trust ?? { trustAllBackends: false, certificates: [] }
    const { systemCertificate } = options
    this.connectorId = connectorId
    this.locationId = options.locationId ?? ''
    this.certificate = certificate
    this.denied = []
    this.allowed = []
    this.links = new Set()
    this.answersRequests = true
    this.context = {
      subaccountId: options.subaccountId ?? 'acme',
      access: compileAccess(options.mappings ?? []),
      domainMappings: options.domainMappings ?? [],
      backends: new BackendPool(
        clock,
        systemCertificate === undefined ? { trust } : { trust, systemCertificate },
        timeouts,
      ),
      propagate: options.propagate ?? null,
      ...(options.rfc === undefined ? {} : { rfc: options.rfc }),
      log,
      traffic: new SubaccountTraffic(clock),
      denied: (access) => this.denied.push(access),
      allowed: (access) => this.allowed.push(access),
    }
    this.#acceptor = new StreamAcceptor(this.context, timeouts)
    this.#bindsClients = options.bindsClients ?? false
    this.tunnels = options.tunnels ?? 1
    this.#surroundings = surroundings
    this.#stopped = new AbortController()
  }

  static async create(options: ConnectorOptions, surroundings: ConnectorSurroundings): Promise<TestConnector> {
    const connectorId = randomUUID()
    const subject = { CN: options.subaccountId ?? 'acme', L: 'localhost', OU: connectorId, O: 'Landbridge' }
    const certificate = await surroundings.ca.issueClient({ subject, days: 1 })
    return new TestConnector(options, surroundings, connectorId, certificate)
  }

  /** Takes effect for the next request; open streams live on. */
  expose(mappings: readonly SystemMapping[]): void {
    this.context.access = compileAccess(mappings)
  }

  /** Dials the proxy as on `open-tunnel`. `disguise` changes what the connector says of itself. */
  async openTunnel(
    request: TunnelRequest,
    disguise: Partial<SubaccountRuntime> & { readonly connectorId?: string } = {},
  ): Promise<TunnelLink> {
    const { ca, clock, log } = this.#surroundings
    const link = await TunnelLink.open({
      heartbeatMs: 15_000,
      request,
      subaccount: {
        subaccountId: this.context.subaccountId,
        regionHost: 'localhost',
        locationId: this.locationId,
        description: '',
        connected: true,
        loadSharing: false,
        tunnelConnections: 1,
        endpoint: { notificationHost: 'localhost', port: 0, ca: ca.certificatePem },
        certificate: this.certificate.cert,
        privateKey: new Secret(this.certificate.key),
        access: this.context.access,
        domainMappings: [],
        trustedIssuers: [],
        bindsClients: this.#bindsClients,
        ...disguise,
      },
      connectorId: disguise.connectorId ?? this.connectorId,
      version: '0.1.0',
      httpsProxy: undefined,
      acceptor: { current: this.#acceptor },
      clock,
      log,
      closed: (gone) => this.links.delete(gone),
      sessionGone: (session) => this.context.backends.clients.sessionGone(session),
      signal: this.#stopped.signal,
    })
    if (!link.session.isClosed) this.links.add(link)
    return link
  }

  /** Breaks all tunnels at once. */
  disconnect(): void {
    for (const link of [...this.links]) link.session.destroy()
  }

  close(): void {
    this.#stopped.abort()
    this.disconnect()
    this.context.backends.close()
  }
}
