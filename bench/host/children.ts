import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A process of the benchmark. It leads a process group of its own, so what it forks ends with it. */
export interface Child {
  readonly pid: number
  /** The last lines of its standard error, for failure reports. */
  lastWords(): string
  /** The next line of its standard output; rejects when it exits first. */
  nextLine(): Promise<string>
  /** Resolves with the exit code; a signal counts as 1. */
  readonly exited: Promise<number>
  /** Ends the process group and resolves when the process is gone. Repeatable. */
  stop(): Promise<void>
}

const running = new Set<ChildProcess>()

/** Starts a process that ends with the benchmark, whatever ends the benchmark. */
export function startChild(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Child {
  const child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  const words: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    words.push(line)
    if (words.length > 20) words.shift()
  })
  const exited = new Promise<number>((resolve) => {
    child.once('error', (failure) => {
      words.push(failure.message)
      running.delete(child)
      resolve(127)
    })
    child.once('exit', (code) => {
      running.delete(child)
      resolve(code ?? 1)
    })
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    pid: child.pid ?? -1,
    lastWords: () => words.join('\n'),
    exited,
    async nextLine() {
      const next = await lines.next()
      if (next.done) throw new Error(`${command} ended early:\n${words.join('\n')}`)
      return next.value
    },
    async stop() {
      if (running.has(child)) endGroup(child, 'SIGTERM')
      const grace = setTimeout(() => endGroup(child, 'SIGKILL'), 2_000)
      await exited
      clearTimeout(grace)
      endGroup(child, 'SIGKILL')
    },
  }
}

/** Runs a short command to its end. @throws Error with the last words of the command when it fails */
export async function runCommand(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  const output: string[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk.toString()))
  const code = await new Promise<number>((resolve) => {
    child.once('error', () => resolve(127))
    child.once('close', (code) => resolve(code ?? 1))
  })
  running.delete(child)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed (${code}):\n${output.join('')}`)
  return output.join('')
}

/** Ends every process at once, without waiting: the last act on any way out. */
export function killChildren(): void {
  for (const child of running) endGroup(child, 'SIGKILL')
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group is gone already: that is what was wanted.
  }
}
