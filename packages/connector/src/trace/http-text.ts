import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib'
import { maskHead, maskSecrets } from './mask-secrets.ts'

const maxDecodedBytes = 256 * 1024
const headEnd = '\r\n\r\n'

/**
 * One HTTP message of a trace as lines, without secrets. What cannot be read as text cannot be searched for secrets:
 * of that only the size is told.
 * @param kept the first bytes of the message; it may be cut off anywhere
 */
export function httpLines(kept: Buffer): readonly string[] {
  const lines: string[] = []
  let rest = kept
  for (;;) {
    const end = rest.indexOf(headEnd)
    const head = rest.toString('latin1', 0, end < 0 ? rest.length : end)
    const received = head.split('\r\n')
    lines.push(...maskHead(received))
    if (end < 0) return lines
    rest = rest.subarray(end + headEnd.length)
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(received[0] ?? '')?.[1]
    if (status === '101') return [...lines, '', `(${rest.length} bytes of another protocol)`]
    // An interim response: the real one follows (RFC 9110 section 15.2).
    if (status?.startsWith('1') !== true)
      return rest.length === 0 ? lines : [...lines, '', ...bodyLines(rest, received)]
    lines.push('')
  }
}

function bodyLines(raw: Buffer, head: readonly string[]): readonly string[] {
  const isChunked = /\bchunked\b/i.test(fieldOf(head, 'transfer-encoding'))
  const coding = fieldOf(head, 'content-encoding').trim().toLowerCase()
  const body = decoded(isChunked ? withoutChunks(raw) : raw, coding)
  if (body === undefined || !isText(body)) return [`(${raw.length} bytes that are no text)`]
  return maskSecrets(body.toString('utf8')).split(/\r?\n/)
}

function fieldOf(head: readonly string[], name: string): string {
  const found = head.find((line) => line.slice(0, name.length + 1).toLowerCase() === `${name}:`)
  return found?.slice(name.length + 1) ?? ''
}

/** A secret may be spread over two chunks: the frames go before anything is looked for. */
function withoutChunks(raw: Buffer): Buffer {
  const parts: Buffer[] = []
  let at = 0
  while (at < raw.length) {
    const line = raw.indexOf('\r\n', at)
    if (line < 0) break
    const size = Number.parseInt(raw.toString('latin1', at, Math.min(line, at + 16)), 16)
    if (!(size > 0)) break
    parts.push(raw.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
  return Buffer.concat(parts)
}

/** Undefined where the coding is unknown, broken or would become too large. */
function decoded(body: Buffer, coding: string): Buffer | undefined {
  if (coding === '' || coding === 'identity') return body
  // The end may be missing: what is there is read.
  const zlib = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxDecodedBytes }
  try {
    if (coding === 'gzip' || coding === 'x-gzip') return gunzipSync(body, zlib)
    if (coding === 'deflate') return inflateSync(body, zlib)
    if (coding === 'br')
      return brotliDecompressSync(body, {
        finishFlush: constants.BROTLI_OPERATION_FLUSH,
        maxOutputLength: maxDecodedBytes,
      })
  } catch {
    return undefined
  }
  return undefined
}

function isText(body: Buffer): boolean {
  for (const byte of body) if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return false
  return true
}
