import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate'

const maxUnpackedBytes = 64 * 1024 * 1024

/** A ZIP archive of texts. */
export function toZip(entries: ReadonlyMap<string, string>): Buffer {
  const files = Object.fromEntries(Array.from(entries, ([name, text]) => [name, strToU8(text)]))
  return Buffer.from(zipSync(files))
}

/** The entries of an archive as texts. @throws Error when it is none, or unpacks to more than 64 MiB. */
export function fromZip(archive: Uint8Array): ReadonlyMap<string, string> {
  let left = maxUnpackedBytes
  const files = unzipSync(archive, {
    filter({ originalSize }) {
      left -= originalSize
      if (left < 0) throw new Error('the archive is too large')
      return true
    },
  })
  return new Map(Object.entries(files).map(([name, bytes]) => [name, strFromU8(bytes)]))
}
