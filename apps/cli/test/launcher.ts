import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const launcher = join(import.meta.dirname, '../../../bin/landbridge.mjs')

export interface Finished {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface LaunchOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** What stands in the input; without it there is none. */
  readonly input?: string
}

/** Starts the real launcher in a process of its own. */
export function launch(args: readonly string[], options: LaunchOptions = {}): ChildProcess {
  return spawn(process.execPath, [launcher, ...args], {
    cwd: options.cwd ?? import.meta.dirname,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
}

/** Runs a command to its end. */
export async function landbridge(args: readonly string[], options: LaunchOptions = {}): Promise<Finished> {
  const child = launch(args, options)
  child.stdin?.end(options.input)
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  return { status, stdout, stderr }
}
