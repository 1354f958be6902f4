import type { Socket } from 'node:net'
import type { Clock, Log } from '@landbridge/kernel'
import { Socks5Method } from '@landbridge/socks5'
import type { Authorizer } from '../authorization/authorizer.ts'
import { type ProxyTarget, tcpTarget } from '../rfc/rfc-target.ts'
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
  /** What a request asks for; null where it asks for nothing. Default: a TCP connection. */
  readonly target?: (host: string, port: number) => ProxyTarget | null
  /** The tokens of users go along: for protocols that know them. Default: they stay here. */
  readonly passesUsers?: boolean
}

/** The SOCKS5 proxy, or the RFC and LDAP proxy with the same handshake, behind one listener. */
export class SocksFront {
  readonly authorizer: Authorizer
  readonly tunnels: TunnelTable
  readonly clock: Clock
  readonly log: Log
  readonly timeouts: SocksTimeouts
  readonly target: (host: string, port: number) => ProxyTarget | null
  readonly passesUsers: boolean
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
    this.target = options.target ?? tcpTarget
    this.passesUsers = options.passesUsers ?? false
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
