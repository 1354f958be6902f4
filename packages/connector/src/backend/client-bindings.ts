import type { System } from '@landbridge/access'
import { type ClientSession, tellClosed } from '@landbridge/tunnel'
import type { BackendIdentity } from './backend-identity.ts'
import { newTarget, type Target } from './target.ts'

/** What one connection of a client of the cloud side has open at internal systems, for this client alone. */
export interface ClientBinding {
  /** The tunnel session that the client's requests come over. */
  readonly session: ClientSession
  /** Of the client connection, unique within the session. */
  readonly name: string
  /** Those with connections, by their name. */
  readonly targets: Map<string, Target>
  /** The client is gone: what is still in use is closed instead of kept. */
  isGone: boolean
}

/** Who asks, as the preface of a stream says. */
export interface Asking {
  readonly clientConnection: string
  /** The OAuth client. */
  readonly clientId: string
}

/** The clients that have backend connections of their own. A client without is not remembered. */
export class ClientBindings {
  readonly #sessions: Map<ClientSession, Map<string, ClientBinding>>

  constructor() {
    this.#sessions = new Map()
  }

  /** Clients with connections, for tests. */
  get size(): number {
    let size = 0
    for (const clients of this.#sessions.values()) size += clients.size
    return size
  }

  /**
   * The target that only this client's connections lead to. Another application over the same connection is another
   * client: something between it and the proxy mixes them.
   */
  target(
    session: ClientSession,
    { clientConnection: name, clientId }: Asking,
    system: System,
    identity: BackendIdentity | null,
  ): Target {
    const known = this.#sessions.get(session)?.get(name)
    const client = known ?? { session, name, targets: new Map(), isGone: false }
    const target = newTarget(system, identity, client, clientId)
    return client.targets.get(target.key) ?? target
  }

  /** A connection was opened. */
  opened(target: Target, client: ClientBinding): void {
    if (client.isGone) return
    client.targets.set(target.key, target)
    const clients = this.#sessions.get(client.session)
    if (clients === undefined) this.#sessions.set(client.session, new Map([[client.name, client]]))
    else clients.set(client.name, client)
  }

  /** A connection is gone. @param isUnused not in the middle of a request, whose answer says enough. */
  closed(target: Target, client: ClientBinding, isUnused: boolean): void {
    if (isUnused && !client.isGone) tellClosed(client.session, client.name)
    if (target.open > 0 || client.targets.get(target.key) !== target) return
    client.targets.delete(target.key)
    if (client.targets.size === 0) this.#forget(client)
  }

  /** The client closed its connection, and so do we. */
  clientGone(session: ClientSession, name: string): void {
    const client = this.#sessions.get(session)?.get(name)
    if (client !== undefined) this.#leave(client)
  }

  /** No request can come over this session any more. */
  sessionGone(session: ClientSession): void {
    for (const client of [...(this.#sessions.get(session)?.values() ?? [])]) this.#leave(client)
  }

  #leave(client: ClientBinding): void {
    client.isGone = true
    this.#forget(client)
    for (const target of client.targets.values()) for (const connection of [...target.idle]) connection.socket.destroy()
  }

  #forget(client: ClientBinding): void {
    const clients = this.#sessions.get(client.session)
    if (clients?.get(client.name) !== client) return
    clients.delete(client.name)
    if (clients.size === 0) this.#sessions.delete(client.session)
  }
}
