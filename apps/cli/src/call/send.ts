import { PlatformError } from '@landbridge/kernel'
import type { Dispatcher } from 'undici'
import { connectionFailure } from '../http/failure.ts'
import type { FoundDestination } from './find-destination.ts'

export interface Outgoing {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** The way through the connectivity proxy. */
export interface ProxyRoute {
  readonly origin: string
  readonly token: string
}

/**
 * Sends the request of a call, directly or through the connectivity proxy in absolute form (guide L11939-11980), and
 * resolves when the head of the response is there; the body is a stream.
 * @throws PlatformError CLI_UNREACHABLE
 */
export async function send(
  destination: FoundDestination,
  outgoing: Outgoing,
  route: ProxyRoute | undefined,
  agent: Dispatcher,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const target = targetUrl(destination, outgoing.path)
  const headers: Record<string, string> = { ...destination.headers, ...outgoing.headers, host: target.host }
  if (route !== undefined) {
    headers['proxy-authorization'] = `Bearer ${route.token}`
    if (destination.locationId !== '') headers['sap-connectivity-scc-location_id'] = destination.locationId
  }
  const request: Dispatcher.RequestOptions = {
    origin: route?.origin ?? target.origin,
    path: route === undefined ? `${target.pathname}${target.search}` : target.href,
    method: outgoing.method as Dispatcher.HttpMethod,
    headers,
    signal,
    ...(outgoing.body === undefined ? {} : { body: outgoing.body }),
  }
  try {
    return await agent.request(request)
  } catch (cause) {
    const url = route === undefined ? target.origin : route.origin
    throw new PlatformError('CLI_UNREACHABLE', { step: 'request', url, reason: connectionFailure(cause) }, { cause })
  }
}

/** The path of the call below the path of the destination; queries of both are kept. */
export function targetUrl(destination: FoundDestination, path: string): URL {
  const target = new URL(destination.url)
  const hash = path.indexOf('#')
  const clean = hash < 0 ? path : path.slice(0, hash)
  const query = clean.indexOf('?')
  const below = query < 0 ? clean : clean.slice(0, query)
  if (below !== '') target.pathname = `${target.pathname.replace(/\/$/, '')}/${below.replace(/^\//, '')}`
  if (query >= 0) {
    const own = target.search.slice(1)
    target.search = own === '' ? clean.slice(query) : `?${own}&${clean.slice(query + 1)}`
  }
  return target
}
