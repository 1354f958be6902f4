import { Agent, type AgentOptions, type ClientRequest } from 'node:http'
import { type ConnectivityProxy, locationHeader, type Route } from './connectivity-proxy.ts'
import { assertVirtualAddress } from './virtual-address.ts'

/** What node:http does with a request of an agent; not declared in its types. */
interface RequestQueue {
  addRequest(request: ClientRequest, options: RequestTarget): void
}

interface FailingRequest {
  onSocket(socket: null, failure: Error): void
}

interface RequestTarget {
  readonly host?: string | null
  readonly port?: number | string | null
  readonly [option: string]: unknown
}

/** The written but not yet sent head of a request; not declared in its types. */
interface WrittenHead {
  _header: string | null
  _headerSent: boolean
  _implicitHeader(): void
  readonly outputData: { data: string | Uint8Array }[]
}

/**
 * An agent for node:http, and for libraries on top of it, that sends requests for virtual hosts through the connectivity
 * proxy: in absolute form, with the token and the location ID. Connections to the proxy are kept and shared.
 */
export class ProxyAgent extends Agent {
  readonly #proxy: ConnectivityProxy
  readonly #route: Route

  constructor(proxy: ConnectivityProxy, route: Route = {}, options: AgentOptions = { keepAlive: true }) {
    super(options)
    this.#proxy = proxy
    this.#route = route
  }

  /** Called by node:http for each request, before anything of it is sent. */
  addRequest(request: ClientRequest, options: RequestTarget): void {
    void this.#add(request, options)
  }

  async #add(request: ClientRequest, options: RequestTarget): Promise<void> {
    try {
      const { origin } = assertVirtualAddress(new URL(`${request.protocol}//${options.host}:${options.port ?? 80}`))
      const token = await this.#proxy.token(this.#route)
      if (request.destroyed) return
      rewriteHead(request, `${origin}${request.path}`, {
        'Proxy-Authorization': `Bearer ${token}`,
        ...locationHeader(this.#route),
      })
      const { host, httpPort: port } = this.#proxy
      // `path` of the options would make it a Unix socket; the request has its own.
      const target = { ...options, host, hostname: host, port, path: null, socketPath: undefined }
      ;(Agent.prototype as unknown as RequestQueue).addRequest.call(this, request, target)
    } catch (failure) {
      // Without a socket `destroy` would keep the error to itself.
      ;(request as unknown as FailingRequest).onSocket(null, failure as Error)
    }
  }
}

/**
 * Puts address and headers into a request. The token comes later than `request.end()`, which has written the head into
 * the output already: then the head is written again, and replaces the one that waits in front of the body.
 */
function rewriteHead(request: ClientRequest, path: string, headers: Readonly<Record<string, string>>): void {
  const written = request as unknown as WrittenHead
  const isWritten = written._header !== null
  written._header = null
  request.path = path
  for (const [name, value] of Object.entries(headers)) request.setHeader(name, value)
  if (!isWritten) return
  written._implicitHeader()
  const first = written.outputData[0]
  if (first === undefined || written._header === null) return
  const text = typeof first.data === 'string' ? first.data : Buffer.from(first.data).toString('latin1')
  first.data = `${written._header}${text.slice(text.indexOf('\r\n\r\n') + 4)}`
  // Writing the head anew has marked it as not sent; the next part of the body would bring it once more.
  written._headerSent = true
}
