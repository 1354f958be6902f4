import type { ClientSession } from './client-end.ts'
import { initialWindowBytes, maxFrameBytes } from './frame.ts'
import type { ReceivedTokens } from './received-tokens.ts'

/** Receives what happens on a stream. One object may serve many streams; the stream tells which. */
export interface StreamSink {
  /**
   * Payload arrived. The chunk is overwritten after the call: copy what has to be kept. MUST be answered by `stream.consumed(chunk.length)` once the next hop
   * has taken the bytes: earlier calls break back-pressure, missing ones stall the sender.
   */
  streamData(stream: Stream, chunk: Buffer): void
  /** The peer sent its last byte. */
  streamEnd(stream: Stream): void
  /** The stream is gone before both ends finished: reset by the peer, or the session broke. Nothing follows. */
  streamReset(stream: Stream): void
  /** Everything written so far is on its way: go on producing. */
  streamDrain(stream: Stream): void
}

/** What a stream asks of its session. */
export interface StreamHost extends ClientSession {
  readonly hasRoom: boolean
  readonly receivedTokens: ReceivedTokens | null
  sendData(stream: Stream, payload: Buffer, start: number, end: number, borrowed: boolean, fin: boolean): void
  sendFin(stream: Stream): void
  sendReset(stream: Stream): void
  sendCredit(stream: Stream, bytes: number): void
  /** Bytes by which the receive window of the stream grows together with the credit that is about to leave. */
  windowGrowth(stream: Stream): number
  /** The stream has data or an end to send as soon as the session has room. */
  enqueue(stream: Stream): void
  /** The next hop took `bytes` that this stream had delivered. */
  released(bytes: number): void
  forget(stream: Stream): void
}

const empty = Buffer.alloc(0)

/** One virtual connection. Credit, half-close and reset follow the yamux specification. */
export class Stream {
  readonly id: number
  sink: StreamSink
  /** Free for the owner: the exchange or connection that this stream serves. */
  owner: unknown
  readonly #host: StreamHost
  /** Size of the receive window; the session lets it grow where the round trip is long. */
  windowBytes: number
  /** When the last credit left, in the session clock's milliseconds. */
  creditAt: number
  /** Flags that the next frame has to carry: SYN for an opened stream, ACK for an accepted one, then nothing. */
  greeting: number
  #sendWindow: number
  #receiveWindow: number
  #owedBytes: number
  #unconsumedBytes: number
  #localEnd: 'open' | 'ending' | 'ended'
  #remoteEnded: boolean
  #gone: boolean
  #queued: Buffer[]
  #queuedHead: number
  #wantsDrain: boolean
  /** Place in the session's queue of streams that wait for their turn. */
  isReady: boolean
  nextReady: Stream | null

  constructor(id: number, host: StreamHost, sink: StreamSink, greeting: number) {
    this.id = id
    this.sink = sink
    this.owner = undefined
    this.#host = host
    this.greeting = greeting
    this.windowBytes = initialWindowBytes
    this.creditAt = 0
    this.#sendWindow = initialWindowBytes
    this.#receiveWindow = initialWindowBytes
    this.#owedBytes = 0
    this.#unconsumedBytes = 0
    this.#localEnd = 'open'
    this.#remoteEnded = false
    this.#gone = false
    this.#queued = noChunks
    this.#queuedHead = 0
    this.#wantsDrain = false
    this.isReady = false
    this.nextReady = null
  }

  /** The session that carries it. */
  get session(): ClientSession {
    return this.#host
  }

  /** False once both directions ended or the stream was reset. */
  get isOpen(): boolean {
    return !this.#gone
  }

  /** True once the peer sent its last byte. */
  get remoteEnded(): boolean {
    return this.#remoteEnded
  }

  /** True once `end` was called (the last bytes may still wait for credit). */
  get localEnded(): boolean {
    return this.#localEnd !== 'open'
  }

  /** True while everything written has been handed on and nothing waits for credit. */
  get isDrained(): boolean {
    return this.#queuedHead === this.#queued.length
  }

  /** What prefaces of the peer may refer to; null where that was not agreed. */
  get receivedTokens(): ReceivedTokens | null {
    return this.#host.receivedTokens
  }

  /**
   * Sends `chunk`; it MUST NOT change afterwards. False: stop producing until `streamDrain`.
   * After the end, a reset or the loss of the session the bytes are dropped (the sink has been told).
   */
  write(chunk: Buffer): boolean {
    return this.#send(chunk, 0, chunk.length, false, false)
  }

  /** Sends `source[start, end)` from a buffer that the caller reuses, optionally as the last bytes of the stream. */
  writeBorrowed(source: Buffer, start: number, end: number, last: boolean): boolean {
    return this.#send(source, start, end, true, last)
  }

