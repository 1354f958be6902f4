import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/** Replaces a file as a whole: a reader or a crash sees the old or the new content, never a part. Mode 0600 by default. */
export function writeFileWhole(path: string, content: string | Uint8Array, mode = 0o600): void {
  const temporary = `${path}.${process.pid}.new`
  try {
    const file = openSync(temporary, 'w', mode)
    try {
      writeFileSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (thrown) {
    rmSync(temporary, { force: true })
    // A failing write, on a full disk above all, does not say which file it was.
    throw thrown instanceof Error && !('path' in thrown) ? Object.assign(thrown, { path }) : thrown
  }
}
