import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** Reads a secret from a file, without the newline that editors append. Relative paths start at `base`. */
export function readSecretFile(path: string, base: string): { value: string } | { failure: string } {
  const file = resolve(base, path)
  try {
    const value = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
    return value === '' ? { failure: `${file} (empty)` } : { value }
  } catch (cause) {
    return { failure: `${file} (${cause instanceof Error && 'code' in cause ? String(cause.code) : 'not readable'})` }
  }
}
