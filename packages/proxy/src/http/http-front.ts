import type { Socket } from 'node:net'
import type { Clock, Log } from '@landbridge/kernel'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { TunnelTable } from '../tunnels/tunnel-table.ts'
import { ClientConnection } from './client-connection.ts'
import { DoubleLogon } from './double-logon.ts'
import { KnownUsers } from './known-users.ts'

export interface HttpTimeouts {
  /** A request head must be complete this long after its first byte. */
  readonly headMs: number
  /** An unused connection is kept this long. */
  readonly idleMs: number
  /** Longest pause within a request body. */
  readonly bodyMs: number
  /** Longest wait for the next byte of an answer; a little more than the connector's own limit, which says more. */
  readonly responseMs: number
  /** A client that takes nothing for this long is disconnected (guide L33239). */
  readonly writeMs: number
  /** Longest exchange in total; 0: no limit. */
  readonly overallMs: number
}

export const defaultHttpTimeouts: HttpTimeouts = {
  headMs: 30_000,
  idleMs: 120_000,
  bodyMs: 120_000,
  responseMs: 310_000,
  writeMs: 10_000,
  overallMs: 0,
}

export interface HttpFrontOptions {
  readonly authorizer: Authorizer
  readonly tunnels: TunnelTable
  readonly clock: Clock
  readonly log: Log
  readonly timeouts?: HttpTimeouts
}

const sweepMs = 500
/** Who has sent a request this long ago at most may be sending the next one. Longer than two sweeps. */
const recentMs = 1_100
/** How long their next request may take when the proxy drains. */
const lastRequestMs = 250

/** The HTTP proxy behind one listener: all its client connections and their timeouts. */
export class HttpFront {
  readonly authorizer: Authorizer
  readonly tunnels: TunnelTable
  readonly timeouts: HttpTimeouts
  readonly log: Log
  readonly doubleLogon: DoubleLogon
  readonly users: KnownUsers
  readonly #connections: Set<ClientConnection>
  readonly #clock: Clock
  readonly #stopSweep: () => void
  #stopDrain: () => void
  /** Milliseconds, advanced by the sweep: reading it costs nothing. */
  nowMs: number
  isDraining: boolean

  constructor(options: HttpFrontOptions) {
    this.authorizer = options.authorizer
    this.tunnels = options.tunnels
    this.timeouts = options.timeouts ?? defaultHttpTimeouts
    this.log = options.log
    this.doubleLogon = new DoubleLogon(options.log)
    this.users = new KnownUsers((header) => options.authorizer.userToken(header))
    this.#connections = new Set()
    this.#clock = options.clock
    this.#stopDrain = () => {}
    this.nowMs = options.clock.now()
    this.isDraining = false
    this.#stopSweep = options.clock.every(sweepMs, () => {
      this.nowMs = options.clock.now()
      this.users.sweep(this.nowMs)
      for (const connection of this.#connections) connection.sweep(this.nowMs)
    })
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  accept(socket: Socket): void {
    this.#connections.add(new ClientConnection(socket, this))
  }

  /** Called by a connection that is gone. */
  remove(connection: ClientConnection): void {
    this.#connections.delete(connection)
  }

  /** Connections end after their current exchange; unused ones at once, or after a moment if they were just in use. */
  drain(): void {
    this.isDraining = true
    for (const connection of [...this.#connections]) connection.drain(recentMs)
    this.#stopDrain = this.#clock.after(lastRequestMs, () => {
      for (const connection of [...this.#connections]) connection.drain()
    })
  }

  close(): void {
    this.#stopSweep()
    this.#stopDrain()
    for (const connection of [...this.#connections]) connection.destroy()
  }
}
