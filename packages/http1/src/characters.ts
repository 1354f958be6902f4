/** Byte values and character tables of RFC 9110 section 5.6 and RFC 3986. A table holds 1 where the byte belongs to it. */
export const HTAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SP = 0x20
export const QUOTE = 0x22
export const COMMA = 0x2c
export const SLASH = 0x2f
export const COLON = 0x3a
export const SEMICOLON = 0x3b
export const EQUALS = 0x3d
export const QUESTION = 0x3f
export const BACKSLASH = 0x5c

function table(member: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (member(byte) ? 1 : 0))
}

const isAlphanumeric = (byte: number): boolean => /[0-9A-Za-z]/.test(String.fromCharCode(byte))

/** tchar: methods and field names. */
export const isToken = table((b) => isAlphanumeric(b) || "!#$%&'*+-.^_`|~".includes(String.fromCharCode(b)))

/** Field values and reason phrases: VCHAR, obs-text, space, tab. */
export const isValue = table((b) => b === HTAB || (b >= 0x20 && b !== 0x7f))

/** Request targets: visible ASCII except '#', which never belongs into a request (RFC 9112 section 3.2). */
export const isTarget = table((b) => b > 0x20 && b < 0x7f && b !== 0x23)

/** Registered names: unreserved characters only; a percent sign or a sub-delimiter in a host is refused. */
export const isHost = table((b) => isAlphanumeric(b) || '-._~'.includes(String.fromCharCode(b)))

/** Between the brackets of an IP literal. */
export const isIpLiteral = table((b) => /[0-9A-Fa-f:.]/.test(String.fromCharCode(b)))

/** Lower case of ASCII letters, every other byte unchanged. */
export const lowerCase = Uint8Array.from({ length: 256 }, (_, b) => (b >= 0x41 && b <= 0x5a ? b + 0x20 : b))

/** Value of a hexadecimal digit, 255 for every other byte. */
export const hexValue = Uint8Array.from({ length: 256 }, (_, b) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(lowerCase[b]!))
  return value < 0 ? 255 : value
})
