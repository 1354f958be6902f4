import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { isIP, Socket } from 'node:net'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { type EndpointPolicy, type TokenEndpoint, type TokenRequest, tokenFailure } from '@landbridge/destinations'
import { type Clock, isPlatformError, type Log } from '@landbridge/kernel'
import { Agent, buildConnector, request as send } from 'undici'

const longestAnswerBytes = 1024 * 1024

export interface TokenEndpointOptions {
  readonly policy: EndpointPolicy
  readonly clock: Clock
  readonly log: Log
  /** Certificates trusted besides the machine's, in PEM form: the platform's own CA. */
  readonly ca?: string
  /** Limit in milliseconds where a request has none of its own. */
  readonly deadlineMs: number
}

/** What a failed connection means, by `error.code`. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the token service refuses connections',
  ECONNRESET: 'the token service closed the connection',
  UND_ERR_SOCKET: 'the token service closed the connection',
  EHOSTUNREACH: 'the token service cannot be reached',
  ENETUNREACH: 'the token service cannot be reached',
  ETIMEDOUT: 'the connection to the token service timed out',
  ENOTFOUND: 'the host name of the token service cannot be resolved',
  EAI_AGAIN: 'the host name of the token service cannot be resolved',
  CERT_HAS_EXPIRED: 'the certificate of the token service has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate of the token service is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate of the token service is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate of the token service is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate of the token service is not trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of the token service is for another host',
}

/**
 * Token requests over undici. Every request has a connection of its own: trust settings belong to a destination, and
 * tokens are cached, so sharing connections would gain little and could leak one destination's trust into another.
 */
export function createTokenEndpoint(options: TokenEndpointOptions): TokenEndpoint {
  // Reading all trusted certificates takes milliseconds, so it happens once.
  const trusted =
    options.ca === undefined
      ? undefined
      : createSecureContext({ ca: [...getCACertificates('default'), options.ca], minVersion: 'TLSv1.2' })
  return { send: (request) => exchange(options, request, trusted) }
}

async function exchange(options: TokenEndpointOptions, request: TokenRequest, trusted: SecureContext | undefined) {
  if (request.proxyType === 'OnPremise')
    throw tokenFailure('token services behind a Cloud Connector (ProxyType OnPremise) are not supported yet')
  const url = new URL(request.url)
  const guard = guardOf(options.policy, request.proxyType === 'PrivateLink')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // A literal address is connected to without a lookup.
  if (isIP(host) !== 0) guard(host, host)
  if (request.insecureTrustAll) options.log.warn('destination.token.trust-all', { host: url.host })
  const limit = new PhaseLimit(options, request)
  const agent = new Agent({
    connect: connector(request, guard, limit, trusted),
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  })
  try {
    return await answer(agent, request, limit)
  } catch (cause) {
    throw limit.expired ?? translate(cause)
  } finally {
    limit.end()
    await agent.destroy()
  }
}

async function answer(agent: Agent, request: TokenRequest, limit: PhaseLimit) {
  const response = await send(request.url, {
    method: 'POST',
    headers: request.headers.flat(),
    body: request.body,
    signal: limit.signal,
    dispatcher: agent,
  })
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    const part: Buffer = chunk
    bytes += part.length
    if (bytes > longestAnswerBytes) throw tokenFailure('the answer of the token service is too large')
    chunks.push(part)
  }
  return { status: response.statusCode, body: Buffer.concat(chunks).toString('utf8') }
}

/** One limit until the connection stands, another for the whole answer after that. */
class PhaseLimit {
  readonly #controller: AbortController
  readonly #options: TokenEndpointOptions
  readonly #request: TokenRequest
  #cancel: () => void
  expired: Error | undefined

  constructor(options: TokenEndpointOptions, request: TokenRequest) {
    this.#controller = new AbortController()
    this.#options = options
    this.#request = request
    this.expired = undefined
    this.#cancel = this.#start(request.connectTimeoutMs, 'the connection to the token service timed out')
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  connected(): void {
    this.#cancel()
    this.#cancel = this.#start(this.#request.readTimeoutMs, 'the token service did not answer in time')
  }

  end(): void {
    this.#cancel()
  }

  #start(limitMs: number, reason: string): () => void {
    return this.#options.clock.after(limitMs === 0 ? this.#options.deadlineMs : limitMs, () => {
      this.expired = tokenFailure(reason)
      this.#controller.abort()
    })
  }
}

type Guard = (host: string, address: string) => void

function guardOf(policy: EndpointPolicy, privateNetwork: boolean): Guard {
  return (host, address) => {
    if (!policy.permits(host, address, privateNetwork))
      throw tokenFailure('the token service is on a private network, which the Internet proxy type may not call')
  }
}

function connector(request: TokenRequest, guard: Guard, limit: PhaseLimit, trusted: SecureContext | undefined) {
  const connect = buildConnector({
    timeout: 0,
    rejectUnauthorized: !request.insecureTrustAll,
    ...(trusted === undefined ? {} : { secureContext: trusted }),
    lookup: (host: string, how: LookupOptions, done: LookupDone) => guardedLookup(guard, host, how, done),
  } as buildConnector.BuildOptions)
  return (target: buildConnector.Options, done: buildConnector.Callback) => {
    const socket: unknown = connect(target, (...result) => {
      if (result[0] === null) limit.connected()
      done(...result)
    })
    // The agent forgets a connection that is still being made.
    if (socket instanceof Socket)
      limit.signal.addEventListener('abort', () => socket.destroy(limit.expired), { once: true })
  }
}

type LookupDone = (failure: Error | null, address: string | LookupAddress[], family?: number) => void

/** Resolves a name and refuses it when any of its addresses is forbidden. */
function guardedLookup(guard: Guard, host: string, how: LookupOptions, done: LookupDone): void {
  lookup(host, { ...how, all: true }, (failure, addresses) => {
    if (failure !== null) return done(failure, [])
    try {
      for (const { address } of addresses) guard(host, address)
    } catch (refusal) {
      return done(refusal as Error, []) // the guard throws PlatformError only
    }
    const [first] = addresses
    if (how.all === true) return done(null, addresses)
    if (first === undefined) return done(new Error('no address'), [])
    done(null, first.address, first.family)
  })
}

function translate(cause: unknown): Error {
  if (isPlatformError(cause)) return cause
  const code = errorCode(cause)
  return tokenFailure((code && reasons[code]) || 'the token service could not be reached', cause)
}

/** The code of the error, or of the first inner one: several addresses fail with an aggregate. */
function errorCode(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined
  if ('code' in cause && typeof cause.code === 'string') return cause.code
  return cause instanceof AggregateError ? errorCode(cause.errors[0]) : undefined
}
