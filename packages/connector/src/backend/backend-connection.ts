import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { System } from '@landbridge/access'
import { PlatformError } from '@landbridge/kernel'
import { DirectWriter } from '@landbridge/tunnel'
import { errorCode, trustFailure } from '../dial/dial-tls.ts'
import { ResponseRelay } from '../http/response-relay.ts'
import type { BackendPool } from './backend-pool.ts'
import { certificateProblem, refusedCertificate } from './logon-check.ts'
import { openBackendSocket, openEvent } from './open-socket.ts'
import type { BackendSecurity } from './secure-contexts.ts'
import type { Target } from './target.ts'
import type { WaitingList } from './waiting-list.ts'

/** Whoever uses a backend connection at the moment. */
export interface BackendUser {
  /** @param borrowed is reused after the call: copy what has to be kept. */
  backendData(borrowed: Buffer): void
  /** Bytes written so far are on their way: go on producing. */
  backendDrain(): void
  /** The backend sent its last byte. */
  backendEnd(): void
  /** A connection that was not open yet is open. */
  backendOpened?(): void
  /** The connection is gone. */
  backendClosed(cause: PlatformError): void
}

const nothing = Buffer.alloc(0)
const leastHeadBytes = 512

/** A connection to an internal system, used by one exchange at a time. */
export class BackendConnection {
  readonly socket: Socket
  /** Small pieces go out by it. */
  readonly writer: DirectWriter
  readonly target: Target
  /** The mapping that it serves or served last; several may lead to one target. */
  system: System
  /** What the connection was made under. */
  readonly security: BackendSecurity
  /** Reads the answers; only for HTTP. */
  readonly response: ResponseRelay
  user: BackendUser | null
  /** True once an earlier exchange was completed on it: the backend may close it at any moment. */
  isReused: boolean
  isConnected: boolean
  /** Somebody may be logged on for the connection as a whole: no other client may ever get it. */
  holdsLogon: boolean
  /** Coarse time of the last progress, for timeouts. */
  activeAtMs: number
  /** Where it waits for its next request, and its neighbours there; only the list writes them. */
  waitsIn: WaitingList | null
  older: BackendConnection | null
  newer: BackendConnection | null
  readonly #pool: BackendPool
  /** The head of the present request, in memory that serves one request after the other. */
  #head: Buffer
  #headBytes: number
  #failure: PlatformError | null
  /** A session that came before the connection was open. */
  #earlySession: Buffer | null

  constructor(target: Target, system: System, pool: BackendPool, user: BackendUser) {
    this.target = target
    this.system = system
    this.security = pool.security
    this.response = new ResponseRelay()
    this.user = user
    this.isReused = false
    this.isConnected = false
    this.holdsLogon = false
    this.activeAtMs = pool.nowMs
    this.waitsIn = null
    this.older = null
    this.newer = null
    this.#pool = pool
    this.#head = nothing
    this.#headBytes = 0
    this.#failure = null
    this.#earlySession = null
    this.socket = openBackendSocket(
      target.host,
      target.port,
      target.secure,
      pool.security,
      (borrowed) => this.#data(borrowed),
      ['http/1.1'],
      pool.sessions.find(target),
      target.certificate,
    )
    this.writer = new DirectWriter(this.socket)
    if (target.secure) this.socket.on('session', (session: Buffer) => this.#session(session))
    // What comes before the system has asked who the user is must wait: nothing goes out without the user.
    if (target.certificate !== null) this.socket.cork()
    this.socket.setNoDelay(true)
    this.socket.once(openEvent(target.secure), () => this.#open())
    this.socket.on('drain', () => {
      this.fed()
      this.user?.backendDrain()
    })
    this.socket.on('end', () => this.#end())
    this.socket.on('error', (cause) => {
      this.#failure ??= this.#translate(cause)
    })
    this.socket.on('close', () => this.#closed())
  }

  /** Keeps a copy of a request's head, should the connection turn out to be closed. */
  keepHead(bytes: Buffer): void {
    if (bytes.length > this.#head.length)
      this.#head = Buffer.allocUnsafeSlow(Math.max(leastHeadBytes, 2 * bytes.length))
    this.#head.set(bytes)
    this.#headBytes = bytes.length
  }

  /** What was kept for the present request, or null. It stays as it is when the connection is gone. */
  keptHead(): Buffer | null {
    return this.#headBytes === 0 ? null : this.#head.subarray(0, this.#headBytes)
  }

  /** The exchange goes on: this backend is not silent. Without effect while paused. */
  fed(): void {
    if (this.activeAtMs < this.#pool.nowMs) this.activeAtMs = this.#pool.nowMs
  }

  /** Stops reading because the next hop is slow: the backend's silence does not count until `resume`. */
  pause(): void {
    this.socket.pause()
    this.activeAtMs = Number.POSITIVE_INFINITY
  }

  /** TLS may still hand over what it had decrypted. */
  get isPaused(): boolean {
    return this.activeAtMs === Number.POSITIVE_INFINITY
  }

  resume(): void {
    this.activeAtMs = this.#pool.nowMs
    this.socket.resume()
  }

  /** Ends the connection; its user hears `cause`. */
  fail(cause: PlatformError): void {
    this.#failure ??= cause
    this.socket.destroy()
  }

  #open(): void {
    const { certificate } = this.target
    if (certificate !== null) {
      const problem = certificateProblem(this.socket as TLSSocket, certificate)
      if (problem !== null) return this.fail(new PlatformError(problem, { system: this.#name() }))
    }
    this.isConnected = true
    this.activeAtMs = this.#pool.nowMs
    this.user?.backendOpened?.()
    if (this.#earlySession !== null) this.#session(this.#earlySession)
    if (certificate !== null) this.socket.uncork()
  }

  /** Where the user may not have been asked for, a session would resume a connection without the user. */
  #session(session: Buffer): void {
    if (this.isConnected) this.#pool.sessions.keep(this.target, this.security, session)
    else this.#earlySession = session
  }

  #data(borrowed: Buffer): void {
    this.fed()
    // Nobody asked: whatever this is, the connection cannot be used for another exchange.
    if (this.user === null) this.socket.destroy()
    else this.user.backendData(borrowed)
  }

  #end(): void {
    if (this.user === null) this.socket.destroy()
    else this.user.backendEnd()
  }

  #closed(): void {
    this.#pool.remove(this)
    const user = this.user
    this.user = null
    user?.backendClosed(this.#failure ?? new PlatformError('BACKEND_CLOSED', { system: this.#name() }))
  }

  #translate(cause: Error): PlatformError {
    const reason = errorCode(cause)
    const facts = { system: this.#name(), reason }
    if (this.target.certificate !== null && refusedCertificate.test(reason))
      return new PlatformError('PROPAGATION_REFUSED', facts, { cause })
    if (this.isConnected) return new PlatformError('BACKEND_CLOSED', facts, { cause })
    return new PlatformError(trustFailure.test(reason) ? 'BACKEND_UNTRUSTED' : 'BACKEND_UNREACHABLE', facts, { cause })
  }

  #name(): string {
    return `${this.target.host}:${this.target.port}`
  }
}
