import { createHash } from 'node:crypto'
import { type Clock, type Closeable, isPlatformError, type Log } from '@landbridge/kernel'
import { Agent, type BodyInit, type Dispatcher, fetch, Headers, type RequestInit, type Response } from 'undici'
import type { AuthenticationHeaderProvider } from '../authentication/header-provider.ts'
import { clientError, reasonOf } from '../client-error.ts'
import type { Destination } from '../destination/destination.ts'
import { tlsOptionsOf } from '../destination/key-store.ts'
import type { ConnectivityProxy, Route } from '../proxy/connectivity-proxy.ts'
import { ProxyDispatcher } from '../proxy/proxy-dispatcher.ts'
import { type RetryPolicy, withRetry } from '../resilience/retry.ts'
import { addressOf, fixedHeaders } from './request-target.ts'

export interface CallOptions extends Omit<RequestInit, 'dispatcher' | 'signal'> {
  readonly signal?: AbortSignal
  /** For each attempt, up to the head of its answer. No limit by default: only the caller knows the scenario. */
  readonly timeoutMs?: number
  /** The target may carry the request out twice: it is repeated after a failed connection, 502, 503 and 504. */
  readonly isIdempotent?: boolean
}

export interface DestinationFetchOptions {
  readonly headers: Pick<AuthenticationHeaderProvider, 'headers'>
  readonly proxy: () => ConnectivityProxy
  readonly retry: RetryPolicy
  readonly connectTimeoutMs: number
  readonly clock: Clock
  readonly log: Log
  readonly random?: () => number
}

/** Agents for targets with TLS settings of their own; the one that was used longest ago goes. */
const maxAgents = 50
const passing = new Set([502, 503, 504])

/** Calls the targets of destinations: through the connectivity proxy or directly, with what the destination asks for. */
export class DestinationFetch implements Closeable {
  readonly #options: DestinationFetchOptions
  readonly #agents: Map<string, Agent>

  constructor(options: DestinationFetchOptions) {
    this.#options = options
    this.#agents = new Map()
  }

  /** A dispatcher for undici that goes through the connectivity proxy. */
  dispatcher(route: Route): Dispatcher {
    return new ProxyDispatcher(this.#options.proxy(), route, this.#agent({}))
  }

  async call(destination: Destination, path: string, options: CallOptions): Promise<Response> {
    const { isIdempotent = false, signal, timeoutMs, ...init } = options
    const { clock, retry, random, log } = this.#options
    const attempt = async (): Promise<Response> => {
      const response = await this.#once(destination, path, init, signal, timeoutMs)
      if (!isIdempotent || !passing.has(response.status)) return response
      throw new PassingAnswer(response)
    }
    try {
      return await withRetry(
        {
          policy: isIdempotent && isReplayable(init.body) ? retry : { ...retry, retries: 0 },
          clock,
          ...(random === undefined ? {} : { random }),
          ...(signal === undefined ? {} : { signal }),
          mayRepeat: (failure) =>
            failure instanceof PassingAnswer || isPlatformError(failure, 'CLIENT_SERVICE_UNREACHABLE'),
          onRepeat: (failure, number, delayMs) => {
            if (failure instanceof PassingAnswer) void failure.response.body?.cancel()
            log.info('client.call.repeated', { destination: destination.name, attempt: number, delayMs })
          },
        },
        attempt,
      )
    } catch (failure) {
      // Repetitions did not help: the answer as it came.
      if (failure instanceof PassingAnswer) return failure.response
      throw failure
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()))
    this.#agents.clear()
  }

