import { type Clock, type ErrorCode, type Log, randomSecret } from '@landbridge/kernel'
import type { Session } from '@landbridge/tunnel'
import type { TunnelRequestMessage } from '../tunnels/tunnel-table.ts'
import { type ChannelGrant, ChannelLoad, ChannelTunnel } from './channel-tunnel.ts'
import type { ServiceMappings } from './service-mappings.ts'

/** A connector wants a tunnel for a service channel; who it is was checked by the connectivity service. */
export interface ChannelRequest extends ChannelGrant {
  /** The connector's name for this request. */
  readonly request: string
  /** Cluster host as the administrator entered it, `host[:port]`; only channels to a cluster have one. */
  readonly host: string
}

/** A connector asks what it could reach through channels of a type. */
export type ServiceQuestion = Pick<ChannelRequest, 'subaccountId' | 'locationId' | 'connectorId' | 'request' | 'kind'>

interface ChannelAnswer {
  readonly subaccountId: string
  readonly locationId: string
  readonly connectorId: string
  /** The connector's name for its request. */
  readonly channel: string
}

/** What the desk says to the connector, by way of the connectivity service. */
export interface ChannelBroker {
  openChannelTunnel(request: TunnelRequestMessage & { connectorId: string; channel: string }): Promise<void>
  refuseChannel(refusal: ChannelAnswer & { readonly code: ErrorCode }): Promise<void>
  offerServices(
    offer: ChannelAnswer & { readonly services: readonly { readonly serviceId: string; readonly name: string }[] },
  ): Promise<void>
}

export interface ChannelDeskOptions {
  readonly enabled: boolean
  /** Host by which channels to a cluster name this proxy, lower case. Replicas may share it. */
  readonly clusterHost: string
  /** Port that goes with it; that of this replica when absent. Workers of one proxy share it. */
  readonly clusterPort?: number
  readonly mappings: ServiceMappings
  /** Most connections to services at a time. */
  readonly maxConnections: number
  readonly broker: ChannelBroker
  /** Where connectors reach this replica. */
  readonly address: () => Pick<TunnelRequestMessage, 'host' | 'port' | 'serverName' | 'proxyId' | 'displayName'>
  readonly clock: Clock
  readonly log: Log
}

const ticketLifeMs = 15_000
/** The longest names, with every character escaped, stay below what the connectivity service passes on at a time. */
const servicesPerPart = 5

/**
 * Service channels as this proxy serves them: answers requests with a ticket that is good for one tunnel connection
 * to one service, and keeps the tunnels that came of it (docs/decisions/0006).
 */
export class ChannelDesk {
  readonly #options: ChannelDeskOptions
  readonly #tickets: Map<string, { readonly grant: ChannelGrant; readonly validUntilMs: number }>
  readonly #tunnels: Set<ChannelTunnel>
  readonly #load: ChannelLoad
  #isDraining: boolean
  #idle: (() => void)[]

