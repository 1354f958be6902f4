import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { type Clock, type Log, PlatformError } from '@landbridge/kernel'
import { ControlChannel, type ControlMessage, SentTokens, Session, tunnelAlpn } from '@landbridge/tunnel'
import type { ChannelDesk } from '../channels/channel-desk.ts'
import type { ChannelGrant, ChannelTunnel } from '../channels/channel-tunnel.ts'
import { clientEnds } from './client-ends.ts'
import type { TunnelHandshake } from './handshake-audit.ts'
import { TunnelGroup } from './tunnel-group.ts'
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
  /** Serves tunnels of service channels; without it their tickets are unknown. */
  readonly channels?: ChannelDesk
  /** Ping a connector after this silence; twice that, and its tunnel counts as lost. */
  readonly heartbeatMs?: number
  /** Connections that take longer for the handshake are cut off, in ms of the machine's clock; 10 s. */
  readonly handshakeMs?: number
  /** Gets every handshake that succeeded or failed. */
  readonly audit?: (handshake: TunnelHandshake) => void
  readonly clock: Clock
  readonly log: Log
}

const helloTimeoutMs = 10_000

/** Accepts the tunnels that connectors dial: mutual TLS, then a ticket that this proxy has asked for. */
export class TunnelServer {
  readonly #options: TunnelServerOptions
  readonly #server: Server
  /** Open sessions with the fingerprint of the certificate that each of them showed. */
  readonly #sessions: Map<Session, string>
  /** All connections, also those that stand in the handshake. */
  readonly #connections: Set<Socket>
  #isClosing: boolean

