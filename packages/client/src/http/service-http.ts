import { rootCertificates } from 'node:tls'
import { type Clock, type Closeable, isPlatformError, type Log } from '@landbridge/kernel'
import { Agent, type Dispatcher, request } from 'undici'
import { clientError, isOutage, reasonOf } from '../client-error.ts'
import { CircuitBreaker, type CircuitPolicy } from '../resilience/circuit-breaker.ts'
import type { CircuitPhase } from '../resilience/circuit-phase.ts'
import { type RetryPolicy, withRetry } from '../resilience/retry.ts'

export interface ServiceHttpOptions {
  readonly clock: Clock
  readonly log: Log
  readonly connectTimeoutMs: number
  /** For a whole attempt, from the request to the last byte of the answer. */
  readonly readTimeoutMs: number
  /** PEM of authorities that are trusted besides those of Node. */
  readonly ca?: string
  readonly retry: RetryPolicy
  readonly circuit: CircuitPolicy
  readonly random?: () => number
}

export interface ServiceCall {
  /** For messages: `token service`. */
  readonly service: string
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Client certificate. */
  readonly identity?: { readonly cert: string; readonly key: string }
  /** False where a request may be carried out once only: then it is repeated only if it never left. */
  readonly isRepeatable?: boolean
  readonly signal?: AbortSignal
}

export interface ServiceAnswer {
  readonly status: number
  readonly text: string
}

/** Bytes that an answer may have: find answers carry key stores, hardly more than a few kilobytes. */
const maxAnswerBytes = 16 * 1024 * 1024

/** What stands in the way of a connection: the request was never sent. */
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT', 'EHOSTUNREACH'])

/**
 * Calls the services of the platform with deadlines, repetitions, and a circuit breaker for each address. Answers are
 * returned whatever their status, except 429 and 5xx: those are outages, as is a service that does not answer.
 */
export class ServiceHttp implements Closeable {
  readonly #options: ServiceHttpOptions
  readonly #agents: Map<string, Agent>
  readonly #circuits: Map<string, CircuitBreaker>
  readonly #retryAfterMs: WeakMap<object, number>
  #repetitions: number

  constructor(options: ServiceHttpOptions) {
    this.#options = options
    this.#agents = new Map()
    this.#circuits = new Map()
    this.#retryAfterMs = new WeakMap()
    this.#repetitions = 0
  }

  /** Calls that were sent once more. */
  get repetitions(): number {
    return this.#repetitions
  }

  /** Phase of the circuit of each service address so far. */
  get circuits(): Readonly<Record<string, CircuitPhase>> {
    return Object.fromEntries([...this.#circuits].map(([address, { phase }]) => [address, phase]))
  }

  /** @throws PlatformError CLIENT_SERVICE_UNREACHABLE, _TIMEOUT, _FAILED, CLIENT_CIRCUIT_OPEN; the signal's reason */
  call(call: ServiceCall): Promise<ServiceAnswer> {
    const { clock, log, retry, random } = this.#options
    return withRetry(
      {
        policy: retry,
        clock,
        ...(random === undefined ? {} : { random }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
        mayRepeat: (failure) => mayRepeat(failure, call.isRepeatable ?? true),
        askedMs: (failure) => this.#retryAfterMs.get(failure as object) ?? 0,
        onRepeat: (failure, attempt, delayMs) => {
          this.#repetitions++
          log.info('client.service.repeated', {
            service: call.service,
            attempt,
            delayMs,
            ...(isPlatformError(failure) ? { code: failure.code } : {}),
          })
        },
      },
      () => this.#attempt(call),
    )
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()))
    this.#agents.clear()
  }

  async #attempt(call: ServiceCall): Promise<ServiceAnswer> {
    const { origin: address } = new URL(call.url)
    const circuit = this.#circuit(call.service, address)
    const permit = circuit.tryEnter()
    if (permit === undefined)
      throw clientError('CLIENT_CIRCUIT_OPEN', {
        service: call.service,
        address,
        retryAfterMs: circuit.retryAfterMs,
      })
    try {
      const answer = await this.#send(call, address)
      permit.succeeded()
      return answer
    } catch (failure) {
      if (call.signal?.aborted === true) permit.abandoned()
      // A service that asks to slow down is there.
      else if (isPlatformError(failure) && failure.facts.status === 429) permit.succeeded()
      else permit.failed()
      throw failure
    }
  }

  async #send(call: ServiceCall, address: string): Promise<ServiceAnswer> {
    const { service, method, url, headers, body, signal } = call
    const { clock, readTimeoutMs } = this.#options
    const deadline = new AbortController()
    const cancel = clock.after(readTimeoutMs, () => deadline.abort())
    try {
      signal?.throwIfAborted()
      const answer = await request(url, {
        method,
        headers,
        dispatcher: this.#agent(call.identity),
        signal: signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]),
        ...(body === undefined ? {} : { body }),
      })
      const text = await answer.body.text()
      if (answer.statusCode < 500 && answer.statusCode !== 429) return { status: answer.statusCode, text }
      throw this.#failed(call, address, answer)
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason
      if (isPlatformError(cause)) throw cause
      if (deadline.signal.aborted)
        throw clientError('CLIENT_SERVICE_TIMEOUT', { service, address, timeoutMs: readTimeoutMs }, { cause })
      throw clientError('CLIENT_SERVICE_UNREACHABLE', { service, address, reason: reasonOf(cause) }, { cause })
    } finally {
      cancel()
    }
  }

  #failed({ service }: ServiceCall, address: string, answer: Dispatcher.ResponseData): Error {
    const failure = clientError('CLIENT_SERVICE_FAILED', { service, address, status: answer.statusCode })
    const seconds = Number(answer.headers['retry-after'])
    if (seconds > 0) this.#retryAfterMs.set(failure, seconds * 1_000)
    return failure
  }

  #circuit(service: string, address: string): CircuitBreaker {
    const known = this.#circuits.get(address)
    if (known !== undefined) return known
    const { circuit: policy, clock, log } = this.#options
    const circuit = new CircuitBreaker(policy, clock, (phase) =>
      log.warn('client.circuit.changed', { service, address, phase }),
    )
    this.#circuits.set(address, circuit)
    return circuit
  }

  #agent(identity: ServiceCall['identity']): Agent {
    const key = identity?.cert ?? ''
    const known = this.#agents.get(key)
    if (known !== undefined) return known
    const { ca, connectTimeoutMs, readTimeoutMs } = this.#options
    const agent = new Agent({
      connect: { timeout: connectTimeoutMs, ...identity, ...trust(ca) },
      headersTimeout: readTimeoutMs,
      bodyTimeout: readTimeoutMs,
      maxResponseSize: maxAnswerBytes,
    })
    this.#agents.set(key, agent)
    return agent
  }
}

/** `ca` replaces the list of Node, so that list is repeated; without it NODE_EXTRA_CA_CERTS keeps counting. */
function trust(ca: string | undefined): { readonly ca?: string[] } {
  return ca === undefined ? {} : { ca: [...rootCertificates, ca] }
}

function mayRepeat(failure: unknown, isRepeatable: boolean): boolean {
  if (!isOutage(failure) || isPlatformError(failure, 'CLIENT_CIRCUIT_OPEN')) return false
  return isRepeatable || (isPlatformError(failure) && neverSent.has(String(failure.facts.reason)))
}
