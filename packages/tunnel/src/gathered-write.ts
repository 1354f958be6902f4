import type { Socket } from 'node:net'

const worthGatheringBytes = 8 * 1024

/**
 * Writes so that large pieces of one turn of the event loop leave in one system call: TLS delivers its data in pieces
 * of at most 16 KiB, one after the other. A small piece goes out at once, which is faster for a short answer.
 * @returns false when the socket is slow: wait for its drain.
 */
export function writeGathered(socket: Socket, chunk: Buffer): boolean {
  if (chunk.length >= worthGatheringBytes && socket.writableCorked === 0) {
    socket.cork()
    process.nextTick(uncork, socket)
  }
  return socket.write(chunk)
}

function uncork(socket: Socket): void {
  socket.uncork()
}
