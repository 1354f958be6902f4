import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Returns every byte and ends when the peer ends. */
export async function startEcho(): Promise<{ server: Server; port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0, sockets }
}

/** Sends bytes, ends its direction, and reads until the peer ends. */
export async function exchange(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.end(bytes)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** The error code with which a connection ends, or what it said. */
export async function outcome(port: number): Promise<string> {
  return exchange(port, Buffer.from('x')).then(
    (bytes) => bytes.toString(),
    (failure: NodeJS.ErrnoException) => failure.code ?? failure.message,
  )
}
