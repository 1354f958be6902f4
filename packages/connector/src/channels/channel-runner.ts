import type { Socket } from 'node:net'
import { type Clock, jitteredBackoffMs, type Log, PlatformError } from '@landbridge/kernel'
import type { Session } from '@landbridge/tunnel'
import type { TunnelLink } from '../link/tunnel-link.ts'
import { ChannelClient } from './channel-client.ts'
import { ChannelListener } from './channel-listener.ts'
import { channelFailureText } from './channel-requests.ts'
import { type ChannelSpec, type ChannelStatus, sameTarget } from './channel-spec.ts'

/** What a channel learns of a tunnel connection that it got. */
export interface ChannelTunnelEvents {
  readonly closed: (link: TunnelLink, cause?: Error) => void
  /** The cloud side takes no new streams on it. */
  readonly draining: (link: TunnelLink) => void
}

export interface ChannelRunnerOptions {
  /** Address of the local port. */
  readonly bindAddress: string
  /** Gets a tunnel connection for the channel. @throws PlatformError */
  readonly dial: (spec: ChannelSpec, events: ChannelTunnelEvents) => Promise<TunnelLink>
  readonly clock: Clock
  readonly log: Log
}

const backoffBaseMs = 250
/** What stands in the way, a mapping to be written above all, is put right by people who then want to see it work. */
const backoffCapMs = 3_000
/** Handshakes at a time; a channel of many connections must not storm the cloud side. */
const maxDialling = 4
/** A connection that lived this long was a success: its loss is no sign of a quarrel. */
const settledMs = 5_000
/** A client that comes while the tunnel is being opened anew waits this long. */
const clientWaitMs = 10_000

interface Waiting {
  readonly socket: Socket
  readonly cancel: () => void
}

/**
 * One enabled service channel: its local port, its tunnel connections, and the clients that share them. What breaks is
 * opened again until `close`.
 */
export class ChannelRunner {
  readonly #options: ChannelRunnerOptions
  #spec: ChannelSpec
  #listener: ChannelListener | null
  readonly #live: Set<TunnelLink>
  /** Connections that carry what they have, and nothing new. */
  readonly #leaving: Set<TunnelLink>
  readonly #waiting: Set<Waiting>
  readonly #clients: Set<ChannelClient>
  /** Payload of clients that are gone. */
  #formerReceived: number
  #formerSent: number
  /** Changes with the target: a connection that was asked for before is not wanted any more. */
  #generation: number
  #dialling: number
  /** The opening of the port that is under way; another one is not wanted any more. */
  #binding: symbol | null
  #failures: number
  #cancelRetry: (() => void) | null
  #connectedSinceMs: number
  #lastError: string | undefined
  #isClosed: boolean
  #settled: (() => void)[]

  constructor(spec: ChannelSpec, options: ChannelRunnerOptions) {
    this.#options = options
    this.#spec = spec
    this.#listener = null
    this.#live = new Set()
    this.#leaving = new Set()
    this.#waiting = new Set()
    this.#clients = new Set()
    this.#formerReceived = 0
    this.#formerSent = 0
    this.#generation = 0
    this.#dialling = 0
    this.#binding = null
    this.#failures = 0
    this.#cancelRetry = null
    this.#connectedSinceMs = 0
    this.#lastError = undefined
    this.#isClosed = false
    this.#settled = []
  }

  get spec(): ChannelSpec {
    return this.#spec
  }

