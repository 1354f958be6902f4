import {
  BODY_CONTINUES,
  BodyKind,
  BodyScanner,
  HeadCollector,
  NEED_MORE,
  parseResponseHead,
  ResponseHead,
  responseBodyKind,
  responseLimits,
} from '@landbridge/http1'
import type { DirectWriter } from '@landbridge/tunnel'

/** Shared by all connections of the process: a head is parsed and used within one call. */
const head = new ResponseHead()
const closeLines = Buffer.from('Connection: close\r\n\r\n')

/**
 * Passes answers from tunnel streams on to one client connection, and follows their framing: a client connection may
 * carry requests of several tenants, so no byte behind an answer may be taken for the next one.
 */
export class ResponseRelay {
  readonly #client: DirectWriter
  readonly #body: BodyScanner
  #collector: HeadCollector | null
  #method: number
  #isHttp10: boolean
  #upgradeAsked: boolean
  #state: 'head' | 'body' | 'complete' | 'upgraded'
  /** True once anything of the final answer went to the client: an error answer is not possible any more. */
  hasStarted: boolean
  /** The client connection cannot be used after this exchange. */
  mustClose: boolean

  constructor(client: DirectWriter) {
    this.#client = client
    this.#body = new BodyScanner(responseLimits)
    this.#collector = null
    this.#method = 0
    this.#isHttp10 = false
    this.#upgradeAsked = false
    this.#state = 'head'
    this.hasStarted = false
    this.mustClose = false
  }

  /** Begins an exchange. */
  prepare(method: number, isHttp10: boolean, mustClose: boolean, upgradeAsked: boolean): void {
    this.#collector = null
    this.#method = method
    this.#isHttp10 = isHttp10
    this.#upgradeAsked = upgradeAsked
    this.#state = 'head'
    this.hasStarted = false
    this.mustClose = mustClose || isHttp10
  }

  get isComplete(): boolean {
    return this.#state === 'complete'
  }

  get isUpgraded(): boolean {
    return this.#state === 'upgraded'
  }

  /** True while the end of the stream is the regular end of the answer. */
  get endsWithStream(): boolean {
    return this.#state === 'body' && this.#body.kind === BodyKind.close
  }

  /**
   * Passes the next bytes on. Returns true when the client took them, false when it is slow (wait for the socket's
   * drain), null when they break HTTP: nothing of the rest was passed on and the exchange has to be aborted.
   */
  received(chunk: Buffer): boolean | null {
    switch (this.#state) {
      case 'body':
        return this.#bodyBytes(chunk, 0)
      case 'head':
        return this.#headBytes(chunk)
      default:
        return null
    }
  }

  #headBytes(chunk: Buffer): boolean | null {
    if (this.#collector === null) return this.#heads(chunk)
    const collector = this.#collector
    const rest = collector.push(chunk, 0, chunk.length)
    if (rest === NEED_MORE) return true
    this.#collector = null
    return this.#heads(Buffer.concat([collector.buffer.subarray(0, collector.length), chunk.subarray(rest)]))
  }

  /** One final head, after any number of interim ones. */
  #heads(chunk: Buffer): boolean | null {
    let start = 0
    let taken = true
    for (;;) {
      const end = parseResponseHead(chunk, start, chunk.length, head, responseLimits)
      if (end === NEED_MORE) {
        this.#collector = new HeadCollector('response', responseLimits)
        return this.#collector.push(chunk, start, chunk.length) === NEED_MORE ? taken : null
      }
      if (end < 0) return null
      if (head.status === 101) return this.#switch(chunk, start)
      if (head.status >= 200) return this.#final(chunk, start, end)
      // HTTP/1.0 knows no interim answers (RFC 9110 section 15.2).
      if (!this.#isHttp10) taken = this.#client.writeBorrowed(chunk.subarray(start, end))
      start = end
      if (start === chunk.length) return taken
    }
  }

  #switch(chunk: Buffer, start: number): boolean | null {
    if (!this.#upgradeAsked) return null
    this.#state = 'upgraded'
    return this.#write(chunk, start, chunk.length)
  }

  #final(chunk: Buffer, start: number, end: number): boolean | null {
    const kind = responseBodyKind(head, this.#method)
    this.#body.reset(kind, Math.max(0, head.contentLength))
    if (kind === BodyKind.close) this.mustClose = true
    this.#state = 'body'
    if (!this.mustClose) {
      // The usual case: head and body are passed on as they came.
      const bodyEnd = this.#body.scan(chunk, end, chunk.length)
      if (!this.#follow(bodyEnd, chunk.length)) return null
      return this.#write(chunk, start, chunk.length)
    }
    this.#write(chunk, start, head.fieldsEnd)
    this.#client.write(closeLines)
    return end === chunk.length && !this.#body.done ? true : this.#bodyBytes(chunk, end)
  }

  #bodyBytes(chunk: Buffer, start: number): boolean | null {
    const bodyEnd = this.#body.scan(chunk, start, chunk.length)
    if (!this.#follow(bodyEnd, chunk.length)) return null
    return start === chunk.length ? true : this.#write(chunk, start, chunk.length)
  }

  /** Notes the end of the body. False: a framing error, or bytes behind the end. */
  #follow(bodyEnd: number, length: number): boolean {
    if (bodyEnd === BODY_CONTINUES) return true
    if (bodyEnd !== length) return false
    this.#state = 'complete'
    return true
  }

  #write(chunk: Buffer, start: number, end: number): boolean {
    this.hasStarted = true
    return this.#client.writeBorrowed(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end))
  }
}
