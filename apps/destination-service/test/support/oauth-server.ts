import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface TokenCall {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: URLSearchParams
}

/** A foreign token service: records what it is asked and answers what the test says. */
export interface OAuthServer {
  readonly url: string
  readonly port: number
  readonly calls: TokenCall[]
  /** Replaces the answer; it may also leave the request without one. */
  answer: (call: TokenCall, reply: ServerResponse) => void
  close(): Promise<void>
}

export async function startOAuthServer(tls?: { key: string; cert: string }): Promise<OAuthServer> {
  const calls: TokenCall[] = []
  const handle = (request: IncomingMessage, reply: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const call = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: new URLSearchParams(Buffer.concat(chunks).toString('utf8')),
      }
      calls.push(call)
      server.answer(call, reply)
    })
  }
  const listener = tls === undefined ? createServer(handle) : createTlsServer(tls, handle)
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo
  const server: OAuthServer = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    calls,
    answer: (_call, reply) => json(reply, 200, granted(`token-${calls.length}`)),
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve())
        listener.closeAllConnections()
      }),
  }
  return server
}

export function granted(token: string, more: object = {}): object {
  return { access_token: token, token_type: 'bearer', expires_in: 3600, ...more }
}

export function json(reply: ServerResponse, status: number, body: unknown): void {
  reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
