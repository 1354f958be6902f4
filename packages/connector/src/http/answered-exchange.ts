import { PlatformError } from '@landbridge/kernel'
import type { Preface, Stream } from '@landbridge/tunnel'
import type { BackendConnection, BackendUser } from '../backend/backend-connection.ts'
import type { SubaccountContext } from '../subaccount-context.ts'
import type { Measurement } from '../traffic/measurement.ts'
import { failureAnswer } from './answers.ts'
import { reportFailure } from './request-reports.ts'
import { relayUpgraded } from './upgraded-relay.ts'

/** How far the request is. */
export type Phase = 'head' | 'identity' | 'body' | 'complete' | 'over' | 'upgraded'

/**
 * What an exchange hears from its backend, and how it ends: one half of `HttpExchange`, in the same object because there
 * is one for each request.
 */
export class AnsweredExchange implements BackendUser {
  protected readonly context: SubaccountContext
  protected readonly stream: Stream
  protected readonly preface: Preface
  protected phase: Phase = 'head'
  protected backend: BackendConnection | null = null
  /** Null where nothing is recorded, and once the request is over. */
  protected measured: Measurement | null
  /** Path with query, as the request has it. */
  protected path = ''
  protected method = 0
  protected isHead = false
  protected upgradeAsked = false
  /** Credit for body bytes that the backend has not taken yet. */
  protected owedBytes = 0
  /** A request without body, until the first byte of the answer: its head is kept with the connection for one repetition. */
  protected isRepeatable = false

  constructor(context: SubaccountContext, stream: Stream, preface: Preface) {
    this.context = context
    this.stream = stream
    this.preface = preface
    this.measured = context.traffic?.begin() ?? null
  }

  streamDrain(): void {
    this.measured?.resumed()
    this.backend?.resume()
  }

  // From the backend.

  backendData(chunk: Buffer): void {
    this.isRepeatable = false
    const backend = this.backend
    if (backend === null) return
    const measured = this.measured
    if (measured !== null) measured.sentBytes += chunk.length
    const progress = backend.response.received(chunk, backend)
    if (progress === 'more') {
      if (backend.isPaused) measured?.paused()
      return
    }
    if (progress === 'upgraded') return this.#upgrade(backend)
    if (progress === 'invalid') return this.#invalid(backend)
    this.#completed(backend, progress === 'reusable')
  }

  backendDrain(): void {
    const bytes = this.owedBytes
    this.owedBytes = 0
    if (bytes > 0) this.stream.consumed(bytes)
  }

  backendEnd(): void {
    const backend = this.backend
    if (backend === null) return
    if (backend.response.endsWithConnection) {
      backend.response.finish()
      return this.#completed(backend, false)
    }
    backend.socket.destroy()
  }

  backendOpened(): void {
    this.measured?.opened()
  }

  backendClosed(cause: PlatformError): void {
    const backend = this.backend
    this.backend = null
    if (backend === null || this.phase === 'over') return
    if (backend.response.hasStarted) return this.abort()
    if (this.#repeat(backend)) return
    this.#fail(cause)
  }

  #fail(cause: PlatformError): void {
    const { virtualHost, virtualPort } = this.preface
    reportFailure(this.context, this.preface, cause)
    this.refuse(failureAnswer(cause, virtualHost, virtualPort, !this.isHead))
  }

  protected expect(backend: BackendConnection): void {
    const scheme = backend.system.tls ? 'https' : 'http'
    backend.response.prepare(this.stream, this.context, this.method, scheme, this.upgradeAsked)
  }

  // The end.

  #completed(backend: BackendConnection, reusable: boolean): void {
    this.backend = null
    this.measured = endOf(this.measured)
    if (reusable && this.phase === 'complete' && backend.writer.isDrained) {
      this.phase = 'over'
      return this.context.backends.release(backend)
    }
    this.phase = 'over'
    backend.user = null
    backend.socket.destroy()
  }

  /** A waiting connection that the backend had closed meanwhile: once more on a new one (RFC 9112 section 9.3.1). */
  #repeat(lost: BackendConnection): boolean {
    const bytes = lost.keptHead()
    if (!this.isRepeatable || bytes === null) return false
    this.isRepeatable = false
    const backend = this.context.backends.open(lost.target, lost.system, this)
    backend.holdsLogon = lost.holdsLogon
    this.backend = backend
    this.expect(backend)
    backend.writer.write(bytes)
    return true
  }

  #invalid(backend: BackendConnection): void {
    if (backend.response.hasStarted) return this.abort()
    this.dropBackend()
    this.#fail(new PlatformError('BACKEND_PROTOCOL'))
  }

  #upgrade(backend: BackendConnection): void {
    this.phase = 'upgraded'
    this.backend = null
    this.context.backends.detach(backend)
    backend.socket.removeAllListeners('end').removeAllListeners('drain')
    const meter = this.measured?.end() ?? null
    this.measured = null
    relayUpgraded(backend, this.stream, meter, (received, sent) => {
      if (meter !== null) this.context.traffic?.count(meter, this.path, 0, received, sent)
    })
  }

  protected refuse(answer: Buffer): void {
    this.phase = 'over'
    this.measured = endOf(this.measured)
    this.dropBackend()
    this.stream.end(answer)
  }

  protected abort(): void {
    this.phase = 'over'
    this.measured = endOf(this.measured)
    this.dropBackend()
    this.stream.reset()
  }

  protected dropBackend(): void {
    const backend = this.backend
    this.backend = null
    if (backend === null) return
    backend.user = null
    backend.socket.destroy()
  }
}

/** Measuring is over: `this.measured = endOf(this.measured)`. */
export function endOf(measured: Measurement | null): null {
  measured?.end()
  return null
}
