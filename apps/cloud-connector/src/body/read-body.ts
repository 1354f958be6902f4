import { PlatformError } from '@landbridge/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Fields } from './fields.ts'
import { parseLenientJson } from './lenient-json.ts'
import { Multipart } from './multipart.ts'

/** Leaves every body as bytes: which type is accepted and when it is read depends on the operation. */
export function acceptRawBodies(api: FastifyInstance): void {
  api.removeAllContentTypeParsers()
  api.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

/**
 * The JSON body of a request; undefined when there is none.
 * @param alsoAccepted content types besides `application/json` and a missing one.
 * @throws PlatformError MEDIA_TYPE_UNSUPPORTED, REQUEST_INVALID
 */
export function readJson(request: FastifyRequest, alsoAccepted: readonly string[] = []): unknown {
  const bytes = bodyOf(request)
  if (bytes.length === 0) return undefined
  const type = mediaType(request)
  if (type !== '' && type !== 'application/json' && !alsoAccepted.includes(type))
    throw new PlatformError('MEDIA_TYPE_UNSUPPORTED', { reason: 'send application/json' })
  return parseLenientJson(decoded(bytes, request.headers['content-type'] ?? ''))
}

/**
 * The text of a body, UTF-8 unless the content type names another encoding. Bytes that are none in it are refused: a
 * replacement character in their place would be stored as if it had been sent.
 */
function decoded(bytes: Buffer, contentType: string): string {
  const label = /;\s*charset="?([\w-]{1,40})/i.exec(contentType)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes)
  } catch (failure) {
    // Unknown names are range errors, wrong bytes are type errors.
    if (failure instanceof RangeError) throw new PlatformError('MEDIA_TYPE_UNSUPPORTED', { reason: 'send UTF-8' })
    throw new PlatformError('REQUEST_INVALID', { field: 'body', reason: `the body is not encoded in ${label}` })
  }
}

/** The members of a JSON object in the body. */
export function readFields(request: FastifyRequest, alsoAccepted: readonly string[] = []): Fields {
  return new Fields(readJson(request, alsoAccepted))
}

/**
 * The parts of a `multipart/form-data` body (RFC 7578).
 * @throws PlatformError MEDIA_TYPE_UNSUPPORTED, REQUEST_INVALID
 */
export function readMultipart(request: FastifyRequest): Multipart {
  if (mediaType(request) !== 'multipart/form-data')
    throw new PlatformError('MEDIA_TYPE_UNSUPPORTED', { reason: 'send multipart/form-data' })
  return new Multipart(bodyOf(request), request.headers['content-type'] ?? '')
}

function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
}

export function mediaType(request: FastifyRequest): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
}
