import type { System } from '@landbridge/access'
import { type Clock, PlatformError } from '@landbridge/kernel'
import type { ClientSession } from '@landbridge/tunnel'
import { BackendConnection, type BackendUser } from './backend-connection.ts'
import type { BackendIdentity } from './backend-identity.ts'
import { type Asking, ClientBindings } from './client-bindings.ts'
import type { BackendSecurity } from './secure-contexts.ts'
import { type Target, TargetTable } from './target.ts'
import { TlsSessions } from './tls-sessions.ts'
import { WaitingList } from './waiting-list.ts'

export interface BackendTimeouts {
  /** TCP and TLS handshake together. */
  readonly connectMs: number
  /** Longest silence of a backend that owes an answer. 0: wait forever. */
  readonly responseMs: number
  /** How long an unused connection is kept for the next request. */
  readonly idleMs: number
  /** Unused connections of propagated users that are kept, all users together; 500 unless said otherwise. */
  readonly maxIdleOfUsers?: number
  /** How long an unused connection that belongs to one client is kept, should its end not be told; 10 minutes unless said otherwise. */
  readonly clientIdleMs?: number
  /** Unused connections that belong to one client each, all clients together; 4,000 unless said otherwise. */
  readonly maxIdleOfClients?: number
}

export const defaultBackendTimeouts: BackendTimeouts = { connectMs: 10_000, responseMs: 300_000, idleMs: 30_000 }

const sweepMs = 500
const defaultMaxIdleOfUsers = 500
const defaultClientIdleMs = 600_000
const defaultMaxIdleOfClients = 4_000

/** Keeps connections to internal systems open for the next request of the same target and identity. */
export class BackendPool {
  readonly #timeouts: BackendTimeouts
  readonly #targets: TargetTable
  readonly #connections: Set<BackendConnection>
  /** Waiting connections of users: there may be as many users as there are people. */
  readonly #waitingOfUsers: WaitingList
  /** Waiting connections that belong to one client each. */
  readonly #waitingOfClients: WaitingList
  readonly #stopSweep: () => void
  readonly sessions: TlsSessions
  readonly clients: ClientBindings
  #security: BackendSecurity
  /** Milliseconds, advanced by the sweep: reading it costs nothing. */
  nowMs: number

  constructor(clock: Clock, security: BackendSecurity, timeouts: BackendTimeouts = defaultBackendTimeouts) {
    this.#timeouts = timeouts
    this.#targets = new TargetTable()
    this.#connections = new Set()
    this.#waitingOfUsers = new WaitingList()
    this.#waitingOfClients = new WaitingList()
    this.#security = security
    this.sessions = new TlsSessions(security)
    this.clients = new ClientBindings()
    this.nowMs = clock.now()
    this.#stopSweep = clock.every(sweepMs, () => this.#sweep(clock.now()))
  }

  get security(): BackendSecurity {
    return this.#security
  }

  /** Connections in use and waiting, for monitoring. */
  get size(): number {
    return this.#connections.size
  }

  /** Every connection, for monitoring. */
  connections(): Iterable<Pick<BackendConnection, 'system' | 'user' | 'activeAtMs'>> {
    return this.#connections
  }

  /** New trust or another system certificate: waiting connections were made under the old one and are closed. */
  secure(security: BackendSecurity): void {
    this.#security = security
    this.sessions.forgetAll(security)
    for (const connection of this.#connections) if (connection.user === null) connection.socket.destroy()
  }

  /** A waiting connection, or a new one that is still connecting: bytes written to it wait until it is open. */
  acquire(system: System, identity: BackendIdentity | null, user: BackendUser): BackendConnection {
    const target = this.#targets.find(system, identity)
    const waiting = target.idle.pop()
    if (waiting === undefined) return this.open(target, system, user)
    return this.#take(waiting, system, user)
  }

  /**
   * The connection that a client's connection to the cloud side has for itself, or a new one.
   * @param session the tunnel session in which the client connection has its name.
   */
  acquireFor(
    session: ClientSession,
    asking: Asking,
    system: System,
    identity: BackendIdentity | null,
    user: BackendUser,
  ): BackendConnection {
    const target = this.clients.target(session, asking, system, identity)
    const waiting = target.idle.pop()
    if (waiting === undefined) return this.open(target, system, user)
    return this.#take(waiting, system, user)
  }

  #take(waiting: BackendConnection, system: System, user: BackendUser): BackendConnection {
    waiting.waitsIn?.remove(waiting)
    waiting.user = user
    waiting.system = system
    waiting.isReused = true
    waiting.activeAtMs = this.nowMs
    return waiting
  }

