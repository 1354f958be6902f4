import type { IncomingMessage } from 'node:http'
import type { Prepared } from '../lookup/lookup.ts'
import type { HttpWay } from '../on-premise.ts'
import { isForPlatform } from './platform-headers.ts'
import { endToEnd, isOfConnection } from './raw-headers.ts'
import { fixedHeaders, type Target } from './target.ts'

/** Written anew for the target, from what the body of the request is. */
const framing: ReadonlySet<string> = new Set(['host', 'content-length', 'expect'])

/**
 * The headers for the target, in the form of `rawHeaders`: those of the caller, then those of the destination, which
 * never replace one (guide L34955), then what proves who calls, which does.
 */
export function headersForTarget(
  incoming: IncomingMessage,
  { destination, credentials, passesAuthorization }: Prepared,
  { url }: Target,
  way: HttpWay | undefined,
): string[] {
  const replaced = new Set(credentials.map(({ name }) => name.toLowerCase()))
  if (!passesAuthorization) replaced.add('authorization')
  const kept = endToEnd(
    incoming.rawHeaders,
    (name) => !framing.has(name) && !isForPlatform(name) && !replaced.has(name),
  )
  const added = fixedHeaders(destination).filter(([name]) => {
    const lower = name.toLowerCase()
    return !framing.has(lower) && !isOfConnection(lower) && !replaced.has(lower)
  })
  return [
    'Host',
    url.host,
    ...kept,
    ...added.flat(),
    ...credentials.flatMap(({ name, value }) => [name, value]),
    ...(way?.headers ?? []).flat(),
    ...bodyHeaders(incoming),
  ]
}

/** True when the request has a body, as far as its head tells (RFC 9112 section 6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function bodyHeaders({ headers, method }: IncomingMessage): readonly string[] {
  if (headers['transfer-encoding'] !== undefined) return ['Transfer-Encoding', 'chunked']
  const length = headers['content-length']
  if (length !== undefined) return ['Content-Length', length]
  // Without it Node would announce a chunked body for these methods.
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'DELETE'
    ? []
    : ['Content-Length', '0']
}
