import { invalid } from './fields.ts'

const maxParts = 64

/**
 * The parts of a `multipart/form-data` body (RFC 7578) as bytes. Known clients upload binary files without a file name,
 * so nothing is decoded before it is known to be text.
 */
export class Multipart {
  readonly #parts: readonly { readonly name: string; readonly bytes: Buffer }[]

  /** @throws PlatformError REQUEST_INVALID */
  constructor(body: Buffer, contentType: string) {
    const found = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType)
    const boundary = found?.[1] ?? found?.[2]
    if (boundary === undefined) throw unreadable()
    this.#parts = readParts(body, boundary)
  }

  text(name: string): string | undefined {
    return this.#parts.find((part) => part.name === name)?.bytes.toString('utf8')
  }

  /** The content of a part that must be there. @throws PlatformError REQUEST_INVALID */
  bytes(name: string): Buffer {
    const part = this.#parts.find((candidate) => candidate.name === name)
    if (part === undefined) throw invalid(name, 'is required')
    return part.bytes
  }

  /** The contents of all parts with one of the names. */
  all(...names: readonly string[]): readonly Buffer[] {
    return this.#parts.filter((part) => names.includes(part.name)).map((part) => part.bytes)
  }
}

function readParts(body: Buffer, boundary: string): { name: string; bytes: Buffer }[] {
  const parts: { name: string; bytes: Buffer }[] = []
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  // The first delimiter has no line break before it when nothing precedes it (RFC 2046 section 5.1.1).
  const text = Buffer.concat([Buffer.from('\r\n'), body])
  let at = text.indexOf(delimiter)
  while (at >= 0) {
    const begin = at + delimiter.length
    if (text.subarray(begin, begin + 2).toString() === '--') return parts
    const next = text.indexOf(delimiter, begin)
    const lineEnd = text.indexOf('\r\n', begin)
    if (next < 0 || lineEnd < 0 || parts.length === maxParts) break
    parts.push(readPart(text.subarray(lineEnd, next)))
    at = next
  }
  throw unreadable()
}

/** @param part begins with the line break that ends the delimiter. */
function readPart(part: Buffer): { name: string; bytes: Buffer } {
  const end = part.indexOf('\r\n\r\n')
  if (end < 0) throw unreadable()
  const disposition = /^content-disposition:(.*)$/im.exec(part.subarray(0, end).toString('utf8'))?.[1] ?? ''
  const name = /;\s*name=(?:"([^"]*)"|([^\s;"]+))/i.exec(disposition)
  if (name === null) throw unreadable()
  return { name: name[1] ?? name[2] ?? '', bytes: part.subarray(end + 4) }
}

function unreadable(): Error {
  return invalid('body', 'cannot be read as multipart/form-data')
}
