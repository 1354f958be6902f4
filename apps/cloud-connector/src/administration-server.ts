import { Server } from 'node:https'
import { listen } from '@landbridge/http-api'
import type { Clock, Log } from '@landbridge/kernel'
import type { FastifyInstance } from 'fastify'
import { refusePlainHttp } from './plain-http.ts'

const retryMs = 1_000

export interface AdministrationServerOptions {
  /** A complete API that does not listen yet. */
  readonly build: () => FastifyInstance
  readonly host: string
  /** 0 takes a free port, and keeps it from then on. */
  readonly port: number
  readonly clock: Clock
  readonly log: Log
}

/**
 * The administration port. A restart makes everything anew but the port: sessions end, and settings that count from
 * the next start on do so.
 */
export class AdministrationServer {
  readonly #options: AdministrationServerOptions
  #api: FastifyInstance | undefined
  #port: number
  #closed: boolean
  #cancelRetry: () => void
  /** The last start or stop; settled, never rejected. */
  #last: Promise<unknown>

  constructor(options: AdministrationServerOptions) {
    this.#options = options
    this.#api = undefined
    this.#port = options.port
    this.#closed = false
    this.#cancelRetry = () => {}
    this.#last = Promise.resolve()
  }

  get port(): number {
    return this.#port
  }

  /** @throws PlatformError PORT_IN_USE */
  async start(): Promise<void> {
    const { build, host } = this.#options
    const api = build()
    if (api.server instanceof Server) refusePlainHttp(api.server)
    try {
      this.#port = await listen(api, host, this.#port, 'cloud-connector.port')
      this.#api = api
    } catch (failure) {
      await api.close()
      throw failure
    }
  }

  /** New connections get this certificate; established ones go on. */
  secure(tls: object): void {
    const server: object | undefined = this.#api?.server
    if (server instanceof Server) server.setSecureContext(tls)
  }

  /** Returns at once; answers under way are finished first, within a few seconds. */
  restart(): void {
    this.#last = this.#last.then(() => this.#restart())
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelRetry()
    await this.#last
    await this.#api?.close()
    this.#api = undefined
  }

  async #restart(): Promise<void> {
    if (this.#closed) return
    const former = this.#api
    this.#api = undefined
    try {
      await former?.close()
      await this.start()
      this.#options.log.info('cloud-connector.restarted', { port: this.#port })
    } catch (failure) {
      this.#options.log.error('cloud-connector.restart.failed', { port: this.#port }, failure)
      this.#cancelRetry = this.#options.clock.after(retryMs, () => this.restart())
    }
  }
}
