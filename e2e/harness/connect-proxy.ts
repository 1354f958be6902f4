import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'

/** An HTTPS proxy as companies run them: CONNECT only, with Basic authentication when `credentials` are set. */
export class ConnectProxy {
  readonly port: number
  /** Ports that clients asked for. */
  readonly targets: number[]
  readonly refused: number[]
  readonly #server: Server
  readonly #sockets: Set<Socket>

  private constructor(server: Server, port: number, targets: number[], refused: number[], sockets: Set<Socket>) {
    this.port = port
    this.targets = targets
    this.refused = refused
    this.#server = server
    this.#sockets = sockets
  }

  static async open(credentials?: string): Promise<ConnectProxy> {
    const targets: number[] = []
    const refused: number[] = []
    const sockets = new Set<Socket>()
    const expected = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`
    const server = createServer((_request, response) => response.writeHead(405).end())
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('error', () => {}).once('close', () => sockets.delete(socket))
    })
    server.on('connect', (request, client: Socket) => {
      const port = Number(request.url?.split(':').at(-1))
      if (request.headers['proxy-authorization'] !== expected) {
        refused.push(port)
        client.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n')
        return
      }
      targets.push(port)
      const upstream = connect({ port, host: '127.0.0.1' }, () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n')
        client.pipe(upstream).pipe(client)
      })
      let isOpen = false
      upstream.once('connect', () => {
        isOpen = true
      })
      // A proxy answers for a target that is away; a connection that broke it can only close.
      upstream.on('error', () => {
        if (!isOpen) client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n')
      })
      upstream.once('close', () => isOpen && client.destroy())
      client.once('close', () => upstream.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new ConnectProxy(server, (server.address() as { port: number }).port, targets, refused, sockets)
  }

  get connections(): number {
    return this.#sockets.size
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
