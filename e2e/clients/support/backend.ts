import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A system in the customer's network that protects changes against forgery, as SAP systems do. */
export interface Backend extends AsyncDisposable {
  readonly name: string
  readonly port: number
  readonly url: string
  /** Requests so far, oldest first. */
  readonly seen: readonly SeenRequest[]
}

const page = `<!doctype html><title>Plant</title><p id="state">loading</p><script src="/app.js"></script>`
const script = `fetch('/data?from=browser').then((answer) => answer.json())
  .then(({ system }) => { document.querySelector('#state').textContent = 'served by ' + system })`

/**
 * Answers every request with JSON that names the backend; a POST needs the token and the cookie that a request with
 * `x-csrf-token: Fetch` gets.
 */
export async function startBackend(name: string): Promise<Backend> {
  const seen: SeenRequest[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request
    const body = (await buffer(request)).toString()
    seen.push({ method, path, headers, body })
    const send = (status: number, type: string, content: string): void =>
      void response.writeHead(status, { 'content-type': type }).end(content)
    const isFetch = headers['x-csrf-token']?.toString().toLowerCase() === 'fetch'
    if (isFetch) {
      response.setHeader('x-csrf-token', 'issued-1')
      response.setHeader('set-cookie', ['session=s1; Path=/', 'zone=z1; Path=/'])
    }
    const isProtected = method === 'POST' && path.startsWith('/orders')
    const isTrusted = headers['x-csrf-token'] === 'issued-1' && headers.cookie?.includes('session=s1') === true
    if (isProtected && !isTrusted) send(403, 'text/plain', 'CSRF token validation failed')
    else if (path === '/page') send(200, 'text/html', page)
    else if (path === '/app.js') send(200, 'text/javascript', script)
    else send(isProtected ? 201 : 200, 'application/json', JSON.stringify({ system: name, method, path, body }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    name,
    port,
    url: `http://127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
