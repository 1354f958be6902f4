import type { Log } from '@landbridge/kernel'
import { prefaceLength, readPreface, type Session, type Stream, StreamKind, type StreamSink } from '@landbridge/tunnel'
import { ChannelConnection, ChannelStatus } from './channel-connection.ts'
import type { ChannelKey, ServiceMappings } from './service-mappings.ts'

/** What a ticket was made for, and so what the tunnel that shows it may reach. */
export interface ChannelGrant extends ChannelKey {
  readonly connectorId: string
}

/**
 * Connections to services that are open, over all tunnels: whoever stands on-premise must not use up the sockets with
 * which this process serves everybody else.
 */
export class ChannelLoad {
  readonly #most: number
  #open: number

  constructor(most: number) {
    this.#most = most
    this.#open = 0
  }

  /** True, and counted, when there is room for one more. */
  take(): boolean {
    if (this.#open >= this.#most) return false
    this.#open++
    return true
  }

  release(): void {
    this.#open--
  }
}

/** A channel's preface names nothing; whoever sends more than a field or two of it is up to something. */
const maxPrefaceBytes = 1024

/**
 * A tunnel connection of a service channel: the connector opens the streams, and every one of them leads to the service
 * that the ticket was made for. The mapping is looked up for each, so that a change of it counts at once.
 */
export class ChannelTunnel implements StreamSink {
  readonly session: Session
  readonly grant: ChannelGrant
  readonly #mappings: ServiceMappings
  readonly #load: ChannelLoad
  readonly #log: Log

  constructor(session: Session, grant: ChannelGrant, mappings: ServiceMappings, load: ChannelLoad, log: Log) {
    this.session = session
    this.grant = grant
    this.#mappings = mappings
    this.#load = load
    this.#log = log
  }

  /** False once the mapping is gone, or does not allow the location any more. */
  get isAllowed(): boolean {
    return typeof this.#mappings.find(this.grant) !== 'string'
  }

  /** Collects the preface of a stream, which may come in pieces. */
  streamData(stream: Stream, chunk: Buffer): void {
    const pending = stream.owner as Buffer | undefined
    const bytes = pending === undefined ? chunk : Buffer.concat([pending, chunk])
    const length = prefaceLength(bytes, 0, bytes.length)
    if (length > maxPrefaceBytes) return stream.reset()
    if (length < 0 || length > bytes.length) {
      stream.owner = pending === undefined ? Buffer.from(chunk) : bytes
      stream.consumed(chunk.length)
      return
    }
    stream.owner = undefined
    // What was pending has been paid for already; the rest of the preface is paid for now.
    stream.consumed(length - (bytes.length - chunk.length))
    if (readPreface(bytes, 0, length)?.kind !== StreamKind.channel) return stream.reset()
    this.#connect(stream, bytes.subarray(length))
  }

  streamEnd(stream: Stream): void {
    stream.reset()
  }

  streamReset(): void {}

  streamDrain(): void {}

  #connect(stream: Stream, early: Buffer): void {
    const mapping = this.#mappings.find(this.grant)
    if (typeof mapping === 'string') {
      const { subaccountId, locationId, service } = this.grant
      this.#log.info('channel.connection-refused', { subaccountId, locationId, service, code: mapping })
      stream.consumed(early.length)
      return stream.end(Buffer.of(ChannelStatus.forbidden))
    }
    if (!this.#load.take()) {
      this.#log.warn('channel.connection-limit', { mapping: mapping.name })
      stream.consumed(early.length)
      return stream.end(Buffer.of(ChannelStatus.failure))
    }
    const connection = new ChannelConnection(stream, mapping, this.#log, () => this.#load.release())
    stream.sink = connection
    if (early.length > 0) connection.streamData(stream, early)
  }
}
