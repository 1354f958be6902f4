import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '@landbridge/kernel'

/** How long answers under way have at the end. */
const graceMs = 5_000

/**
 * Lets the end of a server take a few seconds at most. By itself it waits for every connection, and does not count those as
 * idle that stand in the handshake or have asked nothing, nor is anything left by then that would time them out.
 * Call it before the server listens.
 * @returns to be called when the server is about to close: whoever has asked nothing, now or from now on, is cut off at
 *   once; whoever sends half a request, or does not read the answer, after five seconds.
 */
export function endInTime(server: Server, clock: Clock): () => void {
  const all = new Set<Socket>()
  const early = new Map<string, Socket>()
  let isEnding = false
  server.on('connection', (socket: Socket) => {
    if (isEnding) return socket.destroy()
    const peer = peerOf(socket)
    all.add(socket)
    early.set(peer, socket)
    socket.once('close', () => {
      all.delete(socket)
      if (early.get(peer) === socket) early.delete(peer)
    })
  })
  server.on('request', ({ socket }) => early.delete(peerOf(socket)))
  // What speaks another protocol is not waiting for a request of HTTP.
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol !== false && socket.alpnProtocol !== 'http/1.1') early.delete(peerOf(socket))
  })
  return () => {
    if (isEnding) return
    isEnding = true
    for (const socket of early.values()) socket.destroy()
    const cancel = clock.after(graceMs, () => {
      for (const socket of all) socket.destroy()
    })
    server.once('close', cancel)
  }
}

/** Tells connections to one port apart, before and after the handshake. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
