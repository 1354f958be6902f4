import { clientError } from '../client-error.ts'
import type { Destination } from '../destination/destination.ts'
import type { DestinationFinder } from '../destination/destination-finder.ts'
import type { ConnectivityProxy } from '../proxy/connectivity-proxy.ts'
import { type AuthenticationHeader, headersOf } from './authentication-headers.ts'

/**
 * Headers for applications with an HTTP client of their own: the counterpart of the Java AuthenticationHeaderProvider
 * (guide L14135 to L14227). Each method looks the destination up again, in the cache as a rule, so that a destination
 * that an application keeps for long gets new tokens shortly before the old ones expire.
 */
export class AuthenticationHeaderProvider {
  readonly #finder: DestinationFinder
  readonly #proxy: () => ConnectivityProxy

  constructor(finder: DestinationFinder, proxy: () => ConnectivityProxy) {
    this.#finder = finder
    this.#proxy = proxy
  }

  /** All headers for the target of a destination, whatever its authentication type. */
  async headers(destination: Destination, signal?: AbortSignal): Promise<readonly AuthenticationHeader[]> {
    return headersOf(await this.#current(destination, signal), destination.options.userToken)
  }

  /**
   * One header that makes a request to the connectivity proxy run as the user: `Proxy-Authorization` with the user token
   * exchanged for one of the connectivity service (guide L12320). Send no other user header with it.
   */
  async getPrincipalPropagationHeader(userToken: string, signal?: AbortSignal): Promise<AuthenticationHeader> {
    return { name: 'Proxy-Authorization', value: `Bearer ${await this.#proxy().userToken(userToken, signal)}` }
  }

  /** @throws PlatformError CLIENT_DESTINATION_INVALID for another authentication type; see `headers` */
  async getOAuth2SAMLBearerAssertionHeaders(
    destination: Destination,
    signal?: AbortSignal,
  ): Promise<readonly AuthenticationHeader[]> {
    expectType(destination, 'OAuth2SAMLBearerAssertion')
    return this.headers(destination, signal)
  }

  /** @throws PlatformError CLIENT_DESTINATION_INVALID for another authentication type; see `headers` */
  async getOAuth2ClientCredentialsHeader(
    destination: Destination,
    signal?: AbortSignal,
  ): Promise<AuthenticationHeader> {
    expectType(destination, 'OAuth2ClientCredentials')
    return (await this.headers(destination, signal))[0]!
  }

  #current(destination: Destination, signal?: AbortSignal): Promise<Destination> {
    const { refreshToken, authorizationCode } = destination.options
    // A code or refresh token is used up: only what came for it is left.
    if (refreshToken !== undefined || authorizationCode !== undefined) return Promise.resolve(destination)
    return this.#finder.find(destination.name, destination.options, signal)
  }
}

function expectType(destination: Destination, expected: string): void {
  if (destination.authentication === expected) return
  throw clientError('CLIENT_DESTINATION_INVALID', {
    destination: destination.name,
    property: 'Authentication',
    reason: `it is ${destination.authentication}, not ${expected}`,
  })
}
