import { type ChildProcess, fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Clock, PlatformError } from '@landbridge/kernel'
import type { FromWorker, Question, StartedWorker, ToWorker, WorkerTask } from './worker-message.ts'

/** How a process ended: one of the two is set. */
export interface Ending {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

export interface WorkerProcessOptions {
  readonly task: WorkerTask
  readonly clock: Clock
  /** Gets every line of its log. */
  readonly writeLine: (line: string) => void
}

/** Longest wait for the answer of a worker that may be stuck. */
const answerMs = 2_000

/** One process that serves as a worker. */
export class WorkerProcess {
  readonly pid: number
  /** Rejects with what the worker says is wrong, or when it ends before it serves. */
  readonly started: Promise<StartedWorker>
  readonly ended: Promise<Ending>
  /** Resolves when it is in touch with the connectivity service for the first time, if ever. */
  readonly ready: Promise<void>
  readonly #child: ChildProcess
  readonly #clock: Clock
  readonly #questions: Map<number, (value: unknown) => void>
  #lastQuestion: number

  constructor({ task, clock, writeLine }: WorkerProcessOptions) {
    this.#clock = clock
    this.#questions = new Map()
    this.#lastQuestion = 0
    // Its flags are those of this process. Its log comes through this one, which keeps the lines whole.
    this.#child = fork(fileURLToPath(new URL('worker-main.ts', import.meta.url)), [], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    this.pid = this.#child.pid ?? 0
    const { promise: started, resolve, reject } = Promise.withResolvers<StartedWorker>()
    this.started = started
    const { promise: ready, resolve: isReady } = Promise.withResolvers<void>()
    this.ready = ready
    // Whoever does not wait for the start hears of the end.
    started.catch(() => {})
    this.ended = new Promise((over) => {
      this.#child.on('error', (failure) => {
        reject(failure)
        // One that could not be started at all has no end to be told of.
        if (this.#child.pid === undefined) over({ exitCode: null, signal: null })
      })
      this.#child.once('exit', (exitCode, signal) => {
        for (const settle of this.#questions.values()) settle(undefined)
        reject(new Error(`the worker ended with ${signal ?? `exit code ${exitCode}`} before it served`))
        over({ exitCode, signal })
      })
    })
    createInterface(this.#child.stdout!).on('line', writeLine)
    this.#child.on('message', (message: FromWorker) => {
      if (message.type === 'started') resolve(message)
      else if (message.type === 'failed') reject(failureOf(message))
      else if (message.type === 'ready') isReady()
      else this.#questions.get(message.id)?.(message.value)
    })
    this.#send({ type: 'start', task })
  }

  /** @returns undefined when there is no answer in time */
  ask(question: Question): Promise<unknown> {
    return new Promise((resolve) => {
      const id = ++this.#lastQuestion
      const settle = (value: unknown): void => {
        cancel()
        this.#questions.delete(id)
        resolve(value)
      }
      const cancel = this.#clock.after(answerMs, () => settle(undefined))
      this.#questions.set(id, settle)
      this.#send({ type: 'ask', id, question })
    })
  }

  /** Asks it to drain and end. */
  stop(): void {
    this.#send({ type: 'stop' })
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #send(message: ToWorker): void {
    // One that is gone, or about to be, is told by its end.
    if (this.#child.connected) this.#child.send(message, () => {})
  }
}

function failureOf({ code, facts, reason }: FromWorker & { readonly type: 'failed' }): Error {
  return code === undefined ? new Error(reason) : new PlatformError(code, facts)
}
