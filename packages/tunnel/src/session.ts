import type { Socket } from 'node:net'
import { PlatformError } from '@landbridge/kernel'
import { BatchWriter } from './batch-writer.ts'
import { borrowReads } from './borrowed-reads.ts'
import { Flag, FrameType, GoAwayReason } from './frame.ts'
import { type FrameHandler, FrameReader } from './frame-reader.ts'
import { Heartbeat } from './heartbeat.ts'
import { ReadyQueue } from './ready-queue.ts'
import type { ReceivedTokens } from './received-tokens.ts'
import type { SentTokens } from './sent-tokens.ts'
import { sessionDefaults as defaults, type SessionOptions } from './session-options.ts'
import { Stream, type StreamHost, type StreamSink } from './stream.ts'
import { StreamTable } from './stream-table.ts'
import { WindowGrowth } from './window-growth.ts'

/** Answers (pongs, resets, credit) that a peer may leave unread on top of the send budget before it counts as hostile. */
const maxUnreadAnswerBytes = 4 * 1024 * 1024

/** How long an orderly end waits for the peer's. */
const lingerMs = 2_000

/** One physical connection of the tunnel and the streams on it: yamux over a TCP or TLS socket. */
export class Session implements StreamHost, FrameHandler {
  /** Tokens that the peer knows by number, and those that it taught this end. Null until both ends have agreed on it. */
  sentTokens: SentTokens | null
  receivedTokens: ReceivedTokens | null
  /** Client connections that the peer knows by name, and what ends them; null unless it asked for names. */
  clients: Map<string, () => void> | null = null
  readonly #socket: Socket
  readonly #options: SessionOptions
  readonly #writer: BatchWriter
  readonly #streams: StreamTable
  readonly #ready: ReadyQueue
  readonly #reader: FrameReader
  readonly #heartbeat: Heartbeat
  readonly #growth: WindowGrowth
  readonly #maxStreams: number
  readonly #maxUnconsumedBytes: number
  readonly #maxPendingBytes: number
  readonly #pumpNow: () => void
  #stopLinger: () => void
  #payloadStream: Stream | null
  #payloadFin: boolean
  #nextId: number
  /** How many streams came one after the other, each when the one before was over. */
  #aloneInRow: number
  #unconsumedBytes: number
  #paused: boolean
  #localGoAway: boolean
  #remoteGoAway: boolean
  /** The peer has seen our go-away: it opens no stream any more. */
  #goAwaySeen: boolean
  #pumpScheduled: boolean
  #closed: boolean

