import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import { ControlChannel, ReceivedTokens, Session, tunnelAlpn } from '@landbridge/tunnel'
import { dialTls } from '../dial/dial-tls.ts'
import type { HttpsProxy, SubaccountRuntime } from '../runtime-port.ts'
import type { AcceptorSlot } from '../trace/traced-acceptor.ts'

/** The cloud's request to open a tunnel to one of its proxies. */
export interface TunnelRequest {
  readonly ticket: string
  readonly host: string
  readonly port: number
  readonly serverName: string
  readonly proxyId: string
  readonly displayName: string
}

export interface TunnelLinkOptions {
  readonly request: TunnelRequest
  readonly subaccount: SubaccountRuntime
  readonly connectorId: string
  readonly version: string
  readonly httpsProxy: HttpsProxy | undefined
  readonly heartbeatMs: number
  /** Serves the streams that the cloud side opens; null on a service channel, where it opens none. */
  readonly acceptor: AcceptorSlot | null
  readonly clock: Clock
  readonly log: Log
  readonly closed: (link: TunnelLink, cause?: Error) => void
  /** The cloud side wants no new streams on it. */
  readonly draining?: (link: TunnelLink) => void
  /** The session is over, whatever became of the link. */
  readonly sessionGone?: (session: Session) => void
  readonly signal: AbortSignal
}

const dialTimeoutMs = 10_000
const acceptTimeoutMs = 10_000

/** One physical tunnel connection to a proxy of the cloud side, which opens streams on it. */
export class TunnelLink {
  readonly displayName: string
  readonly proxyId: string
  readonly openedAtMs: number
  /** The other end as this one sees it, a proxy on the way included: `address:port`. */
  readonly peer: string
  readonly session: Session

  private constructor(options: TunnelLinkOptions, session: Session) {
    this.displayName = options.request.displayName
    this.proxyId = options.request.proxyId
    this.openedAtMs = options.clock.now()
    const { remoteAddress = '', remotePort = 0 } = session.socket
    this.peer = `${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`
    this.session = session
  }

  /**
   * Dials the proxy, shows the ticket and waits until it is accepted.
   * @throws PlatformError TUNNEL_LOST, TUNNEL_TIMEOUT, TUNNEL_REFUSED or one of dialTls.
   */
  static async open(options: TunnelLinkOptions): Promise<TunnelLink> {
    const { request, subaccount, clock } = options
    const socket = await dialTls({
      serverName: request.serverName,
      address: request.host,
      port: request.port,
      ca: subaccount.endpoint.ca,
      clientCertificate: { cert: subaccount.certificate, key: subaccount.privateKey },
      alpn: [tunnelAlpn],
      timeoutMs: dialTimeoutMs,
      signal: options.signal,
      ...(options.httpsProxy === undefined ? {} : { proxy: options.httpsProxy }),
    })
    let link: TunnelLink | null = null
    let lost: (cause?: Error) => void = () => {}
    const session = new Session(socket, {
      role: 'client',
      clock,
      heartbeatMs: options.heartbeatMs,
      accept: () => (options.acceptor === null ? null : options.acceptor.current),
      draining: () => {
        if (link !== null) options.draining?.(link)
      },
      closed: (cause) => {
        options.sessionGone?.(session)
        if (link === null) lost(cause)
        else options.closed(link, cause)
      },
    })
    await hello(session, options, (fail) => {
      lost = fail
    })
    link = new TunnelLink(options, session)
    return link
  }
}

function hello(
  session: Session,
  options: TunnelLinkOptions,
  onLost: (fail: (cause?: Error) => void) => void,
): Promise<void> {
  const { request, subaccount, clock } = options
  return new Promise((resolve, reject) => {
    const fail = (cause?: Error): void => {
      stop()
      reject(cause ?? new PlatformError('TUNNEL_LOST'))
      session.destroy()
    }
    const stop = clock.after(acceptTimeoutMs, () => fail(new PlatformError('TUNNEL_TIMEOUT')))
    onLost(fail)
    const channel = ControlChannel.open(session)
    channel.onMessage = (message) => {
      if (message.type !== 'tunnel-accepted')
        return fail(new PlatformError('TUNNEL_REFUSED', { reason: String(message.title ?? message.code ?? '') }))
      stop()
      if (message.tokenReferences === true) session.receivedTokens = new ReceivedTokens()
      // Nothing more is said on it; left open, it would keep a drained tunnel from ending.
      channel.close()
      resolve()
    }
    channel.send({
      type: 'tunnel-hello',
      protocol: 1,
      ticket: request.ticket,
      connectorId: options.connectorId,
      version: options.version,
      subaccountId: subaccount.subaccountId,
      locationId: subaccount.locationId,
      // On a service channel the cloud side opens no streams.
      ...(options.acceptor === null ? {} : { tokenReferences: true }),
      ...(subaccount.bindsClients === true && options.acceptor !== null ? { clientConnections: true } : {}),
    })
  })
}
