import type { Socket } from 'node:net'
import type { Log } from '@landbridge/kernel'
import {
  emptyPreface,
  maxPrefaceBytes,
  type Session,
  SocketRelay,
  type Stream,
  StreamKind,
  type StreamSink,
  writePreface,
} from '@landbridge/tunnel'

/** Shared by all connections of the process: written and copied within one call. */
const scratch = Buffer.allocUnsafeSlow(maxPrefaceBytes)
/** The proxy connects within ten seconds or says why not. */
const connectMs = 15_000

/** The ticket of the tunnel has named the service: a stream only says what it is. */
const preface = {
  kind: StreamKind.channel,
  ...emptyPreface,
}

export interface ChannelClientOptions {
  readonly socket: Socket
  readonly session: Session
  readonly log: Log
  readonly after: (delayMs: number, run: () => void) => () => void
  /** Said once, with the reason when the service was not reached. */
  readonly over: (refusal?: string) => void
}

/** One client at the local port of a channel: a stream, a status byte from the cloud side, then bytes both ways. */
export class ChannelClient implements StreamSink {
  readonly #options: ChannelClientOptions
  readonly #cancel: () => void
  readonly #broken: () => void
  readonly #stream: Stream
  #relay: SocketRelay | null
  #isOver: boolean

  /** @param options the socket is paused and half-open. */
  constructor(options: ChannelClientOptions) {
    this.#options = options
    this.#isOver = false
    this.#relay = null
    const { socket, session } = options
    this.#broken = () => {
      this.#stream.reset()
      this.#finish()
    }
    socket.once('close', this.#broken)
    this.#cancel = options.after(connectMs, () => this.#refused('no answer from the cloud side'))
    this.#stream = session.open(this)
    this.#stream.writeBorrowed(scratch, 0, writePreface(scratch, 0, preface), false)
  }

  /** Payload so far, from and to the cloud. */
  get bytesReceived(): number {
    return this.#relay?.receivedBytes ?? 0
  }

  get bytesSent(): number {
    return this.#relay?.sentBytes ?? 0
  }

  streamData(stream: Stream, chunk: Buffer): void {
    const status = chunk[0] as number
    if (status !== 0) {
      stream.consumed(chunk.length)
      return this.#refused(reasons[status] ?? 'the cloud side could not connect')
    }
    const { socket } = this.#options
    this.#cancel()
    socket.off('close', this.#broken)
    stream.consumed(1)
    const relay = new SocketRelay(socket, stream, () => this.#finish())
    this.#relay = relay
    relay.readSocket()
    if (chunk.length > 1) relay.streamData(stream, chunk.subarray(1))
    socket.resume()
  }

  streamEnd(): void {
    this.#refused('the cloud side ended the connection')
  }

  streamReset(): void {
    this.#refused('the tunnel was lost')
  }

  streamDrain(): void {}

  /** A client must not take a service that was not reached for one that hung up: it gets a reset. */
  #refused(reason: string): void {
    this.#stream.reset()
    this.#options.socket.off('close', this.#broken).resetAndDestroy()
    this.#finish(reason)
  }

  #finish(refusal?: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancel()
    this.#options.over(refusal)
  }
}

/** Status bytes are SOCKS5 reply codes (RFC 1928 section 6). */
const reasons: Readonly<Record<number, string>> = {
  1: 'the cloud side carries as many connections to services as it may',
  2: 'the service mapping does not allow this connection any more',
  4: 'the cloud side does not reach the service of the mapping',
}
