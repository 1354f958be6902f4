import { isToken, isValue } from './characters.ts'

export interface SimpleResponse {
  readonly status: number
  readonly reason: string
  /** Further header fields, in order. Content-Length, Content-Type and Connection are added here. */
  readonly headers?: readonly (readonly [string, string])[]
  /** UTF-8 text; empty for none. */
  readonly body: string
  /** Default `text/plain; charset=utf-8`. */
  readonly contentType?: string
  /** Adds `Connection: close`. */
  readonly close?: boolean
  /** The answer to HEAD: Content-Length as for GET, but no body. */
  readonly omitBody?: boolean
}

/**
 * One complete HTTP/1.1 message, for answers of our own. Text that cannot stand in a header is a programming mistake
 * (TypeError): never pass bytes of a peer in `reason` or `headers` unchecked. Do not use for 204 and 304.
 */
export function encodeSimpleResponse(response: SimpleResponse): Buffer {
  const body = Buffer.from(response.body)
  let head = `HTTP/1.1 ${response.status} ${checked(response.reason, isValue)}\r\n`
  for (const [name, value] of response.headers ?? [])
    head += `${checked(name, isToken)}: ${checked(value, isValue)}\r\n`
  if (body.length > 0) head += `Content-Type: ${response.contentType ?? 'text/plain; charset=utf-8'}\r\n`
  head += `Content-Length: ${body.length}\r\n`
  if (response.close === true) head += 'Connection: close\r\n'
  const encodedHead = Buffer.from(`${head}\r\n`, 'latin1')
  return response.omitBody === true ? encodedHead : Buffer.concat([encodedHead, body])
}

function checked(text: string, allowed: Uint8Array): string {
  for (let i = 0; i < text.length; i++) {
    if (allowed[text.charCodeAt(i)] !== 1)
      throw new TypeError('A header of an own answer contains a forbidden character')
  }
  return text
}
