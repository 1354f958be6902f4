import type { Socket } from 'node:net'
import type { Clock, Log } from '@landbridge/kernel'
import { Socks5Method } from '@landbridge/socks5'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { TunnelTable } from '../tunnels/tunnel-table.ts'
import { SocksConnection } from './socks-connection.ts'

export interface SocksTimeouts {
  /** Greeting, authentication and request together. */
  readonly handshakeMs: number
  /** From the request to the answer of the Cloud Connector. */
  readonly connectMs: number
}

export const defaultSocksTimeouts: SocksTimeouts = { handshakeMs: 30_000, connectMs: 30_000 }

export interface SocksFrontOptions {
  readonly authorizer: Authorizer
  readonly tunnels: TunnelTable
  readonly clock: Clock
  readonly log: Log
  readonly timeouts?: SocksTimeouts
}

/** The SOCKS5 proxy behind one listener. */
export class SocksFront {
  readonly authorizer: Authorizer
  readonly tunnels: TunnelTable
  readonly clock: Clock
  readonly log: Log
  readonly timeouts: SocksTimeouts
  /** Methods offered to clients: without authorization and with one tenant, nobody has to say who they are. */
  readonly methods: readonly number[]
  readonly #connections: Set<SocksConnection>

  constructor(options: SocksFrontOptions) {
    const { policy } = options.authorizer
    this.authorizer = options.authorizer
    this.tunnels = options.tunnels
    this.clock = options.clock
    this.log = options.log
    this.timeouts = options.timeouts ?? defaultSocksTimeouts
    this.methods =
      !policy.authorization && policy.tenantMode === 'dedicated'
        ? [Socks5Method.token, Socks5Method.none]
        : [Socks5Method.token]
    this.#connections = new Set()
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  accept(socket: Socket): void {
    this.#connections.add(new SocksConnection(socket, this))
  }

  remove(connection: SocksConnection): void {
    this.#connections.delete(connection)
  }

  close(): void {
    for (const connection of [...this.#connections]) connection.destroy()
  }
}
