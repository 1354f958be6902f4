import {
  BODY_CONTINUES,
  BodyKind,
  BodyScanner,
  HeadCollector,
  type HeadLimits,
  headErrorOf,
  type MessageHead,
  NEED_MORE,
  parseRequestHead,
  RequestHead,
  requestBodyKind,
  requestLimits,
} from '../src/index.ts'

export interface ReadMessage {
  readonly method: string
  readonly target: string
  readonly headers: readonly string[]
  readonly body: string
}

export interface Reading {
  readonly messages: readonly ReadMessage[]
  /** 'open', 'close' (the peer asked for it), or the name of the error. */
  readonly end: string
}

/** The reader that a data plane would write around the parsers: any number of pieces, pipelined requests. */
export class RequestReader {
  readonly messages: ReadMessage[] = []
  end = 'open'
  readonly #limits: HeadLimits
  readonly #head = new RequestHead()
  readonly #collector: HeadCollector
  readonly #scanner: BodyScanner
  #isCollecting = false
  #inBody = false
  #body: Buffer[] = []
  #current: Omit<ReadMessage, 'body'> = { method: '', target: '', headers: [] }

  constructor(limits: HeadLimits = requestLimits) {
    this.#limits = limits
    this.#collector = new HeadCollector('request', limits)
    this.#scanner = new BodyScanner(limits)
  }

  push(piece: Buffer): void {
    let at = 0
    while (at < piece.length && this.end === 'open') {
      if (this.#inBody) {
        at = this.#readBody(piece, at)
      } else if (this.#isCollecting) {
        const behind = this.#collector.push(piece, at, piece.length)
        if (behind === NEED_MORE) return
        const length = this.#collector.length
        const parsed = this.#parse(this.#collector.buffer, 0, length)
        if (parsed === NEED_MORE) throw new Error('the collector called too early')
        if (parsed > 0 && parsed !== length) throw new Error('the collector took bytes behind the head')
        this.#collector.reset()
        this.#isCollecting = false
        at = behind
      } else {
        const parsed = this.#parse(piece, at, piece.length)
        if (parsed === NEED_MORE) this.#isCollecting = true
        else at = parsed
      }
    }
  }

  /** The verdict if no more bytes come: an incomplete head that can never become valid is judged now. */
  finish(): Reading {
    if (this.#isCollecting) this.#parse(this.#collector.buffer, 0, this.#collector.length)
    return { messages: this.messages, end: this.end }
  }

  #parse(buffer: Buffer, start: number, end: number): number {
    const head = this.#head
    const parsed = parseRequestHead(buffer, start, end, head, this.#limits)
    if (parsed < 0) this.end = headErrorOf(parsed).name
    if (parsed <= 0) return parsed
    this.#current = {
      method: buffer.toString('latin1', head.methodStart, head.methodEnd),
      target: buffer.toString('latin1', head.targetStart, head.targetEnd),
      headers: headerPairs(buffer, head),
    }
    this.#scanner.reset(requestBodyKind(head), head.contentLength)
    this.#body = []
    this.#inBody = true
    if (this.#scanner.done) this.#finishBody()
    return parsed
  }

  #readBody(piece: Buffer, at: number): number {
    const behind = this.#scanner.scan(piece, at, piece.length)
    if (behind < BODY_CONTINUES) this.end = headErrorOf(behind).name
    if (behind < BODY_CONTINUES) return at
    this.#body.push(piece.subarray(at, behind < 0 ? piece.length : behind))
    if (behind === BODY_CONTINUES) return piece.length
    this.#finishBody()
    return behind
  }

  #finishBody(): void {
    this.#inBody = false
    const raw = Buffer.concat(this.#body)
    const body = this.#scanner.kind === BodyKind.chunked ? dechunk(raw) : raw
    this.messages.push({ ...this.#current, body: body.toString('latin1') })
    if (!this.#head.keepAlive) this.end = 'close'
  }
}

/** Reads `bytes` cut at the given offsets. */
export function readCut(bytes: Buffer, cuts: readonly number[], limits?: HeadLimits): Reading {
  const reader = new RequestReader(limits)
  const offsets = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  for (let i = 1; i < offsets.length; i++) reader.push(Buffer.from(bytes.subarray(offsets[i - 1], offsets[i])))
  return reader.finish()
}

export function headerPairs(buffer: Buffer, head: MessageHead): string[] {
  const pairs: string[] = []
  for (let i = 0; i < head.headerCount; i++) {
    pairs.push(buffer.toString('latin1', head.nameStart[i], head.nameEnd[i]))
    pairs.push(buffer.toString('latin1', head.valueStart[i], head.valueEnd[i]))
  }
  return pairs
}

/** Content of a chunked body that the scanner has accepted; deliberately written another way than the scanner. */
export function dechunk(raw: Buffer): Buffer {
  const content: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = raw.indexOf('\r\n', at)
    const size = Number.parseInt(raw.toString('latin1', at, lineEnd), 16)
    if (size === 0) return Buffer.concat(content)
    content.push(raw.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}
