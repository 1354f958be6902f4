import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { closeServer, listenOn } from './listening.ts'

/** A running demo backend, the stand-in for a system in the customer's network. */
export interface DemoBackend {
  readonly port: number
  close(): Promise<void>
}

/**
 * An HTTP server with a few answers that make a call through the tunnel visible: `/hello`, `/headers`, `/echo`,
 * `/bytes?count=N`. Everything else is 404.
 */
export async function startHttpBackend(host: string, port: number): Promise<DemoBackend> {
  const server = createServer({ keepAliveTimeout: 60_000 }, answer)
  return { port: await listenOn(server, host, port, 'port-backend-http'), close: () => closeServer(server) }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://backend')
  switch (url.pathname) {
    case '/':
    case '/hello':
      sendJson(response, 200, {
        message: 'Hello from the on-premise backend',
        method: request.method,
        path: request.url,
        host: request.headers.host,
        user: userOf(request),
      })
      break
    case '/headers':
      sendJson(response, 200, request.headers)
      break
    case '/echo':
      response.writeHead(200, { 'content-type': request.headers['content-type'] ?? 'application/octet-stream' })
      // A client that goes away ends both streams; there is nobody left to tell.
      pipeline(request, response, () => {})
      break
    case '/bytes':
      sendBytes(response, Number(url.searchParams.get('count') ?? '1048576'))
      break
    default:
      sendJson(response, 404, { message: 'The demo backend has no such page', path: request.url })
  }
}

/** What a connector sends about the propagated user, without the certificate's length. */
function userOf(request: IncomingMessage): string {
  const certificate = request.headers.ssl_client_cert ?? request.headers['x-ssl-client-cert']
  return certificate === undefined ? 'none propagated' : 'propagated by certificate'
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body, null, 2)}\n`)
}

const block = Buffer.alloc(64 * 1024, 'landbridge ')
const mostBytes = 16 * 1024 ** 3

function sendBytes(response: ServerResponse, count: number): void {
  if (!Number.isSafeInteger(count) || count < 0 || count > mostBytes) {
    sendJson(response, 400, { message: `count is a number from 0 to ${mostBytes}` })
    return
  }
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': count })
  let left = count
  const more = (): void => {
    while (left > 0) {
      const chunk = left >= block.length ? block : block.subarray(0, left)
      left -= chunk.length
      if (!response.write(chunk) && left > 0) return
    }
    response.end()
  }
  response.on('drain', more)
  more()
}
