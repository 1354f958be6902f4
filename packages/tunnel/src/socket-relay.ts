import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { writeGathered } from './gathered-write.ts'
import type { Stream, StreamSink } from './stream.ts'

/**
 * Carries bytes between a socket and a stream in both directions until both are finished: half-close, reset and
 * back-pressure pass through. The socket MUST have been created with `allowHalfOpen`, or a peer that answers after the
 * end of its input is never heard. What comes from the socket is handed over by `fromSocket`, or taken with `readSocket`.
 */
export class SocketRelay implements StreamSink {
  readonly #socket: Socket
  readonly #stream: Stream
  readonly #over: () => void
  #owedBytes: number
  #finished: boolean
  /** Payload bytes so far, from the socket and from the stream. */
  sentBytes: number
  receivedBytes: number

  /** @param over called once when both directions are done or either side broke. */
  constructor(socket: Socket, stream: Stream, over: () => void = () => {}) {
    this.#socket = socket
    this.#stream = stream
    this.#over = over
    this.#owedBytes = 0
    this.#finished = false
    this.sentBytes = 0
    this.receivedBytes = 0
    stream.sink = this
    socket.on('end', () => stream.end())
    socket.on('drain', () => this.#returnCredit())
    socket.on('error', () => this.#finish(true))
    socket.on('close', () => this.#finish(!stream.localEnded || !stream.remoteEnded))
  }

  /** For a socket with buffers of its own: takes what it reads from now on. */
  readSocket(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      this.sentBytes += chunk.length
      if (!this.#stream.write(chunk)) this.#socket.pause()
    })
  }

  /** For a socket whose owner hears what was read, from a buffer that is used again: passes a copy on. */
  fromSocket(borrowed: Buffer): void {
    this.sentBytes += borrowed.length
    if (!this.#stream.writeBorrowed(borrowed, 0, borrowed.length, false)) this.#socket.pause()
  }

  streamData(stream: Stream, chunk: Buffer): void {
    this.receivedBytes += chunk.length
    if (this.#socket.destroyed) return stream.consumed(chunk.length)
    if (writeGathered(this.#socket, chunk)) stream.consumed(chunk.length)
    else this.#owedBytes += chunk.length
  }

  streamEnd(): void {
    this.#socket.end()
  }

  streamReset(): void {
    // Only a TCP handle can be reset; TLS closes without its close_notify, which says the same.
    if (this.#socket instanceof TLSSocket) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
    this.#finish(false)
  }

  streamDrain(): void {
    this.#socket.resume()
  }

  #returnCredit(): void {
    const bytes = this.#owedBytes
    this.#owedBytes = 0
    if (bytes > 0) this.#stream.consumed(bytes)
  }

  #finish(broken: boolean): void {
    if (this.#finished) return
    this.#finished = true
    if (broken) this.#stream.reset()
    this.#over()
  }
}
