/**
 * User name and password of an `Authorization: Basic …` value (RFC 7617), undefined when there are none. The password
 * may contain colons and any other character; it is passed on unchanged (guide L18812).
 */
export function basicCredentials(header: string | undefined): { userName: string; password: string } | undefined {
  const match = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header ?? '')
  if (match?.[1] === undefined) return undefined
  const text = Buffer.from(match[1], 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 1 ? undefined : { userName: text.slice(0, colon), password: text.slice(colon + 1) }
}
