import { PlatformError } from '@landbridge/kernel'
import { maxFrameBytes, readUint32 } from './frame.ts'
import type { ReceivedToken, ReceivedTokens } from './received-tokens.ts'
import type { SentTokens } from './sent-tokens.ts'
import { ShortTexts } from './short-texts.ts'

/**
 * The first bytes of every stream say what it is for (docs/protocol/tunnel.md, section 3):
 *
 *   offset 0  kind     1 byte
 *   offset 1  length   2 bytes, big-endian: bytes that follow
 *   offset 3  port     2 bytes, big-endian: virtual port
 *   offset 5  host     1 length byte, then the virtual host in lower case (latin1)
 *   then      fields   tag (1 byte), length (2 bytes), value; unknown tags are skipped
 */
export const StreamKind = { http: 1, tcp: 2, rfc: 3, ldap: 4, channel: 5, control: 6, token: 7, closed: 8 } as const
export type StreamKindCode = (typeof StreamKind)[keyof typeof StreamKind]

export const PrefaceTag = {
  userToken: 1,
  technicalToken: 2,
  traceId: 3,
  clientId: 4,
  userReference: 5,
  technicalReference: 6,
  clientConnection: 8,
} as const

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
  /** The tokens as the peer defined them, when it referred to them. */
  receivedUser?: ReceivedToken | null
  receivedTechnical?: ReceivedToken | null
}

/** Says nothing; what a stream has to say is put in its place. */
export const emptyPreface = {
  virtualHost: '',
  virtualPort: 0,
  userToken: '',
  technicalToken: '',
  traceId: '',
  clientId: '',
} as const satisfies Omit<Preface, 'kind'>

/** Few hosts and applications make most of the requests. */
const [hosts, clientIds] = [new ShortTexts(), new ShortTexts()]

export const maxPrefaceBytes = 3 + 0xffff

/**
 * Writes a preface at `offset` and returns the offset behind it. The target needs room for `maxPrefaceBytes`.
 * Tokens, trace ID and client ID are latin1 text.
 * @param tokens of the session that gets these bytes next: a token that its peer knows is only referred to.
 * @throws PlatformError TUNNEL_PREFACE when a length or a character of the host does not fit: cut off, the bytes would
 * name another host or be read as the beginning of the payload.
 */
