import { clientError } from '../client-error.ts'
import type { Destination } from '../destination/destination.ts'

/**
 * The address for a path below the URL of a destination, with its `URL.queries.*` where the call has none of that name.
 * A path cannot leave the URL of the destination: another host or a step above it is refused.
 * @throws PlatformError CLIENT_DESTINATION_INVALID, TypeError for a path that leads elsewhere
 */
export function addressOf(destination: Destination, path: string): URL {
  const base = baseOf(destination)
  const folder = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`
  const address = new URL(base)
  const [withoutQuery = '', query = ''] = split(path, '?')
  address.pathname = withoutQuery === '' ? base.pathname : `${folder}${withoutQuery.replace(/^\/+/, '')}`
  if (address.pathname !== base.pathname && !address.pathname.startsWith(folder))
    throw new TypeError('The path leads out of the URL of the destination')
  for (const [name, value] of new URLSearchParams(query)) address.searchParams.append(name, value)
  for (const [name, value] of prefixed(destination, 'URL.queries.'))
    if (!address.searchParams.has(name)) address.searchParams.append(name, value)
  return address
}

/** Headers that the destination adds to each request: `URL.headers.<name>`. */
export function fixedHeaders(destination: Destination): readonly (readonly [string, string])[] {
  return prefixed(destination, 'URL.headers.')
}

function baseOf(destination: Destination): URL {
  const { name, url } = destination
  // `URL.parse` is newer than Node 20.
  const base = url !== undefined && URL.canParse(url) ? new URL(url) : undefined
  if (base !== undefined && (base.protocol === 'http:' || base.protocol === 'https:')) return base
  const reason = url === undefined ? 'it has none' : 'it is not an http or https address'
  throw clientError('CLIENT_DESTINATION_INVALID', { destination: name, property: 'URL', reason })
}

function prefixed(destination: Destination, prefix: string): readonly (readonly [string, string])[] {
  return Object.entries(destination.getAllProperties())
    .filter(([key]) => key.startsWith(prefix) && key.length > prefix.length)
    .map(([key, value]) => [key.slice(prefix.length), value] as const)
}

function split(text: string, separator: string): readonly string[] {
  const index = text.indexOf(separator)
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)]
}
