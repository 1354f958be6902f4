import type { Server } from 'node:https'
import type { Socket } from 'node:net'

/** First byte of every TLS connection: a record of type handshake (RFC 8446 section 5.1). */
const handshake = 0x16
const firstByteTimeoutMs = 10_000

const body = 'This port speaks TLS only: ask for the same address with https://.\n'
const refusal =
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n' +
  `Cache-Control: no-store\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`

/**
 * Answers plain HTTP with a refusal that says what to do, where TLS would only cut the connection (guide L18475).
 * Whatever starts with something else than TLS gets that answer and nothing else.
 */
export function refusePlainHttp(server: Server): void {
  const listeners = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const drop = (): void => void socket.destroy()
    socket.on('error', drop).setTimeout(firstByteTimeoutMs, drop)
    socket.once('readable', () => {
      const first: Buffer | null = socket.read(1)
      if (first === null) return drop()
      socket.off('error', drop).setTimeout(0)
      socket.off('timeout', drop)
      if (first[0] !== handshake) return refuse(socket)
      socket.unshift(first)
      for (const listener of listeners) listener.call(server, socket)
    })
  })
}

function refuse(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  // Read to the end what was sent, or the system would take back the answer together with the connection.
  socket.resume().end(refusal)
  socket.setTimeout(1_000, () => socket.destroy())
}
