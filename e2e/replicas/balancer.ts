import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Something that stands in front of replicas: it relays each connection to the first one that accepts it. */
export class Balancer implements AsyncDisposable {
  readonly port: number
  /** Ports of the replicas, the preferred one first. */
  targets: readonly number[]
  readonly #server: Server
  readonly #open: Set<Socket>

  private constructor(server: Server, open: Set<Socket>) {
    this.port = (server.address() as AddressInfo).port
    this.targets = []
    this.#server = server
    this.#open = open
    server.on('connection', (client) => this.#serve(client))
  }

  static async start(): Promise<Balancer> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Balancer(server, new Set())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(client: Socket): void {
    this.#track(client)
    this.#try(client, [...this.targets])
  }

  #try(client: Socket, [port, ...others]: readonly number[]): void {
    if (port === undefined) {
      client.destroy()
      return
    }
    const replica = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    this.#track(replica)
    replica.once('close', () => client.destroy())
    const refused = (): void => {
      replica.removeAllListeners('close')
      this.#try(client, others)
    }
    replica.once('error', refused)
    replica.once('connect', () => {
      replica.off('error', refused)
      client.once('close', () => replica.destroy())
      client.pipe(replica).pipe(client)
    })
  }

  #track(socket: Socket): void {
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
    // A reset ends the relay, and `close` follows.
    socket.on('error', () => socket.destroy())
  }
}
