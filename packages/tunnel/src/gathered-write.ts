import type { Socket } from 'node:net'

/** TLS hands over at most this much at a time (RFC 8446 section 5.1). */
const blockBytes = 16 * 1024
/** Blocks that wait to be used again; what a burst needed beyond it goes back to the operating system. */
const blocksKept = 256
/** From here on a block is cheaper than memory of its own; below it, Node takes copies from a pool. */
const worthABlockBytes = 4 * 1024
const worthGatheringBytes = 8 * 1024

/** Memory for bytes on their way out. */
interface Block {
  readonly bytes: Buffer
  /** Called when the bytes are written or given up: nobody looks at them any more. */
  readonly written: () => void
}

const free: Block[] = []

/**
 * Writes a copy of bytes that the caller is about to overwrite. Large pieces of one turn of the event loop leave in one
 * system call; a small one goes out at once, which is faster for a short answer. The copies live in blocks that are
 * used again: a new buffer for each piece would keep the garbage collector busy for half of the processor time
 * (docs/decisions/0005).
 * @returns false when the socket is slow: wait for its drain.
 */
export function writeGathered(socket: Socket, borrowed: Buffer): boolean {
  const { length } = borrowed
  if (length < worthABlockBytes) return socket.write(Buffer.from(borrowed))
  if (length >= worthGatheringBytes && socket.writableCorked === 0) {
    socket.cork()
    process.nextTick(uncork, socket)
  }
  let taken = true
  for (let at = 0; at < length; at += blockBytes) {
    const block = free.pop() ?? newBlock()
    const bytes = borrowed.copy(block.bytes, 0, at, Math.min(length, at + blockBytes))
    taken = socket.write(bytes === blockBytes ? block.bytes : block.bytes.subarray(0, bytes), block.written)
  }
  return taken
}

function newBlock(): Block {
  const block: Block = {
    bytes: Buffer.allocUnsafeSlow(blockBytes),
    written() {
      if (free.length < blocksKept) free.push(block)
    },
  }
  return block
}

function uncork(socket: Socket): void {
  socket.uncork()
}