  constructor(options: TunnelServerOptions) {
    this.#options = options
    this.#sessions = new Map()
    this.#connections = new Set()
    this.#isClosing = false
    this.#server = createServer(
      {
        cert: options.cert,
        key: options.key,
        ca: options.ca,
        requestCert: true,
        rejectUnauthorized: true,
        ALPNProtocols: [tunnelAlpn],
        minVersion: 'TLSv1.2',
        handshakeTimeout: options.handshakeMs ?? helloTimeoutMs,
        SNICallback: (name, done) => done(this.#serves(name) ? null : new Error('another server name'), undefined),
      },
      (socket) => this.#connected(socket),
    )
    options.table.onRevoked((revoked) => {
      for (const [session, fingerprint] of [...this.#sessions]) if (fingerprint === revoked) session.destroy()
    })
    this.#server.on('connection', (socket: Socket) => {
      this.#connections.add(socket)
      socket.once('close', () => this.#connections.delete(socket))
    })
    this.#server.on('tlsClientError', (cause, socket) => {
      // A refused certificate reaches us as a broken connection; why it was refused stands on the socket, as a text.
      const refusal = String(socket.authorizationError ?? '')
      const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
      // Node only tells of it, and would leave the connection open for as long as the client likes.
      if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') socket.destroy()
      options.log.info('tunnel.handshake-failed', { remote: socket.remoteAddress ?? '', reason: refusal || code })
      options.audit?.({ tunnelId: randomUUID(), ...nobody, failure: refusal || code })
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

  /** Certificates of connectors by other authorities (PEM) count from now on; tunnels that are open stay open. */
  trustConnectors(ca: string): void {
    const { cert, key } = this.#options
    this.#server.setSecureContext({ cert, key, ca, minVersion: 'TLSv1.2' })
  }

  async close(): Promise<void> {
    this.#isClosing = true
    for (const session of [...this.#sessions.keys()]) session.destroy()
    // Who connects and says nothing would keep the server from closing.
    for (const socket of this.#connections) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #serves(name: string | false | null | undefined): boolean {
    const { onlyServerName } = this.#options
    return onlyServerName === undefined || String(name).toLowerCase() === onlyServerName.toLowerCase()
  }

  #connected(socket: TLSSocket): void {
    // A handshake that was under way when everything else was ended: nobody would end this one.
    if (this.#isClosing) return void socket.destroy()
    // A client that names no server was not asked for a name during the handshake.
    if (!this.#serves(socket.servername)) return this.#end(socket, 'the client names another server')
    if (socket.alpnProtocol !== tunnelAlpn) return this.#end(socket, 'the client speaks another protocol')
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) return this.#end(socket, 'the client shows no certificate')
    const subject = subjectOf(certificate.subject)
    const tunnelId = randomUUID()
    const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
    const { table, channels, clock, log, heartbeatMs, audit } = this.#options
    let settled = false
    /** A hello has come, or its absence has been noticed. */
    let isTold = false
    /** Takes the streams that the connector opens on a service channel; on any other tunnel it opens none. */
    let tunnel: ChannelTunnel | null = null
    const session = new Session(socket, {
      role: 'server',
      clock,
      ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
      accept: (stream) => {
        if (settled) return tunnel ?? (session.clients === null ? null : clientEnds)
        settled = true
        const channel = ControlChannel.accept(stream)
        channel.onMessage = (message) => {
          channel.onMessage = () => {}
          cancel()
          isTold = true
          tunnel = this.#hello(session, channel, message, { ...subject, tunnelId }, fingerprint)
        }
        return channel
      },
      closed: () => {
        cancel()
        if (!isTold) audit?.({ tunnelId, ...subject, failure: 'the connection ended before the hello' })
        isTold = true
        this.#sessions.delete(session)
        table.sessionClosed(session)
        if (tunnel !== null) channels?.closed(tunnel)
      },
    })
    this.#sessions.set(session, fingerprint)
    const cancel = clock.after(helloTimeoutMs, () => {
      log.info('tunnel.hello-missing', { remote: socket.remoteAddress ?? '' })
      audit?.({ tunnelId, ...subject, failure: 'no hello in time' })
      isTold = true
      session.destroy()
    })
  }

  #end(socket: TLSSocket, failure: string): void {
    this.#options.audit?.({ tunnelId: randomUUID(), ...nobody, failure })
    socket.destroy()
  }

  #hello(
    session: Session,
    channel: ControlChannel,
    message: ControlMessage,
    subject: Subject & { readonly tunnelId: string },
    fingerprint: string,
  ): ChannelTunnel | null {
    const { table, channels, clock, log, audit } = this.#options
    const verdict = this.#check(message, subject, fingerprint)
    audit?.(typeof verdict === 'string' ? { ...subject, failure: verdict } : subject)
    const facts = { subaccount: subject.subaccountId, connectorId: subject.connectorId, fingerprint }
    if (typeof verdict === 'string') {
      log.warn('tunnel.refused', { ...facts, reason: verdict })
      channel.send({ type: 'refused', code: 'TUNNEL_REFUSED', title: verdict })
      channel.close()
      clock.after(1_000, () => session.destroy())
      return null
    }
    const refersToTokens = message.tokenReferences === true && verdict instanceof TunnelGroup
    channel.send({ type: 'tunnel-accepted', ...(refersToTokens ? { tokenReferences: true } : {}) })
    if (refersToTokens) session.sentTokens = new SentTokens(session, clock)
    if (!(verdict instanceof TunnelGroup)) {
      log.info('channel.opened', { ...facts, locationId: verdict.locationId, service: verdict.service })
      return channels?.opened(session, verdict) ?? null
    }
    if (message.clientConnections === true) session.clients = new Map()
    const ticket = String(message.ticket)
    verdict.add({ session, connectorId: subject.connectorId, fingerprint, ticket, openedAtMs: clock.now() })
    log.info('tunnel.opened', { ...facts, locationId: verdict.locationId })
    if (table.isRevoked(fingerprint)) session.destroy()
    return null
  }

  /** The group or the service channel that the tunnel belongs to, or why it is refused. */
  #check(message: ControlMessage, subject: Subject, fingerprint: string): TunnelGroup | ChannelGrant | string {
    const { table, channels } = this.#options
    if (message.type !== 'tunnel-hello' || message.protocol !== 1) return 'the connector speaks another tunnel protocol'
    if (table.isRevoked(fingerprint)) return 'the certificate of the connector was revoked'
    const { ticket } = message
    const group = typeof ticket === 'string' ? (table.redeem(ticket) ?? channels?.redeem(ticket)) : undefined
    if (group === undefined) return 'the ticket is unknown, expired or used already'
    // Identity comes from the handshake; the fields of the message must only agree with it.
    if (group.subaccountId !== subject.subaccountId) return 'the certificate belongs to another subaccount'
    if (message.connectorId !== subject.connectorId) return 'the certificate belongs to another connector'
    if ('connectorId' in group && group.connectorId !== subject.connectorId)
      return 'the ticket is for another connector'
    if (message.locationId !== group.locationId) return 'the ticket is for another location'
    return group
  }
}

/** Before a certificate has proved who it is. */
const nobody: Subject = { subaccountId: '', connectorId: '' }

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
