import { COMMA, HTAB, lowerCase, SP } from './characters.ts'
import { HeadError } from './head-errors.ts'
import { equalsText, H } from './header-ids.ts'
import type { MessageHead } from './message-head.ts'

const closeText = Buffer.from('close')
const keepAliveText = Buffer.from('keep-alive')
const upgradeText = Buffer.from('upgrade')

/** More options than this in one head are an attack on the comparison below, not a real sender. */
const maxOptions = 64

/** Reads every Connection line (RFC 9110 section 7.6.1). `close` wins over `keep-alive`. Returns 0 or a HeadError. */
export function applyConnection(buffer: Buffer, head: MessageHead): number {
  let options = 0
  let close = false
  for (let line = head.connectionIndex; line >= 0; line = head.find(H.connection, line + 1)) {
    const end = head.valueEnd[line]!
    let at = head.valueStart[line]!
    while (at < end) {
      let stop = at
      while (stop < end && buffer[stop] !== COMMA) stop++
      while (at < stop && (buffer[at] === SP || buffer[at] === HTAB)) at++
      let behind = stop
      while (behind > at && (buffer[behind - 1] === SP || buffer[behind - 1] === HTAB)) behind--
      if (behind > at) {
        if (++options > maxOptions) return HeadError.TOO_MANY_CONNECTION_OPTIONS
        if (equalsText(buffer, at, behind, closeText)) close = true
        else if (equalsText(buffer, at, behind, keepAliveText)) head.keepAlive = true
        else if (equalsText(buffer, at, behind, upgradeText)) head.upgrade = true
        else markListed(buffer, at, behind, head)
      }
      at = stop + 1
    }
  }
  if (close) head.keepAlive = false
  return 0
}

function markListed(buffer: Buffer, start: number, end: number, head: MessageHead): void {
  const { listed, nameStart, nameEnd, headerId, headerCount } = head
  if (!head.hasListedFields) {
    head.hasListedFields = true
    listed.fill(0, 0, headerCount)
  }
  const length = end - start
  for (let i = 0; i < headerCount; i++) {
    const name = nameStart[i]!
    if (nameEnd[i]! - name !== length) continue
    const id = headerId[i]!
    if (id >= H.host && id <= H.transferEncoding) continue
    if (sameName(buffer, start, name, length)) listed[i] = 1
  }
}

function sameName(buffer: Buffer, left: number, right: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (lowerCase[buffer[left + i]!] !== lowerCase[buffer[right + i]!]) return false
  }
  return true
}
