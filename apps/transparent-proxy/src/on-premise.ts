import type { Socket } from 'node:net'
import type { Destination } from '@landbridge/client'
import { type LandbridgeClient, openSocks5, routeOf } from '@landbridge/client'
import { type Clock, isPlatformError, PlatformError } from '@landbridge/kernel'

export interface OnPremiseOptions {
  readonly client: LandbridgeClient
  /** Address of a connectivity proxy instead of the one of the binding; empty: none. */
  readonly serviceName: string
  readonly httpPort: number
  readonly socks5Port: number
  /** For opening a SOCKS5 connection. */
  readonly timeoutMs: number
  readonly clock: Clock
}

/** The way to an HTTP proxy, and what proves there who calls. */
export interface HttpWay {
  readonly host: string
  readonly port: number
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** The connectivity proxy of the binding, or one of the configuration; with a token where there is a binding. */
export class OnPremise {
  readonly #options: OnPremiseOptions
  readonly #hasBinding: boolean

  constructor(options: OnPremiseOptions) {
    this.#options = options
    this.#hasBinding = options.client.bindings.tryGet('connectivity') !== undefined
  }

  /** @throws PlatformError TRANSPARENT_PROXY_WITHOUT_ON_PREMISE, CLIENT_* */
  async httpWay(destination: Destination, locationId: string | undefined, signal: AbortSignal): Promise<HttpWay> {
    const { client, serviceName, httpPort } = this.#options
    const route = { ...routeOf(destination), locationId: locationId ?? destination.locationId }
    const location = route.locationId === '' ? {} : { 'SAP-Connectivity-SCC-Location_ID': route.locationId }
    const headers = this.#hasBinding ? await client.proxy.headers(route, signal) : location
    return { ...this.#address(serviceName, httpPort, 'httpPort'), headers: Object.entries(headers) }
  }

  /** The proxy refused the token: the next one is fetched anew. */
  dropToken(destination: Destination): void {
    if (this.#hasBinding) this.#options.client.proxy.dropToken(routeOf(destination))
  }

  /** A TCP connection to a virtual host. @throws as LandbridgeClient.connectSocks5 */
  async connect(destination: Destination, host: string, port: number, signal: AbortSignal): Promise<Socket> {
    const { client, serviceName, socks5Port, timeoutMs, clock } = this.#options
    const { locationId } = destination
    const token = this.#hasBinding ? await client.proxy.token(routeOf(destination), signal) : ''
    return openSocks5({
      proxy: this.#address(serviceName, socks5Port, 'socksPort'),
      token,
      target: { host, port, locationId },
      timeoutMs,
      clock,
      signal,
    })
  }

  #address(serviceName: string, port: number, ofBinding: 'httpPort' | 'socksPort'): { host: string; port: number } {
    if (serviceName !== '') return { host: serviceName, port }
    if (!this.#hasBinding)
      throw new PlatformError('TRANSPARENT_PROXY_WITHOUT_ON_PREMISE', { origin: 'Transparent Proxy' })
    const { proxy } = this.#options.client
    return { host: proxy.host, port: proxy[ofBinding] }
  }
}

/** @returns the failure in the words of the transparent proxy, others unchanged */
export function onPremiseFailure(failure: unknown): unknown {
  if (isPlatformError(failure, 'CLIENT_CREDENTIALS_REFUSED'))
    return new PlatformError('TRANSPARENT_PROXY_TOKEN_REFUSED', { origin: 'XSUAA' }, { cause: failure })
  if (isPlatformError(failure) && failure.code.startsWith('CLIENT_'))
    return new PlatformError('TRANSPARENT_PROXY_SERVICE_OUT', { origin: 'XSUAA' }, { cause: failure })
  return failure
}
