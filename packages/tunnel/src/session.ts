import type { Socket } from 'node:net'
import { type Clock, PlatformError } from '@landbridge/kernel'
import { BatchWriter } from './batch-writer.ts'
import { Flag, FrameType, GoAwayReason, headerBytes, readUint32 } from './frame.ts'
import { Stream, type StreamHost, type StreamSink } from './stream.ts'

export interface SessionOptions {
  /** Which end opened the TLS connection: decides who uses odd stream numbers. */
  readonly role: 'client' | 'server'
  readonly clock: Clock
  /** Decides about a stream that the peer opens: its sink, or null to refuse it. */
  readonly accept: (stream: Stream) => StreamSink | null
  /** Called once when the session is over; `cause` is absent after an orderly end. */
  readonly closed: (cause?: Error) => void
  /** The peer wants no new streams any more (yamux GO-AWAY). */
  readonly draining?: () => void
  /** Ping after this silence; the peer has the same time to answer before the session counts as dead. */
  readonly heartbeatMs?: number
  /** Open streams in both directions together; the peer's further opens are reset. */
  readonly maxStreams?: number
  /** Delivered but not yet consumed payload of all streams above which the socket is no longer read. */
  readonly maxUnconsumedBytes?: number
  /** Unsent bytes above which streams queue instead of writing. */
  readonly sendBudgetBytes?: number
}

const defaults = {
  heartbeatMs: 15_000,
  maxStreams: 65_536,
  maxUnconsumedBytes: 64 * 1024 * 1024,
  sendBudgetBytes: 1024 * 1024,
} as const

/** Pings, resets and opens that a peer may send between two heartbeats. More is an attack, not traffic. */
const maxPingsPerBeat = 1_000
const maxResetsPerBeat = 1_000_000

/** How long an orderly end waits for the peer's. */
const lingerMs = 2_000

/** One physical connection of the tunnel and the streams on it: yamux over a TCP or TLS socket. */
export class Session implements StreamHost {
  readonly #socket: Socket
  readonly #options: SessionOptions
  readonly #writer: BatchWriter
  readonly #streams: Map<number, Stream>
  readonly #ready: Stream[]
  readonly #header: Buffer
  readonly #pings: Map<number, (roundTripMs: number) => void>
  readonly #heartbeatMs: number
  readonly #maxStreams: number
  readonly #maxUnconsumedBytes: number
  readonly #stopHeartbeat: () => void
  #headerFill: number
  #payloadLeft: number
  #payloadStream: Stream | null
  #payloadFin: boolean
  #nextId: number
  #nextPing: number
  #unconsumedBytes: number
  #paused: boolean
  #heardSinceBeat: boolean
  #silentBeats: number
  #pingsThisBeat: number
  #resetsThisBeat: number
  #localGoAway: boolean
  #remoteGoAway: boolean
  #pumpScheduled: boolean
  #closed: boolean

