import { createServer, type Server, type TLSSocket } from 'node:tls'
import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import { ControlChannel, type ControlMessage, Session, tunnelAlpn } from '@landbridge/tunnel'
import type { TunnelGroup } from './tunnel-group.ts'
import type { TunnelTable } from './tunnel-table.ts'

export interface TunnelServerOptions {
  readonly host: string
  readonly port: number
  /** Server certificate and key (PEM), and the CA that issues connector certificates. */
  readonly cert: string
  readonly key: string
  readonly ca: string
  /** Refuse handshakes for another server name, or for none (strict SNI, guide L33204). */
  readonly onlyServerName?: string
  readonly table: TunnelTable
  /** Ping a connector after this silence; twice that, and its tunnel counts as lost. */
  readonly heartbeatMs?: number
  readonly clock: Clock
  readonly log: Log
}

const helloTimeoutMs = 10_000

/** Accepts the tunnels that connectors dial: mutual TLS, then a ticket that this proxy has asked for. */
export class TunnelServer {
  readonly #options: TunnelServerOptions
  readonly #server: Server
  readonly #sessions: Set<Session>

  constructor(options: TunnelServerOptions) {
    this.#options = options
    this.#sessions = new Set()
    this.#server = createServer(
      {
        cert: options.cert,
        key: options.key,
        ca: options.ca,
        requestCert: true,
        rejectUnauthorized: true,
        ALPNProtocols: [tunnelAlpn],
        minVersion: 'TLSv1.2',
        handshakeTimeout: helloTimeoutMs,
        SNICallback: (name, done) => done(this.#serves(name) ? null : new Error('another server name'), undefined),
      },
      (socket) => this.#connected(socket),
    )
    this.#server.on('tlsClientError', (cause, socket) => {
      // A refused certificate reaches us as a broken connection; why it was refused stands on the socket, as a text.
      const refusal = String(socket.authorizationError ?? '')
      const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
      options.log.info('tunnel.handshake-failed', { remote: socket.remoteAddress ?? '', reason: refusal || code })
    })
  }

  /** @returns the port. @throws PlatformError PORT_IN_USE */
  listen(): Promise<number> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause) => reject(portError(cause, host, port)))
      this.#server.listen(port, host, () => resolve((this.#server.address() as { port: number }).port))
    })
  }

  async close(): Promise<void> {
    for (const session of [...this.#sessions]) session.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #serves(name: string | false | null | undefined): boolean {
    const { onlyServerName } = this.#options
    return onlyServerName === undefined || String(name).toLowerCase() === onlyServerName.toLowerCase()
  }

  #connected(socket: TLSSocket): void {
    // A client that names no server was not asked for a name during the handshake.
    if (!this.#serves(socket.servername) || socket.alpnProtocol !== tunnelAlpn) return void socket.destroy()
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) return void socket.destroy()
    const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
    const { table, clock, log, heartbeatMs } = this.#options
    let settled = false
    const session = new Session(socket, {
      role: 'server',
      clock,
      ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
      accept: (stream) => {
        if (settled) return null
        settled = true
        const channel = ControlChannel.accept(stream)
        channel.onMessage = (message) => {
          channel.onMessage = () => {}
          cancel()
          this.#hello(session, channel, message, subjectOf(certificate.subject), fingerprint)
        }
        return channel
      },
      closed: () => {
        cancel()
        this.#sessions.delete(session)
        table.sessionClosed(session)
      },
    })
    this.#sessions.add(session)
    const cancel = clock.after(helloTimeoutMs, () => {
      log.info('tunnel.hello-missing', { remote: socket.remoteAddress ?? '' })
      session.destroy()
    })
  }

  #hello(
    session: Session,
    channel: ControlChannel,
    message: ControlMessage,
    subject: Subject,
    fingerprint: string,
  ): void {
    const { table, clock, log } = this.#options
    const verdict = this.#check(message, subject, fingerprint)
    const facts = { subaccount: subject.subaccountId, connectorId: subject.connectorId, fingerprint }
    if (typeof verdict === 'string') {
      log.warn('tunnel.refused', { ...facts, reason: verdict })
      channel.send({ type: 'refused', code: 'TUNNEL_REFUSED', title: verdict })
      channel.close()
      clock.after(1_000, () => session.destroy())
      return
    }
    channel.send({ type: 'tunnel-accepted' })
    const ticket = String(message.ticket)
    verdict.add({ session, connectorId: subject.connectorId, fingerprint, ticket, openedAtMs: clock.now() })
    log.info('tunnel.opened', { ...facts, locationId: verdict.locationId })
    if (table.isRevoked(fingerprint)) session.destroy()
  }

  /** The group that the tunnel belongs to, or why it is refused. */
  #check(message: ControlMessage, subject: Subject, fingerprint: string): TunnelGroup | string {
    const { table } = this.#options
    if (message.type !== 'tunnel-hello' || message.protocol !== 1) return 'the connector speaks another tunnel protocol'
    if (table.isRevoked(fingerprint)) return 'the certificate of the connector was revoked'
    const group = typeof message.ticket === 'string' ? table.redeem(message.ticket) : undefined
    if (group === undefined) return 'the ticket is unknown, expired or used already'
    // Identity comes from the handshake; the fields of the message must only agree with it.
    if (group.subaccountId !== subject.subaccountId) return 'the certificate belongs to another subaccount'
    if (message.connectorId !== subject.connectorId) return 'the certificate belongs to another connector'
    if (message.locationId !== group.locationId) return 'the ticket is for another location'
    return group
  }
}

interface Subject {
  readonly subaccountId: string
  readonly connectorId: string
}

/** CN is the subaccount and OU the connector (issued by the connectivity service in this form). */
function subjectOf(subject: string): Subject {
  const field = (name: string): string =>
    subject
      .split('\n')
      .find((line) => line.startsWith(`${name}=`))
      ?.slice(name.length + 1) ?? ''
  return { subaccountId: field('CN'), connectorId: field('OU') }
}

function portError(cause: Error, host: string, port: number): Error {
  const inUse = 'code' in cause && cause.code === 'EADDRINUSE'
  return inUse
    ? new PlatformError('PORT_IN_USE', { host, port, setting: 'servers.businessDataTunnel.port' }, { cause })
    : cause
}
