import { CR, isValue, LF, SP } from './characters.ts'
import { endOfLine, parseFieldLines } from './field-lines.ts'
import { applyFraming } from './framing.ts'
import { HeadError, NEED_MORE } from './head-errors.ts'
import type { HeadLimits } from './head-limits.ts'
import { parseVersion } from './request-line.ts'
import type { ResponseHead } from './response-head.ts'

/**
 * Parses the response head that starts at `start`; the contract is that of parseRequestHead. Lenient only where nothing
 * can be misread: the reason phrase, and the space in front of it, may be missing (RFC 9112 section 4).
 * Both lengths, any repeated Content-Length, a coding other than chunked, bare CR or LF are refused: answer 502.
 */
export function parseResponseHead(
  buffer: Buffer,
  start: number,
  end: number,
  head: ResponseHead,
  limits: HeadLimits,
): number {
  const stop = Math.min(end, start + limits.maxHeadBytes)
  head.resetFields()
  const fields = parseStatusLine(buffer, start, stop, head, limits.maxLineBytes)
  let parsed = fields
  if (fields > 0) {
    parsed = parseFieldLines(buffer, fields, stop, head, limits)
    if (parsed > 0) {
      const refused = applyFraming(buffer, head)
      return refused !== 0 ? refused : parsed
    }
  }
  return parsed === NEED_MORE && end - start >= limits.maxHeadBytes ? HeadError.HEAD_TOO_LARGE : parsed
}

function parseStatusLine(buffer: Buffer, start: number, stop: number, head: ResponseHead, maxBytes: number): number {
  const lineStop = Math.min(stop, start + maxBytes)
  const cut = lineStop === stop ? NEED_MORE : HeadError.HEADER_LINE_TOO_LONG
  let at = parseVersion(buffer, start, lineStop, cut)
  if (at <= 0) return at
  head.minorVersion = buffer[at - 1]! - 0x30
  if (at === lineStop) return cut
  if (buffer[at++] !== SP) return HeadError.BAD_STATUS_LINE
  let status = 0
  for (const behind = at + 3; at < behind; at++) {
    if (at === lineStop) return cut
    const digit = buffer[at]! - 0x30
    if (digit < 0 || digit > 9) return HeadError.BAD_STATUS_LINE
    status = status * 10 + digit
  }
  if (status < 100) return HeadError.BAD_STATUS_LINE
  head.status = status
  if (at === stop) return NEED_MORE
  head.reasonStart = at
  if (at < lineStop && buffer[at] === SP) {
    head.reasonStart = ++at
    while (at < lineStop && isValue[buffer[at]!] === 1) at++
  }
  head.reasonEnd = at
  if (at === stop) return NEED_MORE
  if (buffer[at] === CR) return endOfLine(buffer, at, stop)
  if (at === lineStop) return HeadError.HEADER_LINE_TOO_LONG
  return buffer[at] === LF ? HeadError.BARE_LF : HeadError.BAD_STATUS_LINE
}
