import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request as a service saw it. */
export interface Seen {
  readonly service: 'token' | 'destination' | 'proxy' | 'internet'
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/**
 * Servers that speak just enough of the published contracts to see what a client sends: a token service, a destination
 * service, a connectivity proxy and a system on the Internet.
 */
export class ContractServices implements AsyncDisposable {
  readonly seen: Seen[] = []
  readonly #servers: Server[] = []
  properties: Record<string, string> = {}
  authTokens: readonly object[] = []
  /** What the system behind the destination answers. */
  status = 200
  proxyOrigin = ''
  internetOrigin = ''
  vcapServices: Record<string, { credentials: Record<string, string>; name: string }[]> = {}

  static async start(): Promise<ContractServices> {
    const services = new ContractServices()
    const token = await services.#serve('token', (seen) => {
      const form = new URLSearchParams(seen.body)
      if (form.get('password') === 'wrong') return { status: 401, body: { error: 'unauthorized' } }
      const subject = form.get('username') ?? form.get('assertion') ?? 'technical'
      return { status: 200, body: { access_token: `${form.get('client_id')}:${subject}`, expires_in: 43199 } }
    })
    const destination = await services.#serve('destination', (seen) =>
      seen.url.endsWith('/missing')
        ? { status: 404, body: { ErrorMessage: 'Configuration with the specified name was not found' } }
        : { status: 200, body: { destinationConfiguration: services.properties, authTokens: services.authTokens } },
    )
    const target = (): { status: number; body: unknown } => ({ status: services.status, body: { ok: true } })
    services.proxyOrigin = await services.#serve('proxy', target)
    services.internetOrigin = await services.#serve('internet', target)
    const credentials = (clientid: string): Record<string, string> => ({ clientid, clientsecret: 'secret', url: token })
    services.vcapServices = {
      xsuaa: [{ name: 'uaa', credentials: credentials('app') }],
      destination: [{ name: 'dest', credentials: { ...credentials('dest'), uri: destination } }],
      connectivity: [
        {
          name: 'conn',
          credentials: {
            ...credentials('conn'),
            onpremise_proxy_host: '127.0.0.1',
            onpremise_proxy_http_port: new URL(services.proxyOrigin).port,
          },
        },
      ],
    }
    return services
  }

  of(service: Seen['service']): readonly Seen[] {
    return this.seen.filter((seen) => seen.service === service)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }

  async #serve(
    service: Seen['service'],
    answer: (seen: Seen) => { readonly status: number; readonly body: unknown },
  ): Promise<string> {
    const server = createServer(async (request, response) => {
      const { method = '', url = '', headers } = request
      const seen = { service, method, url, headers, body: await text(request) }
      this.seen.push(seen)
      const { status, body } = answer(seen)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    this.#servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
}
