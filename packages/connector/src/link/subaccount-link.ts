import { type Clock, jitteredBackoffMs, type Log, PlatformError } from '@landbridge/kernel'
import type { ControlMessage, Session } from '@landbridge/tunnel'
import { ChannelRequests } from '../channels/channel-requests.ts'
import type { ChannelTunnelEvents } from '../channels/channel-runner.ts'
import type { ChannelSpec } from '../channels/channel-spec.ts'
import { type AvailableService, ServiceQuestions } from '../channels/service-questions.ts'
import type {
  ApplicationConnection,
  ConnectFailure,
  HttpsProxy,
  SubaccountRuntime,
  TunnelStatus,
} from '../runtime-port.ts'
import type { AcceptorSlot } from '../trace/traced-acceptor.ts'
import { type ConnectorAbout, ControlLink } from './control-link.ts'
import { TunnelLink, type TunnelRequest } from './tunnel-link.ts'

export interface SubaccountLinkOptions {
  readonly connectorId: string
  readonly version: string
  readonly about: ConnectorAbout
  readonly httpsProxy: HttpsProxy | undefined
  readonly acceptor: AcceptorSlot
  readonly heartbeatMs: number
  readonly clock: Clock
  readonly log: Log
  readonly sessionGone: (session: Session) => void
  readonly trustChanged: () => void
  /** The control session stands, for the first time or again. */
  readonly connected: () => void
}

const backoffBaseMs = 250
/** A cloud side that is away is asked often: whoever restarts it wants to see the tunnels back within two seconds. */
const awayCapMs = 1_500
/** One that answers and refuses has to be put right by somebody first. */
const refusedCapMs = 15_000
/** A session that lived this long was a success: its loss is no sign of a quarrel, such as two agents with one identity. */
const settledMs = 30_000
/**
 * Tunnel connections of a subaccount, those that are being opened included. Each costs a file of the process: one cloud
 * side that asks without end must not take them from the other subaccounts.
 */
const maxTunnels = 512

/** Keeps one subaccount connected: the control session, and the tunnels that the cloud asks for. */
export class SubaccountLink {
  readonly #subaccount: SubaccountRuntime
  readonly #options: SubaccountLinkOptions
  readonly #stopped: AbortController
  /** Another link takes over: this one keeps what it has and connects no more. */
  readonly #superseded: AbortController
  readonly #tunnels: Set<TunnelLink>
  /** Tunnels that are being opened. */
  #opening: number
  readonly #channels: ChannelRequests
  readonly #questions: ServiceQuestions
  #about: ConnectorAbout
  /** What the present control session was told. */
  #told: ConnectorAbout
  #control: ControlLink | null
  #connectedSinceMs: number
  /** Attempts in a row that failed, and sessions in a row that were lost soon. */
  #failures: number
  #shortLives: number
  #cancelRetry: () => void
  #hasFailed: boolean
  #lastError: string | undefined
  #failure: ConnectFailure | undefined

  constructor(subaccount: SubaccountRuntime, options: SubaccountLinkOptions) {
    this.#subaccount = subaccount
    this.#options = options
    this.#stopped = new AbortController()
    this.#superseded = new AbortController()
    this.#tunnels = new Set()
    this.#opening = 0
    this.#channels = new ChannelRequests(options.clock)
    this.#questions = new ServiceQuestions(options.clock)
    this.#about = options.about
    this.#told = options.about
    this.#control = null
    this.#connectedSinceMs = 0
    this.#failures = 0
    this.#shortLives = 0
    this.#cancelRetry = () => {}
    this.#hasFailed = false
    this.#lastError = undefined
    this.#failure = undefined
    void this.#connect()
  }

