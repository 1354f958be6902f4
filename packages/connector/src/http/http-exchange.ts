import type { System } from '@landbridge/access'
import {
  BodyScanner,
  HeadCollector,
  headErrorOf,
  Method,
  NEED_MORE,
  parseRequestHead,
  RequestHead,
  requestBodyKind,
  requestLimits,
  TargetForm,
} from '@landbridge/http1'
import { PlatformError } from '@landbridge/kernel'
import { type Preface, SocketRelay, type Stream, type StreamSink, writeGathered } from '@landbridge/tunnel'
import type { BackendConnection, BackendUser } from '../backend/backend-connection.ts'
import type { BackendIdentity } from '../backend/backend-identity.ts'
import type { Target } from '../backend/target.ts'
import type { AccessRecord, IdentityDecision, SubaccountContext } from '../subaccount-context.ts'
import { denialCode, denialText, failureAnswer, plainAnswer } from './answers.ts'
import { type IdentityHeaders, rewriteRequestHead, rewriteSlack } from './request-rewrite.ts'

/** Shared by all exchanges of the process: a head is parsed, rewritten and copied within one call. */
const head = new RequestHead()
const maxIdentityBytes = 32 * 1024
const scratch = Buffer.allocUnsafeSlow(requestLimits.maxHeadBytes + rewriteSlack + maxIdentityBytes)

type Phase = 'head' | 'identity' | 'body' | 'complete' | 'over' | 'upgraded'

/**
 * One HTTP request through the tunnel: access control, rewriting, a backend connection, the response back. Bodies pass
 * as they are, but their framing is followed: bytes behind the end of the request never reach a pooled connection.
 */
export class HttpExchange implements StreamSink, BackendUser {
  readonly #context: SubaccountContext
  readonly #stream: Stream
  readonly #preface: Preface
  #phase: Phase = 'head'
  /** Null for a request without body, which is most of them. */
  #body: BodyScanner | null = null
  #collector: HeadCollector | null = null
  #backend: BackendConnection | null = null
  #system: System | null = null
  #owedBytes = 0
  /** The rewritten head of a request without body, kept until the first byte of the answer for one repetition. */
  #repeatable: Buffer | null = null
  /** Body bytes that arrived while the identity was being determined; bounded by the stream's window. */
  #early: Buffer[] = none
  #streamEnded = false
  #isHead = false
  #target: Target | null = null
  #wasReused = false
  #method = 0
  #upgradeAsked: boolean

  constructor(context: SubaccountContext, stream: Stream, preface: Preface) {
    this.#context = context
    this.#stream = stream
    this.#preface = preface
    this.#upgradeAsked = false
  }

  // From the cloud.

  streamData(stream: Stream, chunk: Buffer): void {
    this.request(stream, chunk, 0)
  }

