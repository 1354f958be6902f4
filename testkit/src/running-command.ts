import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type ChildOptions, startLandbridge } from './child.ts'

/** A `landbridge` command that keeps running. */
export interface RunningCommand {
  /** The first line of its standard output: with `--json` the document that says it is ready. */
  readonly firstLine: string
  /** What it wrote to standard error so far, for messages of failing tests. */
  readonly errors: () => string
  readonly pid: number
  /** Sends SIGTERM and waits for the end. @returns the exit status; may be called twice. */
  stop(): Promise<number | null>
  /** Sends SIGKILL and waits for the end. */
  kill(): Promise<void>
}

/** Starts a command and waits for its first line. @throws Error with what it wrote when it ends before. */
export async function runUntilReady(args: readonly string[], options: ChildOptions = {}): Promise<RunningCommand> {
  const child = startLandbridge(args, options)
  let errors = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-20_000)
  })
  const exit = once(child, 'exit') as Promise<[number | null]>
  const lines = createInterface({ input: child.stdout! })
  const first = once(lines, 'line') as Promise<[string]>
  const ended = exit.then(([status]) =>
    Promise.reject(new Error(`landbridge ${args[0]} ended with ${status}: ${errors}`)),
  )
  const [firstLine] = await Promise.race([first, ended])
  ended.catch(() => {}) // from here on `stop` tells how it ended
  return { firstLine, errors: () => errors, pid: child.pid ?? 0, ...ending(child, exit) }
}

function ending(child: ChildProcess, exit: Promise<[number | null]>): Pick<RunningCommand, 'stop' | 'kill'> {
  return {
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
