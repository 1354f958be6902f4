import { readUint32 } from './frame.ts'
import { StreamKind } from './preface.ts'

/**
 * A token travels once per tunnel connection, on a stream of kind `token` of its own; from then on prefaces name it by
 * its number (docs/protocol/tunnel.md, section 3.1). Such a stream is one frame:
 *
 *   offset 0  kind     1 byte
 *   offset 1  length   2 bytes, big-endian: bytes that follow
 *   offset 3  number   4 bytes, big-endian
 *   offset 7  token    latin1 text until the end
 */
const headBytes = 7

export interface TokenLimits {
  /** Both ends forget the oldest definition first, as soon as there are more than these, or more bytes than these. */
  readonly definitions: number
  readonly bytes: number
  /** A longer token goes along with each request. */
  readonly tokenBytes: number
}

/** The same at both ends: part of the protocol. Others are for tests. */
export const tokenLimits: TokenLimits = { definitions: 1024, bytes: 4 * 1024 * 1024, tokenBytes: 16 * 1024 }

export const maxDefinitionBytes = headBytes + tokenLimits.tokenBytes

/** Writes a definition at the beginning of `target` and returns its length. The token has 1 to 16,384 characters. */
export function writeDefinition(target: Buffer, number: number, token: string): number {
  const length = headBytes - 3 + token.length
  target[0] = StreamKind.token
  target[1] = length >>> 8
  target[2] = length
  target.writeUInt32BE(number, 3)
  return headBytes + target.write(token, headBytes, 'latin1')
}

export interface TokenDefinition {
  readonly number: number
  readonly token: string
}

/** Reads a complete definition. Null: it is malformed. */
export function readDefinition(source: Buffer, start: number, end: number): TokenDefinition | null {
  const tokenBytes = end - start - headBytes
  if (tokenBytes < 1 || tokenBytes > tokenLimits.tokenBytes) return null
  return { number: readUint32(source, start + 3), token: source.toString('latin1', start + headBytes, end) }
}
