import type { Socket } from 'node:net'
import {
  BodyScanner,
  H,
  HeadCollector,
  headErrorOf,
  Method,
  NEED_MORE,
  parseRequestHead,
  RequestHead,
  requestBodyKind,
  requestLimits,
} from '@landbridge/http1'
import { PlatformError } from '@landbridge/kernel'
import { borrowReads, DirectWriter, type Session, SocketRelay, type Stream, type StreamSink } from '@landbridge/tunnel'
import type { Caller } from '../authorization/access-policy.ts'
import { answer, failureAnswer } from './answers.ts'
import { CallerMemo, readCredentials, readLocation } from './caller-memo.ts'
import { ClientMark } from './client-mark.ts'
import { copiedBodyBytes, scratch, writeForwarded } from './forwarded-request.ts'
import { HeldInput } from './held-input.ts'
import type { HttpFront } from './http-front.ts'
import { knownCaller } from './known-caller.ts'
import { refusedHead, refusedTarget } from './request-rules.ts'
import { ResponseRelay } from './response-relay.ts'

/** Shared by all connections of the process: a head is parsed, checked and copied within one call. */
const head = new RequestHead()
head.lookupId = H.sapConnectivityAuthentication
/** Body bytes of a refused request that are read and dropped so that the client sees the answer. */
const lingerBytes = 1024 * 1024
const lingerMs = 5_000

type Phase = 'head' | 'resolving' | 'exchange' | 'upgraded' | 'lingering' | 'closed'

/** One client of the HTTP proxy: keep-alive, pipelining, one exchange at a time, each authorised for itself. */
export class ClientConnection implements StreamSink {
  readonly #socket: Socket
  readonly #writer: DirectWriter
  readonly #front: HttpFront
  readonly #memo = new CallerMemo()
  readonly #response: ResponseRelay
  readonly #body = new BodyScanner(requestLimits)
  /** Null until a connector wants to know which requests come over this connection. */
  #mark: ClientMark | null = null
  #collector: HeadCollector | null = null
  #phase: Phase = 'head'
  #stream: Stream | null = null
  /** Carries the bytes of an upgraded connection. */
  #relay: SocketRelay | null = null
  #requestComplete = true
  #isHead = false
  #inputEnded = false
  readonly #input: HeldInput
  #owedBytes = 0
  #lingered = 0
  /** Coarse times of the last progress: of the client, of the answer, and the begin of the phase. */
  #activeAtMs: number
  #stalledAtMs = 0
  #startedAtMs: number

