import type { Destination } from '@landbridge/client'
import { PlatformError } from '@landbridge/kernel'

/** Where a request goes. */
export interface Target {
  readonly url: URL
  /** Path and query as they are sent: the bytes of the caller, behind those of the destination. */
  readonly path: string
}

/**
 * The URL of the destination with path and query of the request behind it, and `URL.queries.*` behind that: nothing is
 * replaced, a parameter of both is sent twice (guide L34993). A request for `/` means the URL itself.
 * @throws PlatformError TRANSPARENT_PROXY_URL_INVALID; TRANSPARENT_PROXY_REQUEST_REFUSED for a path that leads out of it
 */
export function targetOf(destination: Destination, requested: string): Target {
  const base = baseOf(destination)
  const [beforeFragment = ''] = requested.split('#', 1)
  const question = beforeFragment.indexOf('?')
  const path = question < 0 ? beforeFragment : beforeFragment.slice(0, question)
  const query = question < 0 ? '' : beforeFragment.slice(question + 1)
  const folder = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`
  const joined = path === '/' || path === '' ? base.pathname : `${folder}${path.slice(1)}`
  if (joined !== base.pathname && !normalised(base, joined)?.startsWith(folder))
    throw new PlatformError('TRANSPARENT_PROXY_REQUEST_REFUSED', {
      reason: `The path of the request leads out of the URL of the destination '${destination.name}'.`,
    })
  const parts = [base.search.slice(1), query, ...fixedQueries(destination)].filter((part) => part !== '')
  return { url: base, path: parts.length === 0 ? joined : `${joined}?${parts.join('&')}` }
}

/** Headers that the destination adds to each request: `URL.headers.<name>`. */
export function fixedHeaders(destination: Destination): readonly (readonly [name: string, value: string])[] {
  return prefixed(destination, 'URL.headers.')
}

function fixedQueries(destination: Destination): readonly string[] {
  return prefixed(destination, 'URL.queries.').map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  )
}

function baseOf(destination: Destination): URL {
  const { name, url } = destination
  // The parser would repair `https:/host`, which nobody meant.
  const base = url !== undefined && /^https?:\/\/[^/]/i.test(url) ? URL.parse(url) : null
  if (base !== null) return base
  throw new PlatformError('TRANSPARENT_PROXY_URL_INVALID', {
    reason: `The URL of the destination '${name}' is ${url === undefined ? 'missing' : 'not an http:// or https:// address'}. Make sure the URL configured in the destination is valid.`,
  })
}

/** The path as a server may read it: dot segments resolved, also in their encoded form. */
function normalised({ origin }: URL, path: string): string | undefined {
  return URL.parse(`${origin}${path}`)?.pathname
}

function prefixed(destination: Destination, prefix: string): readonly (readonly [string, string])[] {
  return Object.entries(destination.getAllProperties())
    .filter(([key]) => key.startsWith(prefix) && key.length > prefix.length)
    .map(([key, value]) => [key.slice(prefix.length), value] as const)
}