  /** A new connection in any case. */
  open(target: Target, system: System, user: BackendUser): BackendConnection {
    const connection = new BackendConnection(target, system, this, user)
    this.#connections.add(connection)
    target.open += 1
    if (target.client !== null) this.clients.opened(target, target.client)
    return connection
  }

  /** Gives a connection back after a complete exchange. */
  release(connection: BackendConnection): void {
    connection.user = null
    // The next request would be somebody's, or go out under trust or a certificate that counts no more.
    const { client } = connection.target
    const isOver = client === null ? connection.holdsLogon : client.isGone
    if (isOver || connection.security !== this.#security) return void connection.socket.destroy()
    // TLS hands over what it has decrypted although the connection was paused: the answer can end meanwhile.
    if (connection.isPaused) connection.resume()
    connection.activeAtMs = this.nowMs
    connection.target.idle.push(connection)
    if (client !== null)
      this.#keep(this.#waitingOfClients, connection, this.#timeouts.maxIdleOfClients ?? defaultMaxIdleOfClients)
    else if (connection.target.identity !== '')
      this.#keep(this.#waitingOfUsers, connection, this.#timeouts.maxIdleOfUsers ?? defaultMaxIdleOfUsers)
  }

  /** The connection changed protocol: it is its user's from now on, without timeouts. */
  detach(connection: BackendConnection): void {
    this.#forget(connection)
  }

  /** Called by a connection that is gone. */
  remove(connection: BackendConnection): void {
    const { idle } = connection.target
    const at = idle.lastIndexOf(connection)
    if (at >= 0) idle.splice(at, 1)
    connection.waitsIn?.remove(connection)
    this.#forget(connection)
  }

  close(): void {
    this.#stopSweep()
    for (const connection of [...this.#connections]) connection.socket.destroy()
  }

  #keep(waiting: WaitingList, connection: BackendConnection, most: number): void {
    waiting.add(connection)
    const { oldest } = waiting
    if (waiting.size <= most || oldest === null) return
    // Out of reach at once: its end is heard only later.
    this.remove(oldest)
    oldest.socket.destroy()
  }

  #forget(connection: BackendConnection): void {
    if (!this.#connections.delete(connection)) return
    connection.target.open -= 1
    if (connection.target.client === null) this.#targets.forgetUnused(connection.target)
    else this.clients.closed(connection.target, connection.target.client, connection.user === null)
  }

  #sweep(nowMs: number): void {
    this.nowMs = nowMs
    const { connectMs, responseMs, idleMs, clientIdleMs = defaultClientIdleMs } = this.#timeouts
    for (const connection of this.#connections) {
      const silentMs = nowMs - connection.activeAtMs
      if (connection.user === null) {
        if (silentMs > (connection.target.client === null ? idleMs : clientIdleMs)) connection.socket.destroy()
      } else if (!connection.isConnected) {
        if (silentMs > connectMs) connection.fail(timeout(connection, 'no connection'))
      } else if (responseMs > 0 && silentMs > responseMs) connection.fail(timeout(connection, 'no answer'))
    }
  }
}

function timeout(connection: BackendConnection, reason: string): PlatformError {
  const { host, port } = connection.target
  return new PlatformError('BACKEND_TIMEOUT', { system: `${host}:${port}`, reason })
}
