import type { Socket } from 'node:net'
import { Denial } from '@landbridge/access'
import { errorEntry } from '@landbridge/kernel'
import { type Preface, SocketRelay, type Stream, type StreamSink } from '@landbridge/tunnel'
import { openBackendSocket, openEvent } from '../backend/open-socket.ts'
import { errorCode, trustFailure } from '../dial/dial-tls.ts'
import { denialCode } from '../http/answers.ts'
import type { SubaccountContext } from '../subaccount-context.ts'

/** First byte of the answer on a TCP stream: a SOCKS5 reply code (RFC 1928 section 6, guide L12992). */
export const TcpStatus = { connected: 0, failure: 1, forbidden: 2, hostUnreachable: 4 } as const

/** One TCP connection through the tunnel: access control, connect, one status byte, then bytes both ways. */
export class TcpExchange implements StreamSink {
  readonly #context: SubaccountContext
  readonly #stream: Stream
  #socket: Socket | null
  #relay: SocketRelay | null
  #early: Buffer[]
  #ended: boolean

  constructor(context: SubaccountContext, stream: Stream, preface: Preface, connectTimeoutMs: number) {
    this.#context = context
    this.#stream = stream
    this.#socket = null
    this.#relay = null
    this.#early = []
    this.#ended = false
    this.#open(preface, connectTimeoutMs)
  }

  /** Payload before the connection is open waits; its credit is returned when the backend took it. */
  streamData(_stream: Stream, chunk: Buffer): void {
    this.#early.push(Buffer.from(chunk))
  }

  streamEnd(): void {
    this.#ended = true
  }

  streamReset(): void {
    this.#socket?.destroy()
  }

  streamDrain(): void {}

  #open(preface: Preface, connectTimeoutMs: number): void {
    const { virtualHost, virtualPort } = preface
    const decision = this.#context.access.decideTcp(virtualHost, virtualPort)
    if (typeof decision === 'number') {
      const reason = denialCode(decision)
      this.#context.denied({ subaccountId: this.#context.subaccountId, virtualHost, virtualPort, path: '', reason })
      return this.#answer(
        decision === Denial.NO_SYSTEM || decision === Denial.WRONG_PROTOCOL ? TcpStatus.forbidden : TcpStatus.failure,
      )
    }
    const { subaccountId } = this.#context
    this.#context.allowed?.({ subaccountId, virtualHost, virtualPort, path: '', reason: '' })
    const { internalHost: host, internalPort: port } = decision
    const socket = openBackendSocket(host, port, decision.system.tls, this.#context.backends.security, (borrowed) =>
      this.#relay?.fromSocket(borrowed),
    )
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    // A backend that was reached and then broke the setup (TLS above all) is no unreachable host (guide L12994).
    let reached = false
    if (decision.system.tls) socket.once('connect', () => (reached = true))
    const failed = (cause: Error): void => {
      // Once: destroying the socket closes it, and an error of its last moments tells nothing new.
      socket
        .off('error', failed)
        .off('close', closed)
        .on('error', () => {})
        .destroy()
      if (!this.#stream.isOpen) return
      const reason = errorCode(cause)
      const code = trustFailure.test(reason) ? 'BACKEND_UNTRUSTED' : reached ? 'BACKEND_CLOSED' : 'BACKEND_UNREACHABLE'
      this.#context.log.info('backend.failed', { code, system: `${virtualHost}:${virtualPort}`, reason })
      this.#answer(errorEntry(code).socks ?? TcpStatus.failure)
    }
    const closed = (): void => failed(Object.assign(new Error('closed'), { code: 'ECONNRESET' }))
    socket.setTimeout(connectTimeoutMs, () => failed(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })))
    socket.once('error', failed).once('close', closed)
    socket.once(openEvent(decision.system.tls), () => {
      socket.setTimeout(0).removeAllListeners('timeout')
      socket.off('error', failed).off('close', closed)
      const counted = this.#context.traffic?.systemOf(decision.system)
      if (counted !== undefined) {
        counted.openConnections += 1
        socket.once('close', () => (counted.openConnections -= 1))
      }
      this.#connected(socket)
    })
  }

  #connected(socket: Socket): void {
    this.#stream.write(Buffer.of(TcpStatus.connected))
    const relay = new SocketRelay(socket, this.#stream)
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
