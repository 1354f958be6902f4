import type { RequestHead } from './request-head.ts'

/** How a body ends: not there, after a number of bytes, with the last chunk, or with the connection. */
export const BodyKind = { none: 0, length: 1, chunked: 2, close: 3 } as const
export type BodyKind = (typeof BodyKind)[keyof typeof BodyKind]

/** How the body of a request is delimited (RFC 9112 section 6.3). */
export function requestBodyKind(head: RequestHead): BodyKind {
  if (head.chunked) return BodyKind.chunked
  return head.contentLength > 0 ? BodyKind.length : BodyKind.none
}
