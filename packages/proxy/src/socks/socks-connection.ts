import type { Socket } from 'node:net'
import { errorEntry, PlatformError } from '@landbridge/kernel'
import { type Socks5Event, Socks5Handshake, Socks5Reply } from '@landbridge/socks5'
import {
  borrowReads,
  maxPrefaceBytes,
  SocketRelay,
  type Stream,
  type StreamSink,
  writePreface,
} from '@landbridge/tunnel'
import type { Caller, Credentials } from '../authorization/access-policy.ts'
import type { SocksFront } from './socks-front.ts'

const anonymous = { proxyAuthorization: '', userAuthentication: '', technicalAuthentication: '', serviceToken: '' }
/** Shared by all connections of the process: written and copied within one call. */
const scratch = Buffer.allocUnsafeSlow(maxPrefaceBytes)

/** One client of the SOCKS5 proxy: handshake, a stream through the tunnel, then bytes both ways (guide L12551). */
export class SocksConnection implements StreamSink {
  readonly #socket: Socket
  readonly #front: SocksFront
  readonly #handshake: Socks5Handshake
  #caller: Promise<Caller> | null
  #credentials: Credentials
  #locationId: string
  #stream: Stream | null
  #cancel: () => void
  /** The client ended its direction before the connection was open; the end follows its payload. */
  #inputEnded: boolean
  /** Carries the bytes once the connection is open. */
  #relay: SocketRelay | null
  readonly #ended: () => void

