import type { Clock, Log } from '@landbridge/kernel'
import type { ConnectorEvent, ConnectorPlace } from '../connectors/bus-message.ts'
import type { ChannelRefusalCode, OfferedService } from '../connectors/channel-request.ts'
import { type ConnectorHub, channelRefused } from '../connectors/connector-hub.ts'
import type { ConnectorRepository } from '../repository.ts'
import { ticketDigest } from './ticket-digest.ts'
import type { ChosenConnector, TunnelAttempt, TunnelRequest } from './tunnel-request.ts'

export interface TunnelBrokerOptions {
  readonly repository: ConnectorRepository
  readonly hub: ConnectorHub
  readonly clock: Clock
  readonly log: Log
  /** A connector that has not reported by then counts as failed (connectivity-proxy 3.4). */
  readonly timeoutMs?: number
  /** Attempts kept for diagnosis, over all subaccounts. */
  readonly maxAttempts?: number
}

interface OpenAttempt {
  attempt: TunnelAttempt
  cancel: () => void
}

/** Finds the connectors for a tunnel request, tells them to dial, and remembers how it went. */
export class TunnelBroker {
  readonly #options: TunnelBrokerOptions
  readonly #timeoutMs: number
  readonly #maxAttempts: number
  /** By ticket digest and connector, in order of their start. */
  readonly #attempts: Map<string, OpenAttempt>
  readonly #unsubscribe: () => void

  constructor(options: TunnelBrokerOptions) {
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? 10_000
    this.#maxAttempts = options.maxAttempts ?? 1_000
    this.#attempts = new Map()
    this.#unsubscribe = options.hub.subscribe((event) => this.#heard(event))
  }

  /**
   * Sends `open-tunnel` to every healthy connector of the location: one, or all that share its load. The tunnel of a
   * service channel goes to the connector that wants it.
   * @returns the connectors that were told; empty when none is connected there.
   */
  async open(request: TunnelRequest): Promise<readonly ChosenConnector[]> {
    const { subaccountId, locationId, channel } = request
    const sessions = await this.#sessions(subaccountId, locationId, channel?.connectorId)
    const { ticket, host, port, serverName, proxyId, displayName } = request
    const message = { type: 'open-tunnel', ticket, host, port, serverName, proxyId, displayName }
    for (const session of sessions) {
      // The connector asked by itself: whether it dials is its business, and nothing to remember here.
      if (channel === undefined) this.#begin(request, session.connectorId)
      this.#options.hub.deliver(session, channel === undefined ? message : { ...message, channel: channel.request })
    }
    return sessions.map(({ connectorId, version, fingerprint, connectedSinceMs }) => ({
      connectorId,
      version,
      fingerprint,
      connectedSinceMs,
    }))
  }

  /** Tells a connector why a proxy will not serve its service channel. One that has left is not told. */
  async refuseChannel(place: ConnectorPlace, request: string, code: ChannelRefusalCode): Promise<void> {
    const sessions = await this.#sessions(place.subaccountId, place.locationId, place.connectorId)
    for (const session of sessions) this.#options.hub.deliver(session, channelRefused(request, code))
  }

  /** Tells a connector which services a proxy would let it reach. */
  async offerServices(place: ConnectorPlace, request: string, services: readonly OfferedService[]): Promise<void> {
    const sessions = await this.#sessions(place.subaccountId, place.locationId, place.connectorId)
    for (const session of sessions) this.#options.hub.deliver(session, { type: 'services', request, services })
  }

  /** Latest attempts of a subaccount, newest first. */
  attempts(subaccountId: string): readonly TunnelAttempt[] {
    return [...this.#attempts.values()]
      .map((open) => open.attempt)
      .filter((attempt) => attempt.subaccountId === subaccountId)
      .toReversed()
  }

  close(): void {
    this.#unsubscribe()
    for (const open of this.#attempts.values()) open.cancel()
    this.#attempts.clear()
  }

  async #sessions(subaccountId: string, locationId: string, connectorId?: string) {
    const { repository, clock } = this.#options
    const sessions = await repository.listSessions(clock.now(), { subaccountId, locationId })
    return sessions.filter((session) => connectorId === undefined || session.connectorId === connectorId)
  }

  #begin(request: TunnelRequest, connectorId: string): void {
    const digest = ticketDigest(request.ticket)
    const key = `${digest} ${connectorId}`
    this.#attempts.get(key)?.cancel()
    this.#attempts.set(key, {
      attempt: {
        subaccountId: request.subaccountId,
        locationId: request.locationId,
        connectorId,
        ticketDigest: digest,
        displayName: request.displayName,
        atMs: this.#options.clock.now(),
        state: 'pending',
        reason: '',
      },
      cancel: this.#options.clock.after(this.#timeoutMs, () =>
        this.#finish(key, false, `the connector did not report within ${this.#timeoutMs} ms`),
      ),
    })
    for (const [oldest, open] of this.#attempts) {
      if (this.#attempts.size <= this.#maxAttempts) break
      open.cancel()
      this.#attempts.delete(oldest)
    }
  }

  #heard(event: ConnectorEvent): void {
    if (event.type !== 'tunnel-result') return
    this.#finish(`${event.ticketDigest} ${event.connectorId}`, event.ok, event.reason)
  }

  #finish(key: string, isOpened: boolean, reason: string): void {
    const open = this.#attempts.get(key)
    if (open === undefined || open.attempt.state !== 'pending') return
    open.cancel()
    open.attempt = { ...open.attempt, state: isOpened ? 'opened' : 'failed', reason }
    if (isOpened) return
    const { subaccountId, locationId, connectorId } = open.attempt
    this.#options.log.warn('tunnel.open-failed', { subaccountId, locationId, connectorId, reason })
  }
}
