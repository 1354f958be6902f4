import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Reply } from '../processes/commands.ts'

/** A process of e2e/processes under the command of a test. */
export interface Child<Ready> {
  readonly pid: number
  readonly ready: Ready
  /** Calls a command. @throws Error when the process dies before it answers */
  call<Result>(name: string, argument?: unknown): Promise<Result>
  /** What it wrote to its log so far. */
  log(): string
  signal(name: NodeJS.Signals): void
  /** Resolves with the exit code, or null after a signal. */
  readonly exited: Promise<number | null>
  /** SIGKILL; resolves when the process is gone. Repeatable. */
  kill(): Promise<void>
}

const logBytes = 64 * 1024
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a process and waits until it is ready. @throws Error with its log when it fails */
export async function startChild<Ready>(name: string, settings: unknown): Promise<Child<Ready>> {
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env
  const child = fork(fileURLToPath(new URL(`../processes/${name}.ts`, import.meta.url)), [], {
    env: { ...env, NODE_ENV: 'production' },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  running.add(child)
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-logBytes)
  })
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (cause: Error) => void }>()
  let lastId = 0
  child.on('message', ({ id, result, failure }: Reply) => {
    const asked = waiting.get(id)
    waiting.delete(id)
    if (failure === undefined) asked?.resolve(result as never)
    else asked?.reject(new Error(`${name}: ${failure}`))
  })
  child.on('error', () => {})
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      running.delete(child)
      for (const { reject } of waiting.values()) reject(new Error(`${name} ended:\n${text}`))
      waiting.clear()
      resolve(code)
    })
  })
  const call = <Result>(command: string, argument?: unknown): Promise<Result> =>
    new Promise((resolve, reject) => {
      const id = ++lastId
      if (!child.connected) return reject(new Error(`${name} is gone:\n${text}`))
      waiting.set(id, { resolve, reject })
      child.send({ id, name: command, argument }, (failure) => {
        if (failure !== null) reject(failure)
      })
    })
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  try {
    const ready = await call<Ready>('start', settings)
    return { pid: child.pid ?? -1, ready, call, log: () => text, signal: (s) => child.kill(s), exited, kill }
  } catch (failure) {
    await kill()
    const reason = failure instanceof Error ? failure.message : ''
    throw new Error(`${name} did not start: ${reason}\n${text}`, { cause: failure })
  }
}
