import { randomUUID } from 'node:crypto'
import { type Clock, type ErrorCode, errorEntry, type Log, PlatformError } from '@landbridge/kernel'
import {
  assertCertificateGood,
  type ConnectorCertificate,
  type RevocationTarget,
} from '../pairing/connector-certificate.ts'
import type { ConnectorRepository } from '../repository.ts'
import { ticketDigest } from '../tunnels/ticket-digest.ts'
import {
  type ConnectorEvent,
  type ConnectorPlace,
  connectorChannel,
  type MessageBus,
  parseBusMessage,
  type ReplicaOrder,
} from './bus-message.ts'
import { CertificateReports } from './certificate-reports.ts'
import { ChannelWishLimit, parseChannelWish, parseServiceQuestion } from './channel-request.ts'
import { type ConnectorHello, parseConnectorAbout } from './connector-hello.ts'
import type { ConnectorSession } from './connector-session.ts'

/** The control stream of one connected connector. */
export interface ControlLink {
  send(message: object): void
  /** Ends the session; the code says why. */
  end(code: ErrorCode): void
}

export interface ConnectorHubOptions {
  readonly repository: ConnectorRepository
  readonly bus: MessageBus
  readonly clock: Clock
  readonly log: Log
  readonly replicaId?: string
  /** How often leases are renewed and expired ones swept. */
  readonly renewMs?: number
  /** How long a session outlives its replica. Clocks of replicas must agree to a fraction of it. */
  readonly leaseMs?: number
}

interface LocalSession {
  readonly session: ConnectorSession
  readonly notAfterMs: number
  readonly link: ControlLink
  readonly wishes: ChannelWishLimit
}

/**
 * The connected connectors: those of this replica with their links, all others through the store and the bus.
 * The store decides who is connected; the bus only makes news travel fast, and every renewal repairs what it lost.
 */
export class ConnectorHub {
  readonly #options: ConnectorHubOptions
  readonly replicaId: string
  readonly #leaseMs: number
  readonly #local: Map<string, LocalSession>
  readonly #listeners: Set<(event: ConnectorEvent) => void>
  readonly #stop: (() => void)[]
  /** Work that nobody waits for, until `close` does. */
  readonly #background: Set<Promise<void>>
  readonly #reports: CertificateReports
  #isRenewing: boolean
  #isClosing: boolean

