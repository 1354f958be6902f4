import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Two ends of one TCP connection, both half-open. */
export interface SocketPair {
  /** The end that a server accepted. */
  readonly near: Socket
  readonly far: Socket
  close(): void
}

export async function socketPair(): Promise<SocketPair> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const far = connect({ port: address.port, host: '127.0.0.1', allowHalfOpen: true })
  const [near] = (await once(server, 'connection')) as [Socket]
  return {
    near,
    far,
    close() {
      near.destroy()
      far.destroy()
      server.close()
    },
  }
}
