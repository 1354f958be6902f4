import type { IncomingMessage } from 'node:http'
import { PlatformError } from '@landbridge/kernel'

/**
 * A page of any site can make a browser call this machine, and the transparent proxy adds credentials to what it gets:
 * what a browser marks as coming from elsewhere is refused (Fetch standard, `Sec-Fetch-Site` and `Origin`).
 * @throws PlatformError TRANSPARENT_PROXY_CROSS_SITE
 */
export function refuseCrossSite({ headers }: IncomingMessage, host: string): void {
  const site = headers['sec-fetch-site']
  if (site === 'cross-site' || site === 'same-site')
    throw refused(host, `The browser says that the request is ${site} (Sec-Fetch-Site).`)
  const { origin } = headers
  if (origin === undefined) return
  const own = URL.parse(`http://${host}`)?.host
  if (own === undefined || URL.parse(origin)?.host !== own)
    throw refused(host, `The request comes from a page of another host than '${host}' (Origin).`)
}

function refused(host: string, reason: string): PlatformError {
  return new PlatformError('TRANSPARENT_PROXY_CROSS_SITE', { host, reason })
}
