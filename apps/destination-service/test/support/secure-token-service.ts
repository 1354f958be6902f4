import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import type { TLSSocket } from 'node:tls'

/** A token service over TLS that tells what it saw of the client. */
export interface SecureServer {
  readonly url: string
  readonly seen: { readonly peer: string; readonly form: URLSearchParams; readonly protocol: string | null }[]
  close(): Promise<void>
}

/** Starts token services that end with the test file. */
export function secureTokenServices(): (options: ServerOptions) => Promise<SecureServer> {
  const running: SecureServer[] = []
  after(() => Promise.all(running.map((secure) => secure.close())))
  return async (options) => {
    const started = await startSecure(options)
    running.push(started)
    return started
  }
}

async function startSecure(options: ServerOptions): Promise<SecureServer> {
  const seen: SecureServer['seen'] = []
  const server = createServer(options, (request, reply) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const socket = request.socket as TLSSocket
      const peer = socket.getPeerX509Certificate()?.subject ?? ''
      const form = new URLSearchParams(Buffer.concat(chunks).toString())
      seen.push({ peer, form, protocol: socket.getProtocol() })
      const answer = { access_token: `t-${seen.length}`, refresh_token: 'rt', token_type: 'bearer', expires_in: 3600 }
      reply.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
    })
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}/token`,
    seen,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
