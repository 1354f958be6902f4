import { join } from 'node:path'
import { RotatingFile } from '@landbridge/cloud-connector'
import { pinoLog } from '@landbridge/http-api'
import type { Level, Log } from '@landbridge/kernel'

const largestBytes = 20 * 1024 * 1024

export interface LogFile {
  readonly path: string
  readonly log: Log
  /** Writes a line, with its end, among those of the log. Never throws. */
  readonly write: (line: string) => void
  close(): void
}

/**
 * Opens `landbridge.log` in the data directory (0600), one JSON line per event; a large one becomes `landbridge.1.log`.
 * @param tell told once when the log cannot be written: serving goes on without it
 */
export function openLogFile(dataDirectory: string, level: Level, tell: (text: string) => void): LogFile {
  const path = join(dataDirectory, 'landbridge.log')
  const file = new RotatingFile({
    path,
    maxBytes: largestBytes,
    keep: 1,
    failed(failure) {
      const reason = failure instanceof Error ? failure.message : String(failure)
      tell(`The log ${path} cannot be written: ${reason}. Landbridge goes on without it. Make room on this disk.`)
    },
  })
  let isOpen = true
  const write = (line: string): void => {
    if (isOpen) file.write(line)
  }
  return {
    path,
    log: pinoLog(level, { write }),
    write,
    close() {
      file.close()
      isOpen = false
    },
  }
}
