import { MessageHead } from './message-head.ts'

/** Methods as small integers. Anything else is `other`: read its name from methodStart and methodEnd. */
export const Method = {
  other: 0,
  get: 1,
  head: 2,
  post: 3,
  put: 4,
  delete: 5,
  patch: 6,
  options: 7,
  connect: 8,
  trace: 9,
} as const

/** The four forms of a request target (RFC 9112 section 3.2). */
export const TargetForm = { origin: 0, absolute: 1, authority: 2, asterisk: 3 } as const

export const Scheme = { none: 0, http: 1, https: 2, other: 3 } as const

/** A parsed request head. Reusable; see MessageHead. */
export class RequestHead extends MessageHead {
  /** One of `Method`. */
  method = 0
  methodStart = 0
  methodEnd = 0
  /** The target as sent. */
  targetStart = 0
  targetEnd = 0
  /** One of `TargetForm`. */
  targetForm = 0
  /** One of `Scheme`; none unless the form is absolute. */
  scheme = 0
  /** The host asked for: from the target, else from Host; empty range if neither names one. Not normalised. */
  hostStart = 0
  hostEnd = 0
  /** -1 if no port is named. */
  port = -1
  /** Path and query as sent. Empty, or starting with '?', in absolute form means that '/' has to be put in front. */
  pathStart = 0
  pathEnd = 0
  /** HTTP/1.1 with `Expect: 100-continue`. */
  expectContinue = false
  /** Whether a body follows: chunked or a Content-Length above zero. */
  hasBody = false

  get schemeIsHttp(): boolean {
    return this.scheme === Scheme.http
  }
}
