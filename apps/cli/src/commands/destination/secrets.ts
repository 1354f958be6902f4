import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { PlatformError } from '@landbridge/kernel'
import { fileReason } from '../../output/file-failure.ts'

/** Reads `key=file` options: secrets do not belong on a command line, where others can read them. @throws PlatformError CLI_FILE_UNUSABLE */
export function readSecrets(given: readonly string[], workingDirectory: string): ReadonlyMap<string, string> {
  return new Map(
    given.map((text) => {
      const equals = text.indexOf('=')
      // The text is not shown: it may be the secret itself, given by mistake.
      if (equals < 1) throw new PlatformError('CLI_FILE_UNUSABLE', { path: '--secret', reason: 'expected key=file' })
      return [text.slice(0, equals), fileText(resolve(workingDirectory, text.slice(equals + 1)))]
    }),
  )
}

/** A file's text without the line break at its end. @throws PlatformError CLI_FILE_UNUSABLE */
export function fileText(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    const reason = fileReason(cause, 'it cannot be read')
    throw new PlatformError('CLI_FILE_UNUSABLE', { path: file, reason }, { cause })
  }
}

const withheld = /^[#!]\s*([^=\s]+)\s*=\s*<<.*removed on export.*>>[ \t]*$/gm

/** Asks for the secrets that an export left out and nobody gave; an empty answer leaves one out. */
export async function askForSecrets(
  content: Buffer,
  given: ReadonlyMap<string, string>,
  ask: (question: string) => Promise<string | undefined>,
): Promise<ReadonlyMap<string, string>> {
  const secrets = new Map(given)
  for (const [, key] of content.toString('latin1').matchAll(withheld)) {
    if (key === undefined || secrets.has(key)) continue
    const answer = await ask(`${key} (not shown, empty for none): `)
    if (answer === undefined) break
    if (answer !== '') secrets.set(key, answer)
  }
  return secrets
}

/** Puts secrets where the export left a comment in their place. Bytes stay bytes: files are ISO 8859-1. */
export async function withSecrets(content: Buffer, secrets: ReadonlyMap<string, string>): Promise<Buffer> {
  const { escapeProperty } = await import('@landbridge/destinations')
  const text = content.toString('latin1').replace(withheld, (comment, key: string) => {
    const value = secrets.get(key)
    return value === undefined ? comment : escapeProperty(key, value)
  })
  return Buffer.from(text, 'latin1')
}
