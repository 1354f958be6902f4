import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TargetAgents } from './target-agents.ts'

/** NTLM, Negotiate (and its relatives such as Nego2) and Kerberos. */
const logsConnectionsOn = /^(?:ntlm|nego|kerberos)/i

/**
 * The connections to targets that a request may use. NTLM and Negotiate log on a connection, not a request (RFC 4559
 * section 6): from the first sign of them, everything that comes over the caller's connection has connections of its own,
 * which nobody else gets and which end with it.
 */
export class CallerConnections {
  readonly #shared: TargetAgents
  readonly #own: Map<Socket, TargetAgents>

  constructor() {
    this.#shared = new TargetAgents()
    this.#own = new Map()
  }

  /** @param passesAuthorization whether the target sees `Authorization` of the caller */
  of({ socket, headers }: IncomingMessage, passesAuthorization: boolean): TargetAgents {
    const known = this.#own.get(socket)
    if (known !== undefined) return known
    if (!passesAuthorization || !logsConnectionsOn.test(headers.authorization ?? '')) return this.#shared
    const own = new TargetAgents({ keepAlive: true, maxSockets: 1 })
    this.#own.set(socket, own)
    socket.once('close', () => {
      this.#own.delete(socket)
      own.close()
    })
    return own
  }

  close(): void {
    for (const agents of [this.#shared, ...this.#own.values()]) agents.close()
    this.#own.clear()
  }
}
