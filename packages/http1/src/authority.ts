import { COLON, isHost, isIpLiteral } from './characters.ts'

const OPEN = 0x5b
const CLOSE = 0x5d

/**
 * Checks `host [":" port]` in [start, end) (RFC 3986 section 3.2 without user information, which is refused).
 * Returns the end of the host, or -1. The host may be empty; the brackets of an IP literal belong to it.
 */
export function authorityHostEnd(buffer: Buffer, start: number, end: number): number {
  let at = start
  if (at < end && buffer[at] === OPEN) {
    at++
    while (at < end && isIpLiteral[buffer[at]!] === 1) at++
    if (at === end || buffer[at] !== CLOSE || at === start + 1) return -1
    at++
  } else {
    while (at < end && isHost[buffer[at]!] === 1) at++
  }
  if (at === end) return at
  if (buffer[at] !== COLON || end - at > 6) return -1
  let port = 0
  for (let i = at + 1; i < end; i++) {
    const digit = buffer[i]! - 0x30
    if (digit < 0 || digit > 9) return -1
    port = port * 10 + digit
  }
  return port > 65_535 ? -1 : at
}

/** The port of an authority that was checked, or -1 if it names none. */
export function authorityPort(buffer: Buffer, hostEnd: number, end: number): number {
  if (end - hostEnd < 2) return -1
  let port = 0
  for (let i = hostEnd + 1; i < end; i++) port = port * 10 + buffer[i]! - 0x30
  return port
}
