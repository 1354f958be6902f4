import { BodyKind } from './body-kind.ts'
import { MessageHead } from './message-head.ts'
import { Method } from './request-head.ts'

/** A parsed response head. Reusable; see MessageHead. */
export class ResponseHead extends MessageHead {
  /** 100 to 999. */
  status = 0
  /** Empty range if there is none. */
  reasonStart = 0
  reasonEnd = 0
}

/**
 * How the body of this response is delimited (RFC 9112 section 6.3). `requestMethod` is one of `Method`.
 * 1xx is never a final response except 101, after which the connection carries another protocol.
 */
export function responseBodyKind(head: ResponseHead, requestMethod: number): BodyKind {
  const { status } = head
  if (requestMethod === Method.head || status < 200 || status === 204 || status === 304) return BodyKind.none
  if (requestMethod === Method.connect && status < 300) return BodyKind.none
  if (head.chunked) return BodyKind.chunked
  if (head.contentLength >= 0) return BodyKind.length
  return BodyKind.close
}
