import {
  hearClosed,
  isClientName,
  type Preface,
  prefaceLength,
  readDefinition,
  readPreface,
  type Stream,
  StreamKind,
  type StreamSink,
  undefinedToken,
} from '@landbridge/tunnel'
import { HttpExchange } from './http/http-exchange.ts'
import { openRfcOrLdap } from './rfc/open-rfc-or-ldap.ts'
import type { SubaccountContext } from './subaccount-context.ts'
import { TcpExchange } from './tcp/tcp-exchange.ts'
import { refuseConnection, refusingContext } from './trusted-applications.ts'

export interface StreamTimeouts {
  readonly connectMs: number
}

/**
 * The sink of every stream that the cloud opens: reads the preface, then hands the stream to the exchange for its kind.
 * One object per subaccount serves all streams; only a preface in several pieces takes memory of its own.
 */
export class StreamAcceptor implements StreamSink {
  readonly #context: SubaccountContext
  readonly #timeouts: StreamTimeouts
  /** How many prefaces of a session were refused. */
  readonly #refused: WeakMap<Stream['session'], number>

  constructor(context: SubaccountContext, timeouts: StreamTimeouts) {
    this.#context = context
    this.#timeouts = timeouts
    this.#refused = new WeakMap()
  }

  streamData(stream: Stream, chunk: Buffer): void {
    const pending = stream.owner as Buffer | undefined
    const bytes = pending === undefined ? chunk : Buffer.concat([pending, chunk])
    const length = prefaceLength(bytes, 0, bytes.length)
    if (length < 0 || length > bytes.length) {
      stream.owner = pending === undefined ? Buffer.from(chunk) : bytes
      stream.consumed(chunk.length)
      return
    }
    stream.owner = undefined
    // What was pending has been paid for already; the rest of the preface is paid for now.
    stream.consumed(length - (bytes.length - chunk.length))
    if (bytes[0] === StreamKind.token) return define(stream, bytes, length)
    const preface = readPreface(bytes, 0, length, stream.receivedTokens)
    if (preface === null || !isClientName(preface.clientConnection ?? '')) return this.#refuse(stream, bytes, length)
    this.#dispatch(stream, preface, bytes, length)
  }

  streamEnd(stream: Stream): void {
    stream.reset()
  }

  streamReset(): void {}

  streamDrain(): void {}

  /** The cloud side learns of a reset only. Told at the first one of a connection, the tenth, the hundredth, ... */
  #refuse(stream: Stream, bytes: Buffer, length: number): void {
    const { session } = stream
    const count = (this.#refused.get(session) ?? 0) + 1
    this.#refused.set(session, count)
    if (/^10*$/.test(String(count))) {
      const token = undefinedToken(bytes, 0, length, stream.receivedTokens)
      const reason = token === null ? { reason: 'malformed' } : { reason: 'token-undefined', token }
      this.#context.log.warn('tunnel.preface-refused', { subaccount: this.#context.subaccountId, ...reason, count })
    }
    stream.reset()
  }

  #clientGone(stream: Stream, bytes: Buffer): void {
    const name = hearClosed(stream, bytes)
    if (name !== null) this.#context.backends.clients.clientGone(stream.session, name)
  }

  #dispatch(stream: Stream, preface: Preface, bytes: Buffer, rest: number): void {
    const isRefused = this.#context.applications?.has(preface.clientId) === false
    switch (preface.kind) {
      case StreamKind.http: {
        const context = isRefused ? refusingContext(this.#context, preface) : this.#context
        const exchange = new HttpExchange(context, stream, preface)
        stream.sink = exchange
        if (rest < bytes.length) exchange.request(stream, bytes, rest)
        return
      }
      case StreamKind.tcp: {
        if (isRefused) return refuseConnection(this.#context, stream, preface)
        const exchange = new TcpExchange(this.#context, stream, preface, this.#timeouts.connectMs)
        stream.sink = exchange
        if (rest < bytes.length) exchange.streamData(stream, bytes.subarray(rest))
        return
      }
      case StreamKind.rfc:
      case StreamKind.ldap: {
        if (isRefused) return refuseConnection(this.#context, stream, preface)
        const exchange = openRfcOrLdap(this.#context, stream, preface, this.#timeouts.connectMs)
        stream.sink = exchange
        if (rest < bytes.length) exchange.streamData(stream, bytes.subarray(rest))
        return
      }
      case StreamKind.closed:
        return this.#clientGone(stream, bytes)
      default:
        // A newer cloud side may know kinds that this version does not.
        stream.reset()
    }
  }
}

/** The cloud side names a token, to refer to it later. The stream carries nothing else. */
function define(stream: Stream, bytes: Buffer, length: number): void {
  const definition = length === bytes.length ? readDefinition(bytes, 0, length) : null
  const { receivedTokens } = stream
  if (definition === null || receivedTokens === null) return stream.reset()
  receivedTokens.define(definition)
  stream.sink = told
  stream.end()
}

/** Behind what was told nothing follows. */
const told: StreamSink = {
  streamData: (stream) => stream.reset(),
  streamEnd() {},
  streamReset() {},
  streamDrain() {},
}
