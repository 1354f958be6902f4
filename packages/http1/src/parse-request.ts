import { authorityHostEnd, authorityPort } from './authority.ts'
import { CR } from './characters.ts'
import { endOfLine, parseFieldLines } from './field-lines.ts'
import { applyFraming } from './framing.ts'
import { HeadError, NEED_MORE } from './head-errors.ts'
import type { HeadLimits } from './head-limits.ts'
import { equalsText } from './header-ids.ts'
import { type RequestHead, TargetForm } from './request-head.ts'
import { parseRequestLine } from './request-line.ts'

const continueText = Buffer.from('100-continue')
const TLS_HANDSHAKE = 0x16

/**
 * Parses the request head that starts at `start` and reads no byte at or behind `end` (RFC 9112 sections 2 to 7, strict).
 * Returns the offset behind the head (above 0), NEED_MORE (0), or a negative HeadError. Never throws, keeps no reference.
 * `head` is valid only after a positive result, and only as long as the bytes stay where they are.
 *
 * A prefix of a head gives NEED_MORE or the very error that the whole would give. A head that arrives in many pieces
 * MUST go through HeadCollector, which looks at each byte once; calling this again for every piece would be quadratic.
 */
export function parseRequestHead(
  buffer: Buffer,
  start: number,
  end: number,
  head: RequestHead,
  limits: HeadLimits,
): number {
  const stop = Math.min(end, start + limits.maxHeadBytes)
  const parsed = parseWithin(buffer, start, stop, head, limits)
  return parsed === NEED_MORE && end - start >= limits.maxHeadBytes ? HeadError.HEAD_TOO_LARGE : parsed
}

function parseWithin(buffer: Buffer, start: number, stop: number, head: RequestHead, limits: HeadLimits): number {
  if (start >= stop) return NEED_MORE
  let line = start
  if (buffer[start] === TLS_HANDSHAKE) return HeadError.TLS_CLIENT_HELLO
  if (buffer[start] === CR) {
    // One empty line in front of a request is forgiven (RFC 9112 section 2.2); a second one is not.
    line = endOfLine(buffer, start, stop)
    if (line <= 0) return line
    if (line === stop) return NEED_MORE
  }
  head.resetFields()
  const fields = parseRequestLine(buffer, line, stop, head, limits.maxLineBytes)
  if (fields <= 0) return fields
  const behind = parseFieldLines(buffer, fields, stop, head, limits)
  if (behind <= 0) return behind
  const refused = applyFraming(buffer, head)
  if (refused !== 0) return refused
  const hostRefused = applyHost(buffer, head)
  if (hostRefused !== 0) return hostRefused
  head.hasBody = head.chunked || head.contentLength > 0
  head.expectContinue = false
  const expect = head.expectIndex
  if (expect >= 0 && head.minorVersion === 1) {
    head.expectContinue = equalsText(buffer, head.valueStart[expect]!, head.valueEnd[expect]!, continueText)
  }
  return behind
}

/** Host must be there (in 1.1) and well-formed; the authority of the target wins over it (RFC 9112 section 3.2.2). */
function applyHost(buffer: Buffer, head: RequestHead): number {
  const index = head.hostIndex
  if (index < 0) return head.minorVersion === 1 ? HeadError.HOST_MISSING : 0
  const start = head.valueStart[index]!
  const end = head.valueEnd[index]!
  const hostEnd = authorityHostEnd(buffer, start, end)
  if (hostEnd < 0) return HeadError.BAD_HOST
  if (head.targetForm === TargetForm.absolute || head.targetForm === TargetForm.authority) return 0
  head.hostStart = start
  head.hostEnd = hostEnd
  head.port = authorityPort(buffer, hostEnd, end)
  return 0
}
