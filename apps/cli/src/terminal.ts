import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import { createStyle, type Style } from './output/style.ts'
import { takeStarters, whenOneIsGone } from './starters.ts'

/** What a command may touch of the process that it runs in. The only place that knows `process`. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
  readonly style: Style
  readonly errorStyle: Style
  /** Writes a line to standard output: results, and nothing else. */
  print(line: string): void
  /** Writes bytes to standard output and waits until they are taken. */
  write(bytes: Uint8Array): Promise<void>
  /** Writes a line to standard error: progress and explanations. */
  note(line: string): void
  /** True when somebody sits there and can be asked. */
  readonly isInteractive: boolean
  /** Asks for one line, which is not shown. Undefined when the input has ended. */
  askSecret(question: string): Promise<string | undefined>
  /**
   * Calls `run` at the first request to end: SIGINT, SIGTERM, SIGHUP, or the end of npm where `npm start` has started this.
   * A second signal later ends at once with 1.
   */
  onStop(run: () => void): void
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  let runsOn = false
  process.stdout.on('error', (failure: NodeJS.ErrnoException) => {
    // A collector of logs that was restarted, or a full disk, is no reason to stop serving.
    if (runsOn) return
    // A closed pipe (`landbridge status | head`) is no failure of the command.
    process.exit(failure.code === 'EPIPE' ? 0 : 1)
  })
  // Nor are notes that nobody can read any more: who has started us may be gone, and we still have to close.
  process.stderr.on('error', () => {})
  const starters = takeStarters(process.env)
  return {
    environment: process.env,
    workingDirectory: process.cwd(),
    style: createStyle(process.stdout.isTTY === true, process.env),
    errorStyle: createStyle(process.stderr.isTTY === true, process.env),
    print: (line) => void process.stdout.write(`${line}\n`),
    note: (line) => void process.stderr.write(`${line}\n`),
    write: (bytes) =>
      new Promise((resolve, reject) => {
        process.stdout.write(bytes, (failure) => (failure ? reject(failure) : resolve()))
      }),
    isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    askSecret: secretQuestions(),
    onStop(run) {
      runsOn = true
      stopRequests(starters, run)
    },
  }
}

/** One reader for all questions: piped input may hold several lines, and a second reader would miss them. */
function secretQuestions(): (question: string) => Promise<string | undefined> {
  let lines: AsyncIterator<string> | undefined
  let input: Interface | undefined
  let isOver = false
  return async (question) => {
    process.stderr.write(question)
    if (lines === undefined || input === undefined) {
      // A terminal echoes by itself unless a line editor reads it; this one writes to nowhere.
      const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
      input = createInterface({ input: process.stdin, output: nowhere, terminal: process.stdin.isTTY === true })
      input.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
      input.on('close', () => {
        isOver = true
      })
      lines = input[Symbol.asyncIterator]()
    }
    if (!isOver) input.resume()
    const { value, done } = await lines.next()
    // Otherwise the command would wait for its input after all is done.
    if (!isOver) input.pause()
    process.stderr.write('\n')
    return done === true ? undefined : value
  }
}

function stopRequests(starters: readonly number[], run: () => void): void {
  let firstAt: number | undefined
  const first = (): void => {
    if (firstAt !== undefined) return
    firstAt = performance.now()
    run()
  }
  const stop = (): void => {
    // A terminal signals the whole group and the launcher forwards: the same request may arrive twice.
    if (firstAt !== undefined && performance.now() - firstAt > 500) process.exit(1)
    first()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  // Not a second request: a signal to all of them ends the starter too, while we still close.
  whenOneIsGone(starters, first)
}
