import { authorityHostEnd, authorityPort } from './authority.ts'
import { COLON, CR, isTarget, isToken, LF, lowerCase, QUESTION, SLASH, SP } from './characters.ts'
import { endOfLine } from './field-lines.ts'
import { HeadError, NEED_MORE } from './head-errors.ts'
import { Method, type RequestHead, Scheme, TargetForm } from './request-head.ts'

/** Parses method, target and version (RFC 9112 section 3). Returns the offset behind the line, NEED_MORE or a HeadError. */
export function parseRequestLine(
  buffer: Buffer,
  start: number,
  stop: number,
  head: RequestHead,
  maxLineBytes: number,
): number {
  const lineStop = Math.min(stop, start + maxLineBytes)
  const cut = lineStop === stop ? NEED_MORE : HeadError.REQUEST_LINE_TOO_LONG
  let at = start
  while (at < lineStop && isToken[buffer[at]!] === 1) at++
  if (at === lineStop) return cut
  if (buffer[at] !== SP || at === start) return HeadError.BAD_REQUEST_LINE
  head.methodStart = start
  head.methodEnd = at++
  head.targetStart = at
  while (at < lineStop && isTarget[buffer[at]!] === 1) at++
  if (at === lineStop) return cut
  if (buffer[at] !== SP) return badTargetByte(buffer[at]!)
  head.targetEnd = at++
  const method = methodOf(buffer, head.methodStart, head.methodEnd)
  head.method = method
  if (!parseTarget(buffer, head, method)) return HeadError.BAD_TARGET
  const behind = parseVersion(buffer, at, lineStop, cut)
  if (behind <= 0) return behind
  head.minorVersion = buffer[behind - 1]! - 0x30
  if (behind === stop) return NEED_MORE
  // The last place that a line of exactly the permitted length reads is the CR behind it.
  if (buffer[behind] === CR) return endOfLine(buffer, behind, stop)
  if (behind === lineStop) return HeadError.REQUEST_LINE_TOO_LONG
  return buffer[behind] === LF ? HeadError.BARE_LF : HeadError.BAD_VERSION
}

function badTargetByte(byte: number): number {
  if (byte === LF || byte === CR) return HeadError.BAD_REQUEST_LINE
  return HeadError.BAD_TARGET
}

const versionText = Buffer.from('HTTP/1.1')

/** The offset behind `HTTP/1.0` or `HTTP/1.1` at `at`, or `cut` if it does not fit before `stop`, or a HeadError. */
export function parseVersion(buffer: Buffer, at: number, stop: number, cut: number): number {
  let supported = true
  for (let i = 0; i < 8; i++) {
    if (at + i === stop) return cut
    const byte = buffer[at + i]!
    if (byte === versionText[i]) continue
    if ((i !== 5 && i !== 7) || byte < 0x30 || byte > 0x39) return HeadError.BAD_VERSION
    if (i === 5 || byte !== 0x30) supported = false
  }
  return supported ? at + 8 : HeadError.UNSUPPORTED_VERSION
}

function parseTarget(buffer: Buffer, head: RequestHead, method: number): boolean {
  const start = head.targetStart
  const end = head.targetEnd
  head.scheme = Scheme.none
  head.port = -1
  head.hostStart = start
  head.hostEnd = start
  head.pathStart = start
  head.pathEnd = end
  if (start === end) return false
  if (method === Method.connect) return parseAuthorityForm(buffer, head)
  const first = buffer[start]!
  if (first === SLASH) {
    head.targetForm = TargetForm.origin
    return true
  }
  if (first === 0x2a && end - start === 1) {
    head.targetForm = TargetForm.asterisk
    return method === Method.options
  }
  return parseAbsoluteForm(buffer, head)
}

function parseAuthorityForm(buffer: Buffer, head: RequestHead): boolean {
  head.targetForm = TargetForm.authority
  const end = head.targetEnd
  const hostEnd = authorityHostEnd(buffer, head.targetStart, end)
  if (hostEnd <= head.targetStart) return false
  head.hostEnd = hostEnd
  head.port = authorityPort(buffer, hostEnd, end)
  head.pathStart = end
  return head.port >= 0
}

function parseAbsoluteForm(buffer: Buffer, head: RequestHead): boolean {
  const end = head.targetEnd
  let at = head.targetStart
  while (at < end && isLetter(buffer[at]!)) at++
  if (at === head.targetStart || at + 3 > end) return false
  if (buffer[at] !== COLON || buffer[at + 1] !== SLASH || buffer[at + 2] !== SLASH) return false
  head.targetForm = TargetForm.absolute
  head.scheme = schemeOf(buffer, head.targetStart, at)
  const host = at + 3
  at = host
  while (at < end && buffer[at] !== SLASH && buffer[at] !== QUESTION) at++
  const hostEnd = authorityHostEnd(buffer, host, at)
  if (hostEnd <= host) return false
  head.hostStart = host
  head.hostEnd = hostEnd
  head.port = authorityPort(buffer, hostEnd, at)
  head.pathStart = at
  return true
}

function isLetter(byte: number): boolean {
  const lower = lowerCase[byte]!
  return lower >= 0x61 && lower <= 0x7a
}

function schemeOf(buffer: Buffer, start: number, end: number): number {
  const length = end - start
  if (length !== 4 && length !== 5) return Scheme.other
  const isHttp =
    lowerCase[buffer[start]!] === 0x68 &&
    lowerCase[buffer[start + 1]!] === 0x74 &&
    lowerCase[buffer[start + 2]!] === 0x74 &&
    lowerCase[buffer[start + 3]!] === 0x70
  if (!isHttp) return Scheme.other
  if (length === 4) return Scheme.http
  return lowerCase[buffer[start + 4]!] === 0x73 ? Scheme.https : Scheme.other
}

const methods: readonly (readonly [Buffer, number])[] = [
  [Buffer.from('GET'), Method.get],
  [Buffer.from('HEAD'), Method.head],
  [Buffer.from('POST'), Method.post],
  [Buffer.from('PUT'), Method.put],
  [Buffer.from('DELETE'), Method.delete],
  [Buffer.from('PATCH'), Method.patch],
  [Buffer.from('OPTIONS'), Method.options],
  [Buffer.from('CONNECT'), Method.connect],
  [Buffer.from('TRACE'), Method.trace],
]

/** Method names are case-sensitive (RFC 9110 section 9.1). */
function methodOf(buffer: Buffer, start: number, end: number): number {
  const length = end - start
  for (let i = 0; i < methods.length; i++) {
    const entry = methods[i]!
    const text = entry[0]
    if (text.length !== length || text[0] !== buffer[start]) continue
    let same = 1
    while (same < length && text[same] === buffer[start + same]) same++
    if (same === length) return entry[1]
  }
  return Method.other
}
