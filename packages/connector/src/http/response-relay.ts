import {
  BODY_CONTINUES,
  BodyKind,
  BodyScanner,
  copyBytes,
  HeadCollector,
  NEED_MORE,
  parseResponseHead,
  ResponseHead,
  responseBodyKind,
  responseLimits,
} from '@landbridge/http1'
import type { Stream } from '@landbridge/tunnel'
import type { BackendConnection } from '../backend/backend-connection.ts'
import { asksForConnectionLogon } from './connection-logon.ts'
import { type Names, rewriteResponseHead } from './response-rewrite.ts'

/** Shared by all connections of the process: a head is parsed, rewritten and sent within one call. */
const head = new ResponseHead()
const copiedBodyBytes = 4 * 1024
/** Tells clients that their connection has its own one behind us: else they MUST NOT log on so (RFC 4559 section 6). */
const proxySupport = Buffer.from('Proxy-Support: Session-Based-Authentication\r\n\r\n')
const scratch = Buffer.allocUnsafeSlow(2 * responseLimits.maxHeadBytes + 1024 + copiedBodyBytes)

/**
 * What became of the bytes of a backend: `more` are expected; the answer is complete and the connection `reusable` or
 * to be `closed`; the bytes are no HTTP (`invalid`); the connection was `upgraded` to another protocol.
 */
export type ResponseProgress = 'more' | 'reusable' | 'closed' | 'invalid' | 'upgraded'

/** Reads the answers on one backend connection and passes them on. Used again for each exchange. */
export class ResponseRelay {
  readonly #body: BodyScanner
  #collector: HeadCollector | null
  #stream: Stream | null
  #names: Names | null
  #method: number
  #scheme: 'http' | 'https'
  #upgradeAsked: boolean
  #inBody: boolean
  #keepAlive: boolean
  /** True once anything of the final answer went towards the client: an error answer is not possible any more. */
  hasStarted: boolean

  constructor() {
    this.#body = new BodyScanner(responseLimits)
    this.#collector = null
    this.#stream = null
    this.#names = null
    this.#method = 0
    this.#scheme = 'http'
    this.#upgradeAsked = false
    this.#inBody = false
    this.#keepAlive = false
    this.hasStarted = false
  }

  /** Begins an exchange; the answer goes to `stream`. */
  prepare(stream: Stream, names: Names, method: number, scheme: 'http' | 'https', upgradeAsked: boolean): void {
    this.#stream = stream
    this.#names = names
    this.#method = method
    this.#scheme = scheme
    this.#upgradeAsked = upgradeAsked
    this.#inBody = false
    this.#collector = null
    this.hasStarted = false
  }

  /** True while the end of the connection is the regular end of the answer (RFC 9112 section 6.3, rule 8). */
  get endsWithConnection(): boolean {
    return this.#inBody && this.#body.kind === BodyKind.close
  }

  /** Takes the next bytes of the backend; `backend` is paused while the client is slow. */
  received(chunk: Buffer, backend: BackendConnection): ResponseProgress {
    if (this.#inBody) return this.#bodyBytes(chunk, 0, backend)
    if (this.#collector === null) return this.#heads(chunk, backend)
    const collector = this.#collector
    const rest = collector.push(chunk, 0, chunk.length)
    if (rest === NEED_MORE) return 'more'
    // Rare: a head in several pieces. Its parts are joined once, the body behind it is not.
    const joined = Buffer.concat([collector.buffer.subarray(0, collector.length), chunk.subarray(rest)])
    this.#collector = null
    return this.#heads(joined, backend)
  }

  /** The connection ended and with it the answer. */
  finish(): void {
    this.#stream?.end()
  }

  /** One final head, after any number of interim ones. */
  #heads(chunk: Buffer, backend: BackendConnection): ResponseProgress {
    let start = 0
    for (;;) {
      const end = parseResponseHead(chunk, start, chunk.length, head, responseLimits)
      if (end === NEED_MORE) {
        this.#collector = new HeadCollector('response', responseLimits)
        return this.#collector.push(chunk, start, chunk.length) === NEED_MORE ? 'more' : 'invalid'
      }
      if (end < 0) return 'invalid'
      if (head.status === 101) return this.#switch(chunk, start, end)
      if (head.status >= 200) return this.#final(chunk, start, end, backend)
      // A system may send them without end, to a client that does not read.
      if (!this.#sendHead(chunk, start)) backend.pause()
      start = end
      if (start === chunk.length) return 'more'
    }
  }

  /** @returns false when the client is slow. */
  #sendHead(chunk: Buffer, start: number): boolean {
    const bytes = rewriteResponseHead(chunk, start, head, this.#names as Names, this.#scheme, scratch)
    return this.#stream?.writeBorrowed(scratch, 0, bytes, false) ?? true
  }

  #switch(chunk: Buffer, start: number, end: number): ResponseProgress {
    if (!this.#upgradeAsked) return 'invalid'
    this.hasStarted = true
    this.#sendHead(chunk, start)
    if (end < chunk.length) this.#stream?.writeBorrowed(chunk, end, chunk.length, false)
    return 'upgraded'
  }

  #final(chunk: Buffer, start: number, end: number, backend: BackendConnection): ResponseProgress {
    const kind = responseBodyKind(head, this.#method)
    this.#keepAlive = head.keepAlive && kind !== BodyKind.close
    this.#body.reset(kind, Math.max(0, head.contentLength))
    this.hasStarted = true
    this.#inBody = true
    const stream = this.#stream as Stream
    let at = rewriteResponseHead(chunk, start, head, this.#names as Names, this.#scheme, scratch)
    if (head.status === 401 && asksForConnectionLogon(chunk, head)) {
      backend.holdsLogon = true
      // The line goes in front of the empty one.
      if (backend.target.client !== null) at += proxySupport.copy(scratch, at - 2) - 2
    }
    const bodyEnd = this.#body.scan(chunk, end, chunk.length)
    if (bodyEnd >= 0 && bodyEnd - end <= copiedBodyBytes) {
      // The usual small answer: head and body in one frame.
      const length = copyBytes(chunk, end, bodyEnd, scratch, at)
      stream.writeBorrowed(scratch, 0, length, true)
      return this.#ended(bodyEnd === chunk.length)
    }
    stream.writeBorrowed(scratch, 0, at, false)
    return this.#passBody(chunk, end, bodyEnd, backend)
  }

  #bodyBytes(chunk: Buffer, start: number, backend: BackendConnection): ResponseProgress {
    return this.#passBody(chunk, start, this.#body.scan(chunk, start, chunk.length), backend)
  }

  #passBody(chunk: Buffer, start: number, bodyEnd: number, backend: BackendConnection): ResponseProgress {
    const stream = this.#stream as Stream
    if (bodyEnd < BODY_CONTINUES) return 'invalid'
    if (bodyEnd >= 0) {
      stream.writeBorrowed(chunk, start, bodyEnd, true)
      return this.#ended(bodyEnd === chunk.length)
    }
    if (start < chunk.length && !stream.writeBorrowed(chunk, start, chunk.length, false)) backend.pause()
    return 'more'
  }

  #ended(nothingBehind: boolean): ResponseProgress {
    this.#inBody = false
    this.#stream = null
    return this.#keepAlive && nothingBehind ? 'reusable' : 'closed'
  }
}