  status(): TunnelStatus {
    const byName = Map.groupBy(this.#tunnels, ({ displayName }) => displayName)
    const applicationConnections: ApplicationConnection[] = Array.from(byName, ([name, tunnels]) => ({
      connectionCount: tunnels.length,
      name,
      type: 'JAVA',
      connectedSinceMs: Math.min(...tunnels.map(({ openedAtMs }) => openedAtMs)),
      peers: tunnels.map(({ peer }) => peer),
    }))
    return {
      state: this.#control !== null ? 'Connected' : this.#hasFailed ? 'ConnectFailure' : 'Disconnected',
      connectedSinceMs: this.#control === null ? 0 : this.#connectedSinceMs,
      connections: this.#tunnels.size,
      applicationConnections,
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
    }
  }

  /** Tells the cloud side what changed about the installation, now or when it is connected. */
  describe(about: ConnectorAbout): void {
    this.#about = about
    const { connectorDescription, haRole } = this.#told
    if (this.#control === null) return
    if (about.connectorDescription === connectorDescription && about.haRole === haRole) return
    this.#told = about
    this.#control.send({ type: 'about', ...about })
  }

  /**
   * Gets a tunnel connection for a service channel, from whichever proxy grants it. It belongs to the caller.
   * @throws PlatformError CHANNEL_*, or what `TunnelLink.open` throws
   */
  async openChannel(spec: ChannelSpec, events: ChannelTunnelEvents): Promise<TunnelLink> {
    const control = this.#control
    if (control === null) throw new PlatformError('CHANNEL_CLOUD_AWAY')
    const request = toRequest(await this.#channels.ask(spec, (message) => control.send(message)))
    if (request === null) throw new PlatformError('CHANNEL_NO_ANSWER')
    return TunnelLink.open({
      ...this.#options,
      ...events,
      acceptor: null,
      request,
      subaccount: this.#subaccount,
      signal: this.#stopped.signal,
    })
  }

  /**
   * Another link with a new certificate is to take over. Until it stands, this one serves on: `drain` it then. It does
   * not come back by itself, or the two would drive each other away.
   */
  supersede(): void {
    this.#superseded.abort()
    this.#cancelRetry()
  }

  /** Tells the cloud side something, if it is there now. */
  tell(message: ControlMessage): void {
    this.#control?.send(message)
  }

  /** Asks the cloud side what channels of a type could lead to. @throws PlatformError CHANNEL_CLOUD_AWAY, CHANNEL_NO_ANSWER */
  async availableServices(kind: string): Promise<readonly AvailableService[]> {
    const control = this.#control
    if (control === null) throw new PlatformError('CHANNEL_CLOUD_AWAY')
    return this.#questions.ask(kind, (message) => control.send(message))
  }

  /** Ends everything at once; open requests break. */
  close(): void {
    this.#stop()
    for (const tunnel of [...this.#tunnels]) tunnel.session.destroy()
  }

  /** Ends the tunnels as soon as their open requests are done. */
  drain(): void {
    this.#stop()
    for (const tunnel of [...this.#tunnels]) tunnel.session.drain()
  }

  get #isLeaving(): boolean {
    return this.#stopped.signal.aborted || this.#superseded.signal.aborted
  }

  #stop(): void {
    this.#stopped.abort()
    this.#cancelRetry()
    this.#control?.close()
    this.#control = null
    this.#channels.lost()
    this.#questions.lost()
  }

  async #connect(): Promise<void> {
    const { log, clock } = this.#options
    let control: ControlLink
    const told = this.#about
    try {
      control = await ControlLink.open({
        ...this.#options,
        about: told,
        subaccount: this.#subaccount,
        signal: AbortSignal.any([this.#stopped.signal, this.#superseded.signal]),
        message: (message) => this.#message(message),
        closed: (cause) => this.#lost(cause),
      })
    } catch (failure) {
      return this.#failed(failure)
    }
    if (this.#isLeaving) return control.close()
    // Ended right behind its welcome: `#lost` was told and connects again.
    if (control.isClosed) return
    this.#control = control
    this.#told = told
    this.#connectedSinceMs = clock.now()
    this.#failures = 0
    this.#hasFailed = false
    this.#lastError = undefined
    this.#failure = undefined
    log.info('cloud.connected', this.#facts())
    this.describe(this.#about)
    this.#options.connected()
  }

  #failed(failure: unknown): void {
    if (this.#isLeaving) return
    const { log, clock } = this.#options
    const reason = describe(failure)
    // Repeating failures are logged when they change, not each time.
    if (reason !== this.#lastError) log.warn('cloud.connect-failed', { ...this.#facts(), reason })
    this.#lastError = reason
    this.#failure = { code: codeOf(failure), ...refusalOf(failure), reason, atMs: clock.now() }
    this.#hasFailed = true
    this.#retry(this.#failures++, isAway(failure) ? awayCapMs : refusedCapMs)
  }

  #lost(cause?: Error): void {
    const { log, clock } = this.#options
    this.#control = null
    this.#channels.lost()
    this.#questions.lost()
    if (this.#isLeaving) return
    if (clock.now() - this.#connectedSinceMs > settledMs) this.#shortLives = 0
    this.#lastError = cause === undefined ? 'the cloud side closed the connection' : describe(cause)
    this.#failure = { code: codeOf(cause), reason: this.#lastError, atMs: clock.now() }
    log.warn('cloud.lost', { ...this.#facts(), reason: this.#lastError })
    this.#retry(this.#shortLives++, refusedCapMs)
  }

  #retry(attempt: number, capMs: number): void {
    const waitMs = jitteredBackoffMs(attempt, backoffBaseMs, capMs)
    this.#cancelRetry = this.#options.clock.after(waitMs, () => void this.#connect())
  }

  #message(message: ControlMessage): void {
    // What answers a wish for a service channel that nobody has any more is let go.
    if (message.type === 'open-tunnel' && message.channel !== undefined)
      this.#channels.granted(String(message.channel), message)
    else if (message.type === 'services') this.#questions.answered(message)
    else if (message.type === 'channel-refused') this.#channels.refused(message, this.#subaccount.locationId)
    else if (message.type === 'open-tunnel') {
      const request = toRequest(message)
      if (request !== null) void this.#openTunnels(request)
    } else if (message.type === 'trust-changed') this.#options.trustChanged()
    else if (message.type === 'revoked') {
      this.#lastError = 'the certificate of this subaccount was revoked'
      this.#options.log.error('cloud.revoked', this.#facts())
    }
  }

  async #openTunnels(request: TunnelRequest): Promise<void> {
    const { ticket } = request
    try {
      const { tunnelConnections, connectionLimits = [] } = this.#subaccount
      const limit = connectionLimits.find(({ applicationName }) => applicationName === request.displayName)
      const length = limit?.connections ?? tunnelConnections
      if (this.#tunnels.size + this.#opening + length > maxTunnels)
        throw new PlatformError('TUNNEL_FULL', { reason: `${maxTunnels} of one subaccount` })
      await Promise.all(Array.from({ length }, () => this.#openTunnel(request)))
      this.#control?.send({ type: 'tunnel-result', ticket, ok: true })
    } catch (failure) {
      const facts = { ...this.#facts(), proxy: request.displayName, reason: describe(failure) }
      this.#options.log.warn('tunnel.open-failed', facts)
      this.#control?.send({ type: 'tunnel-result', ticket, ok: false, reason: describe(failure, 'cloud') })
    }
  }

  async #openTunnel(request: TunnelRequest): Promise<void> {
    this.#opening += 1
    const link = await this.#dial(request).finally(() => {
      this.#opening -= 1
    })
    if (this.#stopped.signal.aborted) return link.session.destroy()
    if (link.session.isClosed) return
    this.#tunnels.add(link)
    this.#options.log.info('tunnel.opened', { ...this.#facts(), proxy: request.displayName })
  }

  #dial(request: TunnelRequest): Promise<TunnelLink> {
    return TunnelLink.open({
      ...this.#options,
      request,
      subaccount: this.#subaccount,
      signal: this.#stopped.signal,
      closed: (closed, cause) => {
        this.#tunnels.delete(closed)
        this.#options.log.info('tunnel.closed', {
          ...this.#facts(),
          proxy: closed.displayName,
          reason: cause?.message ?? '',
        })
      },
    })
  }

  #facts(): { subaccount: string; regionHost: string; locationId: string } {
    const { subaccountId: subaccount, regionHost, locationId } = this.#subaccount
    return { subaccount, regionHost, locationId }
  }
}

/** Nobody answered, as opposed to an answer that means no. */
function isAway(failure: unknown): boolean {
  if (!(failure instanceof PlatformError)) return false
  const { code, facts } = failure
  // An HTTPS proxy between answers in the place of the cloud side: 502, 503 or 504 (not 501: it does not know CONNECT).
  if (code === 'PROXY_REFUSED') return Number(facts.status) >= 502
  return away.has(code)
}

const away: ReadonlySet<string> = new Set(['CLOUD_UNREACHABLE', 'PROXY_UNREACHABLE', 'TUNNEL_LOST', 'TUNNEL_TIMEOUT'])

function codeOf(failure: unknown): string {
  return failure instanceof PlatformError ? failure.code : 'TUNNEL_LOST'
}

function refusalOf(failure: unknown): { refusal?: string } {
  const refusal = failure instanceof PlatformError ? failure.facts.refusal : undefined
  return typeof refusal === 'string' && refusal !== '' ? { refusal } : {}
}

/** The cloud side does not learn who signs certificates in this network. */
function describe(failure: unknown, reader: 'administrator' | 'cloud' = 'administrator'): string {
  if (failure instanceof PlatformError) {
    const { reason, issuer, advice } = failure.facts
    const signer = issuer === undefined || reader === 'cloud' ? undefined : `issued by ${issuer}`
    const told = [reason, signer, advice].filter(Boolean).join('; ')
    return told === '' ? failure.message : `${failure.message} (${told})`
  }
  return failure instanceof Error ? failure.message : 'failed'
}

function toRequest(message: ControlMessage): TunnelRequest | null {
  const { ticket, host, port, serverName, proxyId, displayName } = message
  if (typeof ticket !== 'string' || typeof host !== 'string' || typeof port !== 'number') return null
  return {
    ticket,
    host,
    port,
    serverName: typeof serverName === 'string' ? serverName : host,
    proxyId: typeof proxyId === 'string' ? proxyId : '',
    displayName: typeof displayName === 'string' ? displayName : '',
  }
}