  constructor(socket: Socket, options: SessionOptions) {
    const sendBudgetBytes = options.sendBudgetBytes ?? defaults.sendBudgetBytes
    this.sentTokens = null
    this.receivedTokens = null
    this.#socket = socket
    this.#options = options
    this.#writer = new BatchWriter(socket, sendBudgetBytes, () => this.#pump())
    this.#streams = new StreamTable()
    this.#ready = new ReadyQueue()
    this.#reader = new FrameReader(this)
    this.#heartbeat = new Heartbeat({
      clock: options.clock,
      periodMs: options.heartbeatMs ?? defaults.heartbeatMs,
      sendPing: (value) => this.#writer.control(FrameType.ping, Flag.syn, 0, value),
      deaf: () => this.#paused,
      dead: () => this.destroy(new PlatformError('TUNNEL_TIMEOUT')),
    })
    this.#maxStreams = options.maxStreams ?? defaults.maxStreams
    this.#maxUnconsumedBytes = options.maxUnconsumedBytes ?? defaults.maxUnconsumedBytes
    this.#maxPendingBytes = sendBudgetBytes + maxUnreadAnswerBytes
    this.#growth = new WindowGrowth(options.clock, this.#heartbeat, this.#maxUnconsumedBytes / 2)
    this.#pumpNow = () => {
      this.#pumpScheduled = false
      this.#pump()
    }
    this.#stopLinger = () => {}
    this.#payloadStream = null
    this.#payloadFin = false
    this.#nextId = options.firstStreamId ?? (options.role === 'client' ? 1 : 2)
    this.#aloneInRow = 0
    this.#unconsumedBytes = 0
    this.#paused = false
    this.#localGoAway = false
    this.#remoteGoAway = false
    this.#goAwaySeen = false
    this.#pumpScheduled = false
    this.#closed = false
    socket.setNoDelay(true)
    borrowReads(socket, (borrowed) => this.#received(borrowed))
    socket.on('error', (cause) => this.#lost(cause))
    socket.on('end', () => this.#lost())
    socket.on('close', () => this.#lost())
  }

  /** True while streams can be opened on this session. */
  get isUsable(): boolean {
    return !this.#closed && !this.#localGoAway && !this.#remoteGoAway && this.#streams.size < this.#maxStreams
  }

  get isClosed(): boolean {
    return this.#closed
  }

  get streamCount(): number {
    return this.#streams.size
  }

  get socket(): Socket {
    return this.#socket
  }

  /**
   * Opens a stream. Nothing is sent before its first bytes: SYN travels with them.
   * @throws PlatformError TUNNEL_DRAINING, TUNNEL_FULL or TUNNEL_LOST when the session takes no new streams.
   */
  open(sink: StreamSink): Stream {
    if (!this.isUsable) throw new PlatformError(this.#refusal())
    const stream = new Stream(this.#takeId(), this, sink, Flag.syn)
    this.#add(stream)
    return stream
  }

  /** Measures the round trip in milliseconds. Never settles when the session ends first; the session's owner is told. */
  ping(): Promise<number> {
    return new Promise((resolve) => this.#heartbeat.ping(resolve))
  }

  /**
   * Announces the end: no new streams in either direction; the session closes when the last stream is gone.
   * Streams that the peer opened before it learned of the end are still served: none is lost by draining.
   */
  drain(): void {
    if (this.#closed || this.#localGoAway) return
    this.#localGoAway = true
    this.#writer.control(FrameType.goAway, 0, 0, GoAwayReason.normal)
    // The answer to a ping that follows the go-away proves that the peer has seen it.
    this.#heartbeat.ping(() => {
      this.#goAwaySeen = true
      if (this.#streams.size === 0) this.#finish()
    })
  }

  /** Ends the session at once; open streams are reset. Calling it again does nothing. */
  destroy(cause?: Error): void {
    if (this.#closed) return
    this.#closed = true
    this.#heartbeat.stop()
    this.#stopLinger()
    this.#reader.stop()
    this.#writer.close()
    this.#socket.destroy()
    for (const stream of this.#streams.all()) stream.abort()
    this.#streams.clear()
    this.#ready.clear()
    this.#options.closed(cause)
  }

  // What streams ask for (StreamHost).

  /** Also false while other streams wait: a stream that writes now must not overtake them. */
  get hasRoom(): boolean {
    return this.#writer.hasRoom && this.#ready.isEmpty
  }

  sendData(stream: Stream, payload: Buffer, start: number, end: number, borrowed: boolean, fin: boolean): void {
    const flags = fin ? stream.greeting | Flag.fin : stream.greeting
    stream.greeting = 0
    // Nobody shares its write, and it has said everything: it does not wait for the end of the turn (decision 0024).
    const isAlone = fin && end - start <= aloneBytes && this.#aloneInRow >= aloneForSure
    this.#writer.data(flags, stream.id, payload, start, end, borrowed, isAlone)
  }

  sendFin(stream: Stream): void {
    const flags = stream.greeting | Flag.fin
    stream.greeting = 0
    this.#writer.control(FrameType.data, flags, stream.id, 0)
  }

  sendReset(stream: Stream): void {
    // A stream whose SYN was never sent does not exist for the peer.
    if (stream.greeting === Flag.syn) return
    this.#writer.control(FrameType.windowUpdate, Flag.rst, stream.id, 0)
  }

  sendCredit(stream: Stream, bytes: number): void {
    const flags = stream.greeting
    stream.greeting = 0
    this.#writer.control(FrameType.windowUpdate, flags, stream.id, bytes)
  }

  windowGrowth(stream: Stream): number {
    return this.#growth.grow(stream)
  }

  enqueue(stream: Stream): void {
    this.#ready.add(stream)
    if (this.#writer.hasRoom) this.#pumpSoon()
  }

  released(bytes: number): void {
    this.#unconsumedBytes -= bytes
    if (!this.#paused || this.#unconsumedBytes * 2 > this.#maxUnconsumedBytes) return
    this.#paused = false
    this.#socket.resume()
  }

  #add(stream: Stream): void {
    this.#streams.add(stream)
    this.#aloneInRow = this.#streams.size === 1 ? this.#aloneInRow + 1 : 0
  }

  forget(stream: Stream): void {
    this.#streams.delete(stream)
    this.#growth.returned(stream)
    if (this.#goAwaySeen && this.#streams.size === 0) this.#finish()
  }

  #refusal(): 'TUNNEL_LOST' | 'TUNNEL_DRAINING' | 'TUNNEL_FULL' {
    if (this.#closed) return 'TUNNEL_LOST'
    return this.#localGoAway || this.#remoteGoAway ? 'TUNNEL_DRAINING' : 'TUNNEL_FULL'
  }

  // Sending.

  /** Not at once: the caller is in the middle of its own work and must not be called back from inside it. */
  #pumpSoon(): void {
    if (this.#pumpScheduled) return
    this.#pumpScheduled = true
    queueMicrotask(this.#pumpNow)
  }

  /** Round-robin over the streams that wait, one slice each, until the socket has no room. */
  #pump(): void {
    while (this.#writer.hasRoom && !this.#closed) {
      const stream = this.#ready.take()
      if (stream === null) return
      if (stream.pump()) this.#ready.add(stream)
    }
  }

  /** Numbers begin again after 2^31 streams: frames keep their order, so no frame of an earlier bearer can follow. */
  #takeId(): number {
    let id = this.#nextId
    while (this.#streams.get(id) !== null) id = this.#idAfter(id)
    this.#nextId = this.#idAfter(id)
    return id
  }

  #idAfter(id: number): number {
    return id + 2 <= 0xffff_ffff ? id + 2 : this.#options.role === 'client' ? 1 : 2
  }

  #finish(): void {
    if (this.#closed) return
    this.#writer.flush()
    this.#writer.close()
    this.#socket.end()
    // The peer answers with its own end; one that does not is not waited for.
    this.#stopLinger()
    this.#stopLinger = this.#options.clock.after(lingerMs, () => this.destroy())
  }

  /** The connection is over. Without streams and after a go-away of either end, that is the orderly end. */
  #lost(cause?: Error): void {
    if (this.#closed) return
    const orderly = this.#streams.size === 0 && (this.#localGoAway || this.#remoteGoAway)
    this.destroy(orderly ? undefined : new PlatformError('TUNNEL_LOST', {}, { cause }))
  }

  // Receiving.

  #received(chunk: Buffer): void {
    this.#heartbeat.heard()
    this.#reader.push(chunk)
    // Every answer that a peer can cause is caused here: one that asks and does not read is cut off.
    if (this.#writer.pendingBytes > this.#maxPendingBytes) this.#violation('answers not read')
  }

  /** From the reader. */
  frame(type: number, flags: number, id: number, length: number): void {
    switch (type) {
      case FrameType.data:
        return this.#dataFrame(flags, id, length)
      case FrameType.windowUpdate:
        return this.#windowFrame(flags, id, length)
      case FrameType.ping:
        return this.#pingFrame(flags, length)
      case FrameType.goAway:
        return this.#goAwayFrame(length)
      default:
        return this.#violation('frame type')
    }
  }

  #dataFrame(flags: number, id: number, length: number): void {
    this.#payloadStream = null
    this.#payloadFin = false
    const stream = this.#streamFor(flags, id)
    // A stream that is gone here may still have frames on the way: their payload is skipped.
    if (stream === null) return
    if ((flags & Flag.rst) !== 0) return this.#remoteReset(stream)
    if (length > 0 && !stream.accept(length)) return this.#violation('window')
    this.#payloadStream = stream
    this.#payloadFin = (flags & Flag.fin) !== 0
  }

  /** From the reader. */
  payload(piece: Buffer): void {
    const stream = this.#payloadStream
    if (stream === null || !stream.isOpen) return
    this.#unconsumedBytes += piece.length
    stream.deliver(piece)
    if (this.#unconsumedBytes <= this.#maxUnconsumedBytes || this.#paused) return
    this.#paused = true
    this.#socket.pause()
  }

  /** From the reader. */
  payloadEnd(): void {
    if (this.#payloadFin) this.#payloadStream?.remoteEnd()
    this.#payloadStream = null
  }

  /** From the reader. */
  unknownVersion(): void {
    this.#violation('version')
  }

  #windowFrame(flags: number, id: number, credit: number): void {
    const stream = this.#streamFor(flags, id)
    if (stream === null) return
    if ((flags & Flag.rst) !== 0) return this.#remoteReset(stream)
    if (!stream.grant(credit)) return this.#violation('credit')
    if ((flags & Flag.fin) !== 0) stream.remoteEnd()
  }

  /** Null: the frame concerns no stream here (unknown, refused, or the session ended over it). */
  #streamFor(flags: number, id: number): Stream | null {
    const known = this.#streams.get(id)
    if ((flags & Flag.syn) === 0) {
      if (id === 0) this.#violation('stream number')
      return known
    }
    const peersParity = this.#options.role === 'client' ? 0 : 1
    if (id !== 0 && known === null && (id & 1) === peersParity) return this.#accept(id)
    this.#violation('stream number')
    return null
  }

  #accept(id: number): Stream | null {
    const stream = new Stream(id, this, refusing, Flag.ack)
    if (this.#goAwaySeen || this.#streams.size >= this.#maxStreams) {
      this.sendReset(stream)
      if (!this.#heartbeat.admitReset()) this.#violation('open flood')
      return null
    }
    this.#add(stream)
    const sink = this.#options.accept(stream)
    if (sink === null) {
      stream.reset()
      return null
    }
    stream.sink = sink
    return stream
  }

  #remoteReset(stream: Stream): void {
    if (!this.#heartbeat.admitReset()) return this.#violation('reset flood')
    stream.abort()
  }

  #pingFrame(flags: number, value: number): void {
    if ((flags & Flag.syn) !== 0) {
      if (!this.#heartbeat.admitPing()) return this.#violation('ping flood')
      return this.#writer.control(FrameType.ping, Flag.ack, 0, value)
    }
    this.#heartbeat.answered(value)
  }

  #goAwayFrame(reason: number): void {
    if (reason !== GoAwayReason.normal)
      return this.destroy(new PlatformError('TUNNEL_PROTOCOL', { rule: 'peer went away', reason }))
    if (this.#remoteGoAway) return
    this.#remoteGoAway = true
    this.#options.draining?.()
  }

  #violation(rule: string): void {
    if (this.#closed) return
    this.#writer.control(FrameType.goAway, 0, 0, GoAwayReason.protocolError)
    this.#writer.flush()
    this.destroy(new PlatformError('TUNNEL_PROTOCOL', { rule }))
  }
}

/** Streams in a row, each of which was the only one: under load some are, too, but not so many. */
const aloneForSure = 64
/** Longer than most requests; what is larger is worth gathering. */
const aloneBytes = 4 * 1024

/** Stands in until `accept` has named the real sink; a stream never delivers before that. */
const refusing: StreamSink = {
  streamData(stream, chunk) {
    stream.consumed(chunk.length)
  },
  streamEnd() {},
  streamReset() {},
  streamDrain() {},
}