export function writePreface(
  target: Buffer,
  offset: number,
  preface: Readonly<Preface>,
  tokens: SentTokens | null = null,
): number {
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
  if (preface.userToken !== '' || preface.technicalToken !== '') at = writeTokens(target, at, preface, tokens)
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

/** A preface that refers to a token has to be one frame: a definition in its midst could replace what it refers to. */
const maxReferringBytes = maxFrameBytes / 2

function writeTokens(
  target: Buffer,
  offset: number,
  { userToken, technicalToken, traceId, clientId, clientConnection = '' }: Readonly<Preface>,
  tokens: SentTokens | null,
): number {
  const otherBytes = traceId.length + clientId.length + clientConnection.length
  const mayRefer = tokens !== null && userToken.length + technicalToken.length + otherBytes <= maxReferringBytes
  const user = mayRefer && userToken !== '' ? tokens.reference(userToken) : noReference
  const technical = mayRefer && technicalToken !== '' ? tokens.reference(technicalToken, userToken) : noReference
  let at = offset
  if (user !== noReference) at = writeReference(target, at, PrefaceTag.userReference, user)
  else if (userToken !== '') at = writeField(target, at, PrefaceTag.userToken, userToken)
  if (technical !== noReference) at = writeReference(target, at, PrefaceTag.technicalReference, technical)
  else if (technicalToken !== '') at = writeField(target, at, PrefaceTag.technicalToken, technicalToken)
  return at
}

function writeReference(target: Buffer, offset: number, tag: number, number: number): number {
  target[offset] = tag
  target[offset + 1] = 0
  target[offset + 2] = referenceBytes
  target.writeUInt32BE(number, offset + fieldHeadBytes)
  return offset + fieldHeadBytes + referenceBytes
}

const fieldHeadBytes = 3
const referenceBytes = 4
/** Instead of a token's number: the token has to go along. */
export const noReference = -1

function checkSize(preface: Readonly<Preface>): void {
  const values =
    preface.userToken.length + preface.technicalToken.length + preface.traceId.length + preface.clientId.length
  const { clientConnection = '' } = preface
  const optional = clientConnection === '' ? 0 : fieldHeadBytes + clientConnection.length
  if (preface.virtualHost.length > 0xff) throw new PlatformError('TUNNEL_PREFACE', { rule: 'host' })
  if (3 + preface.virtualHost.length + 4 * fieldHeadBytes + values + optional > 0xffff)
    throw new PlatformError('TUNNEL_PREFACE', { rule: 'length' })
}

/** Up to here a loop takes less time than the call into Node's native conversion. */
const loopCharacters = 64

function writeField(target: Buffer, offset: number, tag: number, value: string): number {
  target[offset] = tag
  target[offset + 1] = value.length >>> 8
  target[offset + 2] = value.length
  const at = offset + fieldHeadBytes
  if (value.length > loopCharacters) return at + target.write(value, at, 'latin1')
  for (let i = 0; i < value.length; i++) target[at + i] = value.charCodeAt(i)
  return at + value.length
}

/** Bytes of the preface that begins at `start`, -1 while even its length is unknown. */
export function prefaceLength(source: Buffer, start: number, end: number): number {
  return end - start < 3 ? -1 : 3 + (((source[start + 1] as number) << 8) | (source[start + 2] as number))
}

/**
 * Reads a complete preface. Null: it is malformed, or refers to a token that is not defined: whoever asks is unknown then,
 * which is not the same as nobody.
 * @param tokens those of the stream's session.
 */
export function readPreface(
  source: Buffer,
  start: number,
  end: number,
  tokens: ReceivedTokens | null = null,
): Preface | null {
  if (end - start < 6) return null
  const hostEnd = start + 6 + (source[start + 5] as number)
  if (hostEnd > end) return null
  const preface: Preface = {
    kind: source[start] as number,
    virtualHost: hosts.read(source, start + 6, hostEnd),
    virtualPort: ((source[start + 3] as number) << 8) | (source[start + 4] as number),
    userToken: '',
    technicalToken: '',
    traceId: '',
    clientId: '',
    receivedUser: null,
    receivedTechnical: null,
  }
  let at = hostEnd
  while (at < end) {
    if (end - at < fieldHeadBytes) return null
    const valueStart = at + fieldHeadBytes
    const valueEnd = valueStart + (((source[at + 1] as number) << 8) | (source[at + 2] as number))
    if (valueEnd > end || !readField(preface, source, at, valueStart, valueEnd, tokens)) return null
    at = valueEnd
  }
  return preface
}

/** False: the field cannot stand in this preface. */
function readField(
  preface: Preface,
  source: Buffer,
  at: number,
  start: number,
  end: number,
  tokens: ReceivedTokens | null,
): boolean {
  switch (source[at]) {
    case PrefaceTag.userToken:
      preface.userToken = source.toString('latin1', start, end)
      return preface.receivedUser === null
    case PrefaceTag.technicalToken:
      preface.technicalToken = source.toString('latin1', start, end)
      return preface.receivedTechnical === null
    case PrefaceTag.traceId:
      preface.traceId = source.toString('latin1', start, end)
      return true
    case PrefaceTag.clientId:
      preface.clientId = clientIds.read(source, start, end)
      return true
    case PrefaceTag.clientConnection:
      preface.clientConnection = source.toString('latin1', start, end)
      return true
    case PrefaceTag.userReference: {
      const token = referredTo(source, start, end, tokens)
      if (token === null || preface.userToken !== '') return false
      preface.userToken = token.text
      preface.receivedUser = token
      return true
    }
    case PrefaceTag.technicalReference: {
      const token = referredTo(source, start, end, tokens)
      if (token === null || preface.technicalToken !== '') return false
      preface.technicalToken = token.text
      preface.receivedTechnical = token
      return true
    }
    default:
      return true
  }
}

function referredTo(source: Buffer, start: number, end: number, tokens: ReceivedTokens | null): ReceivedToken | null {
  if (end - start !== referenceBytes) return null
  return tokens?.find(readUint32(source, start)) ?? null
}

/**
 * For the log, of a preface that `readPreface` refuses: the number of the first token that it refers to and `tokens` does
 * not hold. Null: no reference is to blame.
 */
export function undefinedToken(
  source: Buffer,
  start: number,
  end: number,
  tokens: ReceivedTokens | null,
): number | null {
  let at = start + 6 + (source[start + 5] ?? 0)
  while (end - at >= fieldHeadBytes) {
    const valueStart = at + fieldHeadBytes
    const valueEnd = valueStart + (((source[at + 1] as number) << 8) | (source[at + 2] as number))
    const isReference = source[at] === PrefaceTag.userReference || source[at] === PrefaceTag.technicalReference
    if (isReference && valueEnd <= end && referredTo(source, valueStart, valueEnd, tokens) === null)
      return valueEnd - valueStart === referenceBytes ? readUint32(source, valueStart) : null
    at = valueEnd
  }
  return null
}
