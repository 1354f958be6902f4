import { type ClientRequest, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { type Clock, PlatformError } from '@landbridge/kernel'
import type { Prepared } from '../lookup/lookup.ts'
import { type HttpWay, type OnPremise, onPremiseFailure } from '../on-premise.ts'
import type { CallerConnections } from './caller-connections.ts'
import { endToEnd, pairsOf } from './raw-headers.ts'
import { hasBody, headersForTarget } from './request-head.ts'
import { type Target, targetOf } from './target.ts'
import { targetFailure } from './target-failure.ts'
import { joinUpgraded } from './upgraded.ts'
import { watch } from './watch.ts'

export interface ForwarderOptions {
  readonly onPremise: OnPremise
  readonly connections: CallerConnections
  /** For destinations that do not say. */
  readonly proxyConnectMs: number
  readonly idleMs: number
  readonly clock: Clock
}

/** A request with the response for it; `upgrade` has the connection of a caller who asks for another protocol. */
export interface Exchange {
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  readonly requested: string
  readonly upgrade?: { readonly socket: Socket; readonly head: Buffer }
  /** Of the caller. */
  readonly gone: AbortSignal
}

/** Longest head of a request and of an answer, as in the connectivity proxy. */
export const maxHeadBytes = 65_536

/** `stale`: a kept connection that its other end had just closed. */
type Outcome = 'done' | 'stale' | 'token-refused'

const repeatable: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** Sends requests on, and answers back, as streams. */
export class Forwarder {
  readonly #options: ForwarderOptions

  constructor(options: ForwarderOptions) {
    this.#options = options
  }

  /** Resolves when the exchange is over. @throws PlatformError as long as nothing of an answer was sent */
  async forward(exchange: Exchange, prepared: Prepared): Promise<void> {
    const target = targetOf(prepared.destination, exchange.requested)
    const { method = '' } = exchange.incoming
    const mayRepeat = !hasBody(exchange.incoming) && exchange.upgrade === undefined
    for (let attempt = 0; ; attempt++) {
      const way = await this.#way(prepared, exchange.gone)
      exchange.gone.throwIfAborted()
      const outcome = await this.#send(exchange, prepared, target, way)
      if (outcome === 'done') return
      // A kept connection that its other end had just closed, or a token that the proxy does not take any more.
      const isLast = attempt > 0 || !mayRepeat || (outcome === 'stale' && !repeatable.has(method))
      if (outcome === 'token-refused') this.#options.onPremise.dropToken(prepared.destination)
      if (!isLast) continue
      throw outcome === 'token-refused'
        ? new PlatformError('TRANSPARENT_PROXY_TOKEN_REFUSED', { origin: 'Transparent Proxy', internalStatus: 407 })
        : targetFailure(Object.assign(new Error('closed'), { code: 'ECONNRESET' }), prepared.destination)
    }
  }

  async #way({ destination, locationId }: Prepared, gone: AbortSignal): Promise<HttpWay | undefined> {
    if (!destination.isOnPremise) return undefined
    try {
      return await this.#options.onPremise.httpWay(destination, locationId, gone)
    } catch (failure) {
      throw onPremiseFailure(failure)
    }
  }

  #send(exchange: Exchange, prepared: Prepared, target: Target, way: HttpWay | undefined): Promise<Outcome> {
    const { incoming, response, upgrade } = exchange
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
    const outgoing = this.#open(exchange, prepared, target, way)
    const stop = watch(exchange, outgoing, {
      connectMs: prepared.timeouts.connectMs ?? (way === undefined ? 30_000 : this.#options.proxyConnectMs),
      readMs: prepared.timeouts.readMs,
      idleMs: this.#options.idleMs,
      clock: this.#options.clock,
    })
    const cancel = (): void => void outgoing.destroy()
    response.once('close', cancel)
    let isOver = false
    let isAnswered = false
    const finish = (): boolean => {
      if (isOver) return false
      isOver = true
      stop()
      response.off('close', cancel)
      incoming.unpipe(outgoing)
      return true
    }
    const end = (outcome: Outcome): void => {
      if (finish()) resolve(outcome)
    }
    const fail = (failure: NodeJS.ErrnoException): void => {
      if (isOver) return
      if (response.headersSent || response.destroyed) {
        // The caller sees a broken answer, never one that looks complete.
        response.destroy()
        end('done')
      } else if (outgoing.reusedSocket && failure.code === 'ECONNRESET') end('stale')
      else if (finish()) reject(targetFailure(failure, prepared.destination, way !== undefined))
    }
    outgoing.on('error', fail)
    // Also where Node says nothing more, as for a "switching protocols" that nobody asked for.
    outgoing.on('close', () => {
      if (!isAnswered) fail(new Error('closed without an answer'))
    })
    outgoing.on('response', (answer) => {
      isAnswered = true
      if (way !== undefined && answer.statusCode === 407) {
        answer.resume()
        end('token-refused')
        return
      }
      if (!startAnswer(answer, response)) {
        outgoing.destroy(new Error('an answer that cannot be written'))
        return
      }
      pipeline(answer, response, () => {
        end('done')
        if (!outgoing.writableFinished || !answer.complete) outgoing.destroy()
        // The rest of a request that was answered before its end is read and dropped, so that the answer arrives.
        if (!incoming.complete) incoming.setTimeout(this.#options.idleMs, () => void incoming.socket.destroy()).resume()
      })
    })
    if (upgrade !== undefined)
      outgoing.on('upgrade', (answer, socket, head) => {
        finish()
        response.detachSocket(upgrade.socket)
        joinUpgraded({ ...upgrade, answer }, socket, head)
        resolve('done')
      })
    if (hasBody(incoming)) incoming.pipe(outgoing)
    else outgoing.end()
    return promise
  }

  #open({ incoming, upgrade }: Exchange, prepared: Prepared, target: Target, way: HttpWay | undefined): ClientRequest {
    const { url, path } = target
    const agents = this.#options.connections.of(incoming, prepared.passesAuthorization)
    const headers = headersForTarget(incoming, prepared, target, way)
    headers.push(
      ...(upgrade === undefined
        ? ['Connection', 'keep-alive']
        : ['Connection', 'Upgrade', 'Upgrade', incoming.headers.upgrade ?? '']),
    )
    const common = { method: incoming.method ?? 'GET', headers, maxHeaderSize: maxHeadBytes }
    try {
      if (way !== undefined)
        return httpRequest({
          ...common,
          host: way.host,
          port: way.port,
          path: `${url.origin}${path}`,
          agent: agents.plain,
        })
      const host = url.hostname.replace(/^\[|\]$/g, '')
      const direct = { ...common, host, path, ...(url.port === '' ? {} : { port: url.port }) }
      if (url.protocol === 'http:') return httpRequest({ ...direct, agent: agents.plain })
      const servername = isIP(host) === 0 ? host : ''
      return httpsRequest({ ...direct, servername, agent: agents.tls(prepared.destination) })
    } catch (failure) {
      throw targetFailure(failure, prepared.destination)
    }
  }
}

/** Writes status and headers, later trailers, as they come. False for a head that HTTP does not allow. */
function startAnswer(answer: IncomingMessage, response: ServerResponse): boolean {
  const isChunked = answer.headers['transfer-encoding'] !== undefined
  // Framed by both, the body would end in two places (RFC 9112 section 6.3).
  const headers = endToEnd(answer.rawHeaders, (name) => !isChunked || name !== 'content-length')
  try {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', headers)
  } catch {
    // Node keeps a text that it refuses, and would refuse every other head because of it.
    response.statusMessage = ''
    return false
  }
  answer.once('end', () => {
    const trailers = [...pairsOf(answer.rawTrailers)].map(([name, value]): [string, string] => [name, value])
    if (trailers.length > 0) response.addTrailers(trailers)
  })
  return true
}
