import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** The root of the repository. */
export const repository = join(import.meta.dirname, '../..')
const launcher = join(repository, 'bin/landbridge.mjs')

export interface Finished {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface ChildOptions {
  readonly cwd?: string
  /** Added to PATH and HOME; nothing else of this process is inherited. */
  readonly env?: Readonly<Record<string, string>>
  /** What stands in the input; without it there is none. */
  readonly input?: string
}

/** Starts a command in a process of its own, with the environment of a newcomer's terminal. */
export function startChild(command: string, args: readonly string[], options: ChildOptions = {}): ChildProcess {
  const child = spawn(command, args, {
    cwd: options.cwd ?? repository,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  child.stdin?.end(options.input)
  return child
}

/** Runs a command to its end. */
export async function runChild(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Finished> {
  const child = startChild(command, args, options)
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  return { status, stdout, stderr }
}

/** Starts the real launcher, as a user does. */
export function startLandbridge(args: readonly string[], options: ChildOptions = {}): ChildProcess {
  return startChild(process.execPath, [launcher, ...args], options)
}

/** The same, to its end. */
export function runLandbridge(args: readonly string[], options: ChildOptions = {}): Promise<Finished> {
  return runChild(process.execPath, [launcher, ...args], options)
}
