import type { TLSSocket } from 'node:tls'
import type { Clock, Log } from '@landbridge/kernel'
import type { ConnectorHub } from '@landbridge/registry'
import type { PeerCertificates } from '../peer-certificate.ts'
import { ControlSession } from './control-session.ts'

export interface ControlSessionsOptions {
  readonly hub: ConnectorHub
  readonly peers: PeerCertificates
  readonly clock: Clock
  readonly log: Log
  readonly heartbeatMs: number
  readonly helloTimeoutMs: number
  readonly maxSessions: number
}

/** All control connections of this replica, from the handshake to the last byte. */
export class ControlSessions {
  readonly #options: ControlSessionsOptions
  readonly #open: Set<ControlSession>
  #isClosing: boolean

  constructor(options: ControlSessionsOptions) {
    this.#options = options
    this.#open = new Set()
    this.#isClosing = false
  }

  /** Takes over a TLS connection that negotiated the tunnel protocol. */
  accept(socket: TLSSocket): void {
    socket.on('error', () => socket.destroy())
    if (this.#isClosing || this.#open.size >= this.#options.maxSessions) {
      this.#options.log.warn('connector.session.limit', { current: this.#open.size, limit: this.#options.maxSessions })
      socket.destroy()
      return
    }
    const session = new ControlSession(socket, this.#options, () => this.#open.delete(session))
    this.#open.add(session)
  }

  /** Ends all sessions and resolves when their sockets are gone. The hub has told the connectors why before. */
  async close(): Promise<void> {
    this.#isClosing = true
    await Promise.all([...this.#open].map((session) => session.close()))
  }
}
