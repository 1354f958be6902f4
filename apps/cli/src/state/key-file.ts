import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { PlatformError } from '@landbridge/kernel'
import { writeFileWhole } from './write-file.ts'

/**
 * Reads sealing keys: 32 bytes in base64 each, one a line, the one that seals first.
 * @throws PlatformError CLI_KEY_INVALID; the text itself is never shown
 */
export function parseKeys(text: string, source: string): readonly [Buffer, ...Buffer[]] {
  const lines = text.split(/\s+/).filter((line) => line !== '')
  const [first, ...more] = lines.map((line, index) => {
    const key = Buffer.from(line, 'base64')
    // The decoder skips what is no base64, so words of an error message could pass for a key.
    if (key.length === 32 && /^[\w+/-]{43}=?$/.test(line)) return key
    const which = lines.length === 1 ? 'it' : `key ${index + 1} of ${lines.length}`
    throw new PlatformError('CLI_KEY_INVALID', { path: source, reason: `${which} is not 32 bytes in base64` })
  })
  if (first === undefined) throw new PlatformError('CLI_KEY_INVALID', { path: source, reason: 'it holds no key' })
  return [first, ...more]
}

/** The keys of a file, the one that seals first. @throws PlatformError CLI_KEY_INVALID */
export function readKeyFile(path: string): readonly [Buffer, ...Buffer[]] {
  return parseKeys(readFileSync(path, 'utf8'), path)
}

/** Replaces the keys of a file, on the disk before it returns; on a failure the file is as it was. Mode 0600. */
export function writeKeyFile(path: string, keys: readonly Buffer[]): void {
  // What a process that was killed while it wrote left behind: it holds keys.
  const start = `${basename(path)}.`
  for (const name of readdirSync(dirname(path)))
    if (name.startsWith(start) && /^\d+\.new$/.test(name.slice(start.length)))
      rmSync(join(dirname(path), name), { force: true })
  writeFileWhole(path, keys.map((key) => `${key.toString('base64')}\n`).join(''))
}
