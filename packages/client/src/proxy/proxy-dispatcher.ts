import { DecoratorHandler, Dispatcher } from 'undici'
import { clientError } from '../client-error.ts'
import type { ConnectivityProxy, Route } from './connectivity-proxy.ts'
import { assertVirtualAddress } from './virtual-address.ts'

type HeaderPairs = readonly (readonly [string, string])[]

/**
 * An undici dispatcher that sends requests for virtual hosts through the connectivity proxy: in absolute form, with the
 * token and the location ID. Give it to undici's `fetch` or `request`. It owns nothing: the client closes `inner`.
 */
export class ProxyDispatcher extends Dispatcher {
  readonly #proxy: ConnectivityProxy
  readonly #route: Route
  readonly #inner: Dispatcher

  constructor(proxy: ConnectivityProxy, route: Route, inner: Dispatcher) {
    super()
    this.#proxy = proxy
    this.#route = route
    this.#inner = inner
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    void this.#forward(options, handler)
    return true
  }

  override async close(): Promise<void> {}

  override async destroy(): Promise<void> {}

  /** fetch makes a network error without a reason of status 407 (Fetch standard, HTTP-network-or-cache fetch). */
  #watched(handler: Dispatcher.DispatchHandler, target: URL): Dispatcher.DispatchHandler {
    const watched: Dispatcher.DispatchHandler = new DecoratorHandler(handler)
    const start = watched.onResponseStart?.bind(watched)
    watched.onResponseStart = (controller, status, headers, message) => {
      if (status !== 407) return start?.(controller, status, headers, message)
      this.#proxy.dropToken(this.#route)
      throw clientError('CLIENT_PROXY_TOKEN_REFUSED', { address: this.#proxy.httpUrl, host: target.host })
    }
    return watched
  }

  async #forward(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): Promise<void> {
    try {
      const address = assertVirtualAddress(new URL(options.path, options.origin))
      const own = Object.entries(await this.#proxy.headers(this.#route))
      const headers = replaced(pairsOf(options.headers), [...own, ['Host', address.host]])
      const path = `${address.origin}${options.path}`
      this.#inner.dispatch(
        { ...options, origin: this.#proxy.httpUrl, path, headers: headers.flat() },
        this.#watched(handler, address),
      )
    } catch (failure) {
      // As undici's own interceptors do when something fails before there is a connection. The decorator also knows the
      // handlers of older versions, which the fetch of Node 20 has.
      const told: Dispatcher.DispatchHandler = new DecoratorHandler(handler)
      told.onResponseError?.(undefined as never, failure as Error)
    }
  }
}

/** What the proxy needs wins over a header of the same name. */
function replaced(headers: HeaderPairs, own: HeaderPairs): [string, string][] {
  const names = new Set(own.map(([name]) => name.toLowerCase()))
  return [...headers.filter(([name]) => !names.has(name.toLowerCase())), ...own].map(([name, value]) => [name, value])
}

/** Undici takes headers in three forms. */
function pairsOf(headers: Dispatcher.DispatchOptions['headers']): HeaderPairs {
  if (headers === undefined || headers === null) return []
  if (Array.isArray(headers) && !headers.every((entry) => Array.isArray(entry))) {
    const flat = headers.map(String)
    return flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as const] : []))
  }
  const entries = Symbol.iterator in headers ? headers : Object.entries(headers)
  return [...(entries as Iterable<[string, string | string[] | undefined]>)].flatMap(([name, value]) =>
    (Array.isArray(value) ? value : value === undefined ? [] : [value]).map((text) => [name, String(text)] as const),
  )
}
