import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Subaccount } from '@landbridge/connector'
import { PlatformError } from '@landbridge/kernel'
import { traceName } from './payload-traces.ts'

export interface TraceFile {
  readonly name: string
  readonly bytes: number
  readonly modifiedAtMs: number
  /** Whether it tells of all subaccounts. */
  readonly isGeneral: boolean
}

/** The trace files that tell of a subaccount: its own, and those of the connector as a whole (guide L19255). */
export function traceFilesOf(logDirectory: string | undefined, subaccount: Subaccount): readonly TraceFile[] {
  if (logDirectory === undefined || !existsSync(logDirectory)) return []
  const own = traceName(subaccount)
  const names = readdirSync(logDirectory, { withFileTypes: true })
  return names.flatMap((entry) => {
    const isGeneral = /^ljs_trace(\.\d{1,3})?\.log$/.test(entry.name)
    const isOwn = entry.name.startsWith(own) && /^(\.\d{1,3})?\.trc$/.test(entry.name.slice(own.length))
    // Rotation may have moved it since the folder was read.
    const found = statSync(join(logDirectory, entry.name), { throwIfNoEntry: false })
    if (!entry.isFile() || !(isGeneral || isOwn) || found === undefined) return []
    return [{ name: entry.name, bytes: found.size, modifiedAtMs: Math.trunc(found.mtimeMs), isGeneral }]
  })
}

/**
 * The content of one of them, as it is now; at most the size at which files are rotated.
 * @throws PlatformError CONNECTOR_TRACE_NOT_FOUND
 */
export function readTraceFile(logDirectory: string | undefined, subaccount: Subaccount, name: string): Buffer {
  const found = traceFilesOf(logDirectory, subaccount).find((file) => file.name === name)
  if (found === undefined || logDirectory === undefined)
    throw new PlatformError('CONNECTOR_TRACE_NOT_FOUND', { file: name })
  const file = openSync(join(logDirectory, name), 'r')
  try {
    const content = Buffer.alloc(fstatSync(file).size)
    const bytes = readSync(file, content, 0, content.length, 0)
    return content.subarray(0, bytes)
  } finally {
    closeSync(file)
  }
}
