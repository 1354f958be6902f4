import type { Socket } from 'node:net'

/** A frame as it was on the wire. */
export interface WireFrame {
  readonly version: number
  readonly type: number
  readonly flags: number
  readonly id: number
  readonly length: number
  readonly payload: Buffer
}

/** Encodes one frame, also an impossible one. Written without the code under test. */
export function encodeFrame(frame: Partial<WireFrame>): Buffer {
  const payload = frame.payload ?? Buffer.alloc(0)
  const header = Buffer.alloc(12)
  header.writeUInt8(frame.version ?? 0, 0)
  header.writeUInt8(frame.type ?? 0, 1)
  header.writeUInt16BE(frame.flags ?? 0, 2)
  header.writeUInt32BE(frame.id ?? 0, 4)
  header.writeUInt32BE(frame.length ?? payload.length, 8)
  return Buffer.concat([header, payload])
}

/** A deliberately simple decoder: collects whole frames. */
export class WireDecoder {
  #pending: Buffer
  constructor() {
    this.#pending = Buffer.alloc(0)
  }

  push(bytes: Buffer): WireFrame[] {
    const frames: WireFrame[] = []
    this.#pending = Buffer.concat([this.#pending, bytes])
    while (this.#pending.length >= 12) {
      const type = this.#pending.readUInt8(1)
      const length = this.#pending.readUInt32BE(8)
      const size = 12 + (type === 0 ? length : 0)
      if (this.#pending.length < size) break
      frames.push({
        version: this.#pending.readUInt8(0),
        type,
        flags: this.#pending.readUInt16BE(2),
        id: this.#pending.readUInt32BE(4),
        length,
        payload: this.#pending.subarray(12, size),
      })
      this.#pending = this.#pending.subarray(size)
    }
    return frames
  }
}

/** The other end of a session, moved frame by frame by the test. */
export class WirePeer {
  readonly socket: Socket
  readonly frames: WireFrame[]
  readonly over: Promise<void>
  /** Answers pings while true. */
  answering: boolean
  readonly #decoder: WireDecoder
  #waiting: (() => void) | null

  constructor(socket: Socket, reading = true) {
    this.socket = socket
    this.frames = []
    this.answering = true
    this.#decoder = new WireDecoder()
    this.#waiting = null
    this.over = new Promise((resolve) => socket.on('close', () => resolve()))
    socket.on('error', () => {})
    if (reading) this.read()
  }

  /** Begins to read what the session sends. */
  read(): void {
    this.socket.on('data', (bytes: Buffer) => {
      for (const frame of this.#decoder.push(bytes)) {
        this.frames.push(frame)
        if (this.answering && frame.type === 2 && frame.flags === 1)
          this.send({ type: 2, flags: 2, length: frame.length })
      }
      this.#waiting?.()
    })
    this.socket.on('end', () => this.#waiting?.())
  }

  send(...frames: Partial<WireFrame>[]): boolean {
    return this.socket.write(Buffer.concat(frames.map(encodeFrame)))
  }

  /** The first frame that fits, waiting for it if need be. */
  async frame(fits: (frame: WireFrame) => boolean): Promise<WireFrame> {
    for (;;) {
      const found = this.frames.find(fits)
      if (found !== undefined) return found
      if (this.socket.readableEnded) throw new Error('the session ended before the frame came')
      await new Promise<void>((resolve) => {
        this.#waiting = resolve
      })
    }
  }

  /** A ping and its answer: everything sent before has been handled by the session then. */
  async settle(): Promise<void> {
    const value = 0xffff_0000 + this.frames.length
    this.send({ type: 2, flags: 1, length: value })
    await this.frame((frame) => frame.type === 2 && frame.flags === 2 && frame.length === value)
  }

  /** Data frames of one stream, in order. */
  dataOf(id: number): WireFrame[] {
    return this.frames.filter((frame) => frame.type === 0 && frame.id === id)
  }
}
