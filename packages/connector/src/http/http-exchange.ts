import type { HttpAllowed, System } from '@landbridge/access'
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
import { PrefixViews, type Stream, type StreamSink } from '@landbridge/tunnel'
import type { BackendConnection } from '../backend/backend-connection.ts'
import type { BackendIdentity } from '../backend/backend-identity.ts'
import type { IdentityDecision, IdentityObserver } from '../subaccount-context.ts'
import { AnsweredExchange, endOf } from './answered-exchange.ts'
import { denialCode, denialText, identityFailed, plainAnswer, requestCut, targetMismatch } from './answers.ts'
import { logsOnConnection } from './connection-logon.ts'
import { isAddressedTo, isSafeToRepeat } from './request-address.ts'
import { accessRecord } from './request-reports.ts'
import { type IdentityHeaders, rewriteRequestHead, rewriteSlack } from './request-rewrite.ts'

/** Shared by all exchanges of the process: a head is parsed, rewritten and copied within one call. */
const head = new RequestHead()
const maxIdentityBytes = 32 * 1024
const scratch = new PrefixViews(Buffer.allocUnsafeSlow(requestLimits.maxHeadBytes + rewriteSlack + maxIdentityBytes))

/**
 * One HTTP request through the tunnel: access control, rewriting, a backend connection, the response back. Bodies pass
 * as they are, but their framing is followed: bytes behind the end of the request never reach a pooled connection.
 */
export class HttpExchange extends AnsweredExchange implements StreamSink, IdentityObserver {
  /** Null for a request without body, which is most of them. */
  #body: BodyScanner | null = null
  #collector: HeadCollector | null = null
  #allowed: HttpAllowed | null = null
  /** Body bytes that arrived while the identity was being determined; bounded by the stream's window. */
  #early: Buffer[] = none
  #streamEnded = false

  // From the cloud.

  streamData(stream: Stream, chunk: Buffer): void {
    this.request(stream, chunk, 0)
  }

  /** Takes request bytes from `start` on; the preface in front of them has been read already. */
  request(stream: Stream, chunk: Buffer, start: number): void {
    switch (this.phase) {
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
        return this.abort()
      case 'over':
      case 'upgraded':
        return stream.consumed(chunk.length)
      default:
        this.phase satisfies never
    }
  }

  streamEnd(): void {
    this.#streamEnded = true
    if (this.phase === 'head') return this.refuse(requestCut)
    if (this.phase === 'body') this.abort()
  }

  streamReset(): void {
    this.phase = 'over'
    this.measured = endOf(this.measured)
    this.dropBackend()
  }

  // The head.