  /** Takes request bytes from `start` on; the preface in front of them has been read already. */
  request(stream: Stream, chunk: Buffer, start: number): void {
    switch (this.#phase) {
      case 'head':
        return this.#head(stream, chunk, start)
      case 'body':
        return this.#forward(chunk, start)
      case 'identity':
        if (this.#early === none) this.#early = []
        this.#early.push(Buffer.from(chunk))
        return
      case 'complete':
        // More than the announced body: somebody wants to smuggle. Nothing more is passed on.
        return this.#abort()
      case 'over':
      case 'upgraded':
        return stream.consumed(chunk.length)
      default:
        this.#phase satisfies never
    }
  }

  streamEnd(): void {
    this.#streamEnded = true
    if (this.#phase === 'head')
      return this.#refuse(plainAnswer(400, 'REQUEST_CUT', 'The request ended within its head.'))
    if (this.#phase === 'body') this.#abort()
  }

  streamReset(): void {
    this.#phase = 'over'
    this.#dropBackend()
  }

  streamDrain(): void {
    this.#backend?.resume()
  }

  // From the backend.

  backendData(chunk: Buffer): void {
    this.#repeatable = null
    const backend = this.#backend
    if (backend === null) return
    const progress = backend.response.received(chunk, backend)
    if (progress === 'more') return
    if (progress === 'upgraded') return this.#upgrade(backend)
    if (progress === 'invalid') return this.#invalid(backend)
    this.#completed(backend, progress === 'reusable')
  }

  backendDrain(): void {
    const bytes = this.#owedBytes
    this.#owedBytes = 0
    if (bytes > 0) this.#stream.consumed(bytes)
  }

  backendEnd(): void {
    const backend = this.#backend
    if (backend === null) return
    if (backend.response.endsWithConnection) {
      backend.response.finish()
      return this.#completed(backend, false)
    }
    backend.socket.destroy()
  }

  backendClosed(cause: PlatformError): void {
    const backend = this.#backend
    this.#backend = null
    if (backend === null || this.#phase === 'over') return
    if (backend.response.hasStarted) return this.#abort()
    if (this.#repeat()) return
    this.#fail(cause)
  }

  #fail(cause: PlatformError): void {
    const { virtualHost, virtualPort } = this.#preface
    this.#context.log.info('backend.failed', {
      code: cause.code,
      system: `${virtualHost}:${virtualPort}`,
      ...cause.facts,
    })
    this.#refuse(failureAnswer(cause, virtualHost, virtualPort, !this.#isHead))
  }

  // The head.

  #head(stream: Stream, chunk: Buffer, start: number): void {
    stream.consumed(chunk.length - start)
    if (this.#collector === null) {
      const end = parseRequestHead(chunk, start, chunk.length, head, requestLimits)
      if (end !== NEED_MORE) return this.#parsed(chunk, start, end, chunk, end)
      this.#collector = new HeadCollector('request', requestLimits)
    }
    const collector = this.#collector
    const rest = collector.push(chunk, start, chunk.length)
    if (rest === NEED_MORE) return
    const end = parseRequestHead(collector.buffer, 0, collector.length, head, requestLimits)
    this.#parsed(collector.buffer, 0, end, chunk, rest)
  }

  /** @param rest where the bytes behind the head begin in `chunk`; their credit has been returned already. */
  #parsed(source: Buffer, start: number, end: number, chunk: Buffer, rest: number): void {
    if (end < 0) {
      const error = headErrorOf(end)
      return this.#refuse(plainAnswer(error.status, error.name, error.text))
    }
    this.#isHead = head.method === Method.head
    if (head.targetForm !== TargetForm.origin || !isAddressedTo(source, head, this.#preface))
      return this.#refuse(
        plainAnswer(400, 'TARGET_MISMATCH', 'The request is addressed to another system than its tunnel stream.'),
      )
    const path = source.toString('latin1', head.pathStart, head.pathEnd)
    const { virtualHost, virtualPort } = this.#preface
    const decision = this.#context.access.decideHttp(virtualHost, virtualPort, path, head.upgradeIsWebSocket)
    if (typeof decision === 'number') {
      const reason = denialCode(decision)
      this.#denied(path, reason)
      const text = denialText(decision, virtualHost, virtualPort, path)
      return this.#refuse(plainAnswer(403, reason, text, !this.#isHead))
    }
    this.#system = decision.system
    if (head.hasBody) {
      this.#body = new BodyScanner(requestLimits)
      this.#body.reset(requestBodyKind(head), Math.max(0, head.contentLength))
    }
    const identity = this.#context.propagate?.(decision.system, this.#preface) ?? null
    if (identity === null) return this.#send(source, start, null, null, chunk, rest)
    if (identity instanceof Promise)
      return this.#awaitIdentity(identity, Buffer.concat([source.subarray(start, end), chunk.subarray(rest)]))
    this.#identified(identity, source, start, chunk, rest)
  }

  /** @param bytes the head and what came behind it, copied. */
  #awaitIdentity(identity: Promise<IdentityDecision | null>, bytes: Buffer): void {
    this.#phase = 'identity'
    identity.then(
      (decision) => {
        if (this.#phase !== 'identity') return
        const early = this.#early
        this.#early = none
        const end = parseRequestHead(bytes, 0, bytes.length, head, requestLimits)
        if (decision === null) this.#send(bytes, 0, null, null, bytes, end)
        else this.#identified(decision, bytes, 0, bytes, end)
        for (const chunk of early) this.request(this.#stream, chunk, 0)
        if (this.#streamEnded) this.streamEnd()
      },
      (failure: unknown) => {
        this.#context.log.error('identity.failed', {}, failure)
        this.#refuse(
          plainAnswer(
            502,
            'IDENTITY_FAILED',
            'The identity of the user could not be propagated. See the log of the Cloud Connector.',
          ),
        )
      },
    )
  }

  #identified(decision: IdentityDecision, source: Buffer, start: number, chunk: Buffer, rest: number): void {
    if (decision.kind === 'refused') return this.#refuseUser(decision, source)
    this.#send(source, start, decision.headers, decision.identity, chunk, rest)
  }

  #refuseUser({ status, code, text }: IdentityDecision & { readonly kind: 'refused' }, source: Buffer): void {
    this.#denied(source.toString('latin1', head.pathStart, head.pathEnd), code)
    this.#refuse(plainAnswer(status, code, text, !this.#isHead))
  }

