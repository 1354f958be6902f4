import { createServer, type Server, type Socket } from 'node:net'
import { PlatformError } from '@landbridge/kernel'

const keepAliveMs = 60_000

/** The local port of a service channel. Its connections are paused until there is somewhere for their bytes to go. */
export class ChannelListener {
  readonly #server: Server
  readonly #sockets: Set<Socket>

  private constructor(accept: (socket: Socket) => void) {
    this.#sockets = new Set()
    this.#server = createServer(
      {
        allowHalfOpen: true,
        pauseOnConnect: true,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: keepAliveMs,
      },
      (socket) => {
        this.#sockets.add(socket)
        socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {})
        accept(socket)
      },
    )
  }

  /** @throws PlatformError CHANNEL_PORT_UNAVAILABLE */
  static async open(address: string, port: number, accept: (socket: Socket) => void): Promise<ChannelListener> {
    const listener = new ChannelListener(accept)
    const server = listener.#server
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const reason = cause.code === 'EADDRINUSE' ? 'the port is in use' : (cause.code ?? cause.message)
        reject(new PlatformError('CHANNEL_PORT_UNAVAILABLE', { port, reason }, { cause }))
      })
      server.listen({ host: address, port, backlog: 1024, exclusive: true }, () => resolve())
    })
    // What goes wrong with a listener that works, such as too many open files, concerns one connection.
    server.on('error', () => {})
    return listener
  }

  get clients(): number {
    return this.#sockets.size
  }

  /** Frees the port at once and ends what came in through it. */
  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }
}
