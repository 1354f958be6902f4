import { createServer, type Socket } from 'node:net'
import type { DemoBackend } from './http-backend.ts'
import { closeServer, listenOn } from './listening.ts'

/** A TCP server that returns every byte it gets, and ends when the peer ends: the demo for SOCKS5. */
export async function startTcpBackend(host: string, port: number): Promise<DemoBackend> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    // A reset by the peer is its business; the socket is gone either way.
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  return {
    port: await listenOn(server, host, port, 'port-backend-tcp'),
    async close() {
      for (const socket of open) socket.destroy()
      await closeServer(server)
    },
  }
}
