import { COMMA, HTAB, SP } from './characters.ts'
import { applyConnection } from './connection-options.ts'
import { HeadError } from './head-errors.ts'
import { equalsText } from './header-ids.ts'
import type { MessageHead } from './message-head.ts'

const chunkedText = Buffer.from('chunked')
const websocketText = Buffer.from('websocket')

/** Evaluates Content-Length, Transfer-Encoding, Connection and Upgrade once all lines are known. Returns 0 or a HeadError. */
export function applyFraming(buffer: Buffer, head: MessageHead): number {
  if (head.transferEncodingIndex >= 0) {
    if (head.contentLengthIndex >= 0) return HeadError.LENGTH_AND_CODING
    const refused = applyTransferEncoding(buffer, head)
    if (refused !== 0) return refused
  } else if (head.contentLengthIndex >= 0) {
    const index = head.contentLengthIndex
    if (hasTab(buffer, head, index)) return HeadError.BAD_CONTENT_LENGTH
    const length = decimal(buffer, head.valueStart[index]!, head.valueEnd[index]!)
    if (length < 0) return length
    head.contentLength = length
  }
  head.keepAlive = head.minorVersion === 1
  if (head.connectionIndex >= 0) {
    const refused = applyConnection(buffer, head)
    if (refused !== 0) return refused
    if (head.upgrade) applyUpgrade(buffer, head)
  }
  return 0
}

/** Digits only and at most 2^53 - 1: no sign, no list, no white space (RFC 9110 section 8.6). */
function decimal(buffer: Buffer, start: number, end: number): number {
  if (start === end) return HeadError.BAD_CONTENT_LENGTH
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = buffer[at]! - 0x30
    if (digit < 0 || digit > 9) {
      return buffer[at] === COMMA ? HeadError.CONTENT_LENGTH_REPEATED : HeadError.BAD_CONTENT_LENGTH
    }
    value = value * 10 + digit
    if (value > Number.MAX_SAFE_INTEGER) return HeadError.BAD_CONTENT_LENGTH
  }
  return value
}

/**
 * A tab around these values is legal white space, but llhttp (Node) takes `chunked<TAB>` for an unknown coding and reads
 * on until the connection ends: found by comparing with it. No sender needs the tab.
 */
function hasTab(buffer: Buffer, head: MessageHead, index: number): boolean {
  const end = head.lineEnd[index]!
  for (let at = head.nameEnd[index]!; at < end; at++) if (buffer[at] === HTAB) return true
  return false
}

function applyTransferEncoding(buffer: Buffer, head: MessageHead): number {
  const index = head.transferEncodingIndex
  const start = head.valueStart[index]!
  const end = head.valueEnd[index]!
  if (hasTab(buffer, head, index)) return HeadError.TRANSFER_CODING_INVALID
  if (!equalsText(buffer, start, end, chunkedText)) return codingError(buffer, start, end)
  // A 1.0 implementation on the way may not know the coding and read the body as the next message (RFC 9112 section 6.1).
  if (head.minorVersion === 0) return HeadError.TRANSFER_CODING_INVALID
  head.chunked = true
  return 0
}

/** Chunked that is not last, repeated, or with parameters is a framing error; another coding is merely unknown. */
function codingError(buffer: Buffer, start: number, end: number): number {
  if (start === end) return HeadError.TRANSFER_CODING_INVALID
  let seen = 0
  let last = false
  let at = start
  while (at <= end) {
    let stop = at
    while (stop < end && buffer[stop] !== COMMA) stop++
    while (at < stop && (buffer[at] === SP || buffer[at] === HTAB)) at++
    let behind = stop
    while (behind > at && (buffer[behind - 1] === SP || buffer[behind - 1] === HTAB)) behind--
    last = equalsText(buffer, at, behind, chunkedText)
    if (last) seen++
    at = stop + 1
  }
  return seen > 1 || (seen === 1 && !last) ? HeadError.TRANSFER_CODING_INVALID : HeadError.TRANSFER_CODING_UNKNOWN
}

/** HTTP/1.0 cannot upgrade, and an option without the field asks for nothing (RFC 9110 section 7.8). */
function applyUpgrade(buffer: Buffer, head: MessageHead): void {
  const index = head.upgradeIndex
  head.upgrade = index >= 0 && head.minorVersion === 1
  if (!head.upgrade) return
  head.upgradeIsWebSocket = equalsText(buffer, head.valueStart[index]!, head.valueEnd[index]!, websocketText)
}