  constructor(socket: Socket, front: SocksFront) {
    this.#socket = socket
    this.#front = front
    this.#handshake = new Socks5Handshake({ methods: front.methods })
    this.#caller = null
    this.#credentials = anonymous
    this.#locationId = ''
    this.#stream = null
    this.#cancel = front.clock.after(front.timeouts.handshakeMs, () => this.destroy())
    this.#relay = null
    this.#inputEnded = false
    this.#ended = () => this.#inputEnd()
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    borrowReads(socket, (borrowed) => this.#received(borrowed))
    socket.on('end', this.#ended)
    socket.on('error', () => {})
    socket.on('close', () => this.#closed())
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #received(borrowed: Buffer): void {
    if (this.#relay === null) this.#carryOut(this.#handshake.push(borrowed))
    else this.#relay.fromSocket(borrowed)
  }

  // The connector's answer: one status byte, then payload.

  streamData(stream: Stream, chunk: Buffer): void {
    const status = chunk[0] as number
    if (status !== 0) {
      stream.consumed(chunk.length)
      this.#stream = null
      stream.reset()
      return this.#refuse(replyFor(status))
    }
    this.#cancel()
    this.#stream = null
    this.#socket.off('end', this.#ended)
    this.#socket.write(this.#handshake.succeed())
    const rest = this.#handshake.takeRest()
    stream.consumed(1)
    const relay = new SocketRelay(this.#socket, stream)
    this.#relay = relay
    if (chunk.length > 1) relay.streamData(stream, chunk.subarray(1))
    if (rest.length > 0) stream.write(rest)
    if (this.#inputEnded) stream.end()
    this.#socket.resume()
  }

  streamEnd(): void {
    this.#lost()
  }

  streamReset(): void {
    this.#lost()
  }

  streamDrain(): void {}

  #carryOut(events: readonly Socks5Event[]): void {
    for (const event of events) {
      switch (event.kind) {
        case 'reply':
          this.#socket.write(event.bytes)
          break
        case 'authenticate':
          return this.#authenticate(event.token, event.locationId)
        case 'connect':
          return void this.#connect(event.host, event.port)
        case 'failed':
          this.#front.log.debug('socks.refused', { reason: event.reason })
          return this.#end(event.reply)
        default:
          event satisfies never
      }
    }
  }

  #authenticate(token: string, locationId: string): void {
    const { policy } = this.#front.authorizer
    this.#locationId = locationId
    this.#socket.pause()
    const credentials = policy.authorization
      ? { ...anonymous, proxyAuthorization: token === '' ? '' : `Bearer ${token}` }
      : { ...anonymous, serviceToken: token }
    this.#credentials = credentials
    const caller = this.#front.authorizer.authorize(credentials)
    this.#caller = caller
    caller.then(
      () => {
        if (this.#socket.destroyed) return
        this.#socket.resume()
        this.#carryOut(this.#handshake.accept())
        // The end came while the token was checked: nothing can complete the request any more.
        if (this.#inputEnded && this.#handshake.phase === 'request') this.destroy()
      },
      (failure: unknown) => {
        if (this.#socket.destroyed) return
        const code = failure instanceof PlatformError ? failure.code : 'INTERNAL'
        this.#front.log.info('socks.unauthorized', { code })
        this.#carryOut(this.#handshake.reject())
      },
    )
  }

  /** The caller of this connection; a token that has died since it was shown is judged again. */
  async #authorized(): Promise<Caller> {
    const known = await this.#caller
    if (known !== null && known.expiresAtMs > this.#front.clock.now()) return known
    return this.#front.authorizer.authorize(this.#credentials)
  }

  async #connect(host: string, port: number): Promise<void> {
    this.#socket.pause()
    this.#cancel()
    this.#cancel = this.#front.clock.after(this.#front.timeouts.connectMs, () => this.#lost())
    const target = this.#front.target(host, port)
    if (target === null) return this.#refuse(Socks5Reply.forbidden)
    try {
      const caller = await this.#authorized()
      const group = this.#front.tunnels.group(caller.subaccountId, this.#locationId)
      const session = await group.acquire(caller.serviceToken)
      if (this.#socket.destroyed) return
      const stream = session.open(this)
      this.#stream = stream
      const passesUsers = this.#front.passesUsers
      const preface = {
        ...target,
        userToken: passesUsers ? caller.userToken : '',
        technicalToken: passesUsers ? caller.technicalToken : '',
        traceId: '',
        clientId: caller.clientId,
      }
      const bytes = writePreface(scratch, 0, preface, session.sentTokens)
      stream.writeBorrowed(scratch, 0, bytes, false)
    } catch (failure) {
      if (this.#socket.destroyed) return
      if (!(failure instanceof PlatformError)) this.#front.log.error('socks.failed', {}, failure)
      this.#refuse(failure instanceof PlatformError ? replyToFailure(failure) : Socks5Reply.failure)
    }
  }

  /** A client may send all it has with its request and end; while it still owes bytes, its end is a goodbye. */
  #inputEnd(): void {
    const { phase } = this.#handshake
    if (phase === 'deciding' || phase === 'connecting') this.#inputEnded = true
    else this.destroy()
  }

  #lost(): void {
    const stream = this.#stream
    this.#stream = null
    stream?.reset()
    if (!this.#socket.destroyed) this.#refuse(Socks5Reply.failure)
  }

  #refuse(reply: Exclude<Socks5Reply, 0>): void {
    if (this.#handshake.phase === 'connecting') this.#end(this.#handshake.fail(reply))
    else this.destroy()
  }

  #end(reply: Buffer): void {
    this.#cancel()
    // The reply goes out whole; what the client still sends is dropped until it closes.
    this.#socket.end(reply)
    this.#socket.resume()
    this.#cancel = this.#front.clock.after(2_000, () => this.destroy())
  }

  #closed(): void {
    this.#cancel()
    this.#front.remove(this)
    const stream = this.#stream
    this.#stream = null
    stream?.reset()
  }
}

function replyToFailure({ code }: PlatformError): Exclude<Socks5Reply, 0> {
  const { http, socks } = errorEntry(code)
  // Whoever is not authenticated any more hears 05 (guide L13022), whatever a token means elsewhere.
  return http === 401 ? Socks5Reply.connectionRefused : replyFor(socks ?? 1)
}

/** A status byte of the connector as a SOCKS5 reply; an unknown one is a general failure. */
function replyFor(status: number): Exclude<Socks5Reply, 0> {
  switch (status) {
    case 2:
      return Socks5Reply.forbidden
    case 3:
      return Socks5Reply.networkUnreachable
    case 4:
      return Socks5Reply.hostUnreachable
    case 5:
      return Socks5Reply.connectionRefused
    default:
      return Socks5Reply.failure
  }
}