  constructor(options: ChannelDeskOptions) {
    this.#options = options
    this.#tickets = new Map()
    this.#tunnels = new Set()
    this.#load = new ChannelLoad(options.maxConnections)
    this.#isDraining = false
    this.#idle = []
    options.mappings.onChange(() => this.#mappingsChanged())
  }

  /** Open tunnel connections of service channels. */
  get size(): number {
    return this.#tunnels.size
  }

  /** Answers a request of a connector; never throws. */
  async requested(asked: ChannelRequest): Promise<void> {
    // Another replica may take it; if there is none, the connector asks again.
    if (this.#isDraining) return
    const { subaccountId, locationId, connectorId, service, kind, request } = asked
    const { broker, log, address } = this.#options
    const facts = { subaccountId, locationId, connectorId, kind, service }
    try {
      const code = this.#refusal(asked)
      if (code !== null) {
        log.info('channel.refused', { ...facts, code })
        await broker.refuseChannel({ subaccountId, locationId, connectorId, channel: request, code })
        return
      }
      const ticket = this.#ticket({ subaccountId, locationId, connectorId, kind, service })
      await broker.openChannelTunnel({ ...address(), subaccountId, locationId, ticket, connectorId, channel: request })
    } catch (cause) {
      // The connector gives up by itself and asks again.
      log.warn('channel.answer-failed', facts, cause)
    }
  }

  /** Says what a connector could reach, in parts of a few services each; never throws. */
  async listed({ subaccountId, locationId, connectorId, request, kind }: ServiceQuestion): Promise<void> {
    const { enabled, mappings, broker, log } = this.#options
    const found = enabled ? mappings.list({ subaccountId, locationId, kind }) : []
    const services = found.map(({ serviceId, name }) => ({ serviceId, name: name.slice(0, 253) }))
    const place = { subaccountId, locationId, connectorId, channel: request }
    try {
      // An empty list is an answer as well.
      for (let from = 0; from === 0 || from < services.length; from += servicesPerPart)
        await broker.offerServices({ ...place, services: services.slice(from, from + servicesPerPart) })
    } catch (cause) {
      log.warn('channel.answer-failed', { subaccountId, locationId, connectorId, kind }, cause)
    }
  }

  /** What a ticket was made for; undefined when it is unknown, expired or used. */
  redeem(ticket: string): ChannelGrant | undefined {
    const entry = this.#tickets.get(ticket)
    this.#tickets.delete(ticket)
    return entry === undefined || entry.validUntilMs < this.#options.clock.now() ? undefined : entry.grant
  }

  /** Takes over a tunnel connection whose ticket and certificate were checked. */
  opened(session: Session, grant: ChannelGrant): ChannelTunnel {
    const tunnel = new ChannelTunnel(session, grant, this.#options.mappings, this.#load, this.#options.log)
    this.#tunnels.add(tunnel)
    return tunnel
  }

  closed(tunnel: ChannelTunnel): void {
    this.#tunnels.delete(tunnel)
    if (this.#tunnels.size === 0) for (const tell of this.#idle.splice(0)) tell()
  }

  /**
   * Grants nothing from now on, and tells connectors to take new clients elsewhere.
   * @returns when the last connection of a client is over.
   */
  drain(): Promise<void> {
    this.#isDraining = true
    for (const tunnel of [...this.#tunnels]) tunnel.session.drain()
    return this.#tunnels.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve))
  }

  #refusal(asked: ChannelRequest): ErrorCode | null {
    const { enabled, mappings } = this.#options
    if (asked.kind === 'K8S' && !this.#isNamed(asked.host)) return 'CHANNEL_OTHER_CLUSTER'
    if (!enabled) return 'CHANNELS_SWITCHED_OFF'
    const found = mappings.find(asked)
    return typeof found === 'string' ? found : null
  }

  #isNamed(clusterHost: string): boolean {
    const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(clusterHost.trim().toLowerCase()) ?? []
    const { clusterPort = this.#options.address().port } = this.#options
    if (port !== undefined && Number(port) !== clusterPort) return false
    return host !== '' && host === this.#options.clusterHost
  }

  #ticket(grant: ChannelGrant): string {
    const nowMs = this.#options.clock.now()
    for (const [key, entry] of this.#tickets) if (entry.validUntilMs < nowMs) this.#tickets.delete(key)
    const ticket = randomSecret(32)
    this.#tickets.set(ticket, { grant, validUntilMs: nowMs + ticketLifeMs })
    return ticket
  }

  /** What is not exposed any more is reached by nobody, not even over a connection that is open. */
  #mappingsChanged(): void {
    for (const tunnel of [...this.#tunnels])
      if (!tunnel.isAllowed) {
        const { subaccountId, locationId, connectorId, service } = tunnel.grant
        this.#options.log.info('channel.withdrawn', { subaccountId, locationId, connectorId, service })
        tunnel.session.destroy()
      }
  }
}
