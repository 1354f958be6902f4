import { type Clock, randomSecret } from '@landbridge/kernel'
import type { Session } from '@landbridge/tunnel'
import { type Tunnel, TunnelGroup } from './tunnel-group.ts'

/** Where connectors shall dial to reach this proxy, and how it is called. */
export interface ProxyAddress {
  readonly host: string
  readonly port: number
  readonly serverName: string
  readonly proxyId: string
  readonly displayName: string
}

export interface TunnelRequestMessage extends ProxyAddress {
  readonly subaccountId: string
  readonly locationId: string
  readonly ticket: string
}

/**
 * The connectivity service as the proxy needs it.
 * @throws PlatformError CONNECTOR_NOT_CONNECTED or CONNECTIVITY_SERVICE_UNREACHABLE
 */
export interface TunnelBroker {
  requestTunnel(request: TunnelRequestMessage, callerToken: string): Promise<void>
}

interface Ticket {
  readonly group: TunnelGroup
  readonly validUntilMs: number
  uses: number
}

const ticketLifeMs = 15_000
/** One opening may bring several connectors with several connections each. */
const maxTicketUses = 64

/** All tunnels of this proxy. Tickets are made here, so that only an opening that this proxy asked for is accepted. */
export class TunnelTable {
  readonly #broker: TunnelBroker
  readonly #clock: Clock
  readonly #groups: Map<string, TunnelGroup>
  readonly #tickets: Map<string, Ticket>
  readonly #revoked: Set<string>
  readonly #revokedListeners: Set<(fingerprint: string) => void>
  #address: ProxyAddress

  constructor(broker: TunnelBroker, address: ProxyAddress, clock: Clock) {
    this.#broker = broker
    this.#clock = clock
    this.#address = address
    this.#groups = new Map()
    this.#tickets = new Map()
    this.#revoked = new Set()
    this.#revokedListeners = new Set()
  }

  /** Where connectors reach this proxy. */
  get address(): ProxyAddress {
    return this.#address
  }

  /** The port is known only once the tunnel server listens. */
  announce(address: ProxyAddress): void {
    this.#address = address
  }

  group(subaccountId: string, locationId: string): TunnelGroup {
    const key = `${subaccountId}\n${locationId}`
    const known = this.#groups.get(key)
    if (known !== undefined) return known
    const group = new TunnelGroup(
      subaccountId,
      locationId,
      (id, location, token) => this.#request(id, location, token),
      this.#clock,
    )
    this.#groups.set(key, group)
    return group
  }

  /** The group that a ticket was made for; undefined when it is unknown, expired or used up. */
  redeem(ticket: string): TunnelGroup | undefined {
    const entry = this.#tickets.get(ticket)
    if (entry === undefined || entry.validUntilMs < this.#clock.now() || ++entry.uses > maxTicketUses) return undefined
    return entry.group
  }

  isRevoked(fingerprint: string): boolean {
    return this.#revoked.has(fingerprint)
  }

  /** From now on no tunnel with this certificate; those that are open end at once. */
  revoke(fingerprint: string): void {
    this.#revoked.add(fingerprint)
    for (const tunnel of this.tunnels()) if (tunnel.fingerprint === fingerprint) tunnel.session.destroy()
    for (const listener of this.#revokedListeners) listener(fingerprint)
  }

  /** Whoever else holds connections of connectors hears of revocations here. */
  onRevoked(listener: (fingerprint: string) => void): void {
    this.#revokedListeners.add(listener)
  }

  /**
   * A connector registered with the connectivity service. With tunnels open already, it is asked to share the load. With
   * callers waiting, it is asked as well: what was asked before it appeared may have gone to a session that is dead.
   */
  connectorConnected(subaccountId: string, locationId: string, connectorId: string): void {
    const group = this.#groups.get(`${subaccountId}\n${locationId}`)
    if (group === undefined) return
    group.connectorAppeared()
    if (group.tunnels.length === 0 && !group.isOpening) return
    if (group.tunnels.some((tunnel) => tunnel.connectorId === connectorId)) return
    this.#request(subaccountId, locationId, '').catch(() => {})
  }

  *tunnels(): Iterable<Tunnel> {
    for (const group of this.#groups.values()) yield* [...group.tunnels]
  }

  drain(): void {
    for (const tunnel of this.tunnels()) tunnel.session.drain()
  }

  close(): void {
    for (const tunnel of this.tunnels()) tunnel.session.destroy()
  }

  sessionClosed(session: Session): void {
    for (const group of this.#groups.values()) group.remove(session)
  }

  async #request(subaccountId: string, locationId: string, callerToken: string): Promise<string> {
    const nowMs = this.#clock.now()
    for (const [key, entry] of this.#tickets) if (entry.validUntilMs < nowMs) this.#tickets.delete(key)
    const ticket = randomSecret(32)
    const group = this.group(subaccountId, locationId)
    this.#tickets.set(ticket, { group, validUntilMs: nowMs + ticketLifeMs, uses: 0 })
    await this.#broker.requestTunnel({ ...this.#address, subaccountId, locationId, ticket }, callerToken)
    return ticket
  }
}
