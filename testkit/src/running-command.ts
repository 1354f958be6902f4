import { once } from 'node:events'
import { type ChildOptions, startChild, startLandbridge } from './child.ts'

/** A `landbridge` command that keeps running. */
export interface RunningCommand {
  /** What it had written to standard output when it was ready: with `--json` a document on the first line. */
  readonly output: string
  /** What it wrote to standard error so far, for messages of failing tests. */
  readonly errors: () => string
  readonly pid: number
  /** Sends SIGTERM and waits for the end. @returns the exit status; may be called twice. */
  stop(): Promise<number | null>
  /** Sends SIGKILL and waits for the end. */
  kill(): Promise<void>
}

export interface RunOptions extends ChildOptions {
  /** What standard output says once the command is ready; by default any whole line. */
  readonly ready?: RegExp
  /** True: `npm start` with these arguments, in the repository. Then `pid` and signals are those of npm alone. */
  readonly byNpmStart?: boolean
}

/** Starts a command and waits until it says that it is ready. @throws Error with what it wrote when it ends before. */
export async function runUntilReady(args: readonly string[], options: RunOptions = {}): Promise<RunningCommand> {
  const child = options.byNpmStart
    ? startChild('npm', ['start', '--', ...args], options)
    : startLandbridge(args, options)
  const ready = options.ready ?? /\n/
  let output = ''
  let errors = ''
  const isReady = new Promise<void>((resolve) => {
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      // What comes later is read and dropped, so that the command never waits for a reader.
      if (ready.test(output)) return
      output += text
      if (ready.test(output)) resolve()
    })
  })
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-20_000)
  })
  // Not its exit: what npm has started may live longer than npm, and holds the outputs.
  const exit = once(child, 'close') as Promise<[number | null]>
  const isReadyFirst = await Promise.race([isReady.then(() => true), exit.then(() => false)])
  if (!isReadyFirst) throw new Error(`landbridge ${args.join(' ')} ended with ${(await exit)[0]}: ${errors}`)
  return {
    output,
    errors: () => errors,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM')
      return (await exit)[0]
    },
    async kill() {
      child.kill('SIGKILL')
      await exit
    },
  }
}
