/** The length that stands before every payload, in bytes. */
export const niHeadBytes = 4

const firstRoomBytes = 1_024

/** A payload with its length before it. */
export function niFrame(payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(niHeadBytes + payload.length)
  frame.writeUInt32BE(payload.length, 0)
  payload.copy(frame, niHeadBytes)
  return frame
}

/** Keep-alive of the network layer and its answer. They belong to no conversation. */
export const niPing: Buffer = Buffer.from('NI_PING\0', 'latin1')
export const niPong: Buffer = Buffer.from('NI_PONG\0', 'latin1')

/** True for a keep-alive or its answer. */
export function isNiKeepAlive(payload: Buffer): boolean {
  return payload.equals(niPing) || payload.equals(niPong)
}

/**
 * Cuts a byte stream into NI frames (four bytes of length, then the payload), wherever the stream itself was cut. Room
 * grows with the bytes that arrive, never with the length that a peer announces.
 */
export class NiFrameReader {
  readonly #maxPayloadBytes: number
  readonly #head: Buffer
  #headBytes: number
  #payload: Buffer
  #payloadBytes: number
  #announcedBytes: number
  #failed: boolean

  constructor(maxPayloadBytes: number) {
    this.#maxPayloadBytes = maxPayloadBytes
    this.#head = Buffer.alloc(niHeadBytes)
    this.#headBytes = 0
    this.#payload = Buffer.alloc(0)
    this.#payloadBytes = 0
    this.#announcedBytes = 0
    this.#failed = false
  }

  /** Bytes of room held for an unfinished payload. */
  get roomBytes(): number {
    return this.#payload.length
  }

  /** True between frames: everything that arrived has been handed on. */
  get isBetweenFrames(): boolean {
    return this.#headBytes === 0
  }

  /**
   * Takes bytes and hands every complete payload to `frame`, which may keep it; it returns false to stop reading.
   * @returns false for good once a payload is empty or longer than allowed, or `frame` said stop.
   */
  push(chunk: Buffer, frame: (payload: Buffer) => boolean): boolean {
    let at = 0
    while (at < chunk.length && !this.#failed) {
      if (this.#headBytes < niHeadBytes) at += this.#takeHead(chunk, at)
      else {
        at += this.#takePayload(chunk, at)
        if (this.#payloadBytes === this.#announcedBytes && !frame(this.#finish())) this.#failed = true
      }
    }
    return !this.#failed
  }

  #takeHead(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#head, this.#headBytes, at, at + niHeadBytes - this.#headBytes)
    this.#headBytes += taken
    if (this.#headBytes < niHeadBytes) return taken
    this.#announcedBytes = this.#head.readUInt32BE(0)
    this.#payloadBytes = 0
    this.#failed = this.#announcedBytes === 0 || this.#announcedBytes > this.#maxPayloadBytes
    return taken
  }

  #takePayload(chunk: Buffer, at: number): number {
    const taken = Math.min(this.#announcedBytes - this.#payloadBytes, chunk.length - at)
    const needed = this.#payloadBytes + taken
    if (needed > this.#payload.length) {
      const doubled = Math.max(firstRoomBytes, this.#payload.length * 2, needed)
      const grown = Buffer.allocUnsafeSlow(Math.min(doubled, this.#announcedBytes))
      this.#payload.copy(grown, 0, 0, this.#payloadBytes)
      this.#payload = grown
    }
    chunk.copy(this.#payload, this.#payloadBytes, at, at + taken)
    this.#payloadBytes = needed
    return taken
  }

  #finish(): Buffer {
    const payload = this.#payload.subarray(0, this.#payloadBytes)
    this.#payload = Buffer.alloc(0)
    this.#headBytes = 0
    return payload
  }
}