  /** A proxy that refuses the token has not passed the request on: it is repeated with a new one. */
  async #once(
    destination: Destination,
    path: string,
    init: RequestInit,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
  ): Promise<Response> {
    try {
      return await this.#send(destination, path, init, signal, timeoutMs)
    } catch (failure) {
      if (!isPlatformError(failure, 'CLIENT_PROXY_TOKEN_REFUSED') || !isReplayable(init.body)) throw failure
      return this.#send(destination, path, init, signal, timeoutMs)
    }
  }

  async #send(
    destination: Destination,
    path: string,
    init: RequestInit,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
  ): Promise<Response> {
    const address = addressOf(destination, path)
    if (destination.isOnPremise && address.protocol !== 'http:')
      throw clientError('CLIENT_PROXY_NEEDS_HTTP', { destination: destination.name, address: address.origin })
    const headers = await this.#headers(destination, init, signal)
    const deadline = new AbortController()
    const cancel = timeoutMs === undefined ? () => {} : this.#options.clock.after(timeoutMs, () => deadline.abort())
    const signals = [deadline.signal, ...(signal === undefined ? [] : [signal])]
    const dispatcher = destination.isOnPremise
      ? this.dispatcher(routeOf(destination))
      : this.#agent(tlsOptionsOf(destination))
    try {
      // A redirect of an internal system names hosts that only the caller can judge.
      return await fetch(address, {
        redirect: 'manual',
        ...init,
        headers,
        dispatcher,
        signal: AbortSignal.any(signals),
      })
    } catch (cause) {
      throw this.#failure(destination, cause, signal, timeoutMs, deadline.signal.aborted)
    } finally {
      cancel()
    }
  }

  #failure(
    destination: Destination,
    cause: unknown,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    isLate: boolean,
  ): unknown {
    if (signal?.aborted === true) return signal.reason
    // fetch wraps whatever stopped it, ours included.
    if (cause instanceof Error && isPlatformError(cause.cause)) return cause.cause
    const facts = {
      service: destination.isOnPremise ? 'connectivity proxy' : `target of ${destination.name}`,
      address: destination.isOnPremise ? this.#options.proxy().httpUrl : new URL(destination.url ?? '').origin,
    }
    if (isLate) return clientError('CLIENT_SERVICE_TIMEOUT', { ...facts, timeoutMs }, { cause })
    const reason = reasonOf(cause)
    // Without a code it is fetch that finds fault with its arguments: a mistake of the caller.
    if (reason === 'TypeError') return cause
    return clientError('CLIENT_SERVICE_UNREACHABLE', { ...facts, reason }, { cause })
  }

  /** What the destination says, under what the call says, under what proves who calls. */
  async #headers(destination: Destination, init: RequestInit, signal?: AbortSignal): Promise<Headers> {
    const headers = new Headers(fixedHeaders(destination).map(([name, value]) => [name, value] as [string, string]))
    for (const [name, value] of new Headers(init.headers)) headers.set(name, value)
    for (const { name, value } of await this.#options.headers.headers(destination, signal)) headers.set(name, value)
    return headers
  }

  #agent(tls: ReturnType<typeof tlsOptionsOf>): Agent {
    const key = keyOf(tls)
    const known = this.#agents.get(key)
    this.#agents.delete(key)
    const agent = known ?? new Agent({ connect: { timeout: this.#options.connectTimeoutMs, ...tls } })
    this.#agents.set(key, agent)
    if (this.#agents.size > maxAgents) {
      const [oldest, retired] = this.#agents.entries().next().value!
      this.#agents.delete(oldest)
      void retired.close().catch(() => {})
    }
    return agent
  }
}

/** The route to the system of an on-premise destination. */
export function routeOf({ options: { tenant, tenantSubdomain }, locationId }: Destination): Route {
  return {
    locationId,
    ...(tenant === undefined ? {} : { tenant }),
    ...(tenantSubdomain === undefined ? {} : { tenantSubdomain }),
  }
}

/** Carries an answer through the repetition; never leaves this file. */
class PassingAnswer extends Error {
  readonly response: Response

  constructor(response: Response) {
    super('a passing failure')
    this.response = response
  }
}

function isReplayable(body: BodyInit | null | undefined): boolean {
  if (body === undefined || body === null || typeof body === 'string') return true
  return body instanceof Uint8Array || body instanceof ArrayBuffer || body instanceof URLSearchParams
}

function keyOf(tls: ReturnType<typeof tlsOptionsOf>): string {
  const hash = createHash('sha256')
  for (const [name, value] of Object.entries(tls))
    hash
      .update(name)
      .update(Buffer.isBuffer(value) ? value : String(value))
      .update('\n')
  return hash.digest('base64')
}
