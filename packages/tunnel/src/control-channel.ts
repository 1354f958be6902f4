import { StreamKind, writePreface } from './preface.ts'
import type { Session } from './session.ts'
import type { Stream, StreamSink } from './stream.ts'

/** A control message: a JSON object with a `type`. */
export type ControlMessage = { readonly type: string; readonly [field: string]: unknown }

/** Longest message in bytes, without its line feed. */
export const maxMessageBytes = 64 * 1024
/** Sent and not yet taken by the peer. One that reads no longer is not waited for. */
const maxBacklogBytes = 1024 * 1024

/**
 * JSON messages, one per line, on a stream of kind `control`. Either end makes one: the opener with
 * `ControlChannel.open(session)`, the acceptor with `ControlChannel.accept(stream)` as the stream's sink.
 */
export class ControlChannel implements StreamSink {
  /** Called for each message, in order. */
  onMessage: (message: ControlMessage) => void
  /** Called once when the channel is over, with the reason if it broke. */
  onClose: (reason?: string) => void
  #stream: Stream | null
  #line: Buffer
  #lineFill: number
  /** Bytes of the preface that are still to come; -1 while its length is unknown. */
  #prefaceLeft: number
  #backlogBytes: number
  #closed: boolean

  private constructor(prefaceLeft: number) {
    this.onMessage = () => {}
    this.onClose = () => {}
    this.#stream = null
    this.#line = Buffer.allocUnsafe(1024)
    this.#lineFill = 0
    this.#prefaceLeft = prefaceLeft
    this.#backlogBytes = 0
    this.#closed = false
  }

  static open(session: Session): ControlChannel {
    const channel = new ControlChannel(0)
    const stream = session.open(channel)
    channel.#stream = stream
    const preface = Buffer.alloc(64)
    const empty = { virtualHost: '', virtualPort: 0, userToken: '', technicalToken: '', traceId: '', clientId: '' }
    stream.write(preface.subarray(0, writePreface(preface, 0, { kind: StreamKind.control, ...empty })))
    return channel
  }

  /** For the acceptor: the channel checks that the stream's preface says `control` and closes otherwise. */
  static accept(stream: Stream): ControlChannel {
    const channel = new ControlChannel(-1)
    channel.#stream = stream
    return channel
  }

  /** Sends a message. After the end of the channel it is dropped; a peer that lets 1 MiB wait is cut off. */
  send(message: ControlMessage): void {
    const stream = this.#stream
    if (stream === null || this.#closed) return
    const line = Buffer.from(`${JSON.stringify(message)}\n`)
    if (stream.write(line)) return
    this.#backlogBytes += line.length
    if (this.#backlogBytes > maxBacklogBytes) this.#fail(stream, 'the peer takes no control messages')
  }

  /** Ends the channel after what was sent so far. */
  close(): void {
    this.#stream?.end()
  }

  streamData(stream: Stream, chunk: Buffer): void {
    stream.consumed(chunk.length)
    let at = this.#prefaceLeft === 0 ? 0 : this.#skipPreface(stream, chunk)
    while (at < chunk.length && !this.#closed) {
      const lineFeed = chunk.indexOf(10, at)
      const end = lineFeed < 0 ? chunk.length : lineFeed
      if (!this.#keep(chunk, at, end)) return this.#fail(stream, 'a control message is too long')
      if (lineFeed < 0) return
      const line = this.#line.toString('utf8', 0, this.#lineFill)
      this.#lineFill = 0
      this.#message(stream, line)
      at = lineFeed + 1
    }
  }

  streamEnd(stream: Stream): void {
    stream.end()
    this.#close(this.#lineFill > 0 ? 'the control channel ended inside a message' : undefined)
  }

  streamReset(): void {
    this.#close('the tunnel connection broke')
  }

  streamDrain(): void {
    this.#backlogBytes = 0
  }

  /** @returns where the messages begin in `chunk`. */
  #skipPreface(stream: Stream, chunk: Buffer): number {
    let at = 0
    if (this.#prefaceLeft < 0) {
      at = Math.min(3 - this.#lineFill, chunk.length)
      this.#keep(chunk, 0, at)
      if (this.#line[0] !== StreamKind.control) this.#fail(stream, 'a control stream was expected')
      if (this.#closed || this.#lineFill < 3) return chunk.length
      this.#prefaceLeft = this.#line.readUInt16BE(1)
      this.#lineFill = 0
    }
    const skipped = Math.min(this.#prefaceLeft, chunk.length - at)
    this.#prefaceLeft -= skipped
    return at + skipped
  }

  /** Adds to the line. False: it is longer than a message may be. */
  #keep(chunk: Buffer, start: number, end: number): boolean {
    const fill = this.#lineFill + end - start
    if (fill > maxMessageBytes) return false
    if (fill > this.#line.length) {
      const longer = Buffer.allocUnsafe(Math.max(fill, 2 * this.#line.length))
      this.#line.copy(longer, 0, 0, this.#lineFill)
      this.#line = longer
    }
    chunk.copy(this.#line, this.#lineFill, start, end)
    this.#lineFill = fill
    return true
  }

  #message(stream: Stream, line: string): void {
    let message: unknown
    try {
      message = JSON.parse(line)
    } catch {
      return this.#fail(stream, 'a control message is not JSON')
    }
    if (typeof message !== 'object' || message === null || typeof (message as { type?: unknown }).type !== 'string')
      return this.#fail(stream, 'a control message has no type')
    this.onMessage(message as ControlMessage)
  }

  #fail(stream: Stream, reason: string): void {
    stream.reset()
    this.#close(reason)
  }

  #close(reason?: string): void {
    if (this.#closed) return
    this.#closed = true
    this.onClose(reason)
  }
}
