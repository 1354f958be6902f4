import { connect, createServer, type Socket } from 'node:net'

/** A way to a local port that can be cut. */
export interface Link {
  /** Ends all connections and refuses new ones. */
  cut(): void
  /** Takes connections and never moves a byte: a firewall that swallows packets. */
  swallow(): void
  mend(): void
  close(): Promise<void>
}

/** Another local address with the same port, so that each end of a pair can be reached over a link of its own. */
export async function linkTo(port: number, address: string): Promise<Link> {
  let state: 'open' | 'cut' | 'swallow' = 'open'
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
  }
  const server = createServer((incoming) => {
    keep(incoming)
    if (state === 'cut') return incoming.resetAndDestroy()
    if (state === 'swallow') return
    const outgoing = connect(port, '127.0.0.1')
    keep(outgoing)
    incoming.pipe(outgoing).pipe(incoming)
    incoming.on('close', () => outgoing.destroy())
    outgoing.on('close', () => incoming.destroy())
  })
  await new Promise<void>((resolve) => server.listen(port, address, resolve))
  const end = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    cut() {
      state = 'cut'
      end()
    },
    swallow() {
      state = 'swallow'
      for (const socket of sockets) socket.pause().unpipe()
    },
    mend() {
      state = 'open'
      end()
    },
    async close() {
      end()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
