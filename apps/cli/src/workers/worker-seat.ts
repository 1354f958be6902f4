import { type Clock, jitteredBackoffMs, type Log } from '@landbridge/kernel'
import type { StartedWorker, WorkerTask } from './worker-message.ts'
import { WorkerProcess } from './worker-process.ts'

export interface WorkerSeatOptions {
  /** From 1. */
  readonly worker: number
  /** What the next process of this seat has to do. @param tunnelPort the one that the seat has; 0: not yet any */
  readonly task: (tunnelPort: number) => WorkerTask
  readonly clock: Clock
  readonly log: Log
  readonly writeLine: (line: string) => void
  readonly onEnd: () => void
  readonly onRestart: () => void
}

/** What a health endpoint tells of a worker. */
export interface WorkerState {
  readonly worker: number
  readonly pid: number
  readonly ready: boolean
  /** Only where it is not ready. */
  readonly reason?: string
}

const shortestPauseMs = 50
const longestPauseMs = 10_000
/** Whoever has served this long did not fail at the start. */
const soundMs = 10_000

/** The seat of one worker: keeps a process in it until it is told to stop, always with the same name and port. */
export class WorkerSeat {
  readonly worker: number
  /** Resolves when a process of this seat is ready for the first time. */
  readonly whenReady: Promise<void>
  readonly #isReady: () => void
  readonly #options: WorkerSeatOptions
  #process: WorkerProcess
  #tunnelPort: number
  #isServing: boolean
  #isStopping: boolean
  #startedAtMs: number
  #endPause: () => void
  #over: Promise<void>

  constructor(options: WorkerSeatOptions) {
    this.worker = options.worker
    const { promise, resolve } = Promise.withResolvers<void>()
    this.whenReady = promise
    this.#isReady = resolve
    this.#options = options
    this.#tunnelPort = 0
    this.#isServing = false
    this.#isStopping = false
    this.#startedAtMs = 0
    this.#endPause = () => {}
    this.#process = this.#spawn()
    this.#over = Promise.resolve()
  }

  /** Waits for the first process and keeps the seat taken from then on. @throws what is wrong with the first */
  async start(): Promise<StartedWorker> {
    this.#over = this.#keep()
    return this.#process.started
  }

  async state(): Promise<WorkerState> {
    const { worker } = this
    const { pid } = this.#process
    if (!this.#isServing) return { worker, pid, ready: false, reason: 'it is being started' }
    const ready = await this.#process.ask('ready')
    if (ready === true) return { worker, pid, ready }
    const reason = ready === false ? 'it is not in touch with the connectivity service' : 'it does not answer'
    return { worker, pid, ready: false, reason }
  }

  /** Whether there is a process that serves requests, ready or not. */
  async serves(): Promise<boolean> {
    return this.#isServing && (await this.#process.ask('ready')) !== undefined
  }

  /** @returns undefined while there is nobody to answer */
  metrics(): Promise<unknown> {
    return this.#isServing ? this.#process.ask('metrics') : Promise.resolve(undefined)
  }

  /** Lets the process drain. Resolves when it has ended, by force after `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    this.#isStopping = true
    this.#endPause()
    this.#process.stop()
    const { worker, pid } = { worker: this.worker, pid: this.#process.pid }
    const cancel = this.#options.clock.after(deadlineMs, () => {
      this.#options.log.error('proxy.worker-killed', { worker, pid })
      this.#process.kill()
    })
    await this.#over
    cancel()
  }

  /** Ends the process at once, where the start of another one has failed. */
  async abandon(): Promise<void> {
    this.#isStopping = true
    this.#endPause()
    this.#process.kill()
    await this.#over
  }

  #spawn(): WorkerProcess {
    const { task, clock, writeLine } = this.#options
    this.#startedAtMs = clock.now()
    const process = new WorkerProcess({ task: task(this.#tunnelPort), clock, writeLine })
    process.started.then(
      ({ tunnelPort }) => {
        this.#tunnelPort = tunnelPort
        this.#isServing = true
      },
      () => {},
    )
    void process.ready.then(this.#isReady)
    return process
  }

  async #keep(): Promise<void> {
    const { clock, log, onEnd, onRestart } = this.#options
    for (let failures = 0; ; failures++) {
      const { exitCode, signal } = await this.#process.ended
      const hasServed = this.#isServing
      this.#isServing = false
      onEnd()
      if (this.#isStopping) return
      // What goes wrong at the first start is the failure of the command, and told as such.
      if (!hasServed && this.#tunnelPort === 0) return
      const { worker } = this
      const cause = await this.#process.started.then(
        () => undefined,
        (failure: unknown) => failure,
      )
      const facts = { worker, pid: this.#process.pid, ...endingOf(exitCode, signal) }
      // Asked to end by a signal, it drained.
      if (exitCode === 0) log.info('proxy.worker-ended', facts)
      else log.error('proxy.worker-ended', facts, cause)
      if (hasServed && clock.now() - this.#startedAtMs > soundMs) failures = 0
      await this.#pause(shortestPauseMs + jitteredBackoffMs(failures, 200, longestPauseMs))
      if (this.#isStopping) return
      this.#process = this.#spawn()
      onRestart()
      log.info('proxy.worker-restarted', { worker, pid: this.#process.pid })
    }
  }

  #pause(delayMs: number): Promise<void> {
    if (this.#isStopping) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(delayMs, resolve)
      this.#endPause = () => {
        cancel()
        resolve()
      }
    })
  }
}

function endingOf(exitCode: number | null, signal: string | null): Readonly<Record<string, string | number>> {
  return signal === null ? { exitCode: exitCode ?? -1 } : { signal }
}
