/** The token of an `Authorization: Bearer …` value (RFC 6750 section 2.1, scheme in any case); '' when there is none. */
export function bearerToken(header: string | undefined): string {
  if (header === undefined || header.length < 8 || header.charCodeAt(6) !== 0x20) return ''
  return header.slice(0, 6).toLowerCase() === 'bearer' ? header.slice(7).trim() : ''
}
