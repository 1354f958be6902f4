import { join } from 'node:path'
import { RotatingFile } from './rotating-file.ts'

const maxBytes = 10 * 1024 * 1024
const keep = 9

/**
 * The general trace of a connector (guide L17771): one line per event, at most 100 MB in ten files.
 * @param tell told once when the trace cannot be written, and once when it can again; the trace itself cannot say it.
 */
export function openTraceFile(logDirectory: string, tell: (text: string) => void): RotatingFile {
  const path = join(logDirectory, 'ljs_trace.log')
  const file: RotatingFile = new RotatingFile({
    path,
    maxBytes,
    keep,
    failed(failure) {
      const reason = failure instanceof Error ? failure.message : String(failure)
      tell(
        `The trace ${path} cannot be written: ${reason}. The Cloud Connector goes on without it. Make room or check the rights of the folder.`,
      )
    },
    recovered(lost) {
      const event = { level: 'warn', time: new Date().toISOString(), event: 'trace.resumed', lostLines: lost }
      file.write(`${JSON.stringify(event)}\n`)
    },
  })
  return file
}