  /** Reports a refusal. Queries may carry secrets: they stay out of the audit log. */
  #denied(target: string, reason: string): void {
    this.#context.denied(this.#record(target, reason))
  }

  #record(target: string, reason: string): AccessRecord {
    const { virtualHost, virtualPort } = this.#preface
    const query = target.indexOf('?')
    const path = query < 0 ? target : target.slice(0, query)
    return { subaccountId: this.#context.subaccountId, virtualHost, virtualPort, path, reason }
  }

  #send(
    source: Buffer,
    start: number,
    headers: IdentityHeaders | null,
    identity: BackendIdentity | null,
    chunk: Buffer,
    rest: number,
  ): void {
    const system = this.#system as System
    this.#context.allowed?.(this.#record(source.toString('latin1', head.pathStart, head.pathEnd), ''))
    const bytes = rewriteRequestHead(source, start, head, system, headers, scratch)
    // One copy: the socket may still hold it when the scratch buffer serves the next request.
    const rewritten = Buffer.from(scratch.subarray(0, bytes))
    const hasBody = head.hasBody
    this.#collector = null
    this.#phase = hasBody ? 'body' : 'complete'
    if (!hasBody && isSafeToRepeat(head.method) && !head.upgradeIsWebSocket) this.#repeatable = rewritten
    const backend = this.#context.backends.acquire(system, identity, this)
    this.#backend = backend
    this.#target = backend.target
    this.#wasReused = backend.isReused
    this.#method = head.method
    this.#upgradeAsked = head.upgradeIsWebSocket
    this.#expect(backend)
    backend.socket.write(rewritten)
    if (rest < chunk.length) this.#forwardPaid(chunk, rest)
  }

  #expect(backend: BackendConnection): void {
    const scheme = this.#system?.tls ? 'https' : 'http'
    backend.response.prepare(this.#stream, this.#context, this.#method, scheme, this.#upgradeAsked)
  }

  // The body.

  /** Body bytes whose credit is still to be returned. */
  #forward(chunk: Buffer, start: number): void {
    const bytes = chunk.length - start
    if (this.#pass(chunk, start)) this.#stream.consumed(bytes)
    else this.#owedBytes += bytes
  }

  /** Body bytes that came with the head, whose credit went back with it. */
  #forwardPaid(chunk: Buffer, start: number): void {
    if (this.#phase === 'complete') return this.#abort()
    this.#pass(chunk, start)
  }

  /** @returns false when the backend is slow and credit must wait for its drain. */
  #pass(chunk: Buffer, start: number): boolean {
    const end = (this.#body as BodyScanner).scan(chunk, start, chunk.length)
    if (end < -1 || (end >= 0 && end < chunk.length)) {
      this.#abort()
      return true
    }
    if (end >= 0) this.#phase = 'complete'
    const backend = this.#backend
    if (backend === null || backend.socket.destroyed) return true
    const isTaken = writeGathered(backend.socket, start === 0 ? chunk : chunk.subarray(start))
    if (isTaken) backend.fed()
    return isTaken
  }

  // The end.

  #completed(backend: BackendConnection, reusable: boolean): void {
    this.#backend = null
    if (reusable && this.#phase === 'complete' && backend.socket.writableLength === 0) {
      this.#phase = 'over'
      return this.#context.backends.release(backend)
    }
    this.#phase = 'over'
    backend.user = null
    backend.socket.destroy()
  }

  /** A waiting connection that the backend had closed meanwhile: once more on a new one (RFC 9112 section 9.3.1). */
  #repeat(): boolean {
    const bytes = this.#repeatable
    this.#repeatable = null
    if (bytes === null || this.#target === null || !this.#wasReused) return false
    const backend = this.#context.backends.open(this.#target, this)
    this.#backend = backend
    this.#expect(backend)
    backend.socket.write(bytes)
    return true
  }

  #invalid(backend: BackendConnection): void {
    if (backend.response.hasStarted) return this.#abort()
    this.#dropBackend()
    this.#fail(new PlatformError('BACKEND_PROTOCOL'))
  }

  #upgrade(backend: BackendConnection): void {
    this.#phase = 'upgraded'
    this.#backend = null
    this.#context.backends.detach(backend)
    backend.socket.removeAllListeners('end').removeAllListeners('drain')
    const relay = new SocketRelay(backend.socket, this.#stream)
    // The relay hears the end and the loss of the socket by itself; only what is read comes through the connection.
    backend.user = {
      backendData: (borrowed) => relay.fromSocket(borrowed),
      backendDrain() {},
      backendEnd() {},
      backendClosed() {},
    }
  }

  #refuse(answer: Buffer): void {
    this.#phase = 'over'
    this.#dropBackend()
    this.#stream.end(answer)
  }

  #abort(): void {
    this.#phase = 'over'
    this.#dropBackend()
    this.#stream.reset()
  }

  #dropBackend(): void {
    const backend = this.#backend
    this.#backend = null
    if (backend === null) return
    backend.user = null
    backend.socket.destroy()
  }
}

const none: Buffer[] = []

/** The preface decided about access: a request that names another host inside must not reach a virtual host of it. */
function isAddressedTo(source: Buffer, head: RequestHead, preface: Preface): boolean {
  const { virtualHost, virtualPort } = preface
  if (head.hostEnd - head.hostStart !== virtualHost.length) return false
  if ((head.port < 0 ? 80 : head.port) !== virtualPort) return false
  for (let i = 0; i < virtualHost.length; i++) {
    const byte = source[head.hostStart + i]!
    const lower = byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte
    if (lower !== virtualHost.charCodeAt(i)) return false
  }
  return true
}

/** Methods without a body that may be carried out twice (RFC 9110 section 9.2.2). */
function isSafeToRepeat(method: number): boolean {
  return method === Method.get || method === Method.head || method === Method.options
}
