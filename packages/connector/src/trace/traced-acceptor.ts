import type { Clock } from '@landbridge/kernel'
import { prefaceLength, readPreface, type Stream, StreamKind, type StreamSink } from '@landbridge/tunnel'
import { ExchangeTrace, type PayloadTrace } from './exchange-trace.ts'
import { tapStream } from './tap-stream.ts'

/** The sink of new streams, which a trace replaces while it is on. */
export interface AcceptorSlot {
  current: StreamSink
}

const budgetBytes = 32 * 1024 * 1024

/** Puts a tap on every new stream as soon as its preface says what it is for, and leaves the rest to the plain acceptor. */
export class TracedAcceptor implements StreamSink {
  readonly #plain: StreamSink
  readonly #trace: PayloadTrace
  readonly #clock: Clock
  readonly #open: Set<ExchangeTrace>
  readonly #budget: { bytes: number }
  #count: number
  #isStopped: boolean

  constructor(plain: StreamSink, trace: PayloadTrace, clock: Clock) {
    this.#plain = plain
    this.#trace = trace
    this.#clock = clock
    this.#open = new Set()
    this.#budget = { bytes: budgetBytes }
    this.#count = 0
    this.#isStopped = false
  }

  streamData(stream: Stream, chunk: Buffer): void {
    // A stream whose preface was not complete when the trace was switched off.
    if (this.#isStopped) return this.#plain.streamData(stream, chunk)
    const pending = stream.owner as Buffer | undefined
    const bytes = pending === undefined ? chunk : Buffer.concat([pending, chunk])
    const length = prefaceLength(bytes, 0, bytes.length)
    const isWhole = length >= 0 && length <= bytes.length && bytes[0] !== StreamKind.token
    const preface = isWhole ? readPreface(bytes, 0, length, stream.receivedTokens) : null
    if (preface !== null && preface.kind !== StreamKind.closed) {
      const exchange = new ExchangeTrace(this.#trace, this.#budget, this.#clock, preface, ++this.#count, (over) =>
        this.#open.delete(over),
      )
      this.#open.add(exchange)
      // The tap does not see the chunk that is being delivered.
      if (length < bytes.length) exchange.received(bytes.subarray(length))
      tapStream(stream, exchange)
    }
    this.#plain.streamData(stream, chunk)
  }

  streamEnd(stream: Stream): void {
    this.#plain.streamEnd(stream)
  }

  streamReset(stream: Stream): void {
    this.#plain.streamReset(stream)
  }

  streamDrain(stream: Stream): void {
    this.#plain.streamDrain(stream)
  }

  /** Writes what is open. @returns the acceptor that takes over again */
  stop(): StreamSink {
    this.#isStopped = true
    for (const exchange of [...this.#open]) exchange.finish('not to its end: the trace was switched off,')
    return this.#plain
  }
}
