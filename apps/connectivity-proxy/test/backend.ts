import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An internal system: answers with its name, unless a path has an answer of its own. */
export interface Backend {
  readonly port: number
  readonly name: string
  /** Requests as they arrived. */
  readonly seen: { readonly url: string; readonly headers: IncomingHttpHeaders }[]
  close(): Promise<void>
}

export async function startBackend(
  name: string,
  answers: Readonly<Record<string, (response: ServerResponse) => void>> = {},
): Promise<Backend> {
  const seen: Backend['seen'] = []
  const server = createServer((request, response) => {
    const { url = '', headers } = request
    seen.push({ url, headers })
    const own = answers[url]
    if (own === undefined) response.end(name)
    else own(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    name,
    seen,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
