import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import { ControlChannel, type ControlMessage, Session, tunnelAlpn } from '@landbridge/tunnel'
import { toldDescription } from '../configuration/description.ts'
import { dialTls } from '../dial/dial-tls.ts'
import type { HttpsProxy, SubaccountRuntime } from '../runtime-port.ts'

/** What the cloud side shows of the installation besides its connections. */
export interface ConnectorAbout {
  readonly connectorDescription: string
  readonly haRole: string
}

export interface ControlLinkOptions {
  readonly subaccount: SubaccountRuntime
  readonly connectorId: string
  readonly version: string
  readonly about: ConnectorAbout
  readonly httpsProxy: HttpsProxy | undefined
  readonly heartbeatMs: number
  readonly clock: Clock
  readonly log: Log
  /** Messages after the welcome. */
  readonly message: (message: ControlMessage) => void
  /** The session ended after the welcome. */
  readonly closed: (cause?: Error) => void
  readonly signal: AbortSignal
}

const dialTimeoutMs = 10_000
const welcomeTimeoutMs = 10_000

/** The permanent connection to the notification host, on which the cloud asks for tunnels. */
export class ControlLink {
  readonly #session: Session
  readonly #channel: ControlChannel

  private constructor(session: Session, channel: ControlChannel) {
    this.#session = session
    this.#channel = channel
  }

  /**
   * Connects and registers the connector.
   * @throws PlatformError CONTROL_REFUSED with the cloud's reason, or one of dialTls.
   */
  static async open(options: ControlLinkOptions): Promise<ControlLink> {
    const { subaccount, clock } = options
    const { endpoint } = subaccount
    const socket = await dialTls({
      serverName: endpoint.notificationHost,
      port: endpoint.port,
      ca: endpoint.ca,
      clientCertificate: { cert: subaccount.certificate, key: subaccount.privateKey },
      alpn: [tunnelAlpn],
      timeoutMs: dialTimeoutMs,
      signal: options.signal,
      ...(endpoint.address === undefined ? {} : { address: endpoint.address }),
      ...(options.httpsProxy === undefined ? {} : { proxy: options.httpsProxy }),
    })
    let closed: (cause?: Error) => void = () => {}
    const session = new Session(socket, {
      role: 'client',
      clock,
      accept: () => null,
      closed: (cause) => closed(cause),
      heartbeatMs: options.heartbeatMs,
    })
    const channel = await new Promise<ControlChannel>((resolve, reject) => {
      const fail = (cause?: Error): void => {
        stop()
        reject(cause ?? new PlatformError('TUNNEL_LOST'))
        session.destroy()
      }
      const stop = clock.after(welcomeTimeoutMs, () => fail(new PlatformError('TUNNEL_TIMEOUT')))
      closed = fail
      const opened = ControlChannel.open(session)
      opened.onClose = () => session.destroy()
      opened.onMessage = (message) => {
        if (message.type !== 'welcome') return fail(refusal(message))
        stop()
        closed = options.closed
        opened.onMessage = options.message
        resolve(opened)
      }
      opened.send({
        type: 'hello',
        protocol: 1,
        version: options.version,
        connectorId: options.connectorId,
        subaccountId: subaccount.subaccountId,
        locationId: subaccount.locationId,
        description: toldDescription(subaccount.description),
        loadSharing: subaccount.loadSharing,
        ...options.about,
      })
    })
    return new ControlLink(session, channel)
  }

  /** The session may end between the welcome and the moment its owner gets this object. */
  get isClosed(): boolean {
    return this.#session.isClosed
  }

  send(message: ControlMessage): void {
    this.#channel.send(message)
  }

  close(): void {
    this.#session.destroy()
  }
}

function refusal(message: ControlMessage): PlatformError {
  const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 500) : '')
  return new PlatformError('CONTROL_REFUSED', {
    reason: text(message.title) || text(message.code),
    advice: text(message.remedy),
    permanent: message.retry === 'never',
    refusal: text(message.code),
  })
}
