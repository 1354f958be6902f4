import { FrameType, headerBytes, readUint32 } from './frame.ts'

/** Receives what a `FrameReader` finds. */
export interface FrameHandler {
  /** A complete header with version 0. A data frame's payload follows, in pieces, as `length` announces. */
  frame(type: number, flags: number, id: number, length: number): void
  /** A piece of the payload of the last data frame, a part of what was pushed. */
  payload(piece: Buffer): void
  /** The last data frame is complete. */
  payloadEnd(): void
  /** A header with another version: whatever follows cannot be understood. The reader has stopped. */
  unknownVersion(): void
}

/** Finds frames in bytes that arrive in any cut. Holds at most one incomplete header; payload is passed on, not collected. */
export class FrameReader {
  readonly #handler: FrameHandler
  readonly #header: Buffer
  #headerFill: number
  #payloadLeft: number
  #stopped: boolean

  constructor(handler: FrameHandler) {
    this.#handler = handler
    this.#header = Buffer.alloc(headerBytes)
    this.#headerFill = 0
    this.#payloadLeft = 0
    this.#stopped = false
  }

  /** Ignores everything from here on, also the rest of the bytes that are being read now. */
  stop(): void {
    this.#stopped = true
  }

  /** Reads the next bytes; keeps none of them beyond an incomplete header. */
  push(chunk: Buffer): void {
    const end = chunk.length
    let at = 0
    while (at < end && !this.#stopped) {
      if (this.#payloadLeft > 0) {
        const bytes = Math.min(this.#payloadLeft, end - at)
        this.#payloadLeft -= bytes
        this.#handler.payload(at === 0 && bytes === end ? chunk : chunk.subarray(at, at + bytes))
        at += bytes
        if (this.#payloadLeft === 0) this.#handler.payloadEnd()
        continue
      }
      if (this.#headerFill === 0 && end - at >= headerBytes) {
        this.#frame(chunk, at)
        at += headerBytes
        continue
      }
      const bytes = Math.min(headerBytes - this.#headerFill, end - at)
      chunk.copy(this.#header, this.#headerFill, at, at + bytes)
      this.#headerFill += bytes
      at += bytes
      if (this.#headerFill < headerBytes) return
      this.#headerFill = 0
      this.#frame(this.#header, 0)
    }
  }

  #frame(source: Buffer, at: number): void {
    if (source[at] !== 0) {
      this.#stopped = true
      return this.#handler.unknownVersion()
    }
    const type = source[at + 1] as number
    const flags = ((source[at + 2] as number) << 8) | (source[at + 3] as number)
    const length = readUint32(source, at + 8)
    if (type === FrameType.data) this.#payloadLeft = length
    this.#handler.frame(type, flags, readUint32(source, at + 4), length)
    if (type === FrameType.data && length === 0) this.#handler.payloadEnd()
  }
}
