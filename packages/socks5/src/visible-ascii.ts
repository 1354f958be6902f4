/** Visible ASCII: what tokens and host names consist of. */
export function isVisibleAscii(bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte <= 0x20 || byte >= 0x7f) return false
  }
  return true
}
