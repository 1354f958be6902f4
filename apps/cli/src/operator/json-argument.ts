import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { PlatformError } from '@landbridge/kernel'
import { fileReason } from '../output/file-failure.ts'

/** Reads an option that is a JSON object or the name of a file with one. @throws PlatformError CLI_FILE_UNUSABLE */
export function jsonArgument(text: string, workingDirectory: string): Readonly<Record<string, unknown>> {
  const isInline = text.trimStart().startsWith('{')
  const path = isInline ? 'the option' : resolve(workingDirectory, text)
  let json: unknown
  try {
    json = JSON.parse(isInline ? text : readFileSync(path, 'utf8'))
  } catch (cause) {
    // The parser's message quotes the text, which may hold passwords.
    throw new PlatformError('CLI_FILE_UNUSABLE', { path, reason: fileReason(cause, 'it is not JSON') })
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new PlatformError('CLI_FILE_UNUSABLE', { path, reason: 'it is not a JSON object' })
  return json as Record<string, unknown>
}
