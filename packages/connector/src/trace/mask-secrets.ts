/** What stands for a secret. */
export const mask = '***'

const words =
  'token|secret|passw(?:or)?d|pwd|passcode|assertion|saml_?response|api_?-?key|credential|private_?-?key|signature'
const secretHeader =
  /authorization|authenticat|cookie|token|secret|passw|api-?key|credential|assertion|client-?cert|csrf|xsrf|signature/i

/** In the order in which they are looked for; each is bounded, so that no text makes it slow. */
const patterns: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN ([A-Z ]{0,30})PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/g, mask],
  // A JSON Web Token, whole or cut off.
  [/\beyJ[\w-]{5,}(?:\.[\w-]*){0,4}/g, mask],
  [/\b(Bearer|Basic|Negotiate|Digest|NTLM)[ \t]+[\w+/=.~-]{6,}/gi, `$1 ${mask}`],
  // User and password of an address.
  [/(\/\/)[^\s/@:"'<>]{1,200}:[^\s/@"'<>]{0,200}@/g, `$1${mask}@`],
  // "name": "value" or "name": value, also within a quoted text.
  [
    new RegExp(
      `(["'][^"'\\\\]{0,40}(?:${words})[^"'\\\\]{0,40}\\\\{0,8}["']\\s{0,20}:\\s{0,20})(?:\\\\{1,8}["'][^"'\\\\]*|"(?:[^"\\\\]|\\\\.)*"?|'(?:[^'\\\\]|\\\\.)*'?|[^\\s,}\\]"']+)`,
      'gi',
    ),
    `$1"${mask}"`,
  ],
  // name=value of a query or a form.
  [new RegExp(`((?:^|[?&;\\s])[^=&\\s]{0,40}(?:${words})[^=&\\s]{0,40}=)[^&\\s]*`, 'gi'), `$1${mask}`],
  [/([?&;\s]code=)[^&\s]*/gi, `$1${mask}`],
  // A part of a form (RFC 7578): name="name", the other header lines of the part, an empty line, value.
  [
    new RegExp(
      `(\\bname="[^"\\r\\n]{0,40}(?:${words})[^"\\r\\n]{0,40}"[^\\r\\n]{0,200}\\r?\\n(?:[^\\r\\n]{1,200}\\r?\\n){0,4}\\r?\\n)(?:(?!\\r?\\n--)[^])*`,
      'gi',
    ),
    `$1${mask}`,
  ],
  // <name>value</name>
  [new RegExp(`(<[\\w:-]{0,40}(?:${words}|BinarySecurity)[\\w:-]{0,40}(?:\\s[^<>]{0,200})?>)[^<]+`, 'gi'), `$1${mask}`],
]

/** Replaces what logs somebody on: tokens, passwords, keys, by their form and by the names that they are given. */
export function maskSecrets(text: string): string {
  let masked = text
  for (const [pattern, replacement] of patterns) masked = masked.replace(pattern, replacement)
  return masked
}

/** Lines of a head without the values that log somebody on; the first line is that of request or status. */
export function maskHead(lines: readonly string[]): readonly string[] {
  let isSecret = false
  return lines.map((line, index) => {
    const colon = line.indexOf(':')
    // A line that begins with white space goes on with the field before (RFC 9112 section 5.2).
    const isContinued = /^[ \t]/.test(line)
    if (index > 0 && !isContinued) isSecret = secretHeader.test(colon < 0 ? line : line.slice(0, colon))
    if (index === 0 || !isSecret) return maskSecrets(line)
    return isContinued || colon < 0 ? mask : `${line.slice(0, colon)}: ${mask}`
  })
}