  constructor(socket: Socket, options: SessionOptions) {
    this.#socket = socket
    this.#options = options
    this.#writer = new BatchWriter(socket, options.sendBudgetBytes ?? defaults.sendBudgetBytes, () => this.#pump())
    this.#streams = new Map()
    this.#ready = []
    this.#header = Buffer.alloc(headerBytes)
    this.#pings = new Map()
    this.#heartbeatMs = options.heartbeatMs ?? defaults.heartbeatMs
    this.#maxStreams = options.maxStreams ?? defaults.maxStreams
    this.#maxUnconsumedBytes = options.maxUnconsumedBytes ?? defaults.maxUnconsumedBytes
    this.#headerFill = 0
    this.#payloadLeft = 0
    this.#payloadStream = null
    this.#payloadFin = false
    this.#nextId = options.role === 'client' ? 1 : 2
    this.#nextPing = 1
    this.#unconsumedBytes = 0
    this.#paused = false
    this.#heardSinceBeat = true
    this.#silentBeats = 0
    this.#pingsThisBeat = 0
    this.#resetsThisBeat = 0
    this.#localGoAway = false
    this.#remoteGoAway = false
    this.#pumpScheduled = false
    this.#closed = false
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
    socket.on('error', (cause) => this.destroy(cause))
    socket.on('end', () => this.destroy())
    socket.on('close', () => this.destroy())
    this.#stopHeartbeat = options.clock.every(this.#heartbeatMs, () => this.#beat())
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
   * @throws PlatformError TUNNEL_DRAINING or TUNNEL_LOST when the session takes no new streams.
   */
  open(sink: StreamSink): Stream {
    if (!this.isUsable) throw new PlatformError(this.#closed ? 'TUNNEL_LOST' : 'TUNNEL_DRAINING')
    const stream = new Stream(this.#nextId, this, sink, Flag.syn)
    this.#nextId += 2
    this.#streams.set(stream.id, stream)
    return stream
  }

  /** Measures the round trip in milliseconds. Never settles when the session ends first; the session's owner is told. */
  ping(): Promise<number> {
    const id = this.#nextPing++ >>> 0
    const start = this.#options.clock.now()
    return new Promise((resolve) => {
      this.#pings.set(id, () => resolve(this.#options.clock.now() - start))
      this.#writer.control(FrameType.ping, Flag.syn, 0, id)
    })
  }

  /** Announces the end: no new streams in either direction; the session closes when the last stream is gone. */
  drain(): void {
    if (this.#closed || this.#localGoAway) return
    this.#localGoAway = true
    this.#writer.control(FrameType.goAway, 0, 0, GoAwayReason.normal)
    if (this.#streams.size === 0) this.#finish()
  }

  /** Ends the session at once; open streams are reset. Calling it again does nothing. */
  destroy(cause?: Error): void {
    if (this.#closed) return
    this.#closed = true
    this.#stopHeartbeat()
    this.#writer.close()
    this.#socket.destroy()
    for (const stream of [...this.#streams.values()]) stream.abort()
    this.#streams.clear()
    this.#ready.length = 0
    this.#options.closed(cause)
  }

  // What streams ask for (StreamHost).

  get hasRoom(): boolean {
    return this.#writer.hasRoom
  }

  sendData(stream: Stream, payload: Buffer, start: number, end: number, borrowed: boolean, fin: boolean): void {
    const flags = fin ? stream.greeting | Flag.fin : stream.greeting
    stream.greeting = 0
    this.#writer.data(flags, stream.id, payload, start, end, borrowed)
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

  enqueue(stream: Stream): void {
    if (!stream.inQueue) {
      stream.inQueue = true
      this.#ready.push(stream)
    }
    if (this.#writer.hasRoom) this.#pumpSoon()
  }

  released(bytes: number): void {
    this.#unconsumedBytes -= bytes
    if (!this.#paused || this.#unconsumedBytes * 2 > this.#maxUnconsumedBytes) return
    this.#paused = false
    this.#socket.resume()
  }

  forget(stream: Stream): void {
    this.#streams.delete(stream.id)
    if (this.#localGoAway && this.#streams.size === 0) this.#finish()
  }

  // Sending.

  /** Not at once: the caller is in the middle of its own work and must not be called back from inside it. */
  #pumpSoon(): void {
    if (this.#pumpScheduled) return
    this.#pumpScheduled = true
    queueMicrotask(() => {
      this.#pumpScheduled = false
      this.#pump()
    })
  }

  /** Round-robin over the streams that wait, one slice each, until the socket has no room. */
  #pump(): void {
    while (this.#ready.length > 0 && this.#writer.hasRoom && !this.#closed) {
      const stream = this.#ready.shift() as Stream
      if (stream.pump()) this.#ready.push(stream)
      else stream.inQueue = false
    }
  }

  #finish(): void {
    this.#writer.flush()
    this.#socket.end()
    // The peer answers with its own end; one that does not is not waited for.
    this.#options.clock.after(lingerMs, () => this.destroy())
  }

  // Receiving.

  #received(chunk: Buffer): void {
    this.#heardSinceBeat = true
    const end = chunk.length
    let at = 0
    while (at < end && !this.#closed) {
      if (this.#payloadLeft > 0) {
        const bytes = Math.min(this.#payloadLeft, end - at)
        this.#payload(at === 0 && bytes === end ? chunk : chunk.subarray(at, at + bytes))
        at += bytes
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
    if (source[at] !== 0) return this.#violation('version')
    const type = source[at + 1] as number
    const flags = ((source[at + 2] as number) << 8) | (source[at + 3] as number)
    const id = readUint32(source, at + 4)
    const length = readUint32(source, at + 8)
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
    const stream = this.#streamFor(flags, id)
    if (stream === undefined) return
    // A stream that is gone here may still have frames on the way: their payload is skipped.
    if (stream !== null && (flags & Flag.rst) !== 0) {
      this.#remoteReset(stream)
      this.#payloadStream = null
    } else if (stream !== null && length > 0 && !stream.accept(length)) return this.#violation('window')
    else this.#payloadStream = stream
    this.#payloadFin = (flags & Flag.fin) !== 0
    this.#payloadLeft = length
    if (length === 0) this.#payloadEnded()
  }

  #payload(chunk: Buffer): void {
    this.#payloadLeft -= chunk.length
    const stream = this.#payloadStream
    if (stream?.isOpen) {
      this.#unconsumedBytes += chunk.length
      stream.deliver(chunk)
      if (this.#unconsumedBytes > this.#maxUnconsumedBytes && !this.#paused) {
        this.#paused = true
        this.#socket.pause()
      }
    }
    if (this.#payloadLeft === 0) this.#payloadEnded()
  }

  #payloadEnded(): void {
    const stream = this.#payloadStream
    this.#payloadStream = null
    if (this.#payloadFin) stream?.remoteEnd()
  }

  #windowFrame(flags: number, id: number, credit: number): void {
    const stream = this.#streamFor(flags, id)
    if (stream === undefined || stream === null) return
    if ((flags & Flag.rst) !== 0) return this.#remoteReset(stream)
    if (!stream.grant(credit)) return this.#violation('credit')
    if ((flags & Flag.fin) !== 0) stream.remoteEnd()
  }

  /** @returns the stream, null when it is unknown or refused (skip the frame), undefined after a violation. */
  #streamFor(flags: number, id: number): Stream | null | undefined {
    if (id === 0) {
      this.#violation('stream number')
      return undefined
    }
    const known = this.#streams.get(id)
    if ((flags & Flag.syn) === 0) return known ?? null
    const peersParity = this.#options.role === 'client' ? 0 : 1
    if (known !== undefined || (id & 1) !== peersParity) {
      this.#violation('stream number')
      return undefined
    }
    return this.#accept(id)
  }

  #accept(id: number): Stream | null {
    const stream = new Stream(id, this, refusing, Flag.ack)
    if (this.#localGoAway || this.#streams.size >= this.#maxStreams) {
      this.sendReset(stream)
      return null
    }
    this.#streams.set(id, stream)
    const sink = this.#options.accept(stream)
    if (sink === null) {
      stream.reset()
      return null
    }
    stream.sink = sink
    return stream
  }

  #remoteReset(stream: Stream): void {
    if (++this.#resetsThisBeat > maxResetsPerBeat) return this.#violation('reset flood')
    stream.abort()
  }

  #pingFrame(flags: number, value: number): void {
    if ((flags & Flag.syn) !== 0) {
      if (++this.#pingsThisBeat > maxPingsPerBeat) return this.#violation('ping flood')
      return this.#writer.control(FrameType.ping, Flag.ack, 0, value)
    }
    const answered = this.#pings.get(value)
    this.#pings.delete(value)
    answered?.(0)
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

  /** One beat without a word from the peer: ask. A second one: the peer is dead. */
  #beat(): void {
    this.#pingsThisBeat = 0
    this.#resetsThisBeat = 0
    // While reading is paused on purpose, silence proves nothing.
    this.#silentBeats = this.#heardSinceBeat || this.#paused ? 0 : this.#silentBeats + 1
    this.#heardSinceBeat = false
    if (this.#silentBeats > 1) return this.destroy(new PlatformError('TUNNEL_TIMEOUT'))
    this.#writer.control(FrameType.ping, Flag.syn, 0, 0)
  }
}

/** Stands in until `accept` has named the real sink; a stream never delivers before that. */
const refusing: StreamSink = {
  streamData(stream, chunk) {
    stream.consumed(chunk.length)
  },
  streamEnd() {},
  streamReset() {},
  streamDrain() {},
}
