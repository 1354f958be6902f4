import type { Socket } from 'node:net'
import { PrefixViews } from './prefix-views.ts'

/** Every read of every socket that borrows lands here: what is read is passed on, or copied, before the next read. */
const reads = new PrefixViews(Buffer.allocUnsafeSlow(64 * 1024))

/** The part of Node's stream handles that `onread` is built on. Not documented: looked for, never assumed. */
interface StreamHandle {
  useUserBuffer?: (buffer: Uint8Array) => void
}

/**
 * Makes a connected socket read into one buffer for the whole process instead of a new one for each read: allocation
 * and garbage collection cost more than copying (docs/decisions/0005).
 *
 * Node offers this as `onread`, but only to sockets that it connects itself; neither a server nor TLS over a tunnelled
 * connection can ask for it. So this does what `onread` does inside (lib/net.js, `initSocketHandle`). Where a Node
 * keeps its sockets otherwise, the socket goes on with buffers of its own: slower, nothing else.
 * @param received gets bytes that are overwritten after the call: copy what has to be kept.
 */
export function borrowReads(socket: Socket, received: (borrowed: Buffer) => void): void {
  if (!useOneBuffer(socket, received)) {
    socket.on('data', received)
    return
  }
  // What was read before goes first.
  for (let early = socket.read() as Buffer | null; early !== null; early = socket.read() as Buffer | null)
    received(early)
}

function useOneBuffer(socket: Socket, received: (borrowed: Buffer) => void): boolean {
  const { _handle: handle } = socket as Socket & { _handle?: StreamHandle | null }
  const keys = Object.getOwnPropertySymbols(socket)
  const buffer = keys.find((key) => key.description === 'kBuffer')
  const callback = keys.find((key) => key.description === 'kBufferCb')
  if (typeof handle?.useUserBuffer !== 'function' || buffer === undefined || callback === undefined) return false
  Object.assign(socket, {
    [buffer]: reads.bytes,
    [callback]: (bytes: number): boolean => {
      received(reads.first(bytes))
      return true
    },
  })
  handle.useUserBuffer(reads.bytes)
  return true
}
