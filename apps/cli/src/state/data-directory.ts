import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { PlatformError } from '@landbridge/kernel'
import { fileReason } from '../output/file-failure.ts'
import { writeFileWhole } from './write-file.ts'

/** Where `landbridge up` keeps its data, and where the other commands look for it, unless told otherwise. */
export const usualDataDirectory = '.landbridge'

/** Changes only when an older version could damage what a newer one wrote. */
const supportedFormat = 1

/**
 * Creates the data directory (0700) or checks that this version may use it. Nothing in it is changed before.
 * @returns its absolute path.
 * @throws PlatformError STORE_NEWER, CLI_DATA_UNUSABLE
 */
export function openDataDirectory(path: string, version: string): string {
  const folder = resolve(path)
  const marker = join(folder, 'format.json')
  try {
    makeFolder(folder)
    const found = readFormat(marker)
    if (found !== undefined && found > supportedFormat)
      throw new PlatformError('STORE_NEWER', {
        path: folder,
        found: `format ${found}`,
        supported: `format ${supportedFormat}`,
      })
    if (found === undefined) {
      // Rather than taking over, say, a home directory and closing it to others.
      if (readdirSync(folder).length > 0)
        throw new PlatformError('CLI_DATA_UNUSABLE', { path: folder, reason: 'it holds files that are not ours' })
      chmodSync(folder, 0o700)
      // As a whole: half a marker of a full disk would lock its owner out.
      writeFileWhole(marker, `${JSON.stringify({ format: supportedFormat, writtenBy: version })}\n`)
    }
  } catch (thrown) {
    if (thrown instanceof PlatformError) throw thrown
    throw new PlatformError('CLI_DATA_UNUSABLE', { path: folder, reason: reasonOf(thrown) }, { cause: thrown })
  }
  return folder
}

function readFormat(marker: string): number | undefined {
  let text: string
  try {
    text = readFileSync(marker, 'utf8')
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw thrown
  }
  const parsed: unknown = JSON.parse(text)
  const format = typeof parsed === 'object' && parsed !== null && 'format' in parsed ? parsed.format : undefined
  if (typeof format !== 'number') throw new SyntaxError('it names no format')
  return format
}

/** Not `recursive`: Node tries for ever where the file system itself says that a folder cannot be made, as /proc does. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) {
    if (!statSync(folder).isDirectory()) throw new TypeError('it is a file')
    return
  }
  if (!existsSync(dirname(folder))) makeFolder(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (thrown) {
    // Another start may have been faster.
    if (!existsSync(folder)) throw thrown
  }
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof SyntaxError) return `format.json is damaged: ${thrown.message}`
  return fileReason(thrown, thrown instanceof Error ? thrown.message : String(thrown))
}
