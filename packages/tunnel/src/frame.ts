/**
 * yamux framing: github.com/hashicorp/yamux, spec.md. Every frame starts with a 12-byte header, all numbers big-endian:
 *
 *   offset 0  version   1 byte, 0
 *   offset 1  type      1 byte
 *   offset 2  flags     2 bytes
 *   offset 4  stream    4 bytes, 0 for the session itself; odd when the TLS client opened the stream
 *   offset 8  length    4 bytes: payload bytes (data), credit (window update), opaque value (ping), reason (go away)
 */
export const headerBytes = 12

export const FrameType = { data: 0, windowUpdate: 1, ping: 2, goAway: 3 } as const

/** A stream begins with SYN, its first answer carries ACK, FIN ends one direction, RST aborts both. */
export const Flag = { syn: 1, ack: 2, fin: 4, rst: 8 } as const

export const GoAwayReason = { normal: 0, protocolError: 1, internalError: 2 } as const

/** Credit that both ends of a new stream have without asking (yamux spec, "Flow Control"). */
export const initialWindowBytes = 256 * 1024

/** Largest payload that this implementation puts into one frame: a slow stream blocks the others no longer than this. */
export const maxFrameBytes = 64 * 1024

/** Writes a frame header at `offset`. */
export function writeHeader(
  target: Buffer,
  offset: number,
  type: number,
  flags: number,
  id: number,
  length: number,
): void {
  target[offset] = 0
  target[offset + 1] = type
  target[offset + 2] = 0
  target[offset + 3] = flags
  target[offset + 4] = id >>> 24
  target[offset + 5] = id >>> 16
  target[offset + 6] = id >>> 8
  target[offset + 7] = id
  target[offset + 8] = length >>> 24
  target[offset + 9] = length >>> 16
  target[offset + 10] = length >>> 8
  target[offset + 11] = length
}

/** Reads an unsigned 32-bit number without the bounds checks of `Buffer.readUInt32BE`; the caller checked the length. */
export function readUint32(source: Buffer, offset: number): number {
  return (
    (((source[offset] as number) << 24) |
      ((source[offset + 1] as number) << 16) |
      ((source[offset + 2] as number) << 8) |
      (source[offset + 3] as number)) >>>
    0
  )
}