  status(): ChannelStatus {
    const connected = this.#listener !== null && this.#live.size > 0
    let bytesReceived = this.#formerReceived
    let bytesSent = this.#formerSent
    for (const client of this.#clients) {
      bytesReceived += client.bytesReceived
      bytesSent += client.bytesSent
    }
    return {
      connected,
      openedConnections: this.#live.size,
      clients: this.#clients.size,
      bytesReceived,
      bytesSent,
      connectedSinceMs: this.#connectedSinceMs,
      ...(connected || this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    }
  }

  /**
   * Opens port and tunnel for the first time; further connections follow in the background.
   * @throws PlatformError CHANNEL_PORT_UNAVAILABLE, another CHANNEL code, or one of a dial that failed: close it then
   */
  async open(): Promise<void> {
    await this.#bind()
    await this.#dial()
    if (this.#isClosed) throw new PlatformError('CHANNEL_CLOSED')
    this.keepUp()
  }

  /** Resolves when the channel is connected, has failed once, or is closed. */
  settled(): Promise<void> {
    if (this.#isClosed || this.status().connected) return Promise.resolve()
    return new Promise((resolve) => this.#settled.push(resolve))
  }

  /** Opens what is missing. Called when there is hope: at the start, by the timer, for a client, after a reconnect. */
  keepUp(): void {
    if (this.#isClosed) return
    this.#cancelRetry?.()
    this.#cancelRetry = null
    if (this.#listener === null && this.#binding === null)
      this.#bind().catch((failure: unknown) => this.#failed(failure))
    // While none stands, one attempt tells as much as many.
    const most = this.#live.size === 0 ? 1 : maxDialling
    while (this.#live.size + this.#dialling < this.#spec.connections && this.#dialling < most)
      this.#dial().then(
        () => this.keepUp(),
        (failure: unknown) => this.#failed(failure),
      )
  }

  /** Takes over changed settings; what they do not concern stays open. */
  configure(spec: ChannelSpec): void {
    const before = this.#spec
    this.#spec = spec
    if (before.port !== spec.port || !sameTarget(before, spec)) {
      this.#drop()
      this.#connectedSinceMs = 0
    } else for (const link of [...this.#live].slice(spec.connections)) this.#leave(link)
    this.#failures = 0
    this.keepUp()
  }

  /** The subaccount has another identity towards the cloud: connections are made anew, clients keep theirs. */
  renew(): void {
    this.#generation++
    this.#dialling = 0
    for (const link of [...this.#live]) this.#leave(link)
    this.keepUp()
  }

  close(): void {
    this.#isClosed = true
    this.#cancelRetry?.()
    this.#drop()
    this.#tellSettled()
  }

  #drop(): void {
    this.#generation++
    this.#dialling = 0
    this.#binding = null
    this.#listener?.close()
    this.#listener = null
    for (const waiting of [...this.#waiting]) this.#giveUp(waiting)
    for (const link of [...this.#live, ...this.#leaving]) link.session.destroy()
    this.#live.clear()
    this.#leaving.clear()
  }

  async #bind(): Promise<void> {
    const binding = Symbol('binding')
    this.#binding = binding
    try {
      const { bindAddress } = this.#options
      const listener = await ChannelListener.open(bindAddress, this.#spec.port, (socket) => this.#accept(socket))
      if (this.#binding === binding) this.#listener = listener
      else listener.close()
    } finally {
      if (this.#binding === binding) this.#binding = null
    }
    if (this.status().connected) this.#tellSettled()
  }

  async #dial(): Promise<void> {
    const generation = this.#generation
    const isCurrent = (): boolean => generation === this.#generation && !this.#isClosed
    this.#dialling++
    try {
      const link = await this.#options.dial(this.#spec, {
        closed: (closed, cause) => this.#lost(closed, cause),
        draining: (draining) => this.#leave(draining),
      })
      if (!isCurrent()) return link.session.destroy()
      if (link.session.isClosed) throw new PlatformError('TUNNEL_LOST')
      this.#live.add(link)
    } finally {
      if (isCurrent()) this.#dialling--
    }
    const { clock, log } = this.#options
    this.#failures = 0
    this.#lastError = undefined
    if (this.#connectedSinceMs === 0) this.#connectedSinceMs = clock.now()
    log.info('channel.connected', { ...this.#facts(), connections: this.#live.size })
    if (this.#live.size > this.#spec.connections)
      for (const surplus of [...this.#live].slice(this.#spec.connections)) this.#leave(surplus)
    for (const waiting of [...this.#waiting]) this.#serve(waiting)
    if (this.#listener !== null) this.#tellSettled()
  }

  #failed(failure: unknown): void {
    if (this.#isClosed) return
    const reason = channelFailureText(failure)
    // Repeating failures are logged when they change, not each time.
    if (reason !== this.#lastError) this.#options.log.warn('channel.failed', { ...this.#facts(), reason })
    this.#lastError = reason
    this.#tellSettled()
    if (this.#cancelRetry !== null) return
    const waitMs = jitteredBackoffMs(this.#failures++, backoffBaseMs, backoffCapMs)
    this.#cancelRetry = this.#options.clock.after(waitMs, () => this.keepUp())
  }

  #lost(link: TunnelLink, cause?: Error): void {
    this.#leaving.delete(link)
    if (!this.#live.delete(link) || this.#isClosed) return
    const reason = cause?.message ?? 'the cloud side closed the connection'
    this.#options.log.warn('channel.lost', { ...this.#facts(), connections: this.#live.size, reason })
    // A cloud side that takes tunnels and drops them is not stormed.
    if (this.#options.clock.now() - link.openedAtMs < settledMs) this.#failed(new Error(reason))
    else {
      if (this.#live.size === 0) this.#lastError = reason
      this.keepUp()
    }
  }

  /** Ends a connection gently: clients keep theirs, new ones get another. */
  #leave(link: TunnelLink): void {
    if (!this.#live.delete(link)) return
    this.#leaving.add(link)
    link.session.drain()
    if (!this.#isClosed) this.keepUp()
  }

  #accept(socket: Socket): void {
    const waiting: Waiting = {
      socket,
      cancel: this.#options.clock.after(clientWaitMs, () => {
        this.#options.log.warn('channel.client-refused', { ...this.#facts(), reason: this.#lastError ?? 'no tunnel' })
        this.#giveUp(waiting)
      }),
    }
    this.#waiting.add(waiting)
    this.#serve(waiting)
    if (this.#waiting.has(waiting) && this.#dialling === 0) this.keepUp()
  }

  #serve(waiting: Waiting): void {
    const { clock, log } = this.#options
    const { socket } = waiting
    const session = this.#pick()
    if (session === null) return
    waiting.cancel()
    this.#waiting.delete(waiting)
    if (socket.destroyed) return
    const client: ChannelClient = new ChannelClient({
      socket,
      session,
      log,
      after: (delayMs, run) => clock.after(delayMs, run),
      over: (refusal) => {
        this.#clients.delete(client)
        this.#formerReceived += client.bytesReceived
        this.#formerSent += client.bytesSent
        if (refusal !== undefined) log.warn('channel.client-refused', { ...this.#facts(), reason: refusal })
      },
    })
    this.#clients.add(client)
  }

  /** The connection with the fewest clients. */
  #pick(): Session | null {
    let best: Session | null = null
    for (const { session } of this.#live)
      if (session.isUsable && (best === null || session.streamCount < best.streamCount)) best = session
    return best
  }

  #giveUp(waiting: Waiting): void {
    waiting.cancel()
    this.#waiting.delete(waiting)
    waiting.socket.resetAndDestroy()
  }

  #tellSettled(): void {
    for (const resolve of this.#settled.splice(0)) resolve()
  }

  #facts() {
    const { id, kind, host, service, port } = this.#spec
    return { channel: id, kind, host, service, port }
  }
}
