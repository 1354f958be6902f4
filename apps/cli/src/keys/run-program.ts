import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'

export interface ProgramLimits {
  readonly timeMs: number
  /** Of its standard output; of its standard error the end is kept. */
  readonly outputBytes: number
}

/** What became of a program. */
export interface ProgramEnd {
  /** Why it is not what was wanted; absent when it ended with status 0 within its limits. */
  readonly failure?: string
  readonly output: string
  readonly errorOutput: string
}

type Child = ChildProcessByStdio<null, Readable, Readable>

const errorCharacters = 4_096

/** Runs a program without a shell and without input. Over its limits it is ended, with all that it started. */
export function runProgram(
  [program = '', ...args]: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  { timeMs, outputBytes }: ProgramLimits,
): Promise<ProgramEnd> {
  let child: Child
  try {
    // A group of its own: the limit holds for what a script has started, too.
    const detached = process.platform !== 'win32'
    const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe']
    child = spawn(program, args, { env: { ...environment }, stdio, detached, windowsHide: true })
  } catch (thrown) {
    // Arguments that no system call takes: with a NUL, or longer than the system allows.
    return Promise.resolve({ failure: notStarted(thrown), output: '', errorOutput: '' })
  }
  return new Promise((resolve) => {
    const output: Buffer[] = []
    let bytes = 0
    let errors = ''
    const settle = (failure?: string): void => {
      clearTimeout(timer)
      const ended = { output: Buffer.concat(output).toString('utf8'), errorOutput: wholeLines(errors) }
      resolve(failure === undefined ? ended : { ...ended, failure })
    }
    const stop = (failure: string): void => {
      settle(failure)
      endGroup(child)
    }
    const timer = setTimeout(() => stop(`it did not end, or did not close its output, within ${timeMs} ms`), timeMs)
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > outputBytes) stop(`it wrote more than ${outputBytes} bytes to its standard output`)
      else output.push(chunk)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-errorCharacters - 1)
    })
    child.once('error', (cause) => settle(notStarted(cause)))
    child.once('close', (status, signal) => {
      if (status === 0) settle()
      else settle(signal === null ? `it ended with status ${status}` : `it was ended by ${signal}`)
    })
  })
}

function notStarted(thrown: unknown): string {
  return `it does not start (${thrown instanceof Error && 'code' in thrown ? thrown.code : 'unknown'})`
}

/** What was cut off at the front may have left half a secret there, which nobody would know for one. */
function wholeLines(errors: string): string {
  if (errors.length <= errorCharacters) return errors
  return errors.includes('\n') ? errors.slice(errors.indexOf('\n') + 1) : ''
}

function endGroup(child: Child): void {
  try {
    if (child.pid !== undefined && process.platform !== 'win32') process.kill(-child.pid, 'SIGKILL')
    else child.kill('SIGKILL')
  } catch {
    // All of it is gone.
  }
  child.stdout.destroy()
  child.stderr.destroy()
}
