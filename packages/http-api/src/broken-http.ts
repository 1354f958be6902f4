import type { Socket } from 'node:net'
import { type ErrorCode, PlatformError, toProblem } from '@landbridge/kernel'
import type { ApiOptions } from './create-api.ts'

/** What the HTTP parser of Node calls its limits; everything else is a request that cannot be read. */
const rows: Readonly<Record<string, { status: number; text: string; code: ErrorCode; reason: string }>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    text: 'Request Header Fields Too Large',
    code: 'REQUEST_TOO_LARGE',
    reason: 'the header lines are larger than this service accepts',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    text: 'Content Too Large',
    code: 'REQUEST_TOO_LARGE',
    reason: 'the chunk extensions are larger than this service accepts',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    text: 'Request Timeout',
    code: 'REQUEST_INVALID',
    reason: 'the request did not arrive in time',
  },
}

/** Time for the other side to read the answer. */
const lingerMs = 1_000

const unreadable = {
  status: 400,
  text: 'Bad Request',
  code: 'REQUEST_INVALID',
  reason: 'this is not well-formed HTTP',
} as const

/** Answers what the HTTP parser refused, in the error body of the service, and ends the connection. */
export function answerBrokenHttp(
  options: Pick<ApiOptions, 'log' | 'errorBody'>,
  failure: Error & { code?: unknown },
  socket: Socket,
): void {
  // A client that left, and a failed TLS handshake, get no answer.
  if (failure.code === 'ECONNRESET' || socket.destroyed) return
  const row = rows[String(failure.code)] ?? unreadable
  const thrown = new PlatformError(row.code, { reason: row.reason })
  const problem = { ...toProblem(thrown), status: row.status }
  options.log.debug('http.unreadable', { status: row.status, code: String(failure.code) })
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const { contentType, body } = options.errorBody?.(problem, thrown, '') ?? {
    contentType: 'application/problem+json',
    body: problem,
  }
  const text = JSON.stringify(body)
  // Who keeps his side open would keep ours: Node's own limit comes after a minute or more.
  socket.setTimeout(lingerMs, () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${row.status} ${row.text}\r\nContent-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  )
}
