import { type Properties, prefixed, present } from '../properties.ts'
import { tokenFailure } from './token-failure.ts'

const placeholder = '{tenant}'
const dnsLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i

/** True for `tokenServiceURLType=Common`, in any case; absent means `Dedicated`. */
export function isCommon(properties: Properties): boolean {
  return present(properties, 'tokenServiceURLType')?.toLowerCase() === 'common'
}

/**
 * The URL of the token request: tenant filled in for `Common` (guide L7405-7447), configured query parameters appended,
 * an existing query left as it is.
 * @param tenant subdomain, used for `Common` only
 * @throws PlatformError DESTINATION_TOKEN_FAILED
 */
export function tokenUrl(properties: Properties, tenant: string): string {
  const configured = present(properties, 'tokenServiceURL')
  if (configured === undefined) throw tokenFailure('the property tokenServiceURL is missing')
  const url = isCommon(properties) ? commonUrl(configured, tenant) : parse(configured)
  if (url.username !== '' || url.password !== '')
    throw tokenFailure('tokenServiceURL must not contain credentials, use tokenServiceUser and tokenServicePassword')
  url.hash = ''
  const extra = prefixed(properties, 'tokenServiceURL.queries.')
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join('&')
  if (extra !== '') url.search = url.search.length > 1 ? `${url.search}&${extra}` : extra
  return url.href
}

function commonUrl(configured: string, tenant: string): URL {
  if (!dnsLabel.test(tenant)) throw tokenFailure('the tenant is not a valid subdomain')
  if (configured.includes(placeholder)) return parse(configured.replaceAll(placeholder, tenant))
  const url = parse(configured)
  const host = `${tenant}.${url.hostname}`.toLowerCase()
  url.hostname = host
  // The setter ignores what is no host, for example a label before an IP address.
  if (url.hostname !== host) throw tokenFailure('tokenServiceURL has no host that a tenant can be put in front of')
  return url
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw tokenFailure('tokenServiceURL is not an absolute http or https URL')
  return url
}