  #head(stream: Stream, chunk: Buffer, start: number): void {
    stream.consumed(chunk.length - start)
    if (this.measured !== null) this.measured.receivedBytes += chunk.length - start
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
      return this.refuse(plainAnswer(error.status, error.name, error.text))
    }
    this.isHead = head.method === Method.head
    if (head.targetForm !== TargetForm.origin || !isAddressedTo(source, head, this.preface))
      return this.refuse(targetMismatch)
    const path = source.toString('latin1', head.pathStart, head.pathEnd)
    const { virtualHost, virtualPort } = this.preface
    const decision = this.context.access.decideHttp(virtualHost, virtualPort, path, head.upgradeIsWebSocket)
    if (typeof decision === 'number') {
      const reason = denialCode(decision)
      this.#denied(path, reason)
      const text = denialText(decision, virtualHost, virtualPort, path)
      return this.refuse(plainAnswer(403, reason, text, !this.isHead))
    }
    this.#allowed = decision
    this.path = path
    if (head.hasBody) {
      this.#body = new BodyScanner(requestLimits)
      this.#body.reset(requestBodyKind(head), Math.max(0, head.contentLength))
    }
    const identity = this.context.propagate?.(decision.system, this.preface, this) ?? null
    if (identity === null) return this.#send(source, start, null, null, chunk, rest)
    if (identity instanceof Promise)
      return this.#awaitIdentity(identity, Buffer.concat([source.subarray(start, end), chunk.subarray(rest)]))
    this.#identified(identity, source, start, chunk, rest)
  }

  /** @param bytes the head and what came behind it, copied. */
  #awaitIdentity(identity: Promise<IdentityDecision | null>, bytes: Buffer): void {
    this.phase = 'identity'
    identity
      .then((decision) => {
        if (this.phase !== 'identity') return
        this.measured?.identityMade()
        const early = this.#early
        this.#early = none
        const end = parseRequestHead(bytes, 0, bytes.length, head, requestLimits)
        if (decision === null) this.#send(bytes, 0, null, null, bytes, end)
        else this.#identified(decision, bytes, 0, bytes, end)
        for (const chunk of early) this.request(this.stream, chunk, 0)
        if (this.#streamEnded) this.streamEnd()
      })
      // Also what the identity then met, such as a certificate that no connection can be made with.
      .catch((failure: unknown) => {
        this.context.log.error('identity.failed', {}, failure)
        if (this.phase !== 'over') this.refuse(identityFailed)
      })
  }

  tokenValidated(): void {
    this.measured?.tokenValidated()
  }

  #identified(decision: IdentityDecision, source: Buffer, start: number, chunk: Buffer, rest: number): void {
    if (decision.kind === 'refused') return this.#refuseUser(decision, source)
    this.#send(source, start, decision.headers, decision.identity, chunk, rest)
  }

  #refuseUser({ status, code, text }: IdentityDecision & { readonly kind: 'refused' }, source: Buffer): void {
    this.#denied(source.toString('latin1', head.pathStart, head.pathEnd), code)
    this.refuse(plainAnswer(status, code, text, !this.isHead))
  }

  #denied(target: string, reason: string): void {
    this.context.denied(accessRecord(this.context, this.preface, target, reason))
  }

  #send(
    source: Buffer,
    start: number,
    headers: IdentityHeaders | null,
    identity: BackendIdentity | null,
    chunk: Buffer,
    rest: number,
  ): void {
    const { system, resources } = this.#allowed as HttpAllowed
    const { traffic } = this.context
    if (traffic !== undefined)
      this.measured?.reached(traffic.meterOf(system, resources), this.path, identity?.user ?? this.preface.clientId)
    this.context.allowed?.(accessRecord(this.context, this.preface, this.path, ''))
    const rewritten = scratch.first(rewriteRequestHead(source, start, head, system, headers, scratch.bytes))
    const hasBody = head.hasBody
    this.#collector = null
    this.phase = hasBody ? 'body' : 'complete'
    this.isRepeatable = !hasBody && isSafeToRepeat(head.method) && !head.upgradeIsWebSocket
    const backend = this.#acquire(system, identity)
    this.backend = backend
    // Only a connection that has waited may have been closed meanwhile.
    if (this.isRepeatable && backend.isReused) backend.keepHead(rewritten)
    // A log-on by the connector itself is the user's whom the connection is kept for.
    if (headers?.replacesAuthorization !== true && logsOnConnection(source, head)) backend.holdsLogon = true
    this.method = head.method
    this.upgradeAsked = head.upgradeIsWebSocket
    this.expect(backend)
    backend.writer.writeBorrowed(rewritten)
    if (rest < chunk.length) this.#forwardPaid(chunk, rest)
  }

  #acquire(system: System, identity: BackendIdentity | null): BackendConnection {
    const { backends } = this.context
    const { clientConnection, clientId } = this.preface
    return clientConnection === undefined
      ? backends.acquire(system, identity, this)
      : backends.acquireFor(this.stream.session, { clientConnection, clientId }, system, identity, this)
  }

  // The body.

  /** Body bytes whose credit is still to be returned. */
  #forward(chunk: Buffer, start: number): void {
    const bytes = chunk.length - start
    if (this.measured !== null) this.measured.receivedBytes += bytes
    if (this.#pass(chunk, start)) this.stream.consumed(bytes)
    else this.owedBytes += bytes
  }

  /** Body bytes that came with the head, whose credit went back with it. */
  #forwardPaid(chunk: Buffer, start: number): void {
    if (this.phase === 'complete') return this.abort()
    this.#pass(chunk, start)
  }

  /** @returns false when the backend is slow and credit must wait for its drain. */
  #pass(chunk: Buffer, start: number): boolean {
    const end = (this.#body as BodyScanner).scan(chunk, start, chunk.length)
    if (end < -1 || (end >= 0 && end < chunk.length)) {
      this.abort()
      return true
    }
    if (end >= 0) this.#completeRequest()
    const backend = this.backend
    if (backend === null || backend.socket.destroyed) return true
    const isTaken = backend.writer.writeBorrowed(start === 0 ? chunk : chunk.subarray(start))
    if (isTaken) backend.fed()
    return isTaken
  }

  #completeRequest(): void {
    this.phase = 'complete'
    this.measured?.requestCompleted()
  }
}

const none: Buffer[] = []
