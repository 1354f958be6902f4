import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { pinoLog } from '@landbridge/http-api'
import type { Level, Log } from '@landbridge/kernel'

const largestBytes = 20 * 1024 * 1024

export interface LogFile {
  readonly path: string
  readonly log: Log
  /** Writes a line, with its end, among those of the log. */
  readonly write: (line: string) => void
  close(): void
}

/** Opens `landbridge.log` in the data directory (0600), one JSON line per event; a large one of earlier days becomes `.1`. */
export function openLogFile(dataDirectory: string, level: Level): LogFile {
  const path = join(dataDirectory, 'landbridge.log')
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > largestBytes) renameSync(path, `${path}.1`)
  const file = openSync(path, 'a', 0o600)
  let isOpen = true
  // Written at once: the last lines before a crash are the ones that matter.
  const write = (line: string): void => {
    if (isOpen) writeSync(file, line)
  }
  return {
    path,
    log: pinoLog(level, { write }),
    write,
    close() {
      if (isOpen) closeSync(file)
      isOpen = false
    },
  }
}
