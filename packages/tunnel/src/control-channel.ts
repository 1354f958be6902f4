import { StreamKind, writePreface } from './preface.ts'
import type { Session } from './session.ts'
import type { Stream, StreamSink } from './stream.ts'

/** A control message: a JSON object with a `type`. */
export type ControlMessage = { readonly type: string; readonly [field: string]: unknown }

const maxMessageBytes = 64 * 1024

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
  #received: Buffer
  #prefaceLeft: number
  #closed: boolean

  private constructor(prefaceExpected: boolean) {
    this.onMessage = () => {}
    this.onClose = () => {}
    this.#stream = null
    this.#received = Buffer.alloc(0)
    this.#prefaceLeft = prefaceExpected ? -1 : 0
    this.#closed = false
  }

  static open(session: Session): ControlChannel {
    const channel = new ControlChannel(false)
    const stream = session.open(channel)
    channel.#stream = stream
    const preface = Buffer.alloc(64)
    const empty = { virtualHost: '', virtualPort: 0, userToken: '', technicalToken: '', traceId: '', clientId: '' }
    stream.write(preface.subarray(0, writePreface(preface, 0, { kind: StreamKind.control, ...empty })))
    return channel
  }

  /** For the acceptor: the channel checks that the stream's preface says `control` and closes otherwise. */
  static accept(stream: Stream): ControlChannel {
    const channel = new ControlChannel(true)
    channel.#stream = stream
    return channel
  }

  send(message: ControlMessage): void {
    this.#stream?.write(Buffer.from(`${JSON.stringify(message)}\n`))
  }

  /** Ends the channel after what was sent so far. */
  close(): void {
    this.#stream?.end()
  }

  streamData(stream: Stream, chunk: Buffer): void {
    stream.consumed(chunk.length)
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    if (this.#prefaceLeft !== 0 && !this.#skipPreface(stream)) return
    for (let end = this.#received.indexOf(10); end >= 0 && !this.#closed; end = this.#received.indexOf(10)) {
      const line = this.#received.toString('utf8', 0, end)
      this.#received = this.#received.subarray(end + 1)
      this.#message(stream, line)
    }
    if (this.#received.length > maxMessageBytes) this.#fail(stream, 'a control message is too long')
  }

  streamEnd(stream: Stream): void {
    stream.end()
    this.#close()
  }

  streamReset(): void {
    this.#close('the tunnel connection broke')
  }

  streamDrain(): void {}

  #skipPreface(stream: Stream): boolean {
    if (this.#received.length < 3) return false
    const length = 3 + this.#received.readUInt16BE(1)
    if (this.#received.length < length) return false
    if (this.#received[0] !== StreamKind.control) {
      this.#fail(stream, 'a control stream was expected')
      return false
    }
    this.#received = this.#received.subarray(length)
    this.#prefaceLeft = 0
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
