import { clientError } from '../client-error.ts'

/**
 * The address of a virtual host as it stands in a request to the proxy: absolute, and always http. Whether the system
 * behind it speaks HTTPS is the affair of the Cloud Connector (guide L11870).
 * @throws PlatformError CLIENT_PROXY_NEEDS_HTTP
 */
export function assertVirtualAddress(address: URL): URL {
  if (address.protocol === 'http:') return address
  throw clientError('CLIENT_PROXY_NEEDS_HTTP', { address: address.origin })
}