  constructor(socket: Socket, front: HttpFront) {
    this.#socket = socket
    this.#front = front
    this.#writer = new DirectWriter(socket)
    this.#response = new ResponseRelay(this.#writer)
    this.#input = new HeldInput(socket)
    this.#activeAtMs = front.nowMs
    this.#startedAtMs = front.nowMs
    socket.setNoDelay(true)
    borrowReads(socket, (borrowed) => this.#received(borrowed))
    socket.on('end', () => this.#inputEnd())
    socket.on('drain', () => this.#drained())
    socket.on('error', () => {})
    socket.on('close', () => this.#closed())
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /**
   * Ends the connection now if it is unused, else after the current exchange.
   * @param quietMs unused is what was silent for so long (in ms): the next request may be on its way
   */
  drain(quietMs = 0): void {
    this.#response.mustClose = true
    if (this.#front.nowMs - this.#activeAtMs < quietMs) return
    if (this.#phase === 'head' && this.#collector === null) this.#socket.end()
  }

  /** Called twice a second: what takes too long is ended with an answer where one is still possible. */
  sweep(nowMs: number): void {
    const { timeouts } = this.#front
    const silentMs = nowMs - this.#activeAtMs
    if (this.#stalledAtMs > 0 && nowMs - this.#stalledAtMs > timeouts.writeMs) return this.destroy()
    switch (this.#phase) {
      case 'head':
        if (this.#collector === null ? silentMs <= timeouts.idleMs : nowMs - this.#startedAtMs <= timeouts.headMs)
          return
        if (this.#collector === null) return void this.#socket.end(() => this.destroy())
        return this.#refuse(408, 'REQUEST_TIMEOUT', ['The request head did not arrive in time.'])
      case 'exchange':
        if (timeouts.overallMs > 0 && nowMs - this.#startedAtMs > timeouts.overallMs)
          return this.#timeout('The request took longer than this proxy allows.')
        if (!this.#requestComplete && !this.#input.isPaused && silentMs > timeouts.bodyMs)
          return this.#response.hasStarted
            ? this.destroy()
            : this.#refuse(408, 'REQUEST_TIMEOUT', ['The request body did not arrive in time.'])
        if (this.#requestComplete && this.#stalledAtMs === 0 && silentMs > timeouts.responseMs)
          return this.#timeout('The backend did not answer in time.')
        return
      case 'lingering':
        // A slow client gets the rest of its answer first; one that takes nothing is what `writeMs` is for.
        if (!this.#writer.isDrained) {
          this.#startedAtMs = nowMs
          if (this.#stalledAtMs === 0) this.#stalledAtMs = nowMs
        } else if (nowMs - this.#startedAtMs > lingerMs) this.destroy()
    }
  }

  // From the client.

  /** @param chunk is overwritten after the call. */
  #received(chunk: Buffer): void {
    this.#activeAtMs = this.#front.nowMs
    switch (this.#phase) {
      case 'head':
        return this.#headBytes(chunk)
      case 'exchange':
        if (!this.#requestComplete) return this.#bodyBytes(chunk, 0)
        return this.#input.keep(chunk)
      case 'resolving':
        return this.#input.keep(chunk)
      case 'lingering':
        this.#lingered += chunk.length
        if (this.#lingered > lingerBytes) this.destroy()
        return
      case 'upgraded':
        this.#relay?.fromSocket(chunk)
        return
      case 'closed':
        return
      default:
        this.#phase satisfies never
    }
  }

  #headBytes(chunk: Buffer): void {
    this.#memo.expect(head)
    head.lookup = this.#front.users
    if (this.#collector === null) {
      const end = parseRequestHead(chunk, 0, chunk.length, head, requestLimits)
      if (end !== NEED_MORE) return this.#request(chunk, 0, end, chunk, end)
      this.#collector = new HeadCollector('request', requestLimits)
      this.#startedAtMs = this.#front.nowMs
    }
    const collector = this.#collector
    const rest = collector.push(chunk, 0, chunk.length)
    if (rest === NEED_MORE) return
    this.#collector = null
    const end = parseRequestHead(collector.buffer, 0, collector.length, head, requestLimits)
    this.#request(collector.buffer, 0, end, chunk, rest)
  }

  /** A complete head (or what is wrong with it) in `source`; the bytes behind it begin at `rest` in `chunk`. */
  #request(source: Buffer, start: number, end: number, chunk: Buffer, rest: number): void {
    if (end < 0) {
      const { status, name, text } = headErrorOf(end)
      return this.#refuse(status, name, [text])
    }
    this.#startedAtMs = this.#front.nowMs
    this.#isHead = head.method === Method.head
    const refusal = refusedHead(head)
    if (refusal !== null) return this.#refuse(refusal.status, refusal.code, refusal.lines)
    const memo = this.#memo
    const isPlain = refusedTarget(head) === null
    if (isPlain && memo.matches(source, head, this.#front.nowMs)) {
      const session = memo.group?.pick() ?? null
      if (session !== null) return this.#forward(source, chunk, rest, session, memo.caller as Caller)
    }
    const known = isPlain ? knownCaller(this.#front, memo, source, head) : null
    if (known !== null) return this.#forward(source, chunk, rest, known.session, known.caller)
    this.#resolve(source, start, end, chunk, rest)
  }

  /** The long way: verify tokens, find or open a tunnel. The head is read again afterwards. */
  #resolve(source: Buffer, start: number, end: number, chunk: Buffer, rest: number): void {
    const copy = Buffer.from(source.subarray(start, end))
    const credentials = readCredentials(source, head)
    const location = readLocation(source, head)
    this.#phase = 'resolving'
    this.#requestComplete = true
    if (rest < chunk.length) this.#input.keep(chunk.subarray(rest))
    const work = async (): Promise<void> => {
      const caller = await this.#front.authorizer.authorize(credentials)
      if (this.#refusesTarget(copy)) return
      const group = this.#front.tunnels.group(caller.subaccountId, location)
      const session = await group.acquire(caller.serviceToken)
      if (this.#phase !== 'resolving') return
      parseRequestHead(copy, 0, copy.length, head, requestLimits)
      this.#memo.remember(copy, head, caller, group)
      this.#front.doubleLogon.note(head, caller)
      const kept = this.#input.take()
      this.#forward(copy, kept, 0, session, caller)
    }
    work().catch((failure: unknown) => {
      if (this.#phase !== 'resolving') return
      if (!(failure instanceof PlatformError)) this.#front.log.error('proxy.failed', {}, failure)
      this.#answer(failureAnswer(failure, { close: true, omitBody: this.#isHead }))
    })
  }

  /** CONNECT and https:// targets, refused only after the caller was authorised: a stranger learns nothing but 407. */
  #refusesTarget(bytes: Buffer): boolean {
    if (this.#phase !== 'resolving') return true
    parseRequestHead(bytes, 0, bytes.length, head, requestLimits)
    const refusal = refusedTarget(head)
    if (refusal === null) return false
    this.#refuse(refusal.status, refusal.code, refusal.lines)
    return true
  }

  #forward(source: Buffer, chunk: Buffer, rest: number, picked: Session, caller: Caller): void {
    const session = picked.clients === null ? picked : this.#marked(picked)
    let stream: Stream
    try {
      stream = session.open(this)
    } catch (failure) {
      return this.#answer(failureAnswer(failure, { close: true, omitBody: this.#isHead }))
    }
    this.#stream = stream
    this.#phase = 'exchange'
    this.#activeAtMs = this.#front.nowMs
    this.#response.prepare(
      head.method,
      head.minorVersion === 0,
      !head.keepAlive || this.#front.isDraining,
      head.upgradeIsWebSocket,
    )
    const clientConnection = session.clients === null ? '' : (this.#mark?.name ?? '')
    const at = writeForwarded(source, head, caller, clientConnection, session.sentTokens)
    if (!head.hasBody) {
      this.#requestComplete = true
      // An upgraded stream goes on in both directions.
      stream.writeBorrowed(scratch, 0, at, !head.upgradeIsWebSocket)
      if (rest < chunk.length) this.#input.keep(chunk.subarray(rest))
      return
    }
    this.#requestComplete = false
    this.#body.reset(requestBodyKind(head), Math.max(0, head.contentLength))
    this.#firstBody(stream, at, chunk, rest)
    // The client ended its input before its turn came: the body will never be complete.
    if (this.#inputEnded && !this.#requestComplete) this.destroy()
  }

  #marked(session: Session): Session {
    this.#mark ??= new ClientMark(() => this.drain())
    return this.#memo.group === null ? session : this.#mark.sessionOf(this.#memo.group, session)
  }

  /** Sends the head together with what is there of the body; a short request is one frame. */
  #firstBody(stream: Stream, at: number, chunk: Buffer, rest: number): void {
    const bodyEnd = this.#body.scan(chunk, rest, chunk.length)
    if (bodyEnd < -1) return this.#bodyBroken(bodyEnd)
    const stop = bodyEnd < 0 ? chunk.length : bodyEnd
    if (stop - rest > copiedBodyBytes) {
      stream.writeBorrowed(scratch, 0, at, false)
      return this.#sendBody(stream, chunk, rest, stop, bodyEnd >= 0)
    }
    chunk.copy(scratch, at, rest, stop)
    if (bodyEnd >= 0) this.#requestComplete = true
    stream.writeBorrowed(scratch, 0, at + stop - rest, bodyEnd >= 0)
    if (stop < chunk.length) this.#input.keep(chunk.subarray(stop))
  }

  #bodyBytes(chunk: Buffer, start: number): void {
    const stream = this.#stream as Stream
    const bodyEnd = this.#body.scan(chunk, start, chunk.length)
    if (bodyEnd < -1) return this.#bodyBroken(bodyEnd)
    this.#sendBody(stream, chunk, start, bodyEnd < 0 ? chunk.length : bodyEnd, bodyEnd >= 0)
  }

  #sendBody(stream: Stream, chunk: Buffer, start: number, stop: number, last: boolean): void {
    if (last) this.#requestComplete = true
    if (!stream.writeBorrowed(chunk, start, stop, last) && !last) this.#input.pause()
    if (stop < chunk.length) this.#input.keep(chunk.subarray(stop))
  }

  #bodyBroken(code: number): void {
    const { status, name, text } = headErrorOf(code)
    if (this.#response.hasStarted) return this.destroy()
    this.#refuse(status, name, [text])
  }

  #inputEnd(): void {
    this.#inputEnded = true
    if (this.#phase === 'head' || this.#phase === 'lingering') return void this.#socket.end()
    // Half-closed after a complete request: the answer is still wanted. Within a body: it will never be complete.
    if (this.#phase === 'exchange' && !this.#requestComplete) this.destroy()
  }

  #closed(): void {
    this.#phase = 'closed'
    this.#front.remove(this)
    const stream = this.#stream
    this.#stream = null
    stream?.reset()
    this.#mark?.close()
  }

  #drained(): void {
    this.#stalledAtMs = 0
    this.#activeAtMs = this.#front.nowMs
    const bytes = this.#owedBytes
    this.#owedBytes = 0
    if (bytes > 0) this.#stream?.consumed(bytes)
  }

  // From the tunnel.

  streamData(stream: Stream, chunk: Buffer): void {
    if (stream !== this.#stream) return stream.consumed(chunk.length)
    this.#activeAtMs = this.#front.nowMs
    const taken = this.#response.received(chunk)
    if (taken === null) return this.#answerBroken()
    if (this.#response.isUpgraded) return this.#upgrade(stream, chunk)
    if (taken) return stream.consumed(chunk.length)
    this.#owedBytes += chunk.length
    if (this.#stalledAtMs === 0) this.#stalledAtMs = this.#front.nowMs
  }

  streamEnd(stream: Stream): void {
    if (stream !== this.#stream) return
    if (!this.#response.isComplete && !this.#response.endsWithStream) return this.#answerBroken()
    this.#stream = null
    this.#owedBytes = 0
    // The connector answered before it had the whole request: nothing more of it is wanted.
    if (!this.#requestComplete) stream.reset()
    // An upgrade that was asked for and not granted.
    else if (!stream.localEnded) stream.end()
    if (this.#response.mustClose || !this.#requestComplete || (this.#inputEnded && this.#input.isEmpty))
      return this.#linger()
    this.#next()
  }

  streamReset(stream: Stream): void {
    if (stream !== this.#stream) return
    this.#stream = null
    this.#answerBroken()
  }

  streamDrain(stream: Stream): void {
    if (stream === this.#stream) this.#input.resume()
  }

  /** The tunnel or the connector broke the exchange. */
  #answerBroken(): void {
    const stream = this.#stream
    this.#stream = null
    stream?.reset()
    if (this.#response.hasStarted) return this.#breakOff()
    this.#answer(failureAnswer(new PlatformError('TUNNEL_LOST'), { close: true, omitBody: this.#isHead }))
  }

  /** Where the end of the connection is the end of the answer, only a reset says that the answer is incomplete. */
  #breakOff(): void {
    if (this.#response.endsWithStream) this.#socket.resetAndDestroy()
    else this.#socket.destroy()
  }

  #upgrade(stream: Stream, chunk: Buffer): void {
    this.#phase = 'upgraded'
    this.#stream = null
    stream.consumed(chunk.length)
    this.#socket.removeAllListeners('end').removeAllListeners('drain')
    const pending = this.#input.take()
    this.#relay = new SocketRelay(this.#socket, stream)
    if (pending.length > 0) stream.write(pending)
  }

  #next(): void {
    this.#phase = 'head'
    // A head that cannot be read is answered as if it was not HEAD, whatever came before it.
    this.#isHead = false
    this.#startedAtMs = this.#front.nowMs
    if (this.#input.isEmpty) return this.#input.resume()
    this.#headBytes(this.#input.take())
    // What came ahead of its turn ended within a head.
    if (this.#inputEnded && this.#collector !== null) this.#socket.end()
  }

  // Answers of the proxy itself.

  #timeout(text: string): void {
    const stream = this.#stream
    this.#stream = null
    stream?.reset()
    if (this.#response.hasStarted) return this.#breakOff()
    this.#refuse(504, 'RESPONSE_TIMEOUT', [text, 'On-premise administrator: check the load of the backend system.'])
  }

  #refuse(status: number, code: string, lines: readonly string[]): void {
    const stream = this.#stream
    this.#stream = null
    stream?.reset()
    this.#answer(answer(status, code, lines, { close: true, omitBody: this.#isHead }))
  }

  #answer(bytes: Buffer): void {
    this.#writer.write(bytes)
    this.#linger()
  }

  /** Ends the sending side and drops what still comes, so that the client can read the answer before a reset. */
  #linger(): void {
    this.#phase = 'lingering'
    this.#startedAtMs = this.#front.nowMs
    this.#lingered = 0
    this.#socket.end()
    this.#input.take()
    if (this.#inputEnded) this.#stalledAtMs = 0
  }
}
