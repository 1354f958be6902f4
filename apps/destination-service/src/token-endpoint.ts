import { isIP } from 'node:net'
import {
  type EndpointPolicy,
  type OnPremiseChannel,
  type TokenEndpoint,
  type TokenRequest,
  tokenFailure,
} from '@landbridge/destinations'
import type { Clock, Log } from '@landbridge/kernel'
import { Agent, type Dispatcher } from 'undici'
import { PhaseLimit } from './phase-limit.ts'
import { connectorFor, guardOf, TrustedByDefault } from './token-connection.ts'
import { connectionFailure } from './token-failure-reason.ts'

const longestAnswerBytes = 1024 * 1024

export interface TokenEndpointOptions {
  readonly policy: EndpointPolicy
  /** The way to token services behind a Cloud Connector; without it they cannot be reached. */
  readonly onPremise?: OnPremiseChannel
  readonly clock: Clock
  readonly log: Log
  /** Certificates trusted besides the machine's, in PEM form: the platform's own CA. */
  readonly ca?: string
  /** Limit in milliseconds where a request has none of its own. */
  readonly deadlineMs: number
}

/**
 * Token requests over undici. Every request has a connection of its own: trust settings belong to a destination, and
 * tokens are cached, so sharing connections would gain little and could leak one destination's trust into another.
 */
export function createTokenEndpoint(options: TokenEndpointOptions): TokenEndpoint {
  const trusted = new TrustedByDefault(options.ca)
  return {
    send: (request) =>
      request.proxyType === 'OnPremise' ? throughProxy(options, request) : directly(options, request, trusted),
  }
}

async function directly(options: TokenEndpointOptions, request: TokenRequest, trusted: TrustedByDefault) {
  const url = new URL(request.url)
  const guard = guardOf(options.policy, request.proxyType === 'PrivateLink')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // A literal address is connected to without a lookup.
  if (isIP(host) !== 0) guard(host, host)
  if (request.insecureTrustAll) options.log.warn('destination.token.trust-all', { host: url.host })
  if (request.tls?.version === 'TLSv1' || request.tls?.version === 'TLSv1.1')
    options.log.warn('destination.token.old-tls', { host: url.host, version: request.tls.version })
  const context = url.protocol === 'https:' ? trusted.contextFor(request.tls) : undefined
  return exchange(options, request, {
    peer: 'token service',
    connector: (limit) => connectorFor(request, guard, limit, context),
    target: { origin: url.origin, path: `${url.pathname}${url.search}` },
    headers: request.headers,
  })
}

/** In absolute form through the connectivity proxy, which picks the Cloud Connector (guide L11939-11980). */
async function throughProxy(options: TokenEndpointOptions, request: TokenRequest) {
  if (options.onPremise === undefined)
    throw tokenFailure('token services behind a Cloud Connector (ProxyType OnPremise) are not configured here')
  const { proxyUrl, token } = await options.onPremise.route(request.subaccountId)
  const own = request.headers.filter(([name]) => name !== 'proxy-authorization' && !name.startsWith('sap-connectivity'))
  return exchange(options, request, {
    peer: 'connectivity proxy',
    // The proxy is our own and on our network; where the request goes from there, the Cloud Connector decides.
    connector: (limit) => connectorFor(request, () => {}, limit, undefined),
    target: { origin: new URL(proxyUrl).origin, path: request.url },
    headers: [
      ...own,
      ['host', new URL(request.url).host],
      ['proxy-authorization', `Bearer ${token}`],
      ...(request.locationId === '' ? [] : [['sap-connectivity-scc-location_id', request.locationId] as const]),
    ],
  })
}

interface Way {
  readonly peer: 'token service' | 'connectivity proxy'
  connector(limit: PhaseLimit): ReturnType<typeof connectorFor>
  readonly target: { readonly origin: string; readonly path: string }
  readonly headers: readonly (readonly [string, string])[]
}

async function exchange(options: TokenEndpointOptions, request: TokenRequest, way: Way) {
  const limit = new PhaseLimit(options.clock, options.deadlineMs, request)
  const agent = new Agent({ connect: way.connector(limit), headersTimeout: 0, bodyTimeout: 0, allowH2: false })
  try {
    return await answer(agent, {
      ...way.target,
      method: request.method ?? 'POST',
      headers: way.headers.flat(),
      ...(request.body === '' ? {} : { body: request.body }),
      signal: limit.signal,
    })
  } catch (cause) {
    throw limit.expired ?? connectionFailure(cause, way.peer)
  } finally {
    limit.end()
    await agent.destroy()
  }
}

async function answer(agent: Agent, request: Dispatcher.RequestOptions) {
  const response = await agent.request(request)
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
