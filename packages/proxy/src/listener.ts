import { createServer, type Server, type Socket } from 'node:net'
import { type Closeable, PlatformError } from '@landbridge/kernel'

/** A TCP listener whose connections are half-open (a client may end its input and wait for the answer). */
export class Listener implements Closeable {
  readonly #server: Server
  #port: number

  private constructor(accept: (socket: Socket) => void) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, accept)
    this.#port = 0
  }

  get port(): number {
    return this.#port
  }

  /**
   * @param setting the configuration key to name when the port is taken
   * @param reusePort share the port with other processes that say so too: the system spreads connections over them
   * @throws PlatformError PORT_IN_USE
   */
  static async open(
    host: string,
    port: number,
    setting: string,
    accept: (socket: Socket) => void,
    reusePort = false,
  ): Promise<Listener> {
    const listener = new Listener(accept)
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', (cause) => {
        const inUse = 'code' in cause && cause.code === 'EADDRINUSE'
        reject(inUse ? new PlatformError('PORT_IN_USE', { host, port, setting }, { cause }) : cause)
      })
      // A burst of new connections waits in the kernel instead of being refused.
      listener.#server.listen({ host, port, reusePort, backlog: 4096 }, () => resolve())
    })
    const address = listener.#server.address()
    if (typeof address === 'object' && address !== null) listener.#port = address.port
    return listener
  }

  /** Stops accepting; connections that exist live on. Resolves when the last of them is gone. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}