  constructor(options: ConnectorHubOptions) {
    this.#options = options
    this.replicaId = options.replicaId ?? randomUUID()
    this.#leaseMs = options.leaseMs ?? 45_000
    this.#local = new Map()
    this.#listeners = new Set()
    this.#background = new Set()
    const { repository: store, clock, log } = options
    this.#reports = new CertificateReports({ store, clock, log })
    this.#isRenewing = false
    this.#isClosing = false
    this.#stop = [
      options.bus.subscribe(connectorChannel, (text) => this.#received(text)),
      options.clock.every(options.renewMs ?? 15_000, () => {
        // A slow database must not pile up renewals.
        if (this.#isRenewing) return
        this.#inBackground(this.renew(), (cause) => options.log.error('connector.lease.failed', {}, cause))
      }),
    ]
  }

  /** Number of sessions that this replica holds. */
  get size(): number {
    return this.#local.size
  }

  /**
   * Resolves when this replica hears the others, and places that a killed process left occupied are free again. On one
   * bus connection, what is published follows what is listened to.
   */
  async joined(): Promise<void> {
    const { repository, log } = this.#options
    const former = await repository.removeFormerSessions(this.replicaId)
    if (former.length > 0) log.info('connector.sessions.of-former-process', { removed: former.length })
    await this.#options.bus.publish(connectorChannel, JSON.stringify({ from: this.replicaId }))
  }

  /** @returns a function that ends the subscription. */
  subscribe(listener: (event: ConnectorEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Registers a connector whose certificate the caller has checked.
   * @throws PlatformError CONNECTOR_IDENTITY_MISMATCH, CONNECTOR_LOCATION_TAKEN or a CONNECTOR_CERTIFICATE code
   */
  async connect(
    hello: ConnectorHello,
    certificate: ConnectorCertificate,
    remoteAddress: string,
    link: ControlLink,
  ): Promise<ConnectorSession> {
    assertIdentity(hello, certificate)
    const { clock, repository } = this.#options
    const session: ConnectorSession = {
      sessionId: randomUUID(),
      replicaId: this.replicaId,
      subaccountId: hello.subaccountId,
      locationId: hello.locationId,
      connectorId: hello.connectorId,
      version: hello.version,
      description: hello.description,
      connectorDescription: hello.connectorDescription,
      haRole: hello.haRole,
      loadSharing: hello.loadSharing,
      fingerprint: certificate.fingerprint,
      serial: certificate.serial,
      remoteAddress,
      connectedSinceMs: clock.now(),
      leaseUntilMs: clock.now() + this.#leaseMs,
    }
    if (this.#isClosing) throw new PlatformError('CONNECTOR_SERVICE_STOPPING')
    const claim = await repository.claimSession(session, clock.now())
    if (claim.kind === 'taken')
      throw new PlatformError('CONNECTOR_LOCATION_TAKEN', {
        locationId: session.locationId,
        connectorId: claim.by.connectorId,
      })
    this.#local.set(session.sessionId, {
      session,
      notAfterMs: certificate.notAfterMs,
      link,
      wishes: new ChannelWishLimit(clock),
    })
    for (const old of claim.replaced) this.#order({ type: 'replaced', sessionId: old.sessionId })
    try {
      // A revocation that fell between the caller's check and the entry above has reached neither: look again.
      const { fingerprint } = certificate
      assertCertificateGood(await repository.findCertificate(fingerprint), fingerprint, clock.now())
    } catch (failure) {
      await this.disconnected(session.sessionId)
      throw failure
    }
    this.#announce({ type: 'connector-connected', ...placeOf(session) })
    return session
  }

  /** The link of a session is gone. Harmless for a session that is not registered any more. */
  async disconnected(sessionId: string): Promise<void> {
    const local = this.#local.get(sessionId)
    this.#local.delete(sessionId)
    this.#reports.ended(sessionId)
    // Nothing is announced for a session that was replaced: its connector is still connected.
    if ((await this.#options.repository.removeSession(sessionId)) && local !== undefined)
      this.#announce({ type: 'connector-disconnected', ...placeOf(local.session) })
  }

  /** Takes in a message that a connector sent after its hello. Unknown types are for later versions. */
  received(sessionId: string, message: unknown): void {
    const local = this.#local.get(sessionId)
    if (local === undefined || typeof message !== 'object' || message === null) return
    const fields = message as Readonly<Record<string, unknown>>
    const { type, ticket, ok, reason } = fields
    if (type === 'open-channel') return this.#channelWanted(local, fields)
    if (type === 'list-services') return this.#servicesAsked(local, fields)
    if (type === 'certificates') return this.#reports.received(sessionId, placeOf(local.session), fields)
    if (type === 'about') return this.#toldAbout(local, fields)
    if (type !== 'tunnel-result' || typeof ticket !== 'string') return
    this.#announce({
      type: 'tunnel-result',
      ...placeOf(local.session),
      ticketDigest: ticketDigest(ticket),
      ok: ok === true,
      reason: typeof reason === 'string' ? reason.slice(0, 500) : '',
    })
  }

  /** A wish goes to all proxies of the subaccount; who asks is known from the certificate, not from the message. */
  #channelWanted(local: LocalSession, fields: Readonly<Record<string, unknown>>): void {
    const wish = parseChannelWish(fields)
    if (wish === null) return
    const { request } = wish
    if ('invalid' in wish) local.link.send(channelRefused(request, 'CHANNEL_REQUEST_INVALID'))
    else if (!local.wishes.take()) local.link.send(channelRefused(request, 'CHANNEL_REQUESTS_EXCEEDED'))
    else this.#announce({ type: 'channel-requested', ...placeOf(local.session), ...wish })
  }

  /** What does not hold the rules changes nothing: the connector is connected and stays it. */
  #toldAbout({ session, wishes }: LocalSession, fields: Readonly<Record<string, unknown>>): void {
    const { repository, log } = this.#options
    const { sessionId } = session
    if (!wishes.take()) return
    this.#inBackground((async () => repository.updateSession(sessionId, parseConnectorAbout(fields)))(), (cause) =>
      log.warn('connector.about.failed', { sessionId }, cause),
    )
  }

  #servicesAsked(local: LocalSession, fields: Readonly<Record<string, unknown>>): void {
    const question = parseServiceQuestion(fields)
    if (question === null || !local.wishes.take()) return
    this.#announce({ type: 'services-requested', ...placeOf(local.session), ...question })
  }

  /** Sends a message to a connector, wherever it is connected. Delivery is at most once. */
  deliver(session: ConnectorSession, message: object): void {
    this.#order({ type: 'deliver', sessionId: session.sessionId, message })
  }

  /** Tells connectors to fetch their trust configuration again; all of them when no subaccount is given. */
  trustChanged(subaccountId = ''): void {
    this.#order({ type: 'trust-changed', subaccountId })
  }

  /** Revokes certificates and ends the sessions that use them, on all replicas. @returns the fingerprints. */
  async revoke(target: RevocationTarget, reason: string): Promise<readonly string[]> {
    const { repository, clock, log } = this.#options
    const revoked = await repository.revokeCertificates(target, reason, clock.now())
    for (const { fingerprint, subaccountId } of revoked) {
      log.info('connector.certificate.revoked', { fingerprint, subaccountId, reason })
      this.#announce({ type: 'certificate-revoked', fingerprint, subaccountId, reason })
    }
    return revoked.map((certificate) => certificate.fingerprint)
  }

  /**
   * Renews the leases of this replica, sweeps those of dead ones, and ends local sessions that the store no longer
   * has, or whose certificate expired or was revoked while no message got through.
   */
  async renew(): Promise<void> {
    this.#isRenewing = true
    try {
      await this.#renewLeases()
      for (const session of await this.#options.repository.removeExpiredSessions(this.#options.clock.now()))
        this.#announce({ type: 'connector-disconnected', ...placeOf(session) })
    } finally {
      this.#isRenewing = false
    }
  }

  async #renewLeases(): Promise<void> {
    const { repository, clock } = this.#options
    const before = [...this.#local.keys()]
    const kept = new Set(await repository.renewSessions(this.replicaId, clock.now() + this.#leaseMs))
    const revoked = new Set((await repository.listRevoked(clock.now())).map((certificate) => certificate.fingerprint))
    for (const sessionId of before) {
      const local = this.#local.get(sessionId)
      if (local === undefined) continue
      if (!kept.has(sessionId)) this.#end(local, 'CONNECTOR_SESSION_LOST')
      else if (revoked.has(local.session.fingerprint)) this.#end(local, 'CONNECTOR_CERTIFICATE_REVOKED')
      else if (local.notAfterMs <= clock.now()) this.#end(local, 'CONNECTOR_CERTIFICATE_EXPIRED')
    }
  }

  /** Ends all sessions of this replica; connectors then reconnect, to another replica if there is one. */
  async close(): Promise<void> {
    this.#isClosing = true
    for (const stop of this.#stop) stop()
    const sessions = [...this.#local.values()]
    for (const local of sessions) local.link.end('CONNECTOR_SERVICE_STOPPING')
    for (const { session } of sessions) await this.disconnected(session.sessionId)
    await Promise.all([...this.#background, this.#reports.close()])
    this.#listeners.clear()
  }

  #inBackground(work: Promise<void>, failed: (cause: unknown) => void): void {
    const tracked = work.catch(failed).finally(() => this.#background.delete(tracked))
    this.#background.add(tracked)
  }

  #received(text: string): void {
    const message = parseBusMessage(text)
    if (message === undefined || message.from === this.replicaId) return
    if (message.event !== undefined) this.#heard(message.event)
    if (message.order !== undefined) this.#obey(message.order)
  }

  #announce(event: ConnectorEvent): void {
    this.#heard(event)
    this.#publish({ event })
  }

  #heard(event: ConnectorEvent): void {
    if (event.type === 'certificate-revoked')
      for (const local of [...this.#local.values()])
        if (local.session.fingerprint === event.fingerprint) {
          local.link.send({ type: 'revoked', reason: event.reason })
          this.#end(local, 'CONNECTOR_CERTIFICATE_REVOKED')
        }
    for (const listener of this.#listeners) listener(event)
  }

  /** Carries an order out here if it concerns this replica, and passes it on if it may concern another. */
  #order(order: ReplicaOrder): void {
    const isDone = this.#obey(order)
    if (!isDone) this.#publish({ order })
  }

  #obey(order: ReplicaOrder): boolean {
    if (order.type === 'trust-changed') {
      for (const { session, link } of this.#local.values())
        if (order.subaccountId === '' || session.subaccountId === order.subaccountId)
          link.send({ type: 'trust-changed' })
      return false
    }
    const local = this.#local.get(order.sessionId)
    if (local === undefined) return false
    if (order.type === 'deliver') local.link.send(order.message)
    else this.#end(local, 'CONNECTOR_REPLACED')
    return true
  }

  #end(local: LocalSession, code: ErrorCode): void {
    local.link.end(code)
    const { sessionId } = local.session
    this.#inBackground(this.disconnected(sessionId), (cause) =>
      this.#options.log.error('connector.session.remove-failed', { sessionId }, cause),
    )
  }

  #publish(content: { event: ConnectorEvent } | { order: ReplicaOrder }): void {
    const text = JSON.stringify({ from: this.replicaId, ...content })
    this.#inBackground(this.#options.bus.publish(connectorChannel, text), (cause) =>
      this.#options.log.warn('connector.bus.failed', {}, cause),
    )
  }
}

/** The message by which a connector learns why it gets no tunnel for a service channel. */
export function channelRefused(request: string, code: ErrorCode): object {
  const { title, remedy } = errorEntry(code)
  return { type: 'channel-refused', request, code, title, remedy }
}

function placeOf({ subaccountId, locationId, connectorId }: ConnectorSession): ConnectorPlace {
  return { subaccountId, locationId, connectorId }
}

/** Identity comes from the certificate; the hello may only repeat it. */
function assertIdentity(hello: ConnectorHello, certificate: ConnectorCertificate): void {
  if (hello.subaccountId !== certificate.subaccountId)
    throw new PlatformError('CONNECTOR_IDENTITY_MISMATCH', { field: 'subaccountId' })
  if (hello.connectorId !== certificate.connectorId)
    throw new PlatformError('CONNECTOR_IDENTITY_MISMATCH', { field: 'connectorId' })
}
