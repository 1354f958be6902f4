import { PlatformError } from '@landbridge/kernel'

/**
 * The first bytes of every stream say what it is for (docs/protocol/tunnel.md, section 3):
 *
 *   offset 0  kind     1 byte
 *   offset 1  length   2 bytes, big-endian: bytes that follow
 *   offset 3  port     2 bytes, big-endian: virtual port
 *   offset 5  host     1 length byte, then the virtual host in lower case (latin1)
 *   then      fields   tag (1 byte), length (2 bytes), value; unknown tags are skipped
 */
export const StreamKind = { http: 1, tcp: 2, rfc: 3, ldap: 4, channel: 5, control: 6, closed: 7 } as const
export type StreamKindCode = (typeof StreamKind)[keyof typeof StreamKind]

export const PrefaceTag = { userToken: 1, technicalToken: 2, traceId: 3, clientId: 4, clientConnection: 8 } as const

export interface Preface {
  kind: number
  virtualHost: string
  virtualPort: number
  /** Compact JWT of the business user, '' when none is propagated. */
  userToken: string
  /** Compact JWT of the technical user, '' when none is propagated. */
  technicalToken: string
  traceId: string
  /** OAuth client of the calling application, for monitoring and per-application limits. */
  clientId: string
  /**
   * Names the connection that the client has to the proxy; the same name for as long as it is open. Only where the
   * connector asked for it; absent or '' otherwise.
   */
  clientConnection?: string
}

export const maxPrefaceBytes = 3 + 0xffff

/**
 * Writes a preface at `offset` and returns the offset behind it. The target needs room for `maxPrefaceBytes`.
 * Tokens, trace ID and client ID are latin1 text.
 * @throws PlatformError TUNNEL_PREFACE when a length or a character of the host does not fit: cut off, the bytes would
 * name another host or be read as the beginning of the payload.
 */
export function writePreface(target: Buffer, offset: number, preface: Readonly<Preface>): number {
  const host = preface.virtualHost
  checkSize(preface)
  target[offset] = preface.kind
  target[offset + 3] = preface.virtualPort >>> 8
  target[offset + 4] = preface.virtualPort
  target[offset + 5] = host.length
  let at = offset + 6
  let seen = 0
  for (let i = 0; i < host.length; i++) {
    const code = host.charCodeAt(i)
    seen |= code
    target[at + i] = code
  }
  if (seen > 0xff) throw new PlatformError('TUNNEL_PREFACE', { rule: 'host' })
  at += host.length
  if (preface.userToken !== '') at = writeField(target, at, PrefaceTag.userToken, preface.userToken)
  if (preface.technicalToken !== '') at = writeField(target, at, PrefaceTag.technicalToken, preface.technicalToken)
  if (preface.traceId !== '') at = writeField(target, at, PrefaceTag.traceId, preface.traceId)
  if (preface.clientId !== '') at = writeField(target, at, PrefaceTag.clientId, preface.clientId)
  const { clientConnection } = preface
  if (clientConnection !== undefined && clientConnection !== '')
    at = writeField(target, at, PrefaceTag.clientConnection, clientConnection)
  const length = at - offset - 3
  target[offset + 1] = length >>> 8
  target[offset + 2] = length
  return at
}

const fieldHeadBytes = 3

function checkSize(preface: Readonly<Preface>): void {
  const values =
    preface.userToken.length + preface.technicalToken.length + preface.traceId.length + preface.clientId.length
  const { clientConnection = '' } = preface
  const optional = clientConnection === '' ? 0 : fieldHeadBytes + clientConnection.length
  if (preface.virtualHost.length > 0xff) throw new PlatformError('TUNNEL_PREFACE', { rule: 'host' })
  if (3 + preface.virtualHost.length + 4 * fieldHeadBytes + values + optional > 0xffff)
    throw new PlatformError('TUNNEL_PREFACE', { rule: 'length' })
}

function writeField(target: Buffer, offset: number, tag: number, value: string): number {
  target[offset] = tag
  target[offset + 1] = value.length >>> 8
  target[offset + 2] = value.length
  return offset + fieldHeadBytes + target.write(value, offset + fieldHeadBytes, 'latin1')
}

/** Bytes of the preface that begins at `start`, -1 while even its length is unknown. */
export function prefaceLength(source: Buffer, start: number, end: number): number {
  return end - start < 3 ? -1 : 3 + (((source[start + 1] as number) << 8) | (source[start + 2] as number))
}

/** Reads a complete preface. Null: it is malformed. */
export function readPreface(source: Buffer, start: number, end: number): Preface | null {
  if (end - start < 6) return null
  const hostEnd = start + 6 + (source[start + 5] as number)
  if (hostEnd > end) return null
  const preface: Preface = {
    kind: source[start] as number,
    virtualHost: source.toString('latin1', start + 6, hostEnd),
    virtualPort: ((source[start + 3] as number) << 8) | (source[start + 4] as number),
    userToken: '',
    technicalToken: '',
    traceId: '',
    clientId: '',
  }
  let at = hostEnd
  while (at < end) {
    if (end - at < 3) return null
    const valueEnd = at + 3 + (((source[at + 1] as number) << 8) | (source[at + 2] as number))
    if (valueEnd > end) return null
    setField(preface, source[at] as number, source.toString('latin1', at + 3, valueEnd))
    at = valueEnd
  }
  return preface
}

function setField(preface: Preface, tag: number, value: string): void {
  if (tag === PrefaceTag.userToken) preface.userToken = value
  else if (tag === PrefaceTag.technicalToken) preface.technicalToken = value
  else if (tag === PrefaceTag.traceId) preface.traceId = value
  else if (tag === PrefaceTag.clientId) preface.clientId = value
  else if (tag === PrefaceTag.clientConnection) preface.clientConnection = value
}
