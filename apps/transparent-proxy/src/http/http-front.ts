import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { LandbridgeClient } from '@landbridge/client'
import { type Closeable, type Log, PlatformError } from '@landbridge/kernel'
import type { Directory } from '../entries/directory.ts'
import { addressOfEntry } from '../entries/entry.ts'
import { lookUp } from '../lookup/lookup.ts'
import { refused } from '../lookup/refused.ts'
import type { TenantRules } from '../lookup/tenant.ts'
import { readWish } from '../lookup/wish.ts'
import { answerFailure, requestIdOf } from './answer-failure.ts'
import { refuseCrossSite } from './cross-site.ts'
import { type Exchange, type Forwarder, maxHeadBytes } from './forwarder.ts'
import { readPlatformHeaders } from './platform-headers.ts'
import { hasBody } from './request-head.ts'

export interface HttpFrontOptions {
  readonly directory: Directory
  readonly client: LandbridgeClient
  readonly forwarder: Forwarder
  readonly tenants: TenantRules
  readonly allowCrossSite: boolean
  readonly idleMs: number
  readonly log: Log
}

/** Serves applications: who they call is in the host name, and at a gateway in headers. */
export class HttpFront implements Closeable {
  readonly server: Server
  readonly #options: HttpFrontOptions
  /** Connections that left HTTP; the server does not know them any more. */
  readonly #upgraded: Set<Socket>

  constructor(options: HttpFrontOptions) {
    this.#options = options
    this.#upgraded = new Set()
    this.server = createServer({
      // Uploads may take hours; pauses are watched while a request runs.
      requestTimeout: 0,
      maxHeaderSize: maxHeadBytes,
      keepAliveTimeout: options.idleMs,
      // Some clients offer HTTP/2 with each request: that is an offer, and the request is meant.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    })
    this.server.on('request', (incoming, response) => void this.#serve(incoming, response))
    this.server.on('upgrade', (incoming, socket: Socket, head) => this.#upgrade(incoming, socket, head))
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve))
    for (const socket of this.#upgraded) socket.destroy()
    this.server.closeAllConnections()
    await closed
  }

  /** Stops accepting; resolves when the requests that run are done. */
  async drain(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve))
    this.server.closeIdleConnections()
    await closed
  }

  #upgrade(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#upgraded.add(socket)
    socket.on('error', () => socket.destroy()).on('close', () => this.#upgraded.delete(socket))
    const response = new ServerResponse(incoming)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.once('finish', () => socket.destroySoon())
    void this.#serve(incoming, response, { socket, head })
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse, upgrade?: Exchange['upgrade']): Promise<void> {
    const gone = new AbortController()
    const requestId = requestIdOf(incoming, randomUUID)
    response.once('close', () => gone.abort(new Error('the caller is gone')))
    // A caller that goes away in the middle is told by the end of its response.
    incoming.on('error', () => {})
    let { log } = this.#options
    try {
      const { host, requested } = addressedIn(incoming)
      checkFraming(incoming, upgrade !== undefined)
      const entry = this.#options.directory.find(host)
      if (entry === undefined) throw hostUnknown(host)
      log = log.with({ entry: addressOfEntry(entry) })
      if (!this.#options.allowCrossSite) refuseCrossSite(incoming, host)
      const wish = readWish(entry, readPlatformHeaders(incoming.rawHeaders), this.#options.tenants)
      const prepared = await lookUp(this.#options.client, wish, gone.signal)
      const exchange = {
        incoming,
        response,
        requested,
        gone: gone.signal,
        ...(upgrade === undefined ? {} : { upgrade }),
      }
      await this.#options.forwarder.forward(exchange, prepared)
      log.debug('transparent-proxy.served', {
        requestId,
        destination: wish.destinationName,
        status: response.statusCode,
      })
    } catch (failure) {
      if (gone.signal.aborted) return
      try {
        answerFailure(response, failure, requestId, log)
      } catch (cause) {
        log.error('transparent-proxy.answer-failed', { requestId }, cause)
        response.destroy()
      }
    }
  }
}

/** @throws PlatformError TRANSPARENT_PROXY_REQUEST_REFUSED for a body that could not be passed on as it is */
function checkFraming(incoming: IncomingMessage, isUpgrade: boolean): void {
  const coding = incoming.headers['transfer-encoding']
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked')
    throw refused('The only transfer coding of a request can be chunked.')
  if (isUpgrade && hasBody(incoming)) throw refused('A request that opens a WebSocket has no body.')
}

function hostUnknown(host: string): PlatformError {
  const shown = host.slice(0, 260)
  return new PlatformError('TRANSPARENT_PROXY_HOST_UNKNOWN', {
    host: shown,
    reason: `No destination is configured under the host name '${shown}'.`,
  })
}

/**
 * Whom a request addresses: in its target where that is absolute, as clients write it that take this for a proxy
 * (RFC 9112 section 3.2.2), else in `Host`.
 */
function addressedIn({ url = '', headers }: IncomingMessage): { readonly host: string; readonly requested: string } {
  if (url.startsWith('/')) return { host: headers.host ?? '', requested: url }
  const [, host, rest = ''] = /^http:\/\/([^/?#@\s]+)(.*)$/i.exec(url) ?? []
  if (host === undefined) throw refused('The request target is neither a path nor an http:// URL.')
  return { host, requested: rest.startsWith('/') ? rest : `/${rest}` }
}
