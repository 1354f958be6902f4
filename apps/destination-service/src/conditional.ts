import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Sets `ETag` and answers a conditional request whose condition ends it (RFC 9110 section 13.2.2).
 * The published contract shows the tag without quotes; with quotes it is understood as well.
 * @returns true when the reply was sent: 304 for If-None-Match, 412 for If-Match
 */
export function answeredByCondition(request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  reply.header('etag', etag)
  const ifMatch = request.headers['if-match']
  if (ifMatch !== undefined && !names(ifMatch, etag)) {
    reply.code(412).send()
    return true
  }
  const ifNoneMatch = request.headers['if-none-match']
  if (ifNoneMatch === undefined || !names(ifNoneMatch, etag)) return false
  reply.code(304).send()
  return true
}

function names(header: string, etag: string): boolean {
  return header
    .split(',')
    .map((tag) => tag.trim())
    .some((tag) => tag === '*' || tag.replace(/^W\//, '').replace(/^"(.*)"$/, '$1') === etag)
}
