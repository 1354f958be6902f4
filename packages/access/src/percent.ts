const percent = 0x25

/**
 * Reads the percent-encoding at `at`, as the most lenient decoder would: `%hh`, `%uhhhh`, and two-byte forms of ASCII
 * characters, which are not UTF-8 but which decoders exist for (RFC 3629 section 10).
 * @returns the character in the low 16 bits (`%` when this is no encoding) and the length of its writing above.
 */
export function tokenAt(path: string, at: number, end: number): number {
  if (at + 6 <= end && (path.charCodeAt(at + 1) | 0x20) === 0x75) {
    const high = hexByte(path, at + 2)
    const low = hexByte(path, at + 4)
    if (high >= 0 && low >= 0) return pack((high << 8) | low, 6)
  }
  if (at + 3 > end) return pack(percent, 1)
  const byte = hexByte(path, at + 1)
  if (byte < 0) return pack(percent, 1)
  if ((byte !== 0xc0 && byte !== 0xc1) || at + 6 > end || path.charCodeAt(at + 3) !== percent) return pack(byte, 3)
  const second = hexByte(path, at + 4)
  return (second & 0xc0) === 0x80 && second >= 0 ? pack(((byte & 0x03) << 6) | (second & 0x3f), 6) : pack(byte, 3)
}

/** What a lenient decoder makes of a text in one pass. */
export function decodeOnce(text: string): string {
  let decoded = ''
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    const token = code === percent ? tokenAt(text, at, text.length) : pack(code, 1)
    decoded += String.fromCharCode(token & 0xffff)
    at += token >>> 16
  }
  return decoded
}

function pack(code: number, length: number): number {
  return (length << 16) | code
}

function hexByte(path: string, at: number): number {
  const high = hexDigit(path.charCodeAt(at))
  const low = hexDigit(path.charCodeAt(at + 1))
  return high < 0 || low < 0 ? -1 : (high << 4) | low
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
