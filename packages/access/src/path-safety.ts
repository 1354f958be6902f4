import { decodeOnce, tokenAt } from './percent.ts'

const slash = 0x2f
const backslash = 0x5c
const dot = 0x2e
const percent = 0x25
const semicolon = 0x3b
const space = 0x20

/** Nobody nests encodings deeper than this for an honest reason. */
const maxDecodings = 8

/**
 * True when no backend can read a path as another one than the rules do, however often that backend decodes it.
 *
 * Rules only ever allow, and they compare the path as sent. Decoding cannot change what a matching rule has already
 * consumed, it only changes what follows. So an encoded slash or dot alone cannot leave an allowed sub-path, and
 * names such as `Orders('A%2FB')` pass. What can leave it is a dot segment, and that is refused in every writing:
 * plain, percent-encoded to any depth (`%2e`, `%252e`, `%25%32%65`), as overlong UTF-8 (`%c0%ae`) or `%u002e`, beside
 * a backslash or an encoded separator, with a path parameter or blanks behind it (`..;x`), and at the end of the
 * path. Refused as well: control characters, plain or encoded (NUL cuts names short), white space, a plain
 * backslash, and anything that does not start with `/`.
 * @param end index after the last character of the path: that of `?`, or the length.
 */
export function isSafePath(path: string, end: number): boolean {
  if (end === 0 || path.charCodeAt(0) !== slash) return false
  for (let at = 0; at < end; at++) {
    const code = path.charCodeAt(at)
    if (code <= space || code === backslash || code === 0x7f) return false
  }
  let verdict = scan(path, end)
  if (verdict !== 'again') return verdict === 'safe'
  // Rare: a percent sign is left after decoding, so a second decoder would see another text.
  let text = path.slice(0, end)
  for (let round = 0; round < maxDecodings; round++) {
    const decoded = decodeOnce(text)
    if (decoded === text) return true
    text = decoded
    verdict = scan(text, text.length)
    if (verdict !== 'again') return verdict === 'safe'
  }
  return false
}

/** Looks for dot segments and control characters in what one decoder would see. */
function scan(path: string, end: number): 'safe' | 'unsafe' | 'again' {
  // Dots seen in this segment; -1 once it holds anything else, so that it cannot be a dot segment any more.
  let dots = 0
  let again = false
  let at = 1
  while (at < end) {
    let code = path.charCodeAt(at)
    if (code === percent) {
      const token = tokenAt(path, at, end)
      code = token & 0xffff
      at += token >>> 16
      if (code === percent) again = true
    } else at += 1
    if (code < space || code === 0x7f) return 'unsafe'
    if (code === slash || code === backslash || code === semicolon) {
      if (dots === 1 || dots === 2) return 'unsafe'
      dots = code === semicolon ? -1 : 0
    } else if (code === dot && dots >= 0) dots += 1
    else if (code !== space || dots <= 0) dots = -1
  }
  if (dots === 1 || dots === 2) return 'unsafe'
  return again ? 'again' : 'safe'
}
