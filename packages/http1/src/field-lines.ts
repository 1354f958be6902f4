import { COLON, CR, HTAB, isToken, isValue, LF, SP } from './characters.ts'
import { HeadError, NEED_MORE } from './head-errors.ts'
import type { HeadLimits } from './head-limits.ts'
import { H, headerIdOf, lastFramingId } from './header-ids.ts'
import type { MessageHead } from './message-head.ts'

/**
 * Parses header lines up to and including the empty line (RFC 9112 section 5). Bytes at or behind `stop` are not read.
 * Every error is found at the same byte however much of the input is there, so a prefix never changes the verdict.
 */
export function parseFieldLines(
  buffer: Buffer,
  from: number,
  stop: number,
  head: MessageHead,
  limits: HeadLimits,
): number {
  const { headerId, nameStart, nameEnd, valueStart, valueEnd, lineEnd } = head
  const { knownId, knownValue, lookupId, lookup } = head
  const { maxLineBytes } = limits
  const maxHeaders = Math.min(limits.maxHeaders, headerId.length)
  let bits = 0
  let count = 0
  let line = from
  while (line < stop) {
    if (buffer[line] === CR) {
      head.headerCount = count
      head.idBits = bits
      head.fieldsEnd = line
      return endOfLine(buffer, line, stop)
    }
    if (count === maxHeaders) return HeadError.TOO_MANY_HEADERS
    const lineStop = Math.min(stop, line + maxLineBytes)
    let at = line
    while (at < lineStop && isToken[buffer[at]!] === 1) at++
    if (at === lineStop) return lineStop === stop ? NEED_MORE : HeadError.HEADER_LINE_TOO_LONG
    if (buffer[at] !== COLON || at === line) return nameError(buffer[at]!, at - line, count)
    const id = headerIdOf(buffer, line, at)
    headerId[count] = id
    nameStart[count] = line
    nameEnd[count] = at++
    while (at < lineStop && (buffer[at] === SP || buffer[at] === HTAB)) at++
    valueStart[count] = at
    if (id === knownId && hasKnownValue(buffer, at, lineStop, knownValue)) {
      head.knownIndex = count
      at += knownValue.length
    } else if (id === lookupId && lookup !== null) {
      const end = buffer.indexOf(CR, at)
      const found = end > at && end < lineStop ? lookup.find(buffer, at, end) : null
      if (found !== null) {
        head.foundIndex = count
        head.found = found
        at = end
      }
    }
    at = valueEndOf(buffer, at, lineStop)
    if (at === stop) return NEED_MORE
    if (buffer[at] !== CR) return at === lineStop ? HeadError.HEADER_LINE_TOO_LONG : valueError(buffer[at]!)
    const next = endOfLine(buffer, at, stop)
    if (next <= 0) return next
    lineEnd[count] = next
    const first = valueStart[count]!
    while (at > first && (buffer[at - 1] === SP || buffer[at - 1] === HTAB)) at--
    valueEnd[count] = at
    bits |= 1 << (id & 31)
    if (id !== 0 && id <= lastFramingId) {
      const refused = noteFramingField(head, id, count)
      if (refused !== 0) return refused
    }
    count++
    line = next
  }
  return NEED_MORE
}

/** Whether the line goes on with the known value and ends behind it: a longer value is another one. */
function hasKnownValue(buffer: Buffer, at: number, stop: number, known: Buffer): boolean {
  const end = at + known.length
  return known.length > 0 && end < stop && buffer[end] === CR && known.compare(buffer, at, end) === 0
}

/** The first byte at or behind `at` that cannot stand in a value, or `stop`. Eight at a time: tokens are long. */
function valueEndOf(buffer: Buffer, from: number, stop: number): number {
  let at = from
  while (at + 8 <= stop) {
    const low =
      isValue[buffer[at]!]! & isValue[buffer[at + 1]!]! & isValue[buffer[at + 2]!]! & isValue[buffer[at + 3]!]!
    if (low === 0) break
    const high =
      isValue[buffer[at + 4]!]! & isValue[buffer[at + 5]!]! & isValue[buffer[at + 6]!]! & isValue[buffer[at + 7]!]!
    if (high === 0) break
    at += 8
  }
  while (at < stop && isValue[buffer[at]!] === 1) at++
  return at
}

/** The offset behind CRLF if `at` is its CR, NEED_MORE, or BARE_CR. */
export function endOfLine(buffer: Buffer, at: number, stop: number): number {
  if (at + 1 >= stop) return NEED_MORE
  return buffer[at + 1] === LF ? at + 2 : HeadError.BARE_CR
}

function nameError(byte: number, length: number, count: number): number {
  if (length === 0 && count > 0 && (byte === SP || byte === HTAB)) return HeadError.OBS_FOLD
  return byte === LF ? HeadError.BARE_LF : HeadError.BAD_HEADER_NAME
}

function valueError(byte: number): number {
  return byte === LF ? HeadError.BARE_LF : HeadError.BAD_HEADER_VALUE
}

/** Remembers where a framing field stands and refuses repetitions that would leave the framing open to opinion. */
function noteFramingField(head: MessageHead, id: number, index: number): number {
  switch (id) {
    case H.host:
      if (head.hostIndex >= 0) return HeadError.HOST_REPEATED
      head.hostIndex = index
      return 0
    case H.contentLength:
      if (head.contentLengthIndex >= 0) return HeadError.CONTENT_LENGTH_REPEATED
      head.contentLengthIndex = index
      return 0
    case H.transferEncoding:
      if (head.transferEncodingIndex >= 0) return HeadError.TRANSFER_CODING_INVALID
      head.transferEncodingIndex = index
      return 0
    case H.connection:
      if (head.connectionIndex < 0) head.connectionIndex = index
      return 0
    case H.upgrade:
      if (head.upgradeIndex < 0) head.upgradeIndex = index
      return 0
    case H.expect:
      if (head.expectIndex < 0) head.expectIndex = index
      return 0
    default:
      return 0
  }
}
