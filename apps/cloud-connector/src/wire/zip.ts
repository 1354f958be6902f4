import { crc32 } from 'node:zlib'
import { strToU8, zipSync } from 'fflate'
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl'

/** What an archive from outside may hold at most. */
export interface ZipLimits {
  readonly entries: number
  readonly unpackedBytes: number
}

const defaultLimits: ZipLimits = { entries: 64, unpackedBytes: 64 * 1024 * 1024 }

/** Why an archive is not read, as the end of a sentence that begins with "the archive". */
export class ZipRefusal extends Error {}

/** A ZIP archive of texts. */
export function toZip(entries: ReadonlyMap<string, string>): Buffer {
  const files = Object.fromEntries(Array.from(entries, ([name, text]) => [name, strToU8(text)]))
  return Buffer.from(zipSync(files))
}

/**
 * The entries of an archive as texts (UTF-8), checked: sizes while unpacking, names, checksums.
 * @throws ZipRefusal
 */
export async function fromZip(archive: Buffer, limits = defaultLimits): Promise<ReadonlyMap<string, string>> {
  let file: ZipFile
  try {
    file = await fromBufferPromise(archive, { strictFileNames: true })
  } catch {
    throw new ZipRefusal('is not a ZIP file')
  }
  if (file.entryCount > limits.entries) throw new ZipRefusal(`has more than ${limits.entries} entries`)
  const texts = new Map<string, string>()
  let left = limits.unpackedBytes
  let directoryBytes = 0
  try {
    for await (const entry of file.eachEntry()) {
      directoryBytes += directoryRecordBytes + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength
      if (texts.has(entry.fileName)) throw new ZipRefusal(`has the entry ${entry.fileName.slice(0, 100)} twice`)
      if (texts.size === limits.entries) throw new ZipRefusal(`has more than ${limits.entries} entries`)
      const bytes = await unpacked(file, entry, left)
      left -= bytes.length
      texts.set(entry.fileName, textOf(entry, bytes))
    }
  } catch (failure) {
    if (failure instanceof ZipRefusal) throw failure
    // The reader's own messages may quote names of the archive.
    throw new ZipRefusal('is damaged, or has names that lead elsewhere', { cause: failure })
  }
  if (directoryBytes !== saidDirectoryBytes(archive))
    throw new ZipRefusal('is damaged: it has other entries than its directory says')
  return texts
}

/** Without name, extra field and comment (APPNOTE 4.3.12). */
const directoryRecordBytes = 46
const endOfDirectory = Buffer.from('PK\u0005\u0006', 'latin1')

/** Size of the directory by its end record (APPNOTE 4.3.16): a wrong count of entries would hide some of them. */
function saidDirectoryBytes(archive: Buffer): number | undefined {
  const at = archive.lastIndexOf(endOfDirectory)
  return at < 0 || at + 16 > archive.length ? undefined : archive.readUInt32LE(at + 12)
}

async function unpacked(file: ZipFile, entry: Entry, left: number): Promise<Buffer> {
  if (entry.fileName.endsWith('/')) throw new ZipRefusal('holds folders')
  if (entry.isEncrypted()) throw new ZipRefusal('is encrypted')
  const tooLarge = new ZipRefusal('is too large once unpacked')
  if (entry.uncompressedSize > left) throw tooLarge
  const chunks: Buffer[] = []
  let size = 0
  const stream = await file.openReadStreamPromise(entry)
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > left) throw tooLarge
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  if (crc32(bytes) !== entry.crc32)
    throw new ZipRefusal(`is damaged: the checksum of ${entry.fileName.slice(0, 100)} is wrong`)
  return bytes
}

function textOf(entry: Entry, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new ZipRefusal(`holds ${entry.fileName.slice(0, 100)}, which is not text in UTF-8`)
  }
}
