import { requestLimits } from './head-limits.ts'

/** The head is not complete: call again with more bytes (from the same start). */
export const NEED_MORE = 0

/** Why a head or a body was refused. All are negative, so that a parser can return them instead of an offset. */
export const HeadError = {
  TLS_CLIENT_HELLO: -2,
  BAD_REQUEST_LINE: -3,
  BAD_TARGET: -4,
  BAD_VERSION: -5,
  UNSUPPORTED_VERSION: -6,
  REQUEST_LINE_TOO_LONG: -7,
  BAD_HEADER_NAME: -8,
  BAD_HEADER_VALUE: -9,
  OBS_FOLD: -10,
  BARE_CR: -11,
  BARE_LF: -12,
  HEADER_LINE_TOO_LONG: -13,
  HEAD_TOO_LARGE: -14,
  TOO_MANY_HEADERS: -15,
  HOST_MISSING: -16,
  HOST_REPEATED: -17,
  BAD_HOST: -18,
  BAD_CONTENT_LENGTH: -19,
  CONTENT_LENGTH_REPEATED: -20,
  LENGTH_AND_CODING: -21,
  TRANSFER_CODING_UNKNOWN: -22,
  TRANSFER_CODING_INVALID: -23,
  TOO_MANY_CONNECTION_OPTIONS: -24,
  BAD_STATUS_LINE: -25,
  BAD_CHUNK_SIZE: -26,
  BAD_CHUNK_EXTENSION: -27,
  CHUNK_LINE_TOO_LONG: -28,
  BAD_CHUNK_END: -29,
  BAD_TRAILER: -30,
  TRAILERS_TOO_LARGE: -31,
  FORBIDDEN_TRAILER: -32,
} as const

export interface HeadErrorText {
  /** Name of the code, for logs and metrics. */
  readonly name: keyof typeof HeadError
  /** Status to answer a request with. A refused response is always 502 for the caller. */
  readonly status: 400 | 414 | 431 | 501 | 505
  readonly text: string
}

const rows: Readonly<Record<keyof typeof HeadError, readonly [HeadErrorText['status'], string]>> = {
  TLS_CLIENT_HELLO: [400, 'This port speaks plain HTTP, but the client started TLS. Use an http:// proxy address.'],
  BAD_REQUEST_LINE: [400, 'The request line is malformed.'],
  BAD_TARGET: [400, 'The request target is malformed. Expected http://<virtual host>:<virtual port>/<path>.'],
  BAD_VERSION: [400, 'The HTTP version is malformed.'],
  UNSUPPORTED_VERSION: [505, 'Only HTTP/1.1 and HTTP/1.0 are supported.'],
  REQUEST_LINE_TOO_LONG: [414, 'The request line is too long. Shorten the path or the query.'],
  BAD_HEADER_NAME: [400, 'A header name is malformed.'],
  BAD_HEADER_VALUE: [400, 'A header value contains a control character.'],
  OBS_FOLD: [400, 'A header continues on a second line, which is not allowed.'],
  BARE_CR: [400, 'A carriage return without a line feed is not allowed.'],
  BARE_LF: [400, 'A line feed without a carriage return is not allowed.'],
  HEADER_LINE_TOO_LONG: [431, 'A header line is too long.'],
  HEAD_TOO_LARGE: [
    431,
    `The headers have more than ${requestLimits.maxHeadBytes} bytes in total. Send fewer or shorter ones.`,
  ],
  TOO_MANY_HEADERS: [431, 'There are too many headers.'],
  HOST_MISSING: [400, 'The Host header is missing.'],
  HOST_REPEATED: [400, 'There is more than one Host header.'],
  BAD_HOST: [400, 'The Host header is malformed.'],
  BAD_CONTENT_LENGTH: [400, 'Content-Length is not a decimal number.'],
  CONTENT_LENGTH_REPEATED: [400, 'There is more than one Content-Length.'],
  LENGTH_AND_CODING: [400, 'Content-Length and Transfer-Encoding exclude each other.'],
  TRANSFER_CODING_UNKNOWN: [501, 'The only supported transfer coding is chunked.'],
  TRANSFER_CODING_INVALID: [400, 'Transfer-Encoding must be exactly "chunked", once, and in HTTP/1.1.'],
  TOO_MANY_CONNECTION_OPTIONS: [400, 'The Connection header lists too many options.'],
  BAD_STATUS_LINE: [400, 'The status line is malformed.'],
  BAD_CHUNK_SIZE: [400, 'A chunk size is malformed.'],
  BAD_CHUNK_EXTENSION: [400, 'A chunk extension is malformed.'],
  CHUNK_LINE_TOO_LONG: [400, 'A chunk size line is too long.'],
  BAD_CHUNK_END: [400, 'A chunk does not end where its size says.'],
  BAD_TRAILER: [400, 'A trailer field is malformed.'],
  TRAILERS_TOO_LARGE: [431, 'The trailer fields are too large.'],
  FORBIDDEN_TRAILER: [400, 'A trailer field carries framing, routing or authentication, which is not allowed.'],
}

const byCode = new Map<number, HeadErrorText>(
  (Object.keys(rows) as (keyof typeof HeadError)[]).map((name) => {
    const [status, text] = rows[name]
    return [HeadError[name], { name, status, text }]
  }),
)

/** Name, status and text of a negative result. An unknown code is a programming mistake: TypeError. */
export function headErrorOf(code: number): HeadErrorText {
  const entry = byCode.get(code)
  if (entry === undefined) throw new TypeError(`${code} is not a head error`)
  return entry
}
