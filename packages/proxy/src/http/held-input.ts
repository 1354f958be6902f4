import type { Socket } from 'node:net'

/** Beyond this the socket is not read. */
const heldBytes = 64 * 1024
const nothing = Buffer.alloc(0)

/** What a client sent ahead of its turn (pipelining), and whether its socket is being read. */
export class HeldInput {
  readonly #socket: Socket
  #held: Buffer | null
  isPaused: boolean

  constructor(socket: Socket) {
    this.#socket = socket
    this.#held = null
    this.isPaused = false
  }

  get isEmpty(): boolean {
    return this.#held === null
  }

  /** Keeps a copy of `borrowed` behind what is held already. */
  keep(borrowed: Buffer): void {
    this.#held = this.#held === null ? Buffer.from(borrowed) : Buffer.concat([this.#held, borrowed])
    if (this.#held.length > heldBytes) this.pause()
  }

  /** Hands over everything that is held; the socket is read again. */
  take(): Buffer {
    const held = this.#held ?? nothing
    this.#held = null
    this.resume()
    return held
  }

  pause(): void {
    this.isPaused = true
    this.#socket.pause()
  }

  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.#socket.resume()
  }
}