  /** Ends the sending direction, with `last` as its last bytes. */
  end(last: Buffer = empty): void {
    this.#send(last, 0, last.length, false, true)
  }

  /** Aborts both directions at once. Harmless when the stream is already gone. */
  reset(): void {
    if (this.#gone) return
    // First: the session may end with its last stream.
    this.#host.sendReset(this)
    this.#leave()
  }

  /** Returns credit for `bytes` that the next hop has taken over. A no-op after the end of the stream. */
  consumed(bytes: number): void {
    if (this.#gone) return
    if (bytes > this.#unconsumedBytes) throw new TypeError('more credit returned than was delivered')
    this.#unconsumedBytes -= bytes
    this.#host.released(bytes)
    if (this.#remoteEnded) return
    this.#owedBytes += bytes
    if (this.#owedBytes * 2 < this.windowBytes) return
    const growth = this.#host.windowGrowth(this)
    const credit = this.#owedBytes + growth
    this.windowBytes += growth
    this.#owedBytes = 0
    this.#receiveWindow += credit
    this.#host.sendCredit(this, credit)
  }

  #send(chunk: Buffer, start: number, end: number, borrowed: boolean, last: boolean): boolean {
    if (this.#gone || this.#localEnd !== 'open') return true
    const length = end - start
    if (last) this.#localEnd = 'ending'
    if (this.isDrained && this.#host.hasRoom && length <= this.#sendWindow && length <= maxFrameBytes) {
      if (length > 0) {
        this.#sendWindow -= length
        this.#host.sendData(this, chunk, start, end, borrowed, last)
      } else if (last) this.#host.sendFin(this)
      if (last) this.#ended()
      return true
    }
    if (length > 0) {
      const kept = borrowed ? Buffer.from(chunk.subarray(start, end)) : chunk.subarray(start, end)
      if (this.#queued === noChunks) this.#queued = [kept]
      else this.#queued.push(kept)
    }
    this.#wantsDrain = true
    this.#host.enqueue(this)
    return false
  }

  /** Called by the session: sends one bounded slice of what is queued. True when more could be sent at once. */
  pump(): boolean {
    if (this.#gone) return false
    if (!this.isDrained) {
      const chunk = this.#queued[this.#queuedHead] as Buffer
      const length = Math.min(chunk.length, this.#sendWindow, maxFrameBytes)
      if (length === 0) return false
      this.#sendWindow -= length
      if (length === chunk.length) this.#dequeue()
      else this.#queued[this.#queuedHead] = chunk.subarray(length)
      const fin = this.#localEnd === 'ending' && this.isDrained
      this.#host.sendData(this, chunk, 0, length, false, fin)
      if (fin) this.#ended()
      if (!this.isDrained) return this.#sendWindow > 0
    } else if (this.#localEnd === 'ending') {
      this.#host.sendFin(this)
      this.#ended()
    }
    if (this.#wantsDrain && this.#localEnd === 'open') {
      this.#wantsDrain = false
      this.sink.streamDrain(this)
    }
    return false
  }

  /** Called by the session. False: the peer sent more than it had credit for. */
  accept(bytes: number): boolean {
    if (bytes > this.#receiveWindow || this.#remoteEnded) return false
    this.#receiveWindow -= bytes
    return true
  }

  /** Called by the session with payload that `accept` admitted. */
  deliver(chunk: Buffer): void {
    this.#unconsumedBytes += chunk.length
    this.sink.streamData(this, chunk)
  }

  /** Called by the session. False: the credit overflows 32 bits. */
  grant(bytes: number): boolean {
    this.#sendWindow += bytes
    if (this.#sendWindow > 0xffff_ffff) return false
    if (!this.isDrained || this.#localEnd === 'ending') this.#host.enqueue(this)
    return true
  }

  /** Called by the session: FIN arrived. */
  remoteEnd(): void {
    if (this.#gone || this.#remoteEnded) return
    this.#remoteEnded = true
    if (this.#localEnd === 'ended') this.#leave()
    this.sink.streamEnd(this)
  }

  /** Called by the session: RST arrived or the session is lost. */
  abort(): void {
    if (this.#gone) return
    this.#leave()
    this.sink.streamReset(this)
  }

  #dequeue(): void {
    this.#queuedHead++
    if (this.#queuedHead < this.#queued.length) return
    this.#queued = noChunks
    this.#queuedHead = 0
  }

  #ended(): void {
    this.#localEnd = 'ended'
    if (this.#remoteEnded) this.#leave()
  }

  #leave(): void {
    this.#gone = true
    this.#queued = noChunks
    this.#queuedHead = 0
    if (this.#unconsumedBytes > 0) this.#host.released(this.#unconsumedBytes)
    this.#unconsumedBytes = 0
    this.#host.forget(this)
  }
}

/** Shared by all streams with nothing queued, so that a short exchange allocates no array. Never written to. */
const noChunks: Buffer[] = []
