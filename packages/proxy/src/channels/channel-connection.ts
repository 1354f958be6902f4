import { connect, type Socket } from 'node:net'
import type { Log } from '@landbridge/kernel'
import { SocketRelay, type Stream, type StreamSink } from '@landbridge/tunnel'
import type { ServiceMapping } from './service-mapping.ts'

/** First byte of the answer on a stream of a service channel, a SOCKS5 reply code (RFC 1928 section 6). */
export const ChannelStatus = { connected: 0, failure: 1, forbidden: 2, unreachable: 4 } as const

const connectTimeoutMs = 10_000
/** Databases keep connections open without a byte for hours: TCP looks whether the peer still lives. */
const keepAliveMs = 60_000

/** Every read of every service lands here: what is read is copied on before the next read (docs/decisions/0005). */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024)

/** One connection of a client on-premise to the service of a mapping: connect, one status byte, then bytes both ways. */
export class ChannelConnection implements StreamSink {
  readonly #stream: Stream
  readonly #socket: Socket
  #relay: SocketRelay | null
  #early: Buffer[]
  #ended: boolean

  /** @param closed called once when the socket is gone. */
  constructor(stream: Stream, mapping: ServiceMapping, log: Log, closed: () => void) {
    this.#stream = stream
    this.#relay = null
    this.#early = []
    this.#ended = false
    const { host, port, name } = mapping
    const onread = {
      buffer: readBuffer,
      callback: (bytes: number): boolean => {
        this.#relay?.fromSocket(readBuffer.subarray(0, bytes))
        return true
      },
    }
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: keepAliveMs }
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true, ...keepAlive, onread })
    this.#socket = socket
    socket.once('close', closed)
    const failed = (cause: NodeJS.ErrnoException): void => {
      socket.removeAllListeners('error').on('error', () => {})
      socket.destroy()
      if (!stream.isOpen) return
      log.warn('channel.target-unreachable', { mapping: name, host, port, reason: cause.code ?? cause.message })
      this.#answer(ChannelStatus.unreachable)
    }
    socket.setTimeout(connectTimeoutMs, () => failed(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })))
    socket.once('error', failed)
    socket.once('connect', () => {
      socket.setTimeout(0).removeAllListeners('timeout')
      socket.off('error', failed)
      this.#connected()
    })
  }

  /** Payload before the connection is open waits within the window; its credit is returned when the service took it. */
  streamData(_stream: Stream, chunk: Buffer): void {
    this.#early.push(Buffer.from(chunk))
  }

  streamEnd(): void {
    this.#ended = true
  }

  streamReset(): void {
    this.#socket.removeAllListeners('error').on('error', () => {})
    this.#socket.destroy()
  }

  streamDrain(): void {}

  #connected(): void {
    this.#stream.write(Buffer.of(ChannelStatus.connected))
    const relay = new SocketRelay(this.#socket, this.#stream)
    this.#relay = relay
    for (const chunk of this.#early) relay.streamData(this.#stream, chunk)
    if (this.#ended) relay.streamEnd()
  }

  #answer(status: number): void {
    if (!this.#stream.localEnded) this.#stream.end(Buffer.of(status))
    for (const chunk of this.#early) this.#stream.consumed(chunk.length)
    this.#early = []
  }
}
