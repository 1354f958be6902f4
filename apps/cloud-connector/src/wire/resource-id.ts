/** A resource ID as one segment of a path: `+` to `+2B`, then `-` to `+2D`, then `/` to `-` (guide L24628). */
function encodeResourceId(id: string): string {
  return id.replaceAll('+', '+2B').replaceAll('-', '+2D').replaceAll('/', '-')
}

/** The ID as it stands in addresses; a plus sign is one there, as the guide writes it. */
export function resourceSegment(id: string): string {
  return encodeURIComponent(encodeResourceId(id)).replaceAll('%2B', '+')
}

/** The inverse in one pass; the segment is percent-decoded already. */
export function decodeResourceId(encoded: string): string {
  return encoded.replaceAll(/-|\+2D|\+2B/g, (part) => (part === '-' ? '/' : part === '+2D' ? '-' : '+'))
}
