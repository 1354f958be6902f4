import type { TLSSocket } from 'node:tls'
import { errorEntry, PlatformError, toProblem } from '@landbridge/kernel'
import { type ControlLink, parseConnectorHello } from '@landbridge/registry'
import { ControlChannel, type ControlMessage, Session } from '@landbridge/tunnel'
import type { ControlSessionsOptions } from './control-sessions.ts'

type Phase = 'expecting-hello' | 'registering' | 'registered' | 'ended'

/** Payload that a control session may leave unread; messages are small. */
const maxUnconsumedBytes = 256 * 1024

/** One connector on its control session: hello, welcome or refusal, then messages in both directions. */
export class ControlSession {
  readonly #socket: TLSSocket
  readonly #options: ControlSessionsOptions
  readonly #session: Session
  readonly #stopHelloTimer: () => void
  readonly #gone: Promise<void>
  readonly #pending: object[]
  #channel: ControlChannel | null
  #phase: Phase
  #sessionId: string
  /** Entry in and removal from the registry, for `close` to wait for. */
  #bookkeeping: Promise<void>

  constructor(socket: TLSSocket, options: ControlSessionsOptions, closed: () => void) {
    this.#socket = socket
    this.#options = options
    this.#pending = []
    this.#channel = null
    this.#phase = 'expecting-hello'
    this.#sessionId = ''
    this.#bookkeeping = Promise.resolve()
    this.#gone = new Promise((resolve) => socket.once('close', () => resolve()))
    this.#stopHelloTimer = options.clock.after(options.helloTimeoutMs, () => socket.destroy())
    this.#session = new Session(socket, {
      role: 'server',
      clock: options.clock,
      heartbeatMs: options.heartbeatMs,
      maxStreams: 2,
      maxUnconsumedBytes,
      accept: (stream) => {
        if (this.#channel !== null) return null
        this.#channel = ControlChannel.accept(stream)
        this.#channel.onMessage = (message) => this.#received(message)
        this.#channel.onClose = () => this.#session.destroy()
        return this.#channel
      },
      closed: () => {
        this.#ended()
        closed()
      },
    })
  }

  /** Ends the connection after what was sent so far, and resolves when the socket is gone. */
  async close(): Promise<void> {
    this.#endSoon()
    await this.#gone
    await this.#bookkeeping
  }

  #received(message: ControlMessage): void {
    if (this.#phase === 'registered') this.#options.hub.received(this.#sessionId, message)
    if (this.#phase !== 'expecting-hello') return
    this.#phase = 'registering'
    this.#stopHelloTimer()
    this.#bookkeeping = this.#register(message).catch((failure: unknown) => this.#refuse(failure))
  }

  async #register(message: ControlMessage): Promise<void> {
    const { hub, peers, log, heartbeatMs } = this.#options
    const certificate = await peers.check(this.#socket)
    const hello = parseConnectorHello(message)
    const session = await hub.connect(hello, certificate, this.#socket.remoteAddress ?? '', this.#link())
    if (this.#isEnded()) return hub.disconnected(session.sessionId)
    this.#sessionId = session.sessionId
    this.#phase = 'registered'
    this.#channel?.send({ type: 'welcome', sessionId: session.sessionId, heartbeatMs })
    for (const waiting of this.#pending.splice(0)) this.#channel?.send(waiting as ControlMessage)
    const { subaccountId, locationId, connectorId, version } = session
    log.info('connector.connected', { subaccountId, locationId, connectorId, version, sessionId: session.sessionId })
  }

  /** Not inlined: the compiler would take the phase for unchanged across an await. */
  #isEnded(): boolean {
    return this.#phase === 'ended'
  }

  #link(): ControlLink {
    return {
      // Before the welcome is out, a message could overtake it: the connector expects the welcome first.
      send: (message) => {
        if (this.#phase === 'registering') this.#pending.push(message)
        else if (this.#phase === 'registered') this.#channel?.send(message as ControlMessage)
      },
      end: (code) => {
        this.#tell(new PlatformError(code))
        this.#endSoon()
      },
    }
  }

  #refuse(failure: unknown): void {
    const facts = { remoteAddress: this.#socket.remoteAddress ?? '' }
    if (failure instanceof PlatformError)
      this.#options.log.info('connector.refused', { ...facts, code: failure.code, ...failure.facts })
    else this.#options.log.error('connector.register-failed', facts, failure)
    this.#tell(failure)
    this.#endSoon()
  }

  #tell(failure: unknown): void {
    const { code, title, remedy } = toProblem(failure)
    const retry = failure instanceof PlatformError && errorEntry(failure.code).retry === 'never' ? 'never' : 'later'
    this.#channel?.send({ type: 'refused', code, title, remedy, retry })
  }

  #endSoon(): void {
    this.#channel?.close()
    // Frames of one tick leave together at its end; the socket then closes behind them.
    setImmediate(() => this.#socket.destroySoon())
  }

  #ended(): void {
    const wasRegistered = this.#phase === 'registered'
    this.#phase = 'ended'
    this.#stopHelloTimer()
    if (!wasRegistered) return
    const { hub, log } = this.#options
    log.info('connector.disconnected', { sessionId: this.#sessionId })
    this.#bookkeeping = hub
      .disconnected(this.#sessionId)
      .catch((cause: unknown) => log.error('connector.session.remove-failed', { sessionId: this.#sessionId }, cause))
  }
}
