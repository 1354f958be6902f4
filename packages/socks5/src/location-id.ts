const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The location ID in its wire form: standard base64, padded, of UTF-8 text (guide L12593). undefined if it is anything
 * else, also where a lenient decoder would guess: a location must never fall back to another connector.
 */
export function decodeLocationId(encoded: Buffer): string | undefined {
  const text = encoded.toString('latin1')
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) return undefined
  let decoded: string
  try {
    decoded = utf8.decode(bytes)
  } catch {
    return undefined
  }
  return hasControlCharacter(decoded) ? undefined : decoded
}

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code === 0x7f) return true
  }
  return false
}
