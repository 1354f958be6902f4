import { type Session, tellClosed } from '@landbridge/tunnel'
import type { TunnelGroup } from '../tunnels/tunnel-group.ts'

let last = 0

/**
 * What connectors know one client connection by. Its requests to a connector keep to one tunnel, because that is where
 * the connector has the backend connections that belong to it.
 */
export class ClientMark {
  readonly name: string
  readonly #ended: () => void
  readonly #sessions: Map<TunnelGroup, Session>

  /** @param ended called when a connector has lost what it had for this client connection. */
  constructor(ended: () => void) {
    this.#ended = ended
    last += 1
    this.name = String(last)
    this.#sessions = new Map()
  }

  /** The tunnel for the next request. @param picked the one to take if there was none yet, or it is of no use any more. */
  sessionOf(group: TunnelGroup, picked: Session): Session {
    const known = this.#sessions.get(group)
    if (known?.isUsable) return known
    if (known !== undefined) this.#leave(known)
    this.#sessions.set(group, picked)
    picked.clients?.set(this.name, this.#ended)
    return picked
  }

  /** The client connection is gone: the connectors need not wait for the end of their patience. */
  close(): void {
    for (const session of this.#sessions.values()) this.#leave(session)
    this.#sessions.clear()
  }

  #leave(session: Session): void {
    session.clients?.delete(this.name)
    tellClosed(session, this.name)
  }
}
