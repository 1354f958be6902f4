/** A resource ID as one segment of a path: `+` to `+2B`, then `-` to `+2D`, then `/` to `-` (guide L24628). */
export function encodeResourceId(id: string): string {
  return id.replaceAll('+', '+2B').replaceAll('-', '+2D').replaceAll('/', '-')
}

/** The inverse in one pass; the segment is percent-decoded already. */
export function decodeResourceId(encoded: string): string {
  return encoded.replaceAll(/-|\+2D|\+2B/g, (part) => (part === '-' ? '/' : part === '+2D' ? '-' : '+'))
}
